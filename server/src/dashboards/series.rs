//! What a query gave, as panels take it.

use crowsnest_api::answers::{HistogramBucket, HistogramSample, Series};
use crowsnest_promql::{FloatHistogram, SampleValue, Value};

/// The series of a result; `None` for a text, which has no place in a panel.
pub(crate) fn series_of(value: Value) -> Option<Vec<Series>> {
    let series = match value {
        Value::String(..) => return None,
        Value::Scalar(sample) => {
            vec![Series { samples: vec![(sample.timestamp.millis(), sample.value)], ..Series::default() }]
        }
        Value::Vector(elements) => elements
            .into_iter()
            .map(|element| {
                let at = element.timestamp.millis();
                let (samples, histograms) = match element.value {
                    SampleValue::Float(value) => (vec![(at, value)], Vec::new()),
                    SampleValue::Histogram(found) => (Vec::new(), vec![histogram(at, &found)]),
                };
                Series { labels: element.labels, samples, histograms }
            })
            .collect(),
        Value::Matrix(found) => found
            .into_iter()
            .map(|series| Series {
                samples: series
                    .samples
                    .iter()
                    .map(|sample| (sample.timestamp.millis(), sample.value))
                    .collect(),
                histograms: series
                    .histograms
                    .iter()
                    .map(|(at, found)| histogram(at.millis(), found))
                    .collect(),
                labels: series.labels,
            })
            .collect(),
    };
    Some(series)
}

fn histogram(at: i64, found: &FloatHistogram) -> HistogramSample {
    let buckets = found.buckets().map(|bucket| HistogramBucket {
        lower: bucket.lower,
        upper: bucket.upper,
        count: bucket.count,
    });
    HistogramSample { at, buckets: buckets.collect() }
}
