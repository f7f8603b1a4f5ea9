//! Options: what may be chosen of a variable.

use std::collections::BTreeSet;

use crowsnest_api::{Labels, METRIC_NAME, format_value};
use serde_json::Value;

use super::{AUTO, Filter, Variable, VariableKind, sort};
use crate::datasource;
use crate::json;
use crate::pattern::{self, Engine};
use crate::time::duration;

/// One entry of a variable's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceOption {
    /// What people read.
    pub text: String,
    /// What queries get.
    pub value: String,
}

/// What the store answered to a variable's question, before the pattern.
pub type Candidate = ChoiceOption;

/// Options, and whether the variable's pattern could be run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The list.
    pub list: Vec<ChoiceOption>,
    /// The pattern that is none: all candidates are options then.
    pub bad_pattern: Option<String>,
}

/// The most options; a list of more helps nobody, and All joins them into one pattern.
const MOST: usize = 10_000;

/// The options of `variable`. `text` is its list or pattern-free source after interpolation, `regex` its pattern after interpolation; `candidates` is what the
/// store answered, for variables that ask.
pub fn options(
    variable: &Variable,
    text: &str,
    regex: &str,
    candidates: &[Candidate],
    engine: &dyn Engine,
) -> Options {
    let list = match &variable.kind {
        VariableKind::Query(_) => return filtered(variable, regex, candidates, engine),
        VariableKind::Custom { json: true, .. } => from_json(text),
        VariableKind::Custom { .. } => from_text(text),
        VariableKind::Interval { auto, .. } => {
            let mut list = Vec::new();
            if *auto {
                list.push(ChoiceOption { text: "auto".to_owned(), value: AUTO.to_owned() });
            }
            let durations = text.split(',').map(str::trim).filter(|text| duration::parse_ms(text).is_some());
            list.extend(durations.map(ChoiceOption::plain));
            list
        }
        VariableKind::DataSource(plugin) if datasource::is_prometheus_like(plugin) => {
            vec![ChoiceOption { text: datasource::NAME.to_owned(), value: datasource::UID.to_owned() }]
        }
        VariableKind::Constant(_) | VariableKind::Textbox(_) => vec![ChoiceOption::plain(text)],
        VariableKind::Switch { on, off } => vec![ChoiceOption::plain(on), ChoiceOption::plain(off)],
        VariableKind::DataSource(_) | VariableKind::AdHoc(_) | VariableKind::Unknown(_) => Vec::new(),
    };
    Options { list: unique(list), bad_pattern: None }
}

impl ChoiceOption {
    /// One that reads as it is.
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { text: text.clone(), value: text }
    }
}

/// A series as an option has it, which patterns of dashboards look into: `name{a="b",c="d"}`.
pub fn series_text(labels: &Labels) -> String {
    let others = labels.iter().filter(|label| label.name != METRIC_NAME);
    let pairs: Vec<String> = others.map(|label| format!("{}={:?}", label.name, label.value)).collect();
    format!("{}{{{}}}", labels.metric_name(), pairs.join(","))
}

/// A sample as an option has it: `name{a="b"} value milliseconds`.
pub fn sample_text(labels: &Labels, value: f64, at: i64) -> String {
    format!("{} {} {at}", series_text(labels), format_value(value))
}

/// `a, b\,c, label : value`: a backslash keeps a comma, a colon between blanks divides.
fn from_text(text: &str) -> Vec<ChoiceOption> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&',') => {
                chars.next();
                if let Some(part) = parts.last_mut() {
                    part.push(',');
                }
            }
            ',' => parts.push(String::new()),
            c => {
                if let Some(part) = parts.last_mut() {
                    part.push(c);
                }
            }
        }
    }
    let one = |part: String| {
        let part = part.trim();
        match part.split_once(" : ") {
            Some((text, value)) => {
                ChoiceOption { text: text.trim().to_owned(), value: value.trim().to_owned() }
            }
            None => ChoiceOption::plain(part),
        }
    };
    parts.into_iter().map(one).filter(|option| !option.value.is_empty() || !option.text.is_empty()).collect()
}

/// A JSON list of texts or of `{text, value}`.
fn from_json(text: &str) -> Vec<ChoiceOption> {
    let Ok(Value::Array(items)) = serde_json::from_str(text) else { return Vec::new() };
    let one = |item: &Value| match item {
        Value::Object(_) => {
            let value = json::text(item, "value")?;
            Some(ChoiceOption { text: json::text(item, "text").unwrap_or_else(|| value.clone()), value })
        }
        other => json::to_text(other).map(|text| ChoiceOption::plain(&text)),
    };
    items.iter().filter_map(one).collect()
}

/// Candidates as the variable's pattern picks them apart.
///
/// Groups named `value` and `text` are what they say; else the first group is both; else the candidate stays. With `/…/g` every match is an
/// option. What does not match is dropped.
fn filtered(variable: &Variable, regex: &str, candidates: &[Candidate], engine: &dyn Engine) -> Options {
    let mut bad_pattern = None;
    let compiled = match regex.trim() {
        "" => None,
        regex => {
            let compiled = pattern::compile(regex, engine);
            if compiled.is_none() {
                bad_pattern = Some(regex.to_owned());
            }
            compiled
        }
    };
    let Some(compiled) = compiled else {
        return Options { list: sorted(unique(candidates.to_vec()), variable.sort), bad_pattern };
    };
    let mut list = Vec::new();
    for candidate in candidates.iter().take(MOST) {
        let subject = if variable.regex_on_text { &candidate.text } else { &candidate.value };
        let matches = compiled.find_all(subject);
        let wanted = if pattern::is_global(regex) { matches.len() } else { 1 };
        for found in matches.iter().take(wanted) {
            let (value, text) = (found.named("value"), found.named("text"));
            list.push(match (value, text) {
                (None, None) if found.groups.len() > 1 => match found.group(1) {
                    Some(group) => ChoiceOption::plain(group),
                    None => continue,
                },
                (None, None) => candidate.clone(),
                (value, text) => {
                    let value = value.or(text).unwrap_or_default().to_owned();
                    ChoiceOption { text: text.unwrap_or(&value).to_owned(), value }
                }
            });
        }
    }
    Options { list: sorted(unique(list), variable.sort), bad_pattern }
}

