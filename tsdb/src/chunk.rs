//! A run of one series' samples, compressed without loss: every bit of every value comes back, NaN payloads and the
//! sign of zero included.
//!
//! ```text
//! byte  0      codecs: low half of the byte = time column, high half = value column; 8 of the high half = starts follow
//! uvarint      number of samples, 1 ..= 1024
//! ...          time column    (see `time`)
//! ...          value column   (see `value`; codec 4: native histograms, see `histogram`)
//! ...          start column   (see `starts`), when there is one
//! ```
//! The codecs are chosen by what the data looks like when the chunk is sealed. Head, log and blocks share the format. In
//! blocks most chunks have no time column, and share their times with others: the low half of the first byte is then
//! 15, and the number of samples is that of the times. A chunk holds floats or histograms, not both.

mod histogram;
mod list;
mod starts;
mod time;
mod value;

use std::borrow::Cow;

use crowsnest_api::{Sample, Timestamp};

pub(crate) use histogram::runs as histogram_runs;
pub(crate) use list::{ChunkList, ChunkView, Place};

use crate::samples::{HistogramSample, Samples};
use crate::varint::{Cursor, Damaged, put_uvarint};

/// More samples than any writer puts into one chunk; a reader refuses more, so that a lie cannot make it allocate.
pub(crate) const MAX_SAMPLES: usize = 1024;
/// In place of a value codec: native histograms.
const HISTOGRAMS: u8 = 4;
/// Beside a value codec: a start column follows.
const STARTS: u8 = 8;

/// Compressed samples, ascending by time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) min: Timestamp,
    pub(crate) max: Timestamp,
    pub(crate) count: u32,
    pub(crate) bytes: Box<[u8]>,
}

/// Samples that become one chunk: of one kind, ascending by time, at least one and at most [`MAX_SAMPLES`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    pub(crate) values: Values<'a>,
    /// When the counters behind samples started, by the samples' timestamps; may speak of others, too.
    pub(crate) starts: &'a [(Timestamp, Timestamp)],
}

/// The samples of a run. Histograms are as many as [`histogram_runs`] lets together.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Values<'a> {
    Floats(&'a [Sample]),
    Histograms(&'a [HistogramSample]),
}

impl<'a> Run<'a> {
    pub(crate) fn len(&self) -> usize {
        match self.values {
            Values::Floats(samples) => samples.len(),
            Values::Histograms(samples) => samples.len(),
        }
    }

    /// First and last timestamp.
    pub(crate) fn range(&self) -> Option<(Timestamp, Timestamp)> {
        match self.values {
            Values::Floats(samples) => {
                samples.first().zip(samples.last()).map(|(first, last)| (first.timestamp, last.timestamp))
            }
            Values::Histograms(samples) => {
                samples.first().zip(samples.last()).map(|(first, last)| (first.0, last.0))
            }
        }
    }

    /// Its timestamps, in samples without a meaning otherwise.
    pub(crate) fn times(&self) -> Cow<'a, [Sample]> {
        match self.values {
            Values::Floats(samples) => Cow::Borrowed(samples),
            Values::Histograms(samples) => {
                samples.iter().map(|(timestamp, _)| Sample { timestamp: *timestamp, value: 0.0 }).collect()
            }
        }
    }

    /// Appends all columns but that of times, and says which they are.
    fn put_values(&self, out: &mut Vec<u8>) -> u8 {
        let codec = match self.values {
            Values::Floats(samples) => value::encode(samples, out),
            Values::Histograms(samples) => {
                histogram::encode(samples, out);
                HISTOGRAMS
            }
        };
        let started = match self.values {
            Values::Floats(samples) => {
                starts::encode(samples.iter().map(|sample| sample.timestamp), self.starts, out)
            }
            Values::Histograms(samples) => {
                starts::encode(samples.iter().map(|(at, _)| *at), self.starts, out)
            }
        };
        codec | if started { STARTS } else { 0 }
    }
}

impl Chunk {
    /// Compresses floats, which ascend by time; `None` when there are none or more than [`MAX_SAMPLES`].
    pub(crate) fn encode(samples: &[Sample]) -> Option<Self> {
        Self::of(&Run { values: Values::Floats(samples), starts: &[] })
    }

    /// Compresses a run; `None` when it is none.
    pub(crate) fn of(run: &Run<'_>) -> Option<Self> {
        let times = run.times();
        debug_assert!(times.is_sorted_by(|a, b| a.timestamp < b.timestamp));
        let (min, max) = run.range()?;
        if times.len() > MAX_SAMPLES {
            return None;
        }
        let mut bytes = Vec::with_capacity(16 + times.len() * 2);
        encode_times(&times, &mut bytes);
        let codec = run.put_values(&mut bytes);
        if let Some(codecs) = bytes.first_mut() {
            *codecs |= codec << 4;
        }
        Some(Self { min, max, count: times.len() as u32, bytes: bytes.into_boxed_slice() })
    }

