//! Writes rows of all objects into the store, and staleness markers where rows have ended.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::Context as _;
use crowsnest_api::{JOB, Labels, Sample, Timestamp, is_stale, stale_nan};
use crowsnest_cluster_metrics::{Kind, MetricKind, Row};
use crowsnest_promql::{Matcher, Queryable, Selection};
use crowsnest_tsdb::{AppendError, Appended, Appender, Metadata, Origin, Push, SeriesBatch};
use tracing::warn;

use super::batch::{Batch, KUBE_STATE_METRICS};
use super::collection::{Changed, Collection};
use super::counts;
use super::{AllWatched, Watched};
use crate::clock;
use crate::sources::UP;

/// Rows of one push: what is in memory twice.
const ROWS: usize = 5_000;
/// How far back a series counts as running: Prometheus's lookback.
const LOOKBACK: Duration = Duration::from_secs(300);

type Outcome = Result<Appended, AppendError>;

/// What writes.
pub(super) struct Writer {
    appender: Arc<dyn Appender>,
    queryable: Arc<dyn Queryable>,
    /// Of how many kinds the store has been told types and help.
    described: usize,
    /// Whether the series of an earlier run have been looked for that have ended.
    took_over: bool,
}

/// A round of writing.
struct Round<'a> {
    writer: &'a Writer,
    at: Timestamp,
    batch: Batch,
    sender: mpsc::Sender<Outcome>,
}

impl Writer {
    pub(super) fn new(appender: Arc<dyn Appender>, queryable: Arc<dyn Queryable>) -> Self {
        Self { appender, queryable, described: 0, took_over: false }
    }

    /// Writes everything at `at`. Waits for the disk.
    pub(super) fn write(&mut self, all: &AllWatched, at: Timestamp) {
        let kinds = &all.kinds;
        let (sender, outcomes) = mpsc::channel();
        let mut round = Round { writer: self, at, batch: Batch::default(), sender };
        round.write_own(kinds);
        for watched in kinds.iter().filter(|watched| watched.collection.is_known()) {
            round.write_kind(&watched.kind, &watched.collection);
        }
        drop(round);
        let stored = tell_failures(outcomes);
        self.described = if stored { kinds.len() } else { 0 };
        // Markers may be among what is lost: what has ended is looked for again.
        self.took_over &= stored;
        if !stored {
            return;
        }
        if !self.took_over && all.is_complete && kinds.iter().all(|watched| watched.collection.is_known()) {
            self.took_over = true;
            self.end_running(at);
        }
    }

    /// Ends the series that have no sample at `at`: of objects that went while nobody wrote, or all when it is somebody else's turn.
    pub(super) fn end_running(&self, at: Timestamp) {
        if let Err(error) = self.try_end_running(at) {
            warn!(err = &*error as &dyn std::error::Error, "cannot end the series of objects that are gone");
        }
    }

    fn try_end_running(&self, at: Timestamp) -> anyhow::Result<()> {
        let matchers = [Matcher::equal(JOB, KUBE_STATE_METRICS)];
        let found = self.queryable.select(&Selection::new(&matchers, at.minus(LOOKBACK), at))?;
        let mut ended: Vec<Labels> = Vec::new();
        for series in found.series {
            let series = series.context("cannot read the series of the cluster's metrics")?;
            let runs = series.samples.last().is_some_and(|last| last.timestamp < at && !is_stale(last.value));
            if runs {
                ended.push(series.labels);
            }
        }
        for labels in ended.chunks(ROWS) {
            let marker = vec![Sample { timestamp: at, value: stale_nan() }];
            let series = labels.iter().map(|labels| SeriesBatch::of_floats(labels.clone(), marker.clone()));
            let origin = origin("");
            let batch = crowsnest_tsdb::Batch {
                origin,
                received: clock::now(),
                series: series.collect(),
                metadata: Vec::new(),
            };
            self.appender.append(batch)?;
        }
        Ok(())
    }
}

