//! Native histograms, in chunks and in records of the log.
//!
//! ```text
//! chunk    u16 number of samples; u8: upper two bits 11 = gauges, 10 = the counter restarted before the first
//! layout   u8 zero threshold: 0 = zero, 255 = 64 bits follow, else a power of two: its exponent + 243
//!          varbit schema; spans above zero, then below: uvarbit how many, each uvarbit length, varbit offset
//!          schema -53: uvarbit number of bounds, each uvarbit: 0 = 64 bits follow, else 1 + thousandths
//! integer  first:   varbit timestamp; uvarbit count, zero count; 64 bits sum; varbit each bucket, less the one before it
//!          others:  varbit change of the difference of each of these to the sample before; the sum as in `xor`
//! float    first:   varbit timestamp; 64 bits count, zero count, sum, each bucket
//!          others:  varbit change of the distance in time; the others as in `xor`
//! varbit   0 = zero; 10 + 3 bits, 110 + 6, 1110 + 9, 11110 + 12, 111110 + 18, 1111110 + 25, 11111110 + 56, 11111111 + 64
//! ```
//! After the sum of a marker of a series' end there are no buckets.
//!
//! ```text
//! record   u64 first number, u64 first timestamp; each: varint number since the first, varint ms since the first,
//!          u8 hint, varint schema, u64 zero threshold; integer: uvarint zero count, count; float: u64 each; u64 sum
//!          spans above zero, then below: uvarint how many, each varint offset, uvarint length
//!          buckets above zero, then below: uvarint how many, each varint (less the one before it), float: u64
//!          schema -53: uvarint number of bounds, each u64
//! ```

use crowsnest_api::is_stale;
use crowsnest_api::remote_write::{BucketSpan, Histogram, ResetHint};

use crate::bytes::{Damaged, Reader};
use crate::xor::{Bits, Value};

const CUSTOM: i32 = -53;
/// The most buckets and bounds that a histogram is believed to have.
const MAX_BUCKETS: u64 = 1 << 16;
const GAUGE: u8 = 0b1100_0000;
const RESTARTED: u8 = 0b1000_0000;

/// How the counts of a histogram are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    Integer,
    Float,
}

/// Appends the histograms of a chunk's data.
pub(crate) fn decode(counts: Counts, data: &[u8], out: &mut Vec<Histogram>) -> Result<(), Damaged> {
    let mut reader = Reader::new(data);
    let (count, flags) = (reader.u16()?, reader.u8()?);
    let mut bits = Bits::new(reader.take(reader.remaining())?);
    if count == 0 {
        return Ok(());
    }
    let first_hint = match flags & GAUGE {
        GAUGE => ResetHint::Gauge,
        RESTARTED => ResetHint::Yes,
        _ => ResetHint::Unknown,
    };
    let layout = layout(&mut bits)?;
    let buckets = |spans: &[BucketSpan]| spans.iter().map(|span| span.length as usize).sum();
    let (positive, negative) = (buckets(&layout.positive_spans), buckets(&layout.negative_spans));
    let mut state = match counts {
        Counts::Integer => State::Integer(vec![Whole::default(); 2 + positive + negative], Value::default()),
        Counts::Float => State::Float(vec![Value::default(); 3 + positive + negative]),
    };
    let mut time = Whole::default();
    for index in 0..count {
        time.next(&mut bits, index)?;
        let hint = match first_hint {
            ResetHint::Gauge => ResetHint::Gauge,
            first if index == 0 => first,
            _ => ResetHint::No,
        };
        let base = Histogram { timestamp: time.value, reset_hint: hint.into(), ..layout.clone() };
        out.push(state.next(&mut bits, index, base, positive)?);
    }
    Ok(())
}

