//! Taking over the panels: numbers, places, old kinds, and a line of the report for each.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::datasource::{self, Source, SourceVariables};
use crate::json;
use crate::kinds::{self, PanelKind};
use crate::link;
use crate::migrate;
use crate::model::Grid;
use crate::report::{Outcome, PanelReport, Remark, Report, Shown, Unsupported};
use crate::transform;

/// Changes the panels of `json` to the form of today and reports each.
pub(super) fn take_over(json: &mut Value, sources: &SourceVariables, report: &mut Report) {
    let taken = json::take(json, "panels");
    let Value::Array(panels) = taken else {
        if !taken.is_null() {
            report.note(Remark::Malformed { path: "panels".to_owned(), expected: "a list" });
        }
        json::set(json, "panels", Vec::<Value>::new());
        return;
    };
    let mut numbers = Numbers::of(&panels);
    let mut kept = Vec::with_capacity(panels.len());
    for (at, mut panel) in panels.into_iter().enumerate() {
        if !panel.is_object() {
            report.note(Remark::Malformed { path: format!("panels[{at}]"), expected: "an object" });
            continue;
        }
        if numbers.is_saved_copy(&panel) {
            continue;
        }
        if json::text(&panel, "type").as_deref() == Some("row") {
            numbers.settle(&mut panel);
            place(&mut panel);
            row(&mut panel, sources, &mut numbers, report);
        } else {
            report.panels.push(one(&mut panel, sources, &mut numbers));
        }
        kept.push(panel);
    }
    json::set(json, "panels", kept);
}

fn row(row: &mut Value, sources: &SourceVariables, numbers: &mut Numbers, report: &mut Report) {
    let mut inner = match json::take(row, "panels") {
        Value::Array(inner) => inner,
        _ => Vec::new(),
    };
    inner.retain(|panel| panel.is_object() && !numbers.is_saved_copy(panel));
    for panel in &mut inner {
        report.panels.push(one(panel, sources, numbers));
    }
    let collapsed = json::flag(row, "collapsed") || json::flag(row, "collapse");
    json::take(row, "collapse");
    json::set(row, "collapsed", collapsed);
    json::set(row, "panels", inner);
    if let Some(reference) = row.get("datasource") {
        match datasource::to_object(reference, sources) {
            Some(object) => json::set(row, "datasource", object),
            None => drop(json::take(row, "datasource")),
        }
    }
    if row.get("repeat").is_some_and(|repeat| !repeat.is_string()) {
        json::take(row, "repeat");
    }
}

fn one(panel: &mut Value, sources: &SourceVariables, numbers: &mut Numbers) -> PanelReport {
    let mut remarks = Vec::new();
    if let Some(renumbered) = numbers.settle(panel) {
        remarks.push(renumbered);
    }
    if place(panel) {
        remarks.push(Remark::MovedIntoGrid);
    }
    let is_reference =
        panel.get("libraryPanel").is_some_and(Value::is_object) && json::filled(panel, "type").is_none();
    let conversion = migrate::migrate_panel(panel, sources, &mut remarks);
    let outcome = if is_reference {
        let name = json::text(panel, "libraryPanel.name").or_else(|| json::text(panel, "libraryPanel.uid"));
        let why = Unsupported::LibraryPanel(name.unwrap_or_default());
        json::set(panel, "type", "library-panel-ref");
        Outcome::Unsupported { why, shown: Shown::Message }
    } else {
        let good = match conversion {
            Some(conversion) => Outcome::Converted { from: conversion.from, to: conversion.to },
            None => Outcome::TakenOver,
        };
        judge(panel, sources, &mut remarks).unwrap_or(good)
    };
    for transformation in json::list(panel, "transformations") {
        let id = json::text(transformation, "id").unwrap_or_default();
        if !transform::is_known(&id) {
            remarks.push(Remark::UnknownTransformation(id));
        }
    }
    links(panel, &mut remarks);
    PanelReport {
        id: json::whole(panel, "id", 0, i64::MAX, 0),
        title: json::text(panel, "title").unwrap_or_default(),
        outcome,
        remarks,
    }
}

