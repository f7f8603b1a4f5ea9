//! The time axis of figures that are no charts.

use super::View;
use crate::axis::time_ticks;
use crate::data::TimeRange;
use crate::layout::Rect;
use crate::scene::{Align, Scene, Surface};
use crate::text::MeasureText;
use crate::theme::Theme;

/// Height of the axis below the plot, CSS pixels.
pub(super) const TIME_AXIS: f64 = 18.0;
/// Space between two labels when steps are chosen, and the least when they are set.
const ROOM: f64 = 28.0;
const APART: f64 = 8.0;

/// Where time is in a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeAxis {
    plot: Rect,
    range: TimeRange,
}

impl TimeAxis {
    pub(super) fn new(plot: Rect, range: TimeRange) -> Self {
        Self { plot, range }
    }

    /// The instant (ms) of a column, held within the range.
    pub(super) fn time_at(&self, x: f64) -> i64 {
        let done = ((x - self.plot.left) / self.plot.width.max(1.0)).clamp(0.0, 1.0);
        self.range.start_ms.saturating_add((done * self.range.span_ms() as f64).round() as i64)
    }

    /// A line through a moment; nothing for one that is not in the picture.
    pub(super) fn moment(&self, ms: i64, theme: &Theme) -> Scene {
        let mut scene = Scene::default();
        if self.range.contains(ms) {
            let share = ms.saturating_sub(self.range.start_ms) as f64 / self.range.span_ms() as f64;
            let x = self.plot.left + share * self.plot.width;
            scene.vertical(x, (self.plot.top, self.plot.bottom()), theme.crosshair, 1.0);
        }
        scene
    }

    /// The stretch that is being selected, between two columns.
    pub(super) fn selection(&self, from: f64, to: f64, theme: &Theme) -> Scene {
        selection(self.plot, from, to, theme)
    }
}

/// The stretch of `plot` that is being selected, between two columns.
pub(crate) fn selection(plot: Rect, from: f64, to: f64, theme: &Theme) -> Scene {
    let mut scene = Scene::default();
    let hold = |x: f64| x.clamp(plot.left, plot.right());
    let (left, right) = (hold(from.min(to)), hold(from.max(to)));
    scene.rect((left, plot.top), (right, plot.bottom()), theme.annotation, 0.14);
    scene.vertical(left, (plot.top, plot.bottom()), theme.annotation, 1.0);
    scene.vertical(right, (plot.top, plot.bottom()), theme.annotation, 1.0);
    scene
}

/// Where a moment (ms) is in `plot`; outside of it for one that is not in the view.
pub(super) fn column(plot: Rect, view: &View<'_>, ms: i64) -> f64 {
    let share = ms.saturating_sub(view.range.start_ms) as f64 / view.range.span_ms() as f64;
    plot.left + share * plot.width
}

/// Sets the labels below `plot`, none over another and none beyond the surface.
pub(super) fn label(
    scene: &mut Scene,
    plot: Rect,
    surface: Surface,
    view: &View<'_>,
    theme: &Theme,
    text: &dyn MeasureText,
) {
    let room = |label: &str| text.width(label, Theme::TICK_SIZE) + ROOM;
    let mut free = f64::NEG_INFINITY;
    for tick in time_ticks(view.range, view.utc_offset_minutes, plot.width, room) {
        let half = text.width(&tick.label, Theme::TICK_SIZE) / 2.0;
        let middle = surface.width / 2.0;
        let at = column(plot, view, tick.ms).clamp(half.min(middle), (surface.width - half).max(middle));
        if at - half >= free {
            scene.text(&tick.label, (at, plot.bottom() + 11.0), Align::Middle, theme.axis);
            free = at + half + APART;
        }
    }
}
