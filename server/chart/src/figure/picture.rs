//! A figure at a size: what is drawn, and what lies where.

use crowsnest_dashboards::pattern::Engine;
use plotters_backend::DrawingBackend;

use super::times::TimeAxis;
use super::tip::{Tip, TipMark};
use super::{Figure, Shape, View};
use crate::axis::instant_text;
use crate::chart::Chart;
use crate::hover::Marker;
use crate::layout::Rect;
use crate::paint::Paint;
use crate::scene::{Align, DrawError, Scene, Surface, Type};
use crate::spec::{Annotation, AnnotationKind};
use crate::text::MeasureText;
use crate::theme::Theme;

/// More marks than that in one tooltip hide the picture.
const MOST_MARKS: usize = 8;

/// A figure at a size.
#[derive(Clone, Debug)]
pub struct Picture {
    surface: Surface,
    scene: Scene,
    chart: Option<Chart>,
    spots: Vec<Spot>,
    times: Option<TimeAxis>,
    utc_offset_minutes: i32,
}

/// A place and what a tooltip says there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spot {
    pub(super) place: Place,
    pub(super) tip: Tip,
}

/// A place of a picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// A rectangle.
    Rect(Rect),
    /// A slice of a ring, by its angles in turns from above, clockwise.
    Slice { center: (f64, f64), radii: (f64, f64), turns: (f64, f64) },
}

impl Place {
    fn holds(&self, x: f64, y: f64) -> bool {
        match self {
            Self::Rect(rect) => rect.contains(x, y),
            Self::Slice { center, radii, turns } => {
                let (dx, dy) = (x - center.0, y - center.1);
                let distance = dx.hypot(dy);
                let turn = (dx.atan2(-dy) / std::f64::consts::TAU).rem_euclid(1.0);
                (radii.0..=radii.1).contains(&distance) && (turns.0..=turns.1).contains(&turn)
            }
        }
    }
}

/// Marks and places of a kind that has no chart.
#[derive(Clone, Debug, Default)]
pub(super) struct Drawn {
    pub(super) scene: Scene,
    pub(super) spots: Vec<Spot>,
    /// Where its horizontal axis is time.
    pub(super) times: Option<TimeAxis>,
}

/// What lies over a picture.
#[derive(Clone, Copy, Debug)]
pub enum Over {
    /// A moment (ms) that somebody points at, and the row (CSS pixels) where that is in this picture.
    Moment(i64, Option<f64>),
    /// The stretch being selected, between two columns (CSS pixels).
    Selection(f64, f64),
}

pub(super) fn prepare(
    figure: &Figure,
    surface: Surface,
    view: &View<'_>,
    theme: &Theme,
    text: &dyn MeasureText,
) -> Picture {
    let drawn = match &figure.shape {
        Shape::Series(series) => {
            let chart = series.chart(surface, view, text);
            let scene = chart.scene(theme, text);
            return Picture {
                surface,
                scene,
                chart: Some(chart),
                spots: Vec::new(),
                times: None,
                utc_offset_minutes: view.utc_offset_minutes,
            };
        }
        Shape::Stats(stats) => stats.draw(surface, view.range, theme, text),
        Shape::Gauges(gauges) => gauges.draw(surface, theme, text),
        Shape::BarGauges(bars) => bars.draw(surface, theme, text),
        Shape::Bars(bars) => bars.draw(surface, view.hidden, theme, text),
        Shape::Pie(pie) => pie.draw(surface, view.hidden, theme, text),
        Shape::Heat(heat) => heat.draw(surface, view, theme, text),
        Shape::States(states) => states.draw(surface, view, theme, text),
        Shape::Text(blocks) => super::words::draw(blocks, surface, theme, text),
        Shape::Table(table) => table.draw(surface, theme, text),
        Shape::Message(message) => sentence(&message.to_string(), surface, theme, text),
    };
    let Drawn { scene, spots, times } = drawn;
    Picture { surface, scene, chart: None, spots, times, utc_offset_minutes: view.utc_offset_minutes }
}

