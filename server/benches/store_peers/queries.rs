//! The queries of `queries.tsv`, timed as a client sees them.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::Process;

const REPEATS: usize = 5;

/// One line of the file.
pub(crate) struct Query {
    pub(crate) name: String,
    /// Zero for an instant query.
    range: f64,
    step: f64,
    expression: String,
}

/// Questions for many series that resemble each other, see [`crate::replay::Replay::wide`].
pub(crate) const WIDE: &str = "\
topk_100k\t0\t60\ttopk(10, app_requests_total)
sum_100k\t0\t60\tsum(rate(app_requests_total[5m]))
regex_suffix_100k\t0\t60\tcount(app_requests_total{path=~\".*77\"})
regex_set_100k\t0\t60\tapp_requests_total{path=~\"/path/(000123|050123|099123)\"}
regex_not_100k\t0\t60\tcount(app_requests_total{path!~\"/path/0.*\"})
quantile_10k_buckets\t0\t60\thistogram_quantile(0.99, sum by (service, le) (rate(app_seconds_bucket[5m])))
quantile_10k_buckets_1h\t3600\t60\thistogram_quantile(0.99, sum by (le) (rate(app_seconds_bucket[5m])))
";

/// Name, range in seconds, step in seconds, PromQL; separated by tabs.
pub(crate) fn parse(text: &str) -> Vec<Query> {
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|row| {
        let fields: Vec<&str> = row.split('\t').collect();
        Query {
            name: fields[0].to_owned(),
            range: fields[1].parse().unwrap(),
            step: fields[2].parse().unwrap(),
            expression: fields[3].to_owned(),
        }
    })
    .collect()
}

impl Query {
    /// The median time, and how many points the answer has.
    pub(crate) fn ask(&self, server: &Process, end: f64) -> (Duration, String) {
        let mut times = Vec::new();
        let mut points = 0;
        for _ in 0..REPEATS {
            let request = if self.range == 0.0 {
                server.client.get(server.url("/api/v1/query")).query(&[("time", end.to_string())])
            } else {
                let parameters = [("start", end - self.range), ("end", end), ("step", self.step)];
                let parameters = parameters.map(|(name, value)| (name, value.to_string()));
                server.client.get(server.url("/api/v1/query_range")).query(&parameters)
            };
            let started = Instant::now();
            // Neither VictoriaMetrics nor we shall answer with what was kept of the time before.
            let request = request.query(&[("query", self.expression.as_str()), ("nocache", "1")]);
            let answer = request.send().unwrap().bytes().unwrap();
            times.push(started.elapsed());
            points = count(&serde_json::from_slice(&answer).unwrap());
        }
        times.sort_unstable();
        (times[REPEATS / 2], points.to_string())
    }
}

fn count(answer: &Value) -> usize {
    let result = answer["data"]["result"].as_array();
    let points = |series: &Value| series["values"].as_array().map_or(1, Vec::len);
    result.map_or(0, |result| result.iter().map(points).sum())
}
