//! The life of an alert: pending, firing, resolved.

use std::collections::BTreeMap;
use std::time::Duration;

use crowsnest_api::{Labels, METRIC_NAME, Timestamp};
use crowsnest_promql::{SampleValue, VectorElement};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::Surroundings;
use super::template::RuleHost;
use crate::rules::{Alert, Rule};
use crate::template::AlertData;

/// The series that says which alerts there are.
pub const STATE: &str = "ALERTS";
/// The series that says since when.
pub const FOR_STATE: &str = "ALERTS_FOR_STATE";
/// The label that holds an alert's name.
const ALERT_NAME: &str = "alertname";
/// The label that holds an alert's state.
const ALERT_STATE: &str = "alertstate";
/// How long a resolved alert is remembered, so that whoever did not hear of its end is told again.
const RETENTION: Duration = Duration::from_mins(15);

/// How far an alert has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// It fired, and does no more.
    Inactive,
    /// Its expression gives its series, but not yet for long enough.
    Pending,
    /// It fires.
    Firing,
}

impl AlertState {
    /// Prometheus's word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

/// An alert of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActiveAlert {
    /// Who it is, `alertname` included.
    pub labels: Labels,
    /// Texts for people.
    pub annotations: BTreeMap<SmolStr, String>,
    /// How far it has come.
    pub state: AlertState,
    /// The value of its series at the last evaluation that gave it.
    #[serde(with = "value_as_text")]
    pub value: f64,
    /// Since when the expression gives its series.
    pub active_at: Timestamp,
    /// Since when it fires.
    pub fired_at: Option<Timestamp>,
    /// Since when it fires no more.
    pub resolved_at: Option<Timestamp>,
    /// Since when it fires only because of `keep_firing_for`.
    pub keep_firing_since: Option<Timestamp>,
    /// When whoever is told of alerts was last told of this one.
    pub last_sent_at: Option<Timestamp>,
    /// Until when it counts as firing when nothing more is heard.
    pub valid_until: Option<Timestamp>,
}

/// JSON has no NaN and no infinities.
mod value_as_text {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crowsnest_api::format_value(*value))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        let text = String::deserialize(deserializer)?;
        crowsnest_api::parse_value(&text).ok_or_else(|| serde::de::Error::custom("not a number"))
    }
}

impl ActiveAlert {
    /// The alert as it is to be told of at `at`, and remembers that it was: when it fires or has fired, and this was not
    /// told in the last `resend`, or its end not at all. It then counts as firing for four times the larger of `resend`
    /// and the group's `interval`.
    pub(super) fn take_due(&mut self, at: Timestamp, resend: Duration, interval: Duration) -> Option<Self> {
        let is_due = self.state != AlertState::Pending
            && (self.resolved_at > self.last_sent_at
                || self.last_sent_at.is_none_or(|sent| sent.plus(resend) < at));
        if !is_due {
            return None;
        }
        self.last_sent_at = Some(at);
        self.valid_until = Some(at.plus(resend.max(interval).saturating_mul(4)));
        Some(self.clone())
    }
}

/// An alert that an evaluation has found.
pub(super) struct Found {
    annotations: BTreeMap<SmolStr, String>,
    value: f64,
}

/// The alerts that the answer of the expression stands for.
pub(super) fn found(
    alert: &Alert,
    rule: &Rule,
    vector: Vec<VectorElement>,
    at: Timestamp,
    around: &Surroundings<'_>,
) -> Result<BTreeMap<Labels, Found>, String> {
    let host = RuleHost { at, around };
    let mut found = BTreeMap::new();
    for element in vector {
        let value = element.value.float().unwrap_or(0.0);
        let data = AlertData::new(&element.labels, around.external_labels, around.external_url, value);
        let mut builder = element.labels.to_builder();
        builder.remove(METRIC_NAME);
        for (label, template) in &rule.labels {
            builder.set(label.clone(), template.expand_or_explain(&data, &host));
        }
        builder.set(ALERT_NAME, alert.name.clone());
        let expand = |(name, template): &(SmolStr, crate::template::RuleTemplate)| {
            (name.clone(), template.expand_or_explain(&data, &host))
        };
        let annotations = alert.annotations.iter().map(expand).collect();
        if found.insert(builder.build(), Found { annotations, value }).is_some() {
            return Err(
                "vector contains metrics with the same labelset after applying alert labels".to_owned()
            );
        }
    }
    Ok(found)
}

