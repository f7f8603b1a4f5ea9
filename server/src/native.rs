//! Native histograms between the wire and the store.
//!
//! The store counts in floats, as the query engine does. What comes in is checked as Prometheus checks it
//! (`model/histogram`, `Validate`); what goes out has integer counts when all of them are whole.

use crowsnest_api::Timestamp;
use crowsnest_api::remote_write::{self as wire, BucketSpan};
use crowsnest_promql::FloatHistogram;
use crowsnest_promql::histogram::{ResetHint, Scheme};

/// The finest resolution that is kept; finer ones are reduced to it, as Prometheus 3 does.
const FINEST: i32 = 8;
const COARSEST: i32 = -4;
/// Exponential resolutions beyond those that are kept.
const RESERVED: i32 = 52;
const CUSTOM: i32 = -53;
/// Whole numbers up to here are exact as floats.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Takes a histogram from the wire.
///
/// # Errors
/// Why it is none, for the sender.
pub(crate) fn from_wire(wire: &wire::Histogram) -> Result<FloatHistogram, String> {
    let scheme = scheme(wire)?;
    let is_custom = matches!(scheme, Scheme::Custom(_));
    let integer = wire.count_float.is_none();
    let (positive, negative) = if integer {
        (running(&wire.positive_deltas), running(&wire.negative_deltas))
    } else {
        (wire.positive_counts.clone(), wire.negative_counts.clone())
    };
    let zero_count =
        if integer { wire.zero_count_int.unwrap_or(0) as f64 } else { wire.zero_count_float.unwrap_or(0.0) };
    let count = wire.count_float.unwrap_or(wire.count_int.unwrap_or(0) as f64);
    if is_custom {
        check_custom(wire, zero_count, &negative)?;
    }
    let positive = buckets("positive", &wire.positive_spans, &positive)?;
    let negative = buckets("negative", &wire.negative_spans, &negative)?;
    if count < 0.0 || zero_count < 0.0 {
        return Err(format!("negative count: {count} observations, {zero_count} of them in the zero bucket"));
    }
    if integer {
        // Floats are not compared: their sum may differ in the last digits.
        let in_buckets = zero_count + positive.iter().chain(&negative).map(|(_, count)| count).sum::<f64>();
        let fits = if wire.sum.is_nan() { in_buckets <= count } else { in_buckets == count };
        // Beyond this floats are too coarse to tell.
        if !fits && count <= EXACT && in_buckets <= EXACT {
            return Err(format!("{in_buckets} observations found in buckets, but the count is {count}"));
        }
    }
    let mut histogram = FloatHistogram::new(scheme).with_buckets(positive, negative);
    (histogram.hint, histogram.zero_threshold) = (hint(wire), wire.zero_threshold);
    (histogram.zero_count, histogram.count, histogram.sum) = (zero_count, count, wire.sum);
    histogram.reduce(FINEST as i8);
    Ok(histogram)
}

fn scheme(wire: &wire::Histogram) -> Result<Scheme, String> {
    match wire.schema {
        CUSTOM => {
            let bounds = &wire.custom_values;
            if let Some(bound) = bounds.iter().find(|bound| bound.is_nan() || **bound == f64::INFINITY) {
                return Err(format!("{bound} is no custom bound"));
            }
            if let Some((before, next)) = bounds.iter().zip(bounds.iter().skip(1)).find(|(a, b)| a >= b) {
                return Err(format!("custom bounds must ascend: {next} follows {before}"));
            }
            Ok(Scheme::Custom(bounds.as_slice().into()))
        }
        schema @ COARSEST..=RESERVED if wire.custom_values.is_empty() => {
            Ok(Scheme::Exponential(schema as i8))
        }
        COARSEST..=RESERVED => Err("custom bounds with an exponential schema".to_owned()),
        unknown => Err(format!("schema {unknown} is not known; {COARSEST} to {FINEST} and {CUSTOM} are")),
    }
}

fn check_custom(wire: &wire::Histogram, zero_count: f64, negative: &[f64]) -> Result<(), String> {
    if zero_count != 0.0 || wire.zero_threshold != 0.0 {
        return Err("custom bounds with a zero bucket".to_owned());
    }
    if !negative.is_empty() || !wire.negative_spans.is_empty() {
        return Err("custom bounds with negative buckets".to_owned());
    }
    let spans = &wire.positive_spans;
    if let Some(span) = spans.iter().find(|span| span.offset < 0) {
        return Err(format!("positive spans: an offset of {}", span.offset));
    }
    let reach: i64 = spans.iter().map(|span| i64::from(span.offset) + i64::from(span.length)).sum();
    let bounds = wire.custom_values.len();
    if reach > bounds as i64 + 1 {
        return Err(format!("{bounds} custom bounds do not cover a span of {reach} buckets"));
    }
    Ok(())
}

