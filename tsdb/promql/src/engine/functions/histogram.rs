//! Quantiles and fractions of histograms: native ones, and classic ones, whose buckets are series with a label `le`.

use std::collections::HashMap;
use std::sync::Arc;

use crowsnest_api::{Labels, METRIC_NAME, Timestamp, parse_value};

use crate::ast::{Call, Expr};
use crate::engine::QueryError;
use crate::engine::aggregate::warn_of_quantiles;
use crate::engine::column::{Column, Columns, Computed};
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;
use crate::histogram::Quantile;
use crate::text::{general, two_digits};
use crate::{FloatHistogram, Span};

const BOUND: &str = "le";

/// Counts that differ by no more than this share differ by rounding only.
const SMALL_DIFFERENCE: f64 = 1e-12;

/// Cumulative count of the observations at or below a bound.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    bound: f64,
    count: f64,
}

/// `histogram_quantile(φ, buckets)`
pub(crate) fn quantile(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let phi_arg = evaluator.arg(call, 0)?;
    let phi = evaluator.scalar(phi_arg, grid)?;
    let vector_arg = evaluator.arg(call, 1)?;
    let histograms = Histograms::eval(evaluator, vector_arg, grid)?;
    warn_of_quantiles(evaluator, &phi, phi_arg.span);
    let mut columns = Columns::new(grid.len());
    histograms.quantiles(evaluator, &phi, None, grid, vector_arg.span, &mut columns)?;
    Ok(Computed::Vector(columns.finish()))
}

/// `histogram_quantiles(buckets, label, φ…)`
pub(crate) fn quantiles(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let vector_arg = evaluator.arg(call, 0)?;
    let histograms = Histograms::eval(evaluator, vector_arg, grid)?;
    let label = evaluator.string(evaluator.arg(call, 1)?, grid)?;
    let label = String::from_utf8_lossy(&label).into_owned();
    let mut columns = Columns::new(grid.len());
    for arg in call.args.iter().skip(2) {
        let phi = evaluator.scalar(arg, grid)?;
        warn_of_quantiles(evaluator, &phi, arg.span);
        histograms.quantiles(evaluator, &phi, Some(&label), grid, vector_arg.span, &mut columns)?;
    }
    Ok(Computed::Vector(columns.finish()))
}

/// `histogram_fraction(lower, upper, buckets)`
pub(crate) fn fraction(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let lower = evaluator.scalar(evaluator.arg(call, 0)?, grid)?;
    let upper = evaluator.scalar(evaluator.arg(call, 1)?, grid)?;
    let vector_arg = evaluator.arg(call, 2)?;
    let span = vector_arg.span;
    let histograms = Histograms::eval(evaluator, vector_arg, grid)?;
    let mut columns = Columns::new(grid.len());
    for histogram in &histograms.histograms {
        let column = evaluator.without_name(histogram.column(grid.len()));
        let index = columns.index(column.labels, column.drop_name);
        for (step, (&lower, &upper)) in lower.iter().zip(&upper).enumerate() {
            let fraction = match histogram.at(step, evaluator, span) {
                None => continue,
                Some(Input::Classic(buckets)) => bucket_fraction(lower, upper, buckets),
                Some(Input::Native(native)) => {
                    if native.sum.is_nan() {
                        let metric = histogram.metric();
                        evaluator.annotations.inform(
                            span,
                            format!(
                                "input to histogram_fraction has NaN observations, which are excluded from all \
                                 fractions{metric}"
                            ),
                        );
                    }
                    native.fraction(lower, upper)
                }
            };
            columns.set(index, step, fraction)?;
        }
    }
    Ok(Computed::Vector(columns.finish()))
}

/// The histograms in a vector, classic and native ones.
struct Histograms {
    histograms: Vec<Histogram>,
}

struct Histogram {
    labels: Labels,
    drop_name: bool,
    /// The series of a classic histogram, by their bounds.
    buckets: Vec<(f64, Vec<Option<f64>>)>,
    native: Vec<Option<Arc<FloatHistogram>>>,
}

/// A histogram at one step.
enum Input {
    Classic(Vec<Bucket>),
    Native(Arc<FloatHistogram>),
}

