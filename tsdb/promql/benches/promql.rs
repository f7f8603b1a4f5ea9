//! How long typical dashboard queries take on a store in memory.
//!
//! Prints a table with a checksum of each answer, so that a faster figure with another answer is noticed.

use std::time::{Duration, Instant};

use crowsnest_api::{Labels, METRIC_NAME, Sample, Timestamp};
use crowsnest_promql::{Control, Engine, MemoryStore, RangeParams, Value, parse};

const SCRAPE_INTERVAL_MS: i64 = 15_000;
const STEP: Duration = Duration::from_secs(15);
const RUNS: usize = 5;

const QUERIES: &[&str] = &[
    "requests_total",
    "sum(rate(requests_total[5m]))",
    "sum by (job) (rate(requests_total[5m]))",
    "topk(5, rate(requests_total[5m]))",
    "histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m])))",
    "requests_total / on (job, instance) group_left capacity",
    "avg_over_time(requests_total[10m]) > 5 or capacity",
    "max_over_time(sum by (job) (rate(requests_total[1m]))[10m:1m])",
    "quantile_over_time(0.9, requests_total[5m])",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (series, steps) = (1000, 360);
    let store = store(series, steps);
    let engine = Engine::default();
    let end = SCRAPE_INTERVAL_MS * (steps + 40);
    let start = end - SCRAPE_INTERVAL_MS * (steps - 1);
    let range = RangeParams::new(Timestamp::from_millis(start), Timestamp::from_millis(end), STEP)?;
    println!("| query | series | steps | median ms | checksum |\n|---|---:|---:|---:|---:|");
    for query in QUERIES {
        let expr = parse(query)?;
        let mut times = Vec::new();
        let mut checksum = 0;
        for _ in 0..RUNS {
            let began = Instant::now();
            let result = engine.range(&store, &expr, range, &Control::unlimited())?;
            times.push(began.elapsed());
            checksum = checksum_of(&result.value);
        }
        times.sort();
        let median = times.get(RUNS / 2).copied().unwrap_or_default();
        println!(
            "| `{query}` | {series} | {steps} | {:.1} | {checksum:016x} |",
            median.as_secs_f64() * 1000.0
        );
    }
    Ok(())
}

/// Counters that grow at different speeds, with the buckets of one histogram and one gauge for each instance.
fn store(series: i64, steps: i64) -> MemoryStore {
    let mut store = MemoryStore::default();
    let mut fill = |labels: Labels, value: &dyn Fn(i64) -> f64| {
        for i in 0..steps + 40 {
            store.append(&labels, Sample::new(i * SCRAPE_INTERVAL_MS, value(i)));
        }
    };
    let labels = |name: &str, n: i64, extra: &[(&str, String)]| {
        let mut pairs = vec![
            (METRIC_NAME, name.to_owned()),
            ("job", format!("job-{}", n % 10)),
            ("instance", format!("10.0.{}.{}:9100", n / 100, n % 100)),
        ];
        pairs.extend(extra.iter().cloned());
        Labels::from_pairs(pairs)
    };
    for n in 0..series {
        fill(labels("requests_total", n, &[("code", "200".to_owned())]), &|i| {
            ((i * (n % 17 + 1)) % 5000) as f64
        });
        fill(labels("capacity", n, &[]), &|_| (n % 13 + 1) as f64);
    }
    for n in 0..series / 10 {
        for (b, le) in
            ["0.01", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"].iter().enumerate()
        {
            let share = (b as i64 + 1) * (n % 7 + 1);
            fill(labels("latency_bucket", n, &[("le", (*le).to_owned())]), &|i| (i * share) as f64);
        }
    }
    store
}

/// FNV-1a over all samples in the order of the answer.
fn checksum_of(value: &Value) -> u64 {
    let Value::Matrix(series) = value else { return 0 };
    let words = series
        .iter()
        .flat_map(|series| series.samples.iter())
        .flat_map(|sample| [sample.timestamp.millis() as u64, sample.value.to_bits()]);
    words.fold(0xcbf2_9ce4_8422_2325, |hash, word| (hash ^ word).wrapping_mul(0x0100_0000_01b3))
}
