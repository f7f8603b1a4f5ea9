//! Searching the metrics, and queries to start from.

use std::ops::Range;

use crate::arrange::Arrange as _;
use crate::assist::{Metric, WEAK, rank};

/// What a word counts that is found only as letters in order: more than any number of words found as they are.
const LETTERS: u32 = 1_000;

/// The metrics of a kind that answer to every word typed, the best first; each word by a part of the name or of the
/// help. Places in the list `metrics`, and the bytes of the name that answer to the first word.
pub(super) fn search(metrics: &[Metric], typed: &str, kind: &str) -> Vec<(usize, Range<usize>)> {
    let words: Vec<&str> = typed.split_whitespace().collect();
    let mut found: Vec<_> = metrics
        .iter()
        .enumerate()
        .filter(|(_, metric)| kind.is_empty() || kind_of(metric) == kind)
        .filter_map(|(at, metric)| Some((answers(metric, &words)?, at)))
        .collect();
    if found.iter().any(|((sum, _), _)| *sum < LETTERS) {
        found.retain(|((sum, _), _)| *sum < LETTERS);
    }
    found.arrange_by(|((a, _), i), ((b, _), j)| (a, i).cmp(&(b, j)));
    found.into_iter().map(|((_, hit), at)| (at, hit)).collect()
}

/// How well a metric answers to the words, and where its name answers to the first.
fn answers(metric: &Metric, words: &[&str]) -> Option<(u32, Range<usize>)> {
    let mut sum = 0;
    let mut first = 0..0;
    for (at, word) in words.iter().enumerate() {
        let (rank, hit) = match rank(&metric.name, word) {
            // Letters in order are too weak beside words of the help.
            Some((rank, hit)) if rank < WEAK => (u32::from(rank), hit),
            _ if contains(&metric.help, word) => (5, 0..0),
            weak => weak.map(|(_, hit)| (LETTERS, hit))?,
        };
        sum += rank;
        if at == 0 {
            first = hit;
        }
    }
    Some((sum, first))
}

fn contains(help: &str, word: &str) -> bool {
    help.to_lowercase().contains(&word.to_lowercase())
}

/// The type of a metric, or a word for those without.
pub(super) fn kind_of(metric: &Metric) -> &str {
    if metric.kind.is_empty() { "untyped" } else { &metric.kind }
}

/// Queries that suit a metric by its type and name, the most usual first.
pub(super) fn starts(metric: &Metric) -> Vec<String> {
    let name = match metric.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':') {
        true => metric.name.clone(),
        false => format!("{{{:?}}}", metric.name),
    };
    let ends = |ending: &str| metric.name.ends_with(ending);
    match metric.kind.as_str() {
        "histogram" | "summary" if ends("_sum") => {
            let count = name.replace("_sum", "_count");
            vec![format!("rate({name}[5m]) / rate({count}[5m])"), format!("rate({name}[5m])")]
        }
        _ if ends("_bucket") => [0.95, 0.5]
            .iter()
            .map(|quantile| format!("histogram_quantile({quantile}, sum by (le) (rate({name}[5m])))"))
            .collect(),
        // A native histogram has no series of buckets.
        "histogram" if !ends("_count") => {
            vec![
                format!("histogram_quantile(0.95, sum(rate({name}[5m])))"),
                format!("histogram_avg(rate({name}[5m]))"),
            ]
        }
        "counter" | "histogram" => rates(&name),
        "summary" if ends("_count") => rates(&name),
        "" if ends("_total") => rates(&name),
        _ => vec![name.clone(), format!("sum({name})"), format!("max_over_time({name}[1h])")],
    }
}

fn rates(name: &str) -> Vec<String> {
    vec![format!("rate({name}[5m])"), format!("sum(rate({name}[5m]))"), format!("increase({name}[1h])")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str, kind: &str, help: &str) -> Metric {
        Metric { name: name.into(), kind: kind.into(), unit: String::new(), help: help.into() }
    }

    #[test]
    fn every_word_must_be_found_in_name_or_help() {
        let metrics = [
            metric("node_cpu_seconds_total", "counter", "Seconds the CPUs spent."),
            metric("node_load1", "gauge", "1m load average."),
            metric("up", "", ""),
        ];
        let names = |typed, kind| -> Vec<&str> {
            search(&metrics, typed, kind).into_iter().map(|(at, _)| metrics[at].name.as_str()).collect()
        };
        assert_eq!(names("", ""), ["node_cpu_seconds_total", "node_load1", "up"]);
        assert_eq!(names("average", ""), ["node_load1"]);
        assert_eq!(names("node spent", ""), ["node_cpu_seconds_total"]);
        assert_eq!(names("load", "counter"), [""; 0]);
        assert_eq!(names("", "untyped"), ["up"]);
        assert_eq!(names("node disk", ""), [""; 0]);
    }

    #[test]
    fn starts_are_queries_that_can_be_read() {
        for (name, kind) in [
            ("a_total", "counter"),
            ("a_bucket", "histogram"),
            ("a_sum", "histogram"),
            ("a_count", "summary"),
            ("a", "histogram"),
            ("a", "gauge"),
            ("a_total", ""),
            ("http.status", "gauge"),
        ] {
            for query in starts(&metric(name, kind, "")) {
                assert!(crowsnest_promql::parse(&query).is_ok(), "{query}");
            }
        }
        assert_eq!(starts(&metric("a_total", "counter", ""))[0], "rate(a_total[5m])");
        assert_eq!(starts(&metric("a_sum", "histogram", ""))[0], "rate(a_sum[5m]) / rate(a_count[5m])");
    }
}