impl Histograms {
    fn eval(evaluator: &mut Evaluator<'_>, arg: &Expr, grid: &Grid) -> Result<Self, QueryError> {
        let mut all = Self { histograms: Vec::new() };
        let mut by_labels = HashMap::new();
        for column in evaluator.vector(arg, grid)? {
            if column.values.iter().flatten().any(|value| value.histogram().is_some()) {
                let native = column.values.iter().map(|value| value.as_ref()?.histogram().cloned()).collect();
                let labels = column.labels.clone();
                if let Some(histogram) = all.of(labels, column.drop_name, &mut by_labels) {
                    histogram.native = native;
                }
            }
            let counts: Vec<Option<f64>> =
                column.values.iter().map(|value| value.as_ref()?.float()).collect();
            if counts.iter().all(Option::is_none) {
                continue;
            }
            let text = column.labels.get(BOUND).cloned().unwrap_or_default();
            let Some(bound) = parse_value(&text) else {
                evaluator.warn(arg.span, malformed_bound(&text, &column.labels));
                continue;
            };
            let mut labels = column.labels.to_builder();
            labels.remove(BOUND);
            if let Some(histogram) = all.of(labels.build(), column.drop_name, &mut by_labels) {
                histogram.buckets.push((bound, counts));
            }
        }
        Ok(all)
    }

    /// The histogram of those labels, added when it is new.
    fn of(
        &mut self,
        labels: Labels,
        drop_name: bool,
        by_labels: &mut HashMap<Labels, usize>,
    ) -> Option<&mut Histogram> {
        let next = self.histograms.len();
        let at = *by_labels.entry(labels.clone()).or_insert(next);
        if at == next {
            self.histograms.push(Histogram { labels, drop_name, buckets: Vec::new(), native: Vec::new() });
        }
        self.histograms.get_mut(at)
    }

    fn quantiles(
        &self,
        evaluator: &mut Evaluator<'_>,
        phi: &[f64],
        label: Option<&str>,
        grid: &Grid,
        span: Span,
        columns: &mut Columns,
    ) -> Result<(), QueryError> {
        for histogram in &self.histograms {
            evaluator.check()?;
            let mut repairs = Repairs::default();
            let column = evaluator.without_name(histogram.column(grid.len()));
            for (step, (time, phi)) in grid.times().zip(phi).enumerate() {
                let Some(input) = histogram.at(step, evaluator, span) else { continue };
                let mut labels = column.labels.to_builder();
                if let Some(label) = label {
                    labels.set(label, label_value(*phi));
                }
                let value = match input {
                    Input::Native(native) => {
                        native_quantile(*phi, &native, &histogram.metric(), evaluator, span)
                    }
                    Input::Classic(buckets) => {
                        let (value, repair) = bucket_quantile(*phi, buckets);
                        if let Some(repair) = repair {
                            repairs.add(time, repair);
                        }
                        value
                    }
                };
                let index = columns.index(labels.build(), column.drop_name);
                columns.set(index, step, value)?;
            }
            repairs.report(evaluator, &histogram.labels, span);
        }
        Ok(())
    }
}

impl Histogram {
    fn column(&self, steps: usize) -> Column {
        Column { labels: self.labels.clone(), drop_name: self.drop_name, values: vec![None; steps] }
    }

    /// What there is at that step; nothing, with a warning, when it is both classic and native.
    fn at(&self, step: usize, evaluator: &mut Evaluator<'_>, span: Span) -> Option<Input> {
        let count = |values: &[Option<f64>]| values.get(step).copied().flatten();
        let buckets: Vec<Bucket> = self
            .buckets
            .iter()
            .filter_map(|(bound, values)| count(values).map(|count| Bucket { bound: *bound, count }))
            .collect();
        match self.native.get(step).cloned().flatten() {
            None => (!buckets.is_empty()).then_some(Input::Classic(buckets)),
            Some(native) if buckets.is_empty() => Some(Input::Native(native)),
            Some(_) => {
                let metric = self.metric();
                evaluator
                    .warn(span, format!("vector contains a mix of classic and native histograms{metric}"));
                None
            }
        }
    }

    /// Said after a message, when there is a name.
    fn metric(&self) -> String {
        for_metric(&self.labels)
    }
}

fn for_metric(labels: &Labels) -> String {
    labels.get(METRIC_NAME).map_or(String::new(), |name| format!(" for metric name {:?}", name.as_str()))
}

fn malformed_bound(text: &str, labels: &Labels) -> String {
    let metric = for_metric(labels);
    format!("bucket label \"le\" is missing or has a malformed value of {text:?}{metric}")
}

