//! Native histograms as promqltest files write them: `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`.

use std::sync::Arc;

use crowsnest_api::parse_value;

use crate::FloatHistogram;
use crate::histogram::{Incompatible, ResetHint, Scheme};

/// A native histogram that was written down.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Literal {
    pub(super) histogram: Arc<FloatHistogram>,
    /// Whether its hint was written, too; otherwise any hint is as good.
    pub(super) has_hint: bool,
}

/// The number that stands for custom bounds.
const CUSTOM: f64 = -53.0;

impl Literal {
    /// Reads what stands between the double braces.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut histogram = FloatHistogram::default();
        let (mut schema, mut bounds) = (0.0, Vec::new());
        let (mut offset, mut negative_offset) = (0, 0);
        let (mut positive, mut negative) = (Vec::new(), Vec::new());
        let mut seen = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (key, value) = rest.split_once(':')?;
            let (value, tail) = match value.strip_prefix('[') {
                Some(list) => list.split_once(']')?,
                None => value.split_once(' ').unwrap_or((value, "")),
            };
            rest = tail.trim_start();
            if seen.contains(&key) {
                return None;
            }
            seen.push(key);
            let list = || value.split_whitespace().map(parse_value).collect::<Option<Vec<f64>>>();
            match key {
                "schema" => schema = parse_value(value)?,
                "sum" => histogram.sum = parse_value(value)?,
                "count" => histogram.count = parse_value(value)?,
                "z_bucket" => histogram.zero_count = parse_value(value)?,
                "z_bucket_w" => histogram.zero_threshold = parse_value(value)?,
                "buckets" => positive = list()?,
                "n_buckets" => negative = list()?,
                "custom_values" => bounds = list()?,
                "offset" => offset = index(value)?,
                "n_offset" => negative_offset = index(value)?,
                "counter_reset_hint" => {
                    histogram.hint = match value {
                        "unknown" => ResetHint::Unknown,
                        "reset" => ResetHint::Reset,
                        "not_reset" => ResetHint::NotReset,
                        "gauge" => ResetHint::Gauge,
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
        histogram.scheme = match schema {
            CUSTOM => Scheme::Custom(bounds.into()),
            exponential if (-4.0..=8.0).contains(&exponential) && exponential.fract() == 0.0 => {
                Scheme::Exponential(exponential as i8)
            }
            _ => return None,
        };
        Some(Self {
            histogram: Arc::new(
                histogram.with_buckets((offset..).zip(positive), (negative_offset..).zip(negative)),
            ),
            has_hint: seen.contains(&"counter_reset_hint"),
        })
    }

    /// The next of a series of histograms that grows, or shrinks, by another one.
    pub(super) fn changed(&self, by: &Self, grows: bool) -> Result<Self, Incompatible> {
        let mut histogram = FloatHistogram::clone(&self.histogram);
        if grows {
            histogram.add(&by.histogram)?;
        } else {
            histogram.subtract(&by.histogram)?;
            histogram.hint = self.histogram.hint;
        }
        Ok(Self { histogram: Arc::new(histogram), has_hint: self.has_hint })
    }
}

/// The index of a first bucket; far more than the bounds of floats need is a mistake.
fn index(text: &str) -> Option<i32> {
    const MOST: u32 = 1 << 20;
    text.parse::<i32>().ok().filter(|index| index.unsigned_abs() < MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_counted_from_the_offset() {
        let literal = Literal::parse("schema:1 count:4 offset:-1 buckets:[1 0 2] n_buckets:[1]").unwrap();
        assert_eq!(literal.histogram.positive_buckets().collect::<Vec<_>>(), [(-1, 1.0), (1, 2.0)]);
        assert_eq!(literal.histogram.negative_buckets().collect::<Vec<_>>(), [(0, 1.0)]);
        assert_eq!(literal.histogram.scheme, Scheme::Exponential(1));
        assert!(!literal.has_hint);
    }

    #[test]
    fn mistakes_are_no_histograms() {
        for text in [
            "schema:9",
            "sum:x",
            "sum:1 sum:1",
            "colour:red",
            "buckets:[1",
            "counter_reset_hint:no",
            "offset:2147483647",
        ] {
            assert_eq!(Literal::parse(text), None, "{text}");
        }
    }
}
