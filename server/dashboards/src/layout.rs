//! Where panels are: rows opened and closed, repeats unfolded, and everything moved up to where there is room.
//!
//! The rules are those of Grafana 13's grid of 24 columns.

mod arrange;
mod pack;
mod repeat;

use std::collections::BTreeMap;

pub use arrange::{Arrangement, Step, toggle_row};
pub use pack::pack;

use crate::PanelKind;
use crate::interpolate::Bound;
use crate::model::{Dashboard, Grid, Panel, Row, RowItem};

/// The most panels of a layout: repeats of repeats end here.
pub const MOST_PLACED: usize = 2_000;
/// The height up to which a number is small.
const SMALL: i32 = 6;

/// What is seen of a dashboard, with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// A panel, or the header of a row.
    pub what: What,
    /// Where it is.
    pub grid: Grid,
    /// Values that count here alone: those of the repeats that it is in, by the variable's name.
    pub scope: BTreeMap<String, Bound>,
    /// Tells copies of the same panel apart, `""` for the first: stays the same as long as the values do.
    pub copy: String,
}

/// What is at a place.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A panel.
    Panel(Box<Panel>),
    /// The header of a row.
    Row(RowHead),
}

/// The header of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowHead {
    /// Its number.
    pub id: i64,
    /// Before interpolation.
    pub title: String,
    /// Whether what is below it is hidden.
    pub collapsed: bool,
    /// How many panels belong to it.
    pub panels: usize,
}

/// One of a repeat's values: what queries get, and what people read.
pub type RepeatValue = (String, String);

/// A row with all that belongs to it.
struct Section {
    /// `None` for what is above the first row.
    row: Option<Row>,
    panels: Vec<Panel>,
}

/// What is seen of `dashboard`. `is_open` says whether a row is open, by its number and whether the file has it closed; `values` gives the chosen values of
/// a variable, none where it is not known. Panels of closed rows are left out.
pub fn layout(
    dashboard: &Dashboard,
    is_open: &dyn Fn(i64, bool) -> bool,
    values: &dyn Fn(&str) -> Vec<RepeatValue>,
) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    let mut top = 0;
    for section in sections(dashboard.items()) {
        let copies = repeat::row_copies(section.row.as_ref(), values);
        for (copy, scope) in copies {
            if placed.len() >= MOST_PLACED {
                return placed;
            }
            let suffix = copy;
            let first = section.panels.iter().map(|panel| panel.grid.y).min().unwrap_or(0);
            if let Some(row) = &section.row {
                let open = is_open(row.id, !row.collapsed);
                let head = RowHead {
                    id: row.id,
                    title: row.title.clone(),
                    collapsed: !open,
                    panels: section.panels.len(),
                };
                let grid = Grid { x: 0, y: top, w: Grid::COLUMNS, h: 1 };
                placed.push(Placed {
                    what: What::Row(head),
                    grid,
                    scope: scope.clone(),
                    copy: suffix.clone(),
                });
                top += 1;
                if !open {
                    continue;
                }
            }
            let mut unfolded = repeat::panels(&section.panels, &scope, &suffix, values);
            for one in &mut unfolded {
                one.grid.y = (one.grid.y - first).saturating_add(top);
            }
            unfolded.truncate(MOST_PLACED.saturating_sub(placed.len()));
            let mut grids: Vec<Grid> = unfolded.iter().map(|one| one.grid).collect();
            pack(&mut grids, top);
            for (one, grid) in unfolded.iter_mut().zip(&grids) {
                one.grid = *grid;
            }
            top = grids.iter().map(|grid| grid.bottom()).max().unwrap_or(top).max(top);
            placed.extend(unfolded);
        }
    }
    placed
}

