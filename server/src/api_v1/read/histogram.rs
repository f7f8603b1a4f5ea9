//! Prometheus's chunk of native histograms with float counts (`tsdb/chunkenc`).
//!
//! ```text
//! 2 bytes big-endian: number of samples
//! 1 byte  upper two bits: 00 nothing is known about restarts before the first sample, 11 gauges
//! layout  zero threshold: byte 0 = zero | byte 255 + 64 bits | the exponent of a power of two, + 243
//!         varbit schema; spans above zero, then below: uvarbit how many, each uvarbit length, varbit offset
//!         schema -53: uvarbit number of bounds; each 0 + 64 bits | uvarbit 1 + thousandths
//! first   varbit time; 64 bits each: count, zero count, sum, buckets above zero, buckets below
//! further varbit change of the time's difference; count, zero count, sum, buckets: xor with the one before, as in `xor`
//! varbit  0 | 10 + 3 bits | 110 + 6 | 1110 + 9 | 11110 + 12 | 6, 7, 8 bits + 18, 25, 56 | 11111111 + 64
//! ```
//! Within a chunk no counter restarts. After the marker of an end only such markers may follow, without buckets.

use crowsnest_api::Timestamp;
use crowsnest_promql::FloatHistogram;
use crowsnest_promql::histogram::{ResetHint, Scheme};
use crowsnest_tsdb::HistogramSample;

use super::xor::{Bits, Window};
use crate::native::spans;

/// Thousandths up to here are written as such.
const MOST_THOUSANDTHS: f64 = 33_554_430.0;
const GAUGE: u8 = 0b1100_0000;
/// Bits of a number, and of the prefix that says so.
const WIDTHS: [(u32, u32); 7] = [(3, 2), (6, 3), (9, 4), (12, 5), (18, 6), (25, 7), (56, 8)];

/// Splits histograms into runs that can be a chunk each, of at most `most` samples.
pub(super) fn runs(samples: &[HistogramSample], most: usize) -> impl Iterator<Item = &[HistogramSample]> {
    let together = |(_, a): &HistogramSample, (_, b): &HistogramSample| {
        let gauges = a.hint == ResetHint::Gauge && b.hint == ResetHint::Gauge;
        let counters = a.hint != ResetHint::Gauge && b.hint == ResetHint::NotReset;
        let alike = a.scheme == b.scheme && a.zero_threshold == b.zero_threshold;
        (gauges || counters) && alike && !a.is_stale() && !b.is_stale()
    };
    samples.chunk_by(together).flat_map(move |run| run.chunks(most))
}

/// Compresses a run.
pub(super) fn encode(samples: &[HistogramSample]) -> Vec<u8> {
    let count = u16::try_from(samples.len()).unwrap_or(u16::MAX);
    let mut bytes = count.to_be_bytes().to_vec();
    let Some((_, first)) = samples.first() else { return bytes };
    bytes.push(if first.hint == ResetHint::Gauge { GAUGE } else { 0 });
    let mut out = Bits::after(bytes);
    let positive = union(samples, |histogram| histogram.positive_buckets().map(|(index, _)| index).collect());
    let negative = union(samples, |histogram| histogram.negative_buckets().map(|(index, _)| index).collect());
    put_layout(&mut out, first, &positive, &negative);
    let mut before: Option<(i64, i64, Vec<u64>)> = None;
    let mut windows: Vec<Window> = Vec::new();
    for (at, histogram) in samples.iter().take(usize::from(count)) {
        let (time, numbers) = (at.millis(), numbers(histogram, &positive, &negative));
        let difference = match &before {
            None => {
                put_varbit(&mut out, time);
                numbers.iter().for_each(|number| out.push(*number, 64));
                windows = vec![None; numbers.len()];
                0
            }
            Some((last, earlier, known)) => {
                let difference = time.wrapping_sub(*last);
                put_varbit(&mut out, difference.wrapping_sub(*earlier));
                for ((number, known), window) in numbers.iter().zip(known).zip(&mut windows) {
                    *window = out.push_xor(number ^ known, *window);
                }
                difference
            }
        };
        before = Some((time, difference, numbers));
    }
    out.bytes
}

