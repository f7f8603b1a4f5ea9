//! The newest samples, in memory and appendable. What is here is in the write-ahead log too.
//!
//! Knows nothing of files. A caller that wants durability stages a batch ([`Head::stage`]), logs what was staged, and
//! only then applies it ([`Head::apply`]); replaying the log applies the same records in the same order.

mod order;
mod postings;
mod read;
mod series;
mod stage;
mod status;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crowsnest_api::{Labels, Sample, Timestamp};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

pub(crate) use postings::Postings;
pub(crate) use read::HeadSeries;
pub(crate) use series::MemSeries;
pub(crate) use stage::{Limits, Staged, StagedOrigin};

use crate::appender::Metadata;
use crate::chunk::Chunk;
use crate::server_sample::ServerSample;
use crate::source::{SourceId, Sources};

/// A series within the head. The number is given to another series when this one has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SeriesRef(pub(crate) u32);

/// The samples of one series that are about to become part of a block.
pub(crate) struct FrozenSeries {
    pub(crate) labels: Labels,
    /// Chunks with the names of their sources.
    pub(crate) chunks: Vec<(SmolStr, std::sync::Arc<Chunk>)>,
    pub(crate) server: Vec<ServerSample>,
}

/// All series with recent samples.
#[derive(Default)]
pub(crate) struct Head {
    series: Vec<Option<MemSeries>>,
    free: Vec<u32>,
    by_labels: FxHashMap<Labels, SeriesRef>,
    postings: Postings,
    sources: Sources,
    metadata: BTreeMap<SmolStr, Metadata>,
    /// The series of each source's last push, in the order of that push.
    orders: FxHashMap<SourceId, Vec<SeriesRef>>,
    /// Counts batches, so that a series knows whether it was seen in the current one.
    batches: u64,
    min_time: Option<Timestamp>,
    max_time: Option<Timestamp>,
    /// What is set aside is all that was before this.
    frozen_before: Option<Timestamp>,
    pub(crate) created: u64,
    pub(crate) removed: u64,
}

impl Head {
    pub(crate) fn len(&self) -> usize {
        self.by_labels.len()
    }

    /// Oldest and newest sample, the server's own included; the oldest may be gone already.
    pub(crate) fn time_range(&self) -> Option<(Timestamp, Timestamp)> {
        self.min_time.zip(self.max_time)
    }

    pub(crate) fn series_ref(&self, labels: &Labels) -> Option<SeriesRef> {
        self.by_labels.get(labels).copied()
    }

    pub(crate) fn get(&self, series: SeriesRef) -> Option<&MemSeries> {
        self.series.get(series.0 as usize)?.as_ref()
    }

    fn get_mut(&mut self, series: SeriesRef) -> Option<&mut MemSeries> {
        self.series.get_mut(series.0 as usize)?.as_mut()
    }

    pub(crate) fn sources_mut(&mut self) -> &mut Sources {
        &mut self.sources
    }

    pub(crate) fn metadata(&self) -> &BTreeMap<SmolStr, Metadata> {
        &self.metadata
    }

    /// Finds a series or makes it; `newest` is what older storage knows of its newest pushed sample.
    pub(crate) fn create(&mut self, labels: &Labels, newest: Option<Timestamp>) -> SeriesRef {
        if let Some(known) = self.series_ref(labels) {
            return known;
        }
        let number = self.free.pop().unwrap_or(self.series.len() as u32);
        let series = SeriesRef(number);
        let labels = self.postings.insert(number, labels);
        let slot = Some(MemSeries::new(labels.clone(), newest));
        match self.series.get_mut(number as usize) {
            Some(free) => *free = slot,
            None => self.series.push(slot),
        }
        self.by_labels.insert(labels, series);
        self.created += 1;
        series
    }

    /// Puts what was staged and logged into the head.
    pub(crate) fn apply(&mut self, staged: &Staged, max_metadata: usize) {
        for &entry in &staged.entries {
            self.apply_series(entry.series, &staged.origin, staged.samples(entry));
            self.release(entry.series);
        }
        for metadata in &staged.metadata {
            self.set_metadata(metadata, max_metadata);
        }
    }

    /// Gives up what was staged and could not be logged.
    pub(crate) fn discard(&mut self, staged: &Staged) {
        for entry in &staged.entries {
            self.release(entry.series);
        }
    }