    /// The samples.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn decode(&self) -> Result<Samples, Damaged> {
        let mut samples = Samples::default();
        decode_into(&self.bytes, &mut samples)?;
        Ok(samples)
    }
}

/// Appends the samples of an encoded chunk to `out`; on an error `out` is as it was.
pub(crate) fn decode_into(bytes: &[u8], out: &mut Samples) -> Result<(), Damaged> {
    let before = out.mark();
    let result = decode_columns(bytes, out);
    if result.is_err() {
        out.back_to(before);
    }
    result
}

fn decode_columns(bytes: &[u8], out: &mut Samples) -> Result<(), Damaged> {
    let mut cursor = Cursor::new(bytes, "chunk");
    let before = out.floats.len();
    let codecs = decode_time_column(&mut cursor, &mut out.floats)?;
    read_values(codecs >> 4, &mut cursor, out, before)
}

/// Reads all columns but that of times, which are in `out`: those of the floats from `first` on.
fn read_values(codec: u8, cursor: &mut Cursor<'_>, out: &mut Samples, first: usize) -> Result<(), Damaged> {
    let own = out.floats.get_mut(first..).unwrap_or_default();
    match codec & !STARTS {
        HISTOGRAMS => {
            let times: Vec<Timestamp> = own.iter().map(|sample| sample.timestamp).collect();
            out.floats.truncate(first);
            histogram::decode(cursor, &times, &mut out.histograms)?;
            if codec & STARTS != 0 {
                starts::decode(times.into_iter(), cursor, &mut out.starts)?;
            }
        }
        codec_of_floats => {
            value::decode(codec_of_floats, cursor, own)?;
            if codec & STARTS != 0 {
                starts::decode(own.iter().map(|sample| sample.timestamp), cursor, &mut out.starts)?;
            }
        }
    }
    if cursor.is_empty() { Ok(()) } else { Err(cursor.damaged()) }
}

/// Appends samples with times and no values yet, and gives back the chunk's first byte.
fn decode_time_column(cursor: &mut Cursor<'_>, out: &mut Vec<Sample>) -> Result<u8, Damaged> {
    let codecs = cursor.u8()?;
    let count = usize::try_from(cursor.uvarint()?).map_err(|_| cursor.damaged())?;
    if count == 0 || count > MAX_SAMPLES {
        return Err(cursor.damaged());
    }
    let before = out.len();
    time::decode(codecs & 0x0f, count, cursor, out)?;
    let times = out.get(before..).unwrap_or_default();
    if times.is_sorted_by(|a, b| a.timestamp < b.timestamp) { Ok(codecs) } else { Err(cursor.damaged()) }
}

/// In place of a time codec: the times are elsewhere.
const SHARED_TIMES: u8 = 0x0f;

/// Appends the times of a chunk, to be shared by several. `samples` are those of a chunk.
pub(crate) fn encode_times(samples: &[Sample], out: &mut Vec<u8>) {
    let start = out.len();
    out.push(0);
    put_uvarint(out, samples.len() as u64);
    let codec = time::encode(samples, out);
    if let Some(first) = out.get_mut(start) {
        *first = codec;
    }
}

/// Appends samples with the times that [`encode_times`] wrote, and no values yet.
pub(crate) fn decode_times(bytes: &[u8], out: &mut Vec<Sample>) -> Result<(), Damaged> {
    let mut cursor = Cursor::new(bytes, "times");
    let before = out.len();
    let result = decode_time_column(&mut cursor, out);
    if result.is_err() || !cursor.is_empty() {
        out.truncate(before);
        return Err(cursor.damaged());
    }
    Ok(())
}

/// Appends a chunk without times.
pub(crate) fn encode_values(run: &Run<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(0);
    let codec = run.put_values(out);
    if let Some(first) = out.get_mut(start) {
        *first = SHARED_TIMES | codec << 4;
    }
}

/// Reads a chunk without times; these are in `out`, as the floats from `first` on. After an error those are of no use.
pub(crate) fn decode_values(bytes: &[u8], out: &mut Samples, first: usize) -> Result<(), Damaged> {
    let mut cursor = Cursor::new(bytes, "chunk");
    let codecs = cursor.u8()?;
    if codecs & 0x0f != SHARED_TIMES {
        return Err(cursor.damaged());
    }
    read_values(codecs >> 4, &mut cursor, out, first)
}

/// Of a chunk without times all of whose floats are the same, that float; `None` for others.
pub(crate) fn only_value(bytes: &[u8]) -> Option<f64> {
    value::constant(bytes.strip_prefix(&[SHARED_TIMES | value::CONSTANT << 4])?)
}

/// How many times [`encode_times`] wrote.
pub(crate) fn count_times(bytes: &[u8]) -> Result<u64, Damaged> {
    let mut cursor = Cursor::new(bytes, "times");
    cursor.u8()?;
    cursor.uvarint()
}

#[cfg(test)]
mod tests {
    use crowsnest_api::stale_nan;
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{Extra, arbitrary};

