//! Aggregations that keep some of the series as they are: `topk`, `bottomk`, `limitk`, `limit_ratio`.

use std::cmp::Ordering;

use crowsnest_api::Labels;

use super::QueryError;
use super::aggregate::{AggregateGroup, hint_at_ignored};
use super::column::Column;
use super::evaluator::Evaluator;
use super::grid::Grid;
use crate::text::general;
use crate::{AggregateOp, Span};

/// Keeps, at each step, the chosen members of each group. `spans` are those of the parameter and of the aggregation.
pub(crate) fn pick(
    evaluator: &mut Evaluator<'_>,
    op: AggregateOp,
    columns: &[Column],
    groups: &[AggregateGroup],
    amounts: &[f64],
    spans: (Span, Span),
    grid: &Grid,
) -> Result<Vec<Column>, QueryError> {
    let mut kept: Vec<Column> =
        columns.iter().map(|column| column.with_values(vec![None; grid.len()])).collect();
    // The order of the result, which counts in instant queries: group by group, best first.
    let mut order = Vec::new();
    for (step, &amount) in amounts.iter().enumerate() {
        evaluator.check()?;
        let choice = Choice::new(evaluator, op, amount, spans.0)?;
        for group in groups {
            let present =
                |&&index: &&usize| columns.get(index).is_some_and(|column| column.at(step).is_some());
            let mut members: Vec<usize> = group.members.iter().filter(present).copied().collect();
            if matches!(choice, Choice::Largest(_) | Choice::Smallest(_)) {
                let count = members.len();
                members.retain(|&index| {
                    columns.get(index).is_some_and(|column| column.float_at(step).is_some())
                });
                if members.len() < count {
                    hint_at_ignored(evaluator, op, spans.1);
                }
            }
            for index in choice.of(members, columns, step) {
                let value = columns.get(index).and_then(|column| column.at(step));
                if let Some(slot) = kept.get_mut(index).and_then(|column| column.values.get_mut(step)) {
                    *slot = value.cloned();
                }
                if grid.is_instant() {
                    order.push(index);
                }
            }
        }
    }
    if grid.is_instant() {
        let mut places: Vec<Option<Column>> = kept.into_iter().map(Some).collect();
        return Ok(order.into_iter().filter_map(|index| places.get_mut(index)?.take()).collect());
    }
    kept.retain(|column| column.values.iter().any(Option::is_some));
    Ok(kept)
}

/// What to keep of a group.
enum Choice {
    Largest(usize),
    Smallest(usize),
    First(usize),
    /// The members whose hash lies below the ratio, or, when negative, the other ones.
    Ratio(f64),
}

impl Choice {
    fn new(
        evaluator: &mut Evaluator<'_>,
        op: AggregateOp,
        amount: f64,
        span: Span,
    ) -> Result<Self, QueryError> {
        if op == AggregateOp::LimitRatio {
            if amount.is_nan() {
                return Err(QueryError::execution("Ratio value is NaN"));
            }
            let capped = amount.clamp(-1.0, 1.0);
            if capped != amount {
                let (amount, capped) = (general(amount), general(capped));
                evaluator.warn(
                    span,
                    format!("ratio value should be between -1 and 1, got {amount}, capping to {capped}"),
                );
            }
            return Ok(Self::Ratio(capped));
        }
        if amount.is_nan() {
            return Err(QueryError::execution("Parameter value is NaN"));
        }
        // Both bounds are powers of two, so the comparisons are exact.
        let bound = 2.0_f64.powi(63);
        if amount <= -bound {
            return Err(QueryError::execution(format!("Scalar value {} underflows int64", general(amount))));
        }
        if amount >= bound {
            return Err(QueryError::execution(format!("Scalar value {} overflows int64", general(amount))));
        }
        // `as` truncates and turns negative amounts into none.
        let amount = amount as usize;
        Ok(match op {
            AggregateOp::Topk => Self::Largest(amount),
            AggregateOp::Bottomk => Self::Smallest(amount),
            _ => Self::First(amount),
        })
    }

    fn of(&self, mut members: Vec<usize>, columns: &[Column], step: usize) -> Vec<usize> {
        let value =
            |&index: &usize| columns.get(index).and_then(|column| column.float_at(step)).unwrap_or(f64::NAN);
        match *self {
            Self::Largest(amount) => {
                first(&mut members, amount, |a, b| numbers_first(value(a), value(b), |a, b| b.total_cmp(a)));
            }
            Self::Smallest(amount) => {
                first(&mut members, amount, |a, b| numbers_first(value(a), value(b), f64::total_cmp));
            }
            Self::First(amount) => members.truncate(amount),
            Self::Ratio(ratio) => members.retain(|index| {
                let share = columns.get(*index).map_or(1.0, |column| hash_share(&column.labels));
                if ratio >= 0.0 { share < ratio } else { share >= 1.0 + ratio }
            }),
        }
        members
    }
}

