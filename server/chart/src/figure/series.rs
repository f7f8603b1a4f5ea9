//! Time series: columns of numbers beside a column of times, each drawn as its config says.

mod axis;
mod config;

use std::collections::BTreeSet;
use std::sync::Arc;

use crowsnest_dashboards::Unit;
use crowsnest_dashboards::field::{FieldConfig, show};
use crowsnest_dashboards::frame::{Cell, Field, FieldKind, Frame};
use crowsnest_dashboards::interpolate::RowScope;
use crowsnest_dashboards::model::Panel;
use crowsnest_dashboards::pattern::Engine;

use super::legend::{Legend, LegendRow, calculate};
use super::links::{self, CellLink};
use super::options::{Sort, TipMode, TipOptions, hidden_from};
use super::tip::{Tip, TipRow};
use super::{FigureContext, View};
use crate::axis::instant_text;
use crate::chart::Chart;
use crate::data::{ChartData, ChartSeries};
use crate::hover::Hover;
use crate::palette::assign_inks;
use crate::scene::Surface;
use crate::spec::{Band, ChartSpec, NegativeLabels, Threshold};
use crate::style::{SeriesStyle, Side};
use crate::text::MeasureText;
use axis::AxisOptions;

/// More series than that are a thicket that nobody reads.
const MOST_SERIES: usize = 1_000;
/// How much further apart than asked for two samples may be before something is missing.
const TOLERANCE: f64 = 1.5;

/// Time series with all that decides how they look.
#[derive(Clone, Debug)]
pub(super) struct SeriesShape {
    pub(super) data: ChartData,
    pub(super) configs: Vec<Arc<FieldConfig>>,
    styles: Vec<SeriesStyle>,
    keys: Vec<String>,
    in_tip: Vec<bool>,
    /// Where each leads, but for what depends on the sample.
    links: Vec<Vec<CellLink>>,
    left: AxisOptions,
    right: AxisOptions,
    thresholds: Vec<Threshold>,
    bands: Vec<Band>,
    max_gap_ms: Option<i64>,
    tip: TipOptions,
    legend: Option<Legend>,
    /// How many there are, those that are not drawn included.
    pub(super) total: usize,
    /// Names and last values of the first few, as they are read.
    pub(super) lasts: Vec<(String, String)>,
}

/// A series' column and where it is.
#[derive(Clone, Copy)]
struct Column<'a> {
    frame: &'a Frame,
    at: usize,
    time: &'a Field,
    field: &'a Field,
}

impl Column<'_> {
    fn links(&self, series: &ChartSeries, context: &FigureContext<'_>) -> Vec<CellLink> {
        let row = RowScope { frame: self.frame, field: self.at, row: None, name: &series.name, text: None };
        links::of_row(row, context)
    }
}

impl SeriesShape {
    /// The series of `frames`; `None` when there is none with a sample.
    pub(super) fn read(panel: &Panel, frames: &[Frame], context: &FigureContext<'_>) -> Option<Self> {
        let mut columns: Vec<Column<'_>> = frames.iter().flat_map(columns).collect();
        let total = columns.len();
        columns.truncate(MOST_SERIES);
        let series: Vec<ChartSeries> = columns
            .iter()
            .map(|column| ChartSeries {
                name: column.frame.display_name(column.at, frames),
                labels: column.field.labels.clone(),
                points: points(column),
            })
            .collect();
        let data = ChartData { series };
        if data.series.iter().all(|series| series.points.iter().all(|(_, value)| value.is_nan())) {
            return None;
        }
        let fields: Vec<&Field> = columns.iter().map(|column| column.field).collect();
        let sides = axis::sides(&fields);
        let mut styles = config::styles(&fields, &sides, &data, frames, context.engine);
        config::fill_below(&fields, &data, &mut styles);
        for (series, style) in data.series.iter().zip(&styles) {
            debug_assert!(series.points.is_sorted_by_key(|point| point.0), "{}", style.width);
        }
        let keys = data.series.iter().map(key).collect();
        let steps = columns.iter().filter_map(|column| column.field.step_ms).min();
        let (thresholds, bands) = config::thresholds(&fields);
        let mut shape = Self {
            configs: fields.iter().map(|field| Arc::new(field.config.clone())).collect(),
            keys,
            links: columns
                .iter()
                .zip(&data.series)
                .map(|(column, series)| column.links(series, context))
                .collect(),
            in_tip: fields.iter().map(|field| !hidden_from(field, "tooltip")).collect(),
            left: AxisOptions::read(&fields, &sides, Side::Left),
            right: AxisOptions::read(&fields, &sides, Side::Right),
            thresholds,
            bands,
            max_gap_ms: steps.map(|step| (step as f64 * TOLERANCE) as i64),
            tip: TipOptions::read(&panel.options),
            legend: None,
            styles,
            data,
            total,
            lasts: Vec::new(),
        };
        shape.turn();
        shape.lasts = (0..10).filter_map(|at| shape.last(at, context.engine)).collect();
        shape.legend = shape.read_legend(panel, &fields, context.engine);
        Some(shape)
    }

