//! Reading a test file.

use std::collections::BTreeMap;
use std::time::Duration;

use crowsnest_api::{Labels, Timestamp, parse_value};
use crowsnest_promql::{Expr, SampleValue, promqltest};
use smol_str::SmolStr;

use crate::yaml::{Fault, Faults, Fields, Node, Place, load};

/// A test file.
pub(super) struct TestFile {
    pub(super) rule_files: Vec<(Place, String)>,
    pub(super) evaluation_interval: Duration,
    /// Names of groups, those to be evaluated first at the beginning.
    pub(super) group_order: Vec<String>,
    /// Whether values may differ in their last bit.
    pub(super) is_fuzzy: bool,
    pub(super) tests: Vec<Test>,
}

/// One test.
pub(super) struct Test {
    pub(super) name: String,
    pub(super) at: Place,
    /// Between two samples.
    pub(super) interval: Duration,
    pub(super) start: Timestamp,
    pub(super) series: Vec<(Labels, Vec<Option<SampleValue>>)>,
    pub(super) alerts: Vec<AlertCase>,
    pub(super) queries: Vec<QueryCase>,
    pub(super) external_labels: Labels,
    pub(super) external_url: String,
}

/// Alerts that must fire at a time.
pub(super) struct AlertCase {
    pub(super) at: Place,
    pub(super) time: Duration,
    pub(super) alert: String,
    pub(super) expected: Vec<(Labels, BTreeMap<SmolStr, String>)>,
}

/// An answer that a query must have at a time.
pub(super) struct QueryCase {
    pub(super) at: Place,
    pub(super) time: Duration,
    pub(super) query: String,
    pub(super) expr: Option<Expr>,
    pub(super) expected: Vec<(Labels, Expected)>,
}

/// A value that is expected.
pub(super) enum Expected {
    Float(f64),
    Histogram(String),
}

const FILE: &[&str] = &["rule_files", "evaluation_interval", "group_eval_order", "tests", "fuzzy_compare"];
const TEST: &[&str] = &[
    "interval",
    "input_series",
    "alert_rule_test",
    "promql_expr_test",
    "external_labels",
    "external_url",
    "name",
    "start_timestamp",
];

pub(super) fn file(text: &str) -> Result<TestFile, Vec<Fault>> {
    let documents = load(text).map_err(|fault| vec![fault])?;
    let nothing = Node::nothing();
    let mut faults = Faults::default();
    let fields = Fields::of(documents.first().unwrap_or(&nothing), "test file", FILE, &mut faults);
    let interval = fields.duration("evaluation_interval", &mut faults).filter(|time| !time.is_zero());
    let interval = interval.unwrap_or(Duration::from_mins(1));
    let rule_files = fields.texts("rule_files", &mut faults);
    let order = fields.texts("group_eval_order", &mut faults);
    let file = TestFile {
        rule_files: rule_files.into_iter().map(|(at, text)| (at, text.to_owned())).collect(),
        evaluation_interval: interval,
        group_order: order.into_iter().map(|(_, text)| text.to_owned()).collect(),
        is_fuzzy: fields.flag("fuzzy_compare", &mut faults).unwrap_or(false),
        tests: {
            let nodes = fields.list("tests", &mut faults);
            nodes.iter().map(|node| test(node, interval, &mut faults)).collect()
        },
    };
    faults.or(file)
}

