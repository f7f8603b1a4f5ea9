//! The column of native histograms of a chunk.
//!
//! ```text
//! stretches, until all samples are spoken for: histograms with the same scheme and zero threshold
//! uvarint  samples
//! 1        schema, as Prometheus numbers them: −4 to 8, or −53, custom bounds
//!          uvarint  −53: number of bounds; each: 8 bytes, ascending
//! 8        zero threshold
//!          buckets above zero, then below: uvarint how many, ivarint index of the first, uvarint each's distance to the next
//! 1        hint about restarts: 0 = unknown, 1 = restarted, 2 = not, 3 = gauge; 4 = each has its own: a byte per sample
//!          columns, of a number per sample: count, zero count, sum, each bucket above zero, each below
//! column   1  codec: those of `value`, or 4 = the same whole number throughout: ivarint
//! ```
//! The buckets of a stretch are those in which any of its histograms has observations; in the others their number is zero.
//! So histograms that are laid out alike, as nearly all are, cost what their numbers cost, column by column.

use std::sync::Arc;

use crowsnest_api::{Sample, Timestamp};
use crowsnest_promql::FloatHistogram;
use crowsnest_promql::histogram::{ResetHint, Scheme};

use super::{MAX_SAMPLES, value};
use crate::decimal;
use crate::samples::{HistogramSample, MAX_BUCKETS};
use crate::varint::{Cursor, Damaged, put_ivarint, put_uvarint};

/// In place of a value codec: a whole number throughout.
const WHOLE: u8 = 4;
/// In place of a hint: each sample has its own.
const OWN_HINTS: u8 = 4;
const CUSTOM: i8 = -53;
/// Columns that every histogram has: count, zero count and sum.
const COMMON: usize = 3;
/// The most numbers that a chunk holds, so that it fits into a page and does not unfold into much more than that.
const MAX_NUMBERS: usize = 3 * MAX_BUCKETS;

/// Histograms that share a layout.
struct Stretch<'a> {
    samples: &'a [HistogramSample],
    positive: Vec<i32>,
    negative: Vec<i32>,
}

/// Splits histograms into runs that become one chunk each.
pub(crate) fn runs(samples: &[HistogramSample]) -> Vec<&[HistogramSample]> {
    if samples.is_empty() {
        return Vec::new();
    }
    let numbers: usize = stretches(samples).iter().map(Stretch::numbers).sum();
    if samples.len() == 1 || (samples.len() <= MAX_SAMPLES && numbers <= MAX_NUMBERS) {
        return vec![samples];
    }
    let (left, right) = samples.split_at(samples.len() / 2);
    let mut halves = runs(left);
    halves.extend(runs(right));
    halves
}

/// Appends the column.
pub(super) fn encode(samples: &[HistogramSample], out: &mut Vec<u8>) {
    for stretch in stretches(samples) {
        stretch.put(out);
    }
}

/// Appends a histogram for each timestamp.
pub(super) fn decode(
    cursor: &mut Cursor<'_>,
    times: &[Timestamp],
    out: &mut Vec<HistogramSample>,
) -> Result<(), Damaged> {
    let (mut rest, mut numbers) = (times, 0usize);
    while !rest.is_empty() {
        let count = usize::try_from(cursor.uvarint()?).map_err(|_| cursor.damaged())?;
        let (own, after) = rest.split_at_checked(count).ok_or(cursor.damaged())?;
        if own.is_empty() {
            return Err(cursor.damaged());
        }
        let layout = Layout::read(cursor)?;
        numbers = numbers.saturating_add(layout.numbers(count));
        if numbers > MAX_NUMBERS {
            return Err(cursor.damaged());
        }
        let histograms = layout.read_columns(cursor, count)?;
        out.extend(own.iter().copied().zip(histograms.into_iter().map(Arc::new)));
        rest = after;
    }
    Ok(())
}

fn stretches(samples: &[HistogramSample]) -> Vec<Stretch<'_>> {
    let alike = |a: &HistogramSample, b: &HistogramSample| {
        same_scheme(&a.1.scheme, &b.1.scheme) && a.1.zero_threshold.to_bits() == b.1.zero_threshold.to_bits()
    };
    samples.chunk_by(alike).map(Stretch::of).collect()
}

fn same_scheme(a: &Scheme, b: &Scheme) -> bool {
    match (a, b) {
        (Scheme::Custom(a), Scheme::Custom(b)) => {
            Arc::ptr_eq(a, b) || a.iter().map(|a| a.to_bits()).eq(b.iter().map(|b| b.to_bits()))
        }
        _ => a == b,
    }
}

