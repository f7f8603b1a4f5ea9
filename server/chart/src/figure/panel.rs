//! A figure with what a page has around it: frame, title, legend. For pictures that stand alone, and for whole dashboards.

use super::legend::{Legend, LegendForm, LegendPlace, LegendRow};
use super::{Figure, View};
use crate::fit::cut;
use crate::layout::Rect;
use crate::palette::Stroke;
use crate::scene::{Align, Scene, Surface, Type};
use crate::text::MeasureText;
use crate::theme::Theme;

/// Height of a title.
const TITLE: f64 = 30.0;
/// Space around what is drawn.
const PAD: f64 = 10.0;
/// Height of a legend's row.
const ROW: f64 = 18.0;
/// The most of a panel's height, or width, that its legend takes.
const SHARE: f64 = 0.35;
/// A panel lower than this has no room for a legend.
const LEAST: f64 = 110.0;
/// A panel narrower than this has its legend below.
const BESIDE: f64 = 320.0;
/// Space between the names of a list.
const BETWEEN: f64 = 14.0;
/// Width of a swatch and of the space behind it.
const SWATCH: f64 = 14.0;

impl Figure {
    /// The panel with its title and legend, as large as `surface`. `framed` is whether it has a ground and a border of its own.
    pub fn panel(
        &self,
        surface: Surface,
        framed: bool,
        view: &View<'_>,
        theme: &Theme,
        text: &dyn MeasureText,
    ) -> Scene {
        let mut scene = Scene::default();
        let whole = surface.rect();
        if framed {
            scene.fill_rect(whole, theme.surface, 1.0);
            scene.frame(whole, theme.line);
        }
        let title = if self.title.trim().is_empty() { 6.0 } else { TITLE };
        let words = cut(&self.title, whole.width - 2.0 * PAD, Type::TITLE, text);
        scene.words(&words, (PAD, TITLE / 2.0 + 2.0), Align::Start, theme.strong, Type::TITLE);
        let mut body = Rect {
            left: PAD,
            top: title,
            width: (whole.width - 2.0 * PAD).max(1.0),
            height: (whole.height - title - 6.0).max(1.0),
        };
        let legend =
            self.legend(view.hidden).filter(|legend| !legend.rows.is_empty() && whole.height >= LEAST);
        if let Some(legend) = legend.map(|legend| fitting(legend, body)) {
            let (picture, place) = split(&legend, body, text);
            draw(&legend, &mut scene, place, theme, text);
            body = picture;
        }
        let inner = Surface { width: body.width.floor(), height: body.height.floor(), ..surface };
        let picture = self.prepare(inner, view, theme, text);
        scene.put(picture.scene(), (body.left.round(), body.top.round()));
        scene
    }
}

/// The legend, as a list without numbers where it has no room for a table.
fn fitting(mut legend: Legend, body: Rect) -> Legend {
    let beside = legend.place == LegendPlace::Right && body.width >= BESIDE;
    let room = (body.height * SHARE / ROW).floor();
    if !beside && legend.form == LegendForm::Table && room < 3.0 && legend.rows.len() as f64 + 1.0 > room {
        legend.form = LegendForm::List;
        legend.calculations.clear();
        legend.rows.iter_mut().for_each(|row| row.values.clear());
    }
    if !beside {
        legend.place = LegendPlace::Bottom;
    }
    legend
}

/// Room for the picture and for its legend.
fn split(legend: &Legend, body: Rect, text: &dyn MeasureText) -> (Rect, Rect) {
    if legend.place == LegendPlace::Right {
        let names = legend.rows.iter().map(|row| text.width(&row.name, 12.0)).fold(0.0, f64::max);
        let values: f64 = columns(legend, text).iter().sum();
        let wanted = legend.width.unwrap_or(names + values + SWATCH + 10.0);
        let width = wanted.min(body.width * (SHARE + 0.1)).max(80.0).round();
        let place = Rect { left: body.right() - width, width, ..body };
        return (Rect { width: body.width - width - PAD, ..body }, place);
    }
    let rows = match legend.form {
        LegendForm::Table => legend.rows.len() + usize::from(!legend.calculations.is_empty()),
        LegendForm::List => lines(legend, body.width, text),
    };
    let most = ((body.height * SHARE) / ROW).floor().max(1.0) as usize;
    let height = rows.min(most) as f64 * ROW + 4.0;
    let place = Rect { top: body.bottom() - height + 4.0, height: height - 4.0, ..body };
    (Rect { height: (body.height - height).max(1.0), ..body }, place)
}

/// Width of each column of values.
fn columns(legend: &Legend, text: &dyn MeasureText) -> Vec<f64> {
    let width = |at: usize, title: &str| {
        let values = legend.rows.iter().filter_map(|row| row.values.get(at));
        let widest = values.map(|value| text.width(value, 12.0)).fold(0.0, f64::max);
        widest.max(text.width(title, 11.0)) + 12.0
    };
    legend.calculations.iter().enumerate().map(|(at, one)| width(at, &one.title)).collect()
}

/// What stands in a list for a row: its name and its values.
fn entry(row: &LegendRow) -> (String, String) {
    (row.name.clone(), row.values.join("  "))
}