/// Why the panel cannot be shown as it was meant, if it cannot.
fn judge(panel: &Value, sources: &SourceVariables, remarks: &mut Vec<Remark>) -> Option<Outcome> {
    let id = json::text(panel, "type").unwrap_or_default();
    if id == "library-panel-ref" {
        let name = json::text(panel, "libraryPanel.name").unwrap_or_default();
        return Some(Outcome::Unsupported { why: Unsupported::LibraryPanel(name), shown: Shown::Message });
    }
    let kind = PanelKind::find(&id);
    let is_silent = matches!(kind, Some(PanelKind::Text | PanelKind::AlertList | PanelKind::DashboardList));
    if is_silent {
        return None;
    }
    let own = panel.get("datasource").unwrap_or(&Value::Null);
    let panel_source = datasource::resolve(own, sources);
    let targets = json::list(panel, "targets");
    let mut missing = Vec::new();
    let mut seen = 0;
    for target in targets {
        seen += 1;
        let source = match target.get("datasource") {
            Some(reference) => datasource::resolve(reference, sources),
            None => panel_source.clone(),
        };
        let kind = match source {
            Source::Metrics | Source::Mixed | Source::Dashboard => {
                let name = datasource::foreign_name(target.get("datasource").unwrap_or(own));
                let name = name.filter(|name| !name.starts_with("-- "));
                if let Some(remark) =
                    name.map(Remark::DataSourceReplaced).filter(|remark| !remarks.contains(remark))
                {
                    remarks.push(remark);
                }
                continue;
            }
            Source::Grafana => "grafana".to_owned(),
            Source::Expression => "__expr__".to_owned(),
            Source::Other(kind) => kind,
        };
        missing.push((json::text(target, "refId").unwrap_or_default(), kind));
    }
    if seen > 0 && missing.len() == seen {
        let (_, needs) = missing.swap_remove(0);
        return Some(Outcome::Unsupported { why: Unsupported::DataSource(needs), shown: Shown::Message });
    }
    if seen == 0
        && let Source::Other(needs) = panel_source
    {
        return Some(Outcome::Unsupported { why: Unsupported::DataSource(needs), shown: Shown::Message });
    }
    remarks.extend(missing.into_iter().map(|(ref_id, kind)| Remark::QueryNeeds { ref_id, kind }));
    match kind {
        Some(PanelKind::Logs) => {
            Some(Outcome::Unsupported { why: Unsupported::Kind(id), shown: Shown::Message })
        }
        Some(_) => None,
        None => {
            let shown = kinds::shown_instead(&id, seen > 0);
            Some(Outcome::Unsupported { why: Unsupported::Kind(id), shown })
        }
    }
}

/// Tells of links that are not followed.
fn links(panel: &Value, remarks: &mut Vec<Remark>) {
    let overrides = json::list(panel, "fieldConfig.overrides").iter();
    let properties = overrides.flat_map(|rule| json::list(rule, "properties"));
    let in_rules = properties
        .filter(|it| it.get("id").is_some_and(|id| id == "links"))
        .flat_map(|it| json::list(it, "value"));
    let all = json::list(panel, "links")
        .iter()
        .chain(json::list(panel, "fieldConfig.defaults.links"))
        .chain(in_rules);
    for url in all.filter_map(|it| json::text(it, "url")) {
        if !link::is_safe(&url) {
            remarks.push(Remark::UnsafeLink(url.chars().take(80).collect()));
        }
    }
}

/// Cuts the place to the grid and tells whether that changed it.
fn place(panel: &mut Value) -> bool {
    let Some(old) = panel.get("gridPos").filter(|grid| grid.is_object()) else {
        json::set(panel, "gridPos", Grid::default().to_json());
        return false;
    };
    let grid = Grid::read(old);
    let number = |key| json::number(old, key);
    // Wider than the grid is common and harmless; a missing number is not a place outside.
    let outside = number("x").is_some_and(|x| !(0.0..24.0).contains(&x))
        || number("y").is_some_and(|y| !(0.0..=f64::from(Grid::LOWEST)).contains(&y))
        || number("h").is_some_and(|h| !(0.0..=f64::from(Grid::HIGHEST)).contains(&h));
    let mut new = old.clone();
    for (key, value) in [("x", grid.x), ("y", grid.y), ("w", grid.w), ("h", grid.h)] {
        json::set(&mut new, key, value);
    }
    json::set(panel, "gridPos", new);
    outside
}

/// Numbers of panels, each given once.
struct Numbers {
    /// All that the file has.
    known: BTreeSet<i64>,
    given: BTreeSet<i64>,
    next: i64,
}

impl Numbers {
    fn of(panels: &[Value]) -> Self {
        let inner = panels.iter().flat_map(|row| json::list(row, "panels"));
        let known: BTreeSet<i64> = panels.iter().chain(inner).filter_map(number).collect();
        let next = known.last().map_or(1, |last| last + 1);
        Self { known, given: BTreeSet::new(), next }
    }

    /// A copy that an older Grafana saved beside the panel that it is a copy of.
    fn is_saved_copy(&self, panel: &Value) -> bool {
        let of = json::number(panel, "repeatPanelId").map(|id| id as i64);
        of.is_some_and(|of| self.known.contains(&of) && number(panel) != Some(of))
    }

    /// Gives a panel a number that no other has, and tells when it had one that is taken.
    fn settle(&mut self, panel: &mut Value) -> Option<Remark> {
        let had = number(panel);
        if let Some(id) = had.filter(|id| !self.given.contains(id)) {
            self.given.insert(id);
            json::set(panel, "id", id);
            return None;
        }
        let to = self.next;
        self.next += 1;
        self.given.insert(to);
        json::set(panel, "id", to);
        had.map(|from| Remark::Renumbered { from, to })
    }
}

fn number(panel: &Value) -> Option<i64> {
    json::number(panel, "id").map(|id| id as i64).filter(|id| (1..=i64::from(u32::MAX)).contains(id))
}
