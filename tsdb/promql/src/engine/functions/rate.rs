//! Growth over a window: `rate`, `increase`, `delta` and their instant kin.

use crowsnest_api::Timestamp;

use super::histogram_rate;
use super::over_time::MIXED_KINDS;
use crate::engine::SampleValue;
use crate::engine::windows::{MixedWindow, Notes, Window};

/// Whether values only grow, except when they restart from zero.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
}

/// Per-second increase of a counter over the window, extrapolated to its edges.
pub(crate) fn rate(window: &MixedWindow<'_>, _: &[f64], notes: &mut Notes<'_>) -> Option<SampleValue> {
    // One multiplication, as in Prometheus: the last digit depends on it.
    extrapolated(window, Kind::Counter, 1.0 / window.seconds(), notes)
}

/// Increase of a counter over the window, extrapolated to its edges.
pub(crate) fn increase(window: &MixedWindow<'_>, _: &[f64], notes: &mut Notes<'_>) -> Option<SampleValue> {
    extrapolated(window, Kind::Counter, 1.0, notes)
}

/// Difference of a gauge over the window, extrapolated to its edges.
pub(crate) fn delta(window: &MixedWindow<'_>, _: &[f64], notes: &mut Notes<'_>) -> Option<SampleValue> {
    extrapolated(window, Kind::Gauge, 1.0, notes)
}

/// The difference between the window's ends times `scale`.
///
/// Samples rarely lie on the window's edges. Where the gap to an edge is about as long as that between samples, the
/// series is taken to go on to the edge; where it is longer, to have begun or ended half a gap away. A counter is not
/// extrapolated below zero; where it is known to have started within the window, it starts there from zero. Fewer than
/// two points give no result, not zero.
fn extrapolated(
    window: &MixedWindow<'_>,
    kind: Kind,
    scale: f64,
    notes: &mut Notes<'_>,
) -> Option<SampleValue> {
    if window.is_mixed() {
        notes.warn_of_metric(MIXED_KINDS);
        return None;
    }
    let times: Vec<Timestamp> = match window.floats {
        [] => window.histograms.iter().map(|(timestamp, _)| *timestamp).collect(),
        floats => floats.iter().map(|sample| sample.timestamp).collect(),
    };
    let (&first, &last) = (times.first()?, times.last()?);
    let start = window.start_of(first);
    let started_within =
        kind == Kind::Counter && start != 0 && window.start < start && start < first.millis();
    let gaps = times.len() - 1 + usize::from(started_within);
    if gaps == 0 {
        return None;
    }
    let gaps = gaps + window.more as usize;
    if kind == Kind::Counter {
        warn_of_overlaps(window, &times, notes);
    }
    // What the counter had at first, and how much it grew.
    let (initial, growth) = match window.of_floats() {
        Some(floats) => {
            let growth = difference(&floats, kind, |before, after| started_anew(window, before, after));
            let growth = if started_within { growth + floats.first.value } else { growth };
            (floats.first.value, SampleValue::Float(growth))
        }
        None => {
            let mut growth = histogram_rate::difference(window, kind, notes)?;
            let (_, oldest) = window.histograms.first()?;
            if started_within {
                growth.add(oldest).ok()?;
            }
            (oldest.count, growth.into())
        }
    };
    let grown = match &growth {
        SampleValue::Float(growth) => *growth,
        SampleValue::Histogram(growth) => growth.count,
    };
    let begin = if started_within { start } else { first.millis() };
    let extent = Extent { begin, end: last.millis(), gaps, starts_here: started_within };
    let factor = extent.factor((window.start, window.end), kind, initial, grown, scale);
    Some(match growth {
        SampleValue::Float(growth) => SampleValue::Float(growth * factor),
        SampleValue::Histogram(growth) => growth.scaled(factor).into(),
    })
}

/// The part of a window between its first and its last sample, in milliseconds.
pub(crate) struct Extent {
    pub(crate) begin: i64,
    pub(crate) end: i64,
    /// How many gaps there are between samples, a start among them; not zero.
    pub(crate) gaps: usize,
    /// The counter started at the beginning, so nothing is missing before it.
    pub(crate) starts_here: bool,
}

