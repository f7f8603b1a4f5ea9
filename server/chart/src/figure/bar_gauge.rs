//! Bar gauges: a bar a value, plain, graded, or of lights.

use crowsnest_dashboards::json;
use crowsnest_dashboards::model::Panel;

use super::cells::{Orientation, cells};
use super::picture::Drawn;
use super::stat::{more, spot};
use super::value::{RAMP, Single};
use crate::fit::cut;
use crate::layout::Rect;
use crate::scene::{Align, Scene, Surface, Type};
use crate::text::MeasureText;
use crate::theme::Theme;

/// Length of a light and of the dark between two, CSS pixels.
const LIGHT: (f64, f64) = (6.0, 2.0);
/// The most of a row that its name takes.
const NAME: f64 = 0.34;
/// The thickest bar.
const THICKEST: f64 = 34.0;

/// A panel of bars.
#[derive(Clone, Debug)]
pub(super) struct BarGauges {
    pub(super) values: Vec<Single>,
    pub(super) total: usize,
    form: Form,
    horizontal: bool,
    unfilled: bool,
    value_colour: bool,
    hide_value: bool,
    hide_name: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    Graded,
    Lights,
}

impl BarGauges {
    pub(super) fn read(panel: &Panel, (values, total): (Vec<Single>, usize)) -> Self {
        let text = |path: &str| json::text(&panel.options, path).unwrap_or_default();
        Self {
            values,
            total,
            form: match text("displayMode").as_str() {
                "lcd" => Form::Lights,
                "basic" => Form::Plain,
                _ => Form::Graded,
            },
            horizontal: Orientation::read(&panel.options) == Orientation::Horizontal,
            unfilled: panel
                .options
                .get("showUnfilled")
                .is_none_or(|_| json::flag(&panel.options, "showUnfilled")),
            value_colour: text("valueMode") != "text",
            hide_value: text("valueMode") == "hidden",
            hide_name: text("namePlacement") == "hidden",
        }
    }

    pub(super) fn draw(&self, surface: Surface, theme: &Theme, text: &dyn MeasureText) -> Drawn {
        let mut drawn = Drawn::default();
        let room = surface.rect().inset(2.0);
        // Without a wish, many values and wide panels have rows, which names fit into.
        let horizontal = self.horizontal || (self.values.len() as f64) * 48.0 > room.width;
        let (orientation, least) = match horizontal {
            true => (Orientation::Horizontal, (40.0, 16.0)),
            false => (Orientation::Vertical, (26.0, 40.0)),
        };
        let places = cells(self.values.len(), room, orientation, 1.0, least);
        let widest = |of: fn(&Single) -> String| {
            let texts = self.values.iter().take(places.len()).map(of);
            texts.map(|words| text.width(&words, 12.0)).fold(0.0, f64::max)
        };
        let (name, value) = (widest(|value| value.name.clone()), widest(written) * 1.08);
        let name = if self.hide_name || (self.values.len() == 1 && self.total == 1) { 0.0 } else { name };
        let value = if self.hide_value { 0.0 } else { value };
        for (place, one) in places.iter().zip(&self.values) {
            if horizontal {
                self.row(&mut drawn.scene, one, *place, (name, value), theme, text);
            } else {
                self.column(&mut drawn.scene, one, *place, name > 0.0, theme, text);
            }
            drawn.spots.push(spot(*place, one));
        }
        more(&mut drawn.scene, self.total, places.len(), surface, theme);
        drawn
    }

    fn row(
        &self,
        scene: &mut Scene,
        one: &Single,
        place: Rect,
        (name, value): (f64, f64),
        theme: &Theme,
        text: &dyn MeasureText,
    ) {
        let name = if name > 0.0 { (name + 10.0).min(place.width * NAME) } else { 0.0 };
        let value = if value > 0.0 { (value + 10.0).min(place.width * 0.4) } else { 0.0 };
        let middle = place.center().1;
        if name > 0.0 {
            let words = cut(&one.name, name - 8.0, Type::BODY, text);
            scene.words(&words, (place.left, middle), Align::Start, theme.soft, Type::BODY);
        }
        let thick = place.height.min(THICKEST) * 0.8;
        let bar = Rect {
            left: place.left + name,
            top: middle - thick / 2.0,
            width: (place.width - name - value).max(4.0),
            height: thick,
        };
        self.bar(scene, one, bar, Way::Right, theme);
        if value > 0.0 {
            let words = cut(&written(one), value, Type::strong(12.0), text);
            let color = self.value_color(one, theme);
            scene.words(&words, (place.right(), middle), Align::End, color, Type::strong(12.0));
        }
    }

