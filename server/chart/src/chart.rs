//! A chart ready to be drawn: all geometry computed, nothing painted yet.

mod axes;
mod draw;
mod series;

use plotters_backend::DrawingBackend;

use crate::axis::{TimeTick, time_ticks};
use crate::data::TimeRange;
use crate::layout::{Layout, Rect};
use crate::paint::Paint;
use crate::palette::{Ink, assign_inks};
use crate::runs::{Run, runs, runs_joined, silences, usual_gap};
use crate::scene::{DrawError, Surface};
use crate::spec::{Annotation, Band, ChartSpec, Threshold};
use crate::stack::{Whole, stack};
use crate::style::{Join, SeriesStyle, Side, Stack};
use crate::text::MeasureText;
use crate::theme::Theme;
use axes::Axes;

/// Height of the time axis' labels below the plot.
const TIME_AXIS: f64 = 18.0;
/// Space above the plot, so that the uppermost label is whole.
const HEADROOM: f64 = 7.0;
/// How far from a mark the pointer means it.
const MARK_REACH: f64 = 5.0;
/// Space between two time labels: this share of the plot's width, but never less or more than that.
const TIME_LABEL_GAP: (f64, f64, f64) = (0.06, 20.0, 48.0);

/// The geometry of one chart on one surface.
#[derive(Clone, Debug)]
pub struct Chart {
    pub(crate) layout: Layout,
    pub(crate) surface: Surface,
    pub(crate) times: Vec<TimeTick>,
    pub(crate) lines: Vec<Line>,
    pub(crate) silences: Vec<TimeRange>,
    pub(crate) max_gap_ms: i64,
    pub(crate) axes: Axes,
    inks: Vec<Ink>,
    thresholds: Vec<Threshold>,
    annotations: Vec<Annotation>,
    bands: Vec<Band>,
    stale_since_ms: Option<i64>,
    time_labels: Vec<Placed>,
}

/// The drawn form of one visible series.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Its index in the data.
    pub(crate) series: usize,
    pub(crate) ink: Ink,
    pub(crate) style: SeriesStyle,
    pub(crate) runs: Vec<Run>,
}

impl Line {
    pub(crate) fn paint(&self) -> Paint {
        self.style.paint.unwrap_or(Paint::Palette(self.ink.color))
    }

    /// Its colour at a value.
    pub(crate) fn paint_at(&self, value: f64) -> Paint {
        let step = self.style.by_value.iter().rev().find(|(from, _)| *from <= value);
        step.or(self.style.by_value.first()).map_or_else(|| self.paint(), |(_, paint)| *paint)
    }
}

/// A time label and the middle of it.
#[derive(Clone, Debug, PartialEq)]
struct Placed {
    x: f64,
    label: String,
}

impl Chart {
    /// Computes how `spec` looks on `surface`. Never fails: data that cannot be drawn is left out, and without any
    /// the axes stay.
    pub fn prepare(spec: &ChartSpec<'_>, surface: Surface, text: &dyn MeasureText) -> Self {
        let inks = assign_inks(&spec.data.series);
        let visible = || spec.data.series.iter().enumerate().filter(|(index, _)| !spec.is_hidden(*index));
        let points = || visible().map(|(_, series)| series.points.as_slice());
        let max_gap_ms = spec.max_gap_ms.unwrap_or_else(|| usual_gap(points()));
        let lines: Vec<Line> = visible()
            .map(|(series, data)| {
                let style = spec.style(series);
                let gap = match style.join {
                    Join::Never => max_gap_ms,
                    Join::Always => i64::MAX,
                    Join::UpTo(ms) => ms.max(max_gap_ms),
                };
                let runs = match style.join {
                    Join::Never => runs(&data.points, spec.range, gap),
                    _ => runs_joined(&data.points, spec.range, gap),
                };
                Line { series, ink: ink(&inks, series), style, runs }
            })
            .filter(|line| !line.style.invisible)
            .collect();
        let mut lines = lines;
        pile(&mut lines);
        fill_between(&mut lines);

        let plot_height = (surface.height - HEADROOM - TIME_AXIS).max(1.0);
        let axes = Axes::new(spec, &lines, plot_height);
        let (left, right) = axes.margins(surface.width, text);
        let plot =
            Rect { left, top: HEADROOM, width: (surface.width - left - right).max(1.0), height: plot_height };
        let layout = Layout {
            width: surface.width,
            height: surface.height,
            plot,
            range: spec.range,
            left: axes.scale(Side::Left),
            right: axes.scale(Side::Right),
        };
        let (share, least, most) = TIME_LABEL_GAP;
        let gap = (plot.width * share).clamp(least, most);
        let room = |label: &str| text.width(label, Theme::TICK_SIZE) + gap;
        let times = time_ticks(spec.range, spec.utc_offset_minutes, plot.width, room);
        let time_labels = place(&times, &layout, text);
        Self {
            layout,
            surface,
            axes,
            times,
            silences: silences(lines.iter().flat_map(|line| &line.runs), spec.range),
            lines,
            max_gap_ms,
            inks,
            thresholds: spec.thresholds.to_vec(),
            annotations: spec.annotations.to_vec(),
            bands: spec.bands.to_vec(),
            stale_since_ms: spec.stale_since_ms,
            time_labels,
        }
    }