    /// Puts samples of one series into the head. Where one is at the same timestamp already, that one stays.
    pub(crate) fn apply_series(&mut self, series: SeriesRef, origin: &StagedOrigin, samples: &[Sample]) {
        let Some(memory) = self.get_mut(series) else { return };
        for &sample in samples {
            match *origin {
                StagedOrigin::Source { id, .. } => memory.insert(id, sample),
                StagedOrigin::Server { silence } => memory.insert_server(ServerSample { sample, silence }),
            }
        }
        for time in samples.iter().map(|sample| sample.timestamp) {
            self.min_time = Some(self.min_time.map_or(time, |min| min.min(time)));
            self.max_time = Some(self.max_time.map_or(time, |max| max.max(time)));
        }
    }

    /// Keeps what a push says about a metric family; the latest counts. New families beyond `max` are not kept.
    pub(crate) fn set_metadata(&mut self, metadata: &Metadata, max: usize) {
        let room = self.metadata.len() < max;
        match self.metadata.entry(metadata.family.clone()) {
            Entry::Occupied(mut known) if known.get() != metadata => {
                known.insert(metadata.clone());
            }
            Entry::Vacant(free) if room => {
                free.insert(metadata.clone());
            }
            _ => {}
        }
    }

    fn release(&mut self, series: SeriesRef) {
        if let Some(memory) = self.get_mut(series) {
            memory.pending = memory.pending.saturating_sub(1);
        }
    }

    /// Sets aside all samples before `before`, or as many as were set aside before and not let go of, if that is more; the answer
    /// says which. They stay readable; what is appended from now on is not among them.
    pub(crate) fn freeze(&mut self, before: Timestamp) -> Timestamp {
        let before = self.frozen_before.map_or(before, |known| known.max(before));
        self.frozen_before = Some(before);
        for memory in self.series.iter_mut().flatten() {
            memory.freeze(before);
        }
        before
    }

    /// What has been set aside, in the order of labels.
    pub(crate) fn frozen(&self) -> Vec<FrozenSeries> {
        let mut frozen: Vec<FrozenSeries> = self
            .series
            .iter()
            .flatten()
            .filter_map(|memory| {
                let (chunks, server) = memory.frozen()?;
                let chunks = chunks
                    .iter()
                    .map(|frozen| (self.sources.name(frozen.source), frozen.chunk.clone()))
                    .collect();
                Some(FrozenSeries { labels: memory.labels().clone(), chunks, server: server.to_vec() })
            })
            .collect();
        frozen.sort_by(|a, b| a.labels.cmp(&b.labels));
        frozen
    }

    /// Lets go of what was set aside, and of series that have nothing left; says which those were.
    pub(crate) fn drop_frozen(&mut self) -> Vec<SeriesRef> {
        self.frozen_before = None;
        let mut gone = Vec::new();
        let (mut min, mut max) = (None, None);
        for (number, slot) in self.series.iter_mut().enumerate() {
            let Some(memory) = slot else { continue };
            memory.drop_frozen();
            match memory.time_range() {
                Some((from, to)) => {
                    min = Some(min.map_or(from, |min: Timestamp| min.min(from)));
                    max = Some(max.map_or(to, |max: Timestamp| max.max(to)));
                }
                None if memory.pending == 0 => {
                    gone.push(SeriesRef(number as u32));
                    self.by_labels.remove(memory.labels());
                    *slot = None;
                }
                None => {}
            }
        }
        (self.min_time, self.max_time) = (min, max);
        self.postings.remove(&gone);
        if !gone.is_empty() {
            let series = &self.series;
            let there = |known: &SeriesRef| series.get(known.0 as usize).is_some_and(Option::is_some);
            self.orders.retain(|_, order| order.iter().any(there));
        }
        self.free.extend(gone.iter().map(|series| series.0));
        self.removed += gone.len() as u64;
        gone
    }

    /// Tells series that have no sample at or after `before` what older storage knows of their newest.
    pub(crate) fn recall(&mut self, before: Timestamp, newest: impl Fn(&Labels) -> Option<Timestamp>) {
        for memory in self.series.iter_mut().flatten() {
            if memory.newest().is_none_or(|known| known < before) {
                memory.recall(newest(memory.labels()));
            }
        }
    }
}
