//! `relabel_configs` and `metric_relabel_configs`.

use crowsnest_yaml::{Faults, Fields};

use crate::relabel::{Action, Rule, RuleText};

const FIELDS: &[&str] =
    &["source_labels", "separator", "target_label", "regex", "modulus", "replacement", "action"];

pub(super) fn read(fields: Fields<'_>, name: &str, faults: &mut Faults) -> Vec<Rule> {
    let mut rules = Vec::new();
    for node in fields.list(name, faults) {
        let before = faults.len();
        let fields = Fields::of(node, "relabel config", FIELDS, faults);
        let owned = |text: &str| text.to_owned();
        let text = RuleText {
            source_labels: fields
                .texts("source_labels", faults)
                .iter()
                .map(|(_, text)| owned(text))
                .collect(),
            separator: fields.text("separator", faults).map(owned),
            target_label: fields.text("target_label", faults).unwrap_or_default().to_owned(),
            regex: fields.text("regex", faults).map(owned),
            modulus: fields
                .parsed("modulus", |text| text.parse::<u64>().map_err(|_| "it is no whole number"), faults)
                .unwrap_or(0),
            replacement: fields.text("replacement", faults).map(owned),
            action: fields.parsed("action", str::parse::<Action>, faults).unwrap_or_default(),
        };
        // What cannot be read is no rule, and has been told already.
        if faults.len() > before {
            continue;
        }
        match Rule::new(&text) {
            Ok(rule) => rules.push(rule),
            Err(error) => faults.add(node.at, error.to_string()),
        }
    }
    rules
}