fn union(samples: &[HistogramSample], indices: impl Fn(&FloatHistogram) -> Vec<i32>) -> Vec<i32> {
    let mut all: Vec<i32> = samples.iter().flat_map(|(_, histogram)| indices(histogram)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Count, zero count, sum, and the count of each bucket of the layout, as bits.
fn numbers(histogram: &FloatHistogram, positive: &[i32], negative: &[i32]) -> Vec<u64> {
    let mut numbers = vec![histogram.count, histogram.zero_count, histogram.sum];
    let mut own = histogram.positive_buckets().peekable();
    let mut count = |index: &i32| own.next_if(|(of, _)| of == index).map_or(0.0, |(_, count)| count);
    numbers.extend(positive.iter().map(&mut count));
    let mut own = histogram.negative_buckets().peekable();
    let mut count = |index: &i32| own.next_if(|(of, _)| of == index).map_or(0.0, |(_, count)| count);
    numbers.extend(negative.iter().map(&mut count));
    numbers.into_iter().map(f64::to_bits).collect()
}

fn put_layout(out: &mut Bits, first: &FloatHistogram, positive: &[i32], negative: &[i32]) {
    put_zero_threshold(out, first.zero_threshold);
    put_varbit(out, i64::from(first.scheme.schema()));
    for indices in [positive, negative] {
        let (spans, _) = spans(indices.iter().map(|index| (*index, 1.0)));
        put_uvarbit(out, spans.len() as u64);
        for span in spans {
            put_uvarbit(out, u64::from(span.length));
            put_varbit(out, i64::from(span.offset));
        }
    }
    if let Scheme::Custom(bounds) = &first.scheme {
        put_uvarbit(out, bounds.len() as u64);
        bounds.iter().for_each(|bound| put_bound(out, *bound));
    }
}

fn put_zero_threshold(out: &mut Bits, threshold: f64) {
    let bits = threshold.to_bits();
    // The exponent with which the fraction is a half, not one.
    let exponent = (bits >> 52) as i64 - 1022;
    if threshold == 0.0 {
        out.push(0, 8);
    } else if bits << 12 == 0 && (-242..=11).contains(&exponent) {
        out.push((exponent + 243) as u64, 8);
    } else {
        out.push(255, 8);
        out.push(bits, 64);
    }
}

fn put_bound(out: &mut Bits, bound: f64) {
    let thousandths = (bound * 1000.0).round();
    if (0.0..=MOST_THOUSANDTHS).contains(&(bound * 1000.0)) && thousandths / 1000.0 == bound {
        put_uvarbit(out, thousandths as u64 + 1);
    } else {
        out.push(0, 1);
        out.push(bound.to_bits(), 64);
    }
}

fn put_varbit(out: &mut Bits, number: i64) {
    let fits = |bits: u32| (-(1_i64 << (bits - 1)) < number) && number <= 1 << (bits - 1);
    put_prefixed(out, number as u64, fits);
}

fn put_uvarbit(out: &mut Bits, number: u64) {
    put_prefixed(out, number, |bits| number < 1 << bits);
}

fn put_prefixed(out: &mut Bits, number: u64, fits: impl Fn(u32) -> bool) {
    if number == 0 {
        return out.push(0, 1);
    }
    match WIDTHS.iter().find(|(bits, _)| fits(*bits)) {
        Some(&(bits, prefix)) => {
            // Ones and a zero.
            out.push((1 << prefix) - 2, prefix);
            out.push(number, bits);
        }
        None => {
            out.push(0xff, 8);
            out.push(number, 64);
        }
    }
}

/// First and last timestamp of a run.
pub(super) fn range(run: &[HistogramSample]) -> (Timestamp, Timestamp) {
    let ends = run.first().zip(run.last());
    ends.map(|(first, last)| (first.0, last.0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::native::from_wire;

    fn histogram(at: i64, factor: f64, scheme: Scheme, hint: ResetHint) -> HistogramSample {
        let mut histogram = FloatHistogram::new(scheme);
        (histogram.hint, histogram.zero_threshold) = (hint, 2.0_f64.powi(-128));
        (histogram.count, histogram.zero_count, histogram.sum) = (10.0 * factor, factor, 0.3 * factor);
        let positive = [(-70, factor), (1, 2.5 * factor), (2 + at as i32 % 3, 0.5), (5000, 1.0)];
        (
            Timestamp::from_millis(at * 15_000 + at % 7),
            Arc::new(histogram.with_buckets(positive, [(3, factor)])),
        )
    }

    /// Splits, compresses and reads back, as whoever asks would.
    #[track_caller]
    fn check(samples: &[HistogramSample], runs_expected: usize) {
        let runs: Vec<_> = runs(samples, 120).collect();
        assert_eq!(runs.len(), runs_expected);
        let read = runs.iter().flat_map(|run| {
            crowsnest_prometheus_files::histogram_chunk(3, &encode(run)).expect("a chunk of histograms")
        });
        let read: Vec<HistogramSample> = read
            .map(|wire| (Timestamp::from_millis(wire.timestamp), Arc::new(from_wire(&wire).unwrap())))
            .collect();
        assert_eq!(read.len(), samples.len());
        for ((at, histogram), (read_at, read)) in samples.iter().zip(&read) {
            assert_eq!((at, histogram.hint), (read_at, read.hint));
            assert!(histogram.holds_same(read), "{histogram} {read}");
        }
    }

    #[test]
    fn chunks_are_read_back_as_they_were_written() {
        let scheme = || Scheme::Exponential(3);
        let hint = |at| if at == 0 { ResetHint::Unknown } else { ResetHint::NotReset };
        let counter: Vec<_> =
            (0..300).map(|at| histogram(at, 1.0 + at as f64 * 0.7, scheme(), hint(at))).collect();
        // The first of a chunk is not known to go on.
        let unknown = |samples: &[HistogramSample]| -> Vec<HistogramSample> {
            let mut samples = samples.to_vec();
            for index in (0..samples.len()).step_by(120) {
                Arc::make_mut(&mut samples[index].1).hint = ResetHint::Unknown;
            }
            samples
        };
        check(&unknown(&counter), 3);
        let gauges: Vec<_> =
            (0..5).map(|at| histogram(at, 5.0 - at as f64, scheme(), ResetHint::Gauge)).collect();
        check(&gauges, 1);
    }

    #[test]
    fn a_chunk_ends_where_a_counter_restarts_the_layout_changes_or_a_series_ends() {
        let samples = [
            histogram(0, 2.0, Scheme::Exponential(3), ResetHint::Unknown),
            histogram(1, 3.0, Scheme::Exponential(3), ResetHint::NotReset),
            histogram(2, 1.0, Scheme::Exponential(3), ResetHint::Unknown),
            histogram(3, 1.0, Scheme::Exponential(2), ResetHint::Unknown),
            (Timestamp::from_millis(60_000), Arc::new(FloatHistogram::stale())),
            histogram(5, 1.0, Scheme::Exponential(2), ResetHint::Unknown),
        ];
        check(&samples, 5);
    }

    #[test]
    fn custom_bounds_go_along() {
        let bounds = [-0.5, 0.0, 0.005, 1.0, 33_554.43, 33_554.431, 1e9];
        let custom = |at: i64, count: f64, hint| {
            let mut histogram = FloatHistogram::new(Scheme::Custom(bounds.into()));
            (histogram.hint, histogram.count, histogram.sum) = (hint, count, -1.0);
            (Timestamp::from_millis(at), Arc::new(histogram.with_buckets([(0, count), (7, 2.0)], [])))
        };
        check(&[custom(-5, 1.0, ResetHint::Unknown), custom(1 << 40, 2.0, ResetHint::NotReset)], 1);
    }
}
