//! The queries of the PromQL compliance project, over data like that which they are meant for.

use std::path::Path;

use crowsnest_api::{Labels, Sample};
use crowsnest_promql::parse;

use super::data::{Data, START};
use super::generator::When;
use super::peer::Peer;
use super::random::Random;
use super::{Answer, differing, evaluate, is_missing};

/// What stands for each placeholder, one after the other.
const VARIANTS: &[(&str, &[&str])] = &[
    ("range", &["1s", "15s", "1m", "5m", "15m", "1h"]),
    ("offset", &["1m", "5m", "10m"]),
    ("simpleAggrOp", &["sum", "avg", "max", "min", "count", "stddev", "stdvar"]),
    ("simpleTimeAggrOp", &["sum", "avg", "max", "min", "count", "stddev", "stdvar", "absent", "last"]),
    ("topBottomOp", &["topk", "bottomk"]),
    ("quantile", &["-0.5", "0.1", "0.5", "0.75", "0.9", "0.99", "1", "1.5"]),
    ("arithBinOp", &["+", "-", "*", "/", "%", "^"]),
    ("compBinOp", &["==", "!=", "<", ">", "<=", ">="]),
    ("binOp", &["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">="]),
    ("simpleMathFunc", &["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10"]),
    ("extrapolatedRateFunc", &["delta", "rate", "increase"]),
    ("clampFunc", &["clamp_min", "clamp_max"]),
    ("instantRateFunc", &["idelta", "irate"]),
    ("dateFunc", &["day_of_month", "day_of_week", "days_in_month", "hour", "minute", "month", "year"]),
];

/// A label of this name version 2 refuses; version 3 takes any UTF-8.
const ONLY_IN_VERSION_3: &str = "~invalid";

/// Seconds of data, of the queries' range, and between their steps.
const DATA: i64 = 80 * 60;
const RANGE: i64 = 10 * 60;
const STEP: i64 = 50;

/// The queries with every placeholder filled in, in every way, and whether they are meant to fail.
fn queries(yaml: &str) -> Vec<(String, bool)> {
    let mut queries: Vec<(String, bool)> = Vec::new();
    let mut newest = 0;
    for line in yaml.lines().map(|line| line.trim().trim_start_matches("- ")) {
        if let Some(template) = line.strip_prefix("query: ") {
            newest = queries.len();
            queries.extend(expanded(unquoted(template)).into_iter().map(|query| (query, false)));
        } else if line == "should_fail: true" {
            queries[newest..].iter_mut().for_each(|(_, fails)| *fails = true);
        }
    }
    queries
}

fn unquoted(scalar: &str) -> String {
    let inner = |quote: char| scalar.strip_prefix(quote)?.strip_suffix(quote);
    inner('\'').or_else(|| inner('"')).unwrap_or(scalar).to_owned()
}

fn expanded(template: String) -> Vec<String> {
    let Some((before, rest)) = template.split_once("{{.") else { return vec![template] };
    let (name, after) = rest.split_once("}}").unwrap();
    let (_, values) = VARIANTS.iter().find(|(known, _)| *known == name).unwrap();
    values.iter().flat_map(|value| expanded(format!("{before}{value}{after}"))).collect()
}

/// The value of a series at its n-th scrape, if there is one.
type Course = Box<dyn FnMut(&mut Random, i64) -> Option<f64>>;

/// Three instances of the demo service.
fn demo_service() -> Data {
    let mut random = Random::new(529);
    let mut series = Vec::new();
    let mut add = |pairs: &[(&str, &str)], mut next: Course| {
        for instance in ["demo.promlabs.com:10000", "demo.promlabs.com:10001", "demo.promlabs.com:10002"] {
            let common = [("job", "demo"), ("instance", instance)];
            let labels = Labels::from_pairs(common.iter().chain(pairs).copied());
            let samples = (0..DATA / 5).filter_map(|n| {
                let value = next(&mut random, n)?;
                Some(Sample::new(START + n * 5_000 + 500, value))
            });
            series.push((labels, samples.collect()));
        }
    };
    let counter = |most: u64| {
        let mut count = 100_000.0;
        Box::new(move |random: &mut Random, _| {
            count += random.below(most) as f64 / 8.0;
            Some(count)
        })
    };
    for kind in ["used", "free", "cached", "buffers"] {
        let gauge = |random: &mut Random, _| Some(1e8 + random.below(1 << 24) as f64);
        add(&[("__name__", "demo_memory_usage_bytes"), ("type", kind)], Box::new(gauge));
    }
    for mode in ["user", "system", "idle"] {
        add(&[("__name__", "demo_cpu_usage_seconds_total"), ("mode", mode)], counter(40));
    }
    add(&[("__name__", "demo_num_cpus")], Box::new(|_, _| Some(4.0)));
    add(&[("__name__", "demo_disk_usage_bytes")], counter(1 << 20));
    let batch = |_: &mut Random, n: i64| Some((START / 1000 + n * 5 / 60 * 60 - 7) as f64);
    add(&[("__name__", "demo_batch_last_success_timestamp_seconds")], Box::new(batch));
    let intermittent = |_: &mut Random, n: i64| (n / 30 % 2 == 0).then_some(1.0);
    add(&[("__name__", "demo_intermittent_metric")], Box::new(intermittent));
    for method in ["GET", "POST"] {
        for (le, most) in [("0.1", 8), ("0.5", 16), ("1", 64), ("+Inf", 128)] {
            let name = ("__name__", "demo_api_request_duration_seconds_bucket");
            add(&[name, ("method", method), ("le", le)], counter(most));
        }
        add(&[("__name__", "demo_api_request_duration_seconds_count"), ("method", method)], counter(128));
        add(&[("__name__", "demo_api_request_duration_seconds_sum"), ("method", method)], counter(500));
    }
    Data { series }
}

#[test]
fn the_compliance_projects_queries_are_answered_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let corpus = std::env::var_os("CROWSNEST_CORPUS").unwrap_or_else(|| "../shared/corpus".into());
    let file = root.join(corpus).join("promqltest/extra/compliance-promql-test-queries.yml");
    let Ok(yaml) = std::fs::read_to_string(file) else {
        println!("corpus absent: set CROWSNEST_CORPUS to ask the queries of the PromQL compliance project");
        return;
    };
    let queries = queries(&yaml);
    assert_eq!(queries.len(), 529);
    if is_missing() {
        return;
    }
    let data = demo_service();
    let (peer, store) = (Peer::start(&data), data.store());
    let end = START + (DATA - 300) * 1000 + 250;
    let when = When::Range { start: end - RANGE * 1000, end, step: STEP * 1000 };
    let mut differences = Vec::new();
    for (query, fails) in queries {
        let theirs = peer.ask(&query, when);
        let expr = parse(&query);
        let ours = match &expr {
            Ok(expr) => Answer::of(evaluate(&store, expr, when)),
            Err(error) => Answer::Error(error.to_string()),
        };
        let differs = if query.contains(ONLY_IN_VERSION_3) {
            matches!(ours, Answer::Error(_)).then(|| "only in version 2 is it wrong".to_owned())
        } else if fails != matches!(theirs, Answer::Error(_)) {
            Some(format!("it was meant to fail, or not: {theirs:?}"))
        } else {
            match (&expr, &theirs) {
                (Ok(expr), _) => differing(&store, expr, when, (&ours, &theirs)).map(|(found, _)| found),
                (Err(_), Answer::Error(_)) => None,
                (Err(error), _) => Some(format!("only we cannot read it: {error}")),
            }
        };
        differences.extend(differs.map(|difference| format!("{query}: {difference}")));
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}
