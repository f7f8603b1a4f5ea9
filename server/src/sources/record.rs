//! What is kept about a source over a restart.

use std::time::Duration;

use crowsnest_api::Labels;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::SourceId;

/// A source in the control store, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SourceRecord {
    pusher: SmolStr,
    job: SmolStr,
    instance: SmolStr,
    /// Its series `up`.
    pub(crate) up: Labels,
    /// Whether it writes that series itself.
    pub(crate) reports_up: bool,
    /// How often it pushes.
    pub(crate) interval_ms: u64,
}

impl SourceRecord {
    pub(super) fn new(source: &SourceId, up: &Labels, reports_up: bool, interval: Duration) -> Self {
        Self {
            pusher: source.pusher.clone(),
            job: source.job.clone(),
            instance: source.instance.clone(),
            up: up.clone(),
            reports_up,
            interval_ms: u64::try_from(interval.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Whose record this is.
    pub(crate) fn source(&self) -> SourceId {
        SourceId { pusher: self.pusher.clone(), job: self.job.clone(), instance: self.instance.clone() }
    }
}

impl SourceId {
    /// The key of this source's record, and the name under which the store knows it.
    pub(crate) fn key(&self) -> String {
        // A unit separator, which no sender has a use for in a label.
        format!("{}\u{1f}{}\u{1f}{}", self.pusher, self.job, self.instance)
    }
}
