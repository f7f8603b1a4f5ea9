//! Stats: large numbers, each with a name, a colour and the curve that it comes from.

use crowsnest_dashboards::json;
use crowsnest_dashboards::model::Panel;

use super::cells::{Orientation, cells};
use super::picture::{Drawn, Place, Spot};
use super::tip::{Tip, TipRow};
use super::value::Single;
use crate::data::TimeRange;
use crate::fit::{cut, size_for};
use crate::layout::Rect;
use crate::paint::Paint;
use crate::scene::{Align, Scene, Surface, Type};
use crate::spark::{Spark, SparkLines};
use crate::text::MeasureText;
use crate::theme::{Color, Theme};

/// A suffix is smaller than its number by this.
const SUFFIX: f64 = 0.55;
/// A place lower than this has no room for two lines.
const LOW: f64 = 46.0;
/// Space around the contents of a place.
const PAD: f64 = 8.0;

/// A panel of large numbers.
#[derive(Clone, Debug)]
pub(super) struct Stats {
    pub(super) values: Vec<Single>,
    pub(super) total: usize,
    ground: bool,
    coloured: bool,
    curves: bool,
    names: bool,
    numbers: bool,
    centered: bool,
    orientation: Orientation,
    value_size: Option<f64>,
    name_size: Option<f64>,
}

impl Stats {
    pub(super) fn read(panel: &Panel, (values, total): (Vec<Single>, usize)) -> Self {
        let text = |path: &str| json::text(&panel.options, path).unwrap_or_default();
        let mode = text("colorMode");
        let (names, numbers) = match text("textMode").as_str() {
            "value" => (false, true),
            "value_and_name" => (true, true),
            "name" => (true, false),
            "none" => (false, false),
            _ => (total > 1, true),
        };
        let size = |path: &str| {
            json::number(&panel.options, path).filter(|size| *size >= 1.0).map(|size| size.min(200.0))
        };
        Self {
            values,
            total,
            ground: mode.starts_with("background"),
            coloured: mode != "none",
            curves: text("graphMode") != "none",
            names,
            numbers,
            centered: text("justifyMode") == "center",
            orientation: Orientation::read(&panel.options),
            value_size: size("text.valueSize"),
            name_size: size("text.titleSize"),
        }
    }

    pub(super) fn draw(
        &self,
        surface: Surface,
        range: TimeRange,
        theme: &Theme,
        text: &dyn MeasureText,
    ) -> Drawn {
        let mut drawn = Drawn::default();
        let room = if self.ground { surface.rect() } else { surface.rect().inset(2.0) };
        let places = cells(self.values.len(), room, self.orientation, 2.4, (56.0, 26.0));
        // All numbers of a panel have one size: the smallest that one of them needs.
        let sizes = places.iter().zip(&self.values).map(|(place, value)| self.size(value, *place, text));
        let size = sizes.fold(f64::INFINITY, f64::min).min(self.value_size.unwrap_or(f64::INFINITY));
        for (place, value) in places.iter().zip(&self.values) {
            self.one(&mut drawn.scene, value, *place, size, range, theme, text);
            drawn.spots.push(spot(*place, value));
        }
        more(&mut drawn.scene, self.total, places.len(), surface, theme);
        drawn
    }

    /// The largest size of a value in its place.
    fn size(&self, value: &Single, place: Rect, text: &dyn MeasureText) -> f64 {
        let words = format!("{}{}", value.text, value.suffix);
        let shown = if self.numbers { words.as_str() } else { value.name.as_str() };
        let name = if self.names && self.numbers { 18.0 } else { 0.0 };
        let height = (place.height - name - 2.0 * PAD).max(12.0);
        let height = if self.has_curve(value) { height * 0.5 } else { height * 0.7 };
        size_for(shown, (place.width - 2.0 * PAD - 2.0, height), (9.0, 54.0), text) * 0.96
    }

    fn has_curve(&self, value: &Single) -> bool {
        self.curves && value.curve.len() > 1
    }

