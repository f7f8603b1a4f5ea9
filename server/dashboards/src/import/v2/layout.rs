//! Layouts of schema version 2: grids, automatic grids, rows and tabs, in any nesting, as one grid with row headers.

use serde_json::{Value, json};

use super::{Elements, variables};
use crate::json;
use crate::report::{Remark, Report};

/// Layouts inside layouts that are followed.
const DEEPEST: usize = 8;
const COLUMNS: i64 = 24;
/// Height of a panel of an automatic grid, by its mode, in grid units.
const AUTO_HEIGHTS: &[(&str, i64)] = &[("short", 5), ("standard", 9), ("tall", 14)];

/// Panels that have found their place.
#[derive(Default)]
pub(super) struct Placed {
    pub(super) panels: Vec<Value>,
    /// Variables of rows and tabs, which all panels see here.
    pub(super) variables: Vec<Value>,
    y: i64,
}

/// What placing needs.
pub(super) struct Context<'a> {
    pub(super) elements: &'a Elements<'a>,
    pub(super) report: &'a mut Report,
}

impl Context<'_> {
    /// Places all of a layout below what is placed already.
    pub(super) fn place(mut self, layout: &Value, placed: &mut Placed) {
        self.layout(layout, placed, 0);
    }

    fn layout(&mut self, layout: &Value, placed: &mut Placed, depth: usize) {
        if depth > DEEPEST {
            self.report.note(Remark::Ignored("layout nested too deeply".to_owned()));
            return;
        }
        let spec = json::at(layout, "spec");
        match json::text(layout, "kind").as_deref() {
            Some("GridLayout") => self.grid(spec, placed),
            Some("AutoGridLayout") => self.auto_grid(spec, placed),
            Some("RowsLayout") => {
                for row in json::list(spec, "rows") {
                    self.section(json::at(row, "spec"), placed, depth);
                }
            }
            Some("TabsLayout") => {
                self.report.note(Remark::TabsBecameRows);
                for tab in json::list(spec, "tabs") {
                    self.section(json::at(tab, "spec"), placed, depth);
                }
            }
            other => {
                let path = format!("layout.kind: {}", other.unwrap_or_default());
                self.report.note(Remark::Malformed { path, expected: "a layout" });
            }
        }
    }

    /// A row or a tab: its header, then its layout.
    fn section(&mut self, spec: &Value, placed: &mut Placed, depth: usize) {
        let title = json::text(spec, "title").unwrap_or_default();
        if spec.get("conditionalRendering").is_some() {
            self.report.note(Remark::ConditionIgnored(title.clone()));
        }
        placed.variables.extend(variables::to_classic(json::list(spec, "variables")));
        let collapsed = json::flag(spec, "collapse");
        let hidden = json::flag(spec, "hideHeader") && !collapsed;
        let inner = json::at(spec, "layout");
        if hidden {
            self.layout(inner, placed, depth + 1);
            return;
        }
        let mut header = json!({
            "type": "row", "title": title, "collapsed": collapsed, "panels": [],
            "gridPos": {"x": 0, "y": placed.y, "w": COLUMNS, "h": 1},
        });
        if let Some(variable) = json::filled(spec, "repeat.value") {
            json::set(&mut header, "repeat", variable);
        }
        placed.y += 1;
        let begin = placed.panels.len() + 1;
        placed.panels.push(header);
        let y = placed.y;
        self.layout(inner, placed, depth + 1);
        // A closed row holds its panels; rows inside it cannot be held and follow it.
        if collapsed && placed.panels.iter().skip(begin).all(|panel| panel["type"] != "row") {
            let held = placed.panels.split_off(begin);
            if let Some(header) = placed.panels.last_mut() {
                json::set(header, "panels", held);
            }
            placed.y = y;
        }
    }

    fn grid(&mut self, spec: &Value, placed: &mut Placed) {
        let top = placed.y;
        for item in json::list(spec, "items") {
            let kind = json::text(item, "kind");
            let spec = json::at(item, "spec");
            // Rows inside a grid, v2alpha1.
            if kind.as_deref() == Some("GridLayoutRow") {
                let y = json::whole(spec, "y", 0, 100_000, 0) + top;
                placed.panels.push(json!({
                    "type": "row", "title": json::text(spec, "title").unwrap_or_default(), "panels": [],
                    "collapsed": false, "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
                }));
                placed.y = placed.y.max(y + 1);
                for inner in json::list(spec, "elements") {
                    self.item(json::at(inner, "spec"), y + 1, placed);
                }
                continue;
            }
            self.item(spec, top, placed);
        }
    }

    fn item(&mut self, spec: &Value, top: i64, placed: &mut Placed) {
        let number = |key, most, fallback| json::whole(spec, key, 0, most, fallback);
        let (y, height) = (top + number("y", 100_000, 0), number("height", 1000, 8));
        let place =
            json!({"x": number("x", COLUMNS, 0), "y": y, "w": number("width", COLUMNS, 12), "h": height});
        if let Some(panel) = self.panel(spec, place) {
            placed.panels.push(panel);
            placed.y = placed.y.max(y + height);
        }
    }

    fn auto_grid(&mut self, spec: &Value, placed: &mut Placed) {
        let columns = json::whole(spec, "maxColumnCount", 1, COLUMNS, 3);
        let width = COLUMNS / columns;
        let mode = json::text(spec, "rowHeightMode").unwrap_or_default();
        let by_mode = AUTO_HEIGHTS.iter().find(|(name, _)| *name == mode).map_or(9, |(_, height)| *height);
        // Pixels, when the mode is `custom`.
        let height =
            json::number(spec, "rowHeight").map_or(by_mode, |px| ((px / 38.0).ceil() as i64).clamp(2, 100));
        let mut column = 0;
        for item in json::list(spec, "items") {
            let spec = json::at(item, "spec");
            if spec.get("conditionalRendering").is_some() {
                let name = json::text(spec, "element.name").unwrap_or_default();
                self.report.note(Remark::ConditionIgnored(name));
            }
            let place = json!({"x": column * width, "y": placed.y, "w": width, "h": height});
            let Some(panel) = self.panel(spec, place) else { continue };
            placed.panels.push(panel);
            column += 1;
            if column == columns {
                column = 0;
                placed.y += height;
            }
        }
        if column > 0 {
            placed.y += height;
        }
    }

    /// The element that an item refers to, at its place.
    fn panel(&mut self, spec: &Value, place: Value) -> Option<Value> {
        let name = json::text(spec, "element.name")?;
        let Some(mut panel) = self.elements.panel(&name) else {
            self.report.note(Remark::Malformed { path: format!("elements.{name}"), expected: "a panel" });
            return None;
        };
        json::set(&mut panel, "gridPos", place);
        for (from, to) in [("value", "repeat"), ("direction", "repeatDirection"), ("maxPerRow", "maxPerRow")]
        {
            let value = json::at(json::at(spec, "repeat"), from);
            if !value.is_null() {
                json::set(&mut panel, to, value.clone());
            }
        }
        Some(panel)
    }
}
