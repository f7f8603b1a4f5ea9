//! One series in the head: a lane of chunks for each source, the samples that are on their way into a block, and what
//! the server itself wrote.

use std::sync::Arc;

use crowsnest_api::{Labels, Sample, Timestamp};
use smallvec::SmallVec;

use crate::chunk::Chunk;
use crate::server_sample::{self, ServerSample};
use crate::source::SourceId;

/// Samples after which an open chunk is compressed.
const CHUNK_SAMPLES: usize = 64;

/// A series. Timestamps of pushed samples are unique across all its lanes and its frozen chunks.
pub(crate) struct MemSeries {
    labels: Labels,
    /// Nearly always one, which then lies here: what a push touches of each series is what it costs.
    lanes: SmallVec<[Lane; 1]>,
    server: Vec<ServerSample>,
    frozen: Vec<FrozenChunk>,
    frozen_server: Vec<ServerSample>,
    newest: Option<Timestamp>,
    /// Batches that hold this series' number and have not been applied or discarded yet.
    pub(crate) pending: u32,
    /// The last batch that staged this series, and the entry in it.
    pub(crate) staged: (u64, usize),
}

impl MemSeries {
    pub(crate) fn new(labels: Labels, newest: Option<Timestamp>) -> Self {
        Self {
            labels,
            lanes: SmallVec::new(),
            server: Vec::new(),
            frozen: Vec::new(),
            frozen_server: Vec::new(),
            newest,
            pending: 0,
            staged: (0, 0),
        }
    }

    pub(crate) fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The newest pushed sample ever seen, in the head or before it.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// Takes note of a newest sample that is stored elsewhere.
    pub(crate) fn recall(&mut self, newest: Option<Timestamp>) {
        self.newest = self.newest.max(newest);
    }

    /// Bits and source of the pushed sample at an instant.
    pub(crate) fn find(&self, at: Timestamp) -> Option<(u64, SourceId)> {
        let in_lanes = self.lanes.iter().find_map(|lane| Some((lane.find(at)?, lane.source)));
        in_lanes.or_else(|| {
            self.frozen.iter().find_map(|frozen| Some((find_in_chunk(&frozen.chunk, at)?, frozen.source)))
        })
    }

    /// Adds a pushed sample unless there is one at its timestamp.
    pub(crate) fn insert(&mut self, source: SourceId, sample: Sample) {
        let at = sample.timestamp;
        if self.newest.is_some_and(|newest| at <= newest) && self.find(at).is_some() {
            return;
        }
        self.newest = self.newest.max(Some(at));
        match self.lanes.iter_mut().find(|lane| lane.source == source) {
            Some(lane) => lane.insert(sample),
            None => self.lanes.push(Lane { source, sealed: Vec::new(), open: vec![sample] }),
        }
    }

    /// Adds a sample of the server unless it wrote one at that timestamp before.
    pub(crate) fn insert_server(&mut self, sample: ServerSample) {
        if self.frozen_server.binary_search_by_key(&sample.at(), ServerSample::at).is_err() {
            server_sample::insert(&mut self.server, sample);
        }
    }

    /// Oldest and newest sample that is here and not frozen, the server's own included.
    pub(crate) fn time_range(&self) -> Option<(Timestamp, Timestamp)> {
        let lanes = self.lanes.iter().filter_map(Lane::time_range);
        let server = self.server.first().zip(self.server.last()).map(|(first, last)| (first.at(), last.at()));
        lanes.chain(server).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Calls back for all compressed chunks, frozen ones included.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &Arc<Chunk>> {
        self.lanes.iter().flat_map(|lane| &lane.sealed).chain(self.frozen.iter().map(|frozen| &frozen.chunk))
    }

    /// The uncompressed newest samples of each lane.
    pub(crate) fn open(&self) -> impl Iterator<Item = &[Sample]> {
        self.lanes.iter().map(|lane| lane.open.as_slice())
    }

    /// What the server wrote, frozen or not, in no particular order.
    pub(crate) fn server(&self) -> impl Iterator<Item = &ServerSample> {
        self.frozen_server.iter().chain(&self.server)
    }

    /// Sets aside the samples before `before`.
    pub(crate) fn freeze(&mut self, before: Timestamp) {
        for lane in &mut self.lanes {
            let source = lane.source;
            lane.split_off_before(before, |chunk| self.frozen.push(FrozenChunk { source, chunk }));
        }
        self.lanes.retain(|lane| lane.time_range().is_some());
        let kept = self.server.partition_point(|sample| sample.at() < before);
        for sample in self.server.drain(..kept) {
            server_sample::insert(&mut self.frozen_server, sample);
        }
    }

    /// What has been set aside; `None` when nothing has.
    pub(crate) fn frozen(&self) -> Option<(&[FrozenChunk], &[ServerSample])> {
        let empty = self.frozen.is_empty() && self.frozen_server.is_empty();
        (!empty).then_some((self.frozen.as_slice(), self.frozen_server.as_slice()))
    }

    /// Lets go of what has been set aside.
    pub(crate) fn drop_frozen(&mut self) {
        self.frozen = Vec::new();
        self.frozen_server = Vec::new();
    }
}

/// Samples on their way into a block.
pub(crate) struct FrozenChunk {
    pub(crate) source: SourceId,
    pub(crate) chunk: Arc<Chunk>,
}

/// Samples of one source: compressed chunks, then the open one; ascending by time throughout.
struct Lane {
    source: SourceId,
    sealed: Vec<Arc<Chunk>>,
    open: Vec<Sample>,
}

impl Lane {
    fn time_range(&self) -> Option<(Timestamp, Timestamp)> {
        let sealed = self.sealed.first().zip(self.sealed.last()).map(|(first, last)| (first.min, last.max));
        let open =
            self.open.first().zip(self.open.last()).map(|(first, last)| (first.timestamp, last.timestamp));
        match (sealed, open) {
            (Some((min, _)), Some((_, max))) => Some((min, max)),
            (sealed, open) => sealed.or(open),
        }
    }