/// The φ-quantile of a native histogram; NaN observations are told.
fn native_quantile(
    phi: f64,
    histogram: &FloatHistogram,
    metric: &str,
    evaluator: &mut Evaluator<'_>,
    span: Span,
) -> f64 {
    let (value, result) = match histogram.quantile(phi) {
        Quantile::Exact(value) => return value,
        Quantile::Skewed(value) => (value, "is skewed higher"),
        Quantile::Lost => (f64::NAN, "is NaN"),
    };
    evaluator
        .annotations
        .inform(span, format!("input to histogram_quantile has NaN observations, result {result}{metric}"));
    value
}

/// Sorted by bound, equal bounds added up; `None` without a bucket for all observations.
fn in_order(mut buckets: Vec<Bucket>) -> Option<Vec<Bucket>> {
    buckets.sort_by(|a, b| a.bound.total_cmp(&b.bound));
    if buckets.last()?.bound != f64::INFINITY {
        return None;
    }
    buckets.dedup_by(|next, kept| {
        let same = next.bound == kept.bound;
        if same {
            kept.count += next.count;
        }
        same
    });
    Some(buckets)
}

/// A place where counts decreased although they are cumulative.
#[derive(Clone, Copy, Debug)]
struct Repair {
    lowest: f64,
    highest: f64,
    difference: f64,
}

/// Makes counts grow with the bounds. Small differences come from rounding and are not told.
fn repair(buckets: &mut [Bucket]) -> Option<Repair> {
    let mut found: Option<Repair> = None;
    let mut before = buckets.first()?.count;
    for bucket in buckets.iter_mut().skip(1) {
        let count = bucket.count;
        if almost_equal(before, count) {
            bucket.count = before;
        } else if count < before {
            bucket.count = before;
            let difference = before - count;
            found = Some(match found {
                None => Repair { lowest: bucket.bound, highest: bucket.bound, difference },
                Some(known) => {
                    Repair { highest: bucket.bound, difference: known.difference.max(difference), ..known }
                }
            });
        } else {
            before = count;
        }
    }
    found
}

fn almost_equal(a: f64, b: f64) -> bool {
    if a == b || (a.is_nan() && b.is_nan()) {
        return true;
    }
    let (difference, size) = ((a - b).abs(), a.abs() + b.abs());
    difference / size.min(f64::MAX) < SMALL_DIFFERENCE
}

/// The φ-quantile, interpolated within its bucket.
///
/// The lowest bucket begins at zero, or is only known by its bound when that is not positive; of the highest only the
/// lower end is known.
fn bucket_quantile(phi: f64, buckets: Vec<Bucket>) -> (f64, Option<Repair>) {
    if phi.is_nan() {
        return (f64::NAN, None);
    }
    if phi < 0.0 {
        return (f64::NEG_INFINITY, None);
    }
    if phi > 1.0 {
        return (f64::INFINITY, None);
    }
    let Some(mut buckets) = in_order(buckets) else {
        return (f64::NAN, None);
    };
    let repaired = repair(&mut buckets);
    (quantile_in_order(phi, &buckets), repaired)
}

fn quantile_in_order(phi: f64, buckets: &[Bucket]) -> f64 {
    let [finite @ .., all] = buckets else { return f64::NAN };
    let Some(highest) = finite.last() else { return f64::NAN };
    if all.count == 0.0 || all.count.is_nan() {
        return f64::NAN;
    }
    let rank = phi * all.count;
    let Some(at) = finite.iter().position(|bucket| bucket.count >= rank) else {
        return highest.bound;
    };
    let Some(bucket) = finite.get(at) else { return f64::NAN };
    let below = at.checked_sub(1).and_then(|below| finite.get(below));
    match below {
        None if bucket.bound <= 0.0 => bucket.bound,
        None => bucket.bound * (rank / bucket.count),
        Some(below) => {
            let share = (rank - below.count) / (bucket.count - below.count);
            below.bound + (bucket.bound - below.bound) * share
        }
    }
}

/// The share of the observations between two values, interpolated within buckets.
fn bucket_fraction(lower: f64, upper: f64, buckets: Vec<Bucket>) -> f64 {
    let Some(mut buckets) = in_order(buckets) else { return f64::NAN };
    repair(&mut buckets);
    let Some(all) = buckets.last().map(|bucket| bucket.count) else { return f64::NAN };
    if all == 0.0 || all.is_nan() || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank_of(upper, &buckets) - rank_of(lower, &buckets)) / all
}

