//! `anchored` and `smoothed`: windows whose edges are values, so that nothing is extrapolated.
//!
//! An anchored window begins with the last sample before it. A smoothed window has values at both edges, interpolated
//! between the samples around each.

use crowsnest_api::{Sample, Timestamp};

use super::aggregate::MIXED_SCHEMES;
use super::functions::over_time::MIXED_KINDS;
use super::windows::{MixedWindow, Notes, Window};
use crate::ast::{Call, Edges, ExprKind};
use crate::engine::{Implementation, QueryError, SampleValue};
use crate::histogram::{Incompatible, ResetHint};
use crate::{FUNCTIONS, FloatHistogram};

/// How a function works on windows with edges.
#[derive(Clone, Copy)]
pub(crate) struct EdgeFunction {
    /// Takes the floats between the edges, the edges included.
    pub(crate) of: fn(&Window<'_>, &[f64]) -> Option<f64>,
    /// The same for series that have native histograms.
    pub(crate) of_both: fn(&MixedWindow<'_>, &[f64], &mut Notes<'_>) -> Option<SampleValue>,
    /// How values between two samples are found; without it a function cannot take smoothed windows.
    pub(crate) interpolation: Option<Interpolation>,
}

/// How the value between two samples is found.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Interpolation {
    /// On the straight line between them.
    Gauge,
    /// The same, but a decrease is a restart from zero.
    Counter,
}

/// The samples of a window together with values at its edges; none when the window has nothing to go by.
///
/// `samples` are all samples of the series, `from` and `to` delimit those in the window `(start, end]`; `between` finds the
/// value between two samples.
pub(crate) fn with_edges<T: Timed + Clone, E>(
    edges: Edges,
    samples: &[T],
    (from, to): (usize, usize),
    (start, end): (i64, i64),
    lookback: i64,
    between: impl Fn(&T, &T, i64) -> Result<T, E>,
) -> Result<Vec<T>, E> {
    let inner = samples.get(from..to).unwrap_or_default();
    let alive = |sample: &&T| sample.time() > start.saturating_sub(lookback);
    let before = from.checked_sub(1).and_then(|before| samples.get(before)).filter(alive);
    let after = samples.get(to).filter(|sample| sample.time() <= end.saturating_add(lookback));
    let mut with_edges = Vec::with_capacity(inner.len() + 2);
    match edges {
        Edges::Anchored if inner.is_empty() => {}
        Edges::Anchored => {
            with_edges.extend(before.cloned());
            with_edges.extend_from_slice(inner);
        }
        Edges::Smoothed => {
            // A series that only lies before the window, or only after it, has nothing in it.
            let has_start = before.is_some() || !inner.is_empty();
            let has_end = after.is_some() || !inner.is_empty();
            if has_start && has_end {
                if let Some((before, next)) = before.zip(inner.first().or(after)) {
                    with_edges.push(between(before, next, start)?);
                }
                with_edges.extend_from_slice(inner);
                if let Some((last, after)) = inner.last().or(before).zip(after) {
                    with_edges.push(between(last, after, end)?);
                }
            }
        }
    }
    Ok(with_edges)
}

/// Something at a time in milliseconds.
pub(crate) trait Timed {
    fn time(&self) -> i64;
}

impl Timed for Sample {
    fn time(&self) -> i64 {
        self.timestamp.millis()
    }
}

impl Timed for (Timestamp, SampleValue) {
    fn time(&self) -> i64 {
        self.0.millis()
    }
}

/// Two neighbouring samples between which there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unlike {
    /// One is a float, the other a native histogram.
    Kinds,
    /// One has custom bounds, the other has not.
    Schemes,
}

impl Unlike {
    /// Warns of the series; the values belong to nothing.
    pub(crate) fn warn(self, notes: &mut Notes<'_>) {
        notes.warn_of_metric(match self {
            Self::Kinds => MIXED_KINDS,
            Self::Schemes => MIXED_SCHEMES,
        });
    }
}

/// As [`between`], of samples of any kind.
pub(crate) fn between_any(
    before: &(Timestamp, SampleValue),
    after: &(Timestamp, SampleValue),
    time: i64,
    interpolation: Interpolation,
) -> Result<(Timestamp, SampleValue), Unlike> {
    let value = match (&before.1, &after.1) {
        (SampleValue::Float(a), SampleValue::Float(b)) => {
            let at =
                |(timestamp, _): &(Timestamp, SampleValue), value| Sample { timestamp: *timestamp, value };
            between(&at(before, *a), &at(after, *b), time, interpolation).value.into()
        }
        (SampleValue::Histogram(a), SampleValue::Histogram(b)) => {
            let share =
                time.saturating_sub(before.time()) as f64 / after.time().saturating_sub(before.time()) as f64;
            between_histograms(a, b, share, interpolation).map_err(|_| Unlike::Schemes)?.into()
        }
        _ => return Err(Unlike::Kinds),
    };
    Ok((Timestamp::from_millis(time), value))
}