    fn find(&self, at: Timestamp) -> Option<u64> {
        if let Ok(index) = self.open.binary_search_by_key(&at, |sample| sample.timestamp) {
            return self.open.get(index).map(|sample| sample.value.to_bits());
        }
        let index = self.sealed.partition_point(|chunk| chunk.max < at);
        find_in_chunk(self.sealed.get(index)?, at)
    }

    /// Adds a sample at a timestamp that this lane does not have yet.
    fn insert(&mut self, sample: Sample) {
        let at = sample.timestamp;
        if self.sealed.last().is_some_and(|last| at < last.max) {
            self.insert_into_sealed(sample);
            return;
        }
        let open = &mut self.open;
        if open.len() == open.capacity() {
            open.reserve_exact(CHUNK_SAMPLES / 4);
        }
        if open.last().is_none_or(|last| last.timestamp < at) {
            // Looking for the place would touch memory all over.
            open.push(sample);
        } else {
            let index = open.partition_point(|known| known.timestamp < at);
            open.insert(index, sample);
        }
        if open.len() >= CHUNK_SAMPLES {
            self.sealed.extend(Chunk::encode(open).map(Arc::new));
            self.open = Vec::new();
        }
    }

    fn insert_into_sealed(&mut self, sample: Sample) {
        let at = sample.timestamp;
        let index = self.sealed.partition_point(|chunk| chunk.max < at);
        let Some(chunk) = self.sealed.get(index) else { return };
        let mut samples = decoded(chunk);
        let place = samples.partition_point(|known| known.timestamp < at);
        samples.insert(place, sample);
        let halves = if samples.len() > 2 * CHUNK_SAMPLES { CHUNK_SAMPLES } else { samples.len() };
        let rewritten = samples.chunks(halves).filter_map(Chunk::encode).map(Arc::new);
        self.sealed.splice(index..=index, rewritten.collect::<Vec<_>>());
    }

    /// Gives what lies before `before` to `take` as chunks, and keeps the rest.
    fn split_off_before(&mut self, before: Timestamp, mut take: impl FnMut(Arc<Chunk>)) {
        let whole = self.sealed.partition_point(|chunk| chunk.max < before);
        self.sealed.drain(..whole).for_each(&mut take);
        if let Some(straddling) = self.sealed.first_mut().filter(|chunk| chunk.min < before) {
            let samples = decoded(straddling);
            let (old, new) = samples.split_at(samples.partition_point(|sample| sample.timestamp < before));
            Chunk::encode(old).map(Arc::new).into_iter().for_each(&mut take);
            if let Some(kept) = Chunk::encode(new) {
                *straddling = Arc::new(kept);
            }
        }
        let old = self.open.partition_point(|sample| sample.timestamp < before);
        if old > 0 {
            let old: Vec<Sample> = self.open.drain(..old).collect();
            Chunk::encode(&old).map(Arc::new).into_iter().for_each(take);
        }
    }
}

fn find_in_chunk(chunk: &Chunk, at: Timestamp) -> Option<u64> {
    if !chunk.overlaps(at, at) {
        return None;
    }
    let samples = decoded(chunk);
    let index = samples.binary_search_by_key(&at, |sample| sample.timestamp).ok()?;
    samples.get(index).map(|sample| sample.value.to_bits())
}

/// The samples of a chunk of the head.
pub(super) fn decoded(chunk: &Chunk) -> Vec<Sample> {
    #[expect(
        clippy::expect_used,
        reason = "the bytes were encoded by this process and never left its memory"
    )]
    chunk.decode().expect("a chunk decodes to what was encoded")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::source::Sources;

    fn all(series: &MemSeries) -> Vec<(i64, u64)> {
        let chunks = series.chunks().flat_map(|chunk| decoded(chunk));
        let open = series.open().flat_map(|open| open.to_vec());
        let mut all: Vec<_> = chunks.chain(open).map(|s| (s.timestamp.millis(), s.value.to_bits())).collect();
        all.sort_unstable();
        all
    }

    proptest! {
        #[test]
        fn samples_in_any_order_from_any_source_are_all_there_once(
            inserts in prop::collection::vec((0u8..3, 0i64..500, any::<u16>()), 1..600),
            freeze_at in prop::collection::vec((0usize..600, 0i64..500), 0..3),
        ) {
            let mut sources = Sources::default();
            let mut series = MemSeries::new(Labels::empty(), None);
            let mut model = BTreeMap::new();
            for (index, (source, at, value)) in inserts.into_iter().enumerate() {
                let source = sources.intern(&format!("s{source}").into());
                series.insert(source, Sample::new(at, f64::from(value)));
                let (bits, owner) = *model.entry(at).or_insert((f64::from(value).to_bits(), source));
                prop_assert_eq!(series.find(Timestamp::from_millis(at)), Some((bits, owner)));
                for &(_, before) in freeze_at.iter().filter(|(when, _)| *when == index) {
                    series.freeze(Timestamp::from_millis(before));
                    let (frozen, _) = series.frozen().unwrap_or_default();
                    prop_assert!(frozen.iter().all(|frozen| frozen.chunk.max.millis() < 500));
                }
            }
            prop_assert_eq!(all(&series), model.iter().map(|(&at, &(bits, _))| (at, bits)).collect::<Vec<_>>());
        }
    }
}
