//! Pushes of many series, labelled as a cluster's containers are; a third constant, half of them counters, the others gauges.
//! Labels are made anew for each push, so that only the store's own memory counts.

use std::fmt::Write as _;
use std::sync::mpsc;

use crowsnest_api::{Sample, Timestamp};
use crowsnest_tsdb::{Appender, Origin, Push, PushedLabels, PushedSeries, Tsdb, WireLabel};

pub(crate) const METRICS: usize = 100;

/// What a source pushes at once: the series `from ..` of all, by their numbers.
pub(crate) struct Tick {
    pub(crate) source: usize,
    pub(crate) series: usize,
    pub(crate) number: usize,
    pub(crate) at: i64,
    /// How often one series in twenty has given way to another so far.
    pub(crate) replaced: usize,
}

/// One source's samples of a tick.
pub(crate) fn push(store: &Tsdb, tick: &Tick) {
    let mut texts = String::new();
    let mut ends = Vec::with_capacity(tick.series * 14);
    let source = tick.source;
    for series in 0..tick.series {
        let (metric, pod) = (series % METRICS, series / METRICS);
        let generation = (tick.replaced + pod % 20) / 20;
        for (name, value) in [
            ("__name__", format_args!("metric_{metric:03}")),
            ("container", format_args!("container-{}", pod % 7)),
            ("instance", format_args!("node-{source:04}:10250")),
            ("job", format_args!("kubelet")),
            ("namespace", format_args!("namespace-{}", pod % 20)),
            ("node", format_args!("node-{source:04}")),
            ("pod", format_args!("deployment-{source:03}-{pod:03}-6f8d9c7b5-x{generation:02x}{pod:03}")),
        ] {
            texts.push_str(name);
            ends.push(texts.len());
            write!(texts, "{value}").unwrap();
            ends.push(texts.len());
        }
    }
    let mut from = 0;
    let mut next = |end: &usize| {
        let text = &texts.as_bytes()[from..*end];
        from = *end;
        text
    };
    let words: Vec<&[u8]> = ends.iter().map(&mut next).collect();
    let labels: Vec<WireLabel<'_>> =
        words.chunks(2).map(|pair| WireLabel { name: pair[0], value: pair[1] }).collect();
    let samples: Vec<Sample> =
        (0..tick.series).map(|series| Sample::new(tick.at, value(series, tick.number))).collect();
    let series = labels.chunks(7).zip(&samples).map(|(labels, sample)| PushedSeries {
        labels: PushedLabels::Wire(labels),
        samples: std::slice::from_ref(sample),
        extras: None,
    });
    let push = Push {
        origin: Origin::Source(format!("source-{source}").into()),
        received: Timestamp::from_millis(tick.at),
        series: series.collect(),
        metadata: Vec::new(),
    };
    let (sender, receiver) = mpsc::channel();
    store.push(&push, Box::new(move |outcome| drop(sender.send(outcome))));
    assert!(receiver.recv().unwrap().unwrap().rejected.is_empty());
}

fn value(series: usize, tick: usize) -> f64 {
    let noise = (series * 2_654_435_761 + tick * 40_503) % 1009;
    match series % 6 {
        0 | 1 => series as f64,
        2..=4 => (tick * (series % 53) * 10 + noise % 10) as f64,
        _ => noise as f64 / 100.0,
    }
}

/// A line of `/proc/self/status`, in bytes.
pub(crate) fn memory(line: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|found| found.strip_prefix(line)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
