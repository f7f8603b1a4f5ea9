//! Sorting, which only an instant query shows.

use std::cmp::Ordering;

use crate::ast::Call;
use crate::engine::QueryError;
use crate::engine::column::{Column, Computed};
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;
use crate::engine::pick::numbers_first;

pub(crate) fn ascending(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    by_value(evaluator, call, grid, f64::total_cmp)
}

pub(crate) fn descending(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    by_value(evaluator, call, grid, |a, b| b.total_cmp(a))
}

pub(crate) fn by_label(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    by_labels(evaluator, call, grid, |order| order)
}

pub(crate) fn by_label_descending(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    by_labels(evaluator, call, grid, Ordering::reverse)
}

fn by_value(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
    order: fn(&f64, &f64) -> Ordering,
) -> Result<Computed, QueryError> {
    let value = |column: &Column| column.float_at(0).unwrap_or(f64::NAN);
    let mut sorted = sorted(evaluator, call, grid, |a, b| numbers_first(value(a), value(b), order))?;
    for slot in sorted.iter_mut().flat_map(|column| &mut column.values) {
        // Native histograms have no place in an order of numbers.
        slot.take_if(|value| value.histogram().is_some());
    }
    sorted.retain(|column| column.values.iter().any(Option::is_some));
    Ok(Computed::Vector(sorted))
}

fn by_labels(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
    direction: fn(Ordering) -> Ordering,
) -> Result<Computed, QueryError> {
    let mut names = Vec::new();
    for arg in call.args.iter().skip(1) {
        names.push(String::from_utf8_lossy(&evaluator.string(arg, grid)?).into_owned());
    }
    sorted(evaluator, call, grid, |a, b| {
        let value = |column: &Column, name: &str| column.labels.get(name).cloned().unwrap_or_default();
        let by_names = names.iter().map(|name| natural(&value(a, name), &value(b, name)));
        let order = by_names.fold(Ordering::Equal, Ordering::then);
        direction(order.then_with(|| a.labels.cmp(&b.labels)))
    })
    .map(Computed::Vector)
}

fn sorted(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
    order: impl Fn(&Column, &Column) -> Ordering,
) -> Result<Vec<Column>, QueryError> {
    let arg = evaluator.arg(call, 0)?;
    let mut columns = evaluator.vector(arg, grid)?;
    if grid.is_instant() {
        columns.sort_by(order);
    } else {
        evaluator.warn(
            call.name_span,
            "sort is ineffective for range queries since results are always ordered by labels",
        );
    }
    Ok(columns)
}

/// Compares texts with the numbers in them taken as numbers: `cpu2` before `cpu10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        let (Some(first_a), Some(first_b)) = (a.first(), b.first()) else {
            return a.len().cmp(&b.len());
        };
        let order = if first_a.is_ascii_digit() && first_b.is_ascii_digit() {
            let (number_a, rest_a) = leading_number(a);
            let (number_b, rest_b) = leading_number(b);
            (a, b) = (rest_a, rest_b);
            number_a.len().cmp(&number_b.len()).then(number_a.cmp(number_b))
        } else {
            let order = first_a.cmp(first_b);
            a = a.get(1..).unwrap_or_default();
            b = b.get(1..).unwrap_or_default();
            order
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The digits at the start without leading zeros, and what follows them.
fn leading_number(text: &[u8]) -> (&[u8], &[u8]) {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(digits).unwrap_or((text, &[]));
    let zeros = number.iter().take_while(|byte| **byte == b'0').count();
    (number.get(zeros..).unwrap_or_default(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_within_texts_are_compared_as_numbers() {
        let mut names = ["cpu10", "cpu2", "cpu", "cpu02x", "a9b10", "a9b9"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a9b9", "a9b10", "cpu", "cpu2", "cpu02x", "cpu10"]);
    }
}
