//! States over time: bands of a state timeline, cells of a status history.

use std::collections::BTreeSet;

use crowsnest_dashboards::field::show;
use crowsnest_dashboards::frame::{Cell, FieldKind, Frame};
use crowsnest_dashboards::interpolate::RowScope;
use crowsnest_dashboards::json;
use crowsnest_dashboards::model::Panel;

use super::legend::{Legend, LegendRow};
use super::links::{self, CellLink};
use super::options::{ends, extent_of, hidden_from};
use super::picture::{Drawn, Place, Spot};
use super::summary::DataTable;
use super::times::{self, TIME_AXIS, TimeAxis};
use super::tip::{Tip, TipRow};
use super::{FigureContext, View};
use crate::axis::instant_text;
use crate::fit::cut;
use crate::layout::Rect;
use crate::paint::Paint;
use crate::palette::Stroke;
use crate::scene::{Align, Surface, Type};
use crate::text::MeasureText;
use crate::theme::Theme;

const MOST_ROWS: usize = 200;
/// The most bands of all rows together.
const MOST_BANDS: usize = 50_000;
const GAP: f64 = 8.0;

/// A panel of states.
#[derive(Clone, Debug)]
pub(super) struct States {
    pub(super) rows: Vec<(String, Vec<Band>)>,
    /// Whether bands reach to the next sample and equal ones are one.
    merged: bool,
    height: f64,
    words: Option<bool>,
    legend: Option<Legend>,
    pub(super) total: usize,
}

/// One state of a row.
#[derive(Clone, Debug)]
pub(super) struct Band {
    from: i64,
    to: i64,
    pub(super) text: String,
    paint: Paint,
    links: Vec<CellLink>,
}

impl States {
    /// The states of `frames`; `merged` for a state timeline. `None` without a sample.
    pub(super) fn read(
        panel: &Panel,
        frames: &[Frame],
        merged: bool,
        context: &FigureContext<'_>,
    ) -> Option<Self> {
        let all = extent_of(frames);
        let mut rows = Vec::new();
        let mut left = MOST_BANDS;
        let mut total = 0;
        for frame in frames {
            let Some(time) = frame.time() else { continue };
            for (at, field) in frame.fields.iter().enumerate() {
                if field.kind == FieldKind::Time || hidden_from(field, "viz") {
                    continue;
                }
                total += 1;
                if rows.len() >= MOST_ROWS {
                    continue;
                }
                let name = frame.display_name(at, frames);
                let (least, most) = ends(field, all);
                let step = field.step_ms.unwrap_or(60_000).max(1);
                let mut bands: Vec<Band> = Vec::new();
                for row in 0..field.values.len() {
                    let (Cell::Time(from), cell) = (time.values.get(row), field.values.get(row)) else {
                        continue;
                    };
                    if matches!(&cell, Cell::Number(number) if number.is_nan())
                        || (cell == Cell::Null && field.config.mappings.is_empty())
                    {
                        continue;
                    }
                    let shown = show(&cell, &field.config, least, most, context.engine);
                    let text = shown.text.to_string();
                    let paint = match shown.color {
                        Some(color) => Paint::parse(&color),
                        None => Paint::Palette(hash(&text)),
                    };
                    let to = from.saturating_add(step);
                    match bands.last_mut() {
                        // A state lasts until the next sample, unless one is missing.
                        Some(last)
                            if merged && last.text == text && from.saturating_sub(last.to) <= step / 2 =>
                        {
                            last.to = to;
                        }
                        _ if left > 0 => {
                            left -= 1;
                            let scope =
                                RowScope { frame, field: at, row: Some(row), name: &name, text: Some(&text) };
                            let links = links::of_row(scope, context);
                            bands.push(Band { from, to, text, paint, links });
                        }
                        _ => {}
                    }
                }
                rows.push((name, bands));
            }
        }
        if rows.iter().all(|(_, bands)| bands.is_empty()) {
            return None;
        }
        let height = json::number(&panel.options, "rowHeight").unwrap_or(0.9).clamp(0.1, 1.0);
        let words = match json::text(&panel.options, "showValue").as_deref() {
            Some("always") => Some(true),
            Some("never") => Some(false),
            _ => None,
        };
        let legend = Legend::read(&panel.options).map(|legend| with_states(legend, &rows));
        Some(Self { rows, merged, height, words, legend, total })
    }

