//! Pies and rings: parts of a whole.

use std::collections::BTreeSet;

use crowsnest_dashboards::json;
use crowsnest_dashboards::model::Panel;

use super::legend::{Calculation, Legend, LegendRow};
use super::picture::{Drawn, Place, Spot};
use super::tip::{Tip, TipRow};
use super::value::Single;
use crate::arc;
use crate::fit::cut;
use crate::palette::Stroke;
use crate::scene::{Align, Surface, Type};
use crate::text::MeasureText;
use crate::theme::Theme;

/// A part smaller than this has no room for words.
const LEAST_NAMED: f64 = 0.04;

/// A panel of parts.
#[derive(Clone, Debug)]
pub(super) struct Pie {
    /// The parts, in the order in which they are drawn.
    pub(super) values: Vec<Single>,
    pub(super) total: usize,
    ring: bool,
    labels: Vec<String>,
    legend: Option<Legend>,
}

impl Pie {
    pub(super) fn read(panel: &Panel, (mut values, total): (Vec<Single>, usize)) -> Self {
        let options = &panel.options;
        let size = |value: &Single| value.number.filter(|number| *number > 0.0).unwrap_or(0.0);
        match json::text(options, "sort").as_deref() {
            Some("none") => {}
            Some("asc") => values.sort_by(|a, b| size(a).total_cmp(&size(b))),
            _ => values.sort_by(|a, b| size(b).total_cmp(&size(a))),
        }
        let shown = json::texts(options, "legend.values");
        let legend = Legend::read(options).map(|mut legend| {
            let title = |id: &str| if id == "percent" { "Percent" } else { "Value" };
            let known = shown.iter().filter(|id| matches!(id.as_str(), "percent" | "value"));
            legend.calculations =
                known.map(|id| Calculation { id: id.clone(), title: title(id).to_owned() }).collect();
            legend
        });
        let labels = json::texts(options, "displayLabels");
        Self {
            values,
            total,
            ring: json::text(options, "pieType").as_deref() == Some("donut"),
            labels,
            legend,
        }
    }

    /// The parts that are not hidden with where they begin and end, in turns.
    fn slices(&self, hidden: &BTreeSet<String>) -> Vec<(&Single, f64, f64)> {
        let size = |value: &Single| value.number.filter(|number| *number > 0.0).unwrap_or(0.0).min(1e300);
        let seen: Vec<&Single> = self.values.iter().filter(|value| !hidden.contains(&value.name)).collect();
        let sum: f64 = seen.iter().map(|value| size(value) / 1e3).sum();
        let mut at = 0.0;
        let slices = seen.into_iter().map(|value| {
            let share = if sum > 0.0 { size(value) / 1e3 / sum } else { 0.0 };
            let from = at;
            at += share;
            (value, from, at)
        });
        slices.filter(|(_, from, to)| to > from).collect()
    }

    pub(super) fn legend(&self, hidden: &BTreeSet<String>) -> Option<Legend> {
        let mut legend = self.legend.clone()?;
        let slices = self.slices(hidden);
        let share =
            |name: &str| slices.iter().find(|(one, ..)| one.name == name).map(|(_, from, to)| to - from);
        let row = |value: &Single| LegendRow {
            key: value.name.clone(),
            name: value.name.clone(),
            paint: value.paint,
            stroke: Stroke::Solid,
            values: legend
                .calculations
                .iter()
                .map(|one| match one.id.as_str() {
                    "percent" => share(&value.name).map_or_else(|| "–".to_owned(), percent),
                    _ => written(value),
                })
                .collect(),
            hidden: hidden.contains(&value.name),
            right: false,
        };
        legend.rows = self.values.iter().map(row).collect();
        Some(legend)
    }

    pub(super) fn draw(
        &self,
        surface: Surface,
        hidden: &BTreeSet<String>,
        theme: &Theme,
        text: &dyn MeasureText,
    ) -> Drawn {
        let mut drawn = Drawn::default();
        let center = surface.rect().center();
        let radius = (surface.width.min(surface.height) / 2.0 - 6.0).max(4.0);
        let inner = if self.ring { radius * 0.56 } else { 0.0 };
        for (value, from, to) in self.slices(hidden) {
            let (color, opacity) = value.paint.color(theme);
            drawn.scene.polygon(&arc::ring(center, (inner, radius), (from, to)), color, opacity);
            // A line in the ground's colour tells neighbours apart, whatever their colours are.
            if to - from < 1.0 {
                for turn in [from, to] {
                    let edge = [arc::at(center, inner, turn), arc::at(center, radius, turn)];
                    drawn.scene.polyline(&edge, 1.5, theme.surface, 1.0);
                }
            }
            let words: Vec<String> = self
                .labels
                .iter()
                .map(|label| match label.as_str() {
                    "percent" => percent(to - from),
                    "value" => written(value),
                    _ => value.name.clone(),
                })
                .collect();
            let widest = words.iter().map(|words| text.width(words, Theme::TICK_SIZE)).fold(0.0, f64::max);
            let room = if self.ring { radius - inner } else { radius * 0.8 };
            if to - from >= LEAST_NAMED && radius >= 40.0 && (widest <= room || !self.ring) {
                let middle = arc::at(center, (inner + radius * 1.1) / 2.0, (from + to) / 2.0);
                let first = middle.1 - 7.0 * (words.len().saturating_sub(1)) as f64;
                for (at, words) in words.iter().enumerate() {
                    let words = cut(words, radius * 0.8, Type::TICK, text);
                    let at = (middle.0, first + 14.0 * at as f64);
                    drawn.scene.text(&words, at, Align::Middle, color.ink());
                }
            }
            let row = TipRow {
                name: value.name.clone(),
                value: format!("{} ({})", written(value), percent(to - from)),
                paint: value.paint,
                nearest: true,
                links: value.links.clone(),
            };
            let at = arc::at(center, (inner + radius) / 2.0, (from + to) / 2.0);
            let tip = Tip { head: String::new(), x: at.0, y: Some(at.1), rows: vec![row], ..Tip::default() };
            drawn.spots.push(Spot {
                place: Place::Slice { center, radii: (inner, radius), turns: (from, to) },
                tip,
            });
        }
        drawn
    }
}

fn percent(share: f64) -> String {
    crowsnest_dashboards::Unit::parse("percentunit").format(share).to_string()
}

fn written(value: &Single) -> String {
    if value.suffix.is_empty() { value.text.clone() } else { format!("{} {}", value.text, value.suffix) }
}