fn entry_width(row: &LegendRow, most: f64, text: &dyn MeasureText) -> f64 {
    let (name, values) = entry(row);
    let values = if values.is_empty() { 0.0 } else { text.width(&values, 12.0) * 1.06 + 6.0 };
    (SWATCH + text.width(&name, 12.0) + values + BETWEEN).min(most)
}

/// How many lines the list needs.
fn lines(legend: &Legend, width: f64, text: &dyn MeasureText) -> usize {
    let mut lines = 1;
    let mut x = 0.0;
    for row in legend.rows.iter().take(500) {
        let own = entry_width(row, width, text);
        if x > 0.0 && x + own > width {
            lines += 1;
            x = 0.0;
        }
        x += own;
    }
    lines
}

fn draw(legend: &Legend, scene: &mut Scene, place: Rect, theme: &Theme, text: &dyn MeasureText) {
    match legend.form {
        LegendForm::List if legend.place == LegendPlace::Bottom => list(legend, scene, place, theme, text),
        _ => table(legend, scene, place, theme, text),
    }
}

fn list(legend: &Legend, scene: &mut Scene, place: Rect, theme: &Theme, text: &dyn MeasureText) {
    let (mut x, mut y) = (place.left, place.top + ROW / 2.0);
    for (at, row) in legend.rows.iter().enumerate() {
        let own = entry_width(row, place.width, text);
        if x > place.left && x + own > place.right() + BETWEEN {
            (x, y) = (place.left, y + ROW);
        }
        let last_line = y + ROW > place.bottom() + 1.0;
        let rest = legend.rows.len() - at;
        let next = legend.rows.get(at + 1).map_or(0.0, |row| entry_width(row, place.width, text));
        if y > place.bottom()
            || (last_line && rest > 1 && x + own + next > place.right() + BETWEEN && x > place.left)
        {
            scene.words(
                &format!("+ {rest}"),
                (x, y.min(place.bottom() - ROW / 2.0)),
                Align::Start,
                theme.text,
                Type::BODY,
            );
            return;
        }
        swatch(scene, row, (x, y), theme);
        let (name, values) = entry(row);
        let value_width = if values.is_empty() { 0.0 } else { text.width(&values, 12.0) * 1.06 + 6.0 };
        let name = cut(&name, own - SWATCH - BETWEEN - value_width, Type::BODY, text);
        let color = if row.hidden { theme.text } else { theme.soft };
        scene.words(&name, (x + SWATCH, y), Align::Start, color, Type::BODY);
        let after = x + SWATCH + text.width(&name, 12.0) + 6.0;
        scene.words(&values, (after, y), Align::Start, theme.strong, Type::strong(12.0));
        x += own;
    }
}

fn table(legend: &Legend, scene: &mut Scene, place: Rect, theme: &Theme, text: &dyn MeasureText) {
    let columns = columns(legend, text);
    // Columns that leave no room for names go, the last first.
    let mut shown = columns.len();
    while shown > 0 && columns.iter().take(shown).sum::<f64>() > place.width * 0.7 {
        shown -= 1;
    }
    let widths: f64 = columns.iter().take(shown).sum();
    let mut y = place.top + ROW / 2.0;
    let ends: Vec<f64> = columns
        .iter()
        .take(shown)
        .scan(place.right() - widths, |x, width| {
            *x += width;
            Some(*x)
        })
        .collect();
    if shown > 0 {
        for (one, end) in legend.calculations.iter().zip(&ends) {
            scene.words(&one.title, (*end, y), Align::End, theme.text, Type::plain(11.0));
        }
        y += ROW;
    }
    let room = ((place.bottom() - y + ROW / 2.0) / ROW).floor().max(0.0) as usize;
    let rows = if legend.rows.len() > room { room.saturating_sub(1) } else { legend.rows.len() };
    for row in legend.rows.iter().take(rows) {
        swatch(scene, row, (place.left, y), theme);
        let name = cut(&row.name, place.width - widths - SWATCH - 4.0, Type::BODY, text);
        let color = if row.hidden { theme.text } else { theme.soft };
        scene.words(&name, (place.left + SWATCH, y), Align::Start, color, Type::BODY);
        for (value, end) in row.values.iter().zip(&ends) {
            scene.words(value, (*end, y), Align::End, theme.strong, Type::BODY);
        }
        y += ROW;
    }
    if rows < legend.rows.len() {
        let words = format!("+ {}", legend.rows.len() - rows);
        scene.words(
            &words,
            (place.left + SWATCH, y.min(place.bottom() - 4.0)),
            Align::Start,
            theme.text,
            Type::BODY,
        );
    }
}

fn swatch(scene: &mut Scene, row: &LegendRow, (x, y): (f64, f64), theme: &Theme) {
    let (color, opacity) = row.paint.color(theme);
    let opacity = if row.hidden || row.stroke == Stroke::Faded { opacity * 0.45 } else { opacity };
    let line = [(x, y), (x + 9.0, y)];
    match row.stroke {
        Stroke::Dashed => scene.dashed(&line, 3.0, (2.5, 1.5), color, opacity),
        _ => scene.polyline(&line, 3.0, color, opacity),
    }
}
