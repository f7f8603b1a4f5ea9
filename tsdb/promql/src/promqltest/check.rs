//! Compares answers with expectations.

use crowsnest_api::{Labels, Timestamp, format_value, is_stale};

use super::literal::Literal;
use super::script::{At, Expect, ExpectedSeries, Notes, When};
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
        Value::Scalar(_) | Value::String(..) if !expect.series.is_empty() => {
            Err("got a single value, and no series".to_owned())
        }
        Value::Scalar(sample) => match &expect.scalar {
            Some(wanted) if same(wanted.what, sample.value) => Ok(()),
            Some(At { line, what }) => Err(differs(*line, &format_value(*what), &format_value(sample.value))),
            None => Err(format!("got the scalar {}", format_value(sample.value))),
        },
        Value::String(_, text) => match &expect.string {
            Some(wanted) if wanted.what == *text => Ok(()),
            Some(At { line, what }) => Err(differs(*line, &format!("{what:?}"), &format!("{text:?}"))),
            None => Err(format!("got the string {text:?}")),
        },
        _ if expect.scalar.is_some() || expect.string.is_some() => Err("got no single value".to_owned()),
        Value::Vector(elements) => vector(expect, elements),
        Value::Matrix(series) => matrix(expect, when, series),
    }
}

/// Whether a value is the written one.
pub(super) fn is(wanted: &Item, found: &SampleValue) -> bool {
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

fn differs(line: usize, wanted: &str, found: &str) -> String {
    format!("line {line} expects {wanted}, got {found}")
}

fn vector(expect: &Expect, elements: &[VectorElement]) -> Result<(), String> {
    for (at, ExpectedSeries { line, labels, items }) in expect.series.iter().enumerate() {
        let [item] = items.as_slice() else {
            return Err(format!("{labels} in line {line} needs exactly one value in an instant query"));
        };
        let found = match expect.ordered {
            true => elements.get(at).filter(|element| element.labels == *labels),
            false => elements.iter().find(|element| element.labels == *labels),
        };
        let Some(found) = found else {
            let place = if expect.ordered { format!(" in place {}", at + 1) } else { String::new() };
            return Err(format!("line {line} expects {labels}{place}, got {}", shown(elements)));
        };
        if !is(item, &found.value) {
            return Err(differs(*line, &format!("{labels} {}", written(item)), &show(&found.value)));
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
    expect.series.iter().any(|wanted| wanted.labels == *labels)
}

fn shown(elements: &[VectorElement]) -> String {
    let shown: Vec<String> = elements
        .iter()
        .take(5)
        .map(|element| format!("{} {}", element.labels, show(&element.value)))
        .collect();
    if shown.is_empty() { "nothing".to_owned() } else { shown.join("; ") }
}

fn matrix(expect: &Expect, when: When, series: &[Series]) -> Result<(), String> {
    let (start, end, step) = match (when, expect.range_vector) {
        (_, Some(range)) => range,
        (When::Range { start, end, step }, None) => (start, end, step),
        (When::Instant(_), None) => return Err("got a range vector".to_owned()),
    };
    if expect.ordered {
        return Err("a range vector is ordered by labels, nothing else can be expected".to_owned());
    }
    sorted(series)?;
    for ExpectedSeries { line, labels, items } in &expect.series {
        let mut wanted = Vec::new();
        let mut time = start;
        for item in items {
            if time > end {
                let most = format!("line {line} has {} values, the query has fewer steps", items.len());
                return Err(most);
            }
            match item {
                Item::Omitted => {}
                item => wanted.push((Timestamp::from_millis(time), item)),
            }
            time = time.saturating_add(step);
        }
        let found = series.iter().find(|series| series.labels == *labels).map(Series::merged);
        let found = found.ok_or_else(|| format!("line {line} expects {labels}, got no such series"))?;
        let equal = |(a, b): (&(Timestamp, &Item), &(Timestamp, SampleValue))| a.0 == b.0 && is(a.1, &b.1);
        if found.len() != wanted.len() || !wanted.iter().zip(&found).all(equal) {
            let wanted = wanted.into_iter().map(|(time, item)| (time, written(item)));
            return Err(differs(*line, &format!("{labels} {}", points(wanted)), &shown_points(found)));
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
    if let (Some(line), Some(first)) = (expect.forbidden, found.first()) {
        return Err(format!("line {line} expects no {kind}, got {first:?}"));
    }
    if expect.wanted.is_empty() {
        return Ok(());
    }
    let missing = expect.wanted.iter().find(|wanted| !found.iter().any(|text| wanted.what.accepts(text)));
    if let Some(At { line, .. }) = missing {
        return Err(format!("line {line} expects another {kind}, got {found:?}"));
    }
    match found.iter().find(|text| !expect.wanted.iter().any(|wanted| wanted.what.accepts(text))) {
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
