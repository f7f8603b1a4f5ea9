//! Alerts of rules, as the notifier takes them.

use crowsnest_alerting::dispatch::Alert;
use crowsnest_alerting::evaluation::ActiveAlert;

use super::RuleSettings;

/// An alert with the server's labels, which override none of its own, and a link to the query of its rule.
pub(super) fn told((alert, query): (ActiveAlert, String), settings: &RuleSettings) -> Alert {
    let mut labels = settings.external_labels.to_builder();
    for label in &alert.labels {
        labels.set(label.name.clone(), label.value.clone());
    }
    let escaped: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let told_at = alert.last_sent_at.unwrap_or(alert.active_at);
    Alert {
        labels: labels.build(),
        annotations: alert.annotations.into_iter().filter(|(_, text)| !text.is_empty()).collect(),
        starts_at: alert.fired_at.unwrap_or(alert.active_at),
        ends_at: alert.resolved_at.or(alert.valid_until).unwrap_or(told_at),
        updated_at: told_at,
        generator_url: format!("{}/graph?g0.expr={escaped}&g0.tab=1", settings.external_url),
        timed_out: false,
    }
}