    fn column(
        &self,
        scene: &mut Scene,
        one: &Single,
        place: Rect,
        named: bool,
        theme: &Theme,
        text: &dyn MeasureText,
    ) {
        let (head, foot) = (if self.hide_value { 0.0 } else { 18.0 }, if named { 18.0 } else { 0.0 });
        let thick = place.width.min(96.0);
        let bar = Rect {
            left: place.center().0 - thick / 2.0,
            top: place.top + head,
            width: thick,
            height: (place.height - head - foot).max(4.0),
        };
        self.bar(scene, one, bar, Way::Up, theme);
        if head > 0.0 {
            let words = cut(&written(one), place.width, Type::strong(12.0), text);
            let color = self.value_color(one, theme);
            scene.words(
                &words,
                (place.center().0, place.top + 8.0),
                Align::Middle,
                color,
                Type::strong(12.0),
            );
        }
        if named {
            let words = cut(&one.name, place.width, Type::plain(11.0), text);
            scene.words(
                &words,
                (place.center().0, place.bottom() - 8.0),
                Align::Middle,
                theme.soft,
                Type::plain(11.0),
            );
        }
    }

    fn value_color(&self, one: &Single, theme: &Theme) -> crate::theme::Color {
        match (one.is_null, self.value_colour) {
            (true, _) => theme.text,
            (false, true) => one.paint.readable(theme.surface, theme),
            (false, false) => theme.strong,
        }
    }

    fn bar(&self, scene: &mut Scene, one: &Single, bar: Rect, way: Way, theme: &Theme) {
        let length = way.length(bar);
        let filled = if one.number.is_some() { one.share } else { 0.0 };
        if self.form == Form::Lights {
            let count = (length / (LIGHT.0 + LIGHT.1)).floor().clamp(1.0, 400.0) as usize;
            for light in 0..count {
                let share = (light as f64 + 0.5) / count as f64;
                let paint = one.ramp.get((share * RAMP as f64) as usize).copied().unwrap_or(one.paint);
                let is_on = share <= filled;
                if !is_on && !self.unfilled {
                    break;
                }
                let from = light as f64 / count as f64;
                let to = from + LIGHT.0 / (LIGHT.0 + LIGHT.1) / count as f64;
                let (color, opacity) = paint.color(theme);
                let color = if is_on { color } else { theme.track.mix(color, 0.18) };
                scene.fill_rect(way.part(bar, from, to), color, opacity);
            }
            return;
        }
        if self.unfilled {
            scene.fill_rect(bar, theme.track, 1.0);
        }
        let (color, opacity) = one.paint.color(theme);
        match self.form {
            Form::Graded => {
                for piece in 0..RAMP {
                    let (from, to) =
                        (piece as f64 / RAMP as f64, ((piece + 1) as f64 / RAMP as f64).min(filled));
                    if to > from {
                        let (color, opacity) = one.ramp.get(piece).copied().unwrap_or(one.paint).color(theme);
                        scene.fill_rect(way.part(bar, from, to), color, opacity * 0.85);
                    }
                }
            }
            _ => scene.fill_rect(way.part(bar, 0.0, filled), color, opacity * 0.85),
        }
        // The end is seen however short the bar is.
        if filled > 0.0 {
            let edge = 2.0 / length.max(2.0);
            scene.fill_rect(way.part(bar, (filled - edge).max(0.0), filled), color, opacity);
        }
    }
}

/// Which way a bar grows.
#[derive(Clone, Copy)]
enum Way {
    Right,
    Up,
}

impl Way {
    fn length(self, bar: Rect) -> f64 {
        match self {
            Self::Right => bar.width,
            Self::Up => bar.height,
        }
    }

    fn part(self, bar: Rect, from: f64, to: f64) -> Rect {
        match self {
            Self::Right => Rect { left: bar.left + bar.width * from, width: bar.width * (to - from), ..bar },
            Self::Up => Rect { top: bar.bottom() - bar.height * to, height: bar.height * (to - from), ..bar },
        }
    }
}

fn written(one: &Single) -> String {
    if one.suffix.is_empty() { one.text.clone() } else { format!("{} {}", one.text, one.suffix) }
}
