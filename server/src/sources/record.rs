//! What is kept about a source over a restart.

use std::time::Duration;

use crowsnest_api::{Labels, Timestamp};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::SourceId;

/// A source in the control store, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SourceRecord {
    pusher: SmolStr,
    job: SmolStr,
    instance: SmolStr,
    /// The first of its series `up`, which it had alone once.
    pub(crate) up: Labels,
    /// The others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    more_up: Vec<Labels>,
    /// Whether it writes that series itself.
    pub(crate) reports_up: bool,
    /// How often it pushes.
    pub(crate) interval_ms: u64,
    /// When it was first seen; older records do not say.
    #[serde(default)]
    pub(crate) since_ms: Option<i64>,
}

impl SourceRecord {
    pub(super) fn new(
        source: &SourceId,
        ups: &[Labels],
        since: Timestamp,
        reports_up: bool,
        interval: Duration,
    ) -> Self {
        let (first, more) =
            ups.split_first().map_or((Labels::empty(), &[][..]), |(first, more)| (first.clone(), more));
        Self {
            pusher: source.pusher.clone(),
            job: source.job.clone(),
            instance: source.instance.clone(),
            up: first,
            more_up: more.to_vec(),
            reports_up,
            interval_ms: u64::try_from(interval.as_millis()).unwrap_or(u64::MAX),
            since_ms: Some(since.millis()),
        }
    }

    /// All its series `up`.
    pub(super) fn ups(&self) -> Vec<Labels> {
        std::iter::once(&self.up).chain(&self.more_up).filter(|up| !up.is_empty()).cloned().collect()
    }

    /// Whose record this is.
    pub(crate) fn source(&self) -> SourceId {
        SourceId { pusher: self.pusher.clone(), job: self.job.clone(), instance: self.instance.clone() }
    }
}

/// Parts the names in a key: a unit separator, which no sender has a use for in a label.
const SEPARATOR: char = '\u{1f}';

impl SourceId {
    /// The key of this source's record, and the name under which the store knows it.
    pub(crate) fn key(&self) -> String {
        format!("{}{SEPARATOR}{}{SEPARATOR}{}", self.pusher, self.job, self.instance)
    }

    /// A key for people to read.
    pub(crate) fn told(key: &str) -> String {
        let mut parts = key.split(SEPARATOR).filter(|part| !part.is_empty());
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |told, part| told + " / " + part)
    }
}
