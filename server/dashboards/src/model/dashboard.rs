//! The dashboard itself.

use serde_json::Value;

use super::{Annotation, Panel, RowItem};
use crate::datasource::SourceVariables;
use crate::json;
use crate::link;
use crate::variables::Variable;

/// A dashboard in the form of today, classic schema version 42.
#[derive(Clone, Debug, PartialEq)]
pub struct Dashboard {
    json: Value,
}

/// Whether charts share the pointer's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crosshair {
    /// They do not.
    Off,
    /// A line at the same time in all.
    Line,
    /// A line and a tooltip.
    Tooltip,
}

/// A link in the header of a dashboard or panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardLink {
    /// Before interpolation.
    pub title: String,
    /// What it leads to.
    pub kind: LinkKind,
    /// What is said when the pointer is over it.
    pub tooltip: String,
    /// Whether the variables' values go along.
    pub with_variables: bool,
    /// Whether the time range goes along.
    pub with_time: bool,
    /// Whether it opens a page of its own.
    pub new_page: bool,
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// A URL, before interpolation; it passed [`link::is_safe`] and must do so again afterwards.
    Url(String),
    /// Dashboards with all of these tags; `menu` is whether they are in one.
    Tagged {
        /// The tags.
        tags: Vec<String>,
        /// In a menu instead of side by side.
        menu: bool,
    },
}

impl Dashboard {
    /// Takes JSON that an import has brought to the form of today.
    pub fn from_json(json: Value) -> Self {
        Self { json }
    }

    /// The whole, as it is stored and exported.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// Gives the JSON away, to be changed or stored.
    pub fn into_json(self) -> Value {
        self.json
    }

    /// The text of a file that Grafana and [`crate::import()`] read.
    pub fn export(&self) -> String {
        // A value of JSON can always be written.
        serde_json::to_string_pretty(&self.json).unwrap_or_default()
    }

    /// The name in URLs; may be missing.
    pub fn uid(&self) -> Option<String> {
        json::filled(&self.json, "uid")
    }

    /// The title.
    pub fn title(&self) -> String {
        json::text(&self.json, "title").unwrap_or_default()
    }

    /// Markdown.
    pub fn description(&self) -> String {
        json::text(&self.json, "description").unwrap_or_default()
    }

    /// Words to find it by.
    pub fn tags(&self) -> Vec<String> {
        json::texts(&self.json, "tags")
    }

    /// Number at grafana.com, if it is from there.
    pub fn gnet_id(&self) -> Option<i64> {
        json::number(&self.json, "gnetId").map(|id| id as i64)
    }

    /// Rows and panels, in the order of the file.
    pub fn items(&self) -> Vec<RowItem> {
        let sources = SourceVariables::of(&self.json);
        json::list(&self.json, "panels").iter().map(|value| RowItem::read(value, &sources)).collect()
    }

    /// All panels, those of closed rows included.
    pub fn panels(&self) -> Vec<Panel> {
        let mut panels = Vec::new();
        for item in self.items() {
            match item {
                RowItem::Row(row) => panels.extend(row.panels),
                RowItem::Panel(panel) => panels.push(*panel),
            }
        }
        panels
    }

    /// Variables, in the order in which they are shown.
    pub fn variables(&self) -> Vec<Variable> {
        json::list(&self.json, "templating.list").iter().map(Variable::read).collect()
    }

    /// Sources of marks.
    pub fn annotations(&self) -> Vec<Annotation> {
        let sources = SourceVariables::of(&self.json);
        json::list(&self.json, "annotations.list")
            .iter()
            .map(|value| Annotation::read(value, &sources))
            .collect()
    }

    /// Links in the header.
    pub fn links(&self) -> Vec<DashboardLink> {
        json::list(&self.json, "links").iter().map(DashboardLink::read).collect()
    }

    /// The time range that it opens with, `("now-6h", "now")`.
    pub fn time(&self) -> (String, String) {
        let text =
            |key: &str, default: &str| json::filled(&self.json, key).unwrap_or_else(|| default.to_owned());
        (text("time.from", "now-6h"), text("time.to", "now"))
    }

    /// How long before now a range ends that ends now, `1m`; may be empty.
    pub fn now_delay(&self) -> String {
        json::text(&self.json, "timepicker.nowDelay").unwrap_or_default()
    }

    /// Its refresh interval, `30s`, if it refreshes by itself.
    pub fn refresh(&self) -> Option<String> {
        json::filled(&self.json, "refresh")
    }

    /// `utc`, `browser`, an IANA name, or empty for what the viewer prefers.
    pub fn timezone(&self) -> String {
        json::text(&self.json, "timezone").unwrap_or_default()
    }

    /// `monday`, `sunday`, `saturday`, or empty.
    pub fn week_start(&self) -> String {
        json::text(&self.json, "weekStart").unwrap_or_default()
    }

    /// Month from 0 in which a fiscal year starts.
    pub fn fiscal_year_start(&self) -> i64 {
        json::whole(&self.json, "fiscalYearStartMonth", 0, 11, 0)
    }

    /// Whether charts share the pointer's time.
    pub fn crosshair(&self) -> Crosshair {
        match json::whole(&self.json, "graphTooltip", 0, 2, 0) {
            1 => Crosshair::Line,
            2 => Crosshair::Tooltip,
            _ => Crosshair::Off,
        }
    }
}

impl DashboardLink {
    pub(crate) fn read(value: &Value) -> Self {
        let url = json::text(value, "url").filter(|url| link::is_safe(url)).unwrap_or_default();
        let kind = match json::text(value, "type").as_deref() {
            Some("dashboards") => {
                LinkKind::Tagged { tags: json::texts(value, "tags"), menu: json::flag(value, "asDropdown") }
            }
            _ => LinkKind::Url(url),
        };
        Self {
            title: json::text(value, "title").unwrap_or_default(),
            kind,
            tooltip: json::text(value, "tooltip").unwrap_or_default(),
            with_variables: json::flag(value, "includeVars"),
            with_time: json::flag(value, "keepTime"),
            new_page: json::flag(value, "targetBlank"),
        }
    }
}
