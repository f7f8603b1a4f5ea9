//! One query of a panel.

use serde_json::Value;

use crate::datasource::{self, Source, SourceVariables};
use crate::json;

/// One query of a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// `A`; names the result in transformations and overrides.
    pub ref_id: String,
    /// What is asked.
    pub kind: TargetKind,
    /// PromQL before interpolation.
    pub expr: String,
    /// Whether a person has switched it off.
    pub hidden: bool,
    /// One sample at the end of the time range.
    pub instant: bool,
    /// Samples over the time range.
    pub range: bool,
    /// The form of the result.
    pub format: Format,
    /// Template of series' names; `None` where it is to be chosen from the labels that differ (`__auto`).
    pub legend: Option<String>,
    /// Least step, before interpolation; empty where the panel's counts.
    pub interval: String,
    /// The step is multiplied by it.
    pub interval_factor: u32,
    /// Whether exemplars are wanted; there are none here.
    pub exemplar: bool,
}

/// What a query asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// Our store.
    Metrics,
    /// The data of the panel with this number.
    Panel(i64),
    /// A data source of a kind that is not here.
    Missing(String),
}

/// The form of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One frame a series.
    #[default]
    TimeSeries,
    /// One frame with labels as columns.
    Table,
    /// Buckets in the order of their bounds, each without those below it.
    Heatmap,
}

impl Target {
    /// Reads a query; `panel_source` is where it goes when it does not say.
    pub(crate) fn read(value: &Value, panel_source: &Source, sources: &SourceVariables) -> Self {
        let source = match value.get("datasource") {
            Some(reference) if !reference.is_null() => datasource::resolve(reference, sources),
            _ => panel_source.clone(),
        };
        let kind = match source {
            Source::Metrics | Source::Mixed => TargetKind::Metrics,
            Source::Dashboard => TargetKind::Panel(json::whole(value, "panelId", 0, i64::from(u32::MAX), 0)),
            Source::Grafana => TargetKind::Missing("grafana".to_owned()),
            Source::Expression => TargetKind::Missing("__expr__".to_owned()),
            Source::Other(kind) => TargetKind::Missing(kind),
        };
        let instant = json::flag(value, "instant");
        let legend = json::text(value, "legendFormat").unwrap_or_default();
        Self {
            ref_id: json::text(value, "refId").unwrap_or_default(),
            kind,
            expr: json::text(value, "expr").unwrap_or_default(),
            hidden: json::flag(value, "hide"),
            instant,
            // Both may be asked for; neither is a range.
            range: json::flag(value, "range") || !instant,
            format: match json::text(value, "format").as_deref() {
                Some("table") => Format::Table,
                Some("heatmap") => Format::Heatmap,
                _ => Format::TimeSeries,
            },
            legend: (legend != "__auto").then_some(legend),
            interval: json::text(value, "interval").unwrap_or_default(),
            interval_factor: u32::try_from(json::whole(value, "intervalFactor", 1, 100, 1)).unwrap_or(1),
            exemplar: json::flag(value, "exemplar"),
        }
    }
}