    #[expect(clippy::too_many_arguments, reason = "a value is drawn by all of this")]
    fn one(
        &self,
        scene: &mut Scene,
        value: &Single,
        place: Rect,
        size: f64,
        range: TimeRange,
        theme: &Theme,
        text: &dyn MeasureText,
    ) {
        let paint = if value.is_null { Paint::Muted } else { value.paint };
        let filled = self.ground && !matches!(paint, Paint::Muted | Paint::Transparent);
        let ground = if filled {
            let (color, opacity) = paint.color(theme);
            scene.fill_rect(place, color, opacity);
            theme.surface.mix(color, opacity)
        } else {
            theme.surface
        };
        let quiet = if filled { ground.ink() } else { theme.soft };
        let color = match self.coloured {
            _ if filled => ground.ink(),
            _ if value.is_null => theme.text,
            true => paint.readable(ground, theme),
            false => theme.strong,
        };
        let has_curve = self.has_curve(value) && place.height >= 56.0;
        if has_curve {
            let height = (place.height * 0.36).min(70.0);
            let box_ = Rect { top: place.bottom() - height, height, ..place };
            let line = if filled { ground.ink() } else { paint.color(theme).0 };
            curve(scene, &value.curve, box_, range, line, theme);
        }
        if self.names && self.numbers && place.height < LOW {
            // A low place has name and number beside each other.
            let letters = Type::plain(12.0);
            let half = (place.width - 3.0 * PAD) / 2.0;
            let (name, y) = (cut(&value.name, half, letters, text), place.center().1);
            scene.words(&name, (place.left + PAD, y), Align::Start, quiet, letters);
            let size = size.max(13.0).min(place.height * 0.6);
            number(scene, value, (place.right() - PAD, y), Align::End, size, half, (color, quiet), text);
            return;
        }
        let name_size = self.name_size.unwrap_or(12.0).min(place.height * 0.4);
        let stacked = self.names && self.numbers;
        let wanted = size * 1.1 + if stacked { name_size + 6.0 } else { 0.0 };
        let free = if has_curve { place.height * 0.66 } else { place.height };
        let top = place.top + ((free - wanted) / 2.0).max(0.0);
        let (x, align) = if self.centered || place.width < 90.0 {
            (place.center().0, Align::Middle)
        } else {
            (place.left + PAD, Align::Start)
        };
        let room = place.width - 2.0 * PAD;
        if self.names {
            let letters = if self.numbers { Type::plain(name_size) } else { Type::strong(size) };
            let y = top + letters.size * 0.6;
            scene.words(
                &cut(&value.name, room, letters, text),
                (x, y),
                align,
                if self.numbers { quiet } else { color },
                letters,
            );
        }
        if self.numbers {
            let y = top + size * 0.56 + if stacked { name_size + 6.0 } else { 0.0 };
            number(scene, value, (x, y), align, size, room, (color, quiet), text);
        }
    }
}

/// A number with its smaller unit.
#[expect(clippy::too_many_arguments, reason = "a number is drawn by all of this")]
pub(super) fn number(
    scene: &mut Scene,
    value: &Single,
    (x, y): (f64, f64),
    align: Align,
    size: f64,
    room: f64,
    (color, quiet): (Color, Color),
    text: &dyn MeasureText,
) {
    let big = Type::strong(size);
    let small = Type::plain((size * SUFFIX).max(9.0));
    let suffix =
        if value.suffix.is_empty() { 0.0 } else { text.width(&value.suffix, small.size) + size * 0.08 };
    let words = cut(&value.text, (room - suffix).max(8.0), big, text);
    // Heavy letters are a little wider than those that are measured.
    let width = text.width(&words, size) * 1.06;
    let left = match align {
        Align::Start => x,
        Align::Middle => x - (width + suffix) / 2.0,
        Align::End => x - width - suffix,
    };
    scene.words(&words, (left, y), Align::Start, color, big);
    let sunk = (size - small.size) * 0.3;
    scene.words(&value.suffix, (left + width + size * 0.08, y + sunk), Align::Start, quiet, small);
}

/// A curve and its area in a box.
pub(super) fn curve(
    scene: &mut Scene,
    points: &[(i64, f64)],
    place: Rect,
    range: TimeRange,
    color: Color,
    theme: &Theme,
) {
    let spark = Spark { points, range, limit: None, from_zero: false };
    let SparkLines { lines, areas } = spark.lines(place.width, place.height);
    let moved = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
        points.iter().map(|(x, y)| (x + place.left, y + place.top)).collect()
    };
    for area in areas {
        scene.polygon(&moved(&area), color, theme.fill);
    }
    for line in lines {
        scene.polyline(&moved(&line), Theme::LINE_WIDTH, color, 1.0);
    }
}

/// What a tooltip says of a value.
pub(super) fn spot(place: Rect, value: &Single) -> Spot {
    let text =
        if value.suffix.is_empty() { value.text.clone() } else { format!("{} {}", value.text, value.suffix) };
    let row = TipRow {
        name: value.name.clone(),
        value: text,
        paint: value.paint,
        nearest: true,
        links: value.links.clone(),
    };
    let tip = Tip {
        head: String::new(),
        x: place.center().0,
        y: Some(place.top),
        rows: vec![row],
        ..Tip::default()
    };
    Spot { place: Place::Rect(place), tip }
}

/// Says how many values there was no room for.
pub(super) fn more(scene: &mut Scene, total: usize, shown: usize, surface: Surface, theme: &Theme) {
    if total > shown {
        let words = format!("+ {}", total - shown);
        scene.text(&words, (surface.width - 4.0, surface.height - 7.0), Align::End, theme.text);
    }
}
