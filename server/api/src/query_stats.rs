//! What a query cost: `stats` in the data of `query` and `query_range`, when the parameter `stats` asks for it.

use serde::{Deserialize, Serialize};

/// Prometheus's statistics, and, with `stats=all`, what each part of the query cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueryStatistics {
    /// Where the time went.
    pub timings: Timings,
    /// How many samples it took.
    pub samples: SampleCounts,
    /// The whole query with its parts. Not in Prometheus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<PartStatistics>,
}

/// Seconds of each phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// Preparation, evaluation and sorting.
    pub eval_total_time: f64,
    /// Sorting.
    pub result_sort_time: f64,
    /// Preparation.
    pub query_preparation_time: f64,
    /// Evaluation.
    pub inner_eval_time: f64,
    /// Waiting for a turn.
    pub exec_queue_time: f64,
    /// All of it.
    pub exec_total_time: f64,
}

/// Samples that were looked at and held.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SampleCounts {
    /// Those looked at at each step, by its time in seconds; with `stats=all` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_queryable_samples_per_step: Option<Vec<(f64, u64)>>,
    /// Those looked at at all steps.
    pub total_queryable_samples: u64,
    /// The most held at once.
    pub peak_samples: usize,
}

/// What a part of a query cost, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartStatistics {
    /// Offset of its first byte in the query.
    pub start: u32,
    /// Offset after its last byte.
    pub end: u32,
    /// Series it has.
    pub series: usize,
    /// Samples these have, over all steps.
    pub samples: usize,
    /// Seconds it took, with its parts.
    pub seconds: f64,
    /// Its parts, in the order in which they were evaluated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartStatistics>,
}
