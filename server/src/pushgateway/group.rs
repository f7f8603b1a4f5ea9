//! A group: what was pushed under one grouping key.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crowsnest_api::{INSTANCE, JOB, Labels, METRIC_NAME, Sample, Timestamp, stale_nan};
use crowsnest_scrape::Family;
use crowsnest_scrape::text::{Dialect, encode, is_plain_label_name, parse_dialect};
use crowsnest_tsdb::{Metadata, SeriesBatch};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::LIMITS;
use crate::sources::SourceId;

/// Behind the name of a label whose value is written in base64.
const BASE64: &str = "@base64";
/// Labels of a key.
const MAX_LABELS: usize = 16;

/// The labels of a group, `job` among them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Key(BTreeMap<String, String>);

/// What was pushed.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) families: BTreeMap<SmolStr, Family>,
    /// When something was pushed last.
    pub(super) pushed: Option<Timestamp>,
    /// When that failed last.
    pub(super) failed: Option<Timestamp>,
}

/// How it is kept.
#[derive(Serialize, Deserialize)]
struct Record {
    labels: Key,
    page: String,
    pushed_ms: Option<i64>,
    failed_ms: Option<i64>,
}

impl Key {
    /// Of what stands behind `/metrics/`: `job/NAME/LABEL/VALUE…`.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(super) fn of_path(path: &str) -> Result<Self, String> {
        let mut parts = path.trim_end_matches('/').split('/');
        let mut labels = BTreeMap::new();
        while let Some(name) = parts.next() {
            let value = parts.next().unwrap_or_default();
            let (name, value) = match name.strip_suffix(BASE64) {
                Some(name) => (name, decoded(value).ok_or_else(|| format!("{value:?} is not base64"))?),
                None => (name, value.to_owned()),
            };
            if labels.is_empty() && name != JOB {
                return Err("the path must begin with /metrics/job/".to_owned());
            }
            if labels.is_empty() && value.is_empty() {
                return Err("the job has no name".to_owned());
            }
            if !is_plain_label_name(name) || name.starts_with("__") {
                return Err(format!("{name:?} is no name of a label"));
            }
            if labels.insert(name.to_owned(), value).is_some() {
                return Err(format!("label {name} stands in the path twice"));
            }
            if labels.len() > MAX_LABELS {
                return Err(format!("the path has more than {MAX_LABELS} labels"));
            }
        }
        Ok(Self(labels))
    }

    /// Its name among groups.
    pub(super) fn name(&self) -> String {
        Labels::from_pairs(self.0.clone()).to_string()
    }

    /// Whom those who look after senders see.
    pub(super) fn source(&self, pusher: &SmolStr) -> SourceId {
        let label = |name| self.0.get(name).map(SmolStr::new).unwrap_or_default();
        SourceId { pusher: pusher.clone(), job: label(JOB), instance: label(INSTANCE) }
    }

    /// The labels of a sample in its group: the key's win.
    fn labels(&self, of_sample: &Labels) -> Labels {
        let mut labels = of_sample.to_builder();
        for (name, value) in &self.0 {
            labels.set(name.as_str(), value.as_str());
        }
        labels.build()
    }
}

/// Base64 for URLs, with or without padding; `=` stands for nothing.
fn decoded(value: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(value.trim_end_matches('=')).ok()?).ok()
}

impl Group {
    /// Its samples and what is told of it, at one time.
    pub(super) fn series(&self, key: &Key, at: Timestamp) -> Vec<SeriesBatch> {
        let samples = self.families.values().flat_map(|family| &family.samples);
        let samples = samples.map(|sample| (key.labels(&sample.labels), sample.value));
        let seconds = |at: Option<Timestamp>| at.map_or(0.0, Timestamp::seconds);
        let told = [("push_time_seconds", self.pushed), ("push_failure_time_seconds", self.failed)];
        let told =
            told.map(|(name, at)| (key.labels(&Labels::from_pairs([(METRIC_NAME, name)])), seconds(at)));
        batches(samples.chain(told), at)
    }

    /// Staleness markers for what is gone when `next`, all series at `at`, has taken its place.
    pub(super) fn ended(&self, next: &[SeriesBatch], key: &Key, at: Timestamp) -> Vec<SeriesBatch> {
        let there: BTreeSet<&Labels> = next.iter().map(|series| &series.labels).collect();
        let own = self.series(key, at).into_iter().map(|series| series.labels);
        batches(own.filter(|labels| !there.contains(labels)).map(|labels| (labels, stale_nan())), at)
    }

    pub(super) fn metadata(&self) -> Vec<Metadata> {
        let families = self.families.values();
        let metadata = families.map(|family| Metadata {
            family: family.name.clone(),
            kind: family.kind.as_str().into(),
            help: family.help.to_string(),
            unit: "".into(),
        });
        metadata.collect()
    }

    pub(super) fn record(&self, key: &Key) -> Vec<u8> {
        let mut page = String::new();
        encode(&mut page, self.families.values());
        let millis = |at: Option<Timestamp>| at.map(Timestamp::millis);
        let (pushed_ms, failed_ms) = (millis(self.pushed), millis(self.failed));
        // A record has texts and numbers alone: it can always be written.
        serde_json::to_vec(&Record { labels: key.clone(), page, pushed_ms, failed_ms }).unwrap_or_default()
    }

    /// `None` for what is no record.
    pub(super) fn read(record: &[u8]) -> Option<(Key, Self)> {
        let Record { labels, page, pushed_ms, failed_ms } = serde_json::from_slice(record).ok()?;
        let families = parse_dialect(page.as_bytes(), LIMITS, Dialect::Prometheus).ok()?;
        let families = families.into_iter().map(|family| (family.name.clone(), family)).collect();
        let at = |millis: Option<i64>| millis.map(Timestamp::from_millis);
        Some((labels, Self { families, pushed: at(pushed_ms), failed: at(failed_ms) }))
    }
}

/// One sample each; of a series that is there twice the last counts.
fn batches(samples: impl Iterator<Item = (Labels, f64)>, at: Timestamp) -> Vec<SeriesBatch> {
    let samples: BTreeMap<Labels, f64> = samples.collect();
    let batch = |(labels, value)| SeriesBatch::of_floats(labels, vec![Sample { timestamp: at, value }]);
    samples.into_iter().map(batch).collect()
}
