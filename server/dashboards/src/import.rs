//! From a file that somebody has to a [`Dashboard`] and a [`Report`] of what became of it.
//!
//! Takes every shape that Grafana writes: plain JSON from schema version 12 on, the HTTP API's `{dashboard, meta}`, resources of
//! `dashboard.grafana.app` v0 to v2, exports for other installations with their `__inputs`, library panels. What the dashboard says and we
//! do not understand stays in its JSON. Input is untrusted: sizes are bounded, nothing is run.

mod inputs;
mod panels;
mod shape;
mod v2;

use serde_json::Value;

pub use inputs::{Input, InputKind};

use crate::datasource::SourceVariables;
use crate::json;
use crate::migrate;
use crate::model::Dashboard;
use crate::report::{Remark, Report};
use crate::variables;

/// How large a dashboard may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Panels, those in closed rows included. The largest real ones have some 200.
    pub panels: usize,
    /// Queries of one panel.
    pub queries: usize,
    /// Variables.
    pub variables: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 8 << 20, panels: 2_000, queries: 200, variables: 200 }
    }
}

/// What the one who imports answers to a file's questions: `DS_PROMETHEUS` and its value.
pub type Answers = std::collections::BTreeMap<String, String>;

/// A dashboard as it was taken over.
#[derive(Clone, Debug)]
pub struct Import {
    /// The dashboard, in the form of today.
    pub dashboard: Dashboard,
    /// What became of it.
    pub report: Report,
    /// The questions that the file asks, and their answers.
    pub inputs: Vec<Input>,
}

/// Why a file gives no dashboard, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The file is too long.
    #[error(
        "the file has {bytes} bytes, at most {limit} are read; remove stored data (`snapshotData`) from it"
    )]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// What is read.
        limit: usize,
    },
    /// The file is not JSON.
    #[error(
        "line {line}, column {column}: {reason}; a dashboard is a JSON file, as “Export” in Grafana writes it"
    )]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// It is JSON, but not of a dashboard.
    #[error(
        "{path}: expected a dashboard, found {found}; export the dashboard itself, with `panels` or `spec`"
    )]
    NotADashboard {
        /// JSON path.
        path: String,
        /// What is there.
        found: String,
    },
    /// There is too much of something.
    #[error("{path}: {count} {what}, at most {limit} are read; split the dashboard")]
    TooMany {
        /// JSON path.
        path: String,
        /// `panels`
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many are read.
        limit: usize,
    },
}

/// Reads a dashboard.
///
/// # Errors
/// When the file is too large, is not JSON, or has no dashboard in it.
pub fn import(text: &str, answers: &Answers, limits: &Limits) -> Result<Import, ImportError> {
    if text.len() > limits.bytes {
        return Err(ImportError::TooLarge { bytes: text.len(), limit: limits.bytes });
    }
    // A mark at the beginning that some editors leave.
    let text = text.trim_start_matches('\u{feff}');
    let document: Value = serde_json::from_str(text).map_err(|error| syntax(&error))?;
    import_value(document, answers, limits)
}

/// Reads a dashboard that is JSON already.
///
/// # Errors
/// When there is no dashboard in it, or too much of one.
pub fn import_value(document: Value, answers: &Answers, limits: &Limits) -> Result<Import, ImportError> {
    let mut report = Report::default();
    let mut json = shape::unwrap(document, &mut report)?;
    let inputs = inputs::answer(&mut json, answers, &mut report);
    if shape::is_v2(&json) {
        json = v2::to_classic(&json, limits, &mut report);
    }
    // Rows before the limits are looked at: they hold panels, too.
    if migrate::rows_to_grid(&mut json) {
        report.note(Remark::RowsBecameGrid);
    }
    check_limits(&json, limits)?;
    migrate::migrate_dashboard(&mut json);
    let sources = SourceVariables::of(&json);
    panels::take_over(&mut json, &sources, &mut report);
    if let Some(map) = json.as_object_mut() {
        map.remove("__inputs");
        map.remove("__elements");
        // The number of a row in another installation's database.
        map.insert("id".to_owned(), Value::Null);
    }
    let dashboard = Dashboard::from_json(json);
    report.remarks.extend(variables::remarks(&dashboard.variables()));
    Ok(Import { dashboard, report, inputs })
}

fn syntax(error: &serde_json::Error) -> ImportError {
    let reason = error.to_string();
    // serde_json writes the place behind the reason; it has its own fields here.
    let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
    ImportError::Syntax { line: error.line(), column: error.column(), reason }
}