fn test(node: &Node, evaluation_interval: Duration, faults: &mut Faults) -> Test {
    let fields = Fields::of(node, "test", TEST, faults);
    let interval = fields.duration("interval", faults).filter(|interval| !interval.is_zero());
    let external = fields.string_map("external_labels", faults);
    let mut series = Vec::new();
    for node in fields.list("input_series", faults) {
        let fields = Fields::of(node, "input series", &["series", "values"], faults);
        let name = fields.text("series", faults).unwrap_or_default();
        let values = fields.text("values", faults).unwrap_or_default();
        match promqltest::series(name, values) {
            Ok(one) => series.push(one),
            Err(error) => faults.add(node.at, error),
        }
    }
    Test {
        name: fields.text("name", faults).unwrap_or_default().to_owned(),
        at: node.at,
        interval: interval.unwrap_or(evaluation_interval),
        start: fields.parsed("start_timestamp", timestamp, faults).unwrap_or_default(),
        series,
        alerts: {
            let nodes = fields.list("alert_rule_test", faults);
            nodes.iter().map(|node| alert_case(node, faults)).collect()
        },
        queries: {
            let nodes = fields.list("promql_expr_test", faults);
            nodes.iter().map(|node| query_case(node, faults)).collect()
        },
        external_labels: Labels::from_pairs(external.into_iter().map(|(name, (_, value))| (name, value))),
        external_url: fields.text("external_url", faults).unwrap_or_default().to_owned(),
    }
}

/// Seconds since 1970, or RFC 3339.
fn timestamp(text: &str) -> Result<Timestamp, String> {
    if let Some(seconds) = parse_value(text) {
        return Ok(Timestamp::from_seconds(seconds));
    }
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    let time =
        parsed.map_err(|_| format!("{text:?} is neither seconds since 1970 nor a time in RFC 3339"))?;
    Ok(Timestamp::from_millis(time.as_millisecond()))
}

fn alert_case(node: &Node, faults: &mut Faults) -> AlertCase {
    let fields = Fields::of(node, "alert test", &["eval_time", "alertname", "exp_alerts"], faults);
    let alert = fields.text("alertname", faults).unwrap_or_default();
    if alert.is_empty() {
        faults.add(node.at, "an item under alert_rule_test misses required attribute alertname");
    }
    let expected = fields.list("exp_alerts", faults).iter().map(|node| {
        let fields = Fields::of(node, "expected alert", &["exp_labels", "exp_annotations"], faults);
        let labels = fields.string_map("exp_labels", faults).into_iter();
        let mut labels = Labels::from_pairs(labels.map(|(name, (_, value))| (name, value))).to_builder();
        labels.set("alertname", alert);
        let annotations = fields.string_map("exp_annotations", faults).into_iter();
        let annotations = annotations.map(|(name, (_, text))| (SmolStr::new(name), text.to_owned()));
        (labels.build(), annotations.collect())
    });
    let expected = expected.collect();
    let time = fields.duration("eval_time", faults).unwrap_or_default();
    AlertCase { at: node.at, time, alert: alert.to_owned(), expected }
}

fn query_case(node: &Node, faults: &mut Faults) -> QueryCase {
    let fields = Fields::of(node, "query test", &["expr", "eval_time", "exp_samples"], faults);
    let query = fields.text("expr", faults).unwrap_or_default();
    let mut expected = Vec::new();
    for node in fields.list("exp_samples", faults) {
        let fields = Fields::of(node, "expected sample", &["labels", "value", "histogram"], faults);
        let labels = match fields.text("labels", faults).unwrap_or_default().trim() {
            "" => Some(Labels::empty()),
            _ => fields.parsed("labels", promqltest::metric, faults),
        };
        let value = match fields.text("histogram", faults) {
            Some(histogram) => Some(Expected::Histogram(histogram.to_owned())),
            None => {
                fields.parsed("value", number, faults).map(Expected::Float).or(Some(Expected::Float(0.0)))
            }
        };
        expected.extend(labels.zip(value));
    }
    let time = fields.duration("eval_time", faults).unwrap_or_default();
    let expr = fields.parsed("expr", crowsnest_promql::parse, faults);
    QueryCase { at: node.at, time, query: query.to_owned(), expr, expected }
}

/// A number as YAML writes it.
fn number(text: &str) -> Result<f64, String> {
    let plain = match text.to_lowercase().as_str() {
        ".nan" => Some(f64::NAN),
        ".inf" | "+.inf" => Some(f64::INFINITY),
        "-.inf" => Some(f64::NEG_INFINITY),
        _ => parse_value(&text.replace('_', "")),
    };
    plain.ok_or_else(|| format!("{text:?} is not a number"))
}
