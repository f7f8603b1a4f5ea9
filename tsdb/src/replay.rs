//! From records of the log back into the head.

mod rows;

use std::sync::Arc;

use crowsnest_api::{Labels, Sample, Timestamp};
use rustc_hash::FxHashMap;

use crate::block::Cut;
use crate::head::{Head, SeriesRef, StagedOrigin};
use crate::options::Options;
use crate::samples::Extra;
use crate::source::SourceId;
use crate::wal::{Record, RecordOrigin, RecordRow};
use rows::Rows;

/// Applies records in the order of the log, without what blocks hold already.
///
/// The rows of a source are gathered, and then go into the head series by series: one row after the other would touch all
/// of its memory for each.
pub(crate) struct Replayer<'a> {
    options: &'a Options,
    /// What blocks hold already.
    in_blocks: Vec<Cut>,
    /// How many samples were put into the head.
    pub(crate) samples: u64,
    segment: u32,
    /// Series by the numbers of the current segment; they enter the head with their first sample.
    series: FxHashMap<u32, (Labels, Option<SeriesRef>)>,
    rows: Rows,
}

impl<'a> Replayer<'a> {
    pub(crate) fn new(options: &'a Options, in_blocks: Vec<Cut>) -> Self {
        Self {
            options,
            in_blocks,
            samples: 0,
            segment: 0,
            series: FxHashMap::default(),
            rows: Rows::default(),
        }
    }

    /// Applies one record and says which of its samples is the newest, those in blocks included.
    pub(crate) fn apply(&mut self, head: &mut Head, segment: u32, record: &Record) -> Option<Timestamp> {
        if segment != self.segment || !record.definitions.is_empty() {
            // Numbers may mean other series from here on.
            self.rows.finish(head);
        }
        if segment != self.segment {
            self.series.clear();
            self.segment = segment;
        }
        for (number, labels) in &record.definitions {
            self.series.insert(*number, (labels.clone(), None));
        }
        for metadata in &record.metadata {
            head.set_metadata(metadata, self.options.max_metadata);
        }
        let origin = match &record.origin {
            RecordOrigin::Source(name) => {
                StagedOrigin::Source { id: head.sources_mut().intern(name), name: name.clone() }
            }
            RecordOrigin::Server { silence } => StagedOrigin::Server { silence: *silence },
            RecordOrigin::Nobody => return None,
        };
        let row = self.apply_row(head, &origin, &record.row);
        if record.several().next().is_some() {
            self.rows.finish(head);
        }
        let mut newest = row;
        for (number, samples) in record.several() {
            newest = newest.max(samples.iter().map(|sample| sample.timestamp).max());
            let wanted = samples.iter().filter(|sample| self.wanted(sample.timestamp));
            let wanted: Vec<Sample> = wanted.copied().collect();
            self.apply_series(head, &origin, number, &wanted);
        }
        newest.max(self.apply_extras(head, &origin, &record.extras))
    }

    fn apply_extras(
        &mut self,
        head: &mut Head,
        origin: &StagedOrigin,
        extras: &[(u32, Extra)],
    ) -> Option<Timestamp> {
        for (number, extra) in extras {
            if !self.wanted(extra.at) {
                continue;
            }
            let Some(series) = self.series_ref(head, *number) else { continue };
            if self.rows.holds(series) {
                // Of two samples at one instant the first in the log counts.
                self.rows.finish(head);
            }
            head.apply_extra(series, origin, extra.clone());
            self.samples += 1;
        }
        extras.iter().map(|(_, extra)| extra.at).max()
    }

    /// Puts into the head what has been gathered. To be called after the last record.
    pub(crate) fn finish(&mut self, head: &mut Head) {
        self.rows.finish(head);
    }

    fn apply_row(&mut self, head: &mut Head, origin: &StagedOrigin, row: &RecordRow) -> Option<Timestamp> {
        let first = row.samples.first()?.timestamp;
        let newest = row.samples.iter().map(|sample| sample.timestamp).max();
        let at_once = row.samples.iter().all(|sample| sample.timestamp == first);
        if at_once && !self.wanted(first) {
            return newest;
        }
        if let (true, StagedOrigin::Source { id, .. }) = (at_once, origin)
            && self.gather(head, *id, origin, row)
        {
            self.samples += row.samples.len() as u64;
            return newest;
        }
        self.rows.finish(head);
        for (&number, &sample) in row.numbers.iter().zip(&row.samples) {
            if self.wanted(sample.timestamp) {
                self.apply_series(head, origin, number, &[sample]);
            }
        }
        newest
    }

    /// Keeps a row for later; `false` when that cannot be done.
    fn gather(&mut self, head: &mut Head, source: SourceId, origin: &StagedOrigin, row: &RecordRow) -> bool {
        if !self.rows.follows(source, &row.numbers) {
            self.rows.finish_source(head, source);
            let series = row.numbers.iter().map(|number| self.series_ref(head, *number));
            let Some(series) = series.collect::<Option<Vec<SeriesRef>>>() else { return false };
            if !self.rows.begin(source, origin.clone(), Arc::clone(&row.numbers), series) {
                return false;
            }
        }
        self.rows.add(head, source, &row.samples);
        true
    }

    fn apply_series(&mut self, head: &mut Head, origin: &StagedOrigin, number: u32, samples: &[Sample]) {
        if samples.is_empty() {
            return;
        }
        if let Some(series) = self.series_ref(head, number) {
            head.apply_series(series, origin, samples);
            self.samples += samples.len() as u64;
        }
    }

    /// The series of a number. One without a definition cannot be in a record whose checksum is right.
    fn series_ref(&mut self, head: &mut Head, number: u32) -> Option<SeriesRef> {
        let (labels, series) = self.series.get_mut(&number)?;
        Some(*series.get_or_insert_with(|| head.create(labels, None)))
    }

    fn wanted(&self, at: Timestamp) -> bool {
        let in_block = |cut: &Cut| self.segment < cut.segment && cut.from <= at && at < cut.to;
        !self.in_blocks.iter().any(in_block)
    }
}