    /// A row a state: whose, since when, what. Newest first.
    pub(super) fn table(&self, utc_offset_minutes: i32, most: usize) -> DataTable {
        let all = self.rows.iter().flat_map(|(name, bands)| bands.iter().map(move |band| (name, band)));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(_, band)| std::cmp::Reverse(band.from));
        let total = all.len();
        let row = |(name, band): (&String, &Band)| {
            vec![instant_text(band.from, utc_offset_minutes), name.clone(), band.text.clone()]
        };
        DataTable {
            heads: vec![String::new(); 3],
            rows: all.into_iter().take(most).map(row).collect(),
            total,
        }
    }

    pub(super) fn legend(&self, hidden: &BTreeSet<String>) -> Option<Legend> {
        self.legend.as_ref().map(|legend| legend.with_hidden(hidden))
    }

    pub(super) fn draw(
        &self,
        surface: Surface,
        view: &View<'_>,
        theme: &Theme,
        text: &dyn MeasureText,
    ) -> Drawn {
        let mut drawn = Drawn::default();
        let widest = self.rows.iter().map(|(name, _)| text.width(name, Theme::TICK_SIZE)).fold(0.0, f64::max);
        let left = (widest + GAP).min(surface.width * 0.3);
        let plot = Rect {
            left,
            top: 2.0,
            width: (surface.width - left - 4.0).max(1.0),
            height: (surface.height - 2.0 - TIME_AXIS).max(1.0),
        };
        let x = |ms: i64| times::column(plot, view, ms);
        let slot = plot.height / self.rows.len().max(1) as f64;
        let thick = (slot * self.height).min(if self.merged { 64.0 } else { 48.0 }).max(1.0);
        let mut free = f64::NEG_INFINITY;
        for (at, (name, bands)) in self.rows.iter().enumerate() {
            let middle = plot.top + (at as f64 + 0.5) * slot;
            if middle - 6.0 >= free {
                let words = cut(name, left - GAP, Type::TICK, text);
                drawn.scene.text(&words, (plot.left - GAP, middle), Align::End, theme.axis);
                free = middle + 6.5;
            }
            for band in bands {
                if view.hidden.contains(&band.text) {
                    continue;
                }
                let (from, to) = (x(band.from).max(plot.left), x(band.to).min(plot.right()));
                if to <= from {
                    continue;
                }
                let gap = if to - from > 3.0 { 1.0 } else { 0.0 };
                let place =
                    Rect { left: from, top: middle - thick / 2.0, width: to - from - gap, height: thick };
                let (color, opacity) = band.paint.color(theme);
                drawn.scene.fill_rect(place, color, opacity * 0.85);
                let fits = thick >= 12.0 && text.width(&band.text, Theme::TICK_SIZE) + 8.0 <= place.width;
                if fits && self.words.unwrap_or(true) {
                    let ink = theme.surface.mix(color, opacity * 0.85).ink();
                    let at = (place.left + 5.0, middle);
                    drawn.scene.text(&band.text, at, Align::Start, ink);
                }
                let head = instant_text(band.from, view.utc_offset_minutes);
                let row = TipRow {
                    name: name.clone(),
                    value: band.text.clone(),
                    paint: band.paint,
                    nearest: true,
                    links: band.links.clone(),
                };
                let tip = Tip {
                    at_ms: Some(band.from),
                    head,
                    x: place.center().0,
                    y: Some(place.top),
                    rows: vec![row],
                    marks: Vec::new(),
                };
                drawn.spots.push(Spot { place: Place::Rect(place), tip });
            }
        }
        drawn.times = Some(TimeAxis::new(plot, view.range));
        times::label(&mut drawn.scene, plot, surface, view, theme, text);
        drawn
    }
}

/// A row a state, in the order in which they first appear.
fn with_states(mut legend: Legend, rows: &[(String, Vec<Band>)]) -> Legend {
    legend.calculations.clear();
    let mut known = BTreeSet::new();
    for band in rows.iter().flat_map(|(_, bands)| bands) {
        if legend.rows.len() < 50 && known.insert(band.text.clone()) {
            legend.rows.push(LegendRow {
                key: band.text.clone(),
                name: band.text.clone(),
                paint: band.paint,
                stroke: Stroke::Solid,
                values: Vec::new(),
                hidden: false,
                right: false,
            });
        }
    }
    legend
}

/// A colour that a text keeps.
fn hash(text: &str) -> usize {
    text.bytes().fold(7usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte))) % 6
}
