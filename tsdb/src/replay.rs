//! From records of the log back into the head.

use crowsnest_api::{Labels, Sample, Timestamp};
use rustc_hash::FxHashMap;

use crate::block::Cut;
use crate::head::{Head, SeriesRef, StagedOrigin};
use crate::options::Options;
use crate::wal::{Record, RecordOrigin};

/// Applies records in the order of the log, without what blocks hold already.
pub(crate) struct Replayer<'a> {
    options: &'a Options,
    /// What blocks hold already.
    in_blocks: Vec<Cut>,
    /// How many samples were put into the head.
    pub(crate) samples: u64,
    segment: u32,
    /// Series by the numbers of the current segment; they enter the head with their first sample.
    series: FxHashMap<u32, (Labels, Option<SeriesRef>)>,
}

impl<'a> Replayer<'a> {
    pub(crate) fn new(options: &'a Options, in_blocks: Vec<Cut>) -> Self {
        Self { options, in_blocks, samples: 0, segment: 0, series: FxHashMap::default() }
    }

    /// Applies one record and says which of its samples is the newest, those in blocks included.
    pub(crate) fn apply(&mut self, head: &mut Head, segment: u32, record: &Record) -> Option<Timestamp> {
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
        let mut newest = None;
        let mut kept: Vec<Sample> = Vec::new();
        for (number, samples) in record.series() {
            newest = newest.max(samples.iter().map(|sample| sample.timestamp).max());
            kept.clear();
            kept.extend(samples.iter().filter(|sample| self.wanted(segment, sample.timestamp)));
            // A number without a definition cannot be in a record whose checksum is right.
            let Some((labels, series)) = self.series.get_mut(&number).filter(|_| !kept.is_empty()) else {
                continue;
            };
            let series = *series.get_or_insert_with(|| head.create(labels, None));
            head.apply_series(series, &origin, &kept);
            self.samples += kept.len() as u64;
        }
        newest
    }

    fn wanted(&self, segment: u32, at: Timestamp) -> bool {
        let in_block = |cut: &Cut| segment < cut.segment && cut.from <= at && at < cut.to;
        !self.in_blocks.iter().any(in_block)
    }
}
