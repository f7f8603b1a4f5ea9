//! What the user may do with Crowsnest itself, and what it would take.

use crowsnest_api::access::{Own, OwnRight, Rules};
use leptos::prelude::*;

use crate::api::use_session;
use crate::components::{BoneRows, Faced, Icon, IconName, Missing, Panel, Status, Tone};
use crate::i18n::{Msg, tr, use_lang};
use crate::poll::Feed;

/// What each is called, and what it is.
const fn words(what: Own) -> [Msg; 2] {
    match what {
        Own::View => [Msg::OwnView, Msg::OwnViewWhat],
        Own::Edit => [Msg::OwnEdit, Msg::OwnEditWhat],
        Own::Administer => [Msg::OwnAdminister, Msg::OwnAdministerWhat],
        Own::Push => [Msg::OwnPush, Msg::OwnPushWhat],
    }
}

/// One line for each of them.
#[component]
pub(super) fn OwnPanel(feed: Feed<Rules>) -> impl IntoView {
    let lang = use_lang();
    let own = Memo::new(move |_| {
        feed.value.with(|rules| rules.as_ref().map(|rules| rules.own.clone()).unwrap_or_default())
    });
    view! {
        <Panel title=Signal::derive(move || Msg::WithCrowsnest.text(lang.get()).to_owned()) flush=true>
            <Faced
                feed=feed
                what=Msg::RightsWord
                bones=|| view! { <BoneRows rows=4/> }
                content=move || view! { <ul class="own">{move || own.get().into_iter().map(line).collect_view()}</ul> }
            />
        </Panel>
    }
}

fn line(own: OwnRight) -> impl IntoView {
    let session = use_session();
    let [name, what] = words(own.what);
    let (tone, answer) =
        if own.allowed { (Tone::Ok, Msg::Allowed) } else { (Tone::Unknown, Msg::NotAllowed) };
    // Users of a cluster get more from its roles; for the server's own users, somebody edits a file.
    let lacks = (!own.allowed && session.has_cluster_now()).then(|| {
        let needs = own.needs.clone();
        view! {
            <details class="own__more">
                <summary><Icon name=IconName::Lock/>{tr(Msg::WhatIsMissing)}</summary>
                <Missing rights=Signal::stored(needs) user=Signal::derive(move || session.user())/>
            </details>
        }
    });
    view! {
        <li class="own__line">
            <div class="own__what">
                <strong>{tr(name)}</strong>
                <span class="own__note">{tr(what)}</span>
            </div>
            <Status tone=tone>{tr(answer)}</Status>
            {lacks}
        </li>
    }
}
