//! Pods that are gone: their last state in place of the living one, and what they said last.

use std::sync::Arc;

use crate::json::Value;
use crowsnest_api::gone::{Gone, GonePod, LastLines};
use leptos::prelude::*;

use super::ObjectPage;
use crate::api::{fetch_gone, use_client};
use crate::clock::use_clock;
use crate::components::{Icon, IconName, Panel};
use crate::format;
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::kinds::KindRow;
use crate::live::{Entry, Key};
use crate::poll::{Cadence, Feed, poll};
use crate::router::use_router;

/// What is known of pods of a name that are gone, and which of them the page shows. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct GonePage {
    feed: Feed<Gone>,
    /// The one that is shown, with what lists would have of it.
    chosen: Memo<Option<Chosen>>,
}

#[derive(Clone)]
struct Chosen {
    pod: GonePod,
    entry: Arc<Entry>,
}

impl PartialEq for Chosen {
    fn eq(&self, other: &Self) -> bool {
        self.pod.uid == other.pod.uid && self.pod.logs == other.pod.logs
    }
}

/// Asks for pods of that name that are gone, once it is known whether there is one; again when that one goes. The address may name
/// one by its uid; without it, the last one is shown where none is there.
pub(super) fn gone_pods(
    row: &'static KindRow,
    wanted: StoredValue<Key>,
    is_there: Memo<Option<bool>>,
) -> GonePage {
    let client = use_client();
    let named = use_router().param("uid");
    let question = move || {
        let is_there = is_there.get();
        let cadence = if row.id == "pods" && is_there.is_some() { Cadence::Once } else { Cadence::Never };
        ((is_there, wanted.get_value()), cadence)
    };
    let feed: Feed<Gone> =
        poll(question, move |(_, (namespace, name)): (Option<bool>, Key), abort| async move {
            fetch_gone(client, &namespace, &name, abort).await
        });
    // Whoever has watched it end goes on reading what they read.
    let was_there = StoredValue::new(false);
    let chosen = Memo::new(move |_| {
        let named = named.get();
        let is_there = is_there.get();
        if is_there == Some(true) {
            was_there.set_value(true);
        }
        feed.value.with(|gone| {
            let mut all = gone.iter().flat_map(|gone| &gone.gone);
            let pod = match (named, is_there) {
                (Some(uid), _) => all.find(|pod| pod.uid == uid),
                (None, Some(false)) if !was_there.get_value() => all.next(),
                (None, _) => None,
            }?;
            Some(Chosen { pod: pod.clone(), entry: Arc::new(Entry::new(row, pod.pod.clone().into())) })
        })
    });
    GonePage { feed, chosen }
}

impl GonePage {
    /// What lists would have of the pod that is shown, if that is one that is gone; tracked.
    pub(super) fn shown(self) -> Option<Arc<Entry>> {
        self.chosen.with(|chosen| chosen.as_ref().map(|chosen| Arc::clone(&chosen.entry)))
    }

    /// All of it; tracked.
    pub(super) fn pod(self) -> Option<Value> {
        self.chosen.with(|chosen| chosen.as_ref().map(|chosen| chosen.pod.pod.clone().into()))
    }

    /// Whether the page shows something that is there; tracked.
    pub(super) fn is_none(self) -> bool {
        self.chosen.with(Option::is_none)
    }
}

/// That this is a pod's last state, or that there was one of this name before.
#[component]
pub(super) fn GoneNote(page: ObjectPage) -> impl IntoView {
    let (clock, lang, router) = (use_clock(), use_lang(), use_router());
    let ago = move |at: f64| format::age(lang.get(), clock.ticking() - (at * 1e3) as i64);
    let chosen = move || page.gone.chosen.with(|chosen| chosen.as_ref().map(|chosen| chosen.pod.at));
    let before = Memo::new(move |_| {
        let first = |gone: &Gone| gone.gone.first().map(|pod| (pod.uid.clone(), pod.at));
        let is_alone = page.gone.is_none();
        page.gone.feed.value.with(|gone| gone.as_ref().and_then(first)).filter(|_| is_alone)
    });
    let last = move || {
        chosen().map(|at| {
            let words = move || fill(Msg::PodEnded.text(lang.get()), &[("time", &ago(at))]);
            view! { <p class="note is-unknown"><Icon name=IconName::Unknown/><span>{words}</span></p> }
        })
    };
    let earlier = move || {
        before.get().map(|(uid, at)| {
            let words = move || fill(Msg::PodBefore.text(lang.get()), &[("time", &ago(at))]);
            let href = router.route_now().with("uid", &uid).to_string();
            view! { <p class="aside-note"><Icon name=IconName::Clock/><a class="link" href=href>{words}</a></p> }
        })
    };
    view! { {last} {earlier} }
}

/// The last lines of each container, or why there are none.
#[component]
pub(super) fn LastLogs(page: ObjectPage) -> impl IntoView {
    let logs = move || {
        page.gone
            .chosen
            .with(|chosen| chosen.as_ref().map(|chosen| chosen.pod.logs.clone()))
            .unwrap_or_default()
    };
    let why = move || {
        page.gone.feed.value.with(|gone| match gone {
            Some(Gone { keeps_logs: false, .. }) => Msg::LastLogsOff,
            Some(Gone { may_read_logs: false, .. }) => Msg::LastLogsDenied,
            _ => Msg::LastLogsNone,
        })
    };
    let lang = use_lang();
    let part = move |LastLines { container, text }: LastLines| {
        view! {
            <Panel title=Signal::stored(container.clone()) note=Signal::derive(move || Msg::LastLogsNote.text(lang.get()).to_owned())>
                <pre class="snippet" tabindex="0" role="region" aria-label=container>{text}</pre>
            </Panel>
        }
    };
    move || match logs() {
        logs if logs.is_empty() => {
            let why = why();
            view! { <p class="panel__none">{tr(why)}</p> }.into_any()
        }
        logs => logs.into_iter().map(part).collect_view().into_any(),
    }
}