    /// Paints the chart. The surface must be clear.
    ///
    /// # Errors
    /// What the back-end reports; a canvas reports nothing in practice.
    pub fn draw<DB: DrawingBackend>(
        &self,
        backend: &mut DB,
        theme: &Theme,
        text: &dyn MeasureText,
    ) -> Result<(), DrawError<DB>> {
        self.scene(theme, text).play(backend, self.surface, &theme.font)
    }

    /// Where the plot is, for hovering and zooming.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What is marked at a column (CSS pixels), or so near to it that the pointer means it.
    pub(crate) fn marks_at(&self, x: f64) -> impl Iterator<Item = &Annotation> {
        let near = move |one: &&Annotation| {
            let (from, to) = (self.layout.x(one.at_ms), self.layout.x(one.end_ms()));
            (from - MARK_REACH..=to + MARK_REACH).contains(&x)
        };
        self.annotations.iter().filter(near)
    }

    /// The ink of each series by its index, hidden ones included.
    pub fn inks(&self) -> &[Ink] {
        &self.inks
    }

    /// Whether no sample of a visible series lies in the picture.
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.runs.is_empty())
    }

    /// The stretches for which no visible series has samples, between the first and the last sample.
    pub fn silences(&self) -> &[TimeRange] {
        &self.silences
    }
}

fn ink(inks: &[Ink], series: usize) -> Ink {
    inks.get(series).copied().unwrap_or(Ink { color: 0, stroke: crate::palette::Stroke::Solid })
}

/// Puts the series of each group and axis on top of each other, in their order.
fn pile(lines: &mut [Line]) {
    let mut groups: Vec<(Stack, Side)> =
        lines.iter().map(|line| (line.style.stack, line.style.side)).collect();
    groups.sort_by_key(|(stack, side)| (format!("{stack:?}"), *side == Side::Right));
    groups.dedup();
    for (group, side) in groups.into_iter().filter(|(group, _)| *group != Stack::None) {
        let whole = if matches!(group, Stack::Percent(_)) { Whole::Percent } else { Whole::Sum };
        let mut members: Vec<&mut Line> =
            lines.iter_mut().filter(|line| line.style.stack == group && line.style.side == side).collect();
        let mut all: Vec<Vec<Run>> = members.iter_mut().map(|line| std::mem::take(&mut line.runs)).collect();
        stack(&mut all, whole);
        for (line, runs) in members.into_iter().zip(all) {
            line.runs = runs;
        }
    }
}

/// Ends the areas of series that reach to another one at that one's line.
fn fill_between(lines: &mut [Line]) {
    for at in 0..lines.len() {
        let Some(other) = lines.get(at).and_then(|line| line.style.fill_to) else { continue };
        let Some(foot) = lines.iter().find(|line| line.series == other).map(|line| line.runs.concat()) else {
            continue;
        };
        let value = |ms: i64| {
            let after = foot.partition_point(|vertex| vertex.ms < ms);
            foot.get(after).or(foot.last()).map(|vertex| vertex.high)
        };
        for vertex in lines.get_mut(at).into_iter().flat_map(|line| line.runs.iter_mut().flatten()) {
            vertex.low = value(vertex.ms).unwrap_or(vertex.low);
        }
    }
}

