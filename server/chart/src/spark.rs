//! Sparklines: a line and its area, no axes.

use plotters_backend::DrawingBackend;

use crate::clip::{area, lines, thin};
use crate::data::TimeRange;
use crate::layout::{Layout, Rect};
use crate::pen::{DrawError, Pen, Surface};
use crate::runs::{runs, usual_gap};
use crate::theme::{Color, Theme};

/// Width of a sparkline in CSS pixels.
const WIDTH: f64 = 1.25;

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

/// Paints `spark` over the whole of `surface`, which must be clear, in `color`.
///
/// # Errors
/// What the back-end reports.
pub fn draw_sparkline<DB: DrawingBackend>(
    backend: &mut DB,
    surface: Surface,
    spark: &Spark<'_>,
    color: Color,
    theme: &Theme,
) -> Result<(), DrawError<DB>> {
    let mut pen = Pen::new(backend, surface);
    // Half a line's width of air, so that nothing is cut off at the edges.
    let plot =
        Rect { left: 0.0, top: 1.0, width: surface.width.max(1.0), height: (surface.height - 2.0).max(1.0) };
    let (low, high) = extent(spark);
    let layout = Layout { width: surface.width, height: surface.height, plot, range: spark.range, low, high };
    let max_gap_ms = usual_gap(std::iter::once(spark.points));
    for mut run in runs(spark.points, spark.range, max_gap_ms) {
        for vertex in &mut run {
            vertex.low = low;
        }
        let spots = thin(&run, &layout, surface.scale);
        pen.polygon(&area(&spots, plot), color, theme.fill)?;
        for line in lines(&spots, plot) {
            pen.polyline(&line, WIDTH, color, 1.0)?;
        }
        if let [only] = spots.as_slice() {
            pen.dot((only.x, only.high.clamp(plot.top, plot.bottom())), WIDTH, color, 1.0)?;
        }
    }
    if let Some(limit) = spark.limit.filter(|limit| limit.is_finite()) {
        pen.dashed_horizontal((plot.left, plot.right()), layout.y(limit), theme.critical)?;
    }
    Ok(())
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
}
