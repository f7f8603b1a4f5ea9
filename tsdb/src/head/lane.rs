//! Samples of one series from one source, in memory: compressed chunks, then the open one.

use crowsnest_api::{Sample, Timestamp};
use crowsnest_promql::SampleValue;
use smallvec::{Array, SmallVec, smallvec};

use crate::chunk::{Chunk, ChunkList, ChunkView, Place, Run, Values, histogram_runs};
use crate::samples::{Extra, Samples};
use crate::source::SourceId;

/// Samples of a chunk that may become more when late ones come.
const MAX_CHUNK: usize = 128;

/// A sample as a lane keeps it until it is compressed.
pub(super) trait LaneSample: Clone {
    /// Room for samples that are not compressed yet, within the series: a push touches its memory in one place.
    type Room: Array<Item = Self>;
    /// Samples after which what is open is compressed: what they take uncompressed is most of what a series takes.
    const OPEN: usize;
    /// Samples after which a chunk is full. Until then it is written anew each time.
    const CHUNK: usize;

    fn at(&self) -> Timestamp;

    fn value(&self) -> SampleValue;

    /// Compresses samples that ascend by time, into one chunk if they are of one kind and few enough.
    fn encode(samples: &[Self]) -> Vec<Chunk>;

    /// Takes what a chunk of this lane held.
    fn from(samples: Samples) -> Vec<Self>;
}

impl LaneSample for Sample {
    type Room = [Self; 8];
    const OPEN: usize = 8;
    const CHUNK: usize = 64;

    fn at(&self) -> Timestamp {
        self.timestamp
    }

    fn value(&self) -> SampleValue {
        SampleValue::Float(self.value)
    }

    fn encode(samples: &[Self]) -> Vec<Chunk> {
        samples.chunks(MAX_CHUNK).filter_map(Chunk::encode).collect()
    }

    fn from(samples: Samples) -> Vec<Self> {
        samples.floats
    }
}

impl LaneSample for Extra {
    type Room = [Self; 1];
    /// They are large.
    const OPEN: usize = 16;
    const CHUNK: usize = 16;

    fn at(&self) -> Timestamp {
        self.at
    }

    fn value(&self) -> SampleValue {
        self.value.clone()
    }

    fn encode(samples: &[Self]) -> Vec<Chunk> {
        encode_extras(samples)
    }

    fn from(samples: Samples) -> Vec<Self> {
        samples.into_extras()
    }
}

/// Chunks of samples that ascend by time.
pub(crate) fn encode_extras(samples: &[Extra]) -> Vec<Chunk> {
    let is_float = |extra: &Extra| matches!(extra.value, SampleValue::Float(_));
    let mut chunks = Vec::new();
    for alike in samples.chunk_by(|a, b| is_float(a) == is_float(b)) {
        for part in alike.chunks(MAX_CHUNK) {
            let Samples { floats, histograms, starts } = Samples::of_extras(part);
            let runs = histogram_runs(&histograms).into_iter().map(Values::Histograms);
            let runs = runs.chain((!floats.is_empty()).then_some(Values::Floats(&floats)));
            chunks.extend(runs.filter_map(|values| Chunk::of(&Run { values, starts: &starts })));
        }
    }
    chunks
}

/// Compressed chunks, then the open one; ascending by time throughout, but for what is frozen.
pub(super) struct Lane<S: LaneSample> {
    pub(super) source: SourceId,
    /// How many bytes of `sealed` are on their way into a block. They stay where they are: setting them aside would take
    /// half as much again, of each series. Samples that come meanwhile may be older, and are among the others.
    frozen: u32,
    pub(super) sealed: ChunkList,
    pub(super) open: SmallVec<S::Room>,
}

impl<S: LaneSample> Lane<S> {
    /// A lane with its first sample.
    pub(super) fn new(source: SourceId, first: S) -> Self {
        Self { source, frozen: 0, sealed: ChunkList::default(), open: smallvec![first] }
    }

    /// Oldest and newest sample of what is not frozen.
    pub(super) fn time_range(&self) -> Option<(Timestamp, Timestamp)> {
        let sealed = self.unfrozen().map(|chunk| (chunk.min, chunk.max));
        let open = self.open.first().zip(self.open.last()).map(|(first, last)| (first.at(), last.at()));
        sealed.chain(open).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Whether it has samples that are not frozen.
    pub(super) fn is_active(&self) -> bool {
        !self.open.is_empty() || self.sealed.len() > self.frozen as usize
    }

    pub(super) fn find(&self, at: Timestamp) -> Option<SampleValue> {
        if let Ok(index) = self.open.binary_search_by_key(&at, S::at) {
            return self.open.get(index).map(S::value);
        }
        let unfrozen = self.unfrozen_at(at).and_then(|chunk| find_in_chunk(chunk, at));
        unfrozen.or_else(|| self.frozen().find_map(|chunk| find_in_chunk(chunk, at)))
    }

    /// The chunks that are on their way into a block, in no particular order.
    pub(super) fn frozen(&self) -> impl Iterator<Item = ChunkView<'_>> {
        self.sealed.before(self.frozen as usize)
    }