/// How many observations lie at or below a value.
fn rank_of(value: f64, buckets: &[Bucket]) -> f64 {
    // What lies below the lowest bucket: zero, when its bound is positive, or nothing that is known.
    let first = buckets.first().map_or(0.0, |bucket| bucket.bound);
    let mut below = Bucket { bound: if first > 0.0 { 0.0 } else { f64::NEG_INFINITY }, count: 0.0 };
    if value <= below.bound {
        return 0.0;
    }
    for bucket in buckets {
        if value <= bucket.bound {
            let width = bucket.bound - below.bound;
            return match (value == bucket.bound, width.is_finite()) {
                (true, _) => bucket.count,
                (false, true) => below.count + (bucket.count - below.count) * (value - below.bound) / width,
                // Within a bucket without end nothing is known; count it as not reached yet.
                (false, false) => below.count,
            };
        }
        below = *bucket;
    }
    below.count
}

/// Repairs of one histogram over the steps of a query, told once.
#[derive(Default)]
struct Repairs {
    found: Option<Repair>,
    samples: usize,
    first: i64,
    last: i64,
}

impl Repairs {
    fn add(&mut self, time: i64, repair: Repair) {
        self.found = Some(match self.found {
            None => {
                self.first = time;
                repair
            }
            Some(known) => Repair {
                lowest: known.lowest.min(repair.lowest),
                highest: known.highest.max(repair.highest),
                difference: known.difference.max(repair.difference),
            },
        });
        self.samples += 1;
        self.last = time;
    }

    fn report(&self, evaluator: &mut Evaluator<'_>, labels: &Labels, span: Span) {
        let Some(Repair { lowest, highest, difference }) = self.found else { return };
        let metric = for_metric(labels);
        let message = format!(
            "input to histogram_quantile needed to be fixed for monotonicity (see \
             https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile){metric}, from \
             buckets {} to {}, with a max diff of {}, over {} samples from {} to {}",
            general(lowest),
            general(highest),
            two_digits(difference),
            self.samples,
            instant(self.first),
            instant(self.last),
        );
        evaluator.annotations.inform(span, message);
    }
}

/// A quantile as a label value: as OpenMetrics writes floats, with a point even in whole numbers.
fn label_value(phi: f64) -> String {
    let text = general(phi);
    if phi.is_finite() && !text.contains(['.', 'e']) { text + ".0" } else { text }
}

fn instant(millis: i64) -> String {
    match jiff::Timestamp::from_millisecond(Timestamp::from_millis(millis).millis()) {
        Ok(timestamp) => timestamp.to_string(),
        Err(_) => Timestamp::from_millis(millis).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(pairs: &[(f64, f64)]) -> Vec<Bucket> {
        pairs.iter().map(|&(bound, count)| Bucket { bound, count }).collect()
    }

    #[track_caller]
    fn check(phi: f64, pairs: &[(f64, f64)], expected: f64) {
        let (value, _) = bucket_quantile(phi, buckets(pairs));
        assert!(value == expected || (value.is_nan() && expected.is_nan()), "{value} instead of {expected}");
    }

    const INF: f64 = f64::INFINITY;

    #[test]
    fn quantiles_are_interpolated_within_their_bucket() {
        let histogram = [(1.0, 10.0), (2.0, 30.0), (INF, 40.0)];
        check(0.5, &histogram, 1.5);
        check(0.125, &histogram, 0.5);
        check(1.0, &histogram, 2.0);
        check(1.1, &histogram, INF);
        check(0.1, &[(-1.0, 5.0), (INF, 5.0)], -1.0);
    }

    #[test]
    fn a_histogram_needs_a_bucket_for_everything_and_another_one() {
        check(0.5, &[(1.0, 1.0), (2.0, 2.0)], f64::NAN);
        check(0.5, &[(INF, 2.0)], f64::NAN);
        check(0.5, &[(1.0, 0.0), (INF, 0.0)], f64::NAN);
    }

    #[test]
    fn decreasing_counts_are_repaired_and_told() {
        let (value, repaired) = bucket_quantile(0.5, buckets(&[(1.0, 10.0), (2.0, 8.0), (INF, 10.0)]));
        assert_eq!(value, 0.5);
        assert_eq!(repaired.unwrap().difference, 2.0);
    }

    #[test]
    fn fractions_are_interpolated_too() {
        let histogram = || buckets(&[(1.0, 10.0), (2.0, 30.0), (INF, 40.0)]);
        assert_eq!(bucket_fraction(0.0, 1.5, histogram()), 0.5);
        assert_eq!(bucket_fraction(2.0, 1.0, histogram()), 0.0);
        assert_eq!(bucket_fraction(f64::NEG_INFINITY, INF, histogram()), 1.0);
    }
}
