//! The newest samples, in memory and appendable. What is here is in the write-ahead log too.
//!
//! Knows nothing of files. A caller that wants durability stages a batch ([`Head::stage`]), logs what was staged, and
//! only then applies it ([`Head::apply`]); replaying the log applies the same records in the same order.

mod lane;
mod order;
mod postings;
mod read;
mod series;
mod stage;
mod status;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crowsnest_api::{Labels, Sample, Timestamp};
use hashbrown::HashTable;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

pub(crate) use lane::encode_extras;
pub(crate) use postings::Postings;
pub(crate) use read::HeadSeries;
pub(crate) use series::MemSeries;
pub(crate) use stage::{Limits, Staged, StagedOrigin};

use crate::appender::{Metadata, PushedLabels, hash_labels};
use crate::changes::Changes;
use crate::chunk::ChunkList;
use crate::samples::Extra;
use crate::server_sample::ServerSample;
use crate::source::{SourceId, Sources};

/// A series within the head. The number is given to another series when this one has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SeriesRef(pub(crate) u32);

/// The samples of one series that are about to become part of a block.
pub(crate) struct FrozenSeries {
    pub(crate) labels: Labels,
    /// Chunks with the names of their sources.
    pub(crate) chunks: Vec<(SmolStr, ChunkList)>,
    pub(crate) server: Vec<ServerSample>,
}

/// What a source has in the head.
#[derive(Clone, Copy, Default)]
struct OfSource {
    series: usize,
    refused: u64,
}

/// All series with recent samples.
#[derive(Default)]
pub(crate) struct Head {
    series: Vec<Option<MemSeries>>,
    free: Vec<u32>,
    /// By the hash of their labels.
    by_labels: HashTable<SeriesRef>,
    postings: Postings,
    sources: Sources,
    metadata: BTreeMap<SmolStr, Metadata>,
    /// The series of each source's last push, in the order of that push.
    orders: FxHashMap<SourceId, Vec<SeriesRef>>,
    /// How many series each source has here, and how many of its samples were refused for having too many.
    by_source: FxHashMap<SourceId, OfSource>,
    /// Counts batches, so that a series knows whether it was seen in the current one.
    batches: u64,
    min_time: Option<Timestamp>,
    max_time: Option<Timestamp>,
    /// Of samples that readers find, wherever they lie.
    pub(crate) changes: Changes,
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

    /// The series of these labels.
    pub(crate) fn find(&self, labels: PushedLabels<'_>) -> Option<SeriesRef> {
        self.by_labels.find(labels.hash(), |&series| self.is(series, labels)).copied()
    }

    /// Whether these are the labels of a series.
    fn is(&self, series: SeriesRef, labels: PushedLabels<'_>) -> bool {
        self.get(series).is_some_and(|memory| labels.are(self.postings.each(memory.pairs())))
    }

    /// The labels of a series.
    pub(crate) fn labels_of(&self, memory: &MemSeries) -> Labels {
        self.postings.labels(memory.pairs())
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
        let pushed = PushedLabels::Set(labels);
        if let Some(known) = self.find(pushed) {
            return known;
        }
        let number = self.free.pop().unwrap_or(self.series.len() as u32);
        let series = SeriesRef(number);
        let slot = Some(MemSeries::new(self.postings.insert(number, labels), newest));
        match self.series.get_mut(number as usize) {
            Some(free) => *free = slot,
            None => self.series.push(slot),
        }
        let (all, postings) = (&self.series, &self.postings);
        self.by_labels.insert_unique(pushed.hash(), series, |known| {
            let memory = all.get(known.0 as usize).and_then(Option::as_ref);
            memory.map_or(0, |memory| hash_of(postings, memory))
        });
        self.created += 1;
        series
    }