impl Extent {
    /// By what the growth from `initial` by `grown` is multiplied to reach to the window's edges, times `scale`.
    pub(crate) fn factor(&self, edges: (i64, i64), kind: Kind, initial: f64, grown: f64, scale: f64) -> f64 {
        let seconds = |from: i64, to: i64| to.saturating_sub(from) as f64 / 1000.0;
        let sampled = seconds(self.begin, self.end);
        let mut to_start = if self.starts_here { 0.0 } else { seconds(edges.0, self.begin) };
        let mut to_end = seconds(self.end, edges.1);
        let spacing = sampled / self.gaps as f64;
        let threshold = spacing * 1.1;
        if to_start >= threshold {
            to_start = spacing / 2.0;
        }
        if kind == Kind::Counter && grown > 0.0 && initial >= 0.0 {
            to_start = to_start.min(sampled * (initial / grown));
        }
        if to_end >= threshold {
            to_end = spacing / 2.0;
        }
        (sampled + to_start + to_end) / sampled * scale
    }
}

/// Whether the counter is known to have started between two neighbouring samples, or at the first of them.
pub(super) fn started_anew(window: &MixedWindow<'_>, before: Timestamp, after: Timestamp) -> bool {
    let start = window.start_of(after);
    if start == 0 || start >= after.millis() || start < before.millis() {
        return false;
    }
    // Intervals that follow each other without a gap; the one before must be one as well.
    let earlier = window.start_of(before);
    start > before.millis() || (earlier != 0 && earlier < before.millis())
}

fn warn_of_overlaps(window: &MixedWindow<'_>, times: &[Timestamp], notes: &mut Notes<'_>) {
    let overlap = |(before, after): (&Timestamp, &Timestamp)| {
        let start = window.start_of(*after);
        start != 0 && start < before.millis() && start != window.start_of(*before)
    };
    if !window.starts.is_empty() && times.iter().zip(times.iter().skip(1)).any(overlap) {
        notes.warn_of_metric("sample has start time that overlaps with previous sample timestamp for metric");
    }
}

/// As [`rate`], of a window with edges.
pub(crate) fn rate_between_edges(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(difference(window, Kind::Counter, |_, _| false) * (1.0 / window.seconds()))
}

/// As [`increase`], of a window with edges.
pub(crate) fn increase_between_edges(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(difference(window, Kind::Counter, |_, _| false))
}

/// As [`delta`], of a window with edges.
pub(crate) fn delta_between_edges(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(difference(window, Kind::Gauge, |_, _| false))
}

/// As [`rate`], of a window with edges that may have native histograms.
pub(crate) fn mixed_rate_between_edges(
    window: &MixedWindow<'_>,
    _: &[f64],
    notes: &mut Notes<'_>,
) -> Option<SampleValue> {
    between_edges(window, Kind::Counter, 1.0 / window.seconds(), notes)
}

/// As [`increase`], of a window with edges that may have native histograms.
pub(crate) fn mixed_increase_between_edges(
    window: &MixedWindow<'_>,
    _: &[f64],
    notes: &mut Notes<'_>,
) -> Option<SampleValue> {
    between_edges(window, Kind::Counter, 1.0, notes)
}

/// As [`delta`], of a window with edges that may have native histograms.
pub(crate) fn mixed_delta_between_edges(
    window: &MixedWindow<'_>,
    _: &[f64],
    notes: &mut Notes<'_>,
) -> Option<SampleValue> {
    between_edges(window, Kind::Gauge, 1.0, notes)
}

fn between_edges(
    window: &MixedWindow<'_>,
    kind: Kind,
    scale: f64,
    notes: &mut Notes<'_>,
) -> Option<SampleValue> {
    if window.is_mixed() {
        notes.warn_of_metric(MIXED_KINDS);
        return None;
    }
    match window.of_floats() {
        Some(floats) => Some(SampleValue::Float(difference(&floats, kind, |_, _| false) * scale)),
        None => Some(histogram_rate::difference(window, kind, notes)?.scaled(scale).into()),
    }
}

/// From the first sample to the last; a counter's restarts count from zero.
fn difference(window: &Window<'_>, kind: Kind, restarted: impl Fn(Timestamp, Timestamp) -> bool) -> f64 {
    let plain = window.last.value - window.first.value;
    if kind == Kind::Gauge {
        return plain;
    }
    let pairs = window.samples.iter().zip(window.samples.iter().skip(1));
    let restarts = pairs
        .filter(|(before, after)| after.value < before.value || restarted(before.timestamp, after.timestamp));
    plain + restarts.map(|(before, _)| before.value).sum::<f64>()
}

