//! The cluster as the whole interface watches it: one stream for side bar, overview and lists.

use std::time::Duration;

use crowsnest_api::cluster::{Namespaces, Scope};
use leptos::prelude::*;

use crate::api::{ApiError, fetch_namespaces, instant, use_client, use_session};
use crate::clock::use_clock;
use crate::kinds::{KindRow, KindScope, NODES, PODS};
use crate::live::{Hub, List, provide_hub};
use crate::poll::{Cadence, Feed, poll};
use crate::router::use_router;

/// Namespaces come and go slowly, and so do rights.
const NAMESPACES: Duration = Duration::from_secs(30);
const METRICS: Duration = Duration::from_secs(300);
/// How many namespaces are watched one by one. With four lists of them and the nodes that is within one stream's limit.
const MOST_NAMESPACES: usize = 7;
/// In so many scopes a page may watch a dozen kinds.
const FEW_SCOPES: usize = 2;

/// What every page about the cluster shares. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Cluster {
    hub: Hub,
    pub(super) pods: List,
    pub(super) nodes: List,
    /// The namespaces that the user has a use for.
    pub(super) namespaces: Feed<Namespaces>,
    /// Those that the address asks for; empty is all.
    pub(super) chosen: Memo<Vec<String>>,
    watched: Memo<Option<Vec<Scope>>>,
}

impl Cluster {
    /// The objects of a kind, in all namespaces that may be seen, kept up to date while the caller lives.
    pub(super) fn list(&self, row: &'static KindRow) -> List {
        match row.id {
            "pods" => self.pods,
            "nodes" => self.nodes,
            _ => list_of(self.hub, row, self.watched),
        }
    }

    /// The same, where that is a small matter: nothing while many namespaces are watched one by one, for a stream has so many watches.
    pub(super) fn list_if_few(&self, row: &'static KindRow) -> List {
        let watched = self.watched;
        let few = Memo::new(move |_| {
            watched.get().map(|scopes| if scopes.len() <= FEW_SCOPES { scopes } else { Vec::new() })
        });
        list_of(self.hub, row, few)
    }

    /// A place in which objects of a kind may be listed: empty is everywhere. Tracked; `None` until that is known.
    pub(super) fn first_place(&self, row: &KindRow) -> Option<String> {
        let watched = self.watched.get()?;
        match row.scope {
            KindScope::Cluster => Some(String::new()),
            KindScope::Namespaced => {
                watched.first().map(|scope| scope.namespace().unwrap_or_default().to_owned())
            }
        }
    }

    /// Some places in which objects are to be looked for, empty being everywhere; tracked.
    pub(super) fn places(&self, most: usize) -> Vec<String> {
        let watched = self.watched.get().unwrap_or_default();
        watched.iter().take(most).map(|scope| scope.namespace().unwrap_or_default().to_owned()).collect()
    }

    /// Whether objects of this namespace are to be shown; tracked.
    pub(super) fn is_chosen(&self, namespace: &str) -> bool {
        self.chosen.with(|chosen| chosen.is_empty() || chosen.iter().any(|one| one == namespace))
    }

    /// The chosen namespaces that the user may not see or that do not exist, which nobody tells apart for them; tracked.
    pub(super) fn unseen(&self) -> Vec<String> {
        self.namespaces.value.with(|known| match known {
            Some(known) if !known.all => self
                .chosen
                .with(|chosen| chosen.iter().filter(|name| !known.names.contains(name)).cloned().collect()),
            _ => Vec::new(),
        })
    }

    /// Whether the user sees some namespaces only; tracked.
    pub(super) fn is_confined(&self) -> bool {
        self.namespaces.value.with(|namespaces| namespaces.as_ref().is_some_and(|namespaces| !namespaces.all))
    }

    /// Whether the user sees all nodes and all pods; tracked. `false` until that is known.
    pub(super) fn sees_everything(&self) -> bool {
        let is_everywhere = self.namespaces.value.with(|known| known.as_ref().is_some_and(|known| known.all));
        is_everywhere && self.nodes.has_content()
    }

    /// The namespaces that are watched and the number of those that the user has, where that is not the same and what
    /// is chosen is not all watched either; tracked.
    pub(super) fn partly_watched(&self) -> Option<(Vec<String>, usize)> {
        let watched: Vec<String> = self.watched.get()?.iter().map(ToString::to_string).collect();
        let (is_all, total) =
            self.namespaces.value.with(|known| known.as_ref().map(|known| (known.all, known.names.len())))?;
        let sees_chosen =
            self.chosen.with(|chosen| !chosen.is_empty() && chosen.iter().all(|name| watched.contains(name)));
        (!is_all && watched.len() < total && !sees_chosen).then_some((watched, total))
    }

    /// The namespaces that series are asked for: the chosen ones, those that may be seen, or none for all. Tracked.
    pub(super) fn matched(&self) -> Vec<String> {
        let chosen = self.chosen.get();
        if !chosen.is_empty() {
            return chosen;
        }
        self.namespaces.value.with(|namespaces| match namespaces {
            Some(namespaces) if !namespaces.all => namespaces.names.clone(),
            _ => Vec::new(),
        })
    }

