//! Painting series: areas first, then lines, bars and dots.

use super::Line;
use crate::clip::{Spot, area, lines, thin};
use crate::curve::bend;
use crate::layout::{Layout, Rect};
use crate::paint::Paint;
use crate::palette::Stroke;
use crate::scene::Scene;
use crate::style::{Bars, Dash, Dots, Drawing, Gradient, Stack};
use crate::theme::{Color, Theme};

/// With more lines than this, areas under them add up to mud: only the lines are drawn.
const MOST_FILLED: usize = 4;
/// Opacity of lines past the palette and its dashes.
const FADED: f64 = 0.45;
/// Layers of an area that fades towards its foot.
const LAYERS: usize = 6;
/// Dash and space of series that share a colour with another.
const TELLING: (f64, f64) = (4.0, 3.0);
/// Space between bars, CSS pixels.
const BAR_GAP: f64 = 1.0;

/// A line on the surface.
struct Drawn<'a> {
    line: &'a Line,
    runs: Vec<Vec<Spot>>,
}

/// Draws all series.
pub(super) fn draw_series(all: &[Line], layout: &Layout, scale: f64, scene: &mut Scene, theme: &Theme) {
    let stacked = all.iter().any(|line| line.style.stack != Stack::None);
    // In a stack each line lies on the area above it; otherwise the first series is in front.
    let order: Vec<&Line> = if stacked { all.iter().collect() } else { all.iter().rev().collect() };
    let drawn: Vec<Drawn<'_>> = order
        .into_iter()
        .map(|line| {
            let thinned = line.runs.iter().map(|run| thin(run, layout, line.style.side, scale));
            let runs = thinned.map(|run| bend(run, line.style.curve, layout.plot.width)).collect();
            Drawn { line, runs }
        })
        .collect();
    let plot = layout.plot;
    for one in &drawn {
        let fill = one.line.fill(all.len(), theme);
        if let Drawing::Bars(bars) = one.line.style.drawing {
            draw_bars(one, bars, fill, layout, scene, theme);
        } else if fill > 0.0 && one.line.style.drawing == Drawing::Line {
            for run in &one.runs {
                draw_area(one.line, run, fill, layout, scene, theme);
            }
        }
    }
    for one in drawn.iter().filter(|one| !matches!(one.line.style.drawing, Drawing::Bars(_))) {
        for run in &one.runs {
            draw_run(one.line, run, layout, scene, theme);
        }
        draw_dots(one.line, layout, plot, scene, theme);
    }
}

impl Line {
    fn fill(&self, lines: usize, theme: &Theme) -> f64 {
        match (self.style.fill, self.style.stack) {
            (Some(fill), _) => fill,
            (None, Stack::Sum(_) | Stack::Percent(_)) => Theme::STACK_FILL,
            (None, Stack::None) if lines <= MOST_FILLED => theme.fill,
            (None, Stack::None) => 0.0,
        }
    }

    /// The stretches of the plot with the colours of values that lie there.
    fn bands(&self, layout: &Layout) -> Vec<(Rect, Paint)> {
        let plot = layout.plot;
        let steps = &self.style.by_value;
        let y = |value: f64| layout.y_on(self.style.side, value.clamp(-1e300, 1e300));
        let band = |at: usize, paint: Paint| {
            let bottom =
                if at == 0 { plot.bottom() } else { steps.get(at).map_or(plot.bottom(), |step| y(step.0)) };
            let top = steps.get(at + 1).map_or(plot.top, |step| y(step.0));
            (Rect { top, height: bottom - top, ..plot }, paint)
        };
        if steps.is_empty() {
            return vec![(plot, self.paint())];
        }
        let bands = steps.iter().enumerate().map(|(at, (_, paint))| band(at, *paint));
        bands.filter(|(rect, _)| rect.height > 0.0).collect()
    }
}

fn draw_area(line: &Line, run: &[Spot], fill: f64, layout: &Layout, scene: &mut Scene, theme: &Theme) {
    for (band, paint) in line.bands(layout) {
        let (color, opacity) = paint.color(theme);
        let fill = fill * opacity;
        match line.style.gradient {
            Gradient::None => scene.polygon(&area(run, band), color, fill),
            Gradient::Fade => {
                for layer in 1..=LAYERS {
                    let share = layer as f64 / LAYERS as f64;
                    let part: Vec<Spot> = run
                        .iter()
                        .map(|spot| Spot { low: spot.high + (spot.low - spot.high) * share, ..*spot })
                        .collect();
                    scene.polygon(&area(&part, band), color, fill / LAYERS as f64 * 1.5);
                }
            }
        }
    }
}

