//! How often lists and watches came off, by kind: what kube-state-metrics says of itself.

use std::sync::atomic::{AtomicU64, Ordering};

use crowsnest_cluster_metrics::Row;

/// What is asked of the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    List,
    Watch,
}

/// Counts of one kind.
#[derive(Debug, Default)]
pub(super) struct Counts {
    lists: Outcomes,
    watches: Outcomes,
}

#[derive(Debug, Default)]
struct Outcomes {
    success: AtomicU64,
    error: AtomicU64,
}

/// The families, with their help.
pub(super) const FAMILIES: [(&str, &str, &str); 4] = [
    (LIST_TOTAL, "counter", "Number of total resource list in kube-state-metrics"),
    (WATCH_TOTAL, "counter", "Number of total resource watch calls in kube-state-metrics"),
    (SHARD_ORDINAL, "gauge", "Current sharding ordinal/index of this instance"),
    (TOTAL_SHARDS, "gauge", "Number of total shards this instance is aware of"),
];

const LIST_TOTAL: &str = "kube_state_metrics_list_total";
const WATCH_TOTAL: &str = "kube_state_metrics_watch_total";
const SHARD_ORDINAL: &str = "kube_state_metrics_shard_ordinal";
const TOTAL_SHARDS: &str = "kube_state_metrics_total_shards";

impl Counts {
    pub(super) fn note(&self, asked: Asked, came_off: bool) {
        let outcomes = match asked {
            Asked::List => &self.lists,
            Asked::Watch => &self.watches,
        };
        let counter = if came_off { &outcomes.success } else { &outcomes.error };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Rows of those that have happened.
    pub(super) fn rows(&self, go_type: &str, sink: &mut dyn FnMut(Row<'_>)) {
        for (name, outcomes) in [(LIST_TOTAL, &self.lists), (WATCH_TOTAL, &self.watches)] {
            for (result, counter) in [("success", &outcomes.success), ("error", &outcomes.error)] {
                let count = counter.load(Ordering::Relaxed);
                if count > 0 {
                    let labels = [("resource", go_type), ("result", result)];
                    sink(Row { name, labels: &labels, value: count as f64 });
                }
            }
        }
    }
}

/// There is one shard, and it is this one.
pub(super) fn shard_rows(sink: &mut dyn FnMut(Row<'_>)) {
    sink(Row { name: SHARD_ORDINAL, labels: &[("shard_ordinal", "0")], value: 0.0 });
    sink(Row { name: TOTAL_SHARDS, labels: &[], value: 1.0 });
}
