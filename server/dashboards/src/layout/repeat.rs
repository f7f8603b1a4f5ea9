//! Copies of panels and rows, one for each value of a variable.

use std::collections::BTreeMap;

use super::{MOST_PLACED, Placed, RepeatValue, What};
use crate::interpolate::Bound;
use crate::model::{Grid, Panel, RepeatDirection, Row};

type Scope = BTreeMap<String, Bound>;

/// The most copies of one panel or row.
const MOST_COPIES: usize = 200;

/// The copies of a row: what tells them apart, and the value that counts in each.
pub(super) fn row_copies(
    row: Option<&Row>,
    values: &dyn Fn(&str) -> Vec<RepeatValue>,
) -> Vec<(String, Scope)> {
    let Some(variable) = row.and_then(|row| row.repeat.as_ref()) else {
        return vec![(String::new(), Scope::new())];
    };
    copies(variable, values)
}

/// One copy a value; one with no value where there are none. The first has no name, so that it is what it is in the file.
fn copies(variable: &str, values: &dyn Fn(&str) -> Vec<RepeatValue>) -> Vec<(String, Scope)> {
    let found = values(variable);
    if found.is_empty() {
        return vec![(String::new(), Scope::new())];
    }
    let one = |(at, (value, text)): (usize, RepeatValue)| {
        let name = if at == 0 { String::new() } else { value.clone() };
        (name, Scope::from([(variable.to_owned(), Bound::One { value, text })]))
    };
    found.into_iter().take(MOST_COPIES).enumerate().map(one).collect()
}

/// `panels` with their copies, below each other as far as copies need lines of their own. `outer` is the scope of the row they are in, `suffix` its copy's name.
pub(super) fn panels(
    panels: &[Panel],
    outer: &Scope,
    suffix: &str,
    values: &dyn Fn(&str) -> Vec<RepeatValue>,
) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    // What stands below a repeat moves down by the lines that its copies take.
    let mut moved: Vec<(i32, i32)> = Vec::new();
    for panel in panels {
        if placed.len() >= MOST_PLACED {
            break;
        }
        let down: i32 = moved.iter().filter(|(from, _)| panel.grid.y >= *from).map(|(_, by)| by).sum();
        let grid = Grid { y: panel.grid.y.saturating_add(down), ..panel.grid };
        let Some(repeat) = &panel.repeat else {
            placed.push(one(panel, grid, outer.clone(), suffix.to_owned()));
            continue;
        };
        let found = copies(&repeat.variable, values);
        if found.iter().all(|(_, scope)| scope.is_empty()) {
            placed.push(one(panel, grid, outer.clone(), suffix.to_owned()));
            continue;
        }
        let count = i32::try_from(found.len()).unwrap_or(i32::MAX);
        let across = count.min(repeat.max_per_row).max(1);
        let width = (Grid::COLUMNS / across).max(1);
        for (at, (name, own)) in found.into_iter().enumerate() {
            let at = i32::try_from(at).unwrap_or(i32::MAX);
            let place = match repeat.direction {
                RepeatDirection::Horizontal => Grid {
                    x: at % across * width,
                    y: grid.y.saturating_add(at / across * grid.h),
                    w: width,
                    h: grid.h,
                },
                RepeatDirection::Vertical => {
                    Grid { y: grid.y.saturating_add(at.saturating_mul(grid.h)), ..grid }
                }
            };
            let mut scope = outer.clone();
            scope.extend(own);
            let copy =
                [suffix, &name].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
            placed.push(one(panel, place, scope, copy));
        }
        let lines = match repeat.direction {
            RepeatDirection::Horizontal => (count + across - 1) / across,
            RepeatDirection::Vertical => count,
        };
        moved.push((panel.grid.bottom(), (lines - 1).saturating_mul(grid.h)));
    }
    placed
}

fn one(panel: &Panel, grid: Grid, scope: Scope, copy: String) -> Placed {
    Placed { what: What::Panel(Box::new(panel.clone())), grid, scope, copy }
}
