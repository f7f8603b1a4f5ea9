//! Times and values as Prometheus writes them in JSON: seconds without a fraction that is not there, values as text.

use std::sync::Arc;

use crowsnest_api::prometheus::{HistogramBucket, NativeHistogram};
use crowsnest_api::{Sample, Timestamp, format_json_value, with_json_value};
use crowsnest_promql::FloatHistogram;
use crowsnest_promql::histogram::Bound;
use serde::{Serialize, Serializer};

/// A time in seconds: `1435781451`, `1435781451.781`.
pub(super) struct Seconds(pub(super) Timestamp);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = self.0.millis();
        if millis % 1000 == 0 {
            (millis / 1000).serialize(serializer)
        } else {
            self.0.seconds().serialize(serializer)
        }
    }
}

/// A sample as `[seconds, "value"]`.
pub(super) struct Written(pub(super) Timestamp, pub(super) f64);

impl From<Sample> for Written {
    fn from(sample: Sample) -> Self {
        Self(sample.timestamp, sample.value)
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        with_json_value(self.1, |text| (Seconds(self.0), text).serialize(serializer))
    }
}

/// A text as `[seconds, "text"]`.
pub(super) struct WrittenText(pub(super) Timestamp, pub(super) String);

impl Serialize for WrittenText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (Seconds(self.0), &self.1).serialize(serializer)
    }
}

/// A native histogram as `[seconds, {"count", "sum", "buckets"}]`.
pub(super) struct WrittenHistogram(pub(super) Timestamp, pub(super) Arc<FloatHistogram>);

impl Serialize for WrittenHistogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(at, histogram) = self;
        let buckets = histogram.buckets().map(|bucket| {
            let ends = match bucket.bounds {
                Bound::Upper => 0,
                Bound::Lower => 1,
                Bound::Both => 3,
            };
            let [lower, upper, count] = [bucket.lower, bucket.upper, bucket.count].map(format_json_value);
            HistogramBucket(ends, lower, upper, count)
        });
        let native = NativeHistogram {
            count: format_json_value(histogram.count),
            sum: format_json_value(histogram.sum),
            buckets: buckets.collect(),
        };
        (Seconds(*at), native).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_fraction_only_where_they_need_one() {
        for (millis, text) in [
            (1_435_781_451_000, "1435781451"),
            (1_435_781_451_781, "1435781451.781"),
            (-1500, "-1.5"),
            (0, "0"),
            (1, "0.001"),
        ] {
            assert_eq!(serde_json::to_string(&Seconds(Timestamp::from_millis(millis))).unwrap(), text);
        }
    }
}
