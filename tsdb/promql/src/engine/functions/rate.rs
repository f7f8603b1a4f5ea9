//! Growth over a window: `rate`, `increase`, `delta` and their instant kin.

use crate::engine::windows::Window;

/// Whether values only grow, except when they restart from zero.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Counter,
    Gauge,
}

/// Per-second increase of a counter over the window, extrapolated to its edges.
pub(crate) fn rate(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    // One multiplication, as in Prometheus: the last digit depends on it.
    extrapolated(window, Kind::Counter, 1.0 / window.seconds())
}

/// Increase of a counter over the window, extrapolated to its edges.
pub(crate) fn increase(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    extrapolated(window, Kind::Counter, 1.0)
}

/// Difference of a gauge over the window, extrapolated to its edges.
pub(crate) fn delta(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    extrapolated(window, Kind::Gauge, 1.0)
}

/// The difference between the window's ends times `scale`.
///
/// Samples rarely lie on the window's edges. Where the gap to an edge is about as long as that between samples, the
/// series is taken to go on to the edge; where it is longer, to have begun or ended half a gap away. A counter is not
/// extrapolated below zero. Fewer than two samples give no result, not zero.
fn extrapolated(window: &Window<'_>, kind: Kind, scale: f64) -> Option<f64> {
    let millis = |from: i64, to: i64| to.saturating_sub(from) as f64 / 1000.0;
    let (first, last) = (window.first, window.last);
    if window.samples.len() < 2 {
        return None;
    }
    let result = difference(window, kind);
    let mut to_start = millis(window.start, first.timestamp.millis());
    let mut to_end = millis(last.timestamp.millis(), window.end);
    let sampled = millis(first.timestamp.millis(), last.timestamp.millis());
    let spacing = sampled / (window.samples.len() - 1) as f64;
    let threshold = spacing * 1.1;
    if to_start >= threshold {
        to_start = spacing / 2.0;
    }
    if kind == Kind::Counter && result > 0.0 && first.value >= 0.0 {
        to_start = to_start.min(sampled * (first.value / result));
    }
    if to_end >= threshold {
        to_end = spacing / 2.0;
    }
    Some(result * ((sampled + to_start + to_end) / sampled * scale))
}

/// As [`rate`], of a window with edges.
pub(crate) fn rate_between_edges(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(difference(window, Kind::Counter) * (1.0 / window.seconds()))
}

/// As [`increase`], of a window with edges.
pub(crate) fn increase_between_edges(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(difference(window, Kind::Counter))
}

/// As [`delta`], of a window with edges.
pub(crate) fn delta_between_edges(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(difference(window, Kind::Gauge))
}

/// From the first sample to the last; a counter's restarts count from zero.
fn difference(window: &Window<'_>, kind: Kind) -> f64 {
    let plain = window.last.value - window.first.value;
    if kind == Kind::Gauge {
        return plain;
    }
    let pairs = window.values().zip(window.values().skip(1));
    plain + pairs.filter(|(before, after)| after < before).map(|(before, _)| before).sum::<f64>()
}

/// Per-second increase between the last two samples of a counter.
pub(crate) fn irate(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    let [.., before, last] = window.samples else { return None };
    let seconds = last.timestamp.millis().saturating_sub(before.timestamp.millis()) as f64 / 1000.0;
    let growth = if last.value < before.value { last.value } else { last.value - before.value };
    (seconds > 0.0).then(|| growth / seconds)
}

/// Difference between the last two samples of a gauge.
pub(crate) fn idelta(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    let [.., before, last] = window.samples else { return None };
    Some(last.value - before.value)
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Sample;

    use super::*;

    #[track_caller]
    fn check(
        function: fn(&Window<'_>, &[f64]) -> Option<f64>,
        samples: &[(i64, f64)],
        expected: Option<f64>,
    ) {
        let samples: Vec<Sample> =
            samples.iter().map(|&(seconds, value)| Sample::new(seconds * 1000, value)).collect();
        let (&first, &last) = (samples.first().unwrap(), samples.last().unwrap());
        let window = Window { samples: &samples, first, last, start: 0, end: 60_000, evaluation: 60_000 };
        let found = function(&window, &[]);
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
