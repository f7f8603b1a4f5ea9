//! What a query variable asks the store: `label_values(…)` and its relatives, as Grafana's Prometheus data source reads them.

use crowsnest_api::METRIC_NAME;
use serde_json::Value;

/// A question for options. Selectors and expressions are PromQL, after interpolation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Names of labels, of metrics that match a pattern where there is one.
    LabelNames(Option<String>),
    /// Values of a label, of the series that a selector selects where there is one.
    LabelValues {
        /// `up{job="a"}`
        selector: Option<String>,
        /// The label.
        label: String,
    },
    /// Names of metrics that match a pattern.
    Metrics(String),
    /// Samples of an expression at the end of the range; an option is `name{k="v"} value milliseconds`.
    QueryResult(String),
    /// Series that a selector selects; an option is `name{k="v"}`.
    Series(String),
    /// Nothing is asked.
    None,
}

impl Question {
    /// Reads a query after interpolation. Whatever is no known call selects series.
    pub fn parse(query: &str) -> Self {
        let query = query.trim();
        if query.is_empty() {
            return Self::None;
        }
        if let Some(inside) = call(query, "label_names") {
            return Self::LabelNames(Some(inside.to_owned()).filter(|pattern| !pattern.is_empty()));
        }
        if let Some(inside) = call(query, "label_values") {
            let (selector, label) = match inside.rsplit_once(',') {
                Some((selector, label)) => (selector.trim(), label.trim()),
                None => ("", inside),
            };
            if is_label(label) {
                let selector =
                    Some(selector.to_owned()).filter(|selector| !selector.is_empty() && selector != "{}");
                return Self::LabelValues { selector, label: label.to_owned() };
            }
        }
        if let Some(inside) = call(query, "metrics") {
            return Self::Metrics(inside.to_owned());
        }
        if let Some(inside) = call(query, "query_result") {
            return Self::QueryResult(inside.to_owned());
        }
        Self::Series(query.to_owned())
    }
}

impl Question {
    /// The selector of the series that the answer is about; `None` where that is all of them, or no selector says it.
    pub fn selector(&self) -> Option<String> {
        match self {
            Self::LabelNames(Some(pattern)) | Self::Metrics(pattern) => {
                Some(format!("{{{METRIC_NAME}=~{}}}", Value::from(format!(".*(?:{pattern}).*"))))
            }
            Self::LabelValues { selector, .. } => selector.clone(),
            Self::Series(selector) => Some(selector.clone()),
            Self::LabelNames(None) | Self::QueryResult(_) | Self::None => None,
        }
    }
}

/// What stands between the parentheses of a call of `name` that is the whole query.
fn call<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let rest = query.strip_prefix(name)?.trim_start();
    Some(rest.strip_prefix('(')?.strip_suffix(')')?.trim())
}

fn is_label(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        || text.starts_with('"') && text.ends_with('"') && text.len() > 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(query: &str, expected: &Question) {
        assert_eq!(&Question::parse(query), expected, "{query}");
    }

    #[test]
    fn calls_are_known_and_everything_else_selects_series() {
        let values = |selector: Option<&str>, label: &str| Question::LabelValues {
            selector: selector.map(str::to_owned),
            label: label.to_owned(),
        };
        check("label_values(namespace)", &values(None, "namespace"));
        check(
            " label_values( up{job=\"a,b\", x=~\"c(d)\"} , instance ) ",
            &values(Some("up{job=\"a,b\", x=~\"c(d)\"}"), "instance"),
        );
        check("label_values({}, job)", &values(None, "job"));
        check("label_names()", &Question::LabelNames(None));
        check("metrics(node_.*)", &Question::Metrics("node_.*".into()));
        check("query_result(sum(up) by (job))", &Question::QueryResult("sum(up) by (job)".into()));
        check("up{job=\"a\"}", &Question::Series("up{job=\"a\"}".into()));
        check("", &Question::None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_question(text in any::<String>()) {
            Question::parse(&text);
        }
    }

    #[test]
    fn a_pattern_of_names_of_metrics_becomes_a_selector() {
        let selector = |query: &str| Question::parse(query).selector();
        assert_eq!(selector("metrics(node_\\w+)").as_deref(), Some(r#"{__name__=~".*(?:node_\\w+).*"}"#));
        assert_eq!(selector("label_names(up)").as_deref(), Some(r#"{__name__=~".*(?:up).*"}"#));
        assert_eq!(selector("label_names()"), None);
        assert_eq!(selector("label_values(up{a=\"b\"}, job)").as_deref(), Some(r#"up{a="b"}"#));
        assert_eq!(selector("label_values(job)"), None);
        assert_eq!(selector("query_result(up)"), None);
    }
}
