//! Painting a prepared chart, from the back to the front: shading, grid, series, limits, moments, labels.

use plotters_backend::DrawingBackend;

use super::{Chart, Line};
use crate::clip::{Spot, area, lines, thin};
use crate::layout::Rect;
use crate::palette::Stroke;
use crate::pen::{Align, DrawError, Pen};
use crate::spec::{AnnotationKind, Severity, Stacking};
use crate::text::MeasureText;
use crate::theme::{Color, Theme};

/// With more lines than this, areas under them add up to mud: only the lines are drawn.
const MOST_FILLED: usize = 4;
/// Opacity of stretches without samples and of the time since data went stale.
const SHADE: f64 = 0.07;
/// Opacity of the vertical grid relative to the horizontal one.
const VERTICAL_GRID: f64 = 0.6;
/// Opacity of what lies behind words on the plot.
const WORD_GROUND: f64 = 0.82;
const FADED: f64 = 0.45;

impl Chart {
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
        let mut pen = Pen::new(backend, self.surface);
        self.draw_shading(&mut pen, theme)?;
        self.draw_grid(&mut pen, theme)?;
        self.draw_series(&mut pen, theme)?;
        let mut words = Words { theme, text, taken: Vec::new() };
        self.draw_thresholds(&mut pen, &mut words)?;
        self.draw_annotations(&mut pen, &mut words)?;
        self.draw_labels(&mut pen, theme)
    }

    fn draw_shading<DB: DrawingBackend>(
        &self,
        pen: &mut Pen<'_, DB>,
        theme: &Theme,
    ) -> Result<(), DrawError<DB>> {
        let plot = self.layout.plot;
        let mut shade = |from: f64, to: f64, color: Color| {
            let (from, to) = (from.max(plot.left), to.min(plot.right()));
            pen.rect((from, plot.top), (to, plot.bottom()), color, SHADE)
        };
        for silence in &self.silences {
            shade(self.layout.x(silence.start_ms), self.layout.x(silence.end_ms), theme.text)?;
        }
        if let Some(since) = self.stale_since_ms {
            shade(self.layout.x(since), plot.right(), theme.warning)?;
        }
        Ok(())
    }

    fn draw_grid<DB: DrawingBackend>(
        &self,
        pen: &mut Pen<'_, DB>,
        theme: &Theme,
    ) -> Result<(), DrawError<DB>> {
        let plot = self.layout.plot;
        for tick in &self.times {
            pen.vertical(self.layout.x(tick.ms), (plot.top, plot.bottom()), theme.grid, VERTICAL_GRID)?;
        }
        let has_both_sides = self.axis.low < 0.0 && self.axis.high > 0.0;
        for tick in &self.axis.ticks {
            let color = if tick.value == 0.0 && has_both_sides { theme.zero } else { theme.grid };
            pen.horizontal((plot.left, plot.right()), self.layout.y(tick.value), color, 1.0)?;
        }
        Ok(())
    }

    fn draw_series<DB: DrawingBackend>(
        &self,
        pen: &mut Pen<'_, DB>,
        theme: &Theme,
    ) -> Result<(), DrawError<DB>> {
        let stacked = self.stacking == Stacking::Stacked;
        let fill = match self.stacking {
            Stacking::Stacked => Theme::STACK_FILL,
            Stacking::None if self.lines.len() <= MOST_FILLED => theme.fill,
            Stacking::None => 0.0,
        };
        // In a stack each line lies on the area above it; otherwise the first series is in front.
        let order: Vec<&Line> =
            if stacked { self.lines.iter().collect() } else { self.lines.iter().rev().collect() };
        let spots: Vec<(&Line, Vec<Vec<Spot>>)> = order
            .into_iter()
            .map(|line| {
                let thinned = line.runs.iter().map(|run| thin(run, &self.layout, self.surface.scale));
                (line, thinned.collect())
            })
            .collect();
        if fill > 0.0 {
            for (line, runs) in &spots {
                for run in runs {
                    pen.polygon(&area(run, self.layout.plot), theme.palette_color(line.ink.color), fill)?;
                }
            }
        }
        for (line, runs) in &spots {
            let color = theme.palette_color(line.ink.color);
            for run in runs {
                self.draw_run(pen, run, color, line.ink.stroke)?;
            }
        }
        Ok(())
    }

    fn draw_run<DB: DrawingBackend>(
        &self,
        pen: &mut Pen<'_, DB>,
        run: &[Spot],
        color: Color,
        stroke: Stroke,
    ) -> Result<(), DrawError<DB>> {
        let plot = self.layout.plot;
        if let [only] = run {
            // A line needs two ends; one sample is a dot.
            let y = only.high.clamp(plot.top, plot.bottom());
            return if plot.contains(only.x, y) { pen.dot((only.x, y), 2.0, color, 1.0) } else { Ok(()) };
        }
        for line in lines(run, plot) {
            match stroke {
                Stroke::Solid => pen.polyline(&line, Theme::LINE_WIDTH, color, 1.0)?,
                Stroke::Dashed => pen.dashed(&line, Theme::LINE_WIDTH, color, 1.0)?,
                Stroke::Faded => pen.polyline(&line, Theme::LINE_WIDTH, color, FADED)?,
            }
        }
        Ok(())
    }

    fn draw_thresholds<DB: DrawingBackend>(
        &self,
        pen: &mut Pen<'_, DB>,
        words: &mut Words<'_>,
    ) -> Result<(), DrawError<DB>> {
        let (plot, theme) = (self.layout.plot, words.theme);
        for threshold in &self.thresholds {
            let y = self.layout.y_unclamped(threshold.value);
            if !(plot.top..=plot.bottom()).contains(&y) {
                continue;
            }
            let color = match threshold.severity {
                Severity::Warning => theme.warning,
                Severity::Critical => theme.critical,
                Severity::Neutral => theme.text,
            };
            pen.dashed_horizontal((plot.left, plot.right()), y, color)?;
            // The words lie on the line, or below it where there is no room above.
            let middle = if y - plot.top >= 14.0 { y - 7.0 } else { y + 8.0 };
            let end = (plot.right() - 4.0, middle);
            words.draw(pen, &threshold.label, end, Align::End, color)?;
        }
        Ok(())
    }

    fn draw_annotations<DB: DrawingBackend>(
        &self,
        pen: &mut Pen<'_, DB>,
        words: &mut Words<'_>,
    ) -> Result<(), DrawError<DB>> {
        let (plot, theme) = (self.layout.plot, words.theme);
        for annotation in self.annotations.iter().filter(|one| self.layout.range.contains(one.at_ms)) {
            let x = self.layout.x(annotation.at_ms);
            let color = match annotation.kind {
                AnnotationKind::Event => theme.annotation,
                AnnotationKind::Fault => theme.critical,
            };
            if annotation.kind == AnnotationKind::Event {
                pen.dashed_vertical(x, (plot.top, plot.bottom()), color)?;
            }
            let (middle, foot) = (x + 0.5, plot.bottom() + 1.0);
            pen.polygon(&[(middle - 4.0, foot), (middle + 4.0, foot), (middle, foot - 6.0)], color, 1.0)?;
            let width = words.text.width(&annotation.label, Theme::TICK_SIZE);
            let (at, align) = if x + width + 12.0 > plot.right() {
                ((x - 4.0, plot.top + 7.0), Align::End)
            } else {
                ((x + 5.0, plot.top + 7.0), Align::Start)
            };
            words.draw(pen, &annotation.label, at, align, color)?;
        }
        Ok(())
    }

    fn draw_labels<DB: DrawingBackend>(
        &self,
        pen: &mut Pen<'_, DB>,
        theme: &Theme,
    ) -> Result<(), DrawError<DB>> {
        let plot = self.layout.plot;
        for tick in &self.axis.ticks {
            let at = (plot.left - super::LABEL_GAP, self.layout.y(tick.value) + 0.5);
            pen.text(&tick.label, at, Align::End, theme.axis, &theme.font)?;
        }
        for label in &self.time_labels {
            let at = (label.x, plot.bottom() + 11.0);
            pen.text(&label.label, at, Align::Middle, theme.axis, &theme.font)?;
        }
        Ok(())
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
    fn draw<DB: DrawingBackend>(
        &mut self,
        pen: &mut Pen<'_, DB>,
        words: &str,
        (x, mut y): (f64, f64),
        align: Align,
        color: Color,
    ) -> Result<(), DrawError<DB>> {
        if words.is_empty() {
            return Ok(());
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
        pen.rect(
            (ground.left, ground.top),
            (ground.right(), ground.bottom()),
            self.theme.surface,
            WORD_GROUND,
        )?;
        pen.text(words, (x, y), align, color, &self.theme.font)
    }
}

fn overlap(a: &Rect, b: &Rect) -> bool {
    a.left < b.right() && b.left < a.right() && a.top < b.bottom() && b.top < a.bottom()
}
