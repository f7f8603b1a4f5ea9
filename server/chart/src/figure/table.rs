//! Tables: a model that a page shows as rows and columns, and that is drawn as a picture elsewhere.

mod draw;

use crowsnest_dashboards::field::show;
use crowsnest_dashboards::frame::{Cell, Field, FieldKind, Frame, Values};
use crowsnest_dashboards::interpolate::RowScope;
use crowsnest_dashboards::model::Panel;
use crowsnest_dashboards::{json, reduce};
use serde_json::Value;

use super::FigureContext;
use super::links::{self, CellLink};
use super::options::{ends, extent_of, hidden_from};
use crate::axis::instant_text;
use crate::paint::Paint;

/// More rows than that are not looked at; whoever needs them asks for the data itself.
const MOST_ROWS: usize = 10_000;
/// More columns than that do not fit on any screen.
const MOST_COLUMNS: usize = 200;

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableModel {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, in the order that the panel asks for; each has a cell a column.
    pub rows: Vec<Vec<TableCell>>,
    /// A cell a column below the rows, where the panel asks for one.
    pub foot: Vec<String>,
    /// Whether the columns have titles.
    pub has_head: bool,
    /// Whether rows come in pages.
    pub paged: bool,
    /// What else could be shown: one a frame, where there are several. The panel's option `frameIndex` chooses.
    pub choices: Vec<String>,
    /// Which of them is shown.
    pub chosen: usize,
    /// Column and direction (whether greatest first) that the rows are sorted by.
    pub sorted: Option<(usize, bool)>,
    /// How many rows there are, those left out included.
    pub total: usize,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its title.
    pub title: String,
    /// Where its cells are set: numbers on the right.
    pub align: ColumnAlign,
    /// Its width in CSS pixels where somebody set it.
    pub width: Option<f64>,
    /// How its cells look.
    pub kind: CellKind,
    /// Whether rows may be filtered by it.
    pub filterable: bool,
    /// What people read about it; may be empty.
    pub description: String,
}

/// Where cells are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnAlign {
    /// On the left.
    Start,
    /// In the middle.
    Middle,
    /// On the right.
    End,
}

/// How cells look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellKind {
    /// Plain text.
    #[default]
    Plain,
    /// Text in the value's colour.
    ColoredText,
    /// A ground in the value's colour.
    ColoredGround,
    /// The whole row has the ground of this cell.
    ColoredRow,
    /// A bar as long as the value's share, with the value beside it.
    Gauge,
    /// A curve.
    Sparkline,
    /// JSON, in a monospaced type.
    Json,
    /// Links alone.
    Links,
}

/// A cell of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableCell {
    /// As it is read.
    pub text: String,
    /// Whether what it shows says enough to those who see it.
    pub hides_text: bool,
    /// Its colour, where its value has one.
    pub paint: Option<Paint>,
    /// Its place between the least and the greatest value, 0 to 1.
    pub share: f64,
    /// What rows are sorted by; never shown.
    pub sort: SortKey,
    /// Where it leads.
    pub links: Vec<CellLink>,
    /// The samples of a curve.
    pub curve: Vec<(i64, f64)>,
}

/// What a cell is sorted by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SortKey(Option<Cell>);

impl TableModel {
    /// Sorts the rows by a column; equal ones keep their order.
    pub fn sort(&mut self, column: usize, descending: bool) {
        let key =
            |row: &Vec<TableCell>| row.get(column).and_then(|cell| cell.sort.0.clone()).unwrap_or(Cell::Null);
        self.rows.sort_by(|a, b| {
            let order = key(a).compare(&key(b));
            if descending { order.reverse() } else { order }
        });
        self.sorted = Some((column, descending));
    }
}

/// The table of the frame that the panel's options choose.
pub(super) fn read(panel: &Panel, frames: &[Frame], context: &FigureContext<'_>) -> TableModel {
    let options = &panel.options;
    let whole = |path: &str, most: usize| json::whole(options, path, 0, most as i64, 0) as usize;
    let chosen = whole("frameIndex", frames.len().saturating_sub(1));
    let Some(frame) = frames.get(chosen) else { return TableModel::default() };
    let all = extent_of(frames);
    let shown: Vec<usize> = (0..frame.fields.len())
        .filter(|at| frame.fields.get(*at).is_some_and(is_shown))
        .take(MOST_COLUMNS)
        .collect();
    let titles: Vec<String> = shown.iter().map(|at| frame.display_name(*at, frames)).collect();
    let fields = || shown.iter().filter_map(|at| frame.fields.get(*at));
    let rows = frame.len().min(MOST_ROWS);
    let mut table = TableModel {
        columns: fields().zip(&titles).map(|(field, title)| column(field, title)).collect(),
        rows: Vec::with_capacity(rows),
        foot: foot(options, &fields().collect::<Vec<_>>(), &titles, context),
        has_head: options.get("showHeader").is_none_or(|_| json::flag(options, "showHeader")),
        paged: json::flag(options, "footer.enablePagination") || json::flag(options, "enablePagination"),
        choices: choices(frames),
        chosen,
        sorted: None,
        total: frame.len(),
    };
    for row in 0..rows {
        let cell = |(at, title): (&usize, &String)| {
            let field = frame.fields.get(*at)?;
            Some(read_cell(frame, *at, field, title, row, ends(field, all), context))
        };
        table.rows.push(shown.iter().zip(&titles).filter_map(cell).collect());
    }
    // The last key first: sorting keeps the order of equals.
    for by in json::list(options, "sortBy").iter().rev().take(10) {
        let name = json::text(by, "displayName").unwrap_or_default();
        if let Some(at) = titles.iter().position(|title| *title == name) {
            table.sort(at, json::flag(by, "desc"));
        }
    }
    table
}

