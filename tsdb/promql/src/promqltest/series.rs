//! Series and samples outside of promqltest files, in the same notation: unit tests of rules are written in it.

use crowsnest_api::Labels;

use super::check;
use super::values::{Item, items};
use crate::SampleValue;
use crate::parser::parse_series;

/// A series as PromQL writes it: `up{job="a"}`.
///
/// # Errors
/// When it is not one.
pub fn metric(text: &str) -> Result<Labels, String> {
    let (labels, end) = parse_series(text).map_err(|error| error.to_string())?;
    match text.get(end..).unwrap_or_default().trim() {
        "" => Ok(labels),
        rest => Err(format!("unexpected {rest:?} after the series")),
    }
}

/// A series and its samples, one a step, `None` where there is none: `up{job="a"}` and `1 2x3 _ stale`.
///
/// # Errors
/// When either is not written as it should be.
pub fn series(name: &str, values: &str) -> Result<(Labels, Vec<Option<SampleValue>>), String> {
    let value = |item| match item {
        Item::Omitted => None,
        Item::Float(value) => Some(SampleValue::Float(value)),
        Item::Histogram(literal) => Some(SampleValue::Histogram(literal.histogram.clone())),
    };
    Ok((metric(name)?, items(values)?.into_iter().map(value).collect()))
}

/// Whether `found` is the native histogram that is written as `{{schema:0 …}}`. A hint that is not written may be any.
///
/// # Errors
/// When it is not written as it should be.
pub fn is_histogram(written: &str, found: &SampleValue) -> Result<bool, String> {
    match items(written)?.as_slice() {
        [item @ Item::Histogram(_)] => Ok(check::is(item, found)),
        _ => Err(format!("{written:?} is not a native histogram")),
    }
}
