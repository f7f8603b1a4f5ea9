//! An instant vector as a table: a column for each label, the values at the right.

use std::collections::BTreeSet;

use crowsnest_api::METRIC_NAME;
use crowsnest_api::prometheus::InstantSeries;

/// One row a series, in the order of the answer.
pub(super) fn vector(vector: &[InstantSeries]) -> String {
    let names: BTreeSet<&str> =
        vector.iter().flat_map(|series| series.metric.iter().map(|label| label.name.as_str())).collect();
    let title = |name: &str| if name == METRIC_NAME { "METRIC".to_owned() } else { name.to_uppercase() };
    let mut columns: Vec<Column> = names
        .iter()
        .map(|name| Column {
            title: title(name),
            cells: vector
                .iter()
                .map(|series| series.metric.get(name).map(ToString::to_string).unwrap_or_default())
                .collect(),
            align: Align::Left,
        })
        .collect();
    let value = |series: &InstantSeries| match (&series.value, &series.histogram) {
        (Some(point), _) => point.1.clone(),
        (None, Some(point)) => super::histogram(&point.1),
        (None, None) => String::new(),
    };
    columns.push(Column {
        title: "VALUE".to_owned(),
        cells: vector.iter().map(value).collect(),
        align: Align::Right,
    });
    if vector.is_empty() { "no series\n".to_owned() } else { rows(&columns) }
}

/// Where a column's cells stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A column: its title, and a cell a row.
pub(crate) struct Column {
    pub(crate) title: String,
    pub(crate) cells: Vec<String>,
    pub(crate) align: Align,
}

impl Column {
    fn width(&self) -> usize {
        self.cells.iter().chain([&self.title]).map(|cell| shown(cell).chars().count()).max().unwrap_or(0)
    }

    fn pad(&self, cell: &str, width: usize) -> String {
        match self.align {
            Align::Left => format!("{:<width$}", shown(cell)),
            Align::Right => format!("{:>width$}", shown(cell)),
        }
    }
}

/// A cell on one line: what a terminal would take for a command is escaped.
fn shown(cell: &str) -> String {
    cell.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// The columns side by side, titles first.
pub(crate) fn rows(columns: &[Column]) -> String {
    let widths: Vec<usize> = columns.iter().map(Column::width).collect();
    let count = columns.first().map_or(0, |column| column.cells.len());
    let line = |cell: &dyn Fn(&Column) -> String| {
        let padded: Vec<String> =
            columns.iter().zip(&widths).map(|(column, width)| column.pad(&cell(column), *width)).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut out = line(&|column| column.title.clone());
    for row in 0..count {
        out.push_str(&line(&|column| column.cells.get(row).cloned().unwrap_or_default()));
    }
    out
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;
    use crowsnest_api::prometheus::Point;

    use super::*;

    fn series(labels: &[(&str, &str)], value: &str) -> InstantSeries {
        let metric = Labels::from_pairs(labels.iter().copied());
        InstantSeries { metric, value: Some(Point(1.5, value.into())), histogram: None }
    }

    #[test]
    fn every_label_has_a_column_and_values_end_in_line() {
        let table = vector(&[
            series(&[("__name__", "up"), ("job", "a")], "1"),
            series(&[("__name__", "up"), ("instance", "i:9100"), ("job", "long")], "12.5"),
        ]);
        let expected = "METRIC  INSTANCE  JOB   VALUE\n\
                        up                a         1\n\
                        up      i:9100    long   12.5\n";
        assert_eq!(table, expected);
    }

    #[test]
    fn a_label_cannot_command_the_terminal() {
        let table = vector(&[series(&[("a", "x\u{1b}[2J\ny")], "1")]);
        assert_eq!(table, "A              VALUE\nx\\u{1b}[2J\\ny      1\n");
    }

    #[test]
    fn nothing_is_said_to_be_nothing() {
        assert_eq!(vector(&[]), "no series\n");
    }
}
