//! One series in the head: a lane of chunks for each source, the samples that are on their way into a block, and what
//! the server itself wrote.

use crowsnest_api::{Sample, Timestamp};
use crowsnest_promql::SampleValue;
use smallvec::SmallVec;

use super::lane::{Lane, LaneSample};
use super::postings::Pairs;
use crate::chunk::{ChunkList, ChunkView};
use crate::samples::Extra;
use crate::server_sample::{self, ServerSample};
use crate::source::SourceId;

/// A series. Timestamps of pushed samples are unique across all its lanes. There may be a million of
/// them: what most do not have lies elsewhere.
pub(crate) struct MemSeries {
    labels: Pairs,
    /// Nearly always one, which then lies here: what a push touches of each series is what it costs.
    lanes: SmallVec<[Lane<Sample>; 1]>,
    rare: Option<Box<Rare>>,
    newest: Option<Timestamp>,
    /// Batches that hold this series' number and have not been applied or discarded yet.
    pub(crate) pending: u32,
    /// The last batch that staged this series, and the entry in it.
    pub(crate) staged: (u64, u32),
}

/// What few series have.
#[derive(Default)]
struct Rare {
    /// Native histograms, and samples of whose counters the start is known.
    extra: SmallVec<[Lane<Extra>; 1]>,
    server: Vec<ServerSample>,
    /// Those on their way into a block.
    frozen_server: Vec<ServerSample>,
}

impl MemSeries {
    pub(crate) fn new(labels: Pairs, newest: Option<Timestamp>) -> Self {
        Self { labels, lanes: SmallVec::new(), rare: None, newest, pending: 0, staged: (0, 0) }
    }