/// Time labels that fit: each centred below its tick, moved inwards at the ends, and left out where it would touch
/// the one before.
fn place(times: &[TimeTick], layout: &Layout, text: &dyn MeasureText) -> Vec<Placed> {
    let mut free_from = f64::NEG_INFINITY;
    let mut placed = Vec::new();
    for tick in times {
        let half = text.width(&tick.label, Theme::TICK_SIZE) / 2.0;
        let (leftmost, rightmost) = (half, layout.width - half);
        if leftmost > rightmost {
            continue;
        }
        let x = layout.x(tick.ms).clamp(leftmost, rightmost);
        if x - half >= free_from {
            placed.push(Placed { x, label: tick.label.clone() });
            free_from = x + half + 8.0;
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use crowsnest_dashboards::Unit;

    use super::*;
    use crate::data::{ChartData, ChartSeries};
    use crate::text::ApproximateText;

    fn data(points: &[(i64, f64)]) -> ChartData {
        ChartData { series: vec![ChartSeries { points: points.to_vec(), ..ChartSeries::default() }] }
    }

    #[test]
    fn time_labels_overlap_at_no_width_and_in_no_range() {
        let empty = ChartData::default();
        let unit = Unit::none();
        for width in (20..1600).step_by(37) {
            for span in [1_000, 60_000, 3_600_000, 21_600_000, 86_400_000, 604_800_000, 31_536_000_000_i64] {
                let range = TimeRange { start_ms: 1_795_267_920_123, end_ms: 1_795_267_920_123 + span };
                let surface = Surface::canvas(f64::from(width), 150.0, 1.0);
                let chart = Chart::prepare(&ChartSpec::new(&empty, range, &unit), surface, &ApproximateText);
                let mut end = 0.0;
                for label in &chart.time_labels {
                    let half = ApproximateText.width(&label.label, Theme::TICK_SIZE) / 2.0;
                    assert!(label.x - half >= end - 1e-6, "{label:?} at width {width}");
                    end = label.x + half;
                }
                assert!(end <= f64::from(width) + 1e-6);
            }
        }
    }

    #[test]
    fn without_data_the_axes_stay() {
        let unit = Unit::parse("percentunit");
        let range = TimeRange { start_ms: 0, end_ms: 3_600_000 };
        let chart = Chart::prepare(
            &ChartSpec::new(&data(&[]), range, &unit),
            Surface::canvas(400.0, 160.0, 1.0),
            &ApproximateText,
        );
        assert!(chart.is_empty() && !chart.axes.grid().is_empty() && !chart.times.is_empty());
    }

    #[test]
    fn infinities_and_nan_do_not_decide_the_axis() {
        let unit = Unit::none();
        let range = TimeRange { start_ms: 0, end_ms: 30 };
        let points = data(&[(0, 1.0), (10, f64::INFINITY), (20, 3.0), (30, f64::NAN)]);
        let chart = Chart::prepare(
            &ChartSpec::new(&points, range, &unit),
            Surface::canvas(400.0, 160.0, 1.0),
            &ApproximateText,
        );
        assert!(chart.layout.left.high < 10.0);
    }

    #[test]
    fn a_surface_of_no_size_is_survived() {
        let unit = Unit::none();
        let range = TimeRange { start_ms: 0, end_ms: 30 };
        let points = data(&[(0, 1.0), (10, 2.0)]);
        for (width, height) in [(0.0, 0.0), (1.0, 1.0), (10.0, 500.0)] {
            let surface = Surface::canvas(width, height, 1.0);
            let chart = Chart::prepare(&ChartSpec::new(&points, range, &unit), surface, &ApproximateText);
            assert!(chart.layout().plot.width >= 1.0);
        }
    }
}
