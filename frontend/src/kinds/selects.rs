//! Label selectors: what an object selects, in words and as a test of labels.

use crate::json::Value;

use crate::cluster::object::{at, list, pairs, text};

/// One condition on labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    Is(String, String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

/// All conditions hold of what is selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) terms: Vec<Term>,
    /// Whether one without conditions selects everything, as those of policies do; others select nothing then.
    pub(crate) empty_is_all: bool,
}

impl Selector {
    /// Whether an object with these labels is selected.
    pub(crate) fn selects(&self, object: &Value) -> bool {
        let label = |key: &str| at(object, &["metadata", "labels", key]).and_then(Value::as_str);
        if self.terms.is_empty() {
            return self.empty_is_all;
        }
        self.terms.iter().all(|term| match term {
            Term::Is(key, value) => label(key) == Some(value),
            Term::In(key, values) => {
                label(key).is_some_and(|label| values.iter().any(|value| value == label))
            }
            Term::NotIn(key, values) => {
                !label(key).is_some_and(|label| values.iter().any(|value| value == label))
            }
            Term::Exists(key) => label(key).is_some(),
            Term::Missing(key) => label(key).is_none(),
        })
    }
}

/// The selector of a workload: `spec.selector`, of either form.
pub(super) fn of_workload(object: &Value) -> Selector {
    match at(object, &["spec", "selector"]) {
        Some(selector)
            if selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some() =>
        {
            read(selector)
        }
        // A ReplicationController's, or a Service's, has labels alone.
        Some(selector) => Selector { terms: of_pairs(selector, &[]), empty_is_all: false },
        None => Selector::default(),
    }
}

/// A policy's selector at a path, of which an empty one means all.
pub(super) fn of_policy(object: &Value, path: &[&str]) -> Selector {
    at(object, path)
        .map_or_else(Selector::default, |selector| Selector { empty_is_all: true, ..read(selector) })
}

/// A selector with `matchLabels` and `matchExpressions`.
pub(crate) fn read(selector: &Value) -> Selector {
    let mut terms = of_pairs(selector, &["matchLabels"]);
    for one in list(selector, &["matchExpressions"]) {
        let key = text(one, &["key"]).to_owned();
        let values = || list(one, &["values"]).iter().filter_map(Value::as_str).map(str::to_owned).collect();
        terms.push(match text(one, &["operator"]) {
            "In" => Term::In(key, values()),
            "NotIn" => Term::NotIn(key, values()),
            "DoesNotExist" => Term::Missing(key),
            _ => Term::Exists(key),
        });
    }
    Selector { terms, empty_is_all: false }
}

fn of_pairs(selector: &Value, path: &[&str]) -> Vec<Term> {
    pairs(selector, path).map(|(key, value)| Term::Is(key.to_owned(), value.to_owned())).collect()
}

/// `app=web, tier in (a, b)`, as kubectl writes selectors.
pub(crate) fn words(selector: &Selector) -> String {
    let word = |term: &Term| match term {
        Term::Is(key, value) => format!("{key}={value}"),
        Term::In(key, values) => format!("{key} in ({})", values.join(", ")),
        Term::NotIn(key, values) => format!("{key} notin ({})", values.join(", ")),
        Term::Exists(key) => key.clone(),
        Term::Missing(key) => format!("!{key}"),
    };
    selector.terms.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// Reads a selector as kubectl's `-l` takes it: `app=web,tier!=db,env in (a,b),!legacy`. `None` where it is none.
pub(crate) fn parse(text: &str) -> Option<Selector> {
    let mut terms = Vec::new();
    for part in split_terms(text) {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        terms.push(parse_term(part)?);
    }
    Some(Selector { terms, empty_is_all: true })
}

fn parse_term(part: &str) -> Option<Term> {
    if let Some((key, values)) = part.split_once(" notin ").map(|(key, rest)| (key, in_parentheses(rest))) {
        return Some(Term::NotIn(key_of(key)?, values?));
    }
    if let Some((key, values)) = part.split_once(" in ").map(|(key, rest)| (key, in_parentheses(rest))) {
        return Some(Term::In(key_of(key)?, values?));
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Some(Term::NotIn(key_of(key)?, vec![value.trim().to_owned()]));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Some(Term::Is(key_of(key)?, value.trim().to_owned()));
    }
    match part.strip_prefix('!') {
        Some(key) => Some(Term::Missing(key_of(key)?)),
        None => Some(Term::Exists(key_of(part)?)),
    }
}

fn key_of(text: &str) -> Option<String> {
    let key = text.trim();
    let is_key = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    (!key.is_empty() && key.chars().all(is_key)).then(|| key.to_owned())
}

fn in_parentheses(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    Some(inner.split(',').map(|value| value.trim().to_owned()).collect())
}

/// The parts between commas that are not in parentheses.
fn split_terms(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[track_caller]
    fn check(selector: &str, labels: Value, expected: bool) {
        let selector = parse(selector).unwrap();
        assert_eq!(selector.selects(&json!({"metadata": {"labels": labels}})), expected, "{selector:?}");
    }

    #[test]
    fn a_selector_means_what_it_means_to_kubectl() {
        check("app=web", json!({"app": "web", "x": "y"}), true);
        check("app==web,tier!=db", json!({"app": "web"}), true);
        check("app=web, tier!=db", json!({"app": "web", "tier": "db"}), false);
        check("env in (a, b)", json!({"env": "b"}), true);
        check("env notin (a,b),app", json!({"env": "c", "app": ""}), true);
        check("!legacy", json!({"legacy": "1"}), false);
        check("", json!({}), true);
    }

    #[test]
    fn what_is_no_selector_is_said_to_be_none() {
        for wrong in ["a b", "=x", "env in a,b", "!"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_workload_without_conditions_selects_nothing_and_a_policy_everything() {
        let pod = json!({"metadata": {"labels": {"app": "web"}}});
        assert!(!of_workload(&json!({"spec": {"selector": {"matchLabels": {}}}})).selects(&pod));
        assert!(of_policy(&json!({"spec": {"podSelector": {}}}), &["spec", "podSelector"]).selects(&pod));
        assert!(of_workload(&json!({"spec": {"selector": {"app": "web"}}})).selects(&pod));
        let written = words(&read(&json!({"matchLabels": {"app": "web"}, "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]}, {"key": "old", "operator": "DoesNotExist"}]})));
        assert_eq!(written, "app=web, tier in (a, b), !old");
    }
}
