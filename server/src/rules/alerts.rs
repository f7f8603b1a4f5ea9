//! Alerts of rules, as the notifier takes them.

use crowsnest_alerting::dispatch::Alert;
use crowsnest_alerting::evaluation::ActiveAlert;
use crowsnest_api::Labels;
use crowsnest_api::alerts::Threshold;
use crowsnest_promql::Expr;

use super::RuleSettings;

/// An alert with the server's labels, which override none of its own, and a link to the query of its rule.
pub(super) fn told((alert, query): (ActiveAlert, String), settings: &RuleSettings) -> Alert {
    let told_at = alert.last_sent_at.unwrap_or(alert.active_at);
    Alert {
        labels: told_labels(&alert.labels, &settings.external_labels),
        annotations: alert.annotations.into_iter().filter(|(_, text)| !text.is_empty()).collect(),
        starts_at: alert.fired_at.unwrap_or(alert.active_at),
        ends_at: alert.resolved_at.or(alert.valid_until).unwrap_or(told_at),
        updated_at: told_at,
        generator_url: generator_url(&query, &settings.external_url),
        timed_out: false,
    }
}

/// Where an alert of ours says that it comes from: the page of its rule's query.
pub(super) fn generator_url(query: &str, external_url: &str) -> String {
    let escaped: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    format!("{external_url}/graph?g0.expr={escaped}&g0.tab=1")
}

/// What an expression compares with a number, where that is what it does.
pub(crate) fn threshold(expr: &Expr) -> Option<Threshold> {
    let (query, op, value) = expr.threshold()?;
    Some(Threshold { query: query.to_string(), op: op.to_owned(), value })
}

/// Labels with those of the server, which override none of them.
pub(super) fn told_labels(labels: &Labels, external: &Labels) -> Labels {
    let mut told = external.to_builder();
    for label in labels {
        told.set(label.name.clone(), label.value.clone());
    }
    told.build()
}
