//! Debian's `prometheus` writes to us for a minute; then both answer the same queries.
//!
//! 2.42 has closed ranges and Prometheus 3 left-open ones, so query times and window edges are kept off the sample grid.

use std::time::Duration;

use serde_json::Value;

use crate::support::server::{VIEWER, json};
use crate::support::tools::{self, Peer};
use crate::support::{Server, now_ms, wait_for};

/// How long the two run side by side.
const FEED: Duration = Duration::from_secs(60);
/// How often Prometheus scrapes.
const INTERVAL_MS: i64 = 1_000;

/// Asked of both at one time; each must have an answer.
const QUERIES: &[&str] = &[
    "rate(prometheus_tsdb_head_samples_appended_total[30s])",
    "sum by (handler) (increase(prometheus_http_requests_total[45s]))",
    "histogram_quantile(0.9, sum by (le) (rate(prometheus_tsdb_compaction_chunk_range_seconds_bucket[40s]))) or vector(1)",
    "avg_over_time(go_goroutines[20s]) / on (instance) group_left go_threads",
    "topk(3, scrape_samples_scraped)",
    "max_over_time(rate(process_cpu_seconds_total[10s])[30s:5s])",
    "quantile(0.5, go_gc_duration_seconds)",
    "count by (__name__) ({__name__=~\"go_memstats_.*\"} offset 10s)",
    "label_replace(process_start_time_seconds, \"port\", \"$1\", \"instance\", \".*:(.*)\")",
    "stddev_over_time(go_memstats_alloc_bytes[25s]) and delta(go_memstats_alloc_bytes[25s]) != 0",
    "changes(process_resident_memory_bytes[30s]) + resets(process_cpu_seconds_total[30s])",
];

#[test]
fn prometheus_writes_to_us_and_both_answer_alike() {
    if !tools::is_there("prometheus") {
        return;
    }
    let server = Server::start();
    let peer = Peer::start(|port| {
        format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 900ms}}\n\
             scrape_configs:\n  - {{job_name: prometheus, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n\
             remote_write:\n  - url: {url}api/v1/write\n    tls_config: {{ca_file: '{ca}'}}\n    \
             authorization: {{credentials_file: '{token}'}}\n    queue_config: {{batch_send_deadline: 1s}}\n",
            url = server.url,
            ca = server.ca().display(),
            token = server.ingest_file().display(),
        )
    });
    wait_for("prometheus to scrape", || (!theirs(&peer, "up", None).is_empty()).then_some(()));
    std::thread::sleep(FEED);

    // Prometheus sends with a delay: ask about a time that has arrived at both.
    let at = off_grid(&peer, now_ms() - 8_000);
    wait_for("everything to arrive", || {
        let newest = ask(&server, "timestamp(go_goroutines)", None).first()?.value;
        (newest * 1000.0 > at as f64 + 2_000.0).then_some(())
    });

    let mut differences = Vec::new();
    for query in QUERIES {
        let (theirs, ours) = (theirs(&peer, query, Some(at)), ask(&server, query, Some(at)));
        assert!(!theirs.is_empty(), "prometheus has no answer to {query}");
        if let Err(difference) = alike(&theirs, &ours) {
            differences.push(format!("{query} at {at}: {difference}"));
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {} differ:\n{}",
        differences.len(),
        QUERIES.len(),
        differences.join("\n")
    );
}

/// A time near `wanted` that is at least 100 ms away from the phase of every target's samples. Windows and steps are
/// whole seconds, as the scrape interval is, so all their edges keep that distance.
fn off_grid(peer: &Peer, wanted: i64) -> i64 {
    let phases: Vec<i64> = theirs(peer, "max by (instance) (timestamp(up))", None)
        .iter()
        .map(|sample| (sample.value * 1000.0).round() as i64 % INTERVAL_MS)
        .collect();
    let distance = |at: i64| {
        phases.iter().map(|phase| (at - phase).rem_euclid(INTERVAL_MS)).map(|d| d.min(INTERVAL_MS - d)).min()
    };
    (0..INTERVAL_MS).map(|shift| wanted + shift).max_by_key(|at| distance(*at)).unwrap_or(wanted)
}

/// One series of an instant vector.
#[derive(Debug)]
struct Answer {
    metric: String,
    value: f64,
}

/// Reads the body of an instant query that gave a vector; sorted by label set.
fn answers(body: &Value) -> Vec<Answer> {
    assert_eq!(body["status"], "success", "{body}");
    let mut answers: Vec<Answer> = body["data"]["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|series| Answer {
            metric: series["metric"].to_string(),
            value: crowsnest_api::parse_value(series["value"][1].as_str().unwrap()).unwrap(),
        })
        .collect();
    answers.sort_by(|a, b| a.metric.cmp(&b.metric));
    answers
}

fn ask(server: &Server, expr: &str, at_ms: Option<i64>) -> Vec<Answer> {
    answers(
        &json(server.get("api/v1/query").query(&parameters(expr, at_ms)).bearer_auth(VIEWER).send().unwrap())
            .1,
    )
}

fn theirs(peer: &Peer, expr: &str, at_ms: Option<i64>) -> Vec<Answer> {
    answers(&peer.ask("api/v1/query", &parameters(expr, at_ms)))
}

fn parameters(expr: &str, at_ms: Option<i64>) -> Vec<(&'static str, String)> {
    let time = at_ms.map(|at| ("time", format!("{:.3}", at as f64 / 1000.0)));
    [("query", expr.to_owned())].into_iter().chain(time).collect()
}

/// Same series, and values that agree to twelve digits: both sum in floating point, not in one order.
fn alike(theirs: &[Answer], ours: &[Answer]) -> Result<(), String> {
    let names = |answers: &[Answer]| answers.iter().map(|answer| answer.metric.clone()).collect::<Vec<_>>();
    if names(theirs) != names(ours) {
        return Err(format!("series differ: theirs {:?}, ours {:?}", names(theirs), names(ours)));
    }
    for (theirs, ours) in theirs.iter().zip(ours) {
        let close = (theirs.value - ours.value).abs() <= 1e-12 * theirs.value.abs().max(ours.value.abs());
        if !(close || theirs.value.is_nan() && ours.value.is_nan()) {
            return Err(format!("{}: theirs {}, ours {}", theirs.metric, theirs.value, ours.value));
        }
    }
    Ok(())
}
