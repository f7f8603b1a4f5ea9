//! What an operator may set, and the limits that keep memory bounded.

use std::time::Duration;

use crowsnest_api::{Labels, METRIC_NAME};
use crowsnest_promql::{Matcher, Resolution};

/// How a store keeps and bounds its data.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long samples are kept, counted back from the newest. Blocks go when their last sample is older.
    pub retention: Duration,
    /// How long samples of some series are kept instead; the first rule that a series matches counts. They are never
    /// down-sampled.
    pub retention_rules: Vec<RetentionRule>,
    /// What becomes of samples after that: one tier after the other, the finest and shortest first.
    pub tiers: Vec<Tier>,
    /// How many bytes everything in the folder may take; past it the oldest blocks go. `None`: no limit.
    pub retention_bytes: Option<u64>,
    /// How far behind the newest sample of its own series a sample may be.
    pub out_of_order_window: Duration,
    /// How far ahead of the server's clock a sample may be.
    pub max_future: Duration,
    /// The time that the first blocks cover, from which larger ones are merged. The head is cut when it spans one and a half
    /// of it: this bounds what a restart replays.
    pub block_duration: Duration,
    /// Size at which a write-ahead log segment is followed by a new one.
    pub wal_segment_bytes: u64,
    /// Series in the head. Samples of series beyond it are refused; those that are known go on.
    pub max_series: usize,
    /// Series in the head of one source; the same for those.
    pub max_series_per_source: usize,
    /// Series that one question may touch.
    pub max_selected_series: usize,
    /// Metric families whose metadata is kept.
    pub max_metadata: usize,
    /// What label sets are accepted.
    pub labels: LabelLimits,
}

impl Default for Options {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        const HOUR: Duration = Duration::from_secs(3600);
        Self {
            retention: 15 * 24 * HOUR,
            retention_rules: Vec::new(),
            tiers: Vec::new(),
            retention_bytes: None,
            out_of_order_window: HOUR,
            max_future: Duration::from_secs(600),
            block_duration: 20 * MINUTE,
            wal_segment_bytes: 32 << 20,
            max_series: 1_000_000,
            max_series_per_source: 300_000,
            max_selected_series: 500_000,
            max_metadata: 20_000,
            labels: LabelLimits::default(),
        }
    }
}

/// How long down-sampled samples are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// How wide their buckets are.
    pub resolution: Resolution,
    /// How long they are kept, counted back from the newest sample as all retention is.
    pub keep: Duration,
}

/// How long some series are kept.
#[derive(Clone, Debug)]
pub struct RetentionRule {
    /// All must hold for a series.
    pub matchers: Vec<Matcher>,
    /// How long its samples are kept.
    pub keep: Duration,
}

impl Options {
    /// The rule that is about a series.
    pub(crate) fn rule_of(&self, labels: &Labels) -> Option<&RetentionRule> {
        self.retention_rules.iter().find(|rule| rule.matchers.iter().all(|one| one.matches(labels)))
    }

    /// How long samples of a series are kept in a block of raw samples or of a tier, unless that is down-sampled.
    pub(crate) fn kept_for(&self, labels: &Labels, resolution: Option<Resolution>) -> Duration {
        self.rule_of(labels).map_or(self.dropped_by_tier_after(resolution), |rule| rule.keep)
    }

    /// How long anything is kept in a block of raw samples or of a tier, unless that is down-sampled.
    pub(crate) fn dropped_after(&self, resolution: Option<Resolution>) -> Duration {
        RetentionRule::longest(&self.retention_rules, self.dropped_by_tier_after(resolution))
    }

    fn dropped_by_tier_after(&self, resolution: Option<Resolution>) -> Duration {
        let same_or_wider = self.tiers.iter().filter(|tier| Some(tier.resolution) >= resolution);
        same_or_wider.map(|tier| tier.keep).fold(self.retention, Duration::max)
    }

    /// How long samples stay in a tier, or raw, those of rules left aside.
    pub(crate) fn retention_in(&self, resolution: Option<Resolution>) -> Duration {
        let tier = self.tiers.iter().find(|tier| Some(tier.resolution) == resolution);
        tier.map_or(self.retention, |tier| tier.keep)
    }

