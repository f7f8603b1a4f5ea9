//! Legends: which series there are, in which colour, and what is calculated of each.

use std::collections::BTreeSet;

use crowsnest_dashboards::field::show;
use crowsnest_dashboards::frame::{Cell, Field};
use crowsnest_dashboards::pattern::Engine;
use crowsnest_dashboards::{Decimals, json, reduce};
use serde_json::Value;

use super::options::unit;
use crate::paint::Paint;
use crate::palette::Stroke;

/// What stands in the place of a number that is not there.
const NONE: &str = "–";

/// A legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Legend {
    /// Names in a line, or rows with columns.
    pub form: LegendForm,
    /// Where it is.
    pub place: LegendPlace,
    /// Its width where it is on the right and somebody set it, CSS pixels.
    pub width: Option<f64>,
    /// Its columns, in order.
    pub calculations: Vec<Calculation>,
    /// A row a series.
    pub rows: Vec<LegendRow>,
}

/// Names in a line, or rows with columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegendForm {
    /// Names in a line, each with its numbers.
    List,
    /// A row a series.
    Table,
}

/// Where a legend is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegendPlace {
    /// Below the picture.
    Bottom,
    /// On the right of it; below on narrow screens.
    Right,
}

/// A column of a legend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calculation {
    /// The calculation, `lastNotNull`.
    pub id: String,
    /// Its English title, `Last *`.
    pub title: String,
}

/// A row of a legend.
#[derive(Clone, Debug, PartialEq)]
pub struct LegendRow {
    /// Tells the series from the others, also after a refresh.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// Its colour.
    pub paint: Paint,
    /// What tells it from others of its colour.
    pub stroke: Stroke,
    /// A value a calculation.
    pub values: Vec<String>,
    /// Whether somebody switched it off.
    pub hidden: bool,
    /// Whether it is drawn by the axis on the right.
    pub right: bool,
}

impl Legend {
    /// Reads the options; `None` where there is no legend. Rows come later.
    pub(super) fn read(options: &Value) -> Option<Self> {
        let legend = json::at(options, "legend");
        let mode = json::text(legend, "displayMode");
        let shown = legend.get("showLegend").is_none_or(|_| json::flag(legend, "showLegend"));
        if !shown || mode.as_deref() == Some("hidden") {
            return None;
        }
        let calculation = |id: String| Calculation { title: reduce::title(&id), id };
        Some(Self {
            form: if mode.as_deref() == Some("table") { LegendForm::Table } else { LegendForm::List },
            place: match json::text(legend, "placement").as_deref() {
                Some("right") => LegendPlace::Right,
                _ => LegendPlace::Bottom,
            },
            width: json::number(legend, "width").filter(|width| *width > 0.0),
            calculations: json::texts(legend, "calcs").into_iter().take(20).map(calculation).collect(),
            rows: Vec::new(),
        })
    }

    /// Puts the rows into the order that the options ask for.
    pub(super) fn sort(&mut self, options: &Value, keys: &[Vec<Cell>]) {
        let Some(by) = json::filled(options, "legend.sortBy") else { return };
        let descending = json::flag(options, "legend.sortDesc");
        let column = self.calculations.iter().position(|one| one.title == by || one.id == by);
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        let cell = |row: usize| column.and_then(|at| keys.get(row)?.get(at)).cloned().unwrap_or(Cell::Null);
        let name = |row: usize| self.rows.get(row).map_or("", |row| row.name.as_str());
        order.sort_by(|a, b| {
            let order = if column.is_some() { cell(*a).compare(&cell(*b)) } else { name(*a).cmp(name(*b)) };
            if descending { order.reverse() } else { order }
        });
        self.rows = order.into_iter().filter_map(|row| self.rows.get(row).cloned()).collect();
    }

    /// The rows with what is hidden marked.
    pub(super) fn with_hidden(&self, hidden: &BTreeSet<String>) -> Self {
        let mut legend = self.clone();
        for row in &mut legend.rows {
            row.hidden = hidden.contains(&row.key);
        }
        legend
    }
}

/// The calculations of each column: as cells, and as texts that line up where they are of one unit.
pub(super) fn calculate(
    fields: &[&Field],
    calculations: &[Calculation],
    engine: &dyn Engine,
) -> (Vec<Vec<Cell>>, Vec<Vec<String>>) {
    let cells: Vec<Vec<Cell>> = fields
        .iter()
        .map(|field| calculations.iter().map(|one| reduce::reduce(field, &one.id)).collect())
        .collect();
    let alike = fields.windows(2).all(|pair| matches!(pair, [a, b] if a.config.unit == b.config.unit))
        && fields
            .iter()
            .all(|field| field.config.mappings.is_empty() && field.config.decimals == Decimals::Auto);
    let mut texts: Vec<Vec<String>> = vec![Vec::new(); fields.len()];
    for at in 0..calculations.len() {
        let column: Vec<&Cell> = cells.iter().filter_map(|row| row.get(at)).collect();
        let counts = calculations.get(at).is_some_and(|one| is_count(&one.id));
        let written: Vec<String> = match fields.first() {
            Some(first) if alike && !counts => {
                let numbers: Vec<f64> =
                    column.iter().map(|cell| cell.as_number().unwrap_or(f64::NAN)).collect();
                unit(first).format_column(&numbers).iter().map(ToString::to_string).collect()
            }
            _ => {
                let one = |(field, cell): (&&Field, &&Cell)| match counts {
                    true => cell.to_string(),
                    false => show(cell, &field.config, 0.0, 0.0, engine).text.to_string(),
                };
                fields.iter().zip(&column).map(one).collect()
            }
        };
        for ((row, text), cell) in texts.iter_mut().zip(written).zip(column) {
            row.push(if *cell == Cell::Null { NONE.to_owned() } else { text });
        }
    }
    (cells, texts)
}

/// Whether a calculation's result is a number of things and not in the column's unit.
fn is_count(id: &str) -> bool {
    matches!(
        id,
        "count"
            | "countAll"
            | "distinctCount"
            | "changeCount"
            | "allIsZero"
            | "allIsNull"
            | "diffperc"
            | "step"
    )
}
