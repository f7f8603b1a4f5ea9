//! What is chosen of a variable's options.

use serde_json::{Value, json};

use super::{ChoiceOption, Variable, VariableKind};
use crate::interpolate::Bound;
use crate::json;
use crate::time::interval;

/// The value that stands for all options in URLs and in JSON.
pub const ALL: &str = "$__all";

/// The value of an interval that is computed from the range. Grafana before 12 puts the variable's name behind it.
pub const AUTO: &str = "$__auto";

/// What is chosen: values and their labels, side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// What queries get; [`ALL`] alone for all.
    pub values: Vec<String>,
    /// What people read.
    pub texts: Vec<String>,
}

impl Choice {
    /// Choices whose labels are their values.
    pub fn of<S: Into<String>>(values: impl IntoIterator<Item = S>) -> Self {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        Self { texts: values.clone(), values }
    }

    /// All options.
    pub fn all() -> Self {
        Self { values: vec![ALL.to_owned()], texts: vec!["All".to_owned()] }
    }

    /// Whether all options are chosen.
    pub fn is_all(&self) -> bool {
        self.values.first().is_some_and(|value| value == ALL)
    }

    /// `current` of a variable: `{text, value}`, each a text or a list.
    pub(crate) fn read(current: &Value) -> Self {
        let values = json::texts(current, "value");
        let mut texts = json::texts(current, "text");
        // Old versions wrote several labels as `a + b`.
        if texts.len() != values.len() {
            texts.clone_from(&values);
        }
        Self { values, texts }
    }

    /// `current` of a variable, as it is stored.
    pub fn to_json(&self, multi: bool) -> Value {
        match (self.values.as_slice(), self.texts.as_slice(), multi) {
            ([value], [text], false) => json!({"selected": false, "text": text, "value": value}),
            ([], _, false) => json!({"selected": false, "text": "", "value": ""}),
            (values, texts, _) => json!({"selected": true, "text": texts, "value": values}),
        }
    }

    /// What goes in for the variable's name. `options` are those that all stands for; `all_value` is the variable's, after
    /// interpolation, `range_ms` the length of the time range.
    pub fn bind(
        &self,
        variable: &Variable,
        options: &[ChoiceOption],
        all_value: Option<&str>,
        range_ms: i64,
    ) -> Bound {
        let several = variable.multi || variable.include_all;
        if self.is_all() {
            return match all_value.filter(|_| variable.include_all) {
                Some(all) => Bound::Many { values: Vec::new(), texts: Vec::new(), all: Some(all.to_owned()) },
                None => Bound::Many {
                    values: options.iter().map(|option| option.value.clone()).collect(),
                    texts: vec!["All".to_owned()],
                    all: None,
                },
            };
        }
        match (several, self.values.first(), self.texts.first()) {
            (false, value, text) => {
                let value = value.cloned().unwrap_or_default();
                if let VariableKind::Interval { auto_count, auto_min, .. } = &variable.kind {
                    let auto = || interval::to_text(interval::auto(range_ms, *auto_count, auto_min));
                    return Bound::Raw(if value.starts_with(AUTO) { auto() } else { value });
                }
                Bound::One { text: text.cloned().unwrap_or_else(|| value.clone()), value }
            }
            _ => Bound::Many { values: self.values.clone(), texts: self.texts.clone(), all: None },
        }
    }
}

/// What is chosen of `options` when `wanted` was chosen before, from a URL or from the file.
///
/// All stays all; several keep those that still exist; one is found by value, then by label; else the first option is chosen.
pub fn choose(variable: &Variable, options: &[ChoiceOption], wanted: &Choice) -> Choice {
    let open = match &variable.kind {
        VariableKind::Textbox(_)
        | VariableKind::Constant(_)
        | VariableKind::Switch { .. }
        | VariableKind::Unknown(_) => true,
        // Stored options that are not asked for again are no reason to refuse a value.
        VariableKind::Query(_) => options.is_empty() && !variable.include_all,
        _ => false,
    };
    if wanted.is_all() && variable.include_all {
        return Choice::all();
    }
    if open && !wanted.values.is_empty() {
        return wanted.clone();
    }
    let find = |value: &String| {
        let value = if value.starts_with(AUTO) { AUTO } else { value };
        options
            .iter()
            .find(|option| option.value == value)
            .or_else(|| options.iter().find(|option| option.text == value))
    };
    let choice_of = |options: Vec<&ChoiceOption>| Choice {
        values: options.iter().map(|option| option.value.clone()).collect(),
        texts: options.iter().map(|option| option.text.clone()).collect(),
    };
    let mut kept: Vec<&ChoiceOption> = wanted.values.iter().filter_map(find).collect();
    if !variable.multi {
        kept.truncate(1);
    }
    if !kept.is_empty() {
        return choice_of(kept);
    }
    match options.first() {
        // All is the first entry of a list that has it.
        _ if variable.include_all && (options.is_empty() || wanted.values.is_empty()) => Choice::all(),
        Some(first) => choice_of(vec![first]),
        None => Choice::of([""; 0]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(fields: &Value) -> Variable {
        let mut value = json!({"name": "v", "type": "query", "query": "up"});
        for (key, field) in fields.as_object().unwrap() {
            json::set(&mut value, key, field.clone());
        }
        Variable::read(&value)
    }

    fn options() -> Vec<ChoiceOption> {
        [("A", "a"), ("B", "b")]
            .map(|(text, value)| ChoiceOption { text: text.into(), value: value.into() })
            .to_vec()
    }

    #[test]
    fn a_choice_that_is_gone_gives_way_to_the_first_option() {
        let one = variable(&json!({}));
        assert_eq!(choose(&one, &options(), &Choice::of(["x"])).values, ["a"]);
        assert_eq!(choose(&one, &options(), &Choice::of(["B"])).values, ["b"], "found by its label");
        assert!(choose(&one, &[], &Choice::default()).values.is_empty());
    }

    #[test]
    fn several_keep_what_still_exists_and_all_stays_all() {
        let many = variable(&json!({"multi": true, "includeAll": true}));
        assert_eq!(choose(&many, &options(), &Choice::of(["b", "x", "a"])).values, ["b", "a"]);
        assert!(choose(&many, &options(), &Choice::all()).is_all());
        assert!(choose(&many, &[], &Choice::of(["x"])).is_all());
    }

    #[test]
    fn all_is_every_option_or_its_own_text() {
        let plain = variable(&json!({"includeAll": true}));
        let bound = Choice::all().bind(&plain, &options(), None, 0);
        assert!(matches!(bound, Bound::Many { ref values, all: None, .. } if *values == ["a", "b"]));
        let bound = Choice::all().bind(&plain, &options(), Some(""), 0);
        assert!(matches!(bound, Bound::Many { all: Some(ref all), .. } if all.is_empty()));
    }
}
