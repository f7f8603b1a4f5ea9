//! Recorded pages of one node exporter as the remote-write pushes of many nodes.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crowsnest_api::{Labels, LabelsBuilder, METRIC_NAME};

use crate::recording::{Recording, labels};

const STEP_MS: i64 = 15_000;
const TICKS_AN_HOUR: usize = 240;

/// All pushes, by node and tick.
pub(crate) struct Replay {
    pub(crate) nodes: usize,
    pub(crate) ticks: usize,
    in_step: bool,
    start: i64,
    /// Per page: number of the series and its value.
    pages: Vec<Vec<(usize, f64)>>,
    /// Per node and series: the labels as a `TimeSeries` message carries them.
    labels: Vec<Vec<Vec<u8>>>,
    /// Per series: what a round adds, zero for gauges.
    growth: Vec<f64>,
}

impl Replay {
    pub(crate) fn load(path: &Path, nodes: usize, hours: usize, in_step: bool) -> std::io::Result<Self> {
        let Recording { names, pages, growth } = Recording::load(path)?;
        let encode = |node| names.iter().map(|name| encode(&labels(name, node))).collect();
        let ticks = hours * TICKS_AN_HOUR;
        let labels = (0..nodes).map(encode).collect();
        Ok(Self { nodes, ticks, in_step, start: now() - ticks as i64 * STEP_MS, pages, labels, growth })
    }

    /// Counters of 5,000 paths and histograms of 25 services with 20 buckets a node; each path has a name of its own.
    pub(crate) fn wide(nodes: usize, hours: usize) -> Self {
        const PATHS: usize = 5000;
        const BUCKETS: usize = 20;
        const SERIES: usize = PATHS + 25 * BUCKETS;
        let labels = |node: usize, series: usize| {
            let mut builder = LabelsBuilder::default();
            builder.set("instance", format!("node-{node:04}:9100"));
            builder.set("job", "app");
            if series < PATHS {
                builder.set(METRIC_NAME, "app_requests_total");
                builder.set("path", format!("/path/{:06}", node * PATHS + series));
            } else {
                let (service, bucket) = ((series - PATHS) / BUCKETS, (series - PATHS) % BUCKETS);
                builder.set(METRIC_NAME, "app_seconds_bucket");
                builder.set("service", format!("service-{service:02}"));
                let bound = 0.001 * f64::powi(2.0, bucket as i32);
                builder.set("le", if bucket + 1 == BUCKETS { "+Inf".to_owned() } else { bound.to_string() });
            }
            encode(&builder.build())
        };
        let all = |node| (0..SERIES).map(|series| labels(node, series)).collect();
        let growth = |series: usize| match series.checked_sub(PATHS) {
            None => (series % 97) as f64,
            Some(bucket) => (bucket % BUCKETS) as f64,
        };
        let ticks = hours * TICKS_AN_HOUR;
        Self {
            nodes,
            ticks,
            in_step: true,
            start: now() - ticks as i64 * STEP_MS,
            pages: vec![(0..SERIES).map(|series| (series, 1000.0)).collect()],
            labels: (0..nodes).map(all).collect(),
            growth: (0..SERIES).map(growth).collect(),
        }
    }

    /// Counters of which each node has one: `requests_00000_total` and so on.
    pub(crate) fn named(nodes: usize, names: usize, ticks: usize) -> Self {
        let labels = |node: usize, name: usize| {
            let mut builder = LabelsBuilder::default();
            builder.set("instance", format!("node-{node:04}:9100"));
            builder.set("job", "app");
            builder.set(METRIC_NAME, format!("requests_{name:05}_total"));
            encode(&builder.build())
        };
        let all = |node| (0..names).map(|name| labels(node, name)).collect();
        Self {
            nodes,
            ticks,
            in_step: true,
            start: now() - ticks as i64 * STEP_MS,
            pages: vec![(0..names).map(|name| (name, 1000.0)).collect()],
            labels: (0..nodes).map(all).collect(),
            growth: (0..names).map(|name| (name % 97) as f64).collect(),
        }
    }

    pub(crate) fn pushes(&self) -> usize {
        self.nodes * self.ticks
    }

    /// The last moment that is pushed, in seconds.
    pub(crate) fn end(&self) -> f64 {
        (self.start + self.ticks as i64 * STEP_MS) as f64 / 1000.0
    }

    /// A `WriteRequest` in `out`, and how many samples it has.
    pub(crate) fn request(&self, node: usize, tick: usize, out: &mut Vec<u8>) -> u64 {
        out.clear();
        let position = if self.in_step { tick } else { tick + node * self.pages.len() / self.nodes };
        let (round, page) = (position / self.pages.len(), &self.pages[position % self.pages.len()]);
        // Agents push at moments of their own.
        let at = self.start + (tick as i64 + 1) * STEP_MS - STEP_MS * node as i64 / self.nodes as i64;
        for &(series, value) in page {
            let labels = &self.labels[node][series];
            let mut sample = vec![0x09];
            sample.extend_from_slice(&(value + round as f64 * self.growth[series]).to_le_bytes());
            sample.push(0x10);
            put_varint(&mut sample, at as u64);
            out.push(0x0a);
            put_varint(out, (labels.len() + sample.len() + 2) as u64);
            out.extend_from_slice(labels);
            put_field(out, 0x12, &sample);
        }
        page.len() as u64
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}

fn encode(labels: &Labels) -> Vec<u8> {
    let mut out = Vec::new();
    for label in labels {
        let mut pair = Vec::new();
        put_field(&mut pair, 0x0a, label.name.as_bytes());
        put_field(&mut pair, 0x12, label.value.as_bytes());
        put_field(&mut out, 0x0a, &pair);
    }
    out
}

/// A length-delimited protobuf field.
fn put_field(out: &mut Vec<u8>, key: u8, bytes: &[u8]) {
    out.push(key);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