fn draw_run(line: &Line, run: &[Spot], layout: &Layout, scene: &mut Scene, theme: &Theme) {
    let plot = layout.plot;
    let style = &line.style;
    if style.drawing == Drawing::Points || style.width <= 0.0 {
        return;
    }
    if let [only] = run {
        // A line needs two ends; one sample is a dot.
        let y = only.high.clamp(plot.top, plot.bottom());
        if plot.contains(only.x, y) && style.dots != Dots::Never {
            scene.dot((only.x, y), 2.0, line.paint().color(theme).0, 1.0);
        }
        return;
    }
    for (band, paint) in line.bands(layout) {
        let (color, opacity) = paint.color(theme);
        for piece in lines(run, band) {
            match (style.dash, line.ink.stroke) {
                (Dash::Pattern(dash, space), _) => {
                    scene.dashed(&piece, style.width, (dash, space), color, opacity);
                }
                (Dash::Auto, Stroke::Dashed) if style.paint.is_none() => {
                    scene.dashed(&piece, style.width, TELLING, color, opacity);
                }
                (Dash::Auto, Stroke::Faded) if style.paint.is_none() => {
                    scene.polyline(&piece, style.width, color, FADED);
                }
                _ => scene.polyline(&piece, style.width, color, opacity),
            }
        }
    }
}

fn draw_dots(line: &Line, layout: &Layout, plot: Rect, scene: &mut Scene, theme: &Theme) {
    let style = &line.style;
    if style.dots != Dots::Always && style.drawing != Drawing::Points {
        return;
    }
    let radius = (style.dot_size / 2.0).clamp(0.5, 20.0);
    let mut last: Option<(f64, f64)> = None;
    for vertex in line.runs.iter().flatten() {
        let at = (layout.x(vertex.ms), layout.y_unclamped(style.side, vertex.high));
        // Dots on one another cannot be told apart.
        let same = last.is_some_and(|last| (last.0 - at.0).abs() < 0.5 && (last.1 - at.1).abs() < 0.5);
        if plot.contains(at.0, at.1) && !same {
            let (color, opacity) = line.paint_at(vertex.value).color(theme);
            scene.dot(at, radius, color, opacity);
            last = Some(at);
        }
    }
}

fn draw_bars(one: &Drawn<'_>, bars: Bars, fill: f64, layout: &Layout, scene: &mut Scene, theme: &Theme) {
    let plot = layout.plot;
    let spots: Vec<Spot> = one.runs.iter().flatten().copied().collect();
    let steps = spots.windows(2).filter_map(|pair| Some(pair.last()?.x - pair.first()?.x));
    let usual = steps.filter(|step| *step > 0.01).reduce(f64::min).unwrap_or(plot.width * 0.1);
    let width = (usual * bars.width - BAR_GAP).clamp(1.0, 120.0);
    let shift = match bars.align {
        0 => -width / 2.0,
        1 => 0.0,
        _ => -width,
    };
    let vertices: Vec<f64> = one.line.runs.iter().flatten().map(|vertex| vertex.value).collect();
    let exact = vertices.len() == spots.len();
    for (at, spot) in spots.iter().enumerate() {
        let left = (spot.x + shift).max(plot.left);
        let right = (spot.x + shift + width).min(plot.right());
        if right <= left {
            continue;
        }
        let (top, bottom) = (spot.high.min(spot.low), spot.high.max(spot.low));
        let (top, bottom) = (top.max(plot.top), bottom.min(plot.bottom()));
        let value = vertices.get(at).copied().filter(|_| exact);
        let (color, opacity): (Color, f64) =
            value.map_or_else(|| one.line.paint(), |value| one.line.paint_at(value)).color(theme);
        if bottom - top < 0.01 {
            continue;
        }
        // A value that is not zero is always seen.
        let bottom = bottom.max(top + 1.0);
        let body = opacity * fill.max(0.35);
        scene.polygon(&[(left, top), (right, top), (right, bottom), (left, bottom)], color, body);
        if width >= 4.0 {
            let edge = if spot.high <= spot.low { top } else { bottom };
            scene.polyline(
                &[(left, edge), (right, edge)],
                one.line.style.width.clamp(0.5, 2.0),
                color,
                opacity,
            );
        }
    }
}