/// Takes alerts from one evaluation to the next.
pub(super) fn advance(
    alerts: &mut BTreeMap<Labels, ActiveAlert>,
    rule: &Alert,
    mut found: BTreeMap<Labels, Found>,
    at: Timestamp,
) {
    alerts.retain(|labels, alert| match found.remove(labels) {
        Some(found) if alert.state == AlertState::Inactive => {
            *alert = started(labels.clone(), found, at);
            true
        }
        Some(found) => {
            (alert.annotations, alert.value) = (found.annotations, found.value);
            alert.keep_firing_since = None;
            true
        }
        None => is_remembered(alert, rule, at),
    });
    for (labels, found) in found {
        alerts.insert(labels.clone(), started(labels, found, at));
    }
    for alert in alerts.values_mut() {
        let has_held = since(alert.active_at, at) >= rule.hold;
        match alert.state {
            AlertState::Pending if has_held => {
                alert.state = AlertState::Firing;
                alert.fired_at = Some(at);
            }
            // A reload has made `for` longer.
            AlertState::Firing if !has_held && alert.keep_firing_since.is_none() => {
                alert.state = AlertState::Pending;
                alert.fired_at = None;
            }
            AlertState::Firing | AlertState::Pending | AlertState::Inactive => {}
        }
    }
}

fn started(labels: Labels, found: Found, at: Timestamp) -> ActiveAlert {
    ActiveAlert {
        labels,
        annotations: found.annotations,
        state: AlertState::Pending,
        value: found.value,
        active_at: at,
        fired_at: None,
        resolved_at: None,
        keep_firing_since: None,
        last_sent_at: None,
        valid_until: None,
    }
}

/// What becomes of an alert whose series the expression does not give; false when it is forgotten.
fn is_remembered(alert: &mut ActiveAlert, rule: &Alert, at: Timestamp) -> bool {
    match alert.state {
        AlertState::Pending => false,
        AlertState::Inactive => alert.resolved_at.is_none_or(|resolved| since(resolved, at) <= RETENTION),
        AlertState::Firing => {
            let kept_since = *alert.keep_firing_since.get_or_insert(at);
            if since(kept_since, at) >= rule.keep_firing {
                alert.state = AlertState::Inactive;
                (alert.resolved_at, alert.keep_firing_since) = (Some(at), None);
            }
            true
        }
    }
}

fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(now.millis().saturating_sub(then.millis())).unwrap_or(0))
}

/// Those that are pending or firing.
pub(super) fn active(alerts: &BTreeMap<Labels, ActiveAlert>) -> impl Iterator<Item = &ActiveAlert> {
    alerts.values().filter(|alert| alert.state != AlertState::Inactive)
}

/// The series that say what is pending and firing, and since when.
pub(super) fn series(alerts: &BTreeMap<Labels, ActiveAlert>) -> Vec<(Labels, SampleValue)> {
    let of_one = |alert: &ActiveAlert| {
        let mut state = alert.labels.to_builder();
        state.set(METRIC_NAME, STATE).set(ALERT_STATE, alert.state.name());
        let mut since = alert.labels.to_builder();
        since.set(METRIC_NAME, FOR_STATE);
        let seconds = alert.active_at.millis().div_euclid(1000) as f64;
        [(state.build(), SampleValue::Float(1.0)), (since.build(), SampleValue::Float(seconds))]
    };
    active(alerts).flat_map(of_one).collect()
}
