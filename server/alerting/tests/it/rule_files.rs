//! Rule files: what promtool accepts is accepted, what it refuses is refused with a place.

use crowsnest_alerting::rules::{RuleFile, duplicates};
use crowsnest_promql::Engine;

use crate::corpus;

/// Files that get another verdict here than from promtool 2.42, and why.
const OTHERWISE: &[(&str, &str)] =
    &[("sloth/contrib-denominator-corrected.yaml", "a PrometheusRule object, which promtool does not read")];

/// The rows of the table of verdicts that are of one kind: file, whether promtool accepts it, and what it says.
pub(crate) fn verdicts(kind: &str) -> Vec<(String, bool, String)> {
    let Some(table) = corpus::read("rules/PROMTOOL_2.42.tsv") else { return Vec::new() };
    let rows = table.lines().skip(1).map(|row| row.split('\t').collect::<Vec<_>>());
    rows.filter_map(|row| match row.as_slice() {
        [file, of, code, detail] if *of == kind => {
            Some(((*file).to_owned(), *code == "0", (*detail).to_owned()))
        }
        _ => None,
    })
    .collect()
}

#[test]
fn rule_files_are_judged_as_promtool_judges_them() {
    let mut wrong = Vec::new();
    for (name, accepted, detail) in verdicts("check") {
        let Some(text) = corpus::read(&format!("rules/{name}")) else { return };
        let accepted = accepted != OTHERWISE.iter().any(|(file, _)| *file == name);
        match (RuleFile::parse(&text, &Engine::default()), accepted) {
            (Ok(file), true) if detail.contains("SUCCESS") => {
                let counted = format!("SUCCESS: {} rules found", file.rules());
                if !detail.contains(&counted) {
                    wrong.push(format!("{name}: {counted}, promtool: {detail}"));
                }
            }
            (Ok(_), true) => {}
            (Ok(_), false) => wrong.push(format!("{name}: accepted, promtool: {detail}")),
            (Err(faults), true) => wrong.push(format!("{name}:{}", faults[0])),
            (Err(faults), false) => println!("{name}:{}", faults[0]),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn objects_of_the_operator_are_read_as_the_rules_inside_them() {
    let Some(folder) = corpus::find("rules/openshift-cmo") else { return };
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_str().unwrap();
        let Some(stem) = name.strip_suffix(".cr.yaml") else { continue };
        let read = |path: &str| {
            RuleFile::parse(&std::fs::read_to_string(path).unwrap(), &Engine::default()).unwrap().rules()
        };
        assert_eq!(read(name), read(&format!("{stem}.rules.yaml")), "{stem}");
    }
}

#[test]
fn rules_that_write_the_same_series_are_told_about() {
    let Some(text) = corpus::read("rules/promtool-testdata/_rules/prometheus-rules.lint.yml") else { return };
    let file = RuleFile::parse(&text, &Engine::default()).unwrap();
    assert!(!duplicates(&file.groups).is_empty());
}
