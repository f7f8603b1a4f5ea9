//! Calculations: a column of numbers becomes one. Ids and titles are Grafana 13's; old dashboards' names are translated by the import.

use crate::frame::{Cell, Field, Values};

/// One calculation.
pub struct Reducer {
    /// What dashboards name it by.
    pub id: &'static str,
    /// Head of its column in legends and tables.
    pub title: &'static str,
    calculate: fn(&Numbers) -> Cell,
}

/// Every calculation but percentiles, `p1` to `p99`, and lists of values.
pub const REDUCERS: &[Reducer] = &[
    Reducer { id: "lastNotNull", title: "Last *", calculate: |n| n.known.last().copied().into() },
    Reducer { id: "last", title: "Last", calculate: |n| n.all.last().copied().flatten().into() },
    Reducer { id: "firstNotNull", title: "First *", calculate: |n| n.known.first().copied().into() },
    Reducer { id: "first", title: "First", calculate: |n| n.all.first().copied().flatten().into() },
    Reducer { id: "min", title: "Min", calculate: |n| n.known.iter().copied().reduce(f64::min).into() },
    Reducer { id: "max", title: "Max", calculate: |n| n.known.iter().copied().reduce(f64::max).into() },
    Reducer { id: "mean", title: "Mean", calculate: |n| n.mean().into() },
    Reducer { id: "median", title: "Median", calculate: |n| n.percentile(50.0).into() },
    Reducer { id: "variance", title: "Variance", calculate: |n| n.variance().into() },
    Reducer { id: "stdDev", title: "StdDev", calculate: |n| n.variance().map(f64::sqrt).into() },
    Reducer { id: "sum", title: "Total", calculate: |n| n.sum().into() },
    Reducer { id: "count", title: "Count", calculate: |n| Cell::Number(n.known.len() as f64) },
    Reducer { id: "countAll", title: "Count *", calculate: |n| Cell::Number(n.all.len() as f64) },
    Reducer { id: "range", title: "Range", calculate: |n| n.range().into() },
    Reducer { id: "delta", title: "Delta", calculate: |n| n.delta().into() },
    Reducer { id: "step", title: "Step", calculate: |n| n.step().into() },
    Reducer { id: "diff", title: "Difference", calculate: |n| n.diff().into() },
    Reducer { id: "diffperc", title: "Difference percent", calculate: |n| n.diff_share().into() },
    Reducer { id: "logmin", title: "Min (above zero)", calculate: |n| n.least_above_zero().into() },
    Reducer {
        id: "allIsZero",
        title: "All zeros",
        calculate: |n| Cell::Bool(!n.all.is_empty() && n.all.iter().all(|value| *value == Some(0.0))),
    },
    Reducer { id: "allIsNull", title: "All nulls", calculate: |n| Cell::Bool(n.known.is_empty()) },
    Reducer { id: "changeCount", title: "Change count", calculate: |n| Cell::Number(n.changes()) },
    Reducer { id: "distinctCount", title: "Distinct count", calculate: |n| Cell::Number(n.distinct()) },
];

impl From<Option<f64>> for Cell {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Null, Self::Number)
    }
}

/// The numbers of a column: all, and those that are neither null nor NaN.
struct Numbers {
    all: Vec<Option<f64>>,
    known: Vec<f64>,
}

/// `field` reduced by the calculation `id`; null for one that is not known. `nulls_are_zero` is the column's wish.
///
/// Of columns without numbers, only first, last and counts say something.
pub fn reduce(field: &Field, id: &str) -> Cell {
    if matches!(field.values, Values::Texts(_)) {
        return of_texts(&field.values, id);
    }
    let zero = field.config.nulls_are_zero();
    let number = |at: usize| {
        let number = field.values.number(at).filter(|number| !number.is_nan());
        if zero { number.or(Some(0.0)) } else { number }
    };
    let all: Vec<Option<f64>> = (0..field.values.len()).map(number).collect();
    let numbers = Numbers { known: all.iter().flatten().copied().collect(), all };
    // The ends of a column keep what kind of value they are.
    if let Values::Times(_) | Values::Bools(_) = field.values
        && let Some(cell) = end(&field.values, id)
    {
        return cell;
    }
    if let Some(reducer) = REDUCERS.iter().find(|reducer| reducer.id == id) {
        return (reducer.calculate)(&numbers);
    }
    let percent =
        id.strip_prefix('p').and_then(|digits| digits.parse::<u8>().ok()).filter(|percent| *percent <= 100);
    percent.and_then(|percent| numbers.percentile(f64::from(percent))).into()
}

/// Whether there is a calculation `id`.
pub fn is_known(id: &str) -> bool {
    REDUCERS.iter().any(|reducer| reducer.id == id)
        || id.strip_prefix('p').is_some_and(|digits| digits.parse::<u8>().is_ok_and(|percent| percent <= 100))
}

/// Head of the column of the calculation `id`; the id where it is not known.
pub fn title(id: &str) -> String {
    match REDUCERS.iter().find(|reducer| reducer.id == id) {
        Some(reducer) => reducer.title.to_owned(),
        None => match id.strip_prefix('p') {
            Some(percent) if is_known(id) => format!("{percent}th %"),
            _ => id.to_owned(),
        },
    }
}

