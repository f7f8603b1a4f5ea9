//! A run of one series' samples, compressed without loss: every bit of every value comes back, NaN payloads and the
//! sign of zero included.
//!
//! ```text
//! byte  0      codecs: low half of the byte = time column, high half = value column
//! uvarint      number of samples, 1 ..= 1024
//! ...          time column   (see `time`)
//! ...          value column  (see `value`)
//! ```
//! The codecs are chosen by what the data looks like when the chunk is sealed. Head and blocks share the format. In
//! blocks most chunks have a value column only, and share their times with others: the low half of the first byte is then
//! 15, and the number of samples is that of the times.

mod time;
mod value;

use crowsnest_api::{Sample, Timestamp};

use crate::varint::{Cursor, Damaged, put_uvarint};

/// More samples than any writer puts into one chunk; a reader refuses more, so that a lie cannot make it allocate.
pub(crate) const MAX_SAMPLES: usize = 1024;

/// Compressed samples, ascending by time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) min: Timestamp,
    pub(crate) max: Timestamp,
    pub(crate) count: u32,
    pub(crate) bytes: Box<[u8]>,
}

impl Chunk {
    /// Compresses `samples`, which ascend by time; `None` when there are none or more than [`MAX_SAMPLES`].
    pub(crate) fn encode(samples: &[Sample]) -> Option<Self> {
        debug_assert!(samples.is_sorted_by(|a, b| a.timestamp < b.timestamp));
        let (first, last) = (samples.first()?, samples.last()?);
        if samples.len() > MAX_SAMPLES {
            return None;
        }
        let mut bytes = Vec::with_capacity(16 + samples.len() * 2);
        encode_times(samples, &mut bytes);
        let value_codec = value::encode(samples, &mut bytes);
        if let Some(codecs) = bytes.first_mut() {
            *codecs |= value_codec << 4;
        }
        Some(Self {
            min: first.timestamp,
            max: last.timestamp,
            count: samples.len() as u32,
            bytes: bytes.into_boxed_slice(),
        })
    }

    /// Appends the samples to `out`.
    pub(crate) fn decode_into(&self, out: &mut Vec<Sample>) -> Result<(), Damaged> {
        decode_into(&self.bytes, out)
    }

    /// The samples.
    pub(crate) fn decode(&self) -> Result<Vec<Sample>, Damaged> {
        let mut samples = Vec::with_capacity(self.count as usize);
        self.decode_into(&mut samples)?;
        Ok(samples)
    }

    /// Whether the chunk may have samples in `start ..= end`.
    pub(crate) fn overlaps(&self, start: Timestamp, end: Timestamp) -> bool {
        self.min <= end && self.max >= start
    }
}

/// Appends the samples of an encoded chunk to `out`; on an error `out` is as it was.
pub(crate) fn decode_into(bytes: &[u8], out: &mut Vec<Sample>) -> Result<(), Damaged> {
    let before = out.len();
    let result = decode_columns(bytes, out);
    if result.is_err() {
        out.truncate(before);
    }
    result
}

fn decode_columns(bytes: &[u8], out: &mut Vec<Sample>) -> Result<(), Damaged> {
    let mut cursor = Cursor::new(bytes, "chunk");
    let before = out.len();
    let codecs = decode_time_column(&mut cursor, out)?;
    value::decode(codecs >> 4, &mut cursor, out.get_mut(before..).unwrap_or_default())?;
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
pub(crate) fn encode_values(samples: &[Sample], out: &mut Vec<u8>) {
    let start = out.len();
    out.push(0);
    let codec = value::encode(samples, out);
    if let Some(first) = out.get_mut(start) {
        *first = SHARED_TIMES | codec << 4;
    }
}

/// Fills in the values of a chunk without times.
pub(crate) fn decode_values(bytes: &[u8], samples: &mut [Sample]) -> Result<(), Damaged> {
    let mut cursor = Cursor::new(bytes, "chunk");
    let codecs = cursor.u8()?;
    if codecs & 0x0f != SHARED_TIMES {
        return Err(cursor.damaged());
    }
    value::decode(codecs >> 4, &mut cursor, samples)?;
    if cursor.is_empty() { Ok(()) } else { Err(cursor.damaged()) }
}

#[cfg(test)]
mod tests {
    use crowsnest_api::stale_nan;
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(samples: &[Sample]) -> usize {
        let chunk = Chunk::encode(samples).unwrap();
        let (mut times, mut values, mut apart) = (Vec::new(), Vec::new(), Vec::new());
        encode_times(samples, &mut times);
        encode_values(samples, &mut values);
        decode_times(&times, &mut apart).unwrap();
        decode_values(&values, &mut apart).unwrap();
        for back in [chunk.decode().unwrap(), apart] {
            assert_eq!(back.len(), samples.len());
            for (a, b) in back.iter().zip(samples) {
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
        fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>) {
            let mut out = vec![Sample::new(7, 7.0)];
            let whole = decode_into(&bytes, &mut out);
            if whole.is_err() {
                prop_assert_eq!(&out, &vec![Sample::new(7, 7.0)]);
            }
            out.truncate(1);
            if decode_times(&bytes, &mut out).is_err() {
                prop_assert_eq!(out.len(), 1);
            }
            let _ = decode_values(&bytes, &mut out);
        }
    }
}
