//! Parts that a query has several times: evaluated once, and kept for the other times if they are small.

use std::collections::HashMap;
use std::rc::Rc;

use super::{FloatColumn, Sink, Stop, streams};
use crate::Expr;
use crate::ast::ExprKind;
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;

/// How many values a query may keep of its repeated parts together, which nobody else counts; eight bytes each.
const MOST_VALUES: usize = 1 << 20;
/// Larger trees are not searched for repetitions.
const MOST_NODES: usize = 500;

/// What is repeated, and what is kept of it.
#[derive(Default)]
pub(crate) struct Shared<'a> {
    /// The repeated nodes by address, with the one of the same text that stands first: notes are shown there.
    repeated: HashMap<usize, &'a Expr>,
    /// By that one's address.
    kept: HashMap<(usize, Grid), Kept>,
    /// How many values may still be kept.
    room: usize,
}

/// The series of a repeated part.
struct Kept {
    columns: Rc<Vec<FloatColumn>>,
    /// How many series were read for it.
    series: usize,
}

impl<'a> Shared<'a> {
    /// Searches a tree. The largest repeated parts count, not what is within them.
    pub(crate) fn of(expr: &'a Expr) -> Self {
        let (mut selectors, mut nodes) = (0, 0);
        expr.walk(&mut |node| {
            nodes += 1;
            selectors += usize::from(matches!(node.kind, ExprKind::Selector(_)));
        });
        if selectors < 2 || nodes > MOST_NODES {
            return Self::default();
        }
        let mut times: HashMap<String, usize> = HashMap::new();
        expr.walk(&mut |node| {
            if can_repeat(node) {
                *times.entry(node.to_string()).or_default() += 1;
            }
        });
        times.retain(|_, times| *times > 1);
        let mut found = HashMap::new();
        if !times.is_empty() {
            largest(expr, &times, &mut found);
        }
        let mut repeated = HashMap::new();
        for all in found.into_values().filter(|all| all.len() > 1) {
            if let Some(first) = all.iter().copied().min_by_key(|expr| expr.span.start) {
                repeated.extend(all.into_iter().map(|expr| (address(expr), first)));
            }
        }
        Self { repeated, kept: HashMap::new(), room: MOST_VALUES }
    }

    /// The first node with the text of this one, if it is repeated.
    fn first(&self, expr: &Expr) -> Option<&'a Expr> {
        self.repeated.get(&address(expr)).copied()
    }
}

fn address(expr: &Expr) -> usize {
    std::ptr::from_ref(expr).addr()
}

/// Whether it is worth the while: something that streams and is not just a wrapping.
fn can_repeat(expr: &Expr) -> bool {
    streams(expr) && !matches!(expr.kind, ExprKind::Paren(_))
}

fn largest<'a>(expr: &'a Expr, times: &HashMap<String, usize>, found: &mut HashMap<String, Vec<&'a Expr>>) {
    let text = if can_repeat(expr) { expr.to_string() } else { String::new() };
    if times.contains_key(&text) {
        found.entry(text).or_default().push(expr);
        return;
    }
    for child in expr.children() {
        largest(child, times, found);
    }
}

impl Evaluator<'_> {
    /// Streams a node, from what was kept when it is a repeated one.
    pub(super) fn stream_shared(&mut self, expr: &Expr, grid: &Grid, sink: Sink<'_>) -> Result<(), Stop> {
        let Some(expr) = self.shared.first(expr) else { return self.stream_node(expr, grid, sink) };
        let key = (address(expr), *grid);
        if let Some(Kept { columns, series }) = self.shared.kept.get(&key) {
            let (columns, series) = (Rc::clone(columns), *series);
            // A series counts each time it is asked for.
            for _ in 0..series {
                self.count_series()?;
            }
            let mut column = FloatColumn::default();
            return columns.iter().try_for_each(|kept| {
                column.clone_from(kept);
                sink(self, &mut column)
            });
        }
        let (mut columns, mut room) = (Some(Vec::new()), self.shared.room);
        let before = self.recorder.series;
        self.stream_node(expr, grid, &mut |evaluator, column| {
            match room.checked_sub(column.values.len()) {
                Some(less) => room = less,
                None => columns = None,
            }
            if let Some(columns) = &mut columns {
                columns.push(column.clone());
            }
            sink(evaluator, column)
        })?;
        if let Some(columns) = columns {
            let series = self.recorder.series - before;
            self.shared.room = self.shared.room.min(room);
            self.shared.kept.insert(key, Kept { columns: Rc::new(columns), series });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, repeated: usize) {
        assert_eq!(Shared::of(&crate::parse(query).unwrap()).repeated.len(), repeated, "{query}");
    }

    #[test]
    fn the_largest_repeated_parts_are_found() {
        check("rate(a[5m]) / rate(b[5m])", 0);
        check("rate(a[5m]) / rate(a[1h])", 0);
        check("a - a", 2);
        check("(a - avg(a)) / stddev(a)", 3);
        check("sum(a) / (sum(a) + sum(b))", 2);
        check("sum(a) + sum(a) + a", 2);
        check("topk(1, a{x=\"1\"}) + on () group_left () a{x=\"1\"}", 2);
    }
}
