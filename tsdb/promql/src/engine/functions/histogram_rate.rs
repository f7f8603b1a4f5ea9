//! Growth of native histograms over a window.

use super::rate::{Kind, started_anew};
use crate::FloatHistogram;
use crate::engine::aggregate::MIXED_SCHEMES;
use crate::engine::windows::{MixedWindow, Notes};
use crate::histogram::{ResetHint, Scheme};

const NOT_A_COUNTER: &str = "this native histogram metric is not a counter:";
const NOT_A_GAUGE: &str = "this native histogram metric is not a gauge:";

/// From the first histogram to the last, a gauge; a counter's restarts count from zero. `None` with a warning when they
/// cannot be compared.
pub(super) fn difference(
    window: &MixedWindow<'_>,
    kind: Kind,
    notes: &mut Notes<'_>,
) -> Option<FloatHistogram> {
    let histograms = window.histograms;
    let ((first_time, first), (_, last)) = (histograms.first()?, histograms.last()?);
    let is_gauge = |histogram: &FloatHistogram| histogram.hint == ResetHint::Gauge;
    match kind {
        Kind::Counter if histograms.iter().any(|(_, histogram)| is_gauge(histogram)) => {
            notes.warn_of_metric(NOT_A_COUNTER);
        }
        Kind::Gauge if !is_gauge(first) || !is_gauge(last) => notes.warn_of_metric(NOT_A_GAUGE),
        _ => {}
    }
    let empty;
    let mut before: &FloatHistogram = first;
    let mut before_time = *first_time;
    if kind == Kind::Counter
        && let Some((_, second)) = histograms.get(1)
        && second.is_reset_since(first)
    {
        // The first one only tells that there was a restart, so its buckets need not fit.
        empty = FloatHistogram {
            zero_threshold: second.zero_threshold,
            ..FloatHistogram::new(second.scheme.clone())
        };
        before = &empty;
    }
    let between = match kind {
        Kind::Counter => histograms.get(1..).unwrap_or_default(),
        Kind::Gauge => histograms.last().map(std::slice::from_ref).unwrap_or_default(),
    };
    let custom = before.has_custom_bounds();
    if between.iter().any(|(_, histogram)| histogram.has_custom_bounds() != custom) {
        notes.warn_of_metric(MIXED_SCHEMES);
        return None;
    }
    let mut growth = FloatHistogram::clone(last);
    if let Some(coarsest) = between.iter().filter_map(|(_, histogram)| resolution(histogram)).min() {
        growth.reduce(coarsest);
    }
    if growth.subtract(before).ok()?.reconciled {
        notes.inform("mismatched custom buckets were reconciled during subtraction");
    }
    if kind == Kind::Counter {
        for (time, histogram) in histograms.get(1..).unwrap_or_default() {
            let restarted = histogram.is_reset_since(before) || started_anew(window, before_time, *time);
            if restarted && growth.add(before).ok()?.reconciled {
                notes.inform("mismatched custom buckets were reconciled during addition");
            }
            (before, before_time) = (histogram, *time);
        }
    }
    growth.hint = ResetHint::Gauge;
    Some(growth)
}

fn resolution(histogram: &FloatHistogram) -> Option<i8> {
    match histogram.scheme {
        Scheme::Exponential(schema) => Some(schema),
        Scheme::Custom(_) => None,
    }
}

/// The difference between the last two histograms, a gauge.
pub(super) fn last_difference(
    window: &MixedWindow<'_>,
    kind: Kind,
    notes: &mut Notes<'_>,
) -> Option<FloatHistogram> {
    let [.., (before_time, before), (last_time, last)] = window.histograms else { return None };
    let is_gauge = |histogram: &FloatHistogram| histogram.hint == ResetHint::Gauge;
    match kind {
        Kind::Counter if is_gauge(before) || is_gauge(last) => notes.warn_of_metric(NOT_A_COUNTER),
        Kind::Gauge if !is_gauge(before) || !is_gauge(last) => notes.warn_of_metric(NOT_A_GAUGE),
        _ => {}
    }
    let mut growth = FloatHistogram::clone(last);
    let restarted = kind == Kind::Counter
        && (last.is_reset_since(before) || started_anew(window, *before_time, *last_time));
    if !restarted {
        match growth.subtract(before) {
            Ok(added) if added.reconciled => {
                notes.inform("mismatched custom buckets were reconciled during subtraction");
            }
            Ok(_) => {}
            Err(_) => {
                notes.warn_of_metric(MIXED_SCHEMES);
                return None;
            }
        }
    }
    growth.hint = ResetHint::Gauge;
    Some(growth)
}