    /// Its labels; [`Head::labels_of`](super::Head::labels_of) reads them.
    pub(crate) fn pairs(&self) -> &[u32] {
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

    /// Value and source of the pushed sample at an instant.
    pub(crate) fn find(&self, at: Timestamp) -> Option<(SampleValue, SourceId)> {
        let in_lanes = self.lanes.iter().find_map(|lane| Some((lane.find(at)?, lane.source)));
        let in_extra = || self.extra_lanes().find_map(|lane| Some((lane.find(at)?, lane.source)));
        in_lanes.or_else(in_extra)
    }

    /// Adds a pushed sample unless there is one at its timestamp. Says whether the series is new for its source.
    pub(crate) fn insert(&mut self, source: SourceId, sample: Sample) -> bool {
        let at = sample.timestamp;
        if self.newest.is_some_and(|newest| at <= newest) && self.find(at).is_some() {
            return false;
        }
        self.newest = self.newest.max(Some(at));
        put(&mut self.lanes, source, sample)
            && !self.extra_lanes().any(|lane| lane.source == source && lane.is_active())
    }

    /// The same for one that is more than a number.
    pub(crate) fn insert_extra(&mut self, source: SourceId, extra: Extra) -> bool {
        let at = extra.at;
        if self.newest.is_some_and(|newest| at <= newest) && self.find(at).is_some() {
            return false;
        }
        self.newest = self.newest.max(Some(at));
        put(&mut self.rare.get_or_insert_default().extra, source, extra)
            && !self.lanes.iter().any(|lane| lane.source == source && lane.is_active())
    }

    fn extra_lanes(&self) -> impl Iterator<Item = &Lane<Extra>> {
        self.rare.iter().flat_map(|rare| &rare.extra)
    }

    fn unfrozen_server(&self) -> &[ServerSample] {
        self.rare.as_ref().map_or(&[], |rare| &rare.server)
    }

    fn frozen_server(&self) -> &[ServerSample] {
        self.rare.as_ref().map_or(&[], |rare| &rare.frozen_server)
    }

    /// Adds a sample of the server unless it wrote one at that timestamp before.
    pub(crate) fn insert_server(&mut self, sample: ServerSample) {
        if self.frozen_server().binary_search_by_key(&sample.at(), ServerSample::at).is_err() {
            server_sample::insert(&mut self.rare.get_or_insert_default().server, sample);
        }
    }

    /// Oldest and newest sample that is here and not frozen, the server's own included.
    pub(crate) fn time_range(&self) -> Option<(Timestamp, Timestamp)> {
        let extra = self.extra_lanes().filter_map(Lane::time_range);
        let lanes = self.lanes.iter().filter_map(Lane::time_range).chain(extra);
        let server = self.unfrozen_server();
        let server = server.first().zip(server.last()).map(|(first, last)| (first.at(), last.at()));
        lanes.chain(server).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// All compressed chunks, frozen ones included.
    pub(crate) fn chunk_lists(&self) -> impl Iterator<Item = &ChunkList> {
        let sealed = self.lanes.iter().map(|lane| &lane.sealed);
        let extra = self.extra_lanes().map(|lane| &lane.sealed);
        sealed.chain(extra)
    }

    /// The same one by one, in no particular order.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = ChunkView<'_>> {
        self.chunk_lists().flat_map(ChunkList::iter)
    }

    /// The uncompressed newest floats of each lane.
    pub(crate) fn open(&self) -> impl Iterator<Item = &[Sample]> {
        self.lanes.iter().map(|lane| lane.open.as_slice())
    }

    /// The uncompressed newest of the other samples of each lane.
    pub(crate) fn open_extra(&self) -> impl Iterator<Item = &[Extra]> {
        self.extra_lanes().map(|lane| lane.open.as_slice())
    }

    /// What the server wrote, frozen or not, in no particular order.
    pub(crate) fn server(&self) -> impl Iterator<Item = &ServerSample> {
        self.frozen_server().iter().chain(self.unfrozen_server())
    }

    /// Freezes the samples before `before`; calls back for each source of which nothing else stays.
    pub(crate) fn freeze(&mut self, before: Timestamp, left: impl FnMut(SourceId)) {
        let active = self.active_sources();
        self.lanes.iter_mut().for_each(|lane| lane.freeze(before));
        if let Some(rare) = &mut self.rare {
            rare.extra.iter_mut().for_each(|lane| lane.freeze(before));
            let kept = rare.server.partition_point(|sample| sample.at() < before);
            for sample in rare.server.drain(..kept) {
                server_sample::insert(&mut rare.frozen_server, sample);
            }
        }
        let still = self.active_sources();
        active.into_iter().filter(|source| !still.contains(source)).for_each(left);
    }

    /// The sources that have samples here which are not frozen, each once.
    fn active_sources(&self) -> SmallVec<[SourceId; 1]> {
        let floats = self.lanes.iter().filter(|lane| lane.is_active()).map(|lane| lane.source);
        let extra = self.extra_lanes().filter(|lane| lane.is_active()).map(|lane| lane.source);
        let mut sources: SmallVec<[SourceId; 1]> = SmallVec::new();
        for source in floats.chain(extra) {
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        sources
    }

    /// When the frozen samples are: from when until when those of each chunk, and each of the server's.
    pub(crate) fn frozen_times(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let floats = self.lanes.iter().flat_map(Lane::frozen);
        let chunks = floats.chain(self.extra_lanes().flat_map(Lane::frozen));
        chunks
            .map(|chunk| (chunk.min, chunk.max))
            .chain(self.frozen_server().iter().map(|sample| (sample.at(), sample.at())))
    }

    /// Copies of what is frozen: chunks by source, and what the server wrote.
    pub(crate) fn copy_frozen(&self) -> (Vec<(SourceId, ChunkList)>, Vec<ServerSample>) {
        let floats = self.lanes.iter().map(|lane| (lane.source, lane.copy_frozen()));
        let chunks = floats.chain(self.extra_lanes().map(|lane| (lane.source, lane.copy_frozen())));
        (chunks.filter(|(_, chunks)| !chunks.is_empty()).collect(), self.frozen_server().to_vec())
    }

    /// Lets go of what is frozen.
    pub(crate) fn drop_frozen(&mut self) {
        drop_frozen(&mut self.lanes);
        if let Some(rare) = &mut self.rare {
            drop_frozen(&mut rare.extra);
            rare.frozen_server = Vec::new();
            if rare.extra.is_empty() && rare.server.is_empty() {
                self.rare = None;
            }
        }
    }
}

/// Adds a sample to the lane of its source, and says whether all that this one has besides is frozen.
fn put<S: LaneSample>(lanes: &mut SmallVec<[Lane<S>; 1]>, source: SourceId, sample: S) -> bool {
    match lanes.iter_mut().find(|lane| lane.source == source) {
        Some(lane) => {
            let was_active = lane.is_active();
            lane.insert(sample);
            !was_active
        }
        None => {
            lanes.push(Lane::new(source, sample));
            true
        }
    }
}

fn drop_frozen<S: LaneSample>(lanes: &mut SmallVec<[Lane<S>; 1]>) {
    lanes.retain(|lane| {
        lane.drop_frozen();
        lane.is_active()
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use crowsnest_promql::FloatHistogram;
    use proptest::prelude::*;

    use super::super::lane::decoded;
    use super::*;
    use crate::samples::Samples;
    use crate::source::Sources;

    /// Samples with their starts, in the order of time.
    fn all(series: &MemSeries) -> Vec<Extra> {
        let mut all: Vec<Extra> = series.chunks().flat_map(|chunk| decoded(&chunk).into_extras()).collect();
        for open in series.open() {
            all.extend(Samples::of_floats(open.to_vec()).into_extras());
        }
        all.extend(series.open_extra().flatten().cloned());
        all.sort_by_key(|extra| extra.at);
        all
    }

    fn extra(at: i64, kind: u8, value: u16) -> Extra {
        let value = f64::from(value);
        let mut histogram = FloatHistogram::default();
        (histogram.count, histogram.sum) = (value, value);
        let histogram = histogram.with_buckets([(i32::from(kind), value)], []);
        let value = match kind % 4 {
            0 | 1 => SampleValue::Float(value),
            _ => SampleValue::Histogram(Arc::new(histogram)),
        };
        Extra {
            at: Timestamp::from_millis(at),
            value,
            start: (kind % 2 == 1).then_some(Timestamp::from_millis(-7)),
        }
    }

    proptest! {
        #[test]
        fn samples_in_any_order_from_any_source_are_all_there_once(
            inserts in prop::collection::vec((0u8..3, 0i64..500, 0u8..8, any::<u16>()), 1..600),
            freeze_at in prop::collection::vec((0usize..600, 0i64..500), 0..3),
        ) {
            let mut sources = Sources::default();
            let mut series = MemSeries::new(Pairs::default(), None);
            let mut model = BTreeMap::new();
            let mut frozen_before = 0;
            for (index, (source, at, kind, value)) in inserts.into_iter().enumerate() {
                let source = sources.intern(&format!("s{source}").into());
                let extra = extra(at, kind, value);
                match &extra {
                    Extra { value: SampleValue::Float(value), start: None, .. } => {
                        series.insert(source, Sample::new(at, *value));
                    }
                    _ => {
                        series.insert_extra(source, extra.clone());
                    }
                }
                let (known, owner) = model.entry(at).or_insert((extra, source)).clone();
                prop_assert_eq!(series.find(Timestamp::from_millis(at)), Some((known.value, owner)));
                for &(_, before) in freeze_at.iter().filter(|(when, _)| *when == index) {
                    frozen_before = frozen_before.max(before);
                    series.freeze(Timestamp::from_millis(frozen_before), |_| {});
                    prop_assert!(series.time_range().is_none_or(|(oldest, _)| oldest.millis() >= frozen_before));
                    prop_assert!(series.frozen_times().all(|(_, newest)| newest.millis() < frozen_before));
                }
            }
            let model: Vec<Extra> = model.into_values().map(|(extra, _)| extra).collect();
            prop_assert_eq!(&all(&series), &model);
            let (frozen, _) = series.copy_frozen();
            let frozen = frozen.iter().flat_map(|(_, chunks)| chunks.iter().flat_map(|chunk| decoded(&chunk).into_extras()));
            let mut parts: Vec<Extra> = frozen.collect();
            series.drop_frozen();
            prop_assert!(series.frozen_times().next().is_none());
            parts.extend(all(&series));
            parts.sort_by_key(|extra| extra.at);
            prop_assert_eq!(parts, model);
        }
    }
}
