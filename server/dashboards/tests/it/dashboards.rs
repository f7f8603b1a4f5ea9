//! Every dashboard of the corpus.

use std::collections::{BTreeMap, BTreeSet};

use crowsnest_api::Timestamp;
use crowsnest_dashboards::import::{Answers, Import, Limits, import};
use crowsnest_dashboards::interpolate::{Format, Globals, Scope, interpolate};
use crowsnest_dashboards::model::TargetKind;
use crowsnest_dashboards::pattern::Fancy;
use crowsnest_dashboards::report::{Outcome, Remark};
use crowsnest_dashboards::variables::{Candidate, Choice, Loading, Question};
use crowsnest_promql::{Control, Engine, MemoryStore};
use serde_json::Value;

use crate::corpus;

fn imported(name: &str, text: &str) -> Import {
    import(text, &Answers::new(), &Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_dashboard_imports_and_every_panel_is_explained() {
    println!("| dashboard | panels | ok | converted | unsupported |\n|---|---:|---:|---:|---:|");
    let mut total = (0, 0, 0);
    let mut unexplained = Vec::new();
    let mut whys = BTreeMap::<String, usize>::new();
    let mut remarks = BTreeMap::<String, usize>::new();
    for (name, text) in corpus::dashboards() {
        let Import { dashboard, report, .. } = imported(&name, &text);
        let (ok, converted, not) = report.counts();
        println!("| {name} | {} | {ok} | {converted} | {not} |", ok + converted + not);
        total = (total.0 + ok, total.1 + converted, total.2 + not);
        let panels = dashboard.panels();
        assert_eq!(panels.len(), report.panels.len(), "{name}: a line for every panel");
        assert!(!panels.is_empty(), "{name} has panels");
        let ids: BTreeSet<_> = panels.iter().map(|panel| panel.id).collect();
        assert_eq!(ids.len(), panels.len(), "{name}: numbers are unique");
        for (panel, line) in panels.iter().zip(&report.panels) {
            let shown = panel.kind.is_some();
            if !shown && !matches!(line.outcome, Outcome::Unsupported { .. }) {
                unexplained.push(format!("{name}: {} ({})", panel.title, panel.type_id));
            }
            if let Outcome::Unsupported { .. } = line.outcome {
                *whys.entry(line.outcome.to_string()).or_default() += 1;
            }
            for remark in &line.remarks {
                let text = if matches!(remark, Remark::DataSourceReplaced(_)) {
                    "data source replaced".into()
                } else {
                    remark.to_string()
                };
                *remarks.entry(text).or_default() += 1;
            }
        }
    }
    println!("| all | {} | {} | {} | {} |", total.0 + total.1 + total.2, total.0, total.1, total.2);
    println!("why: {whys:#?}\nremarks: {remarks:#?}");
    assert_eq!(unexplained, Vec::<String>::new());
}

/// Where two values differ first.
fn difference(path: &str, a: &Value, b: &Value) -> Option<String> {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
            keys.into_iter().find_map(|key| match (a.get(key), b.get(key)) {
                (Some(a), Some(b)) => difference(&format!("{path}.{key}"), a, b),
                (a, b) => Some(format!("{path}.{key}: {a:?} and {b:?}")),
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(at, (a, b))| difference(&format!("{path}[{at}]"), a, b))
        }
        (a, b) => (a != b).then(|| format!("{path}: {a} and {b}")),
    }
}

#[test]
fn what_is_exported_imports_again_unchanged() {
    for (name, text) in corpus::dashboards() {
        let first = imported(&name, &text);
        let again = imported(&name, &first.dashboard.export());
        assert_eq!(difference("", first.dashboard.json(), again.dashboard.json()), None, "{name}");
        assert_eq!(again.report.counts().1, 0, "{name}: nothing is left to convert");
    }
}

/// Variables with values as they might be: two values where several may be chosen.
fn loaded_variables(import: &Import) -> Loading {
    let globals = Globals { to: 3_600_000, ..Globals::default() };
    let variables = import.dashboard.variables();
    let several = variables.iter().filter(|variable| variable.multi);
    let wanted =
        several.map(|variable| (variable.name.clone(), Choice::of(["node-1:9100", "b.c"]))).collect();
    let mut loading = Loading::new(variables, wanted);
    while let Some(at) = loading.ready().first().copied() {
        let question = loading.question(at, &globals);
        let selector = match &question {
            Question::LabelValues { selector, .. } => selector.as_deref(),
            Question::QueryResult(expr) | Question::Series(expr) => Some(expr.as_str()),
            _ => None,
        };
        if let Some(selector) = selector {
            assert!(crowsnest_promql::parse(selector).is_ok(), "{question:?}");
        }
        let candidates =
            ["node-1:9100", "b.c"].map(|text| Candidate { text: text.into(), value: text.into() });
        loading.answer(at, &candidates, &globals, &Fancy);
        assert_eq!(loading.settled(at).and_then(|settled| settled.options.bad_pattern.clone()), None);
    }
    assert!(loading.is_done());
    loading
}

#[test]
fn every_query_is_evaluated_once_its_variables_have_values() {
    let (engine, store) = (Engine::default(), MemoryStore::default());
    let mut count = 0;
    let mut failed = Vec::new();
    for (name, text) in corpus::dashboards() {
        let import = imported(&name, &text);
        let loading = loaded_variables(&import);
        let globals = Globals {
            to: 3_600_000,
            interval_ms: Some(15_000),
            rate_interval_ms: Some(60_000),
            ..Globals::default()
        };
        let scopes: &[&dyn Scope] = &[loading.scope(), &globals];
        for panel in import.dashboard.panels() {
            for target in &panel.targets {
                if target.kind != TargetKind::Metrics || target.expr.trim().is_empty() {
                    continue;
                }
                count += 1;
                let query = interpolate(&target.expr, scopes, &Format::PromQl);
                let at = Timestamp::from_millis(3_600_000);
                let answer =
                    crowsnest_promql::parse(&query).map_err(|error| error.to_string()).and_then(|expr| {
                        engine
                            .instant(&store, &expr, at, &Control::unlimited())
                            .map_err(|error| error.to_string())
                    });
                if let Err(error) = answer {
                    failed.push(format!("{name}, {} {}: {error}\n    {query}", panel.title, target.ref_id));
                }
            }
        }
    }
    println!("{count} queries");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
