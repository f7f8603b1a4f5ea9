//! A figure in words and numbers, for those who cannot see it.

use std::fmt;

use crowsnest_dashboards::PanelKind;
use crowsnest_dashboards::field::show;
use crowsnest_dashboards::frame::Cell;

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
    match &figure.shape {
        Shape::Series(series) => Summary {
            values: series.lasts.iter().take(MOST_VALUES).cloned().collect(),
            total: series.total,
            ..summary
        },
        Shape::Table(table) => Summary { total: table.total, ..summary },
        Shape::Message(message) => Summary { message: Some(message.to_string()), ..summary },
    }
}

pub(super) fn table(figure: &Figure, context: &FigureContext<'_>) -> DataTable {
    match &figure.shape {
        Shape::Series(series) => of_series(series, context),
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
        Shape::Message(_) => DataTable::default(),
    }
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
