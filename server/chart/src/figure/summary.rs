//! A figure in words and numbers, for those who cannot see it.

use std::fmt;

use crowsnest_dashboards::PanelKind;
use crowsnest_dashboards::field::show;
use crowsnest_dashboards::frame::Cell;

use super::value::Single;
use super::{Figure, FigureContext, Shape};
use crate::axis::instant_text;

/// The most rows of a data table.
const MOST_ROWS: usize = 1_000;
/// The most values that a sentence names.
const MOST_VALUES: usize = 6;

/// What a figure shows. Pages say it in the reader's language; `Display` is English.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// The panel's title; may be empty.
    pub title: String,
    /// What it is drawn as.
    pub kind: Option<PanelKind>,
    /// The first few values, each with its name; those of series are their last.
    pub values: Vec<(String, String)>,
    /// How many values there are.
    pub total: usize,
    /// The sentence that stands in the picture's place.
    pub message: Option<String>,
}

/// Numbers as a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataTable {
    /// Titles of the columns.
    pub heads: Vec<String>,
    /// Cells, a row each.
    pub rows: Vec<Vec<String>>,
    /// How many rows there are, those left out included.
    pub total: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.title.is_empty() {
            write!(f, "{}: ", self.title)?;
        }
        if let Some(message) = &self.message {
            return f.write_str(message);
        }
        for (at, (name, value)) in self.values.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            match name.is_empty() {
                true => write!(f, "{comma}{value}")?,
                false => write!(f, "{comma}{name} {value}")?,
            }
        }
        if self.total > self.values.len() {
            write!(f, " and {} more", self.total - self.values.len())?;
        }
        Ok(())
    }
}

pub(super) fn of(figure: &Figure) -> Summary {
    let summary = Summary { title: figure.title.clone(), kind: figure.kind, ..Summary::default() };
    let of_values = |values: &[Single], total: usize| Summary {
        values: values.iter().take(MOST_VALUES).map(|one| (one.name.clone(), written(one))).collect(),
        total,
        ..summary.clone()
    };
    match &figure.shape {
        Shape::Series(series) => Summary {
            values: series.lasts.iter().take(MOST_VALUES).cloned().collect(),
            total: series.total,
            ..summary
        },
        Shape::Stats(shape) => of_values(&shape.values, shape.total),
        Shape::Gauges(shape) => of_values(&shape.values, shape.total),
        Shape::BarGauges(shape) => of_values(&shape.values, shape.total),
        Shape::Pie(shape) => of_values(&shape.values, shape.total),
        Shape::Bars(bars) => {
            let first = bars.series.first();
            let text = |at: usize| {
                first.and_then(|one| one.bars.get(at)).map(|bar| bar.text.clone()).unwrap_or_default()
            };
            let named = bars.categories.iter().enumerate().take(MOST_VALUES);
            Summary {
                values: named.map(|(at, name)| (name.clone(), text(at))).collect(),
                total: bars.total,
                ..summary
            }
        }
        Shape::States(states) => {
            let last = |(name, bands): &(String, Vec<super::states::Band>)| {
                (name.clone(), bands.last().map(|band| band.text.clone()).unwrap_or_default())
            };
            Summary {
                values: states.rows.iter().take(MOST_VALUES).map(last).collect(),
                total: states.total,
                ..summary
            }
        }
        Shape::Heat(heat) => Summary { total: heat.rows.len(), ..summary },
        Shape::Table(table) => Summary { total: table.total, ..summary },
        Shape::Text(_) => summary,
        Shape::Message(message) => Summary { message: Some(message.to_string()), ..summary },
    }
}

pub(super) fn table(figure: &Figure, context: &FigureContext<'_>) -> DataTable {
    let pairs = |values: &[Single], total: usize| DataTable {
        heads: vec![String::new(); 2],
        rows: values.iter().take(MOST_ROWS).map(|one| vec![one.name.clone(), written(one)]).collect(),
        total,
    };
    match &figure.shape {
        Shape::Series(series) => of_series(series, context),
        Shape::Stats(shape) => pairs(&shape.values, shape.total),
        Shape::Gauges(shape) => pairs(&shape.values, shape.total),
        Shape::BarGauges(shape) => pairs(&shape.values, shape.total),
        Shape::Pie(shape) => pairs(&shape.values, shape.total),
        Shape::Table(table) => DataTable {
            heads: table.columns.iter().map(|column| column.title.clone()).collect(),
            rows: table
                .rows
                .iter()
                .take(MOST_ROWS)
                .map(|row| row.iter().map(|cell| cell.text.clone()).collect())
                .collect(),
            total: table.total,
        },
        Shape::Bars(bars) => {
            let mut heads = vec![String::new()];
            heads.extend(bars.series.iter().map(|one| one.name.clone()));
            let row = |(at, name): (usize, &String)| {
                let values = bars
                    .series
                    .iter()
                    .map(|one| one.bars.get(at).map(|bar| bar.text.clone()).unwrap_or_default());
                std::iter::once(name.clone()).chain(values).collect()
            };
            let rows = bars.categories.iter().enumerate().take(MOST_ROWS).map(row).collect();
            DataTable { heads, rows, total: bars.total }
        }
        Shape::Heat(heat) => heat.table(context.utc_offset_minutes, MOST_ROWS),
        Shape::States(states) => states.table(context.utc_offset_minutes, MOST_ROWS),
        Shape::Text(_) | Shape::Message(_) => DataTable::default(),
    }
}

fn written(one: &Single) -> String {
    if one.suffix.is_empty() { one.text.clone() } else { format!("{} {}", one.text, one.suffix) }
}

/// A row an instant, a column a series; newest first.
fn of_series(series: &super::series::SeriesShape, context: &FigureContext<'_>) -> DataTable {
    let mut times: Vec<i64> =
        series.data.series.iter().flat_map(|one| one.points.iter().map(|point| point.0)).collect();
    times.sort_unstable_by(|a, b| b.cmp(a));
    times.dedup();
    let total = times.len();
    let mut heads = vec![String::new()];
    heads.extend(series.data.series.iter().map(|one| one.name.clone()));
    let row = |ms: i64| {
        let mut row = vec![instant_text(ms, context.utc_offset_minutes)];
        for (at, config) in series.configs.iter().enumerate() {
            let value = series.value(at, ms).filter(|value| !value.is_nan());
            let text = |value| show(&Cell::Number(value), config, 0.0, 0.0, context.engine).text.to_string();
            row.push(value.map(text).unwrap_or_default());
        }
        row
    };
    DataTable { heads, rows: times.into_iter().take(MOST_ROWS).map(row).collect(), total }
}