/// The first option of each value.
fn unique(list: Vec<ChoiceOption>) -> Vec<ChoiceOption> {
    let mut seen = BTreeSet::new();
    list.into_iter().filter(|option| seen.insert(option.value.clone())).take(MOST).collect()
}

fn sorted(mut list: Vec<ChoiceOption>, sort: u8) -> Vec<ChoiceOption> {
    if let Some(compare) = sort::comparison(sort) {
        list.sort_by(|a, b| compare(&a.text, &b.text));
    }
    list
}

/// The conditions of ad-hoc filters as matchers of PromQL, `job="a"`, to be added to every selector.
pub fn adhoc_matchers(filters: &[Filter]) -> Vec<String> {
    filters.iter().filter_map(matcher).collect()
}

fn matcher(filter: &Filter) -> Option<String> {
    let is_label = filter.key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !filter.key.starts_with(|c: char| c.is_ascii_digit());
    let quoted = |text: &str| Value::from(text).to_string();
    let key = if is_label { filter.key.clone() } else { quoted(&filter.key) };
    let one_of = || {
        let escaped = filter.values.iter().map(|value| crate::interpolate::regex_escape(value));
        quoted(&escaped.collect::<Vec<_>>().join("|"))
    };
    Some(match filter.operator.as_str() {
        operator @ ("=" | "!=" | "=~" | "!~") => format!("{key}{operator}{}", quoted(&filter.value)),
        "=|" => format!("{key}=~{}", one_of()),
        "!=|" => format!("{key}!~{}", one_of()),
        // PromQL compares no labels by size.
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pattern::Fancy;

    fn found(variable: &Value, text: &str, regex: &str, candidates: &[&str]) -> Vec<String> {
        let candidates: Vec<_> = candidates.iter().map(|text| ChoiceOption::plain(*text)).collect();
        let found = options(&Variable::read(variable), text, regex, &candidates, &Fancy);
        found.list.iter().map(|option| format!("{}={}", option.text, option.value)).collect()
    }

    #[test]
    fn patterns_pick_options_apart() {
        let query = |regex: &str, candidates: &[&str]| {
            found(&json!({"type": "query", "sort": 1}), "", regex, candidates)
        };
        assert_eq!(query("", &["b", "a", "b"]), ["a=a", "b=b"]);
        assert_eq!(query("/pod=\"([^\"]+)/", &["x{pod=\"p2\"}", "x{pod=\"p1\"}", "x"]), ["p1=p1", "p2=p2"]);
        assert_eq!(query("/(?<text>\\w+)-(?<value>\\d+)/", &["node-1"]), ["node=1"]);
        assert_eq!(query("/(?<text>[a-z])/g", &["a1b"]), ["a=a", "b=b"]);
        assert_eq!(query("a.*", &["abc", "xabc"]), ["abc=abc"]);
        assert_eq!(query("/(/", &["kept"]), ["kept=kept"]);
    }

    #[test]
    fn lists_and_durations_are_options() {
        assert_eq!(
            found(&json!({"type": "custom"}), r"a, b\,c,One : 1,a", "", &[]),
            ["a=a", "b,c=b,c", "One=1"]
        );
        let json = json!({"type": "custom", "valuesFormat": "json"});
        assert_eq!(found(&json, r#"["x", {"text": "T", "value": 2}]"#, "", &[]), ["x=x", "T=2"]);
        let auto = json!({"type": "interval", "auto": true, "auto_count": 30});
        assert_eq!(found(&auto, "1m,5m,junk", "", &[]), ["auto=$__auto", "1m=1m", "5m=5m"]);
        let source = json!({"type": "datasource", "query": "prometheus", "regex": "/nothing/"});
        assert_eq!(found(&source, "", "/nothing/", &[]), ["Crowsnest=crowsnest"]);
    }

    #[test]
    fn filters_become_matchers_that_nobody_gets_out_of() {
        let filter = |key: &str, operator: &str, value: &str| Filter {
            key: key.into(),
            operator: operator.into(),
            value: value.into(),
            values: vec!["a.b".into(), "c".into()],
        };
        let filters = [
            filter("job", "=", "a\"b"),
            filter("x", "=|", ""),
            filter("app.name", "!=", "z"),
            filter("n", "<", "1"),
        ];
        let matchers = adhoc_matchers(&filters);
        assert_eq!(matchers, [r#"job="a\"b""#, r#"x=~"a\\.b|c""#, r#""app.name"!="z""#]);
        assert!(crowsnest_promql::parse(&format!("up{{{}}}", matchers.join(","))).is_ok());
    }

    #[test]
    fn a_series_is_written_as_patterns_of_dashboards_expect() {
        let labels = Labels::from_pairs([("__name__", "up"), ("job", "a"), ("node", "n\"1")]);
        assert_eq!(series_text(&labels), r#"up{job="a",node="n\"1"}"#);
        assert_eq!(sample_text(&labels, 0.5, 7), r#"up{job="a",node="n\"1"} 0.5 7"#);
    }
}
