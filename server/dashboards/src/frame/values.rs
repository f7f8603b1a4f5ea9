//! Values of a column.

use std::cmp::Ordering;
use std::sync::Arc;

use super::FieldKind;

/// Values of one kind; `None` is null. NaN is a number.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Milliseconds since 1970.
    Times(Vec<Option<i64>>),
    /// Numbers.
    Numbers(Vec<Option<f64>>),
    /// Texts.
    Texts(Vec<Option<Arc<str>>>),
    /// True or false.
    Bools(Vec<Option<bool>>),
    /// Series, each as one value.
    Curves(Vec<Option<Arc<Curve>>>),
}

/// A series as one value of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What stands for it where a number is wanted.
    pub value: Option<f64>,
    /// Milliseconds since 1970 and numbers, in the order of time.
    pub points: Vec<(i64, f64)>,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// There is none.
    Null,
    /// Milliseconds since 1970.
    Time(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(Arc<str>),
    /// True or false.
    Bool(bool),
    /// A series, which counts as the number that stands for it.
    Curve(Arc<Curve>),
}

impl Values {
    /// Texts.
    pub fn texts<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Self {
        Self::Texts(texts.into_iter().map(|text| Some(Arc::from(text.as_ref()))).collect())
    }

    /// Numbers.
    pub fn numbers(numbers: impl IntoIterator<Item = f64>) -> Self {
        Self::Numbers(numbers.into_iter().map(Some).collect())
    }

    /// Cells as a column of the kind of the first that is not null; cells of other kinds become texts, or null where
    /// a text cannot be read as that kind.
    pub fn from_cells(cells: Vec<Cell>) -> Self {
        let kind = cells.iter().find_map(Cell::kind).unwrap_or(FieldKind::Number);
        Self::of_kind(kind, cells)
    }

    /// Cells as a column of a kind.
    pub fn of_kind(kind: FieldKind, cells: Vec<Cell>) -> Self {
        let curve = |cell: Cell| match cell {
            Cell::Curve(curve) => Some(curve),
            _ => None,
        };
        match kind {
            FieldKind::Number if cells.iter().any(|cell| matches!(cell, Cell::Curve(_))) => {
                Self::Curves(cells.into_iter().map(curve).collect())
            }
            FieldKind::Time => Self::Times(cells.iter().map(Cell::as_time).collect()),
            FieldKind::Number => Self::Numbers(cells.iter().map(Cell::as_number).collect()),
            FieldKind::Text => Self::Texts(cells.into_iter().map(Cell::into_text).collect()),
            FieldKind::Bool => Self::Bools(cells.iter().map(Cell::as_bool).collect()),
        }
    }

    /// What the values are.
    pub fn kind(&self) -> FieldKind {
        match self {
            Self::Times(_) => FieldKind::Time,
            Self::Numbers(_) | Self::Curves(_) => FieldKind::Number,
            Self::Texts(_) => FieldKind::Text,
            Self::Bools(_) => FieldKind::Bool,
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Times(values) => values.len(),
            Self::Numbers(values) => values.len(),
            Self::Texts(values) => values.len(),
            Self::Bools(values) => values.len(),
            Self::Curves(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value in the row `at`; null beyond the end.
    pub fn get(&self, at: usize) -> Cell {
        match self {
            Self::Times(values) => values.get(at).copied().flatten().map_or(Cell::Null, Cell::Time),
            Self::Numbers(values) => values.get(at).copied().flatten().map_or(Cell::Null, Cell::Number),
            Self::Texts(values) => values.get(at).cloned().flatten().map_or(Cell::Null, Cell::Text),
            Self::Bools(values) => values.get(at).copied().flatten().map_or(Cell::Null, Cell::Bool),
            Self::Curves(values) => values.get(at).cloned().flatten().map_or(Cell::Null, Cell::Curve),
        }
    }

    /// The number in the row `at`; times, truth and digits count.
    pub fn number(&self, at: usize) -> Option<f64> {
        self.get(at).as_number()
    }

    /// All cells.
    pub fn cells(&self) -> impl Iterator<Item = Cell> + '_ {
        (0..self.len()).map(|at| self.get(at))
    }

    /// The rows `rows`, in that order; null for those beyond the end.
    pub fn pick(&self, rows: &[usize]) -> Self {
        fn pick<T: Clone>(values: &[Option<T>], rows: &[usize]) -> Vec<Option<T>> {
            rows.iter().map(|row| values.get(*row).cloned().flatten()).collect()
        }
        match self {
            Self::Times(values) => Self::Times(pick(values, rows)),
            Self::Numbers(values) => Self::Numbers(pick(values, rows)),
            Self::Texts(values) => Self::Texts(pick(values, rows)),
            Self::Bools(values) => Self::Bools(pick(values, rows)),
            Self::Curves(values) => Self::Curves(pick(values, rows)),
        }
    }
}

impl Cell {
    /// A text.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Arc::from(text.as_ref()))
    }

    /// What it is; `None` for null.
    pub fn kind(&self) -> Option<FieldKind> {
        Some(match self {
            Self::Null => return None,
            Self::Time(_) => FieldKind::Time,
            Self::Number(_) | Self::Curve(_) => FieldKind::Number,
            Self::Text(_) => FieldKind::Text,
            Self::Bool(_) => FieldKind::Bool,
        })
    }

    /// As a number.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Null => None,
            Self::Time(ms) => Some(*ms as f64),
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Bool(flag) => Some(f64::from(u8::from(*flag))),
            Self::Curve(curve) => curve.value,
        }
    }

    fn as_time(&self) -> Option<i64> {
        match self {
            Self::Time(ms) => Some(*ms),
            // A cast of a float saturates.
            other => other.as_number().filter(|number| number.is_finite()).map(|number| number as i64),
        }
    }

    fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            Self::Text(text) => match text.as_ref() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            other => other.as_number().map(|number| number != 0.0),
        }
    }

    fn into_text(self) -> Option<Arc<str>> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(text),
            other => Some(Arc::from(other.to_string())),
        }
    }

    /// Order for sorting: null first, numbers by size, texts by letters.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Self::Null) => Ordering::Greater,
            (Self::Text(a), Self::Text(b)) => a.to_lowercase().cmp(&b.to_lowercase()).then_with(|| a.cmp(b)),
            (a, b) => match (a.as_number(), b.as_number()) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                _ => a.to_string().cmp(&b.to_string()),
            },
        }
    }

    /// What tells this value from another when rows are brought together.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Null => "\u{0}".to_owned(),
            other => other.to_string(),
        }
    }
}

/// Without unit or format: digits, letters, `true`; nothing for null.
impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Time(ms) => write!(f, "{ms}"),
            Self::Number(number) => f.write_str(&crowsnest_api::format_value(*number)),
            Self::Text(text) => f.write_str(text),
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Curve(curve) => match curve.value {
                Some(number) => f.write_str(&crowsnest_api::format_value(number)),
                None => Ok(()),
            },
        }
    }
}
