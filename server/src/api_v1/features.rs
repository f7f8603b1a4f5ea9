//! `features`: what this server can do, by group and in Prometheus's names. A name that is absent is not known here.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use crowsnest_promql::{AGGREGATORS, BinaryOp, FUNCTIONS, Features, MatchOp};

use super::answer::plain;
use crate::http::AppState;

type Group = BTreeMap<&'static str, bool>;

/// Of the HTTP API, beside `admin`.
const API: &[(&str, bool)] = &[
    ("exclude_alerts", true),
    ("label_values_match", true),
    ("lifecycle", true),
    ("openapi_3.1", true),
    ("otlp_write_receiver", false),
    ("query_stats", true),
    ("query_warnings", true),
    ("remote_write_receiver", true),
    ("time_range_labels", true),
    ("time_range_series", true),
];

/// Of the language, whatever is switched on.
const LANGUAGE: &[&str] = &[
    "at_modifier",
    "bool",
    "by",
    "duration_expr",
    "fill",
    "fill_left",
    "fill_right",
    "group_left",
    "group_right",
    "ignoring",
    "negative_offset",
    "offset",
    "on",
    "per_query_lookback_delta",
    "subqueries",
    "without",
];

/// `features`.
pub(crate) async fn features(State(app): State<AppState>) -> Response {
    let mut table = table(app.engine.options().features);
    table.entry("api").or_default().insert("admin", app.config.admin_api);
    plain(table).into_response()
}

fn table(on: Features) -> BTreeMap<&'static str, Group> {
    let allowed = |experimental: bool| !experimental || on.experimental_functions;
    let mut language: Group = LANGUAGE.iter().map(|name| (*name, true)).collect();
    language.extend([
        ("anchored", on.extended_ranges),
        ("smoothed", on.extended_ranges),
        ("delayed_name_removal", on.delayed_name_removal),
        ("per_step_stats", true),
        ("type_and_unit_labels", false),
    ]);
    let operators = BinaryOp::ALL.iter().map(|op| op.as_str());
    let matchers = [MatchOp::Regex, MatchOp::NotRegex].map(MatchOp::as_str);
    let mut operators: Group = operators.chain(matchers).chain(["@"]).map(|op| (op, true)).collect();
    operators.extend(AGGREGATORS.iter().map(|row| (row.name, allowed(row.experimental))));
    BTreeMap::from([
        ("api", API.iter().copied().collect()),
        ("prometheus", Group::from([("agent_mode", false), ("server_mode", true)])),
        ("promql", language),
        ("promql_functions", FUNCTIONS.iter().map(|row| (row.name, allowed(row.experimental))).collect()),
        ("promql_operators", operators),
        ("tsdb", Group::from([("exemplar_storage", false), ("native_histograms", true)])),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_experimental_is_there_when_it_is_switched_on() {
        let (off, on) = (
            table(Features::default()),
            table(Features { experimental_functions: true, ..Features::default() }),
        );
        assert!(!off["promql_functions"]["mad_over_time"] && on["promql_functions"]["mad_over_time"]);
        assert!(!off["promql_operators"]["limitk"] && on["promql_operators"]["limitk"]);
        assert!(off["promql_functions"]["rate"] && off["promql_operators"][">="]);
    }
}