    /// Turns the sign of the series that are drawn below zero for show.
    fn turn(&mut self) {
        for (series, style) in self.data.series.iter_mut().zip(&self.styles) {
            if style.turned {
                series.points.iter_mut().for_each(|point| point.1 = -point.1);
            }
        }
    }

    fn read_legend(&self, panel: &Panel, fields: &[&Field], engine: &dyn Engine) -> Option<Legend> {
        let mut legend = Legend::read(&panel.options)?;
        let inks = assign_inks(&self.data.series);
        let listed: Vec<usize> = (0..fields.len())
            .filter(|at| fields.get(*at).is_some_and(|field| !hidden_from(field, "legend")))
            .collect();
        let shown: Vec<&Field> = listed.iter().filter_map(|at| fields.get(*at).copied()).collect();
        let (cells, texts) = calculate(&shown, &legend.calculations, engine);
        let row = |(at, values): (&usize, Vec<String>)| {
            let (series, style) = (self.data.series.get(*at)?, self.styles.get(*at)?);
            let ink = inks.get(*at)?;
            Some(LegendRow {
                key: self.keys.get(*at)?.clone(),
                name: series.name.clone(),
                paint: style.paint.unwrap_or(crate::paint::Paint::Palette(ink.color)),
                stroke: if style.paint.is_some() { crate::palette::Stroke::Solid } else { ink.stroke },
                values,
                hidden: false,
                right: style.side == Side::Right,
            })
        };
        legend.rows = listed.iter().zip(texts).filter_map(row).collect();
        legend.sort(&panel.options, &cells);
        Some(legend)
    }

    pub(super) fn legend(&self, hidden: &BTreeSet<String>) -> Option<Legend> {
        self.legend.as_ref().map(|legend| legend.with_hidden(hidden))
    }

    /// The chart on `surface`.
    pub(super) fn chart(&self, surface: Surface, view: &View<'_>, text: &dyn MeasureText) -> Chart {
        let hidden: Vec<bool> = self.keys.iter().map(|key| view.hidden.contains(key)).collect();
        let turned = self.styles.iter().any(|style| style.turned);
        let unit = self.left.unit.clone().unwrap_or_else(Unit::none);
        let spec = ChartSpec {
            bounds: self.left.bounds,
            negative: if turned { NegativeLabels::Absolute } else { NegativeLabels::Signed },
            thresholds: &self.thresholds,
            bands: &self.bands,
            annotations: view.annotations,
            max_gap_ms: self.max_gap_ms,
            stale_since_ms: view.stale_since_ms,
            hidden: &hidden,
            utc_offset_minutes: view.utc_offset_minutes,
            styles: &self.styles,
            left: self.left.spec(),
            right: self.right.spec(),
            ..ChartSpec::new(&self.data, view.range, &unit)
        };
        Chart::prepare(&spec, surface, text)
    }