impl Round<'_> {
    /// What kube-state-metrics says of itself.
    fn write_own(&mut self, kinds: &[Arc<Watched>]) {
        let batch = &mut self.batch;
        let mut add = |row: Row<'_>| batch.add(row);
        add(Row { name: UP, labels: &[], value: 1.0 });
        counts::shard_rows(&mut add);
        for watched in kinds {
            watched.counts.rows(&watched.kind.go_type, &mut add);
        }
        let metadata = if self.writer.described == kinds.len() { Vec::new() } else { describe(kinds) };
        self.push("", metadata);
    }

    fn write_kind(&mut self, kind: &Kind, collection: &Collection) {
        let name = &*kind.go_type;
        let mut ended = Ended::default();
        collection.take_changed(|changed| ended.note(&changed));
        let mut after = None;
        loop {
            let batch = &mut self.batch;
            after = collection.walk(after.as_ref(), |object| {
                object.rows(&mut |row| {
                    ended.goes_on(row);
                    batch.add(row);
                });
                batch.len() < ROWS
            });
            self.push(name, Vec::new());
            if after.is_none() {
                break;
            }
        }
        ended.rows(&mut |row| self.batch.add(row));
        self.push(name, Vec::new());
    }

    /// Pushes what is in the batch.
    fn push(&mut self, resource: &str, metadata: Vec<Metadata>) {
        if self.batch.len() == 0 && metadata.is_empty() {
            return;
        }
        let (wire, samples) = (self.batch.wire(), self.batch.samples(self.at));
        let push = Push {
            origin: origin(resource),
            received: clock::now(),
            series: self.batch.series(&wire, &samples),
            metadata,
        };
        let sender = self.sender.clone();
        self.writer.appender.push(&push, Box::new(move |outcome| drop(sender.send(outcome))));
        self.batch.clear();
    }
}

/// Who writes, to the store: as with any source, each kind's series come in the order that they had before.
fn origin(resource: &str) -> Origin {
    Origin::Source(format!("{KUBE_STATE_METRICS} {resource}").trim_end().into())
}

/// Types and help of all families.
fn describe(kinds: &[Arc<Watched>]) -> Vec<Metadata> {
    let one = |name: &str, kind: &str, help: &str| Metadata {
        family: name.into(),
        kind: kind.into(),
        help: help.to_owned(),
        unit: "".into(),
    };
    let own = counts::FAMILIES.iter().map(|(name, kind, help)| one(name, kind, help));
    let families = kinds.iter().flat_map(|watched| watched.kind.families());
    let of_kinds = families.map(|family| {
        let kind = if family.kind == MetricKind::Counter { "counter" } else { "gauge" };
        one(&family.name, kind, &family.help)
    });
    own.chain(of_kinds).collect()
}

/// Waits for what became of the pushes, and tells the first of what went wrong; whether all came into the store.
fn tell_failures(outcomes: mpsc::Receiver<Outcome>) -> bool {
    let (mut told, mut stored) = (false, true);
    for outcome in outcomes {
        match outcome {
            Ok(appended) => {
                if let Some(refused) = appended.rejected.first().filter(|_| !told) {
                    warn!(
                        reason = %refused.reason,
                        example = refused.example,
                        "some metrics of the cluster are not stored"
                    );
                    told = true;
                }
            }
            Err(error) => {
                if !told {
                    warn!(err = &error as &dyn std::error::Error, "cannot store metrics of the cluster");
                }
                (told, stored) = (true, false);
            }
        }
    }
    stored
}

/// Rows that objects had and have no more.
#[derive(Default)]
struct Ended(HashMap<Vec<u8>, OwnedRow>);

struct OwnedRow {
    name: String,
    labels: Vec<(String, String)>,
}

impl Ended {
    /// An object has changed: takes note of the rows that it had before and has no more.
    fn note(&mut self, changed: &Changed<'_>) {
        changed.before.rows(&mut |row| {
            let labels =
                row.labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
            self.0.insert(key(row), OwnedRow { name: row.name.to_owned(), labels });
        });
        if let Some(now) = changed.now {
            now.rows(&mut |row| self.goes_on(row));
        }
    }

    /// A row is there: of the same object, or of another that has taken its name.
    fn goes_on(&mut self, row: Row<'_>) {
        if !self.0.is_empty() {
            self.0.remove(&key(row));
        }
    }

    /// A staleness marker for each.
    fn rows(&self, sink: &mut dyn FnMut(Row<'_>)) {
        for OwnedRow { name, labels } in self.0.values() {
            let labels: Vec<(&str, &str)> =
                labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            sink(Row { name, labels: &labels, value: stale_nan() });
        }
    }
}

/// The same for rows of one series.
fn key(row: Row<'_>) -> Vec<u8> {
    let mut labels = row.labels.to_vec();
    labels.sort_unstable();
    let mut key = row.name.as_bytes().to_vec();
    for (name, value) in labels {
        for text in [name, value] {
            key.push(0xff);
            key.extend_from_slice(text.as_bytes());
        }
    }
    key
}