/// Per-second increase between the last two samples of a counter.
pub(crate) fn irate(window: &MixedWindow<'_>, _: &[f64], notes: &mut Notes<'_>) -> Option<SampleValue> {
    let (growth, seconds) = last_difference(window, Kind::Counter, notes)?;
    Some(match growth {
        SampleValue::Float(growth) => SampleValue::Float(growth / seconds),
        SampleValue::Histogram(growth) => growth.divided(seconds).into(),
    })
}

/// Difference between the last two samples of a gauge.
pub(crate) fn idelta(window: &MixedWindow<'_>, _: &[f64], notes: &mut Notes<'_>) -> Option<SampleValue> {
    last_difference(window, Kind::Gauge, notes).map(|(growth, _)| growth)
}

/// The difference between the last two samples, and the seconds between them.
fn last_difference(
    window: &MixedWindow<'_>,
    kind: Kind,
    notes: &mut Notes<'_>,
) -> Option<(SampleValue, f64)> {
    let seconds = |from: Timestamp, to: Timestamp| to.millis().saturating_sub(from.millis()) as f64 / 1000.0;
    // The two newest of both kinds; no two have the same time.
    let newest_float = window.floats.last().map(|sample| sample.timestamp);
    let newest_histogram = window.histograms.last().map(|(timestamp, _)| *timestamp);
    if let ([.., before, last], true) = (window.floats, newest_float > newest_histogram) {
        if newest_histogram.is_some_and(|histogram| histogram > before.timestamp) {
            notes.warn_of_metric(MIXED_KINDS);
            return None;
        }
        let restarted = kind == Kind::Counter
            && (last.value < before.value || started_anew(window, before.timestamp, last.timestamp));
        let growth = if restarted { last.value } else { last.value - before.value };
        return Some((SampleValue::Float(growth), seconds(before.timestamp, last.timestamp)));
    }
    if let ([.., (before, _), (last, _)], true) = (window.histograms, newest_histogram > newest_float)
        && newest_float.is_none_or(|float| float < *before)
    {
        let growth = histogram_rate::last_difference(window, kind, notes)?;
        return Some((growth.into(), seconds(*before, *last)));
    }
    if window.is_mixed() {
        notes.warn_of_metric(MIXED_KINDS);
    }
    None
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Sample;

    use super::*;
    use crate::Span;

    #[track_caller]
    fn check(
        function: fn(&MixedWindow<'_>, &[f64], &mut Notes<'_>) -> Option<SampleValue>,
        samples: &[(i64, f64)],
        expected: Option<f64>,
    ) {
        let samples: Vec<Sample> =
            samples.iter().map(|&(seconds, value)| Sample::new(seconds * 1000, value)).collect();
        let window = MixedWindow {
            floats: &samples,
            histograms: &[],
            starts: &[],
            more: 0,
            start: 0,
            end: 60_000,
            evaluation: 60_000,
        };
        let (mut annotations, labels) = Default::default();
        let found =
            function(&window, &[], &mut Notes::new(&mut annotations, Span { start: 0, end: 0 }, &labels))
                .and_then(|value| value.float());
        let close = found.zip(expected).is_some_and(|(found, expected)| (found - expected).abs() < 1e-9);
        assert!(close || found == expected, "{found:?} instead of {expected:?}");
    }

    #[test]
    fn a_counter_is_extrapolated_to_both_edges() {
        check(increase, &[(10, 100.0), (30, 120.0), (50, 140.0)], Some(60.0));
        check(rate, &[(10, 100.0), (30, 120.0), (50, 140.0)], Some(1.0));
    }

    #[test]
    fn rate_of_a_counter_that_restarts_counts_from_zero() {
        check(increase, &[(10, 100.0), (30, 120.0), (50, 20.0)], Some(60.0));
        check(irate, &[(10, 100.0), (30, 120.0), (50, 20.0)], Some(1.0));
        check(idelta, &[(30, 120.0), (50, 20.0)], Some(-100.0));
    }

    #[test]
    fn a_counter_is_not_extrapolated_below_zero() {
        // Ten seconds back the counter would be at -5.
        check(increase, &[(10, 5.0), (20, 15.0), (60, 55.0)], Some(55.0));
        check(delta, &[(10, 5.0), (20, 15.0), (60, 55.0)], Some(60.0));
    }

    #[test]
    fn a_wide_gap_is_filled_by_half_a_spacing() {
        check(delta, &[(40, 0.0), (50, 10.0), (60, 20.0)], Some(25.0));
    }

    #[test]
    fn one_sample_gives_no_result() {
        for function in [rate, increase, delta, irate, idelta] {
            check(function, &[(10, 1.0)], None);
        }
    }
}
