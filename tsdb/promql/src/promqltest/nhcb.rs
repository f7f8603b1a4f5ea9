//! Native histograms with custom bounds, derived from classic ones.

use std::collections::BTreeMap;

use crowsnest_api::{Labels, METRIC_NAME, is_stale, parse_value};

use super::script::Load;
use super::values::Item;
use crate::FloatHistogram;
use crate::histogram::Scheme;

/// A classic histogram at one time.
#[derive(Default)]
struct Classic {
    /// Cumulative counts by bound.
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
}

/// The native counterparts of the classic histograms in a load: series, step and histogram, in order.
///
/// # Errors
/// When counts are negative, decrease with the bounds, or do not add up.
pub(super) fn derive(load: &Load) -> Result<Vec<(Labels, usize, FloatHistogram)>, String> {
    let mut classics: BTreeMap<(Labels, usize), Classic> = BTreeMap::new();
    for series in &load.series {
        let name = series.labels.metric_name();
        let Some((base, part)) = ["_bucket", "_count", "_sum"]
            .into_iter()
            .find_map(|suffix| name.strip_suffix(suffix).map(|base| (base, suffix)))
        else {
            continue;
        };
        let bound = series.labels.get("le").and_then(|bound| parse_value(bound)).filter(|le| !le.is_nan());
        if part == "_bucket" && bound.is_none() {
            continue;
        }
        let mut labels = series.labels.to_builder();
        labels.set(METRIC_NAME, base);
        if part == "_bucket" {
            labels.remove("le");
        }
        let labels = labels.build();
        for (step, item) in series.items.iter().enumerate() {
            let Item::Float(value) = item else { continue };
            if is_stale(*value) {
                continue;
            }
            let classic = classics.entry((labels.clone(), step)).or_default();
            match (part, bound) {
                ("_bucket", Some(bound)) => classic.buckets.push((bound, *value)),
                ("_count", _) => classic.count = Some(*value),
                _ => classic.sum = *value,
            }
        }
    }
    classics
        .into_iter()
        .map(|((labels, step), classic)| {
            let native = native(classic).map_err(|why| format!("{labels}: {why}"))?;
            Ok((labels, step, native))
        })
        .collect()
}

fn native(classic: Classic) -> Result<FloatHistogram, &'static str> {
    let Classic { mut buckets, count, sum } = classic;
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    buckets.dedup_by(|next, kept| next.0 == kept.0);
    let count = count.or(buckets.last().map(|(_, count)| *count)).unwrap_or_default();
    if buckets.last().is_none_or(|(bound, _)| *bound != f64::INFINITY) {
        buckets.push((f64::INFINITY, count));
    }
    if buckets.last().is_some_and(|(_, all)| *all != count) {
        return Err("the count is not that of the bucket for everything");
    }
    let mut before = 0.0;
    let mut counts = Vec::with_capacity(buckets.len());
    for (_, cumulative) in &buckets {
        if *cumulative < before {
            return Err("the counts of buckets decrease");
        }
        counts.push(cumulative - before);
        before = *cumulative;
    }
    let bounds = buckets.iter().map(|(bound, _)| *bound).filter(|bound| bound.is_finite()).collect();
    let native = FloatHistogram { count, sum, ..FloatHistogram::new(Scheme::Custom(bounds)) };
    Ok(native.with_buckets((0..).zip(counts), []))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_become_those_of_single_buckets() {
        let classic = Classic { buckets: vec![(2.0, 5.0), (1.0, 3.0)], count: Some(6.0), sum: 9.0 };
        let native = native(classic).unwrap();
        assert_eq!(native.scheme.custom_bounds(), [1.0, 2.0]);
        assert_eq!(native.positive_buckets().collect::<Vec<_>>(), [(0, 3.0), (1, 2.0), (2, 1.0)]);
    }

    #[test]
    fn counts_that_decrease_are_refused() {
        let classic = Classic { buckets: vec![(1.0, 3.0), (2.0, 2.0)], ..Classic::default() };
        assert!(native(classic).is_err());
    }
}
