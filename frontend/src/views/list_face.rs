//! The faces of a live list, and what is said while the stream or the API server is away.

use leptos::prelude::*;

use super::cluster::Cluster;
use crate::api::use_session;
use crate::clock::use_clock;
use crate::components::{Blank, FailureFace, Icon, IconName, Tone};
use crate::format;
use crate::i18n::{Msg, Words, fill, use_lang};
use crate::live::{Health, List, missing_words};
use crate::moment::time_of_day;
use crate::poll::Failure;
use crate::range::SECOND;

/// Which face a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FaceKind {
    /// The namespaces themselves cannot be had.
    NoNamespaces,
    /// The user has no namespace at all.
    Nowhere,
    Loading,
    Denied,
    Failed,
    Content,
}

/// Shows `content` as soon as there is something, dimmed while it is late; until then bones, or why there is nothing.
#[component]
pub(super) fn ListFace(
    cluster: Cluster,
    list: List,
    /// "the pods"
    #[prop(into)]
    what: Words,
    #[prop(into)] bones: ViewFn,
    #[prop(into)] content: ViewFn,
) -> impl IntoView {
    let lang = use_lang();
    let session = use_session();
    let namespaces = cluster.namespaces;
    let kind = Memo::new(move |_| {
        let nowhere = namespaces
            .value
            .with(|known| known.as_ref().is_some_and(|known| !known.all && known.names.is_empty()));
        match list.health() {
            _ if list.has_content() => FaceKind::Content,
            Health::Denied(_) => FaceKind::Denied,
            Health::Failed(_) => FaceKind::Failed,
            Health::Live => FaceKind::Content,
            _ if nowhere => FaceKind::Nowhere,
            _ if namespaces.value.with(Option::is_none) && namespaces.failure.with(Option::is_some) => {
                FaceKind::NoNamespaces
            }
            _ => FaceKind::Loading,
        }
    });
    let failure = Signal::derive(move || {
        namespaces.failure.get().unwrap_or(Failure { error: crate::api::ApiError::Aborted, retry_at: None })
    });
    let title = move |msg: Msg| {
        Signal::derive(move || {
            let lang = lang.get();
            fill(msg.text(lang), &[("what", what.text(lang))])
        })
    };
    let why = Signal::derive(move || match list.health() {
        Health::Denied(right) => missing_words(lang.get(), &session.user(), &right),
        Health::Failed(message) => fill(Msg::ServerSaid.text(lang.get()), &[("why", &message)]),
        _ => String::new(),
    });
    let is_late = move || list.health().late_since().is_some();
    move || {
        match kind.get() {
        FaceKind::Loading => bones.run(),
        FaceKind::NoNamespaces => view! {
            <FailureFace failure=failure what=Msg::NamespacesWord on_retry=move |()| namespaces.refresh()/>
        }
        .into_any(),
        FaceKind::Nowhere => {
            let why = move || fill(Msg::NowhereWhy.text(lang.get()), &[("user", &session.user())]);
            view! {
                <Blank icon=IconName::Lock tone=Tone::Unknown title=title(Msg::DeniedTitle) why=Signal::derive(why)/>
            }
            .into_any()
        }
        FaceKind::Denied => {
            view! { <Blank icon=IconName::Lock tone=Tone::Unknown title=title(Msg::DeniedTitle) why=why/> }.into_any()
        }
        FaceKind::Failed => {
            view! { <Blank icon=IconName::Critical tone=Tone::Critical title=title(Msg::CannotLoad) why=why/> }.into_any()
        }
        FaceKind::Content => {
            view! { <div class="faced" class:is-stale=is_late>{content.run()}</div> }.into_any()
        }
    }
    }
}

/// Says that only some of the user's namespaces are watched, and how to see others; nothing where all are.
#[component]
pub(super) fn PartNote(cluster: Cluster) -> impl IntoView {
    let lang = use_lang();
    let words = Memo::new(move |_| {
        let (watched, total) = cluster.partly_watched()?;
        let values = [watched.len().to_string(), total.to_string(), watched.join(", ")];
        let [n, total, names] = values.each_ref().map(String::as_str);
        Some(fill(Msg::PartlyWatched.text(lang.get()), &[("n", n), ("total", total), ("names", names)]))
    });
    view! {
        <Show when=move || words.with(Option::is_some)>
            <p class="part-note" role="status"><Icon name=IconName::Eye/><span>{move || words.get()}</span></p>
        </Show>
    }
}

/// "The API server does not answer; trying again in 8 s – what you see is from 12:03." One for the whole page.
#[component]
pub(super) fn LateNote(cluster: Cluster) -> impl IntoView {
    let lang = use_lang();
    let clock = use_clock();
    let is_late = Memo::new(move |_| cluster.hub().late().late_since().is_some());
    let words = move || cluster.hub().late().late_words(lang.get(), clock.ticking(), time_of_day);
    // Only that it is late is spoken, not every second of the wait.
    let spoken = move || {
        is_late
            .get()
            .then(|| cluster.hub().late().late_words(lang.get(), i64::MAX / 2, time_of_day))
            .flatten()
    };
    view! {
        <div class="visually-hidden" role="status">{spoken}</div>
        <Show when=move || is_late.get()>
            <p class="late-note is-warning">
                <Icon name=IconName::Warning/>
                <span>{words}</span>
            </p>
        </Show>
    }
}

/// "Live", or since when it is not.
#[component]
pub(super) fn LiveChip(list: List) -> impl IntoView {
    let lang = use_lang();
    let clock = use_clock();
    let late = Memo::new(move |_| list.health().late_since());
    let words = move || {
        let lang = lang.get();
        match late.get() {
            Some(since) => {
                let age = (clock.ticking() - since).max(0) / SECOND * SECOND;
                fill(Msg::SeenAgo.text(lang), &[("time", &format::age(lang, age))])
            }
            None => Msg::Live.text(lang).to_owned(),
        }
    };
    view! {
        <Show when=move || list.has_content()>
            <span class="live" class:is-stale=move || late.get().is_some()>{words}</span>
        </Show>
    }
}
