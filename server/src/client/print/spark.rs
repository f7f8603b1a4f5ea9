//! Series over time as sparklines, one a row, with what they end on and lie between.

use crowsnest_api::parse_value;
use crowsnest_api::prometheus::{Point, RangeSeries};

use super::table::{Align, Column, rows};

/// Lowest to highest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The most characters of a sparkline.
const WIDTH: usize = 60;

/// One row a series, all over the same time.
pub(super) fn matrix(matrix: &[RangeSeries]) -> String {
    if matrix.is_empty() {
        return "no series\n".to_owned();
    }
    let times = || {
        let floats = matrix.iter().flat_map(|series| series.values.iter().map(|point| point.0));
        floats.chain(matrix.iter().flat_map(|series| series.histograms.iter().map(|point| point.0)))
    };
    let span =
        Span { start: times().fold(f64::INFINITY, f64::min), end: times().fold(f64::NEG_INFINITY, f64::max) };
    let longest = matrix.iter().map(|series| series.values.len().max(series.histograms.len())).max();
    let width = longest.unwrap_or(0).clamp(1, WIDTH);
    let column = |title: &str, align, cell: &dyn Fn(&RangeSeries) -> String| Column {
        title: title.to_owned(),
        cells: matrix.iter().map(cell).collect(),
        align,
    };
    rows(&[
        column("SERIES", Align::Left, &|series| series.metric.to_string()),
        column("", Align::Left, &|series| sparkline(&points(series), span, width)),
        column("MIN", Align::Right, &|series| extreme(series, f64::min)),
        column("MAX", Align::Right, &|series| extreme(series, f64::max)),
        column("LAST", Align::Right, &last),
    ])
}

/// The time that all sparklines cover, in seconds.
#[derive(Clone, Copy)]
struct Span {
    start: f64,
    end: f64,
}

/// Times and values; of a native histogram its count.
fn points(series: &RangeSeries) -> Vec<(f64, f64)> {
    let value = |text: &str| parse_value(text).unwrap_or(f64::NAN);
    let floats = series.values.iter().map(|Point(at, text)| (*at, value(text)));
    let histograms = series.histograms.iter().map(|point| (point.0, value(&point.1.count)));
    floats.chain(histograms).collect()
}

/// Each character is the mean of the values in its share of the time; a blank where there are none.
fn sparkline(points: &[(f64, f64)], span: Span, width: usize) -> String {
    let mut shares = vec![(0.0, 0_u32); width];
    for (at, value) in points.iter().filter(|(_, value)| value.is_finite()) {
        let share = (at - span.start) / (span.end - span.start).max(f64::MIN_POSITIVE);
        let index = ((share * width as f64) as usize).min(width - 1);
        if let Some((sum, count)) = shares.get_mut(index) {
            *sum += value;
            *count += 1;
        }
    }
    let means: Vec<Option<f64>> =
        shares.iter().map(|(sum, count)| (*count > 0).then(|| sum / f64::from(*count))).collect();
    let lowest = means.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let highest = means.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    let bar = |mean: f64| {
        let height = if highest > lowest { (mean - lowest) / (highest - lowest) } else { 0.0 };
        let index = (height * (BARS.len() - 1) as f64).round() as usize;
        BARS.get(index).copied().unwrap_or(' ')
    };
    means.into_iter().map(|mean| mean.map_or(' ', bar)).collect()
}

fn extreme(series: &RangeSeries, pick: fn(f64, f64) -> f64) -> String {
    let values = points(series).into_iter().map(|(_, value)| value).filter(|value| !value.is_nan());
    values.reduce(pick).map(short).unwrap_or_default()
}

fn last(series: &RangeSeries) -> String {
    points(series).last().map(|(_, value)| short(*value)).unwrap_or_default()
}

/// Five digits, for a look; CSV and JSON have them all.
fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return crowsnest_api::format_value(value);
    }
    let digits = 4 - value.abs().log10().floor() as i32;
    let text = match usize::try_from(digits) {
        Ok(digits) if digits <= 12 => format!("{value:.digits$}"),
        Ok(_) => return format!("{value:.4e}"),
        Err(_) => return crowsnest_api::format_json_value(value.round()),
    };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;

    use super::*;

    fn series(name: &str, points: &[(f64, &str)]) -> RangeSeries {
        RangeSeries {
            metric: Labels::from_pairs([("__name__", name)]),
            values: points.iter().map(|(at, value)| Point(*at, (*value).into())).collect(),
            histograms: vec![],
        }
    }

    #[test]
    fn series_share_their_time_and_have_their_own_heights() {
        let text = matrix(&[
            series("up", &[(0.0, "0"), (1.0, "1"), (2.0, "2"), (3.0, "7")]),
            series("late", &[(2.0, "5"), (3.0, "5")]),
        ]);
        let expected = "SERIES        MIN  MAX  LAST\n\
                        up      ▁▂▃█    0    7     7\n\
                        late      ▁▁    5    5     5\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_no_number_leaves_a_blank() {
        let span = Span { start: 0.0, end: 2.0 };
        assert_eq!(sparkline(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)], span, 3), "▁ █");
        assert_eq!(sparkline(&[], span, 2), "  ");
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (1_234_567.8, "1234568"),
            (0.001_234_56, "0.0012346"),
            (12.5, "12.5"),
            (0.0, "0"),
            (1e-20, "1.0000e-20"),
            (f64::INFINITY, "+Inf"),
            (99999.9, "100000"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
