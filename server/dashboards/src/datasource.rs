//! Which data source a query means.
//!
//! There is one store of metrics here, so every reference that can mean Prometheus means it: `${DS_PROMETHEUS}`, `$datasource`,
//! uids and names of other installations, null. What is plainly for another kind of source says which.
//! The forms of references are those of Grafana 5 (a name) to 13 (`{type, uid}`).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::json;

/// The uid, and the value of a data source variable, of our store.
pub const UID: &str = "crowsnest";
/// Its name in lists.
pub const NAME: &str = "Crowsnest";

/// Where a query's answer comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Our store.
    Metrics,
    /// Each query says for itself.
    Mixed,
    /// Grafana's own, `-- Grafana --`: random numbers and stored annotations.
    Grafana,
    /// The data of another panel, `-- Dashboard --`.
    Dashboard,
    /// Arithmetic over other queries, `__expr__`.
    Expression,
    /// Another kind, by the id of its plug-in: `loki`.
    Other(String),
}

/// Plug-ins whose queries are PromQL.
const PROMETHEUS_LIKE: &[&str] = &[
    "grafana-amazonprometheus-datasource",
    "grafana-azureprometheus-datasource",
    "prometheus",
    "thanos",
    "victoriametrics-datasource",
    "victoriametrics-metrics-datasource",
];

/// Plug-ins that a bare name may mean: such a name, `Loki`, is for them and not for us.
const OTHERS: &[&str] = &[
    "alertmanager",
    "azuremonitor",
    "cloudwatch",
    "elasticsearch",
    "graphite",
    "influxdb",
    "jaeger",
    "loki",
    "mssql",
    "mysql",
    "opensearch",
    "opentsdb",
    "parca",
    "postgres",
    "pyroscope",
    "stackdriver",
    "tempo",
    "testdata",
    "zipkin",
];

/// The kinds that the data source variables of a dashboard list, by the variable's name.
#[derive(Clone, Debug, Default)]
pub struct SourceVariables(BTreeMap<String, String>);

impl SourceVariables {
    /// Those of a classic dashboard.
    pub fn of(dashboard: &Value) -> Self {
        let variables = json::list(dashboard, "templating.list").iter();
        let sources =
            variables.filter(|variable| json::text(variable, "type").as_deref() == Some("datasource"));
        Self(sources.filter_map(|it| Some((json::text(it, "name")?, json::text(it, "query")?))).collect())
    }