    /// Puts what was staged and logged into the head.
    pub(crate) fn apply(&mut self, staged: &Staged, max_metadata: usize) {
        for &entry in &staged.entries {
            self.apply_series(entry.series, &staged.origin, staged.samples(entry));
            self.release(entry.series);
        }
        for (series, extra) in staged.extras() {
            self.apply_extra(series, &staged.origin, extra.clone());
        }
        if let Some(oldest) = staged.oldest() {
            self.changes.note(oldest);
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
        match *origin {
            StagedOrigin::Source { id, .. } => {
                let mut is_new = false;
                for &sample in samples {
                    is_new |= memory.insert(id, sample);
                }
                if is_new {
                    self.by_source.entry(id).or_default().series += 1;
                }
            }
            StagedOrigin::Server { silence } => {
                samples.iter().for_each(|&sample| memory.insert_server(ServerSample { sample, silence }));
            }
        }
        samples.iter().for_each(|sample| self.widen(sample.timestamp));
    }

    /// The same for a sample that is more than a float; the server writes none.
    pub(crate) fn apply_extra(&mut self, series: SeriesRef, origin: &StagedOrigin, extra: Extra) {
        let StagedOrigin::Source { id, .. } = *origin else { return };
        let Some(memory) = self.get_mut(series) else { return };
        let at = extra.at;
        if memory.insert_extra(id, extra) {
            self.by_source.entry(id).or_default().series += 1;
        }
        self.widen(at);
    }

    fn widen(&mut self, at: Timestamp) {
        self.min_time = Some(self.min_time.map_or(at, |min| min.min(at)));
        self.max_time = Some(self.max_time.map_or(at, |max| max.max(at)));
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
        let by_source = &mut self.by_source;
        for memory in self.series.iter_mut().flatten() {
            memory.freeze(before, |source| {
                if let Some(of) = by_source.get_mut(&source) {
                    of.series = of.series.saturating_sub(1);
                }
            });
        }
        before
    }

    /// The series of which something has been set aside, in the order of labels.
    pub(crate) fn frozen(&self) -> Vec<SeriesRef> {
        let numbered = self.series.iter().enumerate();
        let mut frozen: Vec<(SeriesRef, &[u32])> = numbered
            .filter_map(|(number, slot)| {
                let memory = slot.as_ref().filter(|memory| memory.frozen_times().next().is_some())?;
                Some((SeriesRef(number as u32), memory.pairs()))
            })
            .collect();
        frozen.sort_by(|(_, a), (_, b)| self.postings.compare(a, b));
        frozen.into_iter().map(|(series, _)| series).collect()
    }

    /// What has been set aside of a series. It stays until it is dropped.
    pub(crate) fn frozen_of(&self, series: SeriesRef) -> Option<FrozenSeries> {
        let memory = self.get(series)?;
        let (chunks, server) = memory.copy_frozen();
        let chunks = chunks.into_iter().map(|(source, chunks)| (self.sources.name(source), chunks)).collect();
        Some(FrozenSeries { labels: self.labels_of(memory), chunks, server })
    }

    /// When the samples that have been set aside are, from when until when of each chunk.
    pub(crate) fn each_frozen_time(&self, mut visit: impl FnMut(Timestamp, Timestamp)) {
        let frozen = self.series.iter().flatten().flat_map(MemSeries::frozen_times);
        frozen.for_each(|(min, max)| visit(min, max));
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
                    let (series, hash) = (SeriesRef(number as u32), hash_of(&self.postings, memory));
                    gone.push(series);
                    *slot = None;
                    if let Ok(found) = self.by_labels.find_entry(hash, |known| *known == series) {
                        found.remove();
                    }
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
                memory.recall(newest(&self.postings.labels(memory.pairs())));
            }
        }
    }
}

/// The hash by which a series is found.
fn hash_of(postings: &Postings, memory: &MemSeries) -> u64 {
    let labels = postings.each(memory.pairs());
    hash_labels(labels.map(|label| (label.name.as_bytes(), label.value.as_bytes())))
}
