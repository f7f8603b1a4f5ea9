//! Figures from elsewhere that stand in a list: series by object, and how many pods are on or in it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use leptos::prelude::*;

use super::super::cluster::{Cluster, Metrics};
use crate::api::{instant, use_client};
use crate::charts::in_namespaces;
use crate::cluster::object::text;
use crate::cluster::{owner, pod};
use crate::kinds::{KindRow, Metric};
use crate::live::{Entry, Key};
use crate::poll::{Cadence, poll, throttled};

/// How often series are read.
const EVERY: Duration = Duration::from_secs(15);
const TALLY_PAUSE: Duration = Duration::from_secs(1);
/// What the pods of a namespace ask for together, and may take; those without a limit are not counted.
const DEMANDS: [(&str, &str, &str); 4] = [
    ("cpu-requests", "requests", "cpu"),
    ("cpu-limits", "limits", "cpu"),
    ("memory-requests", "requests", "memory"),
    ("memory-limits", "limits", "memory"),
];

/// Figures by name and object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::views) struct Joined(HashMap<&'static str, HashMap<Key, f64>>);

impl Joined {
    /// One figure of one object.
    pub(super) fn get(&self, id: &str, key: &Key) -> Option<f64> {
        self.0.get(id)?.get(key).copied()
    }

    pub(super) fn set(&mut self, id: &'static str, key: Key, value: f64) {
        self.0.entry(id).or_default().insert(key, value);
    }

    /// The figures of pods, added up for the workloads of a kind that they belong to.
    fn by_owner(&self, row: &KindRow, pods: &mut dyn Iterator<Item = &Arc<Entry>>) -> Self {
        let mut sums = Self::default();
        for pod in pods {
            let Some(name) = owner::named(&pod.object, row.api_kind) else { continue };
            for (id, figures) in &self.0 {
                if let Some(value) = figures.get(&pod.key) {
                    *sums.0.entry(id).or_default().entry((pod.key.0.clone(), name.clone())).or_default() +=
                        value;
                }
            }
        }
        sums
    }

    fn add(&mut self, id: &'static str, key: Key, amount: f64) {
        *self.0.entry(id).or_default().entry(key).or_default() += amount;
    }
}

/// The figures that a kind's columns join.
pub(in crate::views) fn joined(row: &'static KindRow, cluster: Cluster, metrics: Metrics) -> Memo<Joined> {
    let client = use_client();
    let question = move || {
        let cadence =
            if row.metrics.is_empty() { Cadence::Never } else { metrics.cadence(Cadence::Every(EVERY)) };
        (cluster.matched(), cadence)
    };
    let feed = poll(question, move |namespaces: Vec<String>, abort| async move {
        let ask = async |metric: &'static Metric| {
            let query = in_namespaces(metric.query, &namespaces).replace("$rows", "");
            instant(client, &query, None, &abort).await.map(|answer| (metric, answer.result.into_lines()))
        };
        let mut joined = Joined::default();
        for (metric, lines) in try_join_all(row.metrics.iter().map(ask)).await? {
            let (namespace, name) = metric.labels;
            for line in lines {
                let label = |name: &str| line.labels.get(name).map(ToString::to_string).unwrap_or_default();
                let value = line.points.last().map(|(_, value)| *value).filter(|value| value.is_finite());
                if let Some(value) = value {
                    joined.set(metric.id, (label(namespace), label(name)), value);
                }
            }
        }
        Ok(joined)
    });
    let counts_pods =
        row.columns.iter().any(|column| matches!(column.source, crate::kinds::Source::Joined("pods", _)));
    let changed = throttled(move || cluster.pods.with(|pods| _ = pods.next()), TALLY_PAUSE);
    Memo::new(move |_| {
        let mut joined = feed.value.get().unwrap_or_default();
        if !row.pods_named.is_empty() {
            joined = untrack(|| cluster.pods.with(|pods| joined.by_owner(row, pods)));
        }
        if counts_pods {
            changed.track();
            untrack(|| {
                cluster.pods.with(|pods| {
                    for pod in pods.filter(|pod| !pod::is_over(&pod.object)) {
                        let key = match row.id {
                            "nodes" => text(&pod.object, &["spec", "nodeName"]).to_owned(),
                            _ => pod.key.0.clone(),
                        };
                        if row.id == "namespaces" {
                            for (id, which, resource) in DEMANDS {
                                let amount = pod::resources(&pod.object, which, resource).unwrap_or(0.0);
                                joined.add(id, (String::new(), key.clone()), amount);
                            }
                        }
                        joined.add("pods", (String::new(), key), 1.0);
                    }
                });
            });
        }
        joined
    })
}
