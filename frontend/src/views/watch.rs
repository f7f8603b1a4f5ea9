//! The nodes as the whole interface watches them: one feed for side bar, overview and tables.

use std::time::Duration;

use leptos::prelude::*;

use super::cluster::use_metrics;
use crate::api::{Node, fetch_nodes, use_client};
use crate::poll::{Cadence, Feed, poll};
use crate::router::{Page, use_router};
use crate::verdict::{Problem, problems};

/// While a page shows their figures, and while only the side bar counts them.
const SHOWN: Duration = Duration::from_secs(5);
const COUNTED: Duration = Duration::from_secs(30);

/// The nodes and what is wrong with them. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Watch {
    pub(crate) feed: Feed<Vec<Node>>,
    pub(crate) problems: Memo<Vec<Problem>>,
    /// Whether the visitor holds the live pages still.
    pub(crate) paused: RwSignal<bool>,
}

impl Watch {
    /// The node of that name, as long as it is known.
    pub(crate) fn node(&self, name: Signal<String>) -> Memo<Option<Node>> {
        let value = self.feed.value;
        Memo::new(move |_| {
            value.with(|nodes| {
                nodes.as_ref()?.iter().find(|node| name.with(|name| node.name == *name)).cloned()
            })
        })
    }

    /// When the newest sample of a node was taken, where it is silent.
    pub(crate) fn silent_since(&self, node: Memo<Option<Node>>) -> Signal<Option<i64>> {
        let newest = self.newest_sample(node);
        let is_silent =
            Memo::new(move |_| node.with(|node| node.as_ref().is_some_and(|node| !node.reporting)));
        Signal::derive(move || is_silent.get().then(|| newest.get()).filter(|newest| *newest > 0))
    }

    /// When the newest sample of a node was taken, on the server's clock; 0 where that is not known.
    pub(crate) fn newest_sample(&self, node: Memo<Option<Node>>) -> Signal<i64> {
        let at = self.feed.at;
        Signal::derive(move || match node.with(|node| node.as_ref().and_then(|node| node.sample_age)) {
            Some(age) => at.get() - age,
            None => 0,
        })
    }
}

/// Starts watching and puts the watch into the context.
pub(crate) fn provide_watch() -> Watch {
    let client = use_client();
    let router = use_router();
    let paused = RwSignal::new(false);
    let metrics = use_metrics();
    let every = Memo::new(move |_| match router.route().page {
        _ if paused.get() => COUNTED,
        Page::Overview | Page::Nodes | Page::Node(_) => SHOWN,
        _ => COUNTED,
    });
    let feed = poll(
        move || ((), metrics.cadence(Cadence::Every(every.get()))),
        move |(), abort| fetch_nodes(client, abort),
    );
    let problems =
        Memo::new(move |_| feed.value.with(|nodes| nodes.as_deref().map(problems).unwrap_or_default()));
    let watch = Watch { feed, problems, paused };
    provide_context(watch);
    watch
}

/// The watch of this application.
pub(crate) fn use_watch() -> Watch {
    expect_context()
}