/// Counts out of differences.
fn running(deltas: &[i64]) -> Vec<f64> {
    let mut count = 0_i64;
    let next = |delta: &i64| {
        count = count.wrapping_add(*delta);
        count as f64
    };
    deltas.iter().map(next).collect()
}

/// Buckets by index.
fn buckets(side: &str, spans: &[BucketSpan], counts: &[f64]) -> Result<Vec<(i32, f64)>, String> {
    if let Some((number, span)) = spans.iter().enumerate().skip(1).find(|(_, span)| span.offset < 0) {
        return Err(format!("{side} spans: number {} has an offset of {}", number + 1, span.offset));
    }
    let needed: u64 = spans.iter().map(|span| u64::from(span.length)).sum();
    if needed != counts.len() as u64 {
        return Err(format!("{side} spans need {needed} buckets, there are {}", counts.len()));
    }
    let mut buckets = Vec::with_capacity(counts.len());
    let (mut index, mut counts) = (0_i64, counts.iter());
    for span in spans {
        index += i64::from(span.offset);
        for count in counts.by_ref().take(span.length as usize) {
            if *count < 0.0 {
                return Err(format!("{side} bucket number {} has a count of {count}", buckets.len() + 1));
            }
            let place = i32::try_from(index).map_err(|_| format!("{side} spans: bucket {index}"))?;
            buckets.push((place, *count));
            index += 1;
        }
    }
    Ok(buckets)
}

fn hint(wire: &wire::Histogram) -> ResetHint {
    match wire.reset_hint() {
        wire::ResetHint::Unknown => ResetHint::Unknown,
        wire::ResetHint::Yes => ResetHint::Reset,
        wire::ResetHint::No => ResetHint::NotReset,
        wire::ResetHint::Gauge => ResetHint::Gauge,
    }
}

/// Puts a histogram on the wire.
pub(crate) fn to_wire(at: Timestamp, histogram: &FloatHistogram) -> wire::Histogram {
    let (positive_spans, positive) = spans(histogram.positive_buckets());
    let (negative_spans, negative) = spans(histogram.negative_buckets());
    let wire = wire::Histogram {
        sum: histogram.sum,
        schema: i32::from(histogram.scheme.schema()),
        zero_threshold: histogram.zero_threshold,
        positive_spans,
        negative_spans,
        reset_hint: match histogram.hint {
            ResetHint::Unknown => wire::ResetHint::Unknown,
            ResetHint::Reset => wire::ResetHint::Yes,
            ResetHint::NotReset => wire::ResetHint::No,
            ResetHint::Gauge => wire::ResetHint::Gauge,
        }
        .into(),
        timestamp: at.millis(),
        custom_values: histogram.scheme.custom_bounds().to_vec(),
        ..wire::Histogram::default()
    };
    let whole = |count: &f64| (0.0..=EXACT).contains(count) && count.fract() == 0.0;
    let counts = [histogram.count, histogram.zero_count];
    if counts.iter().chain(&positive).chain(&negative).all(whole) {
        wire::Histogram {
            count_int: Some(histogram.count as u64),
            zero_count_int: Some(histogram.zero_count as u64),
            positive_deltas: deltas(&positive),
            negative_deltas: deltas(&negative),
            ..wire
        }
    } else {
        wire::Histogram {
            count_float: Some(histogram.count),
            zero_count_float: Some(histogram.zero_count),
            positive_counts: positive,
            negative_counts: negative,
            ..wire
        }
    }
}