/// Keeps the first `amount` members in order, and of equal ones those of the earlier series; the others are not sorted.
fn first(members: &mut Vec<usize>, amount: usize, order: impl Fn(&usize, &usize) -> Ordering) {
    let order = |a: &usize, b: &usize| order(a, b).then(a.cmp(b));
    if amount < members.len() {
        members.select_nth_unstable_by(amount, order);
        members.truncate(amount);
    }
    members.sort_unstable_by(order);
}

/// Orders numbers by `order`, equal ones as equal, NaN after all numbers.
pub(crate) fn numbers_first(a: f64, b: f64, order: fn(&f64, &f64) -> Ordering) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) if a == b => Ordering::Equal,
        (false, false) => order(&a, &b),
        (a_is_nan, b_is_nan) => a_is_nan.cmp(&b_is_nan),
    }
}

/// Where a label set lies between 0 and 1, the same in every query and on every machine.
fn hash_share(labels: &Labels) -> f64 {
    let mut encoded = Vec::new();
    for label in labels {
        for text in [&label.name, &label.value] {
            let length = text.len();
            match u8::try_from(length) {
                Ok(short @ 0..=254) => encoded.push(short),
                _ => {
                    let [a, b, c, ..] = length.to_le_bytes();
                    encoded.extend([255, a, b, c]);
                }
            }
            encoded.extend(text.as_bytes());
        }
    }
    xxh64(&encoded) as f64 / u64::MAX as f64
}

/// The 64-bit xxHash with seed 0, after its specification.
fn xxh64(data: &[u8]) -> u64 {
    const P1: u64 = 0x9E37_79B1_85EB_CA87;
    const P2: u64 = 0xC2B2_AE3D_27D4_EB4F;
    const P3: u64 = 0x1656_67B1_9E37_79F9;
    const P4: u64 = 0x85EB_CA77_C2B2_AE63;
    const P5: u64 = 0x27D4_EB2F_1656_67C5;
    let round =
        |lane: u64, input: u64| lane.wrapping_add(input.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1);
    let (stripes, mut tail) = data.as_chunks::<32>();
    let mut hash = if stripes.is_empty() {
        P5
    } else {
        let mut lanes = [P1.wrapping_add(P2), P2, 0, 0_u64.wrapping_sub(P1)];
        for stripe in stripes {
            let (words, _) = stripe.as_chunks::<8>();
            for (lane, word) in lanes.iter_mut().zip(words) {
                *lane = round(*lane, u64::from_le_bytes(*word));
            }
        }
        let [a, b, c, d] = lanes;
        let mut hash = a
            .rotate_left(1)
            .wrapping_add(b.rotate_left(7))
            .wrapping_add(c.rotate_left(12))
            .wrapping_add(d.rotate_left(18));
        for lane in lanes {
            hash = (hash ^ round(0, lane)).wrapping_mul(P1).wrapping_add(P4);
        }
        hash
    };
    hash = hash.wrapping_add(data.len() as u64);
    let (words, rest) = tail.as_chunks::<8>();
    for word in words {
        hash ^= round(0, u64::from_le_bytes(*word));
        hash = hash.rotate_left(27).wrapping_mul(P1).wrapping_add(P4);
    }
    tail = rest;
    let (words, rest) = tail.as_chunks::<4>();
    for word in words {
        hash ^= u64::from(u32::from_le_bytes(*word)).wrapping_mul(P1);
        hash = hash.rotate_left(23).wrapping_mul(P2).wrapping_add(P3);
    }
    for &byte in rest {
        hash ^= u64::from(byte).wrapping_mul(P5);
        hash = hash.rotate_left(11).wrapping_mul(P1);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(P2);
    hash ^= hash >> 29;
    hash = hash.wrapping_mul(P3);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_one_of_the_specification() {
        assert_eq!(xxh64(b""), 0xEF46_DB37_51D8_E999);
        assert_eq!(xxh64(b"a"), 0xD24E_C4F1_A98C_6E5B);
        assert_eq!(xxh64(b"abc"), 0x44BC_2CF5_AD77_0999);
        assert_eq!(xxh64(b"Nobody inspects the spammish repetition"), 0xFBCE_A83C_8A37_8BF1);
    }

    #[test]
    fn nan_comes_after_every_number() {
        let mut values = [2.0, f64::NAN, -1.0, f64::INFINITY];
        values.sort_by(|a, b| numbers_first(*a, *b, |a, b| b.total_cmp(a)));
        assert_eq!(values.get(..3).unwrap(), [f64::INFINITY, 2.0, -1.0]);
    }
}
