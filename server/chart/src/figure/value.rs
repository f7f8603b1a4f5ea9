//! Single values: what a panel of numbers shows for each of its columns or rows.

use crowsnest_dashboards::field::{ColorMode, show};
use crowsnest_dashboards::frame::{Cell, Field, FieldKind, Frame, Values};
use crowsnest_dashboards::interpolate::RowScope;
use crowsnest_dashboards::model::Panel;
use crowsnest_dashboards::{json, pattern, reduce};
use serde_json::Value;

use super::FigureContext;
use super::links::{self, CellLink};
use super::options::{ends, extent_of};
use crate::data::ChartSeries;
use crate::paint::Paint;
use crate::palette::assign_inks;

/// More values than that cannot be told apart.
const MOST: usize = 200;
/// Rows of a panel that shows all values, where nothing is said.
const USUAL_ROWS: usize = 25;
/// Colours that stand for a bar's way from its least to its greatest value.
pub(super) const RAMP: usize = 24;

/// One value with all that decides how it looks.
#[derive(Clone, Debug)]
pub(super) struct Single {
    pub(super) name: String,
    /// The number or word.
    pub(super) text: String,
    /// The unit behind it; may be empty.
    pub(super) suffix: String,
    pub(super) paint: Paint,
    /// Its place between its least and greatest value, 0 to 1.
    pub(super) share: f64,
    pub(super) number: Option<f64>,
    /// The samples that it was calculated of.
    pub(super) curve: Vec<(i64, f64)>,
    /// Where each step of its thresholds begins, as a share, and its colour.
    pub(super) steps: Vec<(f64, Paint)>,
    /// Its colours on the way from least to greatest.
    pub(super) ramp: Vec<Paint>,
    /// Whether there is no value.
    pub(super) is_null: bool,
    /// Where it leads.
    pub(super) links: Vec<CellLink>,
}

/// The values of `frames` as `reduceOptions` say, and how many there are in all.
pub(super) fn singles(panel: &Panel, frames: &[Frame], context: &FigureContext<'_>) -> (Vec<Single>, usize) {
    let options = json::at(&panel.options, "reduceOptions");
    let picked = Picked::read(options, context);
    let all = range_of(frames);
    let calculation =
        json::texts(options, "calcs").into_iter().next().unwrap_or_else(|| "lastNotNull".to_owned());
    let every = json::flag(options, "values");
    let limit = json::number(options, "limit")
        .filter(|limit| *limit >= 1.0)
        .map_or(USUAL_ROWS, |limit| limit as usize);
    let mut singles = Vec::new();
    let mut series = Vec::new();
    let mut total = 0;
    for frame in frames {
        let columns: Vec<usize> =
            (0..frame.fields.len()).filter(|at| picked.has(frame, *at, frames)).collect();
        let many = columns.len() > 1;
        for at in columns {
            let Some(field) = frame.fields.get(at) else { continue };
            let name = frame.display_name(at, frames);
            let rows = if every { frame.len() } else { 1 };
            total += rows;
            for row in 0..rows.min(limit) {
                if singles.len() >= MOST {
                    break;
                }
                let (cell, name) = if every {
                    (field.values.get(row), row_name(frame, row, &name, many))
                } else {
                    (reduce::reduce(field, &calculation), name.clone())
                };
                let curve = if every { Vec::new() } else { curve(frame, field) };
                let identity = if every { name.clone() } else { String::new() };
                series.push(ChartSeries {
                    name: name.clone(),
                    labels: if identity.is_empty() {
                        field.labels.clone()
                    } else {
                        crowsnest_api::Labels::empty()
                    },
                    points: Vec::new(),
                });
                let mut value = single(&cell, field, name.clone(), curve, ends(field, all), context);
                let row = if every { row } else { frame.len().saturating_sub(1) };
                let text = Some(value.text.as_str());
                value.links =
                    links::of_row(RowScope { frame, field: at, row: Some(row), name: &name, text }, context);
                singles.push(value);
            }
        }
    }
    let inks = assign_inks(&series);
    for (single, ink) in singles.iter_mut().zip(inks) {
        if single.paint == Paint::Muted && !single.is_null {
            single.paint = Paint::Palette(ink.color);
            single.ramp = vec![single.paint; RAMP];
        }
    }
    (singles, total)
}

