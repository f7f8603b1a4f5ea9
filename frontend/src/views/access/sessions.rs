//! Where one is signed in, and how to end that.

use std::time::Duration;

use crowsnest_api::session::OwnSession;
use js_sys::Date;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::credentials::why;
use crate::api::{ApiError, end_session, fetch_sessions, use_client, use_session};
use crate::clock::use_clock;
use crate::components::{BoneRows, Faced, Icon, IconName, Panel, Status, Tone};
use crate::format;
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::poll::{Cadence, poll};

const AGAIN: Duration = Duration::from_secs(60);

/// A line for each session of the user, and one for all of them.
#[component]
pub(super) fn SessionsPanel() -> impl IntoView {
    let (client, session, lang) = (use_client(), use_session(), use_lang());
    let feed = poll(|| ((), Cadence::Every(AGAIN)), move |(), abort| fetch_sessions(client, abort));
    let failure = RwSignal::new(None::<ApiError>);
    let end = Callback::new(move |id: String| {
        failure.set(None);
        spawn_local(async move {
            match end_session(client, &id).await {
                Ok(()) => feed.refresh(),
                Err(error) => _ = failure.try_set(Some(error)),
            }
        });
    });
    let everywhere = move |_| {
        failure.set(None);
        spawn_local(async move {
            // On success the page is gone, and its signals with it.
            if let Err(error) = session.sign_out_everywhere(client).await {
                failure.try_set(Some(error));
            }
        });
    };
    let own = Memo::new(move |_| feed.value.get().unwrap_or_default());
    let complaint = move || failure.get().map(|error| why(lang.get(), &error));
    let content = move || {
        view! {
            <ul class="own">
                {move || own.get().into_iter().map(|session| line(session, end)).collect_view()}
                <li class="own__line">
                    <div class="own__what">
                        <strong>{tr(Msg::EverySession)}</strong>
                        <span class="own__note is-critical" role="alert">{complaint}</span>
                    </div>
                    <button type="button" class="btn" on:click=everywhere>
                        <Icon name=IconName::Leave/>
                        {tr(Msg::SignOutEverywhere)}
                    </button>
                </li>
            </ul>
        }
    };
    view! {
        <Panel title=Signal::derive(move || Msg::Sessions.text(lang.get()).to_owned()) flush=true>
            <Faced feed=feed what=Msg::SessionsWord bones=|| view! { <BoneRows rows=2/> } content=content/>
        </Panel>
    }
}

fn line(session: OwnSession, end: Callback<String>) -> impl IntoView {
    let (clock, lang) = (use_clock(), use_lang());
    let OwnSession { id, current, created, last_seen, origin, .. } = session;
    let since = move |time: f64| format::age(lang.get(), clock.ticking() - time as i64);
    let (began, used) = (Date::parse(&created), Date::parse(&last_seen));
    let times = move || {
        let (began, used) = (since(began), since(used));
        fill(Msg::SessionTimes.text(lang.get()), &[("began", &began), ("used", &used)])
    };
    let name = move || origin.clone().unwrap_or_else(|| Msg::SessionOfProgram.text(lang.get()).to_owned());
    let action = if current {
        view! { <Status tone=Tone::Ok>{tr(Msg::ThisSession)}</Status> }.into_any()
    } else {
        view! {
            <button type="button" class="btn" on:click=move |_| end.run(id.clone())>{tr(Msg::EndSession)}</button>
        }
        .into_any()
    };
    view! {
        <li class="own__line">
            <div class="own__what">
                <strong>{name}</strong>
                <span class="own__note">{times}</span>
            </div>
            {action}
        </li>
    }
}
