//! Compares answers with expectations.

use crowsnest_api::{Labels, Timestamp, format_value, is_stale};

use super::literal::Literal;
use super::script::{Expect, Notes, When};
use super::values::Item;
use crate::engine::{Annotation, VectorElement};
use crate::{FloatHistogram, QueryResult, SampleValue, Series, Value};

/// How far numbers may differ, relative to their size.
const TOLERANCE: f64 = 1e-6;

/// Whether two numbers are the same for a test. Staleness markers equal only themselves.
fn same(a: f64, b: f64) -> bool {
    if is_stale(a) || is_stale(b) {
        return is_stale(a) && is_stale(b);
    }
    if a == b || (a.is_nan() && b.is_nan()) {
        return true;
    }
    let (difference, size) = ((a - b).abs(), a.abs() + b.abs());
    if a == 0.0 || b == 0.0 || size < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    difference / size.min(f64::MAX) < TOLERANCE
}

/// Compares an answer; the error says what differs.
pub(super) fn value(expect: &Expect, when: When, value: &Value) -> Result<(), String> {
    match value {
        Value::Scalar(sample) => match expect.scalar {
            Some(wanted) if same(wanted, sample.value) => Ok(()),
            Some(wanted) => Err(differs(wanted, sample.value)),
            None => Err(format!("got the scalar {}", format_value(sample.value))),
        },
        Value::String(_, text) => match &expect.string {
            Some(wanted) if wanted == text => Ok(()),
            Some(wanted) => Err(format!("expected {wanted:?}, got {text:?}")),
            None => Err(format!("got the string {text:?}")),
        },
        _ if expect.scalar.is_some() || expect.string.is_some() => Err("got no single value".to_owned()),
        Value::Vector(elements) => vector(expect, elements),
        Value::Matrix(series) => matrix(expect, when, series),
    }
}

/// Whether a value is the written one.
fn is(wanted: &Item, found: &SampleValue) -> bool {
    match (wanted, found) {
        (Item::Float(wanted), SampleValue::Float(found)) => same(*wanted, *found),
        (Item::Histogram(wanted), SampleValue::Histogram(found)) => same_histogram(wanted, found),
        _ => false,
    }
}

fn same_histogram(wanted: &Literal, found: &FloatHistogram) -> bool {
    let Literal { histogram, has_hint } = wanted;
    let same_buckets = |a: &mut dyn Iterator<Item = (i32, f64)>, b: &mut dyn Iterator<Item = (i32, f64)>| {
        let (a, b): (Vec<_>, Vec<_>) = (a.collect(), b.collect());
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
    };
    histogram.scheme == found.scheme
        && histogram.zero_threshold == found.zero_threshold
        && same(histogram.zero_count, found.zero_count)
        && same(histogram.count, found.count)
        && same(histogram.sum, found.sum)
        && same_buckets(&mut histogram.positive_buckets(), &mut found.positive_buckets())
        && same_buckets(&mut histogram.negative_buckets(), &mut found.negative_buckets())
        && (!has_hint || histogram.hint == found.hint)
}

fn written(item: &Item) -> String {
    match item {
        Item::Omitted => "_".to_owned(),
        Item::Float(value) => format_value(*value),
        Item::Histogram(literal) => show_histogram(&literal.histogram),
    }
}

fn show(value: &SampleValue) -> String {
    match value {
        SampleValue::Float(value) => format_value(*value),
        SampleValue::Histogram(histogram) => show_histogram(histogram),
    }
}

/// A histogram with what its own text leaves out.
fn show_histogram(histogram: &FloatHistogram) -> String {
    let bounds = histogram.scheme.custom_bounds();
    format!("{histogram} ({:?}, schema {}, bounds {bounds:?})", histogram.hint, histogram.scheme.schema())
}

fn differs(wanted: f64, found: f64) -> String {
    format!("expected {}, got {}", format_value(wanted), format_value(found))
}

fn vector(expect: &Expect, elements: &[VectorElement]) -> Result<(), String> {
    for (at, (labels, items)) in expect.series.iter().enumerate() {
        let [item] = items.as_slice() else {
            return Err(format!("{labels} needs exactly one value in an instant query"));
        };
        let found = match expect.ordered {
            true => elements.get(at).filter(|element| element.labels == *labels),
            false => elements.iter().find(|element| element.labels == *labels),
        };
        let Some(found) = found else {
            return Err(format!("expected {labels}{}", shown(elements)));
        };
        if !is(item, &found.value) {
            return Err(format!("{labels}: expected {}, got {}", written(item), show(&found.value)));
        }
    }
    let surplus = elements.iter().find(|element| !is_expected(expect, &element.labels));
    match surplus {
        Some(surplus) => Err(format!("got {} unexpectedly", surplus.labels)),
        None if elements.len() != expect.series.len() => Err("got a series twice".to_owned()),
        None => Ok(()),
    }
}

