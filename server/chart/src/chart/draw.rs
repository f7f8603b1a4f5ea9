//! Painting a prepared chart, from the back to the front: shading, grid, series, limits, moments, labels.

use super::Chart;
use crate::chart::series::draw_series;
use crate::layout::Rect;
use crate::scene::{Align, Scene};
use crate::spec::{Annotation, AnnotationKind};
use crate::style::Side;
use crate::text::MeasureText;
use crate::theme::{Color, Theme};

/// Opacity of stretches without samples and of the time since data went stale.
const SHADE: f64 = 0.07;
/// Opacity of stretches of values with a ground of their own.
const BAND: f64 = 0.1;
/// Opacity of the vertical grid relative to the horizontal one.
const VERTICAL_GRID: f64 = 0.6;
/// Height of the bar below a stretch that is marked.
const MARK_FOOT: f64 = 3.0;
/// Opacity of what lies behind words on the plot.
const WORD_GROUND: f64 = 0.82;

impl Chart {
    /// The chart as a scene.
    pub fn scene(&self, theme: &Theme, text: &dyn MeasureText) -> Scene {
        let mut scene = Scene::default();
        self.draw_shading(&mut scene, theme);
        self.draw_grid(&mut scene, theme);
        draw_series(&self.lines, &self.layout, self.surface.scale, &mut scene, theme);
        let mut words = Words { theme, text, taken: Vec::new() };
        self.draw_thresholds(&mut scene, &mut words);
        self.draw_annotations(&mut scene, &mut words);
        self.draw_labels(&mut scene, theme);
        scene
    }

    fn draw_shading(&self, scene: &mut Scene, theme: &Theme) {
        let plot = self.layout.plot;
        for band in &self.bands {
            let y = |value: f64| self.layout.y(value.clamp(-1e300, 1e300));
            let (color, opacity) = band.paint.color(theme);
            scene.rect((plot.left, y(band.to)), (plot.right(), y(band.from)), color, opacity * BAND);
        }
        let mut shade = |from: f64, to: f64, color: Color| {
            let (from, to) = (from.max(plot.left), to.min(plot.right()));
            scene.rect((from, plot.top), (to, plot.bottom()), color, SHADE);
        };
        for silence in &self.silences {
            shade(self.layout.x(silence.start_ms), self.layout.x(silence.end_ms), theme.text);
        }
        if let Some(since) = self.stale_since_ms {
            shade(self.layout.x(since), plot.right(), theme.warning);
        }
    }

    fn draw_grid(&self, scene: &mut Scene, theme: &Theme) {
        let plot = self.layout.plot;
        for tick in &self.times {
            scene.vertical(self.layout.x(tick.ms), (plot.top, plot.bottom()), theme.grid, VERTICAL_GRID);
        }
        let side = self.axes.grid_side();
        let scale = self.axes.scale(side);
        let has_both_sides = scale.low < 0.0 && scale.high > 0.0;
        for tick in self.axes.grid() {
            let color = if tick.value == 0.0 && has_both_sides { theme.zero } else { theme.grid };
            scene.horizontal((plot.left, plot.right()), self.layout.y_on(side, tick.value), color, 1.0);
        }
    }

    fn draw_thresholds(&self, scene: &mut Scene, words: &mut Words<'_>) {
        let (plot, theme) = (self.layout.plot, words.theme);
        // From the top: what finds no room for its words moves down, and so keeps below what is above it.
        let mut thresholds: Vec<_> = self.thresholds.iter().collect();
        thresholds.sort_by(|a, b| b.value.total_cmp(&a.value));
        for threshold in thresholds {
            let y = self.layout.y_unclamped(Side::Left, threshold.value);
            if !(plot.top..=plot.bottom()).contains(&y) {
                continue;
            }
            let color = threshold.severity.paint().color(theme).0;
            scene.dashed_horizontal((plot.left, plot.right()), y, color);
            // The words lie on the line, or below it where there is no room above.
            let middle = if y - plot.top >= 7.0 { y - 7.0 } else { y + 8.0 };
            words.draw(scene, &threshold.label, (plot.right() - 4.0, middle), Align::End, color);
        }
    }