    /// A copy of them.
    pub(super) fn copy_frozen(&self) -> ChunkList {
        self.sealed.copy_before(self.frozen as usize)
    }

    /// The other chunks, newest first.
    fn unfrozen(&self) -> impl Iterator<Item = ChunkView<'_>> {
        self.sealed.iter().take_while(|chunk| chunk.place.start >= self.frozen as usize)
    }

    /// The first of those that does not end before `at`.
    fn unfrozen_at(&self, at: Timestamp) -> Option<ChunkView<'_>> {
        self.unfrozen().take_while(|chunk| chunk.max >= at).last()
    }

    /// Adds a sample at a timestamp that this lane does not have yet.
    pub(super) fn insert(&mut self, sample: S) {
        let at = sample.at();
        if self.unfrozen().next().is_some_and(|last| at < last.max) {
            self.insert_into_sealed(sample);
            return;
        }
        let open = &mut self.open;
        if open.last().is_none_or(|last| last.at() < at) {
            // Looking for the place would touch memory all over.
            open.push(sample);
        } else {
            let index = open.partition_point(|known| known.at() < at);
            open.insert(index, sample);
        }
        if open.len() >= S::OPEN {
            self.seal();
        }
    }

    /// Compresses what is open, together with chunks before it that are no larger: each sample is compressed a few times,
    /// and few chunks are small.
    fn seal(&mut self) {
        let mut count = self.open.len();
        let joins = |chunk: &ChunkView<'_>| {
            let joins = chunk.count <= count && count + chunk.count <= S::CHUNK;
            count += chunk.count;
            joins
        };
        let joined: SmallVec<[_; 4]> = self.unfrozen().take_while(joins).collect();
        let mut samples: Vec<S> = joined.iter().rev().flat_map(|chunk| S::from(decoded(chunk))).collect();
        let first = joined.last().map(|chunk| chunk.place);
        drop(joined);
        samples.extend(self.open.drain(..));
        if let Some(first) = first {
            self.sealed.truncate(first);
        }
        self.sealed.extend(&S::encode(&samples));
    }

    fn insert_into_sealed(&mut self, sample: S) {
        let at = sample.at();
        let Some(chunk) = self.unfrozen_at(at) else { return };
        let mut samples = S::from(decoded(&chunk));
        let place = samples.partition_point(|known| known.at() < at);
        samples.insert(place, sample);
        let halves = if samples.len() > 2 * S::CHUNK { S::CHUNK } else { samples.len() };
        let rewritten: Vec<Chunk> = samples.chunks(halves).flat_map(S::encode).collect();
        self.sealed.replace(chunk.place, &rewritten);
    }

    /// Freezes what lies before `before`.
    pub(super) fn freeze(&mut self, before: Timestamp) {
        let mut end = match self.unfrozen_at(before) {
            Some(straddling) if straddling.min < before => {
                let samples = S::from(decoded(&straddling));
                let (old, new) = samples.split_at(samples.partition_point(|sample| sample.at() < before));
                let place = straddling.place;
                let middle = self.sealed.replace(place, &S::encode(old));
                self.sealed.replace(Place { start: middle, end: middle }, &S::encode(new));
                middle
            }
            Some(first_kept) => first_kept.place.start,
            None => self.sealed.len(),
        };
        let old = self.open.partition_point(|sample| sample.at() < before);
        if old > 0 {
            // All chunks are older than what is open.
            let old: Vec<S> = self.open.drain(..old).collect();
            self.sealed.extend(&S::encode(&old));
            end = self.sealed.len();
        }
        self.frozen = u32::try_from(end).unwrap_or(u32::MAX);
    }

    /// Lets go of what is frozen.
    pub(super) fn drop_frozen(&mut self) {
        self.sealed.drop_before(self.frozen as usize);
        self.frozen = 0;
    }
}

pub(super) fn find_in_chunk(chunk: ChunkView<'_>, at: Timestamp) -> Option<SampleValue> {
    if !chunk.overlaps(at, at) {
        return None;
    }
    decoded(&chunk).find(at)
}

/// The samples of a chunk of the head.
pub(super) fn decoded(chunk: &ChunkView<'_>) -> Samples {
    #[expect(
        clippy::expect_used,
        reason = "the bytes were encoded by this process and never left its memory"
    )]
    chunk.decode().expect("a chunk decodes to what was encoded")
}