fn single(
    cell: &Cell,
    field: &Field,
    name: String,
    curve: Vec<(i64, f64)>,
    (least, most): (f64, f64),
    context: &FigureContext<'_>,
) -> Single {
    let shown = show(cell, &field.config, least, most, context.engine);
    let paint = |color: Option<String>| color.map_or(Paint::Muted, |color| Paint::parse(&color));
    let steps = field.config.thresholds.steps.iter().map(|step| {
        let share = match field.config.thresholds.percent {
            _ if !step.from.is_finite() => 0.0,
            true => step.from / 100.0,
            false if most > least => (step.from - least) / (most - least),
            false => 0.0,
        };
        (share.clamp(0.0, 1.0), Paint::parse(&step.color))
    });
    let by_value =
        matches!(field.config.color, None | Some(ColorMode::Thresholds | ColorMode::Continuous(_)));
    let at = |at: usize| {
        let value = least + (most - least) * at as f64 / (RAMP - 1) as f64;
        paint(show(&Cell::Number(value), &field.config, least, most, context.engine).color)
    };
    let own = paint(shown.color);
    let is_null = *cell == Cell::Null;
    Single {
        name,
        text: if is_null && field.config.no_value.is_none() && field.config.mappings.is_empty() {
            "No data".to_owned()
        } else {
            shown.text.text
        },
        suffix: shown.text.suffix,
        paint: own,
        share: shown.share,
        number: shown.number,
        curve,
        steps: steps.collect(),
        ramp: if by_value { (0..RAMP).map(at).collect() } else { vec![own; RAMP] },
        is_null,
        links: Vec::new(),
    }
}

/// The range of gauges: the whole for shares of a whole, from zero for what is not negative.
fn range_of(frames: &[Frame]) -> (f64, f64) {
    let units: Vec<String> = frames
        .iter()
        .flat_map(Frame::numbers)
        .filter_map(|field| field.config.unit.as_ref().map(crowsnest_dashboards::Unit::id))
        .collect();
    let all = |id: &str| !units.is_empty() && units.iter().all(|unit| unit == id);
    let (low, high) = extent_of(frames);
    match (low, high) {
        _ if all("percent") => (0.0, 100.0),
        _ if all("percentunit") => (0.0, 1.0),
        (low, high) if low >= 0.0 && high > 0.0 => (0.0, high),
        (low, high) if high > low => (low, high),
        (low, _) if low < 0.0 => (low, 0.0),
        _ => (0.0, 100.0),
    }
}

/// The samples of a column of numbers beside times.
fn curve(frame: &Frame, field: &Field) -> Vec<(i64, f64)> {
    let Some(Values::Times(times)) = frame.time().map(|time| &time.values) else { return Vec::new() };
    if field.kind != FieldKind::Number || times.len() < 2 {
        return Vec::new();
    }
    let sample = |(at, ms): (usize, &Option<i64>)| Some(((*ms)?, field.values.number(at)?));
    let mut curve: Vec<(i64, f64)> = times.iter().enumerate().filter_map(sample).collect();
    curve.sort_by_key(|point| point.0);
    curve
}

/// What a row is called: its texts, and the column's name where there are several.
fn row_name(frame: &Frame, row: usize, column: &str, many: bool) -> String {
    let texts = frame.fields.iter().filter(|field| field.kind == FieldKind::Text);
    let mut parts: Vec<String> = texts.map(|field| field.values.get(row).to_string()).collect();
    parts.retain(|part| !part.is_empty());
    if many || parts.is_empty() {
        parts.push(column.to_owned());
    }
    parts.join(" ")
}

/// The columns that `reduceOptions.fields` picks.
enum Picked {
    Numbers,
    Pattern(Box<dyn pattern::Pattern>),
    Name(String),
}

impl Picked {
    fn read(options: &Value, context: &FigureContext<'_>) -> Self {
        match json::filled(options, "fields") {
            None => Self::Numbers,
            Some(text) if text.starts_with('/') => {
                pattern::compile(&text, context.engine).map_or(Self::Name(text), Self::Pattern)
            }
            Some(text) => Self::Name(text),
        }
    }

    fn has(&self, frame: &Frame, at: usize, frames: &[Frame]) -> bool {
        let Some(field) = frame.fields.get(at) else { return false };
        if super::options::hidden_from(field, "viz") {
            return false;
        }
        match self {
            Self::Numbers => field.kind == FieldKind::Number,
            Self::Pattern(pattern) => {
                // Times stand beside values and are none themselves, unless there is nothing else.
                let beside = field.kind == FieldKind::Time && frame.fields.len() > 1;
                !beside && pattern.is_match(&frame.display_name(at, frames))
            }
            Self::Name(name) => *name == frame.display_name(at, frames) || *name == field.name,
        }
    }
}