/// First and last values.
fn end(values: &Values, id: &str) -> Option<Cell> {
    let mut cells = values.cells();
    Some(match id {
        "first" => cells.next().unwrap_or(Cell::Null),
        "last" => cells.last().unwrap_or(Cell::Null),
        "firstNotNull" => cells.find(|cell| *cell != Cell::Null).unwrap_or(Cell::Null),
        "lastNotNull" => cells.filter(|cell| *cell != Cell::Null).last().unwrap_or(Cell::Null),
        _ => return None,
    })
}

fn of_texts(values: &Values, id: &str) -> Cell {
    if let Some(cell) = end(values, id) {
        return cell;
    }
    let cells: Vec<Cell> = values.cells().collect();
    let known = cells.iter().filter(|cell| **cell != Cell::Null);
    match id {
        "count" => Cell::Number(known.count() as f64),
        "countAll" => Cell::Number(cells.len() as f64),
        "distinctCount" => {
            Cell::Number(known.map(Cell::key).collect::<std::collections::BTreeSet<_>>().len() as f64)
        }
        "changeCount" => {
            let known: Vec<_> = known.collect();
            Cell::Number(known.windows(2).filter(|pair| matches!(pair, [a, b] if a != b)).count() as f64)
        }
        "allIsNull" => Cell::Bool(known.count() == 0),
        _ => Cell::Null,
    }
}

impl Numbers {
    fn sum(&self) -> Option<f64> {
        (!self.known.is_empty()).then(|| self.known.iter().sum())
    }

    fn mean(&self) -> Option<f64> {
        Some(self.sum()? / self.known.len() as f64)
    }

    /// Of the whole, not of a sample.
    fn variance(&self) -> Option<f64> {
        let mean = self.mean()?;
        Some(self.known.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / self.known.len() as f64)
    }

    fn range(&self) -> Option<f64> {
        let (least, most) =
            (self.known.iter().copied().reduce(f64::min)?, self.known.iter().copied().reduce(f64::max)?);
        Some(most - least)
    }

    fn pairs(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.known.iter().zip(self.known.iter().skip(1)).map(|(a, b)| (*a, *b))
    }

    /// Increase of a counter, which begins at zero after each fall.
    fn delta(&self) -> Option<f64> {
        (!self.known.is_empty()).then(|| self.pairs().map(|(a, b)| if b >= a { b - a } else { b }).sum())
    }

    /// The smallest difference between neighbours.
    fn step(&self) -> Option<f64> {
        self.pairs().map(|(a, b)| b - a).reduce(f64::min)
    }

    fn diff(&self) -> Option<f64> {
        Some(self.known.last()? - self.known.first()?)
    }

    /// As a share of the first value.
    fn diff_share(&self) -> Option<f64> {
        Some(self.diff()? / self.known.first()?)
    }

    fn least_above_zero(&self) -> Option<f64> {
        self.known.iter().copied().filter(|value| *value > 0.0).reduce(f64::min)
    }

    fn changes(&self) -> f64 {
        self.pairs().filter(|(a, b)| a != b).count() as f64
    }

    fn distinct(&self) -> f64 {
        let mut sorted = self.known.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        sorted.len() as f64
    }

    /// The value at a share of the sorted numbers, by the nearest rank below.
    fn percentile(&self, percent: f64) -> Option<f64> {
        let mut sorted = self.known.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        sorted.get((last as f64 * percent / 100.0).round() as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(id: &str, expected: &Cell) {
        let numbers = [Some(2.0), None, Some(5.0), Some(f64::NAN), Some(1.0), Some(1.0), None];
        let field = Field::new("v", Values::Numbers(numbers.to_vec()));
        assert_eq!(&reduce(&field, id), expected, "{id}");
    }

    #[test]
    fn nulls_do_not_count() {
        for (id, expected) in [
            ("lastNotNull", 1.0),
            ("firstNotNull", 2.0),
            ("min", 1.0),
            ("max", 5.0),
            ("mean", 2.25),
            ("sum", 9.0),
            ("count", 4.0),
            ("countAll", 7.0),
            ("range", 4.0),
            ("delta", 4.0),
            ("step", -4.0),
            ("diff", -1.0),
            ("diffperc", -0.5),
            ("changeCount", 2.0),
            ("distinctCount", 3.0),
            ("logmin", 1.0),
            ("p100", 5.0),
            ("variance", 2.6875),
        ] {
            check(id, &Cell::Number(expected));
        }
        check("last", &Cell::Null);
        check("allIsNull", &Cell::Bool(false));
        check("nonsense", &Cell::Null);
    }

    #[test]
    fn a_column_without_numbers_is_null_and_says_so() {
        let field = Field::new("v", Values::Numbers(vec![None, Some(f64::NAN)]));
        assert_eq!((reduce(&field, "mean"), reduce(&field, "allIsNull")), (Cell::Null, Cell::Bool(true)));
        let texts = Field::new("v", Values::texts(["a", "b", "b"]));
        assert_eq!(
            (reduce(&texts, "last"), reduce(&texts, "distinctCount")),
            (Cell::text("b"), Cell::Number(2.0))
        );
    }
}
