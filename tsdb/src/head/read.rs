//! What a query takes out of the head, to be decoded after the head's lock has been given back.

use std::sync::Arc;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::Matcher;

use super::series::decoded;
use super::{Head, MemSeries, SeriesRef};
use crate::chunk::Chunk;
use crate::index;
use crate::server_sample::ServerSample;

/// One series' share of the head within a time range: chunks are shared with the head, what is not compressed is copied.
pub(crate) struct HeadSeries {
    pub(crate) labels: Labels,
    chunks: Vec<Arc<Chunk>>,
    open: Vec<Vec<Sample>>,
    pub(crate) server: Vec<ServerSample>,
}

impl HeadSeries {
    /// The compressed chunks that overlap the range, and what is within it of each open one; in no particular order.
    pub(crate) fn pieces(&self) -> (&[Arc<Chunk>], &[Vec<Sample>]) {
        (&self.chunks, &self.open)
    }
}

impl Head {
    /// The series that match and have samples in `start ..= end`.
    pub(crate) fn select(&self, matchers: &[Matcher], start: Timestamp, end: Timestamp) -> Vec<HeadSeries> {
        self.matching(matchers).filter_map(|memory| memory.read(start, end)).collect()
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
        self.postings.names().keys().map(|name| name.as_str())
    }

    /// All values of a label, sorted.
    pub(crate) fn label_values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.postings
            .names()
            .get(name)
            .into_iter()
            .flat_map(|values| values.keys().map(|value| value.as_str()))
    }

    /// Whether a series has a pushed sample in `start ..= end`.
    pub(crate) fn has_pushed(&self, labels: &Labels, start: Timestamp, end: Timestamp) -> bool {
        self.series_ref(labels)
            .and_then(|series| self.get(series))
            .is_some_and(|memory| memory.has_pushed(start, end))
    }
}

impl MemSeries {
    fn read(&self, start: Timestamp, end: Timestamp) -> Option<HeadSeries> {
        let chunks: Vec<_> = self.chunks().filter(|chunk| chunk.overlaps(start, end)).cloned().collect();
        let within = |sample: &&Sample| (start..=end).contains(&sample.timestamp);
        let open = self.open().filter(|open| overlaps(open, start, end));
        let open: Vec<Vec<Sample>> = open.map(|open| open.iter().filter(within).copied().collect()).collect();
        let mut server: Vec<_> =
            self.server().filter(|sample| (start..=end).contains(&sample.at())).copied().collect();
        server.sort_by_key(ServerSample::at);
        let empty = chunks.is_empty() && open.is_empty() && server.is_empty();
        (!empty).then(|| HeadSeries { labels: self.labels().clone(), chunks, open, server })
    }

    /// Whether anything of this series may lie in `start ..= end`.
    pub(crate) fn overlaps(&self, start: Timestamp, end: Timestamp) -> bool {
        self.chunks().any(|chunk| chunk.overlaps(start, end))
            || self.open().any(|open| overlaps(open, start, end))
            || self.server().any(|sample| (start..=end).contains(&sample.at()))
    }

    fn has_pushed(&self, start: Timestamp, end: Timestamp) -> bool {
        let within =
            |samples: &[Sample]| samples.iter().any(|sample| (start..=end).contains(&sample.timestamp));
        self.open().any(within)
            || self.chunks().any(|chunk| chunk.overlaps(start, end) && within(&decoded(chunk)))
    }
}

fn overlaps(samples: &[Sample], start: Timestamp, end: Timestamp) -> bool {
    let range = samples.first().zip(samples.last());
    range.is_some_and(|(first, last)| first.timestamp <= end && last.timestamp >= start)
}
