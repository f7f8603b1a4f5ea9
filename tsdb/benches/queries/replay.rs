//! A day of twenty nodes, out of a recording of minutes.

use std::path::Path;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_tsdb::{Appender, Batch, Origin, SeriesBatch, Tsdb};

use crate::recording::{Recording, labels};
use crate::{DAY, NODES, START, STEP};

/// What the queries read over hours. The rest is written for the last [`ALL_TICKS`] only.
const LONG: &[&str] = &[
    "node_context_switches_total",
    "node_cpu_seconds_total",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "node_load1",
    "node_memory_Active_bytes",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemFree_bytes",
    "node_memory_MemTotal_bytes",
    "node_network_receive_bytes_total",
];
/// Ticks in one push, so that filling does not take longer than asking.
const PUSH_TICKS: usize = 20;
const ALL_TICKS: usize = 40;

/// Writes the day and says how many samples that was.
pub(crate) fn fill(store: &Tsdb, recording: &Path) -> std::io::Result<u64> {
    let recording = Recording::load(recording)?;
    let ticks = (DAY / STEP) as usize;
    Ok(std::thread::scope(|scope| {
        let nodes = (0..NODES).map(|node| {
            let recording = &recording;
            scope.spawn(move || {
                let labels: Vec<Labels> = recording.names.iter().map(|name| labels(name, node)).collect();
                let pushes = (0..=ticks).step_by(PUSH_TICKS);
                pushes.map(|first| push(store, recording, &labels, node, first, ticks)).sum::<u64>()
            })
        });
        let nodes: Vec<_> = nodes.collect();
        nodes.into_iter().map(|node| node.join().unwrap()).sum()
    }))
}

fn push(
    store: &Tsdb,
    recording: &Recording,
    labels: &[Labels],
    node: usize,
    first: usize,
    ticks: usize,
) -> u64 {
    let mut series: Vec<SeriesBatch> =
        labels.iter().map(|labels| SeriesBatch::of_floats(labels.clone(), Vec::new())).collect();
    let long: Vec<bool> = labels.iter().map(|labels| LONG.contains(&labels.metric_name())).collect();
    let last = (first + PUSH_TICKS - 1).min(ticks);
    let at = |tick: usize| START + tick as i64 * STEP + node as i64 * 37;
    for tick in first..=last {
        // Nodes that do not do the same thing at the same time.
        let place = tick + node * 7;
        let (round, page) = (place / recording.pages.len(), place % recording.pages.len());
        for &(number, value) in recording.pages.get(page).into_iter().flatten() {
            if long.get(number) == Some(&true) || tick + ALL_TICKS > ticks {
                let value = value + round as f64 * recording.growth[number];
                series[number].samples.push(Sample::new(at(tick), value));
            }
        }
    }
    series.retain(|series| !series.samples.is_empty());
    let origin = Origin::Source(format!("node-{node}").into());
    let received = Timestamp::from_millis(at(last));
    let outcome = store.append(Batch { origin, received, series, metadata: Vec::new() }).unwrap();
    assert!(outcome.rejected.is_empty(), "{:?}", outcome.rejected);
    outcome.written
}
