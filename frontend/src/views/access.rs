//! What the user may do, and who else may.

use leptos::prelude::*;

use super::cluster::Cluster;
use crate::api::use_session;
use crate::components::{Segmented, Select};
use crate::i18n::{Msg, tr, use_lang};
use crate::router::{Page, Route, use_router};

mod credentials;
mod mint;
mod own;
mod rules;
mod sessions;
mod who;

use credentials::CredentialsPanel;
use own::OwnPanel;
use rules::RulesPanel;
use sessions::SessionsPanel;
use who::Who;

/// In addresses, and where the server is asked: the whole cluster.
const EVERYWHERE: &str = "-";

/// Which of the two pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    WhatCanI,
    WhoCan,
}

impl Question {
    const fn page(self) -> Page {
        match self {
            Self::WhatCanI => Page::Access,
            Self::WhoCan => Page::AccessWho,
        }
    }
}

/// "What can I do" and "Who can do this".
#[component]
pub(super) fn AccessView(cluster: Option<Cluster>, question: Question) -> impl IntoView {
    let router = use_router();
    let lang = use_lang();
    let title = match question {
        Question::WhatCanI => Msg::WhatCanI,
        Question::WhoCan => Msg::WhoCan,
    };
    let questions = move || {
        let lang = lang.get();
        [(Question::WhatCanI, Msg::WhatCanI), (Question::WhoCan, Msg::WhoCan)]
            .map(|(question, words)| (question, words.text(lang).to_owned()))
            .to_vec()
    };
    let content = match (question, cluster) {
        (Question::WhoCan, Some(cluster)) => view! { <Who cluster=cluster/> }.into_any(),
        _ => view! { <WhatCanI cluster=cluster/> }.into_any(),
    };
    view! {
        <div class="page access">
            <header class="pagehead">
                <h1 class="pagehead__title">{tr(title)}</h1>
                <div class="pagehead__actions">
                    // Who else may do something only the cluster knows.
                    {cluster.map(|_| view! {
                        <Segmented
                            label=Signal::derive(move || Msg::Access.text(lang.get()).to_owned())
                            options=Signal::derive(questions)
                            value=Signal::stored(question)
                            on_change=move |question: Question| router.push(Route::to(question.page()))
                        />
                    })}
                </div>
            </header>
            {content}
        </div>
    }
}

/// The rules of one namespace, and what this server lets the user do.
#[component]
fn WhatCanI(cluster: Option<Cluster>) -> impl IntoView {
    let chosen = use_place();
    let feed = rules::rules_feed(chosen);
    // Where nobody signs in there is nothing to end.
    let signed_in = use_session().csrf().is_some_and(|csrf| !csrf.is_empty());
    view! {
        <OwnPanel feed=feed/>
        {signed_in.then(|| view! { <SessionsPanel/> })}
        {cluster.map(|cluster| view! {
            <CredentialsPanel/>
            <RulesPanel cluster=cluster chosen=chosen feed=feed/>
        })}
    }
}

/// The namespace that the address names; [`EVERYWHERE`] without one.
fn use_place() -> Memo<String> {
    let named = use_router().param("in");
    Memo::new(move |_| named.get().unwrap_or_else(|| EVERYWHERE.to_owned()))
}

/// A choice between the namespaces of the user and the whole cluster; it goes into the address.
#[component]
fn PlaceSelect(cluster: Cluster, chosen: Memo<String>) -> impl IntoView {
    let router = use_router();
    let lang = use_lang();
    let options = move || {
        let everywhere = (EVERYWHERE.to_owned(), Msg::WholeCluster.text(lang.get()).to_owned());
        let mut names: Vec<String> = cluster
            .namespaces
            .value
            .with(|known| known.as_ref().map(|known| known.names.clone()).unwrap_or_default());
        let chosen = chosen.get();
        if chosen != EVERYWHERE && !names.contains(&chosen) {
            names.push(chosen);
        }
        std::iter::once(everywhere)
            .chain(names.into_iter().map(|name| (name.clone(), name)))
            .collect::<Vec<_>>()
    };
    let choose = move |name: String| {
        let name = if name == EVERYWHERE { "" } else { &name };
        router.push(router.route_now().with("in", name));
    };
    view! {
        <Select
            label=Signal::derive(move || Msg::Where.text(lang.get()).to_owned())
            options=Signal::derive(options)
            value=chosen
            on_change=choose
        />
    }
}