fn is_expected(expect: &Expect, labels: &Labels) -> bool {
    expect.series.iter().any(|(wanted, _)| wanted == labels)
}

fn shown(elements: &[VectorElement]) -> String {
    let shown: Vec<String> = elements
        .iter()
        .take(5)
        .map(|element| format!("{} {}", element.labels, show(&element.value)))
        .collect();
    if shown.is_empty() { ", got nothing".to_owned() } else { format!(", got {}", shown.join("; ")) }
}

fn matrix(expect: &Expect, when: When, series: &[Series]) -> Result<(), String> {
    let (start, step) = match (when, expect.range_vector) {
        (_, Some((start, _, step))) => (start, step),
        (When::Range { start, step, .. }, None) => (start, step),
        (When::Instant(_), None) => return Err("got a range vector".to_owned()),
    };
    sorted(series)?;
    for (labels, items) in &expect.series {
        let mut wanted = Vec::new();
        let mut time = start;
        for item in items {
            match item {
                Item::Omitted => {}
                item => wanted.push((Timestamp::from_millis(time), item)),
            }
            time += step;
        }
        let found =
            series.iter().find(|series| series.labels == *labels).map(Series::merged).unwrap_or_default();
        let equal = |(a, b): (&(Timestamp, &Item), &(Timestamp, SampleValue))| a.0 == b.0 && is(a.1, &b.1);
        if found.len() != wanted.len() || !wanted.iter().zip(&found).all(equal) {
            let wanted = wanted.into_iter().map(|(time, item)| (time, written(item)));
            return Err(format!("{labels}: expected {}, got {}", points(wanted), shown_points(found)));
        }
    }
    match series.iter().find(|series| !is_expected(expect, &series.labels)) {
        Some(surplus) => {
            Err(format!("got {} unexpectedly: {}", surplus.labels, shown_points(surplus.merged())))
        }
        None => Ok(()),
    }
}

/// Matrices come in label order, always.
pub(super) fn sorted(series: &[Series]) -> Result<(), String> {
    if series.is_sorted_by(|a, b| a.labels < b.labels) {
        Ok(())
    } else {
        Err("series are not sorted".to_owned())
    }
}

fn shown_points(samples: Vec<(Timestamp, SampleValue)>) -> String {
    points(samples.into_iter().map(|(time, value)| (time, show(&value))))
}

fn points(samples: impl Iterator<Item = (Timestamp, String)>) -> String {
    let points: Vec<String> = samples.take(12).map(|(time, value)| format!("{value}@{time}")).collect();
    if points.is_empty() { "nothing".to_owned() } else { points.join(" ") }
}

/// Compares warnings and hints; `query` is the text that was run.
pub(super) fn annotations(expect: &Expect, result: &QueryResult, query: &str) -> Result<(), String> {
    let annotations = &result.annotations;
    notes(&expect.warnings, &annotations.warnings, "warning", query)?;
    notes(&expect.infos, &annotations.infos, "info", query)
}

fn notes(expect: &Notes, found: &[Annotation], kind: &str, query: &str) -> Result<(), String> {
    let found: Vec<String> = found.iter().map(|annotation| annotation.text(kind, query)).collect();
    if expect.forbidden
        && let Some(first) = found.first()
    {
        return Err(format!("unexpected {kind}: {first}"));
    }
    if expect.wanted.is_empty() {
        return Ok(());
    }
    if !expect.wanted.iter().all(|wanted| found.iter().any(|text| wanted.accepts(text))) {
        return Err(format!("expected another {kind}, got {found:?}"));
    }
    match found.iter().find(|text| !expect.wanted.iter().any(|wanted| wanted.accepts(text))) {
        Some(surplus) => Err(format!("unexpected {kind}: {surplus}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_differ_by_rounding_only() {
        assert!(same(1.0, 1.000_000_1));
        assert!(!same(1.0, 1.000_01));
        assert!(!same(0.0, 1e-9));
        assert!(same(f64::NAN, f64::NAN));
        assert!(!same(f64::NAN, crowsnest_api::stale_nan()));
        assert!(!same(f64::INFINITY, f64::MAX));
    }
}
