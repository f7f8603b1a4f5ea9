//! Where the plot is, and the way between pixels and values. All lengths are CSS pixels.

use crate::data::TimeRange;
use crate::scale::Scale;
use crate::style::Side;

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Width, not negative.
    pub width: f64,
    /// Height, not negative.
    pub height: f64,
}

impl Rect {
    /// Right edge.
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Lower edge.
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The point in the middle.
    pub fn center(&self) -> (f64, f64) {
        (self.left + self.width / 2.0, self.top + self.height / 2.0)
    }

    /// What is left when every edge moves inwards by that much.
    #[must_use]
    pub fn inset(&self, by: f64) -> Self {
        Self {
            left: self.left + by,
            top: self.top + by,
            width: (self.width - 2.0 * by).max(0.0),
            height: (self.height - 2.0 * by).max(0.0),
        }
    }

    /// Whether the point lies within, edges included.
    pub fn contains(&self, x: f64, y: f64) -> bool {
        (self.left..=self.right()).contains(&x) && (self.top..=self.bottom()).contains(&y)
    }
}

/// The frame of a drawn chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// Width of the whole surface.
    pub width: f64,
    /// Height of the whole surface.
    pub height: f64,
    /// Where lines are drawn.
    pub plot: Rect,
    /// The time axis.
    pub range: TimeRange,
    /// The value axis on the left.
    pub left: Scale,
    /// The value axis on the right; the left one's where nothing is drawn by it.
    pub right: Scale,
}

impl Layout {
    /// The column of an instant; outside the plot for instants outside the range.
    pub fn x(&self, ms: i64) -> f64 {
        let done = ms.saturating_sub(self.range.start_ms) as f64 / self.range.span_ms() as f64;
        self.plot.left + done * self.plot.width
    }

    /// The row of a value of the left axis, held within the plot.
    pub fn y(&self, value: f64) -> f64 {
        self.y_on(Side::Left, value)
    }

    /// The row of a value of either axis, held within the plot.
    pub fn y_on(&self, side: Side, value: f64) -> f64 {
        self.y_unclamped(side, value).clamp(self.plot.top, self.plot.bottom())
    }

    /// The instant of a column, held within the range.
    pub fn time_at(&self, x: f64) -> i64 {
        let done = ((x - self.plot.left) / self.plot.width.max(1.0)).clamp(0.0, 1.0);
        self.range.start_ms.saturating_add((done * self.range.span_ms() as f64).round() as i64)
    }

    /// The left axis' value of a row.
    pub fn value_at(&self, y: f64) -> f64 {
        self.left.value((self.plot.bottom() - y) / self.plot.height.max(1.0))
    }

    /// The row of a value. Far outside, rows stop at a distance that keeps arithmetic exact.
    pub(crate) fn y_unclamped(&self, side: Side, value: f64) -> f64 {
        const FAR: f64 = 1e6;
        let scale = match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        };
        self.plot.bottom() - scale.share(value).clamp(-FAR, FAR) * self.plot.height
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::ScaleKind;

    const LAYOUT: Layout = Layout {
        width: 240.0,
        height: 120.0,
        plot: Rect { left: 40.0, top: 10.0, width: 200.0, height: 100.0 },
        range: TimeRange { start_ms: 1000, end_ms: 3000 },
        left: Scale { low: 0.0, high: 50.0, kind: ScaleKind::Linear },
        right: Scale { low: 0.0, high: 50.0, kind: ScaleKind::Linear },
    };

    #[test]
    fn pixels_and_values_are_inverse() {
        assert_eq!((LAYOUT.x(2000), LAYOUT.y(25.0)), (140.0, 60.0));
        assert_eq!((LAYOUT.time_at(140.0), LAYOUT.value_at(60.0)), (2000, 25.0));
    }

    #[test]
    fn what_lies_outside_stays_within_bounds() {
        assert_eq!(LAYOUT.y(f64::INFINITY), 10.0);
        assert_eq!(LAYOUT.y(f64::NEG_INFINITY), 110.0);
        assert_eq!(LAYOUT.time_at(-5000.0), 1000);
        assert!(LAYOUT.x(i64::MIN).is_finite());
    }
}
