//! Old dashboards in the form of today, classic schema version 42.
//!
//! A step looks for what it changes, not at `schemaVersion`: exports with a wrong number are common, and so a second run finds
//! nothing to do. What the steps mean was read in Grafana 13.2's behaviour; `schemaVersion` 12 is the oldest.

mod dashboard;
mod field_options;
mod graph;
mod mappings;
mod overrides;
mod rows;
mod singlestat;
mod table;
mod thresholds;

use serde_json::Value;

use crate::datasource::SourceVariables;
use crate::json;
use crate::kinds::RENAMED;
use crate::report::Remark;

/// The schema version that dashboards have after the steps.
pub const SCHEMA_VERSION: i64 = 42;

pub(crate) use dashboard::migrate as migrate_dashboard;
pub(crate) use rows::to_grid as rows_to_grid;

/// The kind a panel had before [`migrate_panel`] and the one it has now.
pub(crate) struct Conversion {
    pub(crate) from: String,
    pub(crate) to: &'static str,
}

/// Brings one panel to the form of today and tells what could not be taken along.
pub(crate) fn migrate_panel(
    panel: &mut Value,
    variables: &SourceVariables,
    remarks: &mut Vec<Remark>,
) -> Option<Conversion> {
    let from = json::text(panel, "type").unwrap_or_default();
    let to = match from.as_str() {
        "graph" | "graph2" => Some(graph::convert(panel, remarks)),
        "singlestat" | "grafana-singlestat-panel" | "singlestat2" => {
            Some(singlestat::convert(panel, remarks))
        }
        "table-old" | "table2" => Some(table::convert(panel, remarks)),
        "table" if panel.get("styles").is_some() || panel.get("columns").is_some() => {
            Some(table::convert(panel, remarks))
        }
        other => RENAMED.iter().find(|(old, _)| *old == other).map(|(_, new)| *new),
    };
    if let Some(to) = to {
        json::set(panel, "type", to);
        if from == "grafana-piechart-panel" {
            singlestat::convert_pie(panel);
        }
    }
    field_options::convert(panel);
    dashboard::clean_panel(panel, variables);
    to.map(|to| Conversion { from, to })
}