/// A sentence in the middle of the surface, on as many lines as it needs.
pub(super) fn sentence(words: &str, surface: Surface, theme: &Theme, text: &dyn MeasureText) -> Drawn {
    let mut drawn = Drawn::default();
    let lines = crate::fit::wrap(words, surface.width - 16.0, Type::BODY, text);
    let height = 16.0;
    let (x, middle) = surface.rect().center();
    let first = middle - height * (lines.len().saturating_sub(1)) as f64 / 2.0;
    for (at, line) in lines.iter().enumerate() {
        drawn.scene.words(line, (x, first + at as f64 * height), Align::Middle, theme.text, Type::BODY);
    }
    drawn
}

impl Picture {
    /// Draws it. The surface must be clear.
    ///
    /// # Errors
    /// What the back-end reports; a canvas reports nothing in practice.
    pub fn draw<DB: DrawingBackend>(&self, backend: &mut DB, theme: &Theme) -> Result<(), DrawError<DB>> {
        self.scene.play(backend, self.surface, &theme.font)
    }

    /// What it consists of, to be put into another picture.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// The chart that it is, where its horizontal axis is time: for crosshairs, steps from sample to sample, and zoom.
    pub fn chart(&self) -> Option<&Chart> {
        self.chart.as_ref()
    }

    /// The instant (ms) of a column (CSS pixels); `None` where the horizontal axis is not time.
    pub fn time_at(&self, x: f64) -> Option<i64> {
        let chart = self.chart.as_ref().map(|chart| chart.layout().time_at(x));
        chart.or_else(|| self.times.map(|times| times.time_at(x)))
    }

    /// What a tooltip says at a point (CSS pixels) of `figure`, which this is a picture of; `None` where there is nothing to say.
    pub fn tip(&self, figure: &Figure, x: f64, y: f64, engine: &dyn Engine) -> Option<Tip> {
        if let (Some(chart), Shape::Series(series)) = (&self.chart, &figure.shape) {
            let tip = series.tip(&chart.nearest(x, Some(y)), self.utc_offset_minutes, engine)?;
            let marks = chart.marks_at(x).take(MOST_MARKS).map(|one| self.mark(one)).collect();
            return Some(Tip { marks, ..tip });
        }
        self.spots.iter().rev().find(|spot| spot.place.holds(x, y)).map(|spot| spot.tip.clone())
    }

    fn mark(&self, one: &Annotation) -> TipMark {
        let time = |ms: i64| instant_text(ms, self.utc_offset_minutes);
        let paint = match one.kind {
            AnnotationKind::Mark(paint) => paint,
            AnnotationKind::Event => Paint::Muted,
            AnnotationKind::Fault => Paint::Critical,
        };
        let until = one.until_ms.map(|until| format!(" – {}", time(until))).unwrap_or_default();
        TipMark { when: time(one.at_ms) + &until, words: one.label.clone(), paint }
    }

    /// What a tooltip says of a moment (ms) that another chart points at.
    pub fn tip_at(&self, figure: &Figure, ms: i64, engine: &dyn Engine) -> Option<Tip> {
        let (Some(chart), Shape::Series(series)) = (&self.chart, &figure.shape) else { return None };
        series.tip(&chart.hover_at(ms, None), self.utc_offset_minutes, engine)
    }

    /// Draws what lies over the picture, on a surface of its own, which must be clear. Nothing where the horizontal axis is not time, and nothing
    /// of a moment that is not in the picture, unless the pointer is.
    ///
    /// # Errors
    /// What the back-end reports.
    pub fn draw_over<DB: DrawingBackend>(
        &self,
        backend: &mut DB,
        over: Over,
        theme: &Theme,
    ) -> Result<(), DrawError<DB>> {
        let scene = match (&self.chart, self.times, over) {
            (Some(chart), _, Over::Moment(ms, y)) if y.is_some() || chart.layout().range.contains(ms) => {
                chart.marker(Marker::Crosshair(&chart.hover_at(ms, y)), theme)
            }
            (Some(chart), _, Over::Selection(from, to)) => chart.marker(Marker::Selection(from, to), theme),
            (None, Some(times), Over::Moment(ms, _)) => times.moment(ms, theme),
            (None, Some(times), Over::Selection(from, to)) => times.selection(from, to, theme),
            _ => return Ok(()),
        };
        scene.play(backend, self.surface, &theme.font)
    }
}