/// Zero threshold, schema, spans and bounds.
fn layout(bits: &mut Bits<'_>) -> Result<Histogram, Damaged> {
    let zero_threshold = match bits.read(8)? as u16 {
        0 => 0.0,
        255 => f64::from_bits(bits.read(64)?),
        exponent => 2.0_f64.powi(i32::from(exponent) - 244),
    };
    let schema = i32::try_from(bits.varbit()?).map_err(|_| Damaged("a schema"))?;
    let (positive_spans, negative_spans) = (spans(bits)?, spans(bits)?);
    let mut custom_values = Vec::new();
    if schema == CUSTOM {
        for _ in 0..few(bits.uvarbit()?)? {
            custom_values.push(match bits.uvarbit()? {
                0 => f64::from_bits(bits.read(64)?),
                thousandths => (thousandths - 1) as f64 / 1000.0,
            });
        }
    }
    Ok(Histogram {
        schema,
        zero_threshold,
        positive_spans,
        negative_spans,
        custom_values,
        ..Histogram::default()
    })
}

fn spans(bits: &mut Bits<'_>) -> Result<Vec<BucketSpan>, Damaged> {
    let mut spans = Vec::new();
    let mut buckets = 0;
    for _ in 0..few(bits.uvarbit()?)? {
        let length = few(bits.uvarbit()?)?;
        buckets = few(buckets + length)?;
        let offset = i32::try_from(bits.varbit()?).map_err(|_| Damaged("a span's offset"))?;
        spans.push(BucketSpan { offset, length: length as u32 });
    }
    Ok(spans)
}

fn few(count: u64) -> Result<u64, Damaged> {
    if count <= MAX_BUCKETS { Ok(count) } else { Err(Damaged("a histogram of at most 65,536 buckets")) }
}

/// The numbers of the sample before.
enum State {
    /// Count, zero count, buckets; the sum.
    Integer(Vec<Whole>, Value),
    /// Count, zero count, sum, buckets.
    Float(Vec<Value>),
}

impl State {
    fn next(
        &mut self,
        bits: &mut Bits<'_>,
        index: u16,
        base: Histogram,
        positive: usize,
    ) -> Result<Histogram, Damaged> {
        match self {
            Self::Integer(numbers, sum) => {
                let (counts, buckets) = numbers.split_at_mut(2);
                for count in &mut *counts {
                    if index == 0 {
                        count.value = bits.uvarbit()?.cast_signed();
                    } else {
                        count.next(bits, index)?;
                    }
                }
                sum.first_or_next(bits, index)?;
                if is_stale(sum.float()) {
                    return Ok(ended(&base, sum.float(), Counts::Integer));
                }
                buckets.iter_mut().try_for_each(|bucket| bucket.next(bits, index))?;
                let whole = |at: usize| counts.get(at).map(|count| count.value.cast_unsigned());
                let deltas: Vec<i64> = buckets.iter().map(|bucket| bucket.value).collect();
                let (above, below) = deltas.split_at(positive.min(deltas.len()));
                Ok(Histogram {
                    count_int: whole(0),
                    zero_count_int: whole(1),
                    sum: sum.float(),
                    positive_deltas: above.to_vec(),
                    negative_deltas: below.to_vec(),
                    ..base
                })
            }
            Self::Float(numbers) => {
                let (counts, buckets) = numbers.split_at_mut(3);
                counts.iter_mut().try_for_each(|count| count.first_or_next(bits, index))?;
                let float = |at: usize| counts.get(at).map(Value::float);
                let sum = float(2).unwrap_or_default();
                if is_stale(sum) {
                    return Ok(ended(&base, sum, Counts::Float));
                }
                buckets.iter_mut().try_for_each(|bucket| bucket.first_or_next(bits, index))?;
                let all: Vec<f64> = buckets.iter().map(Value::float).collect();
                let (above, below) = all.split_at(positive.min(all.len()));
                Ok(Histogram {
                    count_float: float(0),
                    zero_count_float: float(1),
                    sum,
                    positive_counts: above.to_vec(),
                    negative_counts: below.to_vec(),
                    ..base
                })
            }
        }
    }
}

