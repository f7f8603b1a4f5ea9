//! Answers as text, one sample a line, as `promtool query` prints them.

use std::fmt::Write as _;

use crowsnest_api::prometheus::{Point, QueryData};

/// The answer's lines.
pub(super) fn text(data: &QueryData) -> String {
    let mut out = String::new();
    match data {
        QueryData::Vector(vector) => {
            for series in vector {
                line(&mut out, &format!("{} => ", series.metric), &series.value);
            }
        }
        QueryData::Matrix(matrix) => {
            for series in matrix {
                writeln!(out, "{} =>", series.metric).ok();
                for point in &series.values {
                    line(&mut out, "", point);
                }
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

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;
    use crowsnest_api::prometheus::{InstantSeries, RangeSeries};

    use super::*;

    #[test]
    fn each_shape_has_its_lines() {
        let metric = Labels::from_pairs([("__name__", "up"), ("job", "a")]);
        let point = || Point(1.5, "1".into());
        let vector = QueryData::Vector(vec![InstantSeries { metric: metric.clone(), value: point() }]);
        assert_eq!(text(&vector), "up{job=\"a\"} => 1 @[1.5]\n");
        let matrix =
            QueryData::Matrix(vec![RangeSeries { metric, values: vec![point(), Point(2.0, "NaN".into())] }]);
        assert_eq!(text(&matrix), "up{job=\"a\"} =>\n1 @[1.5]\nNaN @[2]\n");
        assert_eq!(text(&QueryData::Scalar(point())), "scalar: 1 @[1.5]\n");
    }
}