/// Rows with what belongs to them: the panels that follow an open one, those that a closed one holds.
fn sections(items: Vec<RowItem>) -> Vec<Section> {
    let mut sections = vec![Section { row: None, panels: Vec::new() }];
    let mut sorted = items;
    // Grafana orders by place, not by the file. Sorting is stable.
    sorted.sort_by_key(|item| match item {
        RowItem::Row(row) => (row.grid.y, row.grid.x),
        RowItem::Panel(panel) => (panel.grid.y, panel.grid.x),
    });
    for item in sorted {
        match item {
            RowItem::Row(mut row) => {
                let panels = std::mem::take(&mut row.panels);
                sections.push(Section { row: Some(row), panels });
            }
            RowItem::Panel(panel) => {
                // What follows a closed row without being in it stands in a row without a header.
                let is_held = sections
                    .last()
                    .is_some_and(|section| section.row.as_ref().is_some_and(|row| row.collapsed));
                if is_held {
                    sections.push(Section { row: None, panels: Vec::new() });
                }
                if let Some(section) = sections.last_mut() {
                    section.panels.push(*panel);
                }
            }
        }
    }
    sections.retain(|section| section.row.is_some() || !section.panels.is_empty());
    sections
}

/// The layout of a narrow screen: one column, by place, heights kept. Small numbers stand two in a row, and one that is left alone has all of it.
pub fn narrow(placed: &mut [Placed]) {
    placed.sort_by_key(|one| (one.grid.y, one.grid.x));
    let small: Vec<bool> = placed.iter().map(is_small).collect();
    let (mut y, mut at) = (0, 0);
    while let Some(one) = placed.get(at) {
        let in_row = if small.get(at..at + 2) == Some(&[true, true]) { 2 } else { 1 };
        let h = placed.iter().skip(at).take(in_row).map(|one| one.grid.h).max().unwrap_or(one.grid.h);
        let w = Grid::COLUMNS / in_row as i32;
        for (x, one) in placed.iter_mut().skip(at).take(in_row).enumerate() {
            one.grid = Grid { x: x as i32 * w, y, w, h };
        }
        (y, at) = (y + h, at + in_row);
    }
}

