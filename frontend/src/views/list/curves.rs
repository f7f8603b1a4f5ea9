//! The last hour of the figures of a list, as curves: one question a figure for all rows that are near to what is seen.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::try_join_all;
use leptos::prelude::*;

use crate::api::{range, use_client};
use crate::charts::quoted;
use crate::clock::use_clock;
use crate::components::TimeRange;
use crate::kinds::{KindRow, KindScope, Metric};
use crate::live::Key;
use crate::poll::{Cadence, poll, throttled};
use crate::range::{HOUR, MINUTE, SECOND};
use crate::views::cluster::use_metrics;

const EVERY: Duration = Duration::from_secs(60);
const STEP: i64 = 2 * MINUTE;
/// The time is asked for on whole quarters of a minute, so that answers can be shared.
const GRAIN: i64 = 15 * SECOND;
/// How long rows may scroll by before they are asked about.
const SETTLE: Duration = Duration::from_millis(400);
/// Rows that are asked about at once: their names stand in the address of the question, which proxies cut.
const MOST_ROWS: usize = 100;
/// Curves that are kept for rows that have scrolled by.
const MOST_KEPT: usize = 1_000;

/// Curves by figure and object, and the hour that they are of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Curves {
    pub(super) window: TimeRange,
    by_row: HashMap<(&'static str, Key), Vec<(i64, f64)>>,
}

impl Curves {
    /// The curve of one figure of one object; empty where there is none.
    pub(super) fn get(&self, id: &'static str, key: &Key) -> Vec<(i64, f64)> {
        self.by_row.get(&(id, key.clone())).cloned().unwrap_or_default()
    }
}

/// Whether a kind's figure is drawn as a curve.
pub(super) fn has_curve(row: &KindRow, id: &str) -> bool {
    row.metrics.iter().any(|metric| metric.id == id && metric.has_curve)
}

/// The curves of the rows that are shown; nothing is asked for while there is no room for them.
pub(super) fn curves(
    row: &'static KindRow,
    shown: Memo<Vec<(usize, Key)>>,
    has_room: Memo<bool>,
) -> Memo<Curves> {
    let (client, clock, metrics) = (use_client(), use_clock(), use_metrics());
    let settled = throttled(move || shown.track(), SETTLE);
    // In their own order: rows that change places are no new question.
    let keys = Memo::new(move |_| {
        settled.track();
        let mut keys: Vec<Key> =
            shown.with_untracked(|shown| shown.iter().take(MOST_ROWS).map(|(_, key)| key.clone()).collect());
        keys.sort_unstable();
        keys
    });
    let question = move || {
        let keys = if has_room.get() { keys.get() } else { Vec::new() };
        let has_any = !keys.is_empty() && row.metrics.iter().any(|metric| metric.has_curve);
        let cadence = if has_any { metrics.cadence(Cadence::Every(EVERY)) } else { Cadence::Never };
        (keys, cadence)
    };
    let feed = poll(question, move |keys: Vec<Key>, abort| async move {
        let end_ms = clock.now().div_euclid(GRAIN) * GRAIN;
        let window = TimeRange { start_ms: end_ms - HOUR, end_ms };
        let ask = async |metric: &'static Metric| {
            let query = query(row, metric, &keys);
            let answer = range(client, &query, (window.start_ms, end_ms), STEP, &abort).await?;
            Ok((metric, answer.result.into_lines()))
        };
        let mut by_row = HashMap::new();
        for (metric, lines) in try_join_all(row.metrics.iter().filter(|one| one.has_curve).map(ask)).await? {
            let (namespace, name) = (metric.labels.0, name_label(row, metric));
            for line in lines {
                let label = |name: &str| line.labels.get(name).map(ToString::to_string).unwrap_or_default();
                by_row.insert((metric.id, (label(namespace), label(name))), line.points);
            }
        }
        Ok(Curves { window, by_row })
    });
    Memo::new(move |before: Option<&Curves>| {
        let none = || Curves { window: TimeRange { start_ms: 0, end_ms: HOUR }, by_row: HashMap::new() };
        let mut new = feed.value.get().unwrap_or_else(none);
        // A row that comes back into view has its curve at once.
        if let Some(before) = before.filter(|before| before.by_row.len() < MOST_KEPT) {
            for (key, points) in &before.by_row {
                new.by_row.entry(key.clone()).or_insert_with(|| points.clone());
            }
        }
        new
    })
}

/// The label with the object's name in the answer to [`query`].
fn name_label(row: &KindRow, metric: &Metric) -> &'static str {
    if row.pods_named.is_empty() { metric.labels.1 } else { "workload" }
}

/// The figure's query about these objects alone. The figures of pods are added up where they are.
fn query(row: &KindRow, metric: &Metric, keys: &[Key]) -> String {
    let mut names: Vec<&str> = keys.iter().map(|(_, name)| name.as_str()).collect();
    let mut spaces: Vec<&str> = keys.iter().map(|(space, _)| space.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    spaces.sort_unstable();
    spaces.dedup();
    // Names of objects have no letters that mean something in an expression, but dots, which any letter may stand for here.
    let (label, mut pattern) = (metric.labels.1, names.join("|"));
    if !row.pods_named.is_empty() {
        pattern = format!("({pattern}){}", row.pods_named);
    }
    let mut rows = format!(",{label}=~{}", quoted(&pattern));
    if row.scope == KindScope::Namespaced {
        rows = format!(",{}=~{}{rows}", metric.labels.0, quoted(&spaces.join("|")));
    }
    let query = metric.query.replace("$ns", "").replace("$rows", &rows);
    if row.pods_named.is_empty() {
        return query;
    }
    let named = name_label(row, metric);
    format!(
        r#"sum by ({}, {named}) (label_replace({query}, "{named}", "$1", "{label}", {}))"#,
        metric.labels.0,
        quoted(&pattern)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{NODES, PODS, find};

    fn keys(keys: &[(&str, &str)]) -> Vec<Key> {
        keys.iter().map(|(space, name)| ((*space).to_owned(), (*name).to_owned())).collect()
    }

    #[track_caller]
    fn check(row: &KindRow, rows: &[(&str, &str)], expected: &str) {
        let metric = row.metrics.first().unwrap();
        let query = query(row, metric, &keys(rows));
        assert!(query.contains(expected), "{query}");
        assert!(!query.replace("\"$1\"", "").contains('$'), "{query}");
        assert!(crowsnest_promql::parse(&query).is_ok(), "{query}");
    }

    #[test]
    fn one_question_is_about_all_rows_that_are_seen() {
        let pods = [("shop", "web-1"), ("shop", "web-2"), ("data", "db-0")];
        check(PODS, &pods, r#"{container!="",namespace=~"data|shop",pod=~"db-0|web-1|web-2"}"#);
        check(NODES, &[("", "demo-1"), ("", "demo-2")], r#"mode="idle",node=~"demo-1|demo-2"}"#);
    }

    #[test]
    fn the_figures_of_a_workloads_pods_are_added_up_by_the_store() {
        let deployments = find("deployments").unwrap();
        check(
            deployments,
            &[("shop", "web"), ("shop", "api")],
            r#", "workload", "$1", "pod", "(api|web)-[a-z0-9]+-[a-z0-9]{5}"))"#,
        );
        check(deployments, &[("shop", "web")], "sum by (namespace, workload) (label_replace(sum by");
    }

    #[test]
    fn only_figures_that_say_so_are_drawn() {
        assert!(has_curve(NODES, "cpu") && !has_curve(NODES, "load") && !has_curve(NODES, "pods"));
    }
}
