//! Answers as text, one sample a line, as `promtool query` prints them.

use std::fmt::Write as _;

use crowsnest_api::prometheus::{HistogramBucket, HistogramPoint, Point, QueryData};

/// The answer's lines.
pub(super) fn text(data: &QueryData) -> String {
    let mut out = String::new();
    match data {
        QueryData::Vector(vector) => {
            for series in vector {
                let metric = format!("{} => ", series.metric);
                series.value.iter().for_each(|point| line(&mut out, &metric, point));
                series.histogram.iter().for_each(|point| histogram_line(&mut out, &metric, point));
            }
        }
        QueryData::Matrix(matrix) => {
            for series in matrix {
                writeln!(out, "{} =>", series.metric).ok();
                series.values.iter().for_each(|point| line(&mut out, "", point));
                series.histograms.iter().for_each(|point| histogram_line(&mut out, "", point));
            }
        }
        QueryData::Scalar(point) => line(&mut out, "scalar: ", point),
        QueryData::String(point) => line(&mut out, "string: ", point),
    }
    out
}

fn line(out: &mut String, before: &str, Point(at, value): &Point) {
    // Writing to a string cannot fail.
    writeln!(out, "{before}{value} @[{at}]").ok();
}

/// `{count:3, sum:5, (1,2]:3} @[1.5]`
fn histogram_line(out: &mut String, before: &str, HistogramPoint(at, histogram): &HistogramPoint) {
    write!(out, "{before}{{count:{}, sum:{}", histogram.count, histogram.sum).ok();
    for HistogramBucket(ends, lower, upper, count) in &histogram.buckets {
        let (open, close) = match ends {
            0 => ('(', ']'),
            1 => ('[', ')'),
            2 => ('(', ')'),
            _ => ('[', ']'),
        };
        write!(out, ", {open}{lower},{upper}{close}:{count}").ok();
    }
    writeln!(out, "}} @[{at}]").ok();
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;
    use crowsnest_api::prometheus::{InstantSeries, NativeHistogram, RangeSeries};

    use super::*;

    #[test]
    fn each_shape_has_its_lines() {
        let metric = Labels::from_pairs([("__name__", "up"), ("job", "a")]);
        let point = || Point(1.5, "1".into());
        let float = InstantSeries { metric: metric.clone(), value: Some(point()), histogram: None };
        let vector = QueryData::Vector(vec![float]);
        assert_eq!(text(&vector), "up{job=\"a\"} => 1 @[1.5]\n");
        let histogram = NativeHistogram {
            count: "3".into(),
            sum: "5".into(),
            buckets: vec![HistogramBucket(0, "1".into(), "2".into(), "3".into())],
        };
        let matrix = QueryData::Matrix(vec![RangeSeries {
            metric,
            values: vec![point(), Point(2.0, "NaN".into())],
            histograms: vec![HistogramPoint(3.0, histogram)],
        }]);
        assert_eq!(text(&matrix), "up{job=\"a\"} =>\n1 @[1.5]\nNaN @[2]\n{count:3, sum:5, (1,2]:3} @[3]\n");
        assert_eq!(text(&QueryData::Scalar(point())), "scalar: 1 @[1.5]\n");
    }
}
