//! The order of rows: by one column, equals by namespace and name.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::joined::Joined;
use crate::arrange::Arrange as _;
use crate::kinds::{Cell, KindRow, Natural, Source};
use crate::live::{Entry, Key};

/// What rows are sorted by: `cpu` and `-cpu` in the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::views) struct Order {
    pub(in crate::views) column: usize,
    pub(in crate::views) descending: bool,
}

impl Order {
    /// The order of that text, or the kind's own where there is none or a wrong one.
    pub(in crate::views) fn of(row: &KindRow, text: Option<&str>) -> Self {
        let parse = |text: &str| {
            let (id, descending) = text.strip_prefix('-').map_or((text, false), |id| (id, true));
            row.column(id).map(|column| Self { column, descending })
        };
        text.and_then(parse).or_else(|| parse(row.order)).unwrap_or(Self { column: 0, descending: false })
    }

    /// How it is written.
    pub(in crate::views) fn text(self, row: &KindRow) -> String {
        let id = row.columns.get(self.column).map(|column| column.id).unwrap_or_default();
        let text = format!("{}{id}", if self.descending { "-" } else { "" });
        if text == row.order { String::new() } else { text }
    }

    /// The order after a click on a column's head: its natural direction first, then the other.
    pub(in crate::views) fn toggled(self, row: &KindRow, column: usize) -> Self {
        let natural = row.columns.get(column).map(|column| column.order == Natural::Largest);
        let descending = if self.column == column { !self.descending } else { natural.unwrap_or(false) };
        Self { column, descending }
    }
}

/// The rows that are shown, in order.
#[derive(Clone)]
pub(in crate::views) struct Rows {
    entries: Arc<Vec<Arc<Entry>>>,
    pub(in crate::views) order: Order,
}

impl Rows {
    /// Sorts `entries`. Where `held` is given, what it has keeps its place, and what is new comes after it.
    pub(in crate::views) fn sorted(
        row: &KindRow,
        mut entries: Vec<Arc<Entry>>,
        order: Order,
        joined: &Joined,
        held: Option<&Self>,
    ) -> Self {
        let source = row.columns.get(order.column).map(|column| &column.source);
        let compare = |a: &Arc<Entry>, b: &Arc<Entry>| {
            let by_column = match source {
                Some(Source::Joined(id, _)) => {
                    figures(joined.get(id, &a.key), joined.get(id, &b.key), order.descending)
                }
                _ => cells(a.cells.get(order.column), b.cells.get(order.column), order.descending),
            };
            by_column.then_with(|| a.key.cmp(&b.key))
        };
        match held {
            None => entries.arrange_by(compare),
            Some(held) => {
                let places: HashMap<&Key, usize> =
                    held.iter().enumerate().map(|(at, entry)| (&entry.key, at)).collect();
                let place = |entry: &Arc<Entry>| places.get(&entry.key).copied().unwrap_or(usize::MAX);
                entries.arrange_by(|a, b| place(a).cmp(&place(b)).then_with(|| compare(a, b)));
            }
        }
        Self { entries: Arc::new(entries), order }
    }

    pub(in crate::views) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(in crate::views) fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    /// The keys of `count` rows from `start` on, with their places.
    pub(in crate::views) fn slice(&self, start: usize, count: usize) -> Vec<(usize, Key)> {
        self.iter().enumerate().skip(start).take(count).map(|(at, entry)| (at, entry.key.clone())).collect()
    }
}

/// Nothing comes last, whichever way.
fn cells(a: Option<&Cell>, b: Option<&Cell>, descending: bool) -> Ordering {
    match (a.unwrap_or(&Cell::None), b.unwrap_or(&Cell::None)) {
        (a @ Cell::None, b) | (a, b @ Cell::None) => a.compare(b),
        (a, b) if descending => b.compare(a),
        (a, b) => a.compare(b),
    }
}

fn figures(a: Option<f64>, b: Option<f64>, descending: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if descending => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;
    use crate::kinds::PODS;
    use crate::live::Collection;

    fn entries() -> Vec<Arc<Entry>> {
        let pod = |name: &str, phase: &str, ip: Option<&str>| json!({"metadata": {"name": name, "namespace": "n"}, "status": {"phase": phase, "podIP": ip}});
        let objects = vec![
            pod("a", "Running", Some("10.0.0.2")),
            pod("b", "Failed", None),
            pod("c", "Running", Some("10.0.0.1")),
            pod("d", "Succeeded", None),
        ];
        let mut pods = Collection::new(PODS);
        pods.sync(crowsnest_api::stream::ListPart { watch: 0, objects, first: true, last: true });
        pods.entries().cloned().collect()
    }

    fn names(rows: &Rows) -> String {
        rows.iter().map(|entry| entry.key.1.as_str()).collect()
    }

    #[track_caller]
    fn check(order: &str, expected: &str) {
        let order = Order::of(PODS, Some(order));
        assert_eq!(names(&Rows::sorted(PODS, entries(), order, &Joined::default(), None)), expected);
    }

    #[test]
    fn rows_are_sorted_by_any_column_and_nothing_comes_last() {
        check("name", "abcd");
        check("-name", "dcba");
        check("status", "bacd");
        check("ip", "cabd");
        check("-ip", "acbd");
    }

    #[test]
    fn joined_figures_sort_as_well() {
        let mut joined = Joined::default();
        for (name, value) in [("a", 2.0), ("c", 3.0)] {
            joined.set("cpu", ("n".to_owned(), name.to_owned()), value);
        }
        let order = Order::of(PODS, Some("-cpu"));
        assert_eq!(names(&Rows::sorted(PODS, entries(), order, &joined, None)), "cabd");
    }

    #[test]
    fn the_order_is_written_and_read_and_a_second_click_turns_it() {
        let own = Order::of(PODS, None);
        assert_eq!(own.text(PODS), "");
        let age = own.toggled(PODS, PODS.column("age").unwrap());
        assert_eq!(
            (age.text(PODS).as_str(), age.toggled(PODS, age.column).text(PODS).as_str()),
            ("-age", "age")
        );
        assert_eq!(Order::of(PODS, Some("-age")), age);
        assert_eq!(Order::of(PODS, Some("colour")), own);
    }

    #[test]
    fn rows_that_are_held_keep_their_place_and_new_ones_come_after() {
        let order = Order::of(PODS, Some("name"));
        let mut some = entries();
        some.remove(0);
        let held = Rows::sorted(PODS, some, Order::of(PODS, Some("-name")), &Joined::default(), None);
        assert_eq!(names(&Rows::sorted(PODS, entries(), order, &Joined::default(), Some(&held))), "dcba");
    }
}