    /// The tier that comes after one, or after raw samples, and from what age on.
    pub(crate) fn tier_after(&self, resolution: Option<Resolution>) -> Option<(Resolution, Duration)> {
        let next = self.tiers.iter().find(|tier| Some(tier.resolution) > resolution)?;
        Some((next.resolution, self.retention_in(resolution)))
    }

    /// Every length of time that samples of some series may be kept, shortest first, each once.
    pub(crate) fn retentions(&self) -> Vec<Duration> {
        let rules = self.retention_rules.iter().map(|rule| rule.keep);
        let tiers = self.tiers.iter().map(|tier| tier.keep);
        let mut all: Vec<Duration> = rules.chain(tiers).chain([self.retention]).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// How long samples are kept as they are that are kept longest.
    pub fn longest_retention(&self) -> Duration {
        RetentionRule::longest(&self.retention_rules, self.retention)
    }
}

impl RetentionRule {
    /// How long samples are kept that are kept longest; `otherwise` those are that no rule is about.
    pub fn longest(rules: &[Self], otherwise: Duration) -> Duration {
        rules.iter().map(|rule| rule.keep).fold(otherwise, Duration::max)
    }
}

/// Limits on the labels of one series. Names are any UTF-8, as in Prometheus 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelLimits {
    /// Labels of a series, its name included.
    pub max_labels: usize,
    /// Bytes of a label's name.
    pub max_name_bytes: usize,
    /// Bytes of a label's value, the metric's name included.
    pub max_value_bytes: usize,
}

impl Default for LabelLimits {
    fn default() -> Self {
        Self { max_labels: 64, max_name_bytes: 1024, max_value_bytes: 4096 }
    }
}

impl LabelLimits {
    /// Why `labels` is not a series here, or `None` when it is. That names are sorted and unique and values not
    /// empty, [`Labels`] sees to.
    pub(crate) fn refusal(&self, labels: &Labels) -> Option<String> {
        if labels.metric_name().is_empty() {
            return Some(format!("no label {METRIC_NAME}"));
        }
        if labels.len() > self.max_labels {
            return Some(format!("{} labels, at most {} are allowed", labels.len(), self.max_labels));
        }
        labels.iter().find_map(|label| {
            let name = excerpt(&label.name);
            match (label.name.len(), label.value.len()) {
                (0, _) => Some("a label without a name".to_owned()),
                (len, _) if len > self.max_name_bytes => Some(format!(
                    "label name {name:?} has {len} bytes, at most {} are allowed",
                    self.max_name_bytes
                )),
                (_, len) if len > self.max_value_bytes => Some(format!(
                    "value of label {name:?} has {len} bytes, at most {} are allowed",
                    self.max_value_bytes
                )),
                _ => None,
            }
        })
    }
}

/// The beginning of a text that may be absurdly long.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pairs: &[(&str, &str)], expected: Option<&str>) {
        let labels = Labels::from_pairs(pairs.iter().map(|&(name, value)| (name, value)));
        let limits = LabelLimits { max_labels: 3, max_name_bytes: 10, max_value_bytes: 8 };
        assert_eq!(limits.refusal(&labels).as_deref(), expected);
    }

    #[test]
    fn label_sets_within_the_limits_are_series() {
        check(&[("__name__", "up"), ("ünïcode", "x")], None);
        check(&[("job", "a")], Some("no label __name__"));
        check(&[("__name__", "up"), ("", "x")], Some("a label without a name"));
        check(
            &[("__name__", "up"), ("a", "1"), ("b", "2"), ("c", "3")],
            Some("4 labels, at most 3 are allowed"),
        );
        check(
            &[("__name__", "up"), ("elevenbytes", "1")],
            Some("label name \"elevenbytes\" has 11 bytes, at most 10 are allowed"),
        );
        check(
            &[("__name__", "up"), ("a", "123456789")],
            Some("value of label \"a\" has 9 bytes, at most 8 are allowed"),
        );
    }
}