fn between_histograms(
    before: &FloatHistogram,
    after: &FloatHistogram,
    share: f64,
    interpolation: Interpolation,
) -> Result<FloatHistogram, Incompatible> {
    if share == 0.0 {
        return Ok(before.clone());
    }
    if before.has_custom_bounds() != after.has_custom_bounds() {
        return Err(Incompatible);
    }
    if interpolation == Interpolation::Counter && after.is_reset_since(before) {
        return Ok(after.scaled(share));
    }
    let mut growth = after.clone();
    growth.subtract(before)?;
    let mut value = before.clone();
    value.add(&growth.scaled(share))?;
    value.hint = if before.hint == ResetHint::Gauge { ResetHint::Gauge } else { ResetHint::Unknown };
    Ok(value)
}

/// The value at `time`, which lies between two samples.
pub(crate) fn between(before: &Sample, after: &Sample, time: i64, interpolation: Interpolation) -> Sample {
    let (start, end) = (before.timestamp.millis(), after.timestamp.millis());
    let timestamp = Timestamp::from_millis(time);
    if time == start {
        return Sample { timestamp, value: before.value };
    }
    let share = time.saturating_sub(start) as f64 / end.saturating_sub(start) as f64;
    let restarted = interpolation == Interpolation::Counter && after.value < before.value;
    let from = if restarted { 0.0 } else { before.value };
    Sample { timestamp, value: from + (after.value - from) * share }
}

/// Refuses a function that cannot take the edges its argument asks for.
pub(crate) fn check(call: &Call) -> Result<(), QueryError> {
    let asked = call.args.iter().find_map(|arg| match &arg.without_parens().kind {
        ExprKind::Selector(selector) => selector.modifiers.edges,
        _ => None,
    });
    let Some(edges) = asked else { return Ok(()) };
    let takes = |implementation: &Implementation| match implementation {
        Implementation::Window(function) => function.edges.is_some_and(|function| match edges {
            Edges::Anchored => true,
            Edges::Smoothed => function.interpolation.is_some(),
        }),
        _ => false,
    };
    if takes(&call.function.implementation) {
        return Ok(());
    }
    let able: Vec<&str> =
        FUNCTIONS.iter().filter(|row| takes(&row.implementation)).map(|row| row.name).collect();
    Err(QueryError::execution(format!(
        "{edges} modifier can only be used with: {} - not with {}",
        able.join(", "),
        call.function.name
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(seconds: i64, value: f64) -> Sample {
        Sample::new(seconds * 1000, value)
    }

    #[test]
    fn a_counter_that_restarts_between_two_samples_restarts_at_zero() {
        let (before, after) = (sample(0, 100.0), sample(10, 10.0));
        assert_eq!(between(&before, &after, 5000, Interpolation::Counter).value, 5.0);
        assert_eq!(between(&before, &after, 5000, Interpolation::Gauge).value, 55.0);
        assert_eq!(between(&before, &after, 0, Interpolation::Counter).value, 100.0);
    }

    #[test]
    fn edges_need_something_to_go_by() {
        let samples = [sample(0, 1.0), sample(10, 2.0), sample(30, 4.0)];
        let values = |edges, within, window| {
            let between = |before: &_, after: &_, time| {
                Ok::<_, std::convert::Infallible>(between(before, after, time, Interpolation::Gauge))
            };
            let Ok(all) = with_edges(edges, &samples, within, window, 300_000, between);
            all.iter().map(|sample| sample.value).collect::<Vec<_>>()
        };
        assert_eq!(values(Edges::Anchored, (1, 2), (5000, 15_000)), [1.0, 2.0]);
        assert_eq!(values(Edges::Smoothed, (1, 2), (5000, 15_000)), [1.5, 2.0, 2.5]);
        assert_eq!(values(Edges::Smoothed, (2, 2), (15_000, 25_000)), [2.5, 3.5]);
        assert!(values(Edges::Anchored, (2, 2), (15_000, 25_000)).is_empty());
        assert!(values(Edges::Smoothed, (3, 3), (35_000, 40_000)).is_empty());
    }
}