    /// What a tooltip says of a moment; `None` where the panel has none.
    pub(super) fn tip(&self, hover: &Hover, utc_offset_minutes: i32, engine: &dyn Engine) -> Option<Tip> {
        if self.tip.mode == TipMode::None {
            return None;
        }
        let mut values: Vec<_> = hover.values.clone();
        // A chart gives them largest first.
        match self.tip.sort {
            Sort::None => values.sort_by_key(|value| value.series),
            Sort::Ascending => values.reverse(),
            Sort::Descending => {}
        }
        let single = self.tip.mode == TipMode::Single && values.iter().any(|value| value.nearest);
        values.retain(|value| {
            self.in_tip.get(value.series).copied().unwrap_or(true)
                && !(self.tip.hide_zeros && value.value == 0.0)
                && (!single || value.nearest)
        });
        let row = |value: &crate::hover::HoverValue| {
            let config = self.configs.get(value.series)?;
            let shown = show(&Cell::Number(value.value), config, 0.0, 0.0, engine);
            Some(TipRow {
                name: self.data.series.get(value.series)?.name.clone(),
                value: shown.text.to_string(),
                paint: value.paint,
                nearest: value.nearest,
                links: links::of_sample(
                    self.links.get(value.series)?,
                    value.value,
                    &shown.text.to_string(),
                    hover.at_ms,
                ),
            })
        };
        Some(Tip {
            at_ms: Some(hover.at_ms),
            head: instant_text(hover.at_ms, utc_offset_minutes),
            x: hover.x,
            y: hover.values.iter().find(|value| value.nearest).map(|value| value.y),
            rows: values.iter().filter_map(row).collect(),
            marks: Vec::new(),
        })
    }

    /// The last value of a series as it is read.
    fn last(&self, at: usize, engine: &dyn Engine) -> Option<(String, String)> {
        let series = self.data.series.get(at)?;
        let sign = if self.styles.get(at).is_some_and(|style| style.turned) { -1.0 } else { 1.0 };
        let value = series.points.iter().rev().map(|point| point.1 * sign).find(|value| !value.is_nan())?;
        let shown = show(&Cell::Number(value), self.configs.get(at)?, 0.0, 0.0, engine);
        Some((series.name.clone(), shown.text.to_string()))
    }

    /// The value of a series at an instant, in its own sign.
    pub(super) fn value(&self, at: usize, ms: i64) -> Option<f64> {
        let series = self.data.series.get(at)?;
        let sign = if self.styles.get(at).is_some_and(|style| style.turned) { -1.0 } else { 1.0 };
        let found = series.points.binary_search_by_key(&ms, |point| point.0).ok()?;
        series.points.get(found).map(|point| point.1 * sign)
    }
}

/// The columns of numbers of a frame that has times.
fn columns(frame: &Frame) -> Vec<Column<'_>> {
    let Some(time) = frame.time() else { return Vec::new() };
    let numbers = frame.fields.iter().enumerate().filter(|(_, field)| field.kind == FieldKind::Number);
    let seen = numbers.filter(|(_, field)| !(hidden_from(field, "viz") && hidden_from(field, "legend")));
    seen.map(|(at, field)| Column { frame, at, time, field }).collect()
}

/// The samples of a column in the order of time; nulls are NaN.
fn points(column: &Column<'_>) -> Vec<(i64, f64)> {
    let zero = column.field.config.nulls_are_zero();
    let nothing = if zero { 0.0 } else { f64::NAN };
    let sample = |at: usize| {
        let Cell::Time(ms) = column.time.values.get(at) else { return None };
        Some((ms, column.field.values.number(at).unwrap_or(nothing)))
    };
    let mut points: Vec<(i64, f64)> = (0..column.field.values.len()).filter_map(sample).collect();
    if !points.is_sorted_by_key(|point| point.0) {
        points.sort_by_key(|point| point.0);
    }
    points.dedup_by_key(|point| point.0);
    points
}

/// What tells a series from the others of its panel, also after a refresh.
fn key(series: &ChartSeries) -> String {
    format!("{}\u{0}{}", series.name, series.labels)
}