/// Whether half of a narrow screen is enough: a number on no more than a third of a wide one, and not higher than a chart.
fn is_small(placed: &Placed) -> bool {
    let What::Panel(panel) = &placed.what else { return false };
    let is_number = matches!(panel.kind, Some(PanelKind::Stat | PanelKind::Gauge));
    is_number && placed.grid.w <= Grid::COLUMNS / 3 && placed.grid.h <= SMALL
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::import::{Answers, Limits, import_value};

    fn placed(panels: &Value, open: impl Fn(i64, bool) -> bool) -> Vec<String> {
        let json = json!({"title": "T", "panels": panels});
        let dashboard = import_value(json, &Answers::new(), &Limits::default()).unwrap().dashboard;
        let values = |name: &str| -> Vec<RepeatValue> {
            let count = match name {
                "three" => 3,
                "six" => 6,
                _ => 0,
            };
            (1..=count).map(|at| (format!("v{at}"), format!("V{at}"))).collect()
        };
        let line = |one: &Placed| {
            let id = match &one.what {
                What::Panel(panel) => panel.id.to_string(),
                What::Row(row) => format!("row{}", row.id),
            };
            let Grid { x, y, w, h } = one.grid;
            format!(
                "{id}{} {x},{y} {w}x{h}",
                if one.copy.is_empty() { String::new() } else { format!("/{}", one.copy) }
            )
        };
        layout(&dashboard, &open, &values).iter().map(line).collect()
    }

    fn panel(id: i64, x: i64, y: i64, w: i64, h: i64) -> Value {
        json!({"id": id, "type": "stat", "gridPos": {"x": x, "y": y, "w": w, "h": h}})
    }

    #[test]
    fn panels_float_up_and_keep_apart() {
        let list = json!([panel(1, 0, 0, 12, 4), panel(2, 12, 10, 12, 4), panel(3, 6, 2, 12, 4)]);
        assert_eq!(placed(&list, |_, open| open), ["1 0,0 12x4", "3 6,4 12x4", "2 12,8 12x4"]);
    }

    #[test]
    fn a_closed_row_hides_its_panels_and_an_opened_one_moves_the_rest_down() {
        let mut row = panel(10, 0, 0, 24, 1);
        row["type"] = "row".into();
        row["collapsed"] = true.into();
        row["panels"] = json!([panel(1, 0, 1, 12, 4)]);
        let mut second = panel(11, 0, 1, 24, 1);
        second["type"] = "row".into();
        let list = json!([row, second, panel(2, 0, 2, 12, 3)]);
        assert_eq!(placed(&list, |_, open| open), ["row10 0,0 24x1", "row11 0,1 24x1", "2 0,2 12x3"]);
        assert_eq!(
            placed(&list, |_, _| true),
            ["row10 0,0 24x1", "1 0,1 12x4", "row11 0,5 24x1", "2 0,6 12x3"]
        );
    }

    #[test]
    fn copies_stand_side_by_side_and_wrap() {
        let repeated = |variable: &str, direction: &str| {
            let mut first = panel(1, 4, 0, 10, 3);
            first["repeat"] = variable.into();
            first["repeatDirection"] = direction.into();
            placed(&json!([first, panel(2, 0, 3, 24, 2)]), |_, open| open)
        };
        assert_eq!(repeated("three", "h"), ["1 0,0 8x3", "1/v2 8,0 8x3", "1/v3 16,0 8x3", "2 0,3 24x2"]);
        let six = repeated("six", "h");
        assert_eq!(six[..5], ["1 0,0 6x3", "1/v2 6,0 6x3", "1/v3 12,0 6x3", "1/v4 18,0 6x3", "1/v5 0,3 6x3"]);
        assert_eq!(six[6], "2 0,6 24x2");
        assert_eq!(repeated("three", "v"), ["1 4,0 10x3", "1/v2 4,3 10x3", "1/v3 4,6 10x3", "2 0,9 24x2"]);
        assert_eq!(repeated("none", "h"), ["1 4,0 10x3", "2 0,3 24x2"], "without values it stands as it is");
    }

    #[test]
    fn a_row_is_repeated_with_all_that_belongs_to_it() {
        let mut row = panel(10, 0, 0, 24, 1);
        row["type"] = "row".into();
        row["repeat"] = "three".into();
        let found = placed(&json!([row, panel(1, 0, 1, 12, 4)]), |_, open| open);
        assert_eq!(
            found,
            [
                "row10 0,0 24x1",
                "1 0,1 12x4",
                "row10/v2 0,5 24x1",
                "1/v2 0,6 12x4",
                "row10/v3 0,10 24x1",
                "1/v3 0,11 12x4"
            ]
        );
    }
    #[test]
    fn small_numbers_are_two_in_a_row_on_a_narrow_screen() {
        let mut chart = panel(4, 0, 4, 24, 8);
        chart["type"] = "timeseries".into();
        let list = json!([
            panel(1, 0, 0, 4, 4),
            panel(2, 4, 0, 4, 3),
            panel(3, 8, 0, 8, 4),
            chart,
            panel(5, 0, 12, 12, 4)
        ]);
        let json = json!({"title": "T", "panels": list});
        let dashboard = import_value(json, &Answers::new(), &Limits::default()).unwrap().dashboard;
        let mut placed = layout(&dashboard, &|_, open| open, &|_| Vec::new());
        narrow(&mut placed);
        let places: Vec<_> =
            placed.iter().map(|one| (one.grid.x, one.grid.y, one.grid.w, one.grid.h)).collect();
        // The third is alone, and the last is large where there is room.
        assert_eq!(places, [(0, 0, 12, 4), (12, 0, 12, 4), (0, 4, 24, 4), (0, 8, 24, 8), (0, 16, 24, 4)]);
    }
}
