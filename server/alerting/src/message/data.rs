//! What templates of notifications see.

use std::collections::{BTreeMap, BTreeSet};

use crowsnest_api::{Label, Labels, Timestamp};
use smol_str::SmolStr;

use crate::dispatch::{Alert, Notification, common_annotations, common_labels};
use crate::template::{Class, Method, Param, STRING_LIST, Time, Value};

static DATA: Class = Class { name: "*template.Data", methods: &[] };
static ALERT: Class = Class { name: "template.Alert", methods: &[] };
static PAIR: Class = Class { name: "template.Pair", methods: &[] };
static ALERTS: Class = Class {
    name: "template.Alerts",
    methods: &[
        Method { name: "Firing", params: &[], call: |alerts, _| Ok(with_status(alerts, "firing")) },
        Method { name: "Resolved", params: &[], call: |alerts, _| Ok(with_status(alerts, "resolved")) },
    ],
};
static PAIRS: Class = Class {
    name: "template.Pairs",
    methods: &[
        Method { name: "Names", params: &[], call: |pairs, _| Ok(of_pairs(pairs, "Name")) },
        Method { name: "Values", params: &[], call: |pairs, _| Ok(of_pairs(pairs, "Value")) },
    ],
};
static KV: Class = Class {
    name: "template.KV",
    methods: &[
        Method { name: "Names", params: &[], call: |kv, _| Ok(of_pairs(&sorted_pairs(kv), "Name")) },
        Method {
            name: "Remove",
            params: &[Param::Strings],
            call: |kv, arguments| Ok(without(kv, arguments)),
        },
        Method { name: "SortedPairs", params: &[], call: |kv, _| Ok(sorted_pairs(kv)) },
        Method { name: "Values", params: &[], call: |kv, _| Ok(of_pairs(&sorted_pairs(kv), "Value")) },
    ],
};

fn with_status(alerts: &Value, status: &str) -> Value {
    let Value::List(list) = alerts else { return Value::Nil };
    let of_status = |alert: &&Value| alert.field("Status").and_then(Value::as_str) == Some(status);
    Value::list(&ALERTS, list.items.iter().filter(of_status).cloned().collect())
}

fn of_pairs(pairs: &Value, field: &str) -> Value {
    let Value::List(list) = pairs else { return Value::Nil };
    Value::list(&STRING_LIST, list.items.iter().filter_map(|pair| pair.field(field).cloned()).collect())
}

/// By name, `alertname` before all others.
fn sorted_pairs(kv: &Value) -> Value {
    let Value::Map(map) = kv else { return Value::Nil };
    let mut entries: Vec<_> = map.entries.iter().collect();
    entries.sort_by_key(|(name, _)| (name.as_str() != "alertname", (*name).clone()));
    let pair = |(name, value): (&SmolStr, &Value)| {
        Value::record(&PAIR, vec![("Name", Value::str(name.clone())), ("Value", value.clone())])
    };
    Value::list(&PAIRS, entries.into_iter().map(pair).collect())
}

fn without(kv: &Value, arguments: &[Value]) -> Value {
    let (Value::Map(map), Some(Value::List(names))) = (kv, arguments.first()) else { return kv.clone() };
    let names: BTreeSet<&str> = names.items.iter().filter_map(Value::as_str).collect();
    let kept = map.entries.iter().filter(|(name, _)| !names.contains(name.as_str()));
    Value::string_map(&KV, kept.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default())))
}

fn labels_map(labels: &Labels) -> Value {
    Value::string_map(&KV, labels.iter().map(|label| (label.name.clone(), label.value.clone())))
}

fn texts_map<'t>(texts: impl IntoIterator<Item = (&'t SmolStr, &'t String)>) -> Value {
    Value::string_map(&KV, texts.into_iter().map(|(name, text)| (name.clone(), text.as_str())))
}

fn time(at: Timestamp) -> Value {
    let nanos = i32::try_from(at.millis().rem_euclid(1000)).unwrap_or(0) * 1_000_000;
    Value::Time(Time::utc(at.millis().div_euclid(1000), nanos))
}

