//! The time axis of figures that are no charts.

use super::View;
use crate::axis::time_ticks;
use crate::layout::Rect;
use crate::scene::{Align, Scene, Surface};
use crate::text::MeasureText;
use crate::theme::Theme;

/// Height of the axis below the plot, CSS pixels.
pub(super) const TIME_AXIS: f64 = 18.0;
/// Space between two labels when steps are chosen, and the least when they are set.
const ROOM: f64 = 28.0;
const APART: f64 = 8.0;

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
