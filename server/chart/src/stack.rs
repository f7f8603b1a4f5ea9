//! Series on top of each other.

use std::collections::BTreeMap;

use crate::runs::{Run, Vertex};

/// Moves each run of `lines` (the runs of one series after the other, bottom first) onto those before it.
///
/// Every instant that any series has counts for all: a series whose samples lie elsewhere is read between its own,
/// so that sums have no teeth. Where a series is missing it adds nothing. What is above and what is below zero is
/// summed apart. Infinities are left out: nothing could lie on them.
pub(crate) fn stack(lines: &mut [Vec<Run>], whole: Whole) {
    let mut sums: BTreeMap<i64, (f64, f64)> =
        lines.iter().flatten().flatten().filter(finite).map(|vertex| (vertex.ms, (0.0, 0.0))).collect();
    for runs in &mut *lines {
        for run in &mut *runs {
            run.retain(|vertex| finite(&vertex));
            let (Some(first), Some(last)) = (run.first().copied(), run.last().copied()) else { continue };
            // All samples of one sign: the run goes to that side even where it touches zero.
            let negative =
                run.iter().all(|vertex| vertex.value <= 0.0) && run.iter().any(|vertex| vertex.value < 0.0);
            let mut own = run.iter().copied().peekable();
            let mut before = first;
            let mut stacked = Vec::with_capacity(run.len());
            for (&ms, sum) in sums.range_mut(first.ms..=last.ms) {
                while let Some(vertex) = own.next_if(|vertex| vertex.ms <= ms) {
                    before = vertex;
                }
                let after = own.peek().copied().unwrap_or(before);
                let value = between(before, after, ms);
                let base = if value < 0.0 || (value == 0.0 && negative) { &mut sum.1 } else { &mut sum.0 };
                stacked.push(Vertex { ms, value, low: *base, high: *base + value });
                *base += value;
            }
            *run = stacked;
        }
        runs.retain(|run| !run.is_empty());
    }
    if whole == Whole::Percent {
        for vertex in lines.iter_mut().flatten().flatten() {
            let total = sums.get(&vertex.ms).map_or(0.0, |(above, below)| above - below);
            let share = |value: f64| if total > 0.0 { value / total } else { 0.0 };
            (vertex.low, vertex.high) = (share(vertex.low), share(vertex.high));
        }
    }
}

/// What the sums mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    /// Sums.
    Sum,
    /// Shares of all, 0 to 1.
    Percent,
}

fn finite(vertex: &&Vertex) -> bool {
    vertex.value.is_finite()
}

/// The value at `ms` on the line from `before` to `after`.
fn between(before: Vertex, after: Vertex, ms: i64) -> f64 {
    let span = after.ms.saturating_sub(before.ms);
    if span <= 0 {
        return before.value;
    }
    let share = ms.saturating_sub(before.ms) as f64 / span as f64;
    before.value + (after.value - before.value) * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::TimeRange;
    use crate::runs::runs;

    const RANGE: TimeRange = TimeRange { start_ms: 0, end_ms: 100 };

    fn tops(lines: &[Vec<Run>]) -> Vec<Vec<(i64, f64, f64)>> {
        lines.iter().map(|runs| runs.iter().flatten().map(|v| (v.ms, v.low, v.high)).collect()).collect()
    }

    #[test]
    fn each_series_starts_where_the_one_below_ends() {
        let mut lines = vec![
            runs(&[(0, 1.0), (10, 2.0)], RANGE, 20),
            runs(&[(0, 10.0), (10, 20.0)], RANGE, 20),
            runs(&[(0, -5.0), (10, -6.0)], RANGE, 20),
        ];
        stack(&mut lines, Whole::Sum);
        assert_eq!(
            tops(&lines),
            [
                vec![(0, 0.0, 1.0), (10, 0.0, 2.0)],
                vec![(0, 1.0, 11.0), (10, 2.0, 22.0)],
                vec![(0, 0.0, -5.0), (10, 0.0, -6.0)],
            ]
        );
    }

    #[test]
    fn samples_at_other_instants_are_read_between_their_neighbours() {
        let mut lines =
            vec![runs(&[(0, 0.0), (10, 10.0)], RANGE, 20), runs(&[(0, 1.0), (5, 1.0), (10, 1.0)], RANGE, 20)];
        stack(&mut lines, Whole::Sum);
        assert_eq!(tops(&lines)[1], [(0, 0.0, 1.0), (5, 5.0, 6.0), (10, 10.0, 11.0)]);
    }

    #[test]
    fn a_missing_series_adds_nothing_and_infinities_are_left_out() {
        let mut lines = vec![
            runs(&[(0, 1.0), (10, f64::INFINITY), (20, 1.0)], RANGE, 20),
            runs(&[(0, 2.0), (10, 2.0), (20, 2.0)], RANGE, 20),
            runs(&[(10, f64::INFINITY)], RANGE, 20),
        ];
        stack(&mut lines, Whole::Sum);
        assert_eq!(tops(&lines)[1].len(), 3);
        assert!(lines[2].is_empty());
    }
}
