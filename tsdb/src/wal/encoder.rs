//! Writing records: what `record` describes, in frames with length and checksum.

use std::io::{self, Write};

use crowsnest_api::{Labels, Sample};
use crowsnest_promql::SampleValue;
use rustc_hash::FxHashSet;

use super::record::{
    BEGUN, CONTINUED, FRAME_CONTENT, FROM_NAMED, FROM_NOBODY, FROM_SERVER, FROM_SOURCE, MAX_BATCH, PADDING,
    WINDOW_LOG, put_definition, put_metadata,
};
use super::row::Rows;
use super::{FRAME_BYTES, MAX_PAYLOAD};
use crate::appender::Metadata;
use crate::head::{SeriesRef, Staged, StagedOrigin, encode_extras};
use crate::samples::Extra;
use crate::source::SourceId;
use crate::varint::{put_bytes, put_ivarint, put_uvarint};

/// Writes the records of one segment after the other; keeps its buffers and zstd's.
#[derive(Default)]
pub(super) struct Encoder {
    batch: Vec<u8>,
    /// The batches of the frame that comes next.
    content: Vec<u8>,
    numbers: Vec<u32>,
    samples: Vec<Sample>,
    /// `None` at the beginning of a segment.
    stream: Option<zstd::stream::write::Encoder<'static, Vec<u8>>>,
    /// Series that the segment defines.
    defined: FxHashSet<SeriesRef>,
    /// Sources that the segment names.
    named: FxHashSet<SourceId>,
    rows: Rows,
    /// Rows of floats of whose counters the start is known.
    started: Rows,
    /// When these started.
    starts: Rows,
    /// Sources whose last row has defined series only.
    settled: FxHashSet<SourceId>,
}

impl Encoder {
    /// Forgets what the segment defines: a new one begins, or what was written last is not on the disk.
    pub(super) fn restart(&mut self) {
        self.content.clear();
        self.stream = None;
        self.defined.clear();
        self.named.clear();
        self.rows.clear();
        self.started.clear();
        self.starts.clear();
        self.settled.clear();
    }

    /// Takes note that these numbers will be given to other series.
    pub(super) fn forget(&mut self, series: &[SeriesRef]) {
        for series in series {
            self.defined.remove(series);
        }
        if !series.is_empty() {
            self.settled.clear();
        }
    }

    /// Adds the record of a batch to a frame, with definitions of what the segment does not define yet. `out` gets
    /// frames that are full; [`Self::finish`] writes the last one.
    pub(super) fn batch(
        &mut self,
        staged: &Staged,
        labels: impl Fn(SeriesRef) -> Option<Labels>,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        self.batch.clear();
        put_ivarint(&mut self.batch, staged.received.millis());
        let source = self.put_origin(&staged.origin);
        self.gather_row(staged);
        let settled = source.is_some_and(|source| {
            self.settled.contains(&source) && self.rows.is_last(source.number(), &self.numbers)
        });
        self.put_definitions(staged, settled, labels)?;
        let Self { rows, numbers, samples, batch, .. } = self;
        rows.put(source.map(SourceId::number), staged.received, numbers, samples, batch);
        self.settled.extend(source);

        let several = || staged.entries.iter().filter(|&&entry| staged.samples(entry).len() > 1);
        put_uvarint(&mut self.batch, several().count() as u64);
        for &entry in several() {
            let samples = staged.samples(entry);
            put_uvarint(&mut self.batch, u64::from(entry.series.0));
            put_uvarint(&mut self.batch, samples.len() as u64);
            let mut before = staged.received.millis();
            for sample in samples {
                put_ivarint(&mut self.batch, sample.timestamp.millis().wrapping_sub(before));
                before = sample.timestamp.millis();
                self.batch.extend_from_slice(&sample.value.to_bits().to_le_bytes());
            }
        }
        put_metadata(&mut self.batch, &staged.metadata);
        if staged.extras().next().is_some() {
            self.put_extras(source.map(SourceId::number), staged);
        }
        self.add(out)
    }

    /// Appends what is more than floats.
    fn put_extras(&mut self, source: Option<u32>, staged: &Staged) {
        let all: Vec<(SeriesRef, &Extra)> = staged.extras().collect();
        let (mut started, mut starts, mut chunks) = (Vec::new(), Vec::new(), Vec::new());
        self.numbers.clear();
        for own in all.chunk_by(|a, b| a.0 == b.0) {
            match *own {
                [(series, &Extra { at, value: SampleValue::Float(value), start: Some(start) })] => {
                    self.numbers.push(series.0);
                    started.push(Sample { timestamp: at, value });
                    starts.push(Sample { timestamp: at, value: start.millis() as f64 });
                }
                [(series, _), ..] => {
                    let own: Vec<Extra> = own.iter().map(|(_, extra)| (*extra).clone()).collect();
                    chunks.extend(encode_extras(&own).into_iter().map(|chunk| (series.0, chunk)));
                }
                [] => {}
            }
        }
        self.started.put(source, staged.received, &self.numbers, &started, &mut self.batch);
        self.starts.put(source, staged.received, &self.numbers, &starts, &mut self.batch);
        put_uvarint(&mut self.batch, chunks.len() as u64);
        for (series, chunk) in chunks {
            put_uvarint(&mut self.batch, u64::from(series));
            put_bytes(&mut self.batch, &chunk.bytes);
        }
    }

