//! Moving and resizing panels by hand: others go down out of the way, and up into gaps.
//!
//! A panel of a dashboard stands where the list of places says, packed as [`pack`] does it, with headers of rows as panels over all columns.
//! What somebody wants is a place; [`Arrangement::put`] says what becomes of all others. It depends on the places before and on what is wanted alone, so
//! that a drag can be computed anew from its beginning at each movement of the pointer.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Placed, RowHead, What, pack};
use crate::json;
use crate::model::{Dashboard, Grid, RowItem};

/// The places of a dashboard's panels and headers, those inside closed rows left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrangement {
    items: Vec<Item>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Item {
    id: i64,
    is_row: bool,
    grid: Grid,
}

/// One press of an arrow key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A column to the left, or narrower by one.
    Left,
    /// A column to the right, or wider by one.
    Right,
    /// Up past what is above, or lower by a line.
    Up,
    /// Down past what is below, or higher by a line.
    Down,
}

impl Arrangement {
    /// The places that a dashboard's JSON has.
    pub fn of(dashboard: &Value) -> Self {
        let item = |value: &Value| {
            let is_row = json::text(value, "type").as_deref() == Some("row");
            let grid = Grid::read(json::at(value, "gridPos"));
            let grid = if is_row { Grid { x: 0, w: Grid::COLUMNS, h: 1, ..grid } } else { grid };
            Item { id: json::whole(value, "id", 0, i64::from(u32::MAX), 0), is_row, grid }
        };
        let mut found = Self { items: json::list(dashboard, "panels").iter().map(item).collect() };
        found.pack(None);
        found
    }

    /// Writes the places into the JSON that they were read from.
    pub fn write(&self, dashboard: &mut Value) {
        for (value, item) in json::list_mut(dashboard, "panels").iter_mut().zip(&self.items) {
            *json::field(value, "gridPos") = item.grid.to_json();
        }
    }

    /// What is seen of the dashboard that the places are of, in the order of its file, each repeat once.
    pub fn placed(&self, dashboard: &Dashboard) -> Vec<Placed> {
        let place = |(item, Item { grid, .. }): (RowItem, &Item)| {
            let what = match item {
                RowItem::Panel(panel) => What::Panel(panel),
                RowItem::Row(row) => What::Row(RowHead {
                    id: row.id,
                    title: row.title,
                    collapsed: row.collapsed,
                    panels: row.panels.len(),
                }),
            };
            Placed { what, grid: *grid, scope: BTreeMap::new(), copy: String::new() }
        };
        dashboard.items().into_iter().zip(&self.items).map(place).collect()
    }

    /// Where a panel is; `None` where it is inside a closed row or not there.
    pub fn grid(&self, panel: i64) -> Option<Grid> {
        self.find(panel).and_then(|at| self.items.get(at)).map(|item| item.grid)
    }

    /// Where the header of a row is.
    pub fn row_grid(&self, row: i64) -> Option<Grid> {
        self.items.iter().find(|item| item.is_row && item.id == row).map(|item| item.grid)
    }

    /// The places when a panel is wanted at `wanted`, which is cut to the grid.
    #[must_use]
    pub fn put(&self, panel: i64, wanted: Grid) -> Self {
        let mut next = self.clone();
        if let Some(at) = self.find(panel) {
            next.pack(Some((at, fitted(wanted))));
        }
        next
    }

    /// The places when a panel is moved by one press of a key: by a column, or past whatever stands in the way above or below.
    #[must_use]
    pub fn moved(&self, panel: i64, step: Step) -> Self {
        let Some(grid) = self.grid(panel) else { return self.clone() };
        let direction = match step {
            Step::Left => return self.put(panel, Grid { x: grid.x - 1, ..grid }),
            Step::Right => {
                return self.put(panel, Grid { x: (grid.x + 1).min(Grid::COLUMNS - grid.w), ..grid });
            }
            Step::Up => -1,
            Step::Down => 1,
        };
        let farthest = if direction < 0 { grid.y } else { self.bottom() - grid.y };
        // A line further is often the same place: what is in the way gives way when half of it is passed.
        let next = |by: i32| self.put(panel, Grid { y: grid.y + direction * by, ..grid });
        (1..=farthest).map(next).find(|next| next.grid(panel) != Some(grid)).unwrap_or_else(|| self.clone())
    }

    /// The places when a panel grows or shrinks by one press of a key.
    #[must_use]
    pub fn resized(&self, panel: i64, step: Step) -> Self {
        let Some(grid) = self.grid(panel) else { return self.clone() };
        let (w, h) = match step {
            Step::Left => (-1, 0),
            Step::Right => (1, 0),
            Step::Up => (0, -1),
            Step::Down => (0, 1),
        };
        self.put(panel, Grid { w: (grid.w + w).min(Grid::COLUMNS - grid.x), h: grid.h + h, ..grid })
    }

