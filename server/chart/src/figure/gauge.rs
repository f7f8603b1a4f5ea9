//! Gauges: dials whose thresholds are a ring outside the value.

use crowsnest_dashboards::json;
use crowsnest_dashboards::model::Panel;

use super::cells::{Orientation, cells};
use super::picture::Drawn;
use super::stat::{more, number, spot};
use super::value::Single;
use crate::arc::ring;
use crate::fit::{cut, size_for};
use crate::layout::Rect;
use crate::scene::{Align, Scene, Surface, Type};
use crate::text::MeasureText;
use crate::theme::Theme;

/// Where a dial begins and ends, in turns from above.
const FROM: f64 = -0.30;
const TO: f64 = 0.30;
/// How far its ends reach below the middle, as a share of its radius.
const BELOW: f64 = 0.32;
/// Width of the value's band as a share of the radius.
const BAND: f64 = 0.17;

/// A panel of dials.
#[derive(Clone, Debug)]
pub(super) struct Gauges {
    pub(super) values: Vec<Single>,
    pub(super) total: usize,
    markers: bool,
    orientation: Orientation,
}

impl Gauges {
    pub(super) fn read(panel: &Panel, (values, total): (Vec<Single>, usize)) -> Self {
        let markers = panel.options.get("showThresholdMarkers");
        Self {
            values,
            total,
            markers: markers.is_none_or(|_| json::flag(&panel.options, "showThresholdMarkers")),
            orientation: Orientation::read(&panel.options),
        }
    }

    pub(super) fn draw(&self, surface: Surface, theme: &Theme, text: &dyn MeasureText) -> Drawn {
        let mut drawn = Drawn::default();
        let room = surface.rect().inset(4.0);
        let places = cells(self.values.len(), room, self.orientation, 1.5, (60.0, 44.0));
        for (place, value) in places.iter().zip(&self.values) {
            self.dial(&mut drawn.scene, value, *place, self.values.len() > 1, theme, text);
            drawn.spots.push(spot(*place, value));
        }
        more(&mut drawn.scene, self.total, places.len(), surface, theme);
        drawn
    }

    fn dial(
        &self,
        scene: &mut Scene,
        value: &Single,
        place: Rect,
        named: bool,
        theme: &Theme,
        text: &dyn MeasureText,
    ) {
        let name = if named && place.height > 60.0 { 18.0 } else { 0.0 };
        let height = place.height - name - 4.0;
        let radius = (place.width / 2.0 - 4.0).min(height / (1.0 + BELOW)).max(8.0);
        let free = (height - radius * (1.0 + BELOW)).max(0.0);
        let center = (place.center().0, place.top + 2.0 + free / 2.0 + radius);
        let marks = self.markers && value.steps.len() > 1;
        let outer = if marks { radius - 6.0 } else { radius };
        let band = (outer * BAND).max(4.0);
        let turn = |share: f64| FROM + (TO - FROM) * share.clamp(0.0, 1.0);
        scene.polygon(&ring(center, (outer - band, outer), (FROM, TO)), theme.track, 1.0);
        if value.number.is_some() {
            let (color, opacity) = value.paint.color(theme);
            let filled = ring(center, (outer - band, outer), (FROM, turn(value.share).max(FROM + 0.004)));
            scene.polygon(&filled, color, opacity);
        }
        if marks {
            for (at, (share, paint)) in value.steps.iter().enumerate() {
                let from = if at == 0 { 0.0 } else { *share };
                let to = value.steps.get(at + 1).map_or(1.0, |step| step.0);
                let (color, opacity) = paint.color(theme);
                // A hair of space tells neighbours apart.
                let gap = if to < 1.0 { 0.004 } else { 0.0 };
                scene.polygon(
                    &ring(center, (radius - 2.5, radius), (turn(from), turn(to) - gap)),
                    color,
                    opacity,
                );
            }
        }
        let room = (outer - band) * 1.75;
        let words = format!("{}{}", value.text, value.suffix);
        let size = size_for(&words, (room, radius * 0.5), (8.0, 44.0), text);
        let colors = if value.is_null { (theme.text, theme.text) } else { (theme.strong, theme.soft) };
        number(scene, value, (center.0, center.1 + size * 0.05), Align::Middle, size, room, colors, text);
        if named && name > 0.0 {
            let words = cut(&value.name, place.width - 4.0, Type::BODY, text);
            scene.words(&words, (center.0, place.bottom() - 8.0), Align::Middle, theme.soft, Type::BODY);
        }
    }
}