fn is_shown(field: &Field) -> bool {
    let custom = &field.config.custom;
    !json::flag(custom, "hidden") && !hidden_from(field, "viz")
}

/// The names of the frames, where there are several to choose from.
fn choices(frames: &[Frame]) -> Vec<String> {
    if frames.len() < 2 {
        return Vec::new();
    }
    let name = |frame: &Frame| {
        let value = frame.fields.iter().rposition(|field| field.kind == FieldKind::Number);
        frame.name.clone().or_else(|| value.map(|at| frame.display_name(at, frames))).unwrap_or_default()
    };
    frames.iter().take(1_000).map(name).collect()
}

fn column(field: &Field, title: &str) -> Column {
    let custom = &field.config.custom;
    let words = |path: &str| json::filled(custom, path).unwrap_or_default();
    let is_number = field.kind == FieldKind::Number && field.config.mappings.is_empty();
    Column {
        title: title.to_owned(),
        align: match words("align").as_str() {
            "left" => ColumnAlign::Start,
            "center" => ColumnAlign::Middle,
            "right" => ColumnAlign::End,
            _ if is_number => ColumnAlign::End,
            _ => ColumnAlign::Start,
        },
        width: json::number(custom, "width")
            .filter(|width| *width > 0.0)
            .map(|width| width.clamp(24.0, 2_000.0)),
        kind: kind(field),
        filterable: field.config.filterable,
        description: field.config.description.clone().unwrap_or_default(),
    }
}

fn kind(field: &Field) -> CellKind {
    let custom = &field.config.custom;
    let options = json::at(custom, "cellOptions");
    let id =
        json::filled(options, "type").or_else(|| json::filled(custom, "displayMode")).unwrap_or_default();
    if matches!(field.values, Values::Curves(_)) && matches!(id.as_str(), "" | "auto") {
        return CellKind::Sparkline;
    }
    match id.as_str() {
        "color-text" => CellKind::ColoredText,
        "color-background" if json::flag(options, "applyToRow") => CellKind::ColoredRow,
        "color-background" | "color-background-solid" | "pill" => CellKind::ColoredGround,
        "gauge" | "basic" | "gradient-gauge" | "lcd-gauge" => CellKind::Gauge,
        "sparkline" => CellKind::Sparkline,
        "json-view" => CellKind::Json,
        "data-links" | "actions" => CellKind::Links,
        _ => CellKind::Plain,
    }
}

fn read_cell(
    frame: &Frame,
    at: usize,
    field: &Field,
    title: &str,
    row: usize,
    (least, most): (f64, f64),
    context: &FigureContext<'_>,
) -> TableCell {
    let cell = field.values.get(row);
    let shown = show(&cell, &field.config, least, most, context.engine);
    let text = match &cell {
        // Instants without a format of their own are the viewer's.
        Cell::Time(ms) if field.config.unit.is_none() => instant_text(*ms, context.utc_offset_minutes),
        // Absent is absent, whatever stands for it elsewhere.
        Cell::Null if field.config.no_value.is_none() && field.config.mappings.is_empty() => String::new(),
        _ => shown.text.to_string(),
    };
    let scope = RowScope { frame, field: at, row: Some(row), name: title, text: Some(&text) };
    let links = links::of_row(scope, context);
    let curve = match &cell {
        Cell::Curve(curve) => curve.points.clone(),
        _ => Vec::new(),
    };
    // A curve may be alone: somebody who cannot see it is told the number all the same.
    let hides_value = json::flag(&field.config.custom, "cellOptions.hideValue");
    TableCell {
        paint: shown.color.map(|color| Paint::parse(&color)),
        share: shown.share,
        sort: SortKey(Some(cell)),
        links,
        hides_text: hides_value && !curve.is_empty(),
        curve,
        text,
    }
}

/// What is calculated of each column, where the panel asks for it.
fn foot(options: &Value, fields: &[&Field], titles: &[String], context: &FigureContext<'_>) -> Vec<String> {
    if !json::flag(options, "footer.show") {
        return Vec::new();
    }
    let reducer =
        json::texts(options, "footer.reducer").into_iter().next().unwrap_or_else(|| "sum".to_owned());
    let wanted = json::texts(options, "footer.fields");
    let counts = reducer == "count" || json::flag(options, "footer.countRows");
    let mut named = false;
    let cell = |(field, title): (&&Field, &String)| {
        let is_wanted = wanted.is_empty() || wanted.contains(title);
        if field.kind != FieldKind::Number || !is_wanted {
            // The first column without a number says what the numbers are.
            let name = if named { String::new() } else { reduce::title(&reducer) };
            named = true;
            return name;
        }
        let result = reduce::reduce(field, &reducer);
        if counts {
            result.to_string()
        } else {
            show(&result, &field.config, 0.0, 0.0, context.engine).text.to_string()
        }
    };
    fields.iter().zip(titles).map(cell).collect()
}
