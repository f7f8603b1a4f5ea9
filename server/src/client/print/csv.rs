//! Answers as CSV (RFC 4180): a column for each label, then `timestamp` in seconds and `value`, a row for each sample.

use std::collections::BTreeSet;

use crowsnest_api::Labels;
use crowsnest_api::prometheus::{Point, QueryData};

/// The whole answer; a native histogram is its text.
pub(in crate::client) fn csv(data: &QueryData) -> String {
    let rows = rows(data);
    let names: BTreeSet<&str> =
        rows.iter().flat_map(|row| row.labels.iter().map(|label| label.name.as_str())).collect();
    let mut out = String::new();
    line(&mut out, names.iter().copied().chain(["timestamp", "value"]));
    for row in &rows {
        let labels = names.iter().map(|name| row.labels.get(name).map_or("", |value| value.as_str()));
        line(&mut out, labels.chain([row.at.to_string().as_str(), &row.value]));
    }
    out
}

struct Row<'a> {
    labels: &'a Labels,
    at: f64,
    value: String,
}

fn rows(data: &QueryData) -> Vec<Row<'_>> {
    static NONE: std::sync::LazyLock<Labels> = std::sync::LazyLock::new(Labels::empty);
    match data {
        QueryData::Vector(vector) => vector
            .iter()
            .flat_map(|series| {
                let float = series.value.iter().map(|point| (point.0, point.1.clone()));
                let histogram = series.histogram.iter().map(|point| (point.0, super::histogram(&point.1)));
                float.chain(histogram).map(|(at, value)| Row { labels: &series.metric, at, value })
            })
            .collect(),
        QueryData::Matrix(matrix) => matrix
            .iter()
            .flat_map(|series| {
                let floats = series.values.iter().map(|point| (point.0, point.1.clone()));
                let histograms = series.histograms.iter().map(|point| (point.0, super::histogram(&point.1)));
                floats.chain(histograms).map(|(at, value)| Row { labels: &series.metric, at, value })
            })
            .collect(),
        QueryData::Scalar(Point(at, value)) | QueryData::String(Point(at, value)) => {
            vec![Row { labels: &NONE, at: *at, value: value.clone() }]
        }
    }
}

fn line<'a>(out: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            out.push_str(&format!("\"{}\"", cell.replace('"', "\"\"")));
        } else {
            out.push_str(cell);
        }
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use crowsnest_api::prometheus::{InstantSeries, RangeSeries};

    use super::*;

    #[test]
    fn labels_are_columns_and_samples_are_rows() {
        let series = |labels: &[(&str, &str)], points: &[(f64, &str)]| RangeSeries {
            metric: Labels::from_pairs(labels.iter().copied()),
            values: points.iter().map(|(at, value)| Point(*at, (*value).into())).collect(),
            histograms: vec![],
        };
        let matrix = QueryData::Matrix(vec![
            series(&[("__name__", "up"), ("job", "a,\"b\"")], &[(1.0, "1"), (1.5, "NaN")]),
            series(&[("instance", "i")], &[(2.0, "+Inf")]),
        ]);
        let expected = "__name__,instance,job,timestamp,value\n\
                        up,,\"a,\"\"b\"\"\",1,1\n\
                        up,,\"a,\"\"b\"\"\",1.5,NaN\n\
                        ,i,,2,+Inf\n";
        assert_eq!(csv(&matrix), expected);
        let scalar = QueryData::Scalar(Point(1.5, "2".into()));
        assert_eq!(csv(&scalar), "timestamp,value\n1.5,2\n");
        let float =
            InstantSeries { metric: Labels::empty(), value: Some(Point(1.0, "2".into())), histogram: None };
        assert_eq!(csv(&QueryData::Vector(vec![float])), "timestamp,value\n1,2\n");
    }
}
