//! Bars by category: bar charts and histograms.

use std::collections::BTreeSet;

use crowsnest_dashboards::field::{ColorMode, show};
use crowsnest_dashboards::frame::{Cell, Field, FieldKind, Frame};
use crowsnest_dashboards::interpolate::RowScope;
use crowsnest_dashboards::model::Panel;
use crowsnest_dashboards::{Unit, json, transform};

use super::FigureContext;
use super::legend::{Legend, LegendRow, calculate};
use super::links::{self, CellLink};
use super::options::{ends, extent_of, hidden_from};
use super::picture::{Drawn, Place, Spot};
use super::tip::{Tip, TipRow};
use crate::axis::{ValueAxis, ValueAxisRules, instant_text};
use crate::data::ChartSeries;
use crate::fit::cut;
use crate::layout::Rect;
use crate::paint::Paint;
use crate::palette::{Stroke, assign_inks};
use crate::scale::{Scale, ScaleKind};
use crate::scene::{Align, Surface, Type};
use crate::spec::{Bounds, NegativeLabels};
use crate::text::MeasureText;
use crate::theme::Theme;

/// More categories than that cannot be told apart.
const MOST_CATEGORIES: usize = 500;
const MOST_SERIES: usize = 50;
const LABEL_GAP: f64 = 6.0;
const FOOT: f64 = 18.0;

/// A panel of bars.
#[derive(Clone, Debug)]
pub(super) struct BarsShape {
    pub(super) categories: Vec<String>,
    pub(super) series: Vec<BarSeries>,
    unit: Unit,
    bounds: Bounds,
    horizontal: bool,
    stacked: Stacked,
    width: f64,
    values: Option<bool>,
    legend: Option<Legend>,
    pub(super) total: usize,
}

/// One column of numbers.
#[derive(Clone, Debug)]
pub(super) struct BarSeries {
    pub(super) name: String,
    /// One a category.
    pub(super) bars: Vec<Bar>,
    paint: Paint,
}

/// One bar.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    value: f64,
    /// As it is read.
    pub(super) text: String,
    paint: Paint,
    links: Vec<CellLink>,
}