    fn find(&self, panel: i64) -> Option<usize> {
        self.items.iter().position(|item| !item.is_row && item.id == panel)
    }

    fn bottom(&self) -> i32 {
        self.items.iter().map(|item| item.grid.bottom()).max().unwrap_or(0)
    }

    /// Packs all, one of them where it is wanted.
    fn pack(&mut self, moved: Option<(usize, Grid)>) {
        let mut order: Vec<usize> = (0..self.items.len()).collect();
        order.sort_by_key(|at| self.items.get(*at).map(|item| (item.grid.y, item.grid.x)));
        if let Some((at, wanted)) = moved
            && let Some(old) = self.items.get(at).map(|item| item.grid)
        {
            order.retain(|one| *one != at);
            let gives_way = |other: &usize| {
                self.items.get(*other).is_some_and(|other| gives_way(other.grid, old, wanted))
            };
            let place = order.iter().position(gives_way).unwrap_or(order.len());
            order.insert(place, at);
            if let Some(item) = self.items.get_mut(at) {
                item.grid = wanted;
            }
        }
        // In this order each is put below those before it.
        let mut grids: Vec<Grid> =
            order.iter().filter_map(|at| self.items.get(*at)).map(|item| item.grid).collect();
        pack::stack(&mut grids, 0);
        for (at, grid) in order.iter().zip(grids) {
            if let Some(item) = self.items.get_mut(*at) {
                item.grid = grid;
            }
        }
    }
}

/// Opens a closed row of a dashboard's JSON, whose panels go back to the list, or closes an open one, which takes those below it until the next header.
pub fn toggle_row(dashboard: &mut Value, id: i64) {
    let places = Arrangement::of(dashboard);
    places.write(dashboard);
    let Some(header) = places.items.iter().position(|item| item.is_row && item.id == id) else { return };
    let Some(panels) = dashboard.get_mut("panels").and_then(Value::as_array_mut) else { return };
    let Some(row) = panels.get_mut(header) else { return };
    let top = Grid::read(json::at(row, "gridPos")).bottom();
    let is_closed = json::flag(row, "collapsed");
    let mut held = match json::take(row, "panels") {
        Value::Array(held) if is_closed => held,
        _ => Vec::new(),
    };
    json::set(row, "collapsed", !is_closed);
    if is_closed {
        json::set(row, "panels", Vec::<Value>::new());
        let grids: Vec<Grid> = held.iter().map(|panel| Grid::read(json::at(panel, "gridPos"))).collect();
        let first = grids.iter().map(|grid| grid.y).min().unwrap_or(0);
        let height = grids.iter().map(|grid| grid.bottom()).max().unwrap_or(first) - first;
        move_down(panels, top, height);
        for (panel, grid) in held.iter_mut().zip(grids) {
            json::set(panel, "gridPos", Grid { y: grid.y - first + top, ..grid }.to_json());
        }
        panels.splice(header + 1..header + 1, held);
        return;
    }
    let next =
        places.items.iter().filter(|item| item.is_row && item.grid.y >= top).map(|item| item.grid.y).min();
    let is_held =
        |item: &Item| !item.is_row && item.grid.y >= top && next.is_none_or(|next| item.grid.y < next);
    let mut items = places.items.iter();
    panels.retain(|panel| {
        let leaves = items.next().is_some_and(is_held);
        if leaves {
            held.push(panel.clone());
        }
        !leaves
    });
    let row = panels.iter_mut().find(|panel| is_header(panel, id));
    if let Some(row) = row {
        json::set(row, "panels", held);
    }
}

fn is_header(panel: &Value, id: i64) -> bool {
    json::text(panel, "type").as_deref() == Some("row") && panel.get("id").and_then(Value::as_i64) == Some(id)
}

/// Makes room of `height` lines from `top` on.
fn move_down(panels: &mut [Value], top: i32, height: i32) {
    for panel in panels {
        let grid = Grid::read(json::at(panel, "gridPos"));
        if grid.y >= top {
            json::set(panel, "gridPos", Grid { y: grid.y.saturating_add(height), ..grid }.to_json());
        }
    }
}

/// Whether what stands at `other` goes below a panel that was at `old` and is wanted at `wanted`.
fn gives_way(other: Grid, old: Grid, wanted: Grid) -> bool {
    if !shares_columns(other, wanted) {
        return false;
    }
    let least = other.h.min(wanted.h);
    let is_below = shares_columns(other, old) && other.y >= old.bottom();
    if is_below && wanted.y > old.y {
        // It goes up into the gap when half of it, or of the panel, is covered.
        2 * (wanted.bottom() - other.y) <= least
    } else {
        2 * (other.bottom() - wanted.y) > least
    }
}

