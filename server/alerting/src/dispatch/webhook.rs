//! The body of a webhook: Alertmanager's payload of version 4, field for field and byte for byte.

use std::collections::BTreeMap;

use crowsnest_api::{Labels, Timestamp};
use serde::Serialize;
use smol_str::SmolStr;

use super::{Alert, Notification};

/// What Alertmanager has added since 0.25, to be sent or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// As 0.25 sends it.
    Classic,
    /// With `notification_reason`.
    WithReason,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    receiver: String,
    status: &'static str,
    alerts: Vec<AlertBody<'a>>,
    #[serde(rename = "notification_reason", skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    group_labels: &'a Labels,
    common_labels: Labels,
    common_annotations: BTreeMap<&'a SmolStr, &'a String>,
    #[serde(rename = "externalURL")]
    external_url: &'a str,
    version: &'static str,
    group_key: &'a str,
    truncated_alerts: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertBody<'a> {
    status: &'static str,
    labels: &'a Labels,
    annotations: &'a BTreeMap<SmolStr, String>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
    fingerprint: String,
}

/// The body, with at most `max_alerts` alerts; 0 for all.
pub fn body(notification: &Notification, external_url: &str, max_alerts: usize, version: Version) -> Vec<u8> {
    let alerts = &notification.alerts;
    let shown = if max_alerts == 0 { alerts.len() } else { max_alerts.min(alerts.len()) };
    let at = notification.at;
    let body = Body {
        receiver: regex::escape(&notification.receiver),
        status: status(alerts.iter().all(|alert| alert.is_resolved(at))),
        alerts: alerts.iter().take(shown).map(|alert| alert_body(alert, at)).collect(),
        reason: (version == Version::WithReason).then_some(notification.reason.words()),
        group_labels: &notification.group_labels,
        common_labels: common_labels(alerts),
        common_annotations: common_annotations(alerts),
        external_url,
        version: "4",
        group_key: &notification.group_key,
        truncated_alerts: alerts.len() - shown,
    };
    // Nothing in it cannot be written as JSON.
    let plain = serde_json::to_string(&body).unwrap_or_default();
    let mut text = String::with_capacity(plain.len() + 1);
    // As Go writes it, safe inside of HTML. These characters stand in strings only.
    for c in plain.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('\n');
    text.into_bytes()
}

fn alert_body(alert: &Alert, at: Timestamp) -> AlertBody<'_> {
    let is_resolved = alert.is_resolved(at);
    AlertBody {
        status: status(is_resolved),
        labels: &alert.labels,
        annotations: &alert.annotations,
        starts_at: rfc3339(alert.starts_at),
        // While it fires, nobody knows when it ends.
        ends_at: if is_resolved { rfc3339(alert.ends_at) } else { "0001-01-01T00:00:00Z".to_owned() },
        generator_url: &alert.generator_url,
        fingerprint: alert.fingerprint().to_string(),
    }
}

const fn status(is_resolved: bool) -> &'static str {
    if is_resolved { "resolved" } else { "firing" }
}

/// A time as Go writes it: fractions of a second only as long as they are.
pub fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default().to_string()
}

/// Labels that all alerts have, with the same value.
pub(crate) fn common_labels(alerts: &[Alert]) -> Labels {
    let Some((first, rest)) = alerts.split_first() else { return Labels::empty() };
    let mut common = first.labels.to_builder();
    common.retain(|label| rest.iter().all(|alert| alert.labels.get(&label.name) == Some(&label.value)));
    common.build()
}

/// Annotations that all alerts have, with the same text.
pub(crate) fn common_annotations(alerts: &[Alert]) -> BTreeMap<&SmolStr, &String> {
    let Some((first, rest)) = alerts.split_first() else { return BTreeMap::new() };
    let is_common = |(name, text): &(&SmolStr, &String)| {
        rest.iter().all(|alert| alert.annotations.get(*name) == Some(*text))
    };
    first.annotations.iter().filter(is_common).collect()
}