/// The marker of a series' end.
fn ended(base: &Histogram, sum: f64, counts: Counts) -> Histogram {
    Histogram {
        timestamp: base.timestamp,
        sum,
        count_int: (counts == Counts::Integer).then_some(0),
        count_float: (counts == Counts::Float).then_some(0.0),
        ..Histogram::default()
    }
}

/// A whole number, and how much it was changed by last.
#[derive(Clone, Copy, Default)]
struct Whole {
    value: i64,
    change: i64,
}

impl Whole {
    fn next(&mut self, bits: &mut Bits<'_>, index: u16) -> Result<(), Damaged> {
        let read = bits.varbit()?;
        if index == 0 {
            self.value = read;
        } else {
            self.change = self.change.wrapping_add(read);
            self.value = self.value.wrapping_add(self.change);
        }
        Ok(())
    }
}

/// Reads the histograms of a record, each with the number of its series.
pub(crate) fn logged(counts: Counts, reader: &mut Reader<'_>) -> Result<Vec<(u64, Histogram)>, Damaged> {
    let mut all = Vec::new();
    if reader.is_empty() {
        return Ok(all);
    }
    let (number, time) = (reader.u64()?, reader.u64()?.cast_signed());
    while !reader.is_empty() {
        let series = number.wrapping_add_signed(reader.varint()?);
        let timestamp = time.wrapping_add(reader.varint()?);
        all.push((series, Histogram { timestamp, ..one(counts, reader)? }));
    }
    Ok(all)
}

fn one(counts: Counts, reader: &mut Reader<'_>) -> Result<Histogram, Damaged> {
    let mut histogram = Histogram { reset_hint: i32::from(reader.u8()?), ..Histogram::default() };
    histogram.schema = i32::try_from(reader.varint()?).map_err(|_| Damaged("a schema"))?;
    histogram.zero_threshold = float(reader)?;
    match counts {
        Counts::Integer => {
            histogram.zero_count_int = Some(reader.uvarint()?);
            histogram.count_int = Some(reader.uvarint()?);
        }
        Counts::Float => {
            histogram.zero_count_float = Some(float(reader)?);
            histogram.count_float = Some(float(reader)?);
        }
    }
    histogram.sum = float(reader)?;
    (histogram.positive_spans, histogram.negative_spans) = (logged_spans(reader)?, logged_spans(reader)?);
    match counts {
        Counts::Integer => {
            histogram.positive_deltas = list(reader, 1, Reader::varint)?;
            histogram.negative_deltas = list(reader, 1, Reader::varint)?;
        }
        Counts::Float => {
            histogram.positive_counts = list(reader, 8, float)?;
            histogram.negative_counts = list(reader, 8, float)?;
        }
    }
    if histogram.schema == CUSTOM {
        histogram.custom_values = list(reader, 8, float)?;
    }
    Ok(histogram)
}

fn float(reader: &mut Reader<'_>) -> Result<f64, Damaged> {
    Ok(f64::from_bits(reader.u64()?))
}

fn logged_spans(reader: &mut Reader<'_>) -> Result<Vec<BucketSpan>, Damaged> {
    list(reader, 2, |reader| {
        let offset = i32::try_from(reader.varint()?).map_err(|_| Damaged("a span's offset"))?;
        let length = u32::try_from(reader.uvarint()?).map_err(|_| Damaged("a span's length"))?;
        Ok(BucketSpan { offset, length })
    })
}

fn list<'a, T>(
    reader: &mut Reader<'a>,
    each: usize,
    one: impl Fn(&mut Reader<'a>) -> Result<T, Damaged>,
) -> Result<Vec<T>, Damaged> {
    let count = reader.count(each)?;
    (0..count).map(|_| one(reader)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_give_histograms_or_an_error(data: Vec<u8>, integer: bool) {
            let counts = if integer { Counts::Integer } else { Counts::Float };
            let _ = decode(counts, &data, &mut Vec::new());
            let _ = logged(counts, &mut Reader::new(&data));
        }
    }
}
