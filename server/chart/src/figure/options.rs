//! Options that several kinds of panels have.

use crowsnest_dashboards::frame::{Field, FieldKind, Frame};
use crowsnest_dashboards::{Unit, json};
use serde_json::Value;

/// How tooltips are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TipOptions {
    pub(super) mode: TipMode,
    pub(super) sort: Sort,
    pub(super) hide_zeros: bool,
}

/// What a tooltip has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TipMode {
    /// The series next to the pointer.
    #[default]
    Single,
    /// All.
    Multi,
    /// There is none.
    None,
}

/// The order of a tooltip's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    /// That of the series.
    #[default]
    None,
    /// Least first.
    Ascending,
    /// Greatest first.
    Descending,
}

impl TipOptions {
    pub(super) fn read(options: &Value) -> Self {
        let mode = match json::text(options, "tooltip.mode").as_deref() {
            Some("multi") => TipMode::Multi,
            Some("none") => TipMode::None,
            _ => TipMode::Single,
        };
        let sort = match json::text(options, "tooltip.sort").as_deref() {
            Some("asc") => Sort::Ascending,
            Some("desc") => Sort::Descending,
            _ => Sort::None,
        };
        Self { mode, sort, hide_zeros: json::flag(options, "tooltip.hideZeros") }
    }
}

/// The unit of a column.
pub(super) fn unit(field: &Field) -> Unit {
    field.config.unit.clone().unwrap_or_else(Unit::none)
}

/// The range that percentages and scales of `field` go by: its own config, then the numbers of all columns, or of it alone where it says so.
pub(super) fn ends(field: &Field, all: (f64, f64)) -> (f64, f64) {
    let found = if field.config.own_range { extent(std::iter::once(field)).unwrap_or(all) } else { all };
    (field.config.min.unwrap_or(found.0), field.config.max.unwrap_or(found.1))
}

/// The least and the greatest number of all columns of numbers.
pub(super) fn extent_of(frames: &[Frame]) -> (f64, f64) {
    extent(frames.iter().flat_map(Frame::numbers)).unwrap_or((0.0, 1.0))
}

fn extent<'a>(fields: impl Iterator<Item = &'a Field>) -> Option<(f64, f64)> {
    let numbers = fields.filter(|field| field.kind == FieldKind::Number).flat_map(|field| {
        (0..field.values.len()).filter_map(|at| field.values.number(at)).filter(|number| number.is_finite())
    });
    numbers.fold(None, |found, number| {
        let (low, high) = found.unwrap_or((number, number));
        Some((low.min(number), high.max(number)))
    })
}

/// Whether a column is not to be drawn, or not to be named: `viz`, `legend`, `tooltip`.
pub(super) fn hidden_from(field: &Field, what: &str) -> bool {
    json::flag(&field.config.custom, &format!("hideFrom.{what}"))
}