fn shares_columns(a: Grid, b: Grid) -> bool {
    a.x < b.x + b.w && b.x < a.x + a.w
}

/// A place cut to the grid.
fn fitted(grid: Grid) -> Grid {
    let x = grid.x.clamp(0, Grid::COLUMNS - 1);
    Grid {
        x,
        y: grid.y.clamp(0, Grid::LOWEST),
        w: grid.w.clamp(1, Grid::COLUMNS - x),
        h: grid.h.clamp(1, Grid::HIGHEST),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::layout::layout;

    /// Panels `(x, y, w, h)` with the numbers 1, 2, …
    fn board(panels: &[(i32, i32, i32, i32)]) -> Value {
        let panel = |(at, (x, y, w, h)): (usize, &(i32, i32, i32, i32))| json!({"id": at + 1, "type": "stat", "gridPos": {"x": x, "y": y, "w": w, "h": h}});
        json!({"panels": panels.iter().enumerate().map(panel).collect::<Vec<_>>()})
    }

    fn at(x: i32, y: i32, w: i32, h: i32) -> Grid {
        Grid { x, y, w, h }
    }

    #[track_caller]
    fn check(found: &Arrangement, expected: &[(i32, i32, i32, i32)]) {
        let places: Vec<_> = found.items.iter().map(|item| item.grid).map(|g| (g.x, g.y, g.w, g.h)).collect();
        assert_eq!(places, expected);
    }

    #[test]
    fn a_panel_takes_the_place_that_it_is_dragged_to_and_the_other_gives_way() {
        let before = Arrangement::of(&board(&[(0, 0, 12, 8), (12, 0, 12, 8), (0, 8, 12, 4)]));
        // To the side: the one there goes down, the one below comes up.
        check(&before.put(1, at(12, 0, 12, 8)), &[(12, 0, 12, 8), (12, 8, 12, 8), (0, 0, 12, 4)]);
        // Down, past half of the one below.
        check(&before.put(1, at(0, 2, 12, 8)), &[(0, 0, 12, 8), (12, 0, 12, 8), (0, 8, 12, 4)]);
        check(&before.put(1, at(0, 3, 12, 8)), &[(0, 4, 12, 8), (12, 0, 12, 8), (0, 0, 12, 4)]);
        // Up again.
        let below = before.put(1, at(0, 3, 12, 8));
        check(&below.put(1, at(0, 0, 12, 8)), &[(0, 0, 12, 8), (12, 0, 12, 8), (0, 8, 12, 4)]);
    }

    #[test]
    fn keys_move_by_a_column_and_past_what_is_in_the_way() {
        let before = Arrangement::of(&board(&[(0, 0, 12, 8), (0, 8, 12, 8), (12, 0, 6, 4)]));
        let down = before.moved(1, Step::Down);
        check(&down, &[(0, 8, 12, 8), (0, 0, 12, 8), (12, 0, 6, 4)]);
        assert_eq!(down.moved(1, Step::Down), down, "nothing is further down");
        check(&down.moved(1, Step::Up), &[(0, 0, 12, 8), (0, 8, 12, 8), (12, 0, 6, 4)]);
        check(&before.moved(3, Step::Right), &[(0, 0, 12, 8), (0, 8, 12, 8), (13, 0, 6, 4)]);
        assert_eq!(before.moved(1, Step::Left), before);
        assert_eq!(before.moved(9, Step::Left), before);
    }

    #[test]
    fn a_panel_grows_into_others_and_shrinks_to_one_cell() {
        let before = Arrangement::of(&board(&[(0, 0, 12, 8), (12, 0, 12, 8), (0, 8, 12, 4)]));
        check(&before.resized(1, Step::Right), &[(0, 0, 13, 8), (12, 8, 12, 8), (0, 8, 12, 4)]);
        check(&before.resized(1, Step::Down), &[(0, 0, 12, 9), (12, 0, 12, 8), (0, 9, 12, 4)]);
        check(&before.put(3, at(0, 8, 0, -4)), &[(0, 0, 12, 8), (12, 0, 12, 8), (0, 8, 1, 1)]);
        assert_eq!(before.resized(2, Step::Right), before);
    }

    #[test]
    fn a_panel_goes_into_another_row_and_closed_rows_keep_theirs() {
        let mut json = board(&[(0, 0, 24, 8), (0, 9, 24, 4)]);
        let row = json!({"id": 7, "type": "row", "collapsed": false, "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1}, "panels": []});
        json["panels"].as_array_mut().unwrap().insert(1, row);
        json["panels"].as_array_mut().unwrap().push(json!({"id": 8, "type": "row", "collapsed": true,
            "gridPos": {"x": 0, "y": 13, "w": 24, "h": 1}, "panels": [{"id": 9, "gridPos": {"x": 1, "y": 14, "w": 3, "h": 3}}]}));
        let before = Arrangement::of(&json);
        assert_eq!(before.grid(9), None);
        let down = before.moved(1, Step::Down);
        check(&down, &[(0, 1, 24, 8), (0, 0, 24, 1), (0, 9, 24, 4), (0, 13, 24, 1)]);
        assert_eq!(down.row_grid(7), Some(at(0, 0, 24, 1)));
        let kept = json["panels"][3]["panels"].clone();
        down.write(&mut json);
        assert_eq!(json["panels"][3]["panels"], kept);
        assert_eq!(json["panels"][0]["gridPos"], json!({"x": 0, "y": 1, "w": 24, "h": 8}));
    }

    #[test]
    fn a_row_takes_what_is_below_it_and_gives_it_back() {
        let mut json = board(&[(0, 0, 24, 2), (0, 3, 12, 4), (12, 3, 12, 6), (0, 10, 24, 2)]);
        let row = |id: i64, y: i32| json!({"id": id, "type": "row", "collapsed": false, "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}, "panels": []});
        json["panels"].as_array_mut().unwrap().extend([row(7, 2), row(8, 9)]);
        let before = Arrangement::of(&json);
        toggle_row(&mut json, 7);
        assert_eq!(json["panels"].as_array().unwrap().len(), 4);
        let ids: Vec<_> =
            json["panels"][2]["panels"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
        assert_eq!(ids, [2, 3]);
        assert_eq!(Arrangement::of(&json).row_grid(8), Some(at(0, 3, 24, 1)));
        toggle_row(&mut json, 7);
        let after = Arrangement::of(&json);
        for id in 1..=4 {
            assert_eq!(after.grid(id), before.grid(id), "{id}");
        }
        assert_eq!(after.row_grid(8), before.row_grid(8));
        toggle_row(&mut json, 99);
        assert_eq!(Arrangement::of(&json), after);
    }

    proptest! {
        #[test]
        fn whatever_is_moved_nothing_overlaps_nothing_is_lost_and_the_page_shows_it_so(
            places in prop::collection::vec((0i32..24, 0i32..60, 1i32..24, 1i32..20, prop::bool::weighted(0.1)), 1..25),
            changes in prop::collection::vec((0usize..25, -3i32..30, -3i32..80, -2i32..30, -2i32..25), 1..6),
        ) {
            let panel = |(at, (x, y, w, h, row)): (usize, &(i32, i32, i32, i32, bool))| json!({
                "id": at + 1, "type": if *row { "row" } else { "stat" }, "collapsed": false,
                "gridPos": {"x": x, "y": y, "w": (*w).min(24 - x), "h": h}});
            let mut json = json!({"panels": places.iter().enumerate().map(panel).collect::<Vec<_>>()});
            for (which, x, y, w, h) in changes {
                let before = Arrangement::of(&json);
                let id = (which % places.len() + 1) as i64;
                let after = before.put(id, at(x, y, w, h));
                prop_assert_eq!(after.items.len(), before.items.len());
                for (at, a) in after.items.iter().enumerate() {
                    prop_assert!(a.grid.x >= 0 && a.grid.x + a.grid.w <= 24 && a.grid.y >= 0 && a.grid.h >= 1);
                    for b in after.items.iter().skip(at + 1) {
                        prop_assert!(!a.grid.overlaps(b.grid), "{:?} {:?}", a, b);
                    }
                }
                for (old, new) in before.items.iter().zip(&after.items) {
                    prop_assert_eq!((old.id, old.is_row), (new.id, new.is_row));
                    if old.id != id {
                        prop_assert_eq!((old.grid.x, old.grid.w, old.grid.h), (new.grid.x, new.grid.w, new.grid.h));
                    }
                }
                after.write(&mut json);
                prop_assert_eq!(&Arrangement::of(&json), &after, "what is written is read again");
                let shown = layout(&Dashboard::from_json(json.clone()), &|_, open| open, &|_| Vec::new());
                prop_assert_eq!(shown.len(), after.items.len());
                for one in shown {
                    let found = match one.what {
                        What::Panel(panel) => after.grid(panel.id),
                        What::Row(row) => after.row_grid(row.id),
                    };
                    prop_assert_eq!(found, Some(one.grid));
                }
            }
        }
    }
}