/// The data of a notification.
pub(super) fn of(notification: &Notification, external_url: &str) -> Value {
    let (alerts, at) = (&notification.alerts, notification.at);
    let (firing, resolved): (Vec<&Alert>, Vec<&Alert>) =
        alerts.iter().partition(|alert| !alert.is_resolved(at));
    let (labels, annotations) = (common_labels(alerts), common_annotations(alerts));
    let receiver = regex::escape(&notification.receiver);
    let link = format!("{external_url}/#/alerts?receiver={}", escaped(&notification.receiver));
    let values: Vec<&str> = annotations.values().map(|text| text.as_str()).collect();
    let summary = values.join(" ");
    let (firing_list, resolved_list) = (list(&firing), list(&resolved));
    let section = |title: &str, list: &str, before: &str, after: &str| {
        if list.is_empty() { String::new() } else { format!("{before}{title}:\n{list}{after}") }
    };
    let description = format!(
        "{summary}{}\n{}",
        section("Alerts Firing", &firing_list, "\n", ""),
        section("Alerts Resolved", &resolved_list, "", "")
    );
    let long = format!(
        "\n{}\n{}\n",
        section("Alerts Firing", &firing_list, "\n", "\n"),
        section("Alerts Resolved", &resolved_list, "\n", "\n")
    );
    let status = if firing.is_empty() { "resolved" } else { "firing" };
    let fields = vec![
        ("Receiver", Value::str(receiver)),
        ("Status", Value::str(status)),
        ("Alerts", Value::list(&ALERTS, alerts.iter().map(|one| alert(one, at)).collect())),
        ("GroupLabels", labels_map(&notification.group_labels)),
        ("CommonLabels", labels_map(&labels)),
        ("CommonAnnotations", texts_map(annotations)),
        ("ExternalURL", Value::str(external_url)),
        ("NotificationReason", Value::str(notification.reason.words())),
        ("DefaultTitle", Value::str(title(&notification.group_labels, &labels, firing.len()))),
        ("DefaultLink", Value::str(link)),
        ("DefaultSummary", Value::str(summary)),
        ("DefaultDescription", Value::str(description)),
        ("DefaultList", Value::str(long)),
    ];
    Value::record(&DATA, fields)
}

/// `[FIRING:2] DiskFull c1 (n1 critical)`: the state, the values of the group's labels, and in parentheses those of the
/// other labels that all alerts have.
fn title(group: &Labels, common: &Labels, firing: usize) -> String {
    let by_name = |labels: &Labels, is_wanted: &dyn Fn(&Label) -> bool| {
        let mut wanted: Vec<&Label> = labels.iter().filter(|label| is_wanted(label)).collect();
        wanted.sort_by_key(|label| (label.name != "alertname", label.name.clone()));
        wanted.iter().map(|label| label.value.to_string()).collect::<Vec<_>>().join(" ")
    };
    let state = if firing > 0 { format!("FIRING:{firing}") } else { "RESOLVED".to_owned() };
    let others = by_name(common, &|label| group.get(&label.name).is_none());
    let others = if common.len() > group.len() { format!("({others})") } else { String::new() };
    format!("[{state}] {} {others}", by_name(group, &|_| true))
}

fn list(alerts: &[&Alert]) -> String {
    alerts.iter().map(|alert| text(alert)).collect()
}

/// Everything about an alert, a line each.
fn text(alert: &Alert) -> String {
    let mut labels: Vec<&Label> = alert.labels.iter().collect();
    labels.sort_by_key(|label| (label.name != "alertname", label.name.clone()));
    let mut text = "Labels:\n".to_owned();
    for label in labels {
        text.push_str(&format!(" - {} = {}\n", label.name, label.value));
    }
    text.push_str("Annotations:\n");
    for (name, value) in &alert.annotations {
        text.push_str(&format!(" - {name} = {value}\n"));
    }
    text.push_str(&format!("Source: {}\n", alert.generator_url));
    text
}

fn alert(alert: &Alert, at: Timestamp) -> Value {
    let is_resolved = alert.is_resolved(at);
    let ends_at = if is_resolved { time(alert.ends_at) } else { Value::Time(Time::utc(-62_135_596_800, 0)) };
    let fields = vec![
        ("Status", Value::str(if is_resolved { "resolved" } else { "firing" })),
        ("Labels", labels_map(&alert.labels)),
        ("Annotations", texts_map(alert.annotations.iter().collect::<BTreeMap<_, _>>())),
        ("StartsAt", time(alert.starts_at)),
        ("EndsAt", ends_at),
        ("GeneratorURL", Value::str(alert.generator_url.clone())),
        ("Fingerprint", Value::str(alert.fingerprint().to_string())),
        ("DefaultText", Value::str(text(alert))),
    ];
    Value::record(&ALERT, fields)
}

/// As Go's `url.QueryEscape`.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
