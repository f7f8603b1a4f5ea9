//! The value axes of a chart: one on the left, and one on the right where a series asks for it.

use super::Line;
use crate::axis::{ValueAxis, ValueAxisRules, ValueTick};
use crate::data::TimeRange;
use crate::layout::Layout;
use crate::runs::Vertex;
use crate::scale::{Scale, ScaleKind};
use crate::scene::{Align, Scene};
use crate::spec::{AxisSpec, Bounds, ChartSpec};
use crate::style::{Side, Stack};
use crate::text::MeasureText;
use crate::theme::Theme;

/// Space between the tick labels of the value axis and the plot, CSS pixels.
const LABEL_GAP: f64 = 6.0;
/// Space right of the plot, so that the last line ends before the panel's edge.
const RIGHT_MARGIN: f64 = 4.0;
/// The least space for value labels; neighbours with short labels line up.
const LEAST_LABELS: f64 = 28.0;

/// Both axes.
#[derive(Clone, Debug)]
pub(crate) struct Axes {
    left: Option<One>,
    right: Option<One>,
}

#[derive(Clone, Debug)]
struct One {
    axis: ValueAxis,
    kind: ScaleKind,
    hidden: bool,
    title: String,
}

impl Axes {
    pub(super) fn new(spec: &ChartSpec<'_>, lines: &[Line], height: f64) -> Self {
        let one = |side: Side| {
            let extra: &AxisSpec<'_> = if side == Side::Left { &spec.left } else { &spec.right };
            let of_side = || lines.iter().filter(|line| line.style.side == side);
            let percent = of_side().any(|line| matches!(line.style.stack, Stack::Percent(_)));
            let unit = crowsnest_dashboards::Unit::parse("percentunit");
            let bounds = match side {
                _ if percent => Bounds { min: Some(0.0), max: Some(1.0) },
                Side::Left => spec.bounds,
                Side::Right => extra.bounds,
            };
            let rules = ValueAxisRules {
                unit: if percent { &unit } else { extra.unit.unwrap_or(spec.unit) },
                bounds,
                thresholds: if side == Side::Left { spec.thresholds } else { &[] },
                negative: spec.negative,
                soft: extra.soft,
                scale: extra.scale,
                height,
            };
            let axis = ValueAxis::new(extent(of_side(), spec.range, extra.scale), &rules);
            One { axis, kind: extra.scale, hidden: extra.hidden, title: extra.title.to_owned() }
        };
        let has_right = lines.iter().any(|line| line.style.side == Side::Right);
        let has_left = !has_right || lines.iter().any(|line| line.style.side == Side::Left);
        Self { left: has_left.then(|| one(Side::Left)), right: has_right.then(|| one(Side::Right)) }
    }

    /// How values of a side lie.
    pub(super) fn scale(&self, side: Side) -> Scale {
        let one = match side {
            Side::Left => self.left.as_ref().or(self.right.as_ref()),
            Side::Right => self.right.as_ref().or(self.left.as_ref()),
        };
        one.map_or(Scale::linear(0.0, 1.0), |one| Scale {
            low: one.axis.low,
            high: one.axis.high,
            kind: one.kind,
        })
    }

    /// Space for the labels on either side.
    pub(super) fn margins(&self, width: f64, text: &dyn MeasureText) -> (f64, f64) {
        let room = |one: &One| {
            let widths = one.axis.ticks.iter().map(|tick| text.width(&tick.label, Theme::TICK_SIZE));
            // On a very narrow surface the plot keeps at least half.
            (widths.fold(0.0, f64::max).ceil() + LABEL_GAP).max(LEAST_LABELS).min(width / 2.0)
        };
        let shown = |one: &Option<One>| one.as_ref().filter(|one| !one.hidden).map(room);
        let left = shown(&self.left).unwrap_or(RIGHT_MARGIN);
        let right = shown(&self.right).map_or(RIGHT_MARGIN, |room| room.min(width / 3.0));
        (left, right)
    }

    /// The grid's lines: those of the left axis, or of the only one.
    pub(super) fn grid(&self) -> &[ValueTick] {
        self.left.as_ref().or(self.right.as_ref()).map_or(&[], |one| one.axis.ticks.as_slice())
    }

    /// The side whose ticks the grid has.
    pub(super) fn grid_side(&self) -> Side {
        if self.left.is_some() { Side::Left } else { Side::Right }
    }

    /// Writes labels and titles.
    pub(super) fn draw(&self, scene: &mut Scene, layout: &Layout, theme: &Theme) {
        let plot = layout.plot;
        for (one, side) in [(&self.left, Side::Left), (&self.right, Side::Right)] {
            let Some(one) = one.as_ref().filter(|one| !one.hidden) else { continue };
            let (x, align) = match side {
                Side::Left => (plot.left - LABEL_GAP, Align::End),
                Side::Right => (plot.right() + LABEL_GAP, Align::Start),
            };
            for tick in &one.axis.ticks {
                scene.text(&tick.label, (x, layout.y_on(side, tick.value) + 0.5), align, theme.axis);
            }
            // The title lies in the plot, above its first line: turned text would cost more room than it says.
            let (x, align) = match side {
                Side::Left => (plot.left + 4.0, Align::Start),
                Side::Right => (plot.right() - 4.0, Align::End),
            };
            scene.text(&one.title, (x, plot.top + 7.0), align, theme.text);
        }
    }
}

/// The smallest and largest finite value drawn within the range; where powers are counted, of the positive ones.
fn extent<'a>(
    lines: impl Iterator<Item = &'a Line>,
    range: TimeRange,
    kind: ScaleKind,
) -> Option<(f64, f64)> {
    let positive = matches!(kind, ScaleKind::Log(_));
    let within = |vertex: &&Vertex| {
        range.contains(vertex.ms) && vertex.high.is_finite() && (!positive || vertex.high > 0.0)
    };
    let widen = |extent: Option<(f64, f64)>, vertex: &Vertex| {
        let (low, high) = extent.unwrap_or((vertex.high, vertex.high));
        Some((low.min(vertex.high), high.max(vertex.high)))
    };
    lines.flat_map(|line| &line.runs).flatten().filter(within).fold(None, widen)
}
