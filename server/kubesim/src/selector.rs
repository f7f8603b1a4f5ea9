//! Label selectors and field selectors.

mod field;
mod parse;

use std::collections::BTreeMap;

pub(crate) use field::FieldSelector;
use serde_json::Value;

use crate::{object, status::ApiError};

/// What labels must be like.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LabelSelector(Vec<Requirement>);

/// One term of a selector.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Requirement {
    /// The label has one of these values.
    In(String, Vec<String>),
    /// The label is absent or has none of these values.
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
    /// The label is a number greater than this one.
    Greater(String, i64),
    /// The label is a number less than this one.
    Less(String, i64),
}

impl LabelSelector {
    /// Reads the text of a `labelSelector` parameter; an empty text selects everything.
    pub(crate) fn parse(text: &str) -> Result<LabelSelector, ApiError> {
        parse::requirements(text).map(LabelSelector).map_err(ApiError::bad_request)
    }

    /// Reads a `metav1.LabelSelector` object; an empty one selects everything.
    pub(crate) fn of_object(selector: &Value) -> LabelSelector {
        let mut requirements: Vec<Requirement> = object::string_map(selector, &["matchLabels"])
            .into_iter()
            .map(|(key, value)| Requirement::In(key, vec![value]))
            .collect();
        for expression in object::list(selector, &["matchExpressions"]) {
            let key = object::text(expression, &["key"]).to_owned();
            let values = object::texts(expression, &["values"]).map(str::to_owned).collect();
            match object::text(expression, &["operator"]) {
                "In" => requirements.push(Requirement::In(key, values)),
                "NotIn" => requirements.push(Requirement::NotIn(key, values)),
                "Exists" => requirements.push(Requirement::Exists(key)),
                "DoesNotExist" => requirements.push(Requirement::Absent(key)),
                _ => {}
            }
        }
        LabelSelector(requirements)
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| requirement.holds(labels))
    }
}

impl Requirement {
    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let number = |key: &String| labels.get(key).and_then(|value| value.parse::<i64>().ok());
        match self {
            Requirement::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Requirement::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
            Requirement::Exists(key) => labels.contains_key(key),
            Requirement::Absent(key) => !labels.contains_key(key),
            Requirement::Greater(key, bound) => number(key).is_some_and(|value| value > *bound),
            Requirement::Less(key, bound) => number(key).is_some_and(|value| value < *bound),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(selector: &str, labels: &[(&str, &str)], expected: bool) {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!(LabelSelector::parse(selector).unwrap().matches(&labels), expected, "{selector}");
    }

    #[test]
    fn each_operator_does_what_it_says() {
        let web = [("app", "web"), ("size", "5")];
        check("", &web, true);
        check("app=web", &web, true);
        check("app==web,size!=6", &web, true);
        check("app in (web,db)", &web, true);
        check("app notin (web, db)", &web, false);
        check("tier notin (a)", &web, true);
        check("app", &web, true);
        check("!app", &web, false);
        check("size>4,size<6", &web, true);
        check("tier=", &web, false);
        check("tier=", &[("tier", "")], true);
    }

    #[test]
    fn a_selector_object_knows_expressions() {
        let selector = LabelSelector::of_object(&json!({"matchLabels": {"app": "web"},
            "matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}));
        assert!(selector.matches(&[("app".to_owned(), "web".to_owned())].into()));
        assert!(
            !selector
                .matches(&[("app".to_owned(), "web".to_owned()), ("tier".to_owned(), "a".to_owned())].into())
        );
    }

    #[test]
    fn a_refusal_is_in_the_words_of_the_api_server() {
        let error = LabelSelector::parse("app===").unwrap_err();
        assert_eq!(error.message, "unable to parse requirement: found '=', expected: identifier");
    }
}
