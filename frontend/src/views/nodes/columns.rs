//! The columns of the nodes table and the order of its rows.

use std::cmp::Ordering;
use std::fmt;

use crate::api::Node;
use crate::arrange::Arrange as _;
use crate::i18n::Msg;
use crate::verdict::of_node;

/// A column: its head, and what it sorts by.
pub(super) struct Column {
    /// Its name in the URL.
    pub(super) id: &'static str,
    pub(super) title: Msg,
    /// Whether it holds numbers, which stand at the end and sort largest first.
    pub(super) numeric: bool,
    /// Whether it gives way on narrow screens.
    pub(super) optional: bool,
    compare: fn(&Node, &Node) -> Ordering,
}

/// In the order of the table.
pub(super) const COLUMNS: &[Column] = &[
    Column {
        id: "name",
        title: Msg::ColumnName,
        numeric: false,
        optional: false,
        compare: |a, b| a.name.cmp(&b.name),
    },
    Column {
        id: "status",
        title: Msg::ColumnStatus,
        numeric: false,
        optional: false,
        compare: |a, b| badness(a).cmp(&badness(b)),
    },
    Column {
        id: "cpu",
        title: Msg::ColumnCpu,
        numeric: true,
        optional: false,
        compare: |a, b| number(a.cpu, b.cpu),
    },
    Column {
        id: "memory",
        title: Msg::ColumnMemory,
        numeric: true,
        optional: false,
        compare: |a, b| number(a.memory(), b.memory()),
    },
    Column {
        id: "disk",
        title: Msg::ColumnDisk,
        numeric: true,
        optional: false,
        compare: |a, b| number(disk(a), disk(b)),
    },
    Column {
        id: "load",
        title: Msg::ColumnLoad,
        numeric: true,
        optional: true,
        compare: |a, b| number(load(a), load(b)),
    },
    Column {
        id: "uptime",
        title: Msg::ColumnUptime,
        numeric: true,
        optional: true,
        compare: |a, b| a.uptime.cmp(&b.uptime),
    },
    Column {
        id: "sample",
        title: Msg::ColumnLastSample,
        numeric: true,
        optional: false,
        compare: |a, b| a.sample_age.cmp(&b.sample_age),
    },
];

/// Worst first: nothing wrong is the largest.
fn badness(node: &Node) -> u8 {
    of_node(node).iter().map(|problem| problem.severity as u8).min().unwrap_or(u8::MAX)
}

fn disk(node: &Node) -> Option<f64> {
    node.disk().map(crate::api::Filesystem::used)
}

fn load(node: &Node) -> Option<f64> {
    node.load.get(1).copied().flatten()
}

/// Unknown is less than everything.
fn number(a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// What the rows are sorted by; `cpu` and `-cpu` in the URL. Worst first where nobody chose.
#[derive(Clone, Copy)]
pub(super) struct Order {
    column: &'static Column,
    pub(super) descending: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self::parse("status").unwrap_or(Self { column: &COLUMNS[0], descending: false })
    }
}

impl PartialEq for Order {
    fn eq(&self, other: &Self) -> bool {
        self.column.id == other.column.id && self.descending == other.descending
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.descending { "-" } else { "" }, self.column.id)
    }
}

impl Order {
    /// Reads it from the URL; `None` for a column that does not exist.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (id, descending) = text.strip_prefix('-').map_or((text, false), |id| (id, true));
        COLUMNS.iter().find(|column| column.id == id).map(|column| Self { column, descending })
    }

    /// The order after a click on `column`'s head: its natural direction first, then the other.
    pub(super) fn toggled(self, column: &'static Column) -> Self {
        let descending = if self.column.id == column.id { !self.descending } else { column.numeric };
        Self { column, descending }
    }

    /// The value of `aria-sort` for `column`: none where the rows are sorted by another.
    pub(super) fn aria(self, column: &Column) -> Option<&'static str> {
        (self.column.id == column.id).then_some(if self.descending { "descending" } else { "ascending" })
    }
}

/// The names of the nodes in that order, equals by name.
pub(super) fn sorted(nodes: &[&Node], order: Order) -> Vec<String> {
    let mut nodes = nodes.to_vec();
    nodes.arrange_by(|a, b| {
        let by_column = (order.column.compare)(a, b);
        let by_column = if order.descending { by_column.reverse() } else { by_column };
        by_column.then_with(|| a.name.cmp(&b.name))
    });
    nodes.into_iter().map(|node| node.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes() -> [Node; 3] {
        let node = |name: &str, reporting, cpu| Node { name: name.into(), reporting, cpu, ..Node::default() };
        [node("a", true, Some(0.1)), node("b", false, None), node("c", true, Some(0.7))]
    }

    #[track_caller]
    fn check(order: &str, expected: [&str; 3]) {
        let nodes = nodes();
        let order = Order::parse(order).unwrap();
        assert_eq!(sorted(&nodes.each_ref(), order), expected);
        assert_eq!(Order::parse(&order.to_string()).map(|order| order.to_string()), Some(order.to_string()));
    }

    #[test]
    fn rows_are_sorted_by_any_column_and_unknown_figures_come_last() {
        check("name", ["a", "b", "c"]);
        check("-name", ["c", "b", "a"]);
        check("-cpu", ["c", "a", "b"]);
        check("status", ["b", "a", "c"]);
    }

    #[test]
    fn the_worst_come_first_unless_somebody_chose() {
        assert_eq!(Order::default().to_string(), "status");
        assert!(Order::parse("colour").is_none());
    }

    #[test]
    fn a_second_click_turns_the_order() {
        let cpu = COLUMNS.iter().find(|column| column.id == "cpu").unwrap();
        let once = Order::default().toggled(cpu);
        assert_eq!((once.to_string(), once.toggled(cpu).to_string()), ("-cpu".to_owned(), "cpu".to_owned()));
    }
}
