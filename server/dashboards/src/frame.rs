//! Frames: the form in which data is transformed and drawn: named columns of one length.

mod from_query;
mod legend;
mod name;
mod values;

pub use from_query::{HistogramBucket, HistogramSample, Series, frames};
pub use legend::render as render_legend;
pub use values::{Cell, Curve, Values};

use crowsnest_api::Labels;

use crate::field::FieldConfig;

/// Columns of one length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// The query that it came from; may be empty after a transformation.
    pub ref_id: String,
    /// A name of its own, where it has one.
    pub name: Option<String>,
    /// The columns.
    pub fields: Vec<Field>,
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// `Time`, `Value`, a label. Not what is shown: see [`Frame::display_name`].
    pub name: String,
    /// What its values are.
    pub kind: FieldKind,
    /// Labels of the series that it came from.
    pub labels: Labels,
    /// What the query's legend calls it.
    pub legend: Option<String>,
    /// The values.
    pub values: Values,
    /// How far apart samples should be, in milliseconds; a longer pause is a gap.
    pub step_ms: Option<i64>,
    /// How it is shown; the default until [`crate::field::configure`] has been here.
    pub config: FieldConfig,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Milliseconds since 1970.
    Time,
    /// Numbers.
    Number,
    /// Texts.
    Text,
    /// True or false.
    Bool,
}

impl FieldKind {
    /// Grafana's word for it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Number => "number",
            Self::Text => "string",
            Self::Bool => "boolean",
        }
    }
}

impl Field {
    /// A column without labels.
    pub fn new(name: impl Into<String>, values: Values) -> Self {
        Self {
            name: name.into(),
            kind: values.kind(),
            labels: Labels::empty(),
            legend: None,
            values,
            step_ms: None,
            config: FieldConfig::default(),
        }
    }

    /// The same column with other values.
    pub fn with_values(&self, values: Values) -> Self {
        Self { values, ..self.without_values() }
    }

    /// The same column with other values, whose kind may be another.
    pub(crate) fn retyped(&self, values: Values) -> Self {
        Self { kind: values.kind(), values, ..self.without_values() }
    }

    fn without_values(&self) -> Self {
        Self {
            name: self.name.clone(),
            kind: self.kind,
            labels: self.labels.clone(),
            legend: self.legend.clone(),
            values: Values::Numbers(Vec::new()),
            step_ms: self.step_ms,
            config: self.config.clone(),
        }
    }
}

impl Frame {
    /// Rows.
    pub fn len(&self) -> usize {
        self.fields.iter().map(|field| field.values.len()).max().unwrap_or(0)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first column of times.
    pub fn time(&self) -> Option<&Field> {
        self.fields.iter().find(|field| field.kind == FieldKind::Time)
    }

    /// Columns of numbers.
    pub fn numbers(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.kind == FieldKind::Number)
    }

    /// The rows `rows`, in that order.
    pub fn pick(&self, rows: &[usize]) -> Self {
        let fields = self.fields.iter().map(|field| field.with_values(field.values.pick(rows)));
        Self { ref_id: self.ref_id.clone(), name: self.name.clone(), fields: fields.collect() }
    }

    /// What the column `at` is called where people see it, and where transformations and overrides name it. `all` are the frames that it is
    /// shown with.
    pub fn display_name(&self, at: usize, all: &[Self]) -> String {
        name::display_name(self, at, all)
    }
}