/// Where the bar of a row leads.
fn leads(
    frames: &[Frame],
    field: &Field,
    name: &str,
    row: usize,
    text: &str,
    context: &FigureContext<'_>,
) -> Vec<CellLink> {
    if field.config.links.is_empty() {
        return Vec::new();
    }
    let place = frames.iter().find_map(|frame| {
        let at = frame.fields.iter().position(|known| std::ptr::eq(known, field))?;
        Some((frame, at))
    });
    let Some((frame, field)) = place else { return Vec::new() };
    links::of_row(RowScope { frame, field, row: Some(row), name, text: Some(text) }, context)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stacked {
    No,
    Sum,
    Percent,
}

impl BarsShape {
    /// The bars of a bar chart; `None` without a number.
    pub(super) fn read(panel: &Panel, frames: &[Frame], context: &FigureContext<'_>) -> Option<Self> {
        let frame = frames.iter().find(|frame| !frame.is_empty() && frame.numbers().next().is_some())?;
        let wanted = json::filled(&panel.options, "xField");
        let named = |at: &usize| wanted.as_ref().is_some_and(|name| *name == frame.display_name(*at, frames));
        let x = (0..frame.fields.len()).find(named).or_else(|| {
            let kind = |kind: FieldKind| frame.fields.iter().position(|field| field.kind == kind);
            kind(FieldKind::Text).or_else(|| kind(FieldKind::Time))
        });
        let of_x = x.and_then(|x| frame.fields.get(x));
        let rows = frame.len().min(MOST_CATEGORIES);
        let category = |row: usize| match of_x.map(|field| field.values.get(row)) {
            Some(Cell::Time(ms)) => instant_text(ms, context.utc_offset_minutes),
            Some(cell) => of_x.map_or_else(String::new, |field| {
                show(&cell, &field.config, 0.0, 1.0, context.engine).text.to_string()
            }),
            None => (row + 1).to_string(),
        };
        let mut categories: Vec<String> = (0..rows).map(category).collect();
        // One series a frame is a bar a frame.
        let mut columns: Vec<(String, &Field)> = Vec::new();
        if frames.len() > 1 && of_x.is_none_or(|field| field.kind == FieldKind::Time) {
            return Self::of_series(panel, frames, context);
        }
        for (at, field) in frame.fields.iter().enumerate() {
            if Some(at) != x && field.kind == FieldKind::Number && !hidden_from(field, "viz") {
                columns.push((frame.display_name(at, frames), field));
            }
        }
        categories.truncate(rows);
        Some(Self::build(panel, categories, columns, frames, context, frame.len()))
    }

    /// A bar a series, by its last value.
    fn of_series(panel: &Panel, frames: &[Frame], context: &FigureContext<'_>) -> Option<Self> {
        let (singles, total) = super::value::singles(panel, frames, context);
        let first = frames.iter().find_map(|frame| frame.numbers().next())?;
        let bars = singles.iter().map(|one| Bar {
            value: one.number.unwrap_or(f64::NAN),
            text: written(&one.text, &one.suffix),
            paint: one.paint,
            links: one.links.clone(),
        });
        let series = BarSeries { name: String::new(), bars: bars.collect(), paint: Paint::Palette(0) };
        let mut shape = Self::build(
            panel,
            singles.iter().map(|one| one.name.clone()).collect(),
            Vec::new(),
            frames,
            context,
            total,
        );
        shape.unit = first.config.unit.clone().unwrap_or_else(Unit::none);
        shape.series = vec![series];
        shape.legend = None;
        Some(shape)
    }

    fn build(
        panel: &Panel,
        categories: Vec<String>,
        columns: Vec<(String, &Field)>,
        frames: &[Frame],
        context: &FigureContext<'_>,
        total: usize,
    ) -> Self {
        let text = |path: &str| json::text(&panel.options, path).unwrap_or_default();
        let all = extent_of(frames);
        let columns: Vec<(String, &Field)> = columns.into_iter().take(MOST_SERIES).collect();
        let identities: Vec<ChartSeries> = columns
            .iter()
            .map(|(name, field)| ChartSeries {
                name: name.clone(),
                labels: field.labels.clone(),
                points: Vec::new(),
            })
            .collect();
        let inks = assign_inks(&identities);
        let series: Vec<BarSeries> = columns
            .iter()
            .zip(&inks)
            .map(|((name, field), ink)| {
                let (least, most) = ends(field, all);
                let own = match &field.config.color {
                    Some(ColorMode::Fixed(color) | ColorMode::Shades(color)) => Paint::parse(color),
                    _ => Paint::Palette(ink.color),
                };
                let by_value =
                    matches!(field.config.color, Some(ColorMode::Thresholds | ColorMode::Continuous(_)));
                let bar = |row: usize| {
                    let cell = field.values.get(row);
                    let shown = show(&cell, &field.config, least, most, context.engine);
                    let paint = shown.color.filter(|_| by_value).map_or(own, |color| Paint::parse(&color));
                    let text = shown.text.to_string();
                    let links = leads(frames, field, name, row, &text, context);
                    Bar { value: cell.as_number().unwrap_or(f64::NAN), text, paint, links }
                };
                BarSeries { name: name.clone(), bars: (0..categories.len()).map(bar).collect(), paint: own }
            })
            .collect();
        let fields: Vec<&Field> = columns.iter().map(|(_, field)| *field).collect();
        let first = fields.first();
        let legend = Legend::read(&panel.options).map(|mut legend| {
            let (cells, texts) = calculate(&fields, &legend.calculations, context.engine);
            legend.rows = series.iter().zip(texts).map(|(one, values)| row(one, values)).collect();
            legend.sort(&panel.options, &cells);
            legend
        });
        Self {
            unit: first.and_then(|field| field.config.unit.clone()).unwrap_or_else(Unit::none),
            bounds: Bounds {
                min: first.and_then(|field| field.config.min),
                max: first.and_then(|field| field.config.max),
            },
            horizontal: text("orientation") == "horizontal",
            stacked: match text("stacking").as_str() {
                "normal" => Stacked::Sum,
                "percent" => Stacked::Percent,
                _ => Stacked::No,
            },
            width: json::number(&panel.options, "groupWidth").unwrap_or(0.7).clamp(0.1, 1.0),
            values: match text("showValue").as_str() {
                "always" => Some(true),
                "never" => Some(false),
                _ => None,
            },
            legend,
            categories,
            series,
            total,
        }
    }

    /// The buckets of a histogram; `None` without a number.
    pub(super) fn histogram(panel: &Panel, frames: &[Frame], context: &FigureContext<'_>) -> Option<Self> {
        let has_bounds = |frame: &Frame| frame.fields.iter().any(|field| field.name == "xMin");
        let unit = frames.iter().flat_map(Frame::numbers).find_map(|field| field.config.unit.clone());
        let counted: Vec<Frame> = if frames.iter().any(has_bounds) {
            frames.to_vec()
        } else {
            let wish = serde_json::json!({"id": "histogram", "options": panel.options.clone()});
            let keep = |text: &str| text.to_owned();
            let with = transform::Context { engine: context.engine, interpolate: &keep };
            transform::apply(frames.to_vec(), &[wish], &with)
        };
        let frame = counted.iter().find(|frame| has_bounds(frame))?;
        let column = |name: &str| frame.fields.iter().find(|field| field.name == name);
        let (low, high) = (column("xMin")?, column("xMax")?);
        let unit = unit.unwrap_or_else(Unit::none);
        let name = |row: usize| {
            let bound = |field: &Field| {
                field.values.number(row).map_or_else(String::new, |value| unit.format(value).to_string())
            };
            format!("{} – {}", bound(low), bound(high))
        };
        let categories: Vec<String> = (0..frame.len().min(MOST_CATEGORIES)).map(name).collect();
        let is_count = |field: &&Field| {
            field.kind == FieldKind::Number && !matches!(field.name.as_str(), "xMin" | "xMax")
        };
        let columns: Vec<(String, &Field)> = frame
            .fields
            .iter()
            .enumerate()
            .filter(|(_, field)| is_count(field))
            .map(|(at, field)| (frame.display_name(at, &counted), field))
            .collect();
        let mut shape = Self::build(panel, categories, columns, &counted, context, frame.len());
        for series in &mut shape.series {
            for bar in &mut series.bars {
                bar.text = Unit::parse("short").format(bar.value).to_string();
            }
        }
        shape.unit = Unit::parse("short");
        shape.bounds = Bounds { min: Some(0.0), max: None };
        shape.width = 0.98;
        shape.values = Some(false);
        shape.horizontal = false;
        shape.stacked = if shape.series.len() > 1 { Stacked::Sum } else { Stacked::No };
        Some(shape)
    }

    pub(super) fn legend(&self, hidden: &BTreeSet<String>) -> Option<Legend> {
        self.legend.as_ref().map(|legend| legend.with_hidden(hidden))
    }

    pub(super) fn draw(
        &self,
        surface: Surface,
        hidden: &BTreeSet<String>,
        theme: &Theme,
        text: &dyn MeasureText,
    ) -> Drawn {
        let mut drawn = Drawn::default();
        let seen: Vec<&BarSeries> = self.series.iter().filter(|one| !hidden.contains(&one.name)).collect();
        let widest_name =
            self.categories.iter().map(|name| text.width(name, Theme::TICK_SIZE)).fold(0.0, f64::max);
        let length = if self.horizontal { surface.width } else { surface.height - FOOT };
        let axis = self.axis(&seen, length);
        let widest =
            axis.ticks.iter().map(|tick| text.width(&tick.label, Theme::TICK_SIZE)).fold(0.0, f64::max);
        let left = if self.horizontal { widest_name.min(surface.width * 0.35) } else { widest } + LABEL_GAP;
        let plot = Rect {
            left: left.max(20.0),
            top: 7.0,
            width: (surface.width - left.max(20.0) - 8.0).max(1.0),
            height: (surface.height - 7.0 - FOOT).max(1.0),
        };
        let scale = Scale::linear(axis.low, axis.high);
        let along = |value: f64| {
            let share = scale.share(value).clamp(0.0, 1.0);
            if self.horizontal { plot.left + share * plot.width } else { plot.bottom() - share * plot.height }
        };
        for tick in &axis.ticks {
            let at = along(tick.value);
            if self.horizontal {
                drawn.scene.vertical(at, (plot.top, plot.bottom()), theme.grid, 1.0);
                drawn.scene.text(&tick.label, (at, plot.bottom() + 11.0), Align::Middle, theme.axis);
            } else {
                drawn.scene.horizontal((plot.left, plot.right()), at, theme.grid, 1.0);
                drawn.scene.text(&tick.label, (plot.left - LABEL_GAP, at + 0.5), Align::End, theme.axis);
            }
        }
        let count = self.categories.len().max(1) as f64;
        let slot = if self.horizontal { plot.height } else { plot.width } / count;
        let mut free = f64::NEG_INFINITY;
        for (at, name) in self.categories.iter().enumerate() {
            let from = if self.horizontal { plot.top } else { plot.left } + slot * at as f64;
            self.group(&mut drawn, &seen, at, (from, slot), plot, &along, (scale.low.max(0.0), theme), text);
            let middle = from + slot / 2.0;
            if self.horizontal {
                if middle - 6.0 >= free {
                    let words = cut(name, plot.left - LABEL_GAP, Type::TICK, text);
                    drawn.scene.text(&words, (plot.left - LABEL_GAP, middle), Align::End, theme.axis);
                    free = middle + 7.0;
                }
            } else {
                let words = cut(name, slot.max(64.0), Type::TICK, text);
                let half = text.width(&words, Theme::TICK_SIZE) / 2.0;
                if middle - half >= free && middle + half <= surface.width {
                    drawn.scene.text(&words, (middle, plot.bottom() + 11.0), Align::Middle, theme.axis);
                    free = middle + half + 8.0;
                }
            }
        }
        drawn
    }

    fn axis(&self, seen: &[&BarSeries], length: f64) -> ValueAxis {
        let percent = Unit::parse("percentunit");
        let mut extent: Option<(f64, f64)> = None;
        let mut take = |value: f64| {
            let (low, high) = extent.unwrap_or((value, value));
            extent = Some((low.min(value), high.max(value)));
        };
        for at in 0..self.categories.len() {
            let values = seen
                .iter()
                .filter_map(|one| one.bars.get(at))
                .map(|bar| bar.value)
                .filter(|value| value.is_finite());
            match self.stacked {
                Stacked::No => values.for_each(&mut take),
                _ => take(values.sum()),
            }
        }
        let rules = ValueAxisRules {
            unit: if self.stacked == Stacked::Percent { &percent } else { &self.unit },
            bounds: if self.stacked == Stacked::Percent {
                Bounds { min: Some(0.0), max: Some(1.0) }
            } else {
                self.bounds
            },
            thresholds: &[],
            negative: NegativeLabels::Signed,
            // Bars begin at zero.
            soft: Bounds { min: Some(0.0), max: Some(0.0) },
            scale: ScaleKind::Linear,
            height: length,
        };
        ValueAxis::new(extent, &rules)
    }

    #[expect(clippy::too_many_arguments, reason = "a group is drawn by all of this")]
    fn group(
        &self,
        drawn: &mut Drawn,
        seen: &[&BarSeries],
        category: usize,
        (from, slot): (f64, f64),
        plot: Rect,
        along: &dyn Fn(f64) -> f64,
        (foot, theme): (f64, &Theme),
        text: &dyn MeasureText,
    ) {
        let thick = slot * self.width;
        let lanes = if self.stacked == Stacked::No { seen.len().max(1) } else { 1 };
        let lane = thick / lanes as f64;
        let sum: f64 = seen
            .iter()
            .filter_map(|one| one.bars.get(category))
            .map(|bar| bar.value)
            .filter(|value| value.is_finite())
            .sum();
        let mut base = foot;
        let mut rows = Vec::new();
        for (at, one) in seen.iter().enumerate() {
            let Some(Bar { value, text: words, paint, links }) =
                one.bars.get(category).filter(|bar| bar.value.is_finite())
            else {
                continue;
            };
            let value = if self.stacked == Stacked::Percent && sum != 0.0 { value / sum } else { *value };
            let (low, high) = if self.stacked == Stacked::No { (foot, value) } else { (base, base + value) };
            base = if self.stacked == Stacked::No { base } else { high };
            let start = from + (slot - thick) / 2.0 + if lanes > 1 { lane * at as f64 } else { 0.0 };
            let breadth = (lane - if lane > 4.0 { 1.0 } else { 0.0 }).max(0.5);
            let (a, b) = (along(low), along(high));
            let bar = if self.horizontal {
                Rect { left: a.min(b), top: start, width: (a - b).abs(), height: breadth }
            } else {
                Rect { left: start, top: a.min(b), width: breadth, height: (a - b).abs() }
            };
            let (color, opacity) = paint.color(theme);
            drawn.scene.polygon(
                &[
                    (bar.left, bar.top),
                    (bar.right(), bar.top),
                    (bar.right(), bar.bottom()),
                    (bar.left, bar.bottom()),
                ],
                color,
                opacity * 0.85,
            );
            let width = text.width(words, Theme::TICK_SIZE);
            let fits = if self.horizontal { breadth >= 11.0 } else { width <= breadth.max(lane) };
            if self.values.unwrap_or(fits && self.stacked == Stacked::No) && fits {
                self.word(drawn, words, bar, (plot, width), (color, theme));
            }
            rows.push(TipRow {
                name: one.name.clone(),
                value: words.clone(),
                paint: *paint,
                nearest: false,
                links: links.clone(),
            });
        }
        let place = if self.horizontal {
            Rect { top: from, height: slot, ..plot }
        } else {
            Rect { left: from, width: slot, ..plot }
        };
        let head = self.categories.get(category).cloned().unwrap_or_default();
        let tip = Tip { head, x: place.center().0, y: Some(place.top), rows, ..Tip::default() };
        drawn.spots.push(Spot { place: Place::Rect(place), tip });
    }

    /// The value at the end of its bar, or inside it where there is no room beyond.
    fn word(
        &self,
        drawn: &mut Drawn,
        words: &str,
        bar: Rect,
        (plot, width): (Rect, f64),
        (color, theme): (crate::theme::Color, &Theme),
    ) {
        if self.horizontal {
            let outside = bar.right() + width + 6.0 <= plot.right();
            let (x, align, ink) = if outside {
                (bar.right() + 4.0, Align::Start, theme.soft)
            } else {
                (bar.right() - 4.0, Align::End, theme.surface.mix(color, 0.85).ink())
            };
            drawn.scene.text(words, (x, bar.center().1), align, ink);
        } else {
            let outside = bar.top - 14.0 >= plot.top - 7.0;
            let (y, ink) = if outside {
                (bar.top - 7.0, theme.soft)
            } else {
                (bar.top + 8.0, theme.surface.mix(color, 0.85).ink())
            };
            drawn.scene.text(words, (bar.center().0, y), Align::Middle, ink);
        }
    }
}

fn row(one: &BarSeries, values: Vec<String>) -> LegendRow {
    LegendRow {
        key: one.name.clone(),
        name: one.name.clone(),
        paint: one.paint,
        stroke: Stroke::Solid,
        values,
        hidden: false,
        right: false,
    }
}

fn written(text: &str, suffix: &str) -> String {
    if suffix.is_empty() { text.to_owned() } else { format!("{text} {suffix}") }
}
