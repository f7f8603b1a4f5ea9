//! Panels and rows.

use serde_json::Value;

use super::{Grid, Target};
use crate::datasource::{self, SourceVariables};
use crate::json;
use crate::kinds::PanelKind;

/// A panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Its number, unique in the dashboard.
    pub id: i64,
    /// How it is drawn; `None` when its kind is not known here.
    pub kind: Option<PanelKind>,
    /// The id of its kind.
    pub type_id: String,
    /// Before interpolation; may be empty.
    pub title: String,
    /// Markdown, before interpolation; may be empty.
    pub description: String,
    /// Without a background.
    pub transparent: bool,
    /// Where it is.
    pub grid: Grid,
    /// Its queries.
    pub targets: Vec<Target>,
    /// Repeated for the values of a variable.
    pub repeat: Option<Repeat>,
    /// Samples a series; `None` is the panel's width in pixels.
    pub max_data_points: Option<u32>,
    /// Least step, before interpolation; may be empty.
    pub interval: String,
    /// A time range of its own that ends where the dashboard's does, `1h`.
    pub time_from: Option<String>,
    /// So long ago, `1d`.
    pub time_shift: Option<String>,
    /// Whether the two above are not shown in its header.
    pub hide_time_override: bool,
    /// Links in its header.
    pub links: Vec<super::DashboardLink>,
    /// `options`, whose fields depend on the kind.
    pub options: Value,
    /// `fieldConfig`; [`crate::field::FieldConfig::read`] reads it.
    pub field_config: Value,
    /// `transformations`; [`crate::transform::apply`] takes them.
    pub transformations: Vec<Value>,
}

/// How a panel is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// Name of the variable.
    pub variable: String,
    /// Side by side or one below the other.
    pub direction: RepeatDirection,
    /// The most copies in a line.
    pub max_per_row: i32,
}

/// Where copies of a panel go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatDirection {
    /// Side by side.
    Horizontal,
    /// Below each other.
    Vertical,
}

/// A row: a header, and for a closed one the panels below it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number, unique in the dashboard.
    pub id: i64,
    /// Before interpolation.
    pub title: String,
    /// Whether what is below it is hidden.
    pub collapsed: bool,
    /// Where it is.
    pub grid: Grid,
    /// The variable for whose values it is repeated.
    pub repeat: Option<String>,
    /// The panels of a closed row. Those of an open one follow it.
    pub panels: Vec<Panel>,
}

/// What stands in a dashboard's list.
#[derive(Clone, Debug, PartialEq)]
pub enum RowItem {
    /// A header.
    Row(Row),
    /// A panel.
    Panel(Box<Panel>),
}

impl Panel {
    /// Reads a panel of the form of today.
    pub(crate) fn read(value: &Value, sources: &SourceVariables) -> Self {
        let type_id = json::text(value, "type").unwrap_or_default();
        let source = datasource::resolve(value.get("datasource").unwrap_or(&Value::Null), sources);
        let targets = json::list(value, "targets").iter();
        let max_data_points = json::number(value, "maxDataPoints").filter(|points| *points >= 1.0);
        Self {
            id: json::whole(value, "id", 0, i64::from(u32::MAX), 0),
            kind: PanelKind::find(&type_id),
            type_id,
            title: json::text(value, "title").unwrap_or_default(),
            description: json::text(value, "description").unwrap_or_default(),
            transparent: json::flag(value, "transparent"),
            grid: Grid::read(json::at(value, "gridPos")),
            targets: targets.map(|target| Target::read(target, &source, sources)).collect(),
            repeat: Repeat::read(value),
            max_data_points: max_data_points.map(|points| points.min(50_000.0) as u32),
            interval: json::text(value, "interval").unwrap_or_default(),
            time_from: json::filled(value, "timeFrom"),
            time_shift: json::filled(value, "timeShift"),
            hide_time_override: json::flag(value, "hideTimeOverride"),
            links: json::list(value, "links").iter().map(super::DashboardLink::read).collect(),
            options: json::at(value, "options").clone(),
            field_config: json::at(value, "fieldConfig").clone(),
            transformations: json::list(value, "transformations").to_vec(),
        }
    }
}

impl Repeat {
    fn read(value: &Value) -> Option<Self> {
        let variable = json::filled(value, "repeat")?;
        let vertical = json::text(value, "repeatDirection").as_deref() == Some("v");
        let direction = if vertical { RepeatDirection::Vertical } else { RepeatDirection::Horizontal };
        let max_per_row = json::whole(value, "maxPerRow", 1, i64::from(Grid::COLUMNS), 4);
        Some(Self { variable, direction, max_per_row: i32::try_from(max_per_row).unwrap_or(4) })
    }
}

impl RowItem {
    /// Reads a row or a panel.
    pub(crate) fn read(value: &Value, sources: &SourceVariables) -> Self {
        if json::text(value, "type").as_deref() != Some("row") {
            return Self::Panel(Box::new(Panel::read(value, sources)));
        }
        Self::Row(Row {
            id: json::whole(value, "id", 0, i64::from(u32::MAX), 0),
            title: json::text(value, "title").unwrap_or_default(),
            collapsed: json::flag(value, "collapsed"),
            grid: Grid::read(json::at(value, "gridPos")),
            repeat: json::filled(value, "repeat"),
            panels: json::list(value, "panels").iter().map(|panel| Panel::read(panel, sources)).collect(),
        })
    }
}