    fn draw_annotations(&self, scene: &mut Scene, words: &mut Words<'_>) {
        let (plot, theme) = (self.layout.plot, words.theme);
        let range = self.layout.range;
        let is_seen = |one: &&Annotation| one.at_ms <= range.end_ms && one.end_ms() >= range.start_ms;
        for annotation in self.annotations.iter().filter(is_seen) {
            let color = match annotation.kind {
                AnnotationKind::Event => theme.annotation,
                AnnotationKind::Fault => theme.critical,
                AnnotationKind::Mark(paint) => {
                    self.draw_mark(annotation, paint.color(theme).0, scene);
                    continue;
                }
            };
            let x = self.layout.x(annotation.at_ms);
            if annotation.kind == AnnotationKind::Event {
                scene.dashed_vertical(x, (plot.top, plot.bottom()), color);
            }
            let (middle, foot) = (x + 0.5, plot.bottom() + 1.0);
            scene.polygon(&[(middle - 4.0, foot), (middle + 4.0, foot), (middle, foot - 6.0)], color, 1.0);
            let width = words.text.width(&annotation.label, Theme::TICK_SIZE);
            let (at, align) = if x + width + 12.0 > plot.right() {
                ((x - 4.0, plot.top + 7.0), Align::End)
            } else {
                ((x + 5.0, plot.top + 7.0), Align::Start)
            };
            words.draw(scene, &annotation.label, at, align, color);
        }
    }

    fn draw_mark(&self, mark: &Annotation, color: Color, scene: &mut Scene) {
        let (plot, range) = (self.layout.plot, self.layout.range);
        let [from, to] =
            [mark.at_ms, mark.end_ms()].map(|ms| self.layout.x(ms.clamp(range.start_ms, range.end_ms)));
        if to - from >= 1.0 {
            scene.rect((from, plot.top), (to, plot.bottom()), color, BAND);
            scene.rect((from, plot.bottom()), (to, plot.bottom() + MARK_FOOT), color, 1.0);
        }
        for (ms, x) in [(mark.at_ms, from), (mark.end_ms(), to)] {
            if range.contains(ms) {
                scene.dashed_vertical(x, (plot.top, plot.bottom()), color);
            }
        }
        if to - from < 1.0 {
            let (middle, foot) = (from + 0.5, plot.bottom() + 1.0);
            scene.polygon(&[(middle - 4.0, foot), (middle + 4.0, foot), (middle, foot - 6.0)], color, 1.0);
        }
    }

    fn draw_labels(&self, scene: &mut Scene, theme: &Theme) {
        self.axes.draw(scene, &self.layout, theme);
        for label in &self.time_labels {
            let at = (label.x, self.layout.plot.bottom() + 11.0);
            scene.text(&label.label, at, Align::Middle, theme.axis);
        }
    }
}

/// Words on the plot, each on a ground that keeps it readable over lines, none on another.
struct Words<'a> {
    theme: &'a Theme,
    text: &'a dyn MeasureText,
    taken: Vec<Rect>,
}

impl Words<'_> {
    /// Height of a line of words in CSS pixels.
    const LINE: f64 = 13.0;

    /// Writes `words` with their middle line at `at`, or as many lines further down as it takes to find room.
    fn draw(&mut self, scene: &mut Scene, words: &str, (x, mut y): (f64, f64), align: Align, color: Color) {
        if words.is_empty() {
            return;
        }
        let width = self.text.width(words, Theme::TICK_SIZE);
        let left = match align {
            Align::Start => x,
            Align::Middle => x - width / 2.0,
            Align::End => x - width,
        };
        let ground = |y: f64| Rect { left: left - 2.0, top: y - 6.5, width: width + 4.0, height: Self::LINE };
        // Each move passes at least one of those already there, so there are never more moves than words.
        for _ in 0..self.taken.len() {
            let Some(other) = self.taken.iter().find(|other| overlap(other, &ground(y))) else { break };
            y = other.bottom() + Self::LINE / 2.0 + 1.0;
        }
        let ground = ground(y);
        self.taken.push(ground);
        scene.fill_rect(ground, self.theme.surface, WORD_GROUND);
        scene.text(words, (x, y), align, color);
    }
}

fn overlap(a: &Rect, b: &Rect) -> bool {
    a.left < b.right() && b.left < a.right() && a.top < b.bottom() && b.top < a.bottom()
}