    #[track_caller]
    fn check(samples: &[Sample]) -> usize {
        let chunk = Chunk::encode(samples).unwrap();
        let (mut times, mut values, mut apart) = (Vec::new(), Vec::new(), Samples::default());
        encode_times(samples, &mut times);
        encode_values(&Run { values: Values::Floats(samples), starts: &[] }, &mut values);
        decode_times(&times, &mut apart.floats).unwrap();
        decode_values(&values, &mut apart, 0).unwrap();
        for back in [chunk.decode().unwrap(), apart] {
            assert_eq!((back.floats.len(), back.len()), (samples.len(), samples.len()));
            for (a, b) in back.floats.iter().zip(samples) {
                assert_eq!((a.timestamp, a.value.to_bits()), (b.timestamp, b.value.to_bits()));
            }
        }
        chunk.bytes.len()
    }

    fn series(values: impl IntoIterator<Item = f64>) -> Vec<Sample> {
        values
            .into_iter()
            .enumerate()
            .map(|(i, v)| Sample::new(1_700_000_000_000 + i as i64 * 15_000, v))
            .collect()
    }

    #[test]
    fn special_values_come_back_bit_for_bit() {
        check(&series([
            0.0,
            -0.0,
            f64::NAN,
            stale_nan(),
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MIN_POSITIVE,
            5e-324,
        ]));
        check(&series([f64::from_bits(0xfff8_dead_beef_0001); 3]));
        check(&[Sample::new(i64::MIN, 1.0), Sample::new(0, 2.0), Sample::new(i64::MAX, f64::MAX)]);
    }

    #[test]
    fn a_constant_series_takes_a_few_bytes() {
        assert!(check(&series([42.5; 120])) < 24);
    }

    #[test]
    fn a_counter_takes_about_a_byte_a_sample() {
        assert!(check(&series((0..120).map(|i| 1_000_000.0 + f64::from(i) * 17.0))) < 140);
        assert!(check(&series((0..120).map(|i| (100_000.0 + f64::from(i) * 7.0) / 100.0))) < 160);
    }

    #[test]
    fn a_staleness_marker_does_not_spoil_the_chunk_it_ends() {
        assert!(check(&series((0..119).map(f64::from).chain([stale_nan()]))) < 160);
    }

    #[test]
    fn an_empty_or_oversized_run_is_not_a_chunk() {
        assert_eq!(Chunk::encode(&[]), None);
        assert_eq!(Chunk::encode(&series((0..=1024).map(f64::from))), None);
    }

    fn any_value() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<u64>().prop_map(f64::from_bits),
            (-1000i32..1000).prop_map(f64::from),
            (any::<i32>(), 0i32..12).prop_map(|(m, e)| f64::from(m) / 10f64.powi(e)),
            Just(stale_nan()),
            Just(-0.0),
        ]
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same_bits(
            values in prop::collection::vec(any_value(), 1..200),
            times in prop_oneof![
                prop::collection::btree_set(any::<i64>(), 200),
                prop::collection::btree_set(0i64..4000, 200),
            ],
        ) {
            let samples: Vec<Sample> = times.into_iter().zip(values).map(|(t, v)| Sample::new(t, v)).collect();
            check(&samples);
        }

        #[test]
        fn decimal_series_come_back_too(
            base in any::<i32>(), steps in prop::collection::vec(-500i64..500, 1..200), exponent in 0i32..11,
        ) {
            let mut mantissa = i64::from(base);
            check(&series(steps.into_iter().map(|step| {
                mantissa += step;
                mantissa as f64 / 10f64.powi(exponent)
            })));
        }

        #[test]
        fn histograms_and_starts_come_back_from_a_chunk_and_from_one_without_times(extras in arbitrary::extras()) {
            let (floats, histograms): (Vec<Extra>, Vec<Extra>) =
                extras.into_iter().partition(|extra| extra.value.float().is_some());
            for extras in [floats, histograms] {
                let samples = Samples::of_extras(&extras);
                let values = match extras.first() {
                    None => continue,
                    Some(first) if first.value.float().is_some() => Values::Floats(&samples.floats),
                    Some(_) => Values::Histograms(&samples.histograms),
                };
                let run = Run { values, starts: &samples.starts };
                prop_assert_eq!(&Chunk::of(&run).unwrap().decode().unwrap(), &samples);
                let (mut times, mut values, mut apart) = (Vec::new(), Vec::new(), Samples::default());
                encode_times(&run.times(), &mut times);
                encode_values(&run, &mut values);
                decode_times(&times, &mut apart.floats).unwrap();
                decode_values(&values, &mut apart, 0).unwrap();
                prop_assert_eq!(apart, samples);
            }
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>) {
            let one = Samples::of_floats(vec![Sample::new(7, 7.0)]);
            let mut out = one.clone();
            let whole = decode_into(&bytes, &mut out);
            if whole.is_err() {
                prop_assert_eq!(&out, &one);
            }
            out = one;
            if decode_times(&bytes, &mut out.floats).is_err() {
                prop_assert_eq!(out.len(), 1);
            }
            let _ = decode_values(&bytes, &mut out, 0);
        }
    }
}