/// Consecutive buckets, and the count of each.
pub(crate) fn spans(buckets: impl Iterator<Item = (i32, f64)>) -> (Vec<BucketSpan>, Vec<f64>) {
    let (mut spans, mut counts): (Vec<BucketSpan>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut next = 0_i32;
    for (index, count) in buckets {
        match spans.last_mut() {
            Some(span) if index == next => span.length += 1,
            _ => spans.push(BucketSpan { offset: index.saturating_sub(next), length: 1 }),
        }
        next = index.saturating_add(1);
        counts.push(count);
    }
    (spans, counts)
}

fn deltas(counts: &[f64]) -> Vec<i64> {
    let mut before = 0;
    let delta = |count: &f64| {
        let count = *count as i64;
        count - std::mem::replace(&mut before, count)
    };
    counts.iter().map(delta).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(offset: i32, length: u32) -> BucketSpan {
        BucketSpan { offset, length }
    }

    fn integer() -> wire::Histogram {
        wire::Histogram {
            count_int: Some(12),
            sum: 18.4,
            schema: 1,
            zero_threshold: 0.001,
            zero_count_int: Some(2),
            positive_spans: vec![span(-1, 2), span(1, 2)],
            positive_deltas: vec![1, 1, -1, 0],
            negative_spans: vec![span(3, 2)],
            negative_deltas: vec![2, 1],
            timestamp: 7,
            ..wire::Histogram::default()
        }
    }

    fn custom() -> wire::Histogram {
        wire::Histogram {
            count_float: Some(3.5),
            sum: 9.0,
            schema: -53,
            positive_spans: vec![span(0, 1), span(1, 1)],
            positive_counts: vec![1.5, 2.0],
            custom_values: vec![1.0, 5.0],
            reset_hint: wire::ResetHint::Gauge.into(),
            timestamp: 7,
            zero_count_float: Some(0.0),
            ..wire::Histogram::default()
        }
    }

    #[test]
    fn what_comes_in_goes_out_the_same() {
        for wire in [integer(), custom()] {
            let histogram = from_wire(&wire).unwrap();
            assert_eq!(to_wire(Timestamp::from_millis(7), &histogram), wire);
        }
        let buckets: Vec<_> = from_wire(&integer()).unwrap().positive_buckets().collect();
        assert_eq!(buckets, [(-1, 1.0), (0, 2.0), (2, 1.0), (3, 1.0)]);
    }

    #[test]
    fn empty_buckets_are_dropped_and_finer_resolutions_reduced() {
        let wire = wire::Histogram { schema: 10, positive_deltas: vec![0, 5, -5, 0], ..integer() };
        let histogram = from_wire(&wire).unwrap();
        assert_eq!(histogram.scheme.schema(), 8);
        assert_eq!(histogram.positive_buckets().collect::<Vec<_>>(), [(0, 5.0)]);
    }

    #[test]
    fn a_marker_of_an_end_is_a_histogram() {
        let wire = wire::Histogram { sum: crowsnest_api::stale_nan(), ..wire::Histogram::default() };
        assert!(from_wire(&wire).unwrap().is_stale());
    }

    #[track_caller]
    fn refused(wire: &wire::Histogram, reason: &str) {
        assert_eq!(from_wire(wire).unwrap_err(), reason);
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        let base = integer;
        refused(
            &wire::Histogram { count_int: Some(11), ..base() },
            "12 observations found in buckets, but the count is 11",
        );
        refused(
            &wire::Histogram { count_int: Some(11), sum: f64::NAN, ..base() },
            "12 observations found in buckets, but the count is 11",
        );
        assert!(from_wire(&wire::Histogram { count_int: Some(13), sum: f64::NAN, ..base() }).is_ok());
        refused(
            &wire::Histogram { positive_deltas: vec![1, -2, 3, 0], ..base() },
            "positive bucket number 2 has a count of -1",
        );
        refused(
            &wire::Histogram { negative_spans: vec![span(3, 3)], ..base() },
            "negative spans need 3 buckets, there are 2",
        );
        refused(
            &wire::Histogram { positive_spans: vec![span(-1, 2), span(-1, 2)], ..base() },
            "positive spans: number 2 has an offset of -1",
        );
        refused(
            &wire::Histogram { positive_spans: vec![span(i32::MAX, 2), span(1, 2)], ..base() },
            "positive spans: bucket 2147483648",
        );
        refused(&wire::Histogram { schema: 53, ..base() }, "schema 53 is not known; -4 to 8 and -53 are");
        refused(&wire::Histogram { schema: -5, ..base() }, "schema -5 is not known; -4 to 8 and -53 are");
        refused(
            &wire::Histogram { custom_values: vec![1.0], ..base() },
            "custom bounds with an exponential schema",
        );
        refused(
            &wire::Histogram { count_float: Some(-1.0), ..custom() },
            "negative count: -1 observations, 0 of them in the zero bucket",
        );
    }

    #[test]
    fn custom_bounds_are_checked() {
        let base = custom;
        refused(
            &wire::Histogram { custom_values: vec![5.0, 5.0], ..base() },
            "custom bounds must ascend: 5 follows 5",
        );
        refused(
            &wire::Histogram { custom_values: vec![1.0, f64::INFINITY], ..base() },
            "inf is no custom bound",
        );
        refused(&wire::Histogram { custom_values: vec![f64::NAN], ..base() }, "NaN is no custom bound");
        refused(
            &wire::Histogram { custom_values: vec![1.0], ..base() },
            "1 custom bounds do not cover a span of 3 buckets",
        );
        refused(&wire::Histogram { zero_threshold: 0.1, ..base() }, "custom bounds with a zero bucket");
        refused(
            &wire::Histogram { negative_spans: vec![span(0, 0)], ..base() },
            "custom bounds with negative buckets",
        );
        refused(
            &wire::Histogram { positive_spans: vec![span(-1, 1), span(1, 1)], ..base() },
            "positive spans: an offset of -1",
        );
    }
}