    fn kind(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// What `reference` means: null, a name, or `{type, uid}`.
pub fn resolve(reference: &Value, variables: &SourceVariables) -> Source {
    if let Some(name) = reference.as_str() {
        return by_name(name, variables);
    }
    let kind = json::text(reference, "type").unwrap_or_default();
    let uid = json::text(reference, "uid").unwrap_or_default();
    match kind.as_str() {
        "" => by_name(&uid, variables),
        "datasource" if uid == "grafana" => Source::Grafana,
        "datasource" => by_name(&uid, variables),
        "__expr__" => Source::Expression,
        "grafana" => Source::Grafana,
        kind if PROMETHEUS_LIKE.contains(&kind) => Source::Metrics,
        // `${type}`: a variable that only the other installation has.
        kind if kind.starts_with('$') => by_name(&uid, variables),
        kind => Source::Other(kind.to_owned()),
    }
}

/// Whether a plug-in is asked in PromQL.
pub(crate) fn is_prometheus_like(plugin: &str) -> bool {
    PROMETHEUS_LIKE.contains(&plugin)
}

fn by_name(name: &str, variables: &SourceVariables) -> Source {
    if let Some(variable) = variable_name(name) {
        return match variables.kind(variable) {
            Some(kind) if !kind.is_empty() && !PROMETHEUS_LIKE.contains(&kind) => {
                Source::Other(kind.to_owned())
            }
            _ => Source::Metrics,
        };
    }
    match name {
        "-- Mixed --" => Source::Mixed,
        "-- Grafana --" | "grafana" => Source::Grafana,
        "-- Dashboard --" => Source::Dashboard,
        "__expr__" | "-100" => Source::Expression,
        _ => {
            let lower = name.to_ascii_lowercase();
            if OTHERS.contains(&lower.as_str()) { Source::Other(lower) } else { Source::Metrics }
        }
    }
}

/// `datasource` of `$datasource`, `${datasource}`, `${datasource:raw}`, `[[datasource]]`.
fn variable_name(text: &str) -> Option<&str> {
    let inner = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .or_else(|| text.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]")))
        .or_else(|| text.strip_prefix('$'))?;
    inner.split([':', '.']).next()
}

/// The name of a reference to a source of another installation, which ours stands in for; `None` for variables and for ours.
pub(crate) fn foreign_name(reference: &Value) -> Option<String> {
    let name = match reference {
        Value::String(name) => Some(name.clone()),
        reference => json::text(reference, "uid"),
    }?;
    let known =
        name.is_empty() || name == UID || name == NAME || name == "default" || variable_name(&name).is_some();
    (!known).then_some(name)
}

/// `reference` in the form of today, `{type, uid}`; `None` where it says nothing.
pub(crate) fn to_object(reference: &Value, variables: &SourceVariables) -> Option<Value> {
    let kind = |source| match source {
        Source::Metrics => Some("prometheus".to_owned()),
        Source::Mixed | Source::Grafana | Source::Dashboard => Some("datasource".to_owned()),
        Source::Expression => Some("__expr__".to_owned()),
        Source::Other(kind) => Some(kind),
    };
    match reference {
        Value::String(name) if name == "default" || name.is_empty() => None,
        Value::String(name) => {
            let uid = if name == "-- Grafana --" { "grafana" } else { name };
            Some(json!({"type": kind(by_name(name, variables)), "uid": uid}))
        }
        Value::Object(map) if map.is_empty() => None,
        Value::Object(map) => {
            let mut map = map.clone();
            map.retain(|key, value| !(value.is_null() && matches!(key.as_str(), "type" | "uid")));
            if !map.contains_key("type") {
                map.insert("type".to_owned(), kind(resolve(reference, variables)).into());
            }
            Some(Value::Object(map))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reference: &Value, expected: &Source) {
        let dashboard = json!({"templating": {"list": [
            {"type": "datasource", "name": "datasource", "query": "prometheus"},
            {"type": "datasource", "name": "logs", "query": "loki"},
        ]}});
        assert_eq!(&resolve(reference, &SourceVariables::of(&dashboard)), expected, "{reference}");
    }

    #[test]
    fn whatever_can_mean_prometheus_means_our_store() {
        for reference in [
            Value::Null,
            json!("Prometheus"),
            json!("$datasource"),
            json!("${DS_PROMETHEUS}"),
            json!("[[datasource]]"),
            json!({"uid": "PBFA97CFB590B2093"}),
            json!({"type": "prometheus", "uid": "abc"}),
            json!({}),
        ] {
            check(&reference, &Source::Metrics);
        }
    }

    #[test]
    fn what_is_for_another_kind_says_so() {
        check(&json!({"type": "loki", "uid": "x"}), &Source::Other("loki".into()));
        check(&json!("Loki"), &Source::Other("loki".into()));
        check(&json!("$logs"), &Source::Other("loki".into()));
        check(&json!({"type": "datasource", "uid": "-- Mixed --"}), &Source::Mixed);
        check(&json!("-- Grafana --"), &Source::Grafana);
        check(&json!({"type": "datasource", "uid": "grafana"}), &Source::Grafana);
        check(&json!({"type": "__expr__", "uid": "${DS_EXPRESSION}"}), &Source::Expression);
    }

    #[test]
    fn old_names_become_objects() {
        let none = SourceVariables::default();
        assert_eq!(to_object(&json!("$ds"), &none), Some(json!({"type": "prometheus", "uid": "$ds"})));
        assert_eq!(to_object(&Value::Null, &none), None);
    }
}
