//! Sparklines: a line and its area, no axes, as data of SVG paths.
//!
//! A list has a hundred of them, and a path costs nothing but its text: its colours are the page's own.

use std::fmt::Write as _;

use crate::clip::{area, lines, thin};
use crate::data::TimeRange;
use crate::layout::{Layout, Rect};
use crate::runs::{runs, usual_gap};
use crate::scale::Scale;
use crate::style::Side;

/// What a sparkline shows.
#[derive(Clone, Copy, Debug)]
pub struct Spark<'a> {
    /// Milliseconds since the Unix epoch and value, in ascending order of time.
    pub points: &'a [(i64, f64)],
    /// The stretch of time from its left to its right edge.
    pub range: TimeRange,
    /// A limit to show as a dashed line; it is always in the picture.
    pub limit: Option<f64>,
    /// Whether the curve starts at zero; without, it fills the height.
    pub from_zero: bool,
}

/// The ways of the pen, each the `d` of a path; empty where there is nothing to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SparkPaths {
    /// The curve. A sample alone is a line without length: a dot where lines have round ends.
    pub line: String,
    /// What is below it.
    pub area: String,
    /// The limit, from edge to edge.
    pub limit: String,
}

/// The ways of the pen as points.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SparkLines {
    pub(crate) lines: Vec<Vec<(f64, f64)>>,
    pub(crate) areas: Vec<Vec<(f64, f64)>>,
}

impl Spark<'_> {
    /// The curve in a box of that many units, as points.
    pub(crate) fn lines(&self, width: f64, height: f64) -> SparkLines {
        let plot = Rect { left: 0.0, top: 1.0, width: width.max(1.0), height: (height - 2.0).max(1.0) };
        let (low, high) = extent(self);
        let scale = Scale::linear(low, high);
        let layout = Layout { width, height, plot, range: self.range, left: scale, right: scale };
        let mut found = SparkLines::default();
        for mut run in runs(self.points, self.range, usual_gap(std::iter::once(self.points))) {
            for vertex in &mut run {
                vertex.low = low;
            }
            let spots = thin(&run, &layout, Side::Left, 1.0);
            found.areas.push(area(&spots, plot));
            found.lines.extend(lines(&spots, plot));
        }
        found
    }

    /// The paths in a box of that many units.
    #[must_use]
    pub fn paths(&self, width: f64, height: f64) -> SparkPaths {
        // Half a line's width of air, so that nothing is cut off at the edges.
        let plot = Rect { left: 0.0, top: 1.0, width: width.max(1.0), height: (height - 2.0).max(1.0) };
        let (low, high) = extent(self);
        let scale = Scale::linear(low, high);
        let layout = Layout { width, height, plot, range: self.range, left: scale, right: scale };
        let max_gap_ms = usual_gap(std::iter::once(self.points));
        let mut paths = SparkPaths::default();
        for mut run in runs(self.points, self.range, max_gap_ms) {
            for vertex in &mut run {
                vertex.low = low;
            }
            let spots = thin(&run, &layout, Side::Left, 1.0);
            walk(&mut paths.area, &area(&spots, plot));
            for line in lines(&spots, plot) {
                walk(&mut paths.line, &line);
                if line.len() == 1 {
                    paths.line.push_str("h0");
                }
            }
        }
        if let Some(limit) = self.limit.filter(|limit| limit.is_finite()) {
            let y = layout.y(limit);
            walk(&mut paths.limit, &[(plot.left, y), (plot.right(), y)]);
        }
        paths
    }
}

/// Adds a way through `points` to a path.
fn walk(path: &mut String, points: &[(f64, f64)]) {
    for (at, (x, y)) in points.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(path, "{}{x:.1} {y:.1}", if at == 0 { 'M' } else { 'L' });
    }
}

fn extent(spark: &Spark<'_>) -> (f64, f64) {
    let within = spark.points.iter().filter(|point| spark.range.contains(point.0) && point.1.is_finite());
    let values =
        within.map(|point| point.1.clamp(-1e300, 1e300)).chain(spark.limit.filter(|limit| limit.is_finite()));
    let (mut low, mut high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if spark.from_zero || low > high {
        (low, high) = (low.min(0.0), high.max(0.0));
    }
    // A flat line lies in the middle, or on the floor when it is zero.
    if high - low < 1e-12 * high.abs().max(low.abs()).max(1e-290) {
        (low, high) = if high == 0.0 { (0.0, 1.0) } else { (low - low.abs(), high + high.abs()) };
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: TimeRange = TimeRange { start_ms: 0, end_ms: 100 };

    #[test]
    fn the_extent_holds_the_limit_and_is_never_flat() {
        let spark = |points, limit, from_zero| extent(&Spark { points, range: RANGE, limit, from_zero });
        assert_eq!(spark(&[(0, 2.0), (10, 3.0)], Some(5.0), true), (0.0, 5.0));
        assert_eq!(spark(&[(0, 2.0), (10, 3.0)], None, false), (2.0, 3.0));
        assert_eq!(spark(&[], None, false), (0.0, 1.0));
        assert_eq!(spark(&[(0, 4.0)], None, false), (0.0, 8.0));
        assert_eq!(spark(&[(0, f64::NAN), (1, f64::INFINITY)], None, true), (0.0, 1.0));
    }

    #[track_caller]
    fn check(points: &[(i64, f64)], limit: Option<f64>, expected: [&str; 3]) {
        let paths = Spark { points, range: RANGE, limit, from_zero: true }.paths(10.0, 12.0);
        assert_eq!([paths.line.as_str(), &paths.area, &paths.limit], expected);
    }

    #[test]
    fn the_curve_stands_on_the_floor_and_a_limit_goes_from_edge_to_edge() {
        let area = "M0.0 6.0L5.0 1.0L10.0 6.0L10.0 11.0L5.0 11.0L0.0 11.0";
        check(&[(0, 1.0), (50, 2.0), (100, 1.0)], None, ["M0.0 6.0L5.0 1.0L10.0 6.0", area, ""]);
        check(&[], Some(1.0), ["", "", "M0.0 1.0L10.0 1.0"]);
    }

    #[test]
    fn a_sample_alone_is_a_dot_and_a_gap_stays_open() {
        check(&[(50, 2.0)], None, ["M5.0 1.0h0", "M5.0 1.0L5.0 11.0", ""]);
        let broken = Spark {
            points: &[(0, 1.0), (10, 1.0), (90, 1.0), (100, 1.0)],
            range: RANGE,
            limit: None,
            from_zero: true,
        };
        assert_eq!(broken.paths(10.0, 12.0).line.matches('M').count(), 2);
    }
}
