//! Labels that are taken from fields.

use std::collections::BTreeMap;

use serde_json::Value;

use super::path::{ValuePath, text};
use crate::label_name::sanitize;

/// Names and values.
pub(super) type Labels = BTreeMap<String, String>;

/// Which labels are taken from where.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FromPaths {
    /// Whole mappings, in the order of their patterns: what stands before the names of their fields. What comes later wins.
    mappings: Vec<(String, ValuePath)>,
    /// Single fields; they win over mappings.
    fields: Vec<(String, ValuePath)>,
}

impl FromPaths {
    /// From the configuration: a name with a `*` at its beginning or end takes a whole mapping, `prefix_*` puts something before the names.
    pub(super) fn new(paths: BTreeMap<String, ValuePath>) -> Self {
        let mut all = Self::default();
        for (name, path) in paths {
            match name.strip_suffix('*') {
                Some(prefix) => all.mappings.push((prefix.to_owned(), path)),
                None if name.starts_with('*') => all.mappings.push((String::new(), path)),
                None => all.fields.push((label_name(&name), path)),
            }
        }
        all
    }

    /// Adds the labels that are taken from `value`.
    pub(super) fn add(&self, value: &Value, labels: &mut Labels) {
        for (prefix, path) in &self.mappings {
            for (name, value) in path.get(value).and_then(Value::as_object).into_iter().flatten() {
                labels.insert(label_name(&format!("{prefix}{name}")), text(value).into_owned());
            }
        }
        for (name, path) in &self.fields {
            if let Some(value) = path.get(value) {
                labels.insert(name.clone(), text(value).into_owned());
            }
        }
    }
}

/// The name of a field as that of a label; none begins with a digit.
fn label_name(name: &str) -> String {
    let name = sanitize(name);
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn single_fields_win_over_whole_mappings_and_what_is_not_there_is_no_label() {
        let object = json!({"metadata": {"labels": {"foo": "bar", "7x": "y"}, "annotations": {"qux": "quxx", "bar": "baz"}}, "n": 1});
        let path = |steps: &[&str]| ValuePath::parse(steps.iter().copied()).unwrap();
        let paths = FromPaths::new(BTreeMap::from([
            ("*1".to_owned(), path(&["metadata", "annotations"])),
            ("*".to_owned(), path(&["metadata", "labels"])),
            ("Bar".to_owned(), path(&["metadata", "labels", "foo"])),
            ("label_object_*".to_owned(), path(&["metadata", "annotations"])),
            ("number".to_owned(), path(&["n"])),
            ("missing".to_owned(), path(&["metadata", "nothing"])),
        ]));
        let mut labels = Labels::new();
        paths.add(&object, &mut labels);
        let told: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            told,
            [
                "_7x=y",
                "bar=bar",
                "foo=bar",
                "label_object_bar=baz",
                "label_object_qux=quxx",
                "number=1",
                "qux=quxx"
            ]
        );
    }
}
