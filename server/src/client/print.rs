//! Answers as text: tables for one moment, sparklines over time, CSV for other programs.

mod csv;
mod fault;
mod spark;
pub(crate) mod table;

use crowsnest_api::prometheus::{HistogramBucket, NativeHistogram, Point, QueryData};

pub(super) use csv::csv;
pub(super) use fault::show as show_fault;

/// The answer for people.
pub(super) fn text(data: &QueryData) -> String {
    match data {
        QueryData::Vector(vector) => table::vector(vector),
        QueryData::Matrix(matrix) => spark::matrix(matrix),
        QueryData::Scalar(Point(_, value)) | QueryData::String(Point(_, value)) => format!("{value}\n"),
    }
}

/// `{count:3, sum:5, (1,2]:3}`
fn histogram(histogram: &NativeHistogram) -> String {
    let buckets = histogram.buckets.iter().map(|HistogramBucket(ends, lower, upper, count)| {
        let (open, close) = match ends {
            0 => ('(', ']'),
            1 => ('[', ')'),
            2 => ('(', ')'),
            _ => ('[', ']'),
        };
        format!(", {open}{lower},{upper}{close}:{count}")
    });
    let buckets: String = buckets.collect();
    format!("{{count:{}, sum:{}{buckets}}}", histogram.count, histogram.sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_shows_which_ends_belong_to_its_buckets() {
        let bucket = |ends| HistogramBucket(ends, "1".into(), "2".into(), "3".into());
        let native =
            NativeHistogram { count: "6".into(), sum: "5".into(), buckets: vec![bucket(0), bucket(3)] };
        assert_eq!(histogram(&native), "{count:6, sum:5, (1,2]:3, [1,2]:3}");
    }

    #[test]
    fn a_number_and_a_text_are_printed_as_they_are() {
        assert_eq!(text(&QueryData::Scalar(Point(1.5, "2".into()))), "2\n");
        assert_eq!(text(&QueryData::String(Point(1.5, "a".into()))), "a\n");
    }
}
