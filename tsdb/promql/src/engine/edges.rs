//! `anchored` and `smoothed`: windows whose edges are values, so that nothing is extrapolated.
//!
//! An anchored window begins with the last sample before it. A smoothed window has values at both edges, interpolated
//! between the samples around each.

use crowsnest_api::{Sample, Timestamp};

use super::windows::Window;
use crate::FUNCTIONS;
use crate::ast::{Call, Edges, ExprKind};
use crate::engine::{Implementation, QueryError};

/// How a function works on windows with edges.
#[derive(Clone, Copy)]
pub(crate) struct EdgeFunction {
    /// Takes the samples between the edges, the edges included.
    pub(crate) of: fn(&Window<'_>, &[f64]) -> Option<f64>,
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
/// `samples` are all samples of the series, `from` and `to` delimit those in the window `(start, end]`.
pub(crate) fn with_edges(
    edges: Edges,
    interpolation: Interpolation,
    samples: &[Sample],
    (from, to): (usize, usize),
    (start, end): (i64, i64),
    lookback: i64,
) -> Vec<Sample> {
    let inner = samples.get(from..to).unwrap_or_default();
    let alive = |sample: &&Sample| sample.timestamp.millis() > start.saturating_sub(lookback);
    let before = from.checked_sub(1).and_then(|before| samples.get(before)).filter(alive);
    let after = samples.get(to).filter(|sample| sample.timestamp.millis() <= end.saturating_add(lookback));
    let mut with_edges = Vec::with_capacity(inner.len() + 2);
    match edges {
        Edges::Anchored if inner.is_empty() => {}
        Edges::Anchored => {
            with_edges.extend(before);
            with_edges.extend(inner);
        }
        Edges::Smoothed => {
            // A series that only lies before the window, or only after it, has nothing in it.
            let has_start = before.is_some() || !inner.is_empty();
            let has_end = after.is_some() || !inner.is_empty();
            if has_start && has_end {
                let left = before.zip(inner.first().or(after));
                with_edges.extend(left.map(|(before, next)| between(before, next, start, interpolation)));
                with_edges.extend(inner);
                let right = inner.last().or(before).zip(after);
                with_edges.extend(right.map(|(last, after)| between(last, after, end, interpolation)));
            }
        }
    }
    with_edges
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
            let all = with_edges(edges, Interpolation::Gauge, &samples, within, window, 300_000);
            all.iter().map(|sample| sample.value).collect::<Vec<_>>()
        };
        assert_eq!(values(Edges::Anchored, (1, 2), (5000, 15_000)), [1.0, 2.0]);
        assert_eq!(values(Edges::Smoothed, (1, 2), (5000, 15_000)), [1.5, 2.0, 2.5]);
        assert_eq!(values(Edges::Smoothed, (2, 2), (15_000, 25_000)), [2.5, 3.5]);
        assert!(values(Edges::Anchored, (2, 2), (15_000, 25_000)).is_empty());
        assert!(values(Edges::Smoothed, (3, 3), (35_000, 40_000)).is_empty());
    }
}
