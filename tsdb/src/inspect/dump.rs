//! Samples as they lie in the files, for those who want to look.

use std::io;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::Matcher;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::{Found, Inspection};
use crate::block::Block;
use crate::report::{Fault, OpenError, Recovery};
use crate::samples::{HistogramSample, Samples};
use crate::varint::Damaged;
use crate::wal::{self, Record, RecordOrigin};

/// Which samples.
#[derive(Clone, Copy, Debug)]
pub struct Extract<'a> {
    /// All of them hold for the series.
    pub matchers: &'a [Matcher],
    /// The first instant.
    pub start: Timestamp,
    /// The last instant.
    pub end: Timestamp,
}

impl Extract<'_> {
    /// Hands on those of the samples that are in the time asked for.
    fn hand_on(
        &self,
        each: &mut dyn FnMut(&Dumped<'_>) -> io::Result<()>,
        file: &str,
        labels: &Labels,
        source: Option<&str>,
        mut samples: Samples,
    ) -> io::Result<()> {
        let wanted = self.start..=self.end;
        samples.floats.retain(|sample| wanted.contains(&sample.timestamp));
        samples.histograms.retain(|(at, _)| wanted.contains(at));
        if samples.floats.is_empty() && samples.histograms.is_empty() {
            return Ok(());
        }
        let (samples, histograms) = (&samples.floats, &samples.histograms);
        each(&Dumped { file, labels, source, samples, histograms })
    }
}

/// Samples of a series that one source pushed, in one file: of a block all of them, of the log those of one push.
#[derive(Clone, Copy, Debug)]
pub struct Dumped<'a> {
    /// The file, as seen from the store's folder.
    pub file: &'a str,
    /// The series.
    pub labels: &'a Labels,
    /// Who pushed; `None`: the server wrote them itself.
    pub source: Option<&'a str>,
    /// The samples that are floats, ascending by time.
    pub samples: &'a [Sample],
    /// Those that are native histograms, likewise. There are samples of one kind at least.
    pub histograms: &'a [HistogramSample],
}

impl Inspection {
    /// Calls back with the samples of each block and of the log as they lie there. Nothing is merged: what is in the log and in
    /// a block by now comes twice. Gives back what could not be read.
    ///
    /// # Errors
    /// As [`Inspection::contents`], and when `each` fails.
    pub fn dump(
        &self,
        extract: &Extract<'_>,
        each: &mut dyn FnMut(&Dumped<'_>) -> io::Result<()>,
    ) -> Result<Vec<Fault>, OpenError> {
        let (mut faults, mut outcome) = (Vec::new(), Ok(()));
        self.each_block(|file, found| match found {
            Found::Block(block) if outcome.is_ok() => match dump_block(file, &block, extract, each) {
                Ok(written) => outcome = written,
                Err(damaged) => {
                    faults.push(Fault { file: file.to_owned(), offset: 0, what: damaged.to_string() });
                }
            },
            Found::Damaged(fault) => faults.push(fault),
            _ => {}
        })?;
        let written = |source| OpenError::Io { path: "the output".into(), source };
        outcome.map_err(written)?;
        let (dir, mut recovery) = (self.dir.join("wal"), Recovery::default());
        let (mut log, mut outcome) = (Log::default(), Ok(()));
        wal::replay(&*self.disk, &dir, &mut recovery, |segment, record| {
            if outcome.is_ok() {
                outcome = log.dump(segment, &record, extract, each);
            }
            None
        })?;
        outcome.map_err(written)?;
        faults.extend(recovery.faults);
        Ok(faults)
    }
}

/// The inner error is that of `each`.
fn dump_block(
    file: &str,
    block: &Block,
    extract: &Extract<'_>,
    each: &mut dyn FnMut(&Dumped<'_>) -> io::Result<()>,
) -> Result<io::Result<()>, Damaged> {
    if !block.overlaps(extract.start, extract.end) {
        return Ok(Ok(()));
    }
    let index = block.index()?;
    let mut damaged = None;
    for number in index.matching(extract.matchers)? {
        let entry = index.entry(number)?;
        let mut hand_on = |source: Option<&str>, samples: Samples| {
            extract.hand_on(each, file, &entry.labels, source, samples)
        };
        for lane in entry.chunks.chunk_by(|a, b| a.source == b.source) {
            let mut samples = Samples::default();
            for chunk in lane.iter().filter(|chunk| chunk.overlaps(extract.start, extract.end)) {
                // The others are still worth something.
                damaged = damaged.or(block.read_chunk(chunk, &mut samples).err());
            }
            if let Err(error) = hand_on(lane.first().map(|chunk| chunk.source.as_str()), samples) {
                return Ok(Err(error));
            }
        }
        let own = entry.server.iter().map(|server| server.sample).collect();
        if let Err(error) = hand_on(None, Samples::of_floats(own)) {
            return Ok(Err(error));
        }
    }
    damaged.map_or(Ok(Ok(())), Err)
}

/// A place in the log.
#[derive(Default)]
struct Log {
    segment: u32,
    file: String,
    series: FxHashMap<u32, Labels>,
}

impl Log {
    fn dump(
        &mut self,
        segment: u32,
        record: &Record,
        extract: &Extract<'_>,
        each: &mut dyn FnMut(&Dumped<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        if segment != self.segment {
            *self = Self {
                segment,
                file: format!("wal/{}", wal::segment_name(segment)),
                series: FxHashMap::default(),
            };
        }
        self.series.extend(record.definitions.iter().cloned());
        let source: Option<SmolStr> = match &record.origin {
            RecordOrigin::Source(name) => Some(name.clone()),
            RecordOrigin::Server { .. } | RecordOrigin::Nobody => None,
        };
        let row = record.row.numbers.iter().zip(&record.row.samples);
        let row = row.map(|(&number, sample)| (number, std::slice::from_ref(sample)));
        let floats =
            row.chain(record.several()).map(|(number, floats)| (number, Samples::of_floats(floats.to_vec())));
        let extras = record.extras.iter();
        let extras = extras.map(|(number, extra)| (*number, Samples::of_extras(std::slice::from_ref(extra))));
        for (number, samples) in floats.chain(extras) {
            let Some(labels) = self.series.get(&number) else { continue };
            if extract.matchers.iter().all(|matcher| matcher.matches(labels)) {
                extract.hand_on(each, &self.file, labels, source.as_deref(), samples)?;
            }
        }
        Ok(())
    }
}
