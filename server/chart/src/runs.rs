//! Samples as vertices, in runs without gaps.

use crate::data::TimeRange;

/// A point of a series' line and the foot of its area below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Vertex {
    /// Milliseconds since the Unix epoch.
    pub(crate) ms: i64,
    /// The sample's own value.
    pub(crate) value: f64,
    /// Where the area starts: 0, or the series below in a stack.
    pub(crate) low: f64,
    /// Where the line is drawn: the value, or the sum up to here in a stack.
    pub(crate) high: f64,
}

/// Vertices that belong together: nothing is missing between them. Never empty.
pub(crate) type Run = Vec<Vertex>;

/// How much further apart than usual two samples may be before something is missing.
const TOLERANCE: f64 = 1.5;

/// The samples of `points` in `range` (and one on either side, so that lines reach the edges), cut at NaN and at gaps.
pub(crate) fn runs(points: &[(i64, f64)], range: TimeRange, max_gap_ms: i64) -> Vec<Run> {
    let first = points.partition_point(|point| point.0 < range.start_ms).saturating_sub(1);
    let last = points.partition_point(|point| point.0 <= range.end_ms).saturating_add(1).min(points.len());
    let mut runs: Vec<Run> = Vec::new();
    let mut previous: Option<i64> = None;
    for &(ms, value) in points.get(first..last).unwrap_or_default() {
        if value.is_nan() {
            previous = None;
            continue;
        }
        let vertex = Vertex { ms, value, low: 0.0, high: value };
        let goes_on = previous.is_some_and(|before| ms.saturating_sub(before) <= max_gap_ms);
        match runs.last_mut() {
            Some(run) if goes_on => run.push(vertex),
            _ => runs.push(vec![vertex]),
        }
        previous = Some(ms);
    }
    // The sample outside may have been cut off from what is inside.
    runs.retain(|run| run.iter().any(|vertex| range.contains(vertex.ms)) || spans(run, range));
    runs
}

/// As [`runs`], but a sample that says that there is no value only ends a run where the pause is too long.
pub(crate) fn runs_joined(points: &[(i64, f64)], range: TimeRange, max_gap_ms: i64) -> Vec<Run> {
    let known: Vec<(i64, f64)> = points.iter().filter(|point| !point.1.is_nan()).copied().collect();
    runs(&known, range, max_gap_ms)
}

fn spans(run: &Run, range: TimeRange) -> bool {
    matches!((run.first(), run.last()), (Some(a), Some(b)) if a.ms < range.start_ms && b.ms > range.end_ms)
}

/// Half as much again as the usual distance of the samples of all series; `i64::MAX` when none has two.
pub(crate) fn usual_gap<'a>(series: impl Iterator<Item = &'a [(i64, f64)]>) -> i64 {
    let usual = series.filter_map(median_distance).min();
    usual.map_or(i64::MAX, |ms| (ms as f64 * TOLERANCE) as i64)
}

/// The median distance of neighbouring samples, from at most a few hundred of them.
fn median_distance(points: &[(i64, f64)]) -> Option<i64> {
    let every = (points.len() / 256).max(1);
    let mut distances: Vec<i64> = points
        .windows(2)
        .step_by(every)
        .filter_map(|pair| Some(pair.last()?.0.saturating_sub(pair.first()?.0)))
        .collect();
    distances.retain(|distance| *distance > 0);
    let middle = distances.len() / 2;
    if distances.is_empty() {
        return None;
    }
    Some(*distances.select_nth_unstable(middle).1)
}

/// The stretches within `range` that no run covers, between the first and the last sample of all.
pub(crate) fn silences<'a>(runs: impl Iterator<Item = &'a Run>, range: TimeRange) -> Vec<TimeRange> {
    let mut covered: Vec<(i64, i64)> =
        runs.filter_map(|run| Some((run.first()?.ms, run.last()?.ms))).collect();
    covered.sort_unstable();
    let mut silences = Vec::new();
    let mut end: Option<i64> = None;
    for (from, to) in covered {
        if let Some(end) = end.filter(|end| from > *end) {
            let silence = TimeRange { start_ms: end.max(range.start_ms), end_ms: from.min(range.end_ms) };
            if silence.end_ms > silence.start_ms {
                silences.push(silence);
            }
        }
        end = Some(end.map_or(to, |end| end.max(to)));
    }
    silences
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: TimeRange = TimeRange { start_ms: 100, end_ms: 200 };

    fn times(runs: &[Run]) -> Vec<Vec<i64>> {
        runs.iter().map(|run| run.iter().map(|vertex| vertex.ms).collect()).collect()
    }

    #[test]
    fn nan_and_long_distances_cut_a_line() {
        let points = [(100, 1.0), (110, 2.0), (120, f64::NAN), (130, 3.0), (140, 4.0), (180, 5.0)];
        assert_eq!(times(&runs(&points, RANGE, 15)), [vec![100, 110], vec![130, 140], vec![180]]);
    }

    #[test]
    fn one_sample_on_either_side_is_kept_unless_a_gap_parts_it() {
        let points = [(80, 1.0), (95, 1.0), (105, 1.0), (195, 1.0), (260, 1.0)];
        assert_eq!(times(&runs(&points, RANGE, 100)), [vec![95, 105, 195, 260]]);
        assert_eq!(times(&runs(&points, RANGE, 20)), [vec![95, 105], vec![195]]);
        assert_eq!(times(&runs(&[(0, 1.0), (900, 1.0)], RANGE, 1000)), [vec![0, 900]]);
    }

    #[test]
    fn the_usual_gap_is_that_of_the_densest_series() {
        let dense: Vec<(i64, f64)> = (0..100).map(|i| (i * 15, 0.0)).collect();
        let sparse: Vec<(i64, f64)> = (0..10).map(|i| (i * 60, 0.0)).collect();
        assert_eq!(usual_gap([sparse.as_slice(), dense.as_slice()].into_iter()), 22);
        assert_eq!(usual_gap([[(5, 1.0)].as_slice()].into_iter()), i64::MAX);
    }

    #[test]
    fn a_silence_is_where_no_series_has_samples() {
        let one = runs(&[(100, 1.0), (110, 1.0), (160, 1.0), (170, 1.0)], RANGE, 15);
        let other = runs(&[(100, 1.0), (110, 1.0), (120, 1.0)], RANGE, 15);
        let found = silences(one.iter().chain(&other), RANGE);
        assert_eq!(found, [TimeRange { start_ms: 120, end_ms: 160 }]);
    }
}