/// The indices of all buckets that any of the histograms has.
fn union<'a, B: Iterator<Item = (i32, f64)> + 'a>(
    samples: &'a [HistogramSample],
    buckets: impl Fn(&'a FloatHistogram) -> B,
) -> Vec<i32> {
    let mut all: Vec<i32> = Vec::new();
    for (_, histogram) in samples {
        let before = all.len();
        let mut known = all.iter().copied().peekable();
        let mut new = Vec::new();
        for (index, _) in buckets(histogram) {
            while known.next_if(|known| *known < index).is_some() {}
            if known.next_if_eq(&index).is_none() {
                new.push(index);
            }
        }
        all.extend(new);
        if all.len() > before {
            all.sort_unstable();
        }
    }
    all
}

impl<'s> Stretch<'s> {
    fn of(samples: &'s [HistogramSample]) -> Self {
        Self {
            samples,
            positive: union(samples, |histogram| histogram.positive_buckets()),
            negative: union(samples, |histogram| histogram.negative_buckets()),
        }
    }

    fn first(&self) -> Option<&FloatHistogram> {
        self.samples.first().map(|(_, histogram)| &**histogram)
    }

    /// How many numbers this is, those of the layout included.
    fn numbers(&self) -> usize {
        let bounds = self.first().map_or(0, |first| first.scheme.custom_bounds().len());
        numbers(self.samples.len(), self.positive.len() + self.negative.len(), bounds)
    }

    fn put(&self, out: &mut Vec<u8>) {
        let Some(first) = self.first() else { return };
        put_uvarint(out, self.samples.len() as u64);
        out.push(first.scheme.schema() as u8);
        if let Scheme::Custom(bounds) = &first.scheme {
            put_uvarint(out, bounds.len() as u64);
            bounds.iter().for_each(|bound| out.extend_from_slice(&bound.to_bits().to_le_bytes()));
        }
        out.extend_from_slice(&first.zero_threshold.to_bits().to_le_bytes());
        put_indices(&self.positive, out);
        put_indices(&self.negative, out);
        self.put_hints(out);
        let mut column: Vec<Sample> =
            self.samples.iter().map(|(timestamp, _)| Sample { timestamp: *timestamp, value: 0.0 }).collect();
        let numbers: [fn(&FloatHistogram) -> f64; COMMON] = [|of| of.count, |of| of.zero_count, |of| of.sum];
        for number in numbers {
            for (place, (_, histogram)) in column.iter_mut().zip(self.samples) {
                place.value = number(histogram);
            }
            put_column(&column, out);
        }
        self.put_buckets(&self.positive, |histogram| histogram.positive_buckets(), &mut column, out);
        self.put_buckets(&self.negative, |histogram| histogram.negative_buckets(), &mut column, out);
    }

    fn put_hints(&self, out: &mut Vec<u8>) {
        let hints = || self.samples.iter().map(|(_, histogram)| hint_byte(histogram.hint));
        let first = hints().next().unwrap_or_default();
        if hints().all(|hint| hint == first) {
            out.push(first);
        } else {
            out.push(OWN_HINTS);
            out.extend(hints());
        }
    }

    fn put_buckets<B: Iterator<Item = (i32, f64)> + 's>(
        &self,
        indices: &[i32],
        buckets: impl Fn(&'s FloatHistogram) -> B,
        column: &mut [Sample],
        out: &mut Vec<u8>,
    ) {
        let mut walks: Vec<_> =
            self.samples.iter().map(|(_, histogram)| buckets(histogram).peekable()).collect();
        for index in indices {
            for (place, walk) in column.iter_mut().zip(&mut walks) {
                place.value = walk.next_if(|(own, _)| own == index).map_or(0.0, |(_, amount)| amount);
            }
            put_column(column, out);
        }
    }
}

fn numbers(samples: usize, buckets: usize, bounds: usize) -> usize {
    samples.saturating_mul(COMMON + buckets).saturating_add(buckets + bounds)
}

fn put_indices(indices: &[i32], out: &mut Vec<u8>) {
    put_uvarint(out, indices.len() as u64);
    let Some(&first) = indices.first() else { return };
    put_ivarint(out, i64::from(first));
    for (before, next) in indices.iter().zip(indices.iter().skip(1)) {
        put_uvarint(out, u64::from(next.abs_diff(*before)));
    }
}

fn put_column(column: &[Sample], out: &mut Vec<u8>) {
    let start = out.len();
    out.push(WHOLE);
    let first = column.first().map_or(0.0, |sample| sample.value);
    let constant = column.iter().all(|sample| sample.value.to_bits() == first.to_bits());
    if let Some(whole) = decimal::mantissa(first, 0).filter(|_| constant) {
        return put_ivarint(out, whole);
    }
    let codec = value::encode(column, out);
    if let Some(place) = out.get_mut(start) {
        *place = codec;
    }
}

fn hint_byte(hint: ResetHint) -> u8 {
    match hint {
        ResetHint::Unknown => 0,
        ResetHint::Reset => 1,
        ResetHint::NotReset => 2,
        ResetHint::Gauge => 3,
    }
}

fn hint(byte: u8) -> Option<ResetHint> {
    [ResetHint::Unknown, ResetHint::Reset, ResetHint::NotReset, ResetHint::Gauge]
        .get(usize::from(byte))
        .copied()
}

/// What the histograms of a stretch have in common.
struct Layout {
    scheme: Scheme,
    zero_threshold: f64,
    positive: Vec<i32>,
    negative: Vec<i32>,
}

impl Layout {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Damaged> {
        let scheme = match cursor.u8()? as i8 {
            CUSTOM => {
                let count = cursor.count(8)?;
                let bounds = (0..count).map(|_| Ok(f64::from_bits(cursor.u64()?)));
                Scheme::Custom(bounds.collect::<Result<_, Damaged>>()?)
            }
            schema @ -4..=8 => Scheme::Exponential(schema),
            _ => return Err(cursor.damaged()),
        };
        let zero_threshold = f64::from_bits(cursor.u64()?);
        Ok(Self { scheme, zero_threshold, positive: indices(cursor)?, negative: indices(cursor)? })
    }

    fn numbers(&self, samples: usize) -> usize {
        let buckets = self.positive.len() + self.negative.len();
        numbers(samples, buckets, self.scheme.custom_bounds().len())
    }

    fn read_columns(self, cursor: &mut Cursor<'_>, count: usize) -> Result<Vec<FloatHistogram>, Damaged> {
        let mut empty = FloatHistogram::new(self.scheme);
        empty.zero_threshold = self.zero_threshold;
        let mut histograms = vec![empty; count];
        read_hints(cursor, &mut histograms)?;
        let mut column = vec![Sample::new(0, 0.0); count];
        let numbers: [fn(&mut FloatHistogram) -> &mut f64; COMMON] =
            [|of| &mut of.count, |of| &mut of.zero_count, |of| &mut of.sum];
        for number in numbers {
            read_column(cursor, &mut column)?;
            for (histogram, sample) in histograms.iter_mut().zip(&column) {
                *number(histogram) = sample.value;
            }
        }
        let positive = read_buckets(cursor, &self.positive, &mut column)?;
        let negative = read_buckets(cursor, &self.negative, &mut column)?;
        let buckets = positive.into_iter().zip(negative);
        let with = |(histogram, (positive, negative)): (FloatHistogram, _)| {
            histogram.with_buckets(positive, negative)
        };
        Ok(histograms.into_iter().zip(buckets).map(with).collect())
    }
}

fn read_hints(cursor: &mut Cursor<'_>, histograms: &mut [FloatHistogram]) -> Result<(), Damaged> {
    let common = cursor.u8()?;
    for histogram in histograms {
        let byte = if common == OWN_HINTS { cursor.u8()? } else { common };
        histogram.hint = hint(byte).ok_or(cursor.damaged())?;
    }
    Ok(())
}

/// The buckets of each sample, the empty ones left out.
fn read_buckets(
    cursor: &mut Cursor<'_>,
    indices: &[i32],
    column: &mut [Sample],
) -> Result<Vec<Vec<(i32, f64)>>, Damaged> {
    let mut buckets = vec![Vec::with_capacity(indices.len()); column.len()];
    for &index in indices {
        read_column(cursor, column)?;
        for (own, sample) in buckets.iter_mut().zip(&*column) {
            if sample.value != 0.0 {
                own.push((index, sample.value));
            }
        }
    }
    Ok(buckets)
}

fn read_column(cursor: &mut Cursor<'_>, column: &mut [Sample]) -> Result<(), Damaged> {
    match cursor.u8()? {
        WHOLE => {
            let number = cursor.ivarint()? as f64;
            column.iter_mut().for_each(|sample| sample.value = number);
            Ok(())
        }
        codec => value::decode(codec, cursor, column),
    }
}

/// Bucket indices, ascending.
fn indices(cursor: &mut Cursor<'_>) -> Result<Vec<i32>, Damaged> {
    let count = cursor.count(1)?;
    let mut indices = Vec::with_capacity(count);
    for _ in 0..count {
        let index = match indices.last() {
            None => cursor.ivarint()?,
            Some(&before) => {
                let distance = i64::from(cursor.uvarint32()?);
                if distance == 0 {
                    return Err(cursor.damaged());
                }
                i64::from(before) + distance
            }
        };
        indices.push(i32::try_from(index).map_err(|_| cursor.damaged())?);
    }
    Ok(indices)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Chunk, Run, Values};
    use super::*;
    use crate::samples::Samples;

    fn encoded(samples: &[HistogramSample]) -> Chunk {
        Chunk::of(&Run { values: Values::Histograms(samples), starts: &[] }).unwrap()
    }

    /// A request duration with a resolution of 2^(2^-3), over eight decimal orders of magnitude.
    fn counter(samples: i64, buckets: i32) -> Vec<HistogramSample> {
        let sample = |at: i64| {
            let amount = |index: i32| (at / i64::from(1 + index % 7)) as f64;
            let count = (0..buckets).map(amount).sum();
            let mut histogram = FloatHistogram::new(Scheme::Exponential(3));
            (histogram.count, histogram.sum) = (count, count * 0.125);
            histogram.zero_threshold = 2.0_f64.powi(-128);
            let histogram = histogram.with_buckets((0..buckets).map(|index| (index - 40, amount(index))), []);
            (Timestamp::from_millis(at * 15_000), Arc::new(histogram))
        };
        (1..=samples).map(sample).collect()
    }

    #[test]
    fn a_bucket_takes_about_a_byte_a_sample() {
        let chunk = encoded(&counter(120, 20));
        assert!(chunk.bytes.len() < 120 * 23 * 6 / 5, "{}", chunk.bytes.len());
    }

    #[test]
    fn one_histogram_takes_a_few_bytes_a_bucket() {
        let chunk = encoded(&counter(1, 20));
        assert!(chunk.bytes.len() < 110, "{}", chunk.bytes.len());
    }

    #[test]
    fn a_marker_of_an_end_comes_back() {
        let mut samples = counter(2, 3);
        samples.push((Timestamp::from_millis(45_000), Arc::new(FloatHistogram::stale())));
        let back = encoded(&samples).decode().unwrap().histograms;
        assert_eq!(back[..2], samples[..2]);
        assert!(back[2].1.is_stale());
    }

    #[test]
    fn large_histograms_are_split_until_they_fit_a_page() {
        let buckets = (0..MAX_BUCKETS as i32).map(|index| (index, 0.1 + f64::from(index)));
        let large = FloatHistogram::new(Scheme::Exponential(8)).with_buckets(buckets, []);
        let samples: Vec<HistogramSample> =
            (0..10).map(|at| (Timestamp::from_millis(at), Arc::new(large.clone()))).collect();
        let runs = runs(&samples);
        assert_eq!(runs.iter().map(|run| run.len()).sum::<usize>(), 10);
        for run in runs {
            let chunk = encoded(run);
            assert!(chunk.bytes.len() < 1 << 20, "{}", chunk.bytes.len());
            assert_eq!(chunk.decode().unwrap().histograms, run);
        }
    }

    #[test]
    fn a_few_bytes_do_not_become_gigabytes() {
        // A thousand samples with a hundred thousand buckets.
        let mut bytes = vec![(super::super::HISTOGRAMS << 4) | 1, 0xe8, 7, 0, 2];
        put_uvarint(&mut bytes, 1000);
        bytes.push(3);
        bytes.extend([0; 8]);
        put_uvarint(&mut bytes, 100_000);
        bytes.extend(vec![1; 1 << 20]);
        assert!(super::super::decode_into(&bytes, &mut Samples::default()).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_histograms_or_refused(bytes: Vec<u8>) {
            let times: Vec<Timestamp> = (0..5).map(Timestamp::from_millis).collect();
            let _ = decode(&mut Cursor::new(&bytes, "chunk"), &times, &mut Vec::new());
        }
    }
}
