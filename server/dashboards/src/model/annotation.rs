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
    /// The one that every dashboard has, of stored annotations and alerts.
    pub built_in: bool,
    /// Colour of the marks.
    pub color: String,
    /// PromQL, before interpolation: a mark at every time with a sample of 1 or more. Empty where the source is not our store.
    pub expr: String,
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

impl Annotation {
    pub(crate) fn read(value: &Value, sources: &SourceVariables) -> Self {
        let source = datasource::resolve(value.get("datasource").unwrap_or(&Value::Null), sources);
        let ids: Vec<i64> = json::list(value, "filter.ids").iter().filter_map(Value::as_i64).collect();
        let tags = json::text(value, "tagKeys").unwrap_or_default();
        let expr =
            json::filled(value, "expr").or_else(|| json::filled(value, "target.expr")).unwrap_or_default();
        Self {
            name: json::text(value, "name").unwrap_or_default(),
            enabled: json::flag(value, "enable"),
            hidden: json::flag(value, "hide"),
            built_in: json::flag(value, "builtIn"),
            color: json::filled(value, "iconColor").unwrap_or_else(|| "red".to_owned()),
            expr: if source == Source::Metrics { expr } else { String::new() },
            step: json::text(value, "step").unwrap_or_default(),
            title: json::text(value, "titleFormat").unwrap_or_default(),
            text: json::text(value, "textFormat").unwrap_or_default(),
            tags: tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
            value_is_time: json::flag(value, "useValueForTime"),
            panels: if json::flag(value, "filter.exclude") || ids.is_empty() { Err(ids) } else { Ok(ids) },
        }
    }
}
