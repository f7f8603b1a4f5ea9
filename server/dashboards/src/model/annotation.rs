//! Annotations: marks over charts.

use serde_json::Value;

use crate::datasource::{self, Source, SourceVariables};
use crate::json;

/// A source of marks over charts.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// Its name beside the switch.
    pub name: String,
    /// Whether it is on.
    pub enabled: bool,
    /// Whether there is no switch for it.
    pub hidden: bool,
    /// Colour of the marks.
    pub color: String,
    /// PromQL, before interpolation: a mark at every time with a sample of 1 or more. Empty where the source is not our store.
    pub expr: String,
    /// What is marked of the cluster's events; `None` where the source is another.
    pub events: Option<EventSource>,
    /// Step of the query, before interpolation; may be empty.
    pub step: String,
    /// Template of a mark's title, as in legends.
    pub title: String,
    /// Template of a mark's text.
    pub text: String,
    /// Labels whose values are tags.
    pub tags: Vec<String>,
    /// Whether a sample's value is the mark's time in milliseconds.
    pub value_is_time: bool,
    /// Numbers of the panels it is for: `Ok` only those, `Err` all but those. Empty is all.
    pub panels: Result<Vec<i64>, Vec<i64>>,
}

/// Which events of the cluster are marked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventSource {
    /// Namespaces before interpolation, several as `a|b`; empty is all.
    pub namespaces: String,
    /// A part of the object, as `Pod/web-`, before interpolation; empty is any.
    pub object: String,
    /// Whether what is normal is marked, too.
    pub with_normal: bool,
}

/// Our own kinds of sources, by `type`.
const ALERTS: &str = "crowsnest-alerts";
const EVENTS: &str = "crowsnest-events";

impl Annotation {
    pub(crate) fn read(value: &Value, sources: &SourceVariables) -> Self {
        let source = datasource::resolve(value.get("datasource").unwrap_or(&Value::Null), sources);
        let ids: Vec<i64> = json::list(value, "filter.ids").iter().filter_map(Value::as_i64).collect();
        let tags = json::text(value, "tagKeys").unwrap_or_default();
        let expr =
            json::filled(value, "expr").or_else(|| json::filled(value, "target.expr")).unwrap_or_default();
        let kind = json::text(value, "type").unwrap_or_default();
        // Grafana's own source, which every dashboard has: there it marks alerts that belong to the dashboard, here all that one may see. So
        // somebody has to want it.
        let is_built_in = json::flag(value, "builtIn");
        let is_alerts = kind == ALERTS || is_built_in;
        let template = |name: &str, otherwise: &str| {
            let usual = if is_alerts { otherwise } else { "" };
            json::filled(value, name).unwrap_or_else(|| usual.to_owned())
        };
        let expr = match kind.as_str() {
            EVENTS => String::new(),
            _ if is_alerts => alerts(&json::text(value, "target.matchers").unwrap_or_default()),
            _ if source == Source::Metrics => expr,
            _ => String::new(),
        };
        Self {
            name: json::text(value, "name").unwrap_or_default(),
            enabled: json::flag(value, "enable") && !is_built_in,
            hidden: json::flag(value, "hide") && !is_built_in,
            color: json::filled(value, "iconColor").unwrap_or_else(|| "red".to_owned()),
            expr,
            events: (kind == EVENTS).then(|| EventSource {
                namespaces: json::text(value, "target.namespace").unwrap_or_default(),
                object: json::text(value, "target.object").unwrap_or_default(),
                with_normal: json::flag(value, "target.normal"),
            }),
            step: json::text(value, "step").unwrap_or_default(),
            title: template("titleFormat", "{{alertname}}"),
            text: template("textFormat", "{{severity}} {{namespace}} {{node}}"),
            tags: tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
            value_is_time: json::flag(value, "useValueForTime"),
            panels: if json::flag(value, "filter.exclude") || ids.is_empty() { Err(ids) } else { Ok(ids) },
        }
    }
}

/// Alerts while they fire, by further conditions: the store has them as series, which are confined as all others are.
fn alerts(matchers: &str) -> String {
    let more = matchers.trim().trim_matches(['{', '}', ',']);
    if more.is_empty() {
        r#"ALERTS{alertstate="firing"}"#.to_owned()
    } else {
        format!(r#"ALERTS{{alertstate="firing",{more}}}"#)
    }
}
