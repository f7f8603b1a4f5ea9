//! Every series that the kubernetes-mixin's dashboards and rules name is there in the demo.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crowsnest_promql::ast::ExprKind;
use serde_json::Value;

use crate::demo::{ask, start};
use crate::support::wait_for;

/// Which names are looked for: of metrics, by their beginnings.
const PREFIXES: &[&str] = &["kube_", "container_", "kubelet_"];
/// What the mixin names and no Kubernetes of today has.
const GONE: &[&str] = &[
    // Went with the dynamic configuration of kubelets, in 1.24.
    "kubelet_node_config_error",
];
/// Rule files and dashboards of the mixin and of kube-state-metrics' own.
const RULES: &[&str] = &[
    "kubernetes-mixin/prometheus_alerts.yaml",
    "kubernetes-mixin/prometheus_rules.yaml",
    "ksm-mixin/alerts.yaml",
];
const DASHBOARDS: &[&str] = &["kube-prometheus--", "mixins--kubernetes-"];

fn corpus() -> Option<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    if !corpus.exists() {
        eprintln!("skipped: there is no corpus at {}", corpus.display());
    }
    corpus.exists().then_some(corpus)
}

/// Every text under a key `expr`, or a template variable's `query`, with where it comes from.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if name == "expr" => found.push(text.clone()),
                    Value::String(text) if name == "query" => found.extend(label_values(text)),
                    other => expressions(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

/// The selector within `label_values(up{job="x"}, cluster)`.
fn label_values(text: &str) -> Option<String> {
    let (selector, _) = text.trim().strip_prefix("label_values(")?.rsplit_once(',')?;
    Some(selector.to_owned())
}

/// With values in place of a dashboard's variables.
fn filled(text: &str) -> String {
    let mut text = text.to_owned();
    for (variable, value) in [
        ("[$__rate_interval]", "[5m]"),
        ("[$interval:$resolution]", "[5m:1m]"),
        ("[$resolution]", "[1m]"),
        ("[$interval]", "[5m]"),
        ("[$__range]", "[1h]"),
        ("$__interval", "1m"),
    ] {
        text = text.replace(variable, value);
    }
    text
}

/// The names of metrics in an expression that begin as we look for.
fn names(text: &str) -> BTreeSet<String> {
    let parsed = crowsnest_promql::parse(&filled(text)).unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut names = BTreeSet::new();
    parsed.walk(&mut |expr| {
        if let ExprKind::Selector(selector) = &expr.kind
            && let Some(name) = &selector.name
            && PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            && !GONE.contains(&name.as_str())
        {
            names.insert(name.to_string());
        }
    });
    names
}

/// Names of metrics, and a file that names each.
fn wanted(corpus: &Path) -> BTreeMap<String, String> {
    let mut wanted = BTreeMap::new();
    let mut note = |file: &str, value: &Value| {
        let mut found = Vec::new();
        expressions(value, &mut found);
        for name in found.iter().flat_map(|text| names(text)) {
            wanted.entry(name).or_insert_with(|| file.to_owned());
        }
    };
    for file in RULES {
        let text = std::fs::read_to_string(corpus.join("rules").join(file)).unwrap();
        note(file, &serde_saphyr::from_str(&text).unwrap());
    }
    for entry in std::fs::read_dir(corpus.join("dashboards")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        if DASHBOARDS.iter().any(|prefix| file.starts_with(prefix)) {
            note(&file, &serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap());
        }
    }
    wanted
}

#[test]
fn every_series_that_the_mixin_names_is_there_in_the_demo() {
    let Some(corpus) = corpus() else { return };
    let wanted = wanted(&corpus);
    assert!(wanted.len() > 60, "{wanted:?}");
    let dir = tempfile::tempdir().unwrap();
    let (_demo, file) = start(dir.path());
    let token = file["token"].as_str().unwrap().to_owned();
    let missing = || {
        let answer = ask(&file, &token, "api/v1/label/__name__/values");
        let there: BTreeSet<&str> = answer["data"].as_array()?.iter().filter_map(Value::as_str).collect();
        let missing = wanted.iter().filter(|(name, _)| !there.contains(name.as_str()));
        Some(missing.map(|(name, file)| format!("{name} ({file})")).collect::<Vec<_>>())
    };
    let mut last = Vec::new();
    for _ in 0..120 {
        last = missing().unwrap_or_default();
        if last.is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    wait_for("an answer", missing);
    for name in wanted.keys() {
        println!(
            "{name:60} {}",
            if last.iter().any(|gap| gap.starts_with(&format!("{name} "))) { "missing" } else { "present" }
        );
    }
    assert!(last.is_empty(), "{} of {} are missing: {last:#?}", last.len(), wanted.len());
}