    /// How the stream is doing.
    pub(super) fn hub(&self) -> Hub {
        self.hub
    }
}

/// Nothing is watched until it is known where: so that the stream opens once.
fn list_of(hub: Hub, row: &'static KindRow, watched: Memo<Option<Vec<Scope>>>) -> List {
    hub.list(row, move || match (watched.get(), row.scope) {
        (None, _) => Vec::new(),
        (Some(_), KindScope::Cluster) => vec![Scope::CLUSTER],
        (Some(scopes), KindScope::Namespaced) => scopes,
    })
}

/// Whether the user may see time series. Asked once, so that no chart is refused one by one.
#[derive(Clone, Copy)]
pub(super) struct Metrics {
    allowed: Signal<Option<bool>>,
}

impl Metrics {
    /// Whether series may be asked for; tracked. `false` until it is known.
    pub(super) fn may(&self) -> bool {
        self.allowed.get() == Some(true)
    }

    /// Whether they are refused; tracked.
    pub(super) fn are_denied(&self) -> bool {
        self.allowed.get() == Some(false)
    }

    /// `cadence` while series may be asked for; tracked.
    pub(super) fn cadence(&self, cadence: Cadence) -> Cadence {
        if self.may() { cadence } else { Cadence::Never }
    }
}

/// Finds out whether series may be seen and puts that into the context. Without a cluster they always may: the views
/// of those days say themselves what is denied.
pub(super) fn provide_metrics() -> Metrics {
    let (client, session) = (use_client(), use_session());
    let has_cluster = Memo::new(move |_| session.has_cluster());
    let question = move || {
        let cadence = if has_cluster.get() { Cadence::Every(METRICS) } else { Cadence::Never };
        ((), cadence)
    };
    let feed = poll(question, move |(), abort| async move {
        match instant(client, "vector(1)", None, &abort).await {
            Ok(_) => Ok(true),
            Err(ApiError::Denied(_)) => Ok(false),
            Err(error) => Err(error),
        }
    });
    let allowed = Memo::new(move |_| if has_cluster.get() { feed.value.get() } else { Some(true) });
    let metrics = Metrics { allowed: allowed.into() };
    provide_context(metrics);
    metrics
}

/// Whether the user may see time series.
pub(super) fn use_metrics() -> Metrics {
    expect_context()
}

/// Starts watching the cluster.
pub(super) fn provide_cluster() -> Cluster {
    let (client, session, clock, router) = (use_client(), use_session(), use_clock(), use_router());
    let hub = provide_hub(client, session, clock);
    let namespaces = poll(
        || ((), Cadence::Every(NAMESPACES)),
        move |(), abort| async move { fetch_namespaces(client, abort).await },
    );
    let param = router.param("ns");
    let chosen = Memo::new(move |_| {
        let text = param.get().unwrap_or_default();
        text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    });
    let watched = Memo::new(move |_| {
        let chosen = chosen.get();
        namespaces.value.with(|known| known.as_ref().map(|known| watched_scopes(known, &chosen)))
    });
    Cluster {
        hub,
        pods: list_of(hub, PODS, watched),
        nodes: list_of(hub, NODES, watched),
        namespaces,
        chosen,
        watched,
    }
}

/// What is watched: everything at once where that is allowed, else each namespace, the chosen ones first.
fn watched_scopes(known: &Namespaces, chosen: &[String]) -> Vec<Scope> {
    if known.all {
        return vec![Scope::CLUSTER];
    }
    if known.names.len() <= MOST_NAMESPACES {
        return known.names.iter().filter_map(|name| name.parse().ok()).collect();
    }
    let first = known.names.iter().filter(|name| chosen.contains(name));
    let rest = known.names.iter().filter(|name| !chosen.contains(name));
    first.chain(rest).take(MOST_NAMESPACES).filter_map(|name| name.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(known: &Namespaces, chosen: &[&str]) -> Vec<String> {
        let chosen: Vec<String> = chosen.iter().map(ToString::to_string).collect();
        watched_scopes(known, &chosen).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn who_sees_all_watches_all_at_once() {
        let known = Namespaces { all: true, names: vec!["a".into(), "b".into()] };
        assert_eq!(scopes(&known, &["b"]), ["-"]);
    }

    #[test]
    fn who_sees_some_watches_those_and_the_chosen_ones_first_where_there_are_many() {
        let known = Namespaces { all: false, names: vec!["a".into(), "b".into()] };
        assert_eq!(scopes(&known, &[]), ["a", "b"]);
        let many = Namespaces { all: false, names: (0..20).map(|n| format!("n{n:02}")).collect() };
        let watched = scopes(&many, &["n19", "unknown"]);
        assert_eq!((watched.len(), watched.first().map(String::as_str)), (MOST_NAMESPACES, Some("n19")));
    }
}
