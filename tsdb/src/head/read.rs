//! What a query takes out of the head, to be decoded after the head's lock has been given back.

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::Matcher;

use super::lane::decoded;
use super::{Head, MemSeries, SeriesRef};
use crate::appender::PushedLabels;
use crate::chunk::{ChunkList, ChunkView};
use crate::index;
use crate::samples::{Extra, Samples, between};
use crate::server_sample::ServerSample;

/// One series' share of the head within a time range: a copy.
pub(crate) struct HeadSeries {
    pub(crate) labels: Labels,
    chunks: ChunkList,
    open: Vec<Samples>,
    pub(crate) server: Vec<ServerSample>,
}

impl HeadSeries {
    /// The compressed chunks that overlap the range, and what is within it of each open one; in no particular order.
    pub(crate) fn pieces(&self) -> (impl Iterator<Item = ChunkView<'_>>, &[Samples]) {
        (self.chunks.iter(), &self.open)
    }

    /// How many bytes they are.
    pub(crate) fn bytes(&self) -> usize {
        let open = self.open.iter().map(|samples| size_of_val(samples.floats.as_slice()));
        self.chunks.iter().map(|chunk| chunk.bytes.len()).chain(open).sum()
    }
}

impl Head {
    /// The series that match and have samples in `start ..= end`, in the order of their labels.
    pub(crate) fn select(&self, matchers: &[Matcher], start: Timestamp, end: Timestamp) -> Vec<HeadSeries> {
        let mut found: Vec<&MemSeries> = self.matching(matchers).collect();
        found.sort_unstable_by(|a, b| self.postings.compare(a.pairs(), b.pairs()));
        found.iter().filter_map(|memory| memory.read(|| self.labels_of(memory), start, end)).collect()
    }

    /// The series that match.
    pub(crate) fn matching<'a>(
        &'a self,
        matchers: &[Matcher],
    ) -> impl Iterator<Item = &'a MemSeries> + use<'a> {
        // The head's own lists cannot be damaged.
        let numbers = index::matching(&self.postings, matchers).unwrap_or_default();
        numbers.into_iter().filter_map(|number| self.get(SeriesRef(number)))
    }

    /// All label names, sorted.
    pub(crate) fn label_names(&self) -> impl Iterator<Item = &str> {
        self.postings.names().map(|(name, _)| name.as_str())
    }

    /// All values of a label, sorted.
    pub(crate) fn label_values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.postings.values(name).map(|(value, _)| value.as_str())
    }

    /// Whether a series has a pushed sample in `start ..= end`.
    pub(crate) fn has_pushed(&self, labels: &Labels, start: Timestamp, end: Timestamp) -> bool {
        self.find(PushedLabels::Set(labels))
            .and_then(|series| self.get(series))
            .is_some_and(|memory| memory.has_pushed(start, end))
    }
}

impl MemSeries {
    fn read(&self, labels: impl FnOnce() -> Labels, start: Timestamp, end: Timestamp) -> Option<HeadSeries> {
        let mut chunks = ChunkList::default();
        self.chunk_lists().for_each(|list| chunks.extend_overlapping(list, start, end));
        let within = |sample: &&Sample| (start..=end).contains(&sample.timestamp);
        let open = self.open().filter(|open| overlaps(open, start, end));
        let open = open.map(|open| Samples::of_floats(open.iter().filter(within).copied().collect()));
        let extra = self.open_extra().filter(|open| extra_overlaps(open, start, end));
        let extra = extra.map(|open| Samples::of_extras(between(open, start, end, |extra| extra.at)));
        let open: Vec<Samples> = open.chain(extra).collect();
        let mut server: Vec<_> =
            self.server().filter(|sample| (start..=end).contains(&sample.at())).copied().collect();
        server.sort_by_key(ServerSample::at);
        let empty = chunks.is_empty() && open.is_empty() && server.is_empty();
        (!empty).then(|| HeadSeries { labels: labels(), chunks, open, server })
    }

    /// Whether anything of this series may lie in `start ..= end`.
    pub(crate) fn overlaps(&self, start: Timestamp, end: Timestamp) -> bool {
        self.chunks().any(|chunk| chunk.overlaps(start, end))
            || self.open().any(|open| overlaps(open, start, end))
            || self.open_extra().any(|open| extra_overlaps(open, start, end))
            || self.server().any(|sample| (start..=end).contains(&sample.at()))
    }

    fn has_pushed(&self, start: Timestamp, end: Timestamp) -> bool {
        let within =
            |samples: &[Sample]| samples.iter().any(|sample| (start..=end).contains(&sample.timestamp));
        self.open().any(within)
            || self.open_extra().any(|open| !between(open, start, end, |extra| extra.at).is_empty())
            || self.chunks().any(|chunk| chunk.overlaps(start, end) && decoded(&chunk).any_in(start, end))
    }
}

fn overlaps(samples: &[Sample], start: Timestamp, end: Timestamp) -> bool {
    let range = samples.first().zip(samples.last());
    range.is_some_and(|(first, last)| first.timestamp <= end && last.timestamp >= start)
}

fn extra_overlaps(samples: &[Extra], start: Timestamp, end: Timestamp) -> bool {
    let range = samples.first().zip(samples.last());
    range.is_some_and(|(first, last)| first.at <= end && last.at >= start)
}