    /// Adds a record of metadata alone; nothing when there is none.
    pub(super) fn metadata(&mut self, metadata: &[Metadata], out: &mut Vec<u8>) -> io::Result<()> {
        if metadata.is_empty() {
            return Ok(());
        }
        self.batch.clear();
        put_ivarint(&mut self.batch, 0);
        self.batch.push(FROM_NOBODY);
        put_uvarint(&mut self.batch, 0);
        self.rows.put(None, crowsnest_api::Timestamp::MIN, &[], &[], &mut self.batch);
        put_uvarint(&mut self.batch, 0);
        put_metadata(&mut self.batch, metadata);
        self.add(out)
    }

    fn put_origin(&mut self, origin: &StagedOrigin) -> Option<SourceId> {
        match origin {
            StagedOrigin::Source { id, name } => {
                let new = self.named.insert(*id);
                self.batch.push(if new { FROM_NAMED } else { FROM_SOURCE });
                put_uvarint(&mut self.batch, u64::from(id.number()));
                if new {
                    put_bytes(&mut self.batch, name.as_bytes());
                }
                Some(*id)
            }
            StagedOrigin::Server { silence } => {
                self.batch.push(FROM_SERVER);
                put_uvarint(&mut self.batch, silence.as_millis() as u64);
                None
            }
        }
    }

    /// The series of which the batch has one sample each.
    fn gather_row(&mut self, staged: &Staged) {
        self.numbers.clear();
        self.samples.clear();
        for &entry in &staged.entries {
            if let &[sample] = staged.samples(entry) {
                self.numbers.push(entry.series.0);
                self.samples.push(sample);
            }
        }
    }

    /// `settled` says that the row needs none.
    fn put_definitions(
        &mut self,
        staged: &Staged,
        settled: bool,
        labels: impl Fn(SeriesRef) -> Option<Labels>,
    ) -> io::Result<()> {
        let mut new = Vec::new();
        for &entry in &staged.entries {
            let samples = staged.samples(entry).len();
            if samples > usize::from(settled) && self.defined.insert(entry.series) {
                // The head keeps every series that a batch under way speaks of.
                new.push((entry.series.0, labels(entry.series).ok_or(io::ErrorKind::NotFound)?));
            }
        }
        for (series, _) in staged.extras() {
            if self.defined.insert(series) {
                new.push((series.0, labels(series).ok_or(io::ErrorKind::NotFound)?));
            }
        }
        put_uvarint(&mut self.batch, new.len() as u64);
        for (number, labels) in new {
            put_definition(&mut self.batch, number, &labels);
        }
        Ok(())
    }

    fn add(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        if self.batch.len() > MAX_BATCH {
            return Err(too_large());
        }
        put_bytes(&mut self.content, &self.batch);
        if self.content.len() >= FRAME_CONTENT { self.finish(out) } else { Ok(()) }
    }

    /// Appends a frame of all batches since the last one; nothing when there are none.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        if self.content.is_empty() {
            return Ok(());
        }
        let start = out.len();
        out.extend_from_slice(&[0; FRAME_BYTES]);
        out.push(if self.stream.is_some() { CONTINUED } else { BEGUN });
        put_uvarint(out, self.content.len() as u64);
        let stream = match &mut self.stream {
            Some(ready) => ready,
            None => {
                let mut stream = zstd::stream::write::Encoder::new(Vec::new(), 1)?;
                stream.window_log(WINDOW_LOG)?;
                self.stream.insert(stream)
            }
        };
        stream.write_all(&self.content)?;
        stream.flush()?;
        out.append(stream.get_mut());
        self.content.clear();
        if out.len() - start - FRAME_BYTES > MAX_PAYLOAD {
            out.truncate(start);
            return Err(too_large());
        }
        seal(out, start);
        Ok(())
    }
}

/// Fills up a page of the disk with a frame that says nothing, so that the next write does not write that page again.
/// `out` begins `position` bytes into the segment. Small writes are not worth it: the log would consist of padding.
pub(super) fn pad(position: u64, out: &mut Vec<u8>) {
    const PAGE: usize = 4096;
    let end = (position % PAGE as u64) as usize + out.len();
    let missing = end.next_multiple_of(PAGE) - end;
    if out.len() >= PAGE && missing > FRAME_BYTES {
        let start = out.len();
        out.resize(start + FRAME_BYTES, 0);
        out.push(PADDING);
        out.resize(start + missing, 0);
        seal(out, start);
    }
}

/// Writes length and checksum before the payload of a frame that begins at `start` and ends `out`.
fn seal(out: &mut [u8], start: usize) {
    let payload = out.get(start + FRAME_BYTES..).unwrap_or_default();
    let (length, crc) = (payload.len() as u32, crc32fast::hash(payload));
    let frame = length.to_le_bytes().into_iter().chain(crc.to_le_bytes());
    out.iter_mut().skip(start).zip(frame).for_each(|(byte, value)| *byte = value);
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "batch is too large for one log record")
}