fn check_limits(json: &Value, limits: &Limits) -> Result<(), ImportError> {
    let too_many = |path: String, what, count, limit| match count > limit {
        true => Err(ImportError::TooMany { path, what, count, limit }),
        false => Ok(()),
    };
    let panels = json::list(json, "panels");
    let all = panels.len() + panels.iter().map(|row| json::list(row, "panels").len()).sum::<usize>();
    too_many("panels".to_owned(), "panels", all, limits.panels)?;
    let variables = json::list(json, "templating.list").len();
    too_many("templating.list".to_owned(), "variables", variables, limits.variables)?;
    for (at, panel) in panels.iter().enumerate() {
        let queries = json::list(panel, "targets").len();
        too_many(format!("panels[{at}].targets"), "queries", queries, limits.queries)?;
        for (inner, panel) in json::list(panel, "panels").iter().enumerate() {
            let queries = json::list(panel, "targets").len();
            too_many(format!("panels[{at}].panels[{inner}].targets"), "queries", queries, limits.queries)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::{Outcome, Shown, Unsupported};

    fn imported(json: &Value) -> Import {
        import(&json.to_string(), &Answers::new(), &Limits::default()).unwrap()
    }

    /// Found by the fuzzer: the number was another one after each import.
    #[test]
    fn numbers_of_many_digits_come_back_as_they_were() {
        for number in [
            "66666666666666666666666666666666666666666666666666666",
            "0.30000000000000004",
            "-1.7976931348623157e308",
        ] {
            let text =
                format!("{{\"title\": \"T\", \"panels\": [{{\"type\": {number}, \"some\": {number}}}]}}");
            let first = import(&text, &Answers::new(), &Limits::default()).unwrap().dashboard;
            let again = import(&first.export(), &Answers::new(), &Limits::default()).unwrap().dashboard;
            assert_eq!(again, first, "{number}");
        }
    }

    #[test]
    fn a_fault_in_the_file_is_told_with_its_place() {
        let error = |text: &str| import(text, &Answers::new(), &Limits::default()).unwrap_err();
        assert!(matches!(error("{\n  \"title\": x}"), ImportError::Syntax { line: 2, column: 12, .. }));
        assert!(error("[1]").to_string().starts_with("$: expected a dashboard, found a list"));
        assert!(error(r#"{"groups": []}"#).to_string().contains("found an object with groups"));
        let deep = "[".repeat(100_000);
        assert!(error(&deep).to_string().contains("recursion limit"), "{}", error(&deep));
        let many = json!({"panels": vec![json!({"type": "text"}); 3000]}).to_string();
        assert_eq!(
            error(&many).to_string(),
            "panels: 3000 panels, at most 2000 are read; split the dashboard"
        );
    }

    #[test]
    fn every_panel_has_a_line_in_the_report() {
        let import = imported(&json!({"title": "T", "panels": [
            {"id": 1, "type": "timeseries", "title": "ok", "targets": [{"expr": "up"}]},
            {"id": 1, "type": "graph", "title": "old", "targets": [{"expr": "up"}]},
            {"type": "row", "collapsed": true, "panels": [
                {"id": 7, "type": "logs", "title": "lines", "datasource": {"type": "loki", "uid": "x"}, "targets": [{"expr": "{}"}]},
            ]},
            {"id": 9, "type": "geomap", "title": "world", "targets": [{"expr": "up"}]},
        ]}));
        let outcomes: Vec<_> =
            import.report.panels.iter().map(|panel| (panel.id, panel.outcome.clone())).collect();
        assert_eq!(
            outcomes,
            [
                (1, Outcome::TakenOver),
                (10, Outcome::Converted { from: "graph".into(), to: "timeseries" }),
                (
                    7,
                    Outcome::Unsupported {
                        why: Unsupported::DataSource("loki".into()),
                        shown: Shown::Message
                    }
                ),
                (9, Outcome::Unsupported { why: Unsupported::Kind("geomap".into()), shown: Shown::Table }),
            ]
        );
        assert_eq!(import.report.counts(), (1, 1, 2));
    }

    #[test]
    fn what_is_exported_is_imported_again_unchanged() {
        let first = imported(&json!({"title": "T", "unknown": {"kept": [1]}, "rows": [
            {"panels": [{"type": "graph", "span": 6, "x-extra": true, "seriesOverrides": [{"alias": "a", "yaxis": 2}]},
                        {"type": "singlestat", "gauge": {"show": true}}, {"type": "table", "styles": [{"pattern": "a", "unit": "s"}]}]},
        ]}));
        let again = imported(first.dashboard.json());
        assert_eq!(again.dashboard.json(), first.dashboard.json());
        assert_eq!(again.report.counts(), (3, 0, 0));
        assert_eq!(first.dashboard.json()["unknown"]["kept"], json!([1]));
        assert_eq!(first.dashboard.json()["panels"][0]["x-extra"], true);
    }

    #[test]
    fn a_huge_grid_is_cut_to_what_can_be_laid_out() {
        let import = imported(&json!({"panels": [
            {"type": "text", "gridPos": {"x": -5, "y": 1e300, "w": 9e9, "h": "1000000000"}},
        ]}));
        let grid = import.dashboard.panels()[0].grid;
        assert!(grid.x + grid.w <= 24 && grid.h <= 1000 && grid.y <= 100_000, "{grid:?}");
        assert_eq!(import.report.panels[0].remarks, [Remark::MovedIntoGrid]);
    }

    #[test]
    fn copies_that_an_older_grafana_saved_are_not_panels() {
        let import = imported(&json!({"panels": [
            {"id": 1, "type": "stat", "repeat": "node"},
            {"id": 2, "type": "stat", "repeatPanelId": 1, "repeatIteration": 15},
        ]}));
        assert_eq!(import.dashboard.panels().len(), 1);
    }
}
