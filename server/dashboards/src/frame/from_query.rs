//! Query results as frames, in the formats of Grafana's Prometheus data source: `time_series`, `table`, `heatmap`.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crowsnest_api::Labels;
pub use crowsnest_api::answers::{HistogramBucket, HistogramSample, Series};

use super::{Field, Frame, Values, legend};
use crate::model::Format;

/// What is below is nothing: differences of floats.
const NOTHING: f64 = 1e-9;

/// The frames of one query's result.
///
/// `legend` is the query's template after interpolation, `None` for `__auto`; `step_ms` how far apart samples should be, `None` for
/// an instant query; `many` whether the panel has other queries, which tables tell their values apart for.
pub fn frames(
    series: &[Series],
    ref_id: &str,
    format: Format,
    legend: Option<&str>,
    expr: &str,
    step_ms: Option<i64>,
    many: bool,
) -> Vec<Frame> {
    match format {
        Format::Table => vec![table(series, ref_id, many)],
        Format::TimeSeries => time_series(series, ref_id, legend, expr, step_ms),
        Format::Heatmap if series.iter().any(|series| !series.histograms.is_empty()) => {
            native(series, ref_id, step_ms)
        }
        Format::Heatmap => heatmap(series, ref_id, legend, expr, step_ms),
    }
}

fn time_series(
    series: &[Series],
    ref_id: &str,
    legend: Option<&str>,
    expr: &str,
    step_ms: Option<i64>,
) -> Vec<Frame> {
    let labels: Vec<&Labels> = series.iter().map(|series| &series.labels).collect();
    let names = match legend {
        None => legend::automatic(&labels, expr),
        Some(template) if template.trim().is_empty() => {
            labels.iter().map(|labels| legend::plain(labels, expr)).collect()
        }
        Some(template) => labels.iter().map(|labels| legend::render(template, labels)).collect(),
    };
    let frame = |(series, name): (&Series, String)| {
        let times = Values::Times(series.samples.iter().map(|(at, _)| Some(*at)).collect());
        let values = Values::Numbers(series.samples.iter().map(|(_, value)| Some(*value)).collect());
        let mut time = Field::new("Time", times);
        time.step_ms = step_ms;
        let mut value = Field::new("Value", values);
        value.labels = series.labels.clone();
        value.legend = Some(name);
        value.step_ms = step_ms;
        Frame { ref_id: ref_id.to_owned(), name: None, fields: vec![time, value] }
    };
    series.iter().zip(names).map(frame).collect()
}

/// One row a sample: its time, all labels by their names, its value.
fn table(series: &[Series], ref_id: &str, many: bool) -> Frame {
    let names: BTreeSet<&str> =
        series.iter().flat_map(|series| series.labels.iter()).map(|label| label.name.as_str()).collect();
    let rows: Vec<(&Series, i64, f64)> = series
        .iter()
        .flat_map(|series| series.samples.iter().map(move |(at, value)| (series, *at, *value)))
        .collect();
    let mut fields =
        vec![Field::new("Time", Values::Times(rows.iter().map(|(_, at, _)| Some(*at)).collect()))];
    for name in names {
        let cells =
            rows.iter().map(|(series, ..)| series.labels.get(name).map_or("", |value| value.as_str()));
        fields.push(Field::new(name, Values::texts(cells)));
    }
    let value = if many { format!("Value #{ref_id}") } else { "Value".to_owned() };
    fields.push(Field::new(value, Values::numbers(rows.iter().map(|(.., value)| *value))));
    Frame { ref_id: ref_id.to_owned(), name: None, fields }
}

/// Classic buckets: in the order of their bounds, each without what is in those below.
fn heatmap(
    series: &[Series],
    ref_id: &str,
    legend: Option<&str>,
    expr: &str,
    step_ms: Option<i64>,
) -> Vec<Frame> {
    let bound = |series: &Series| {
        series.labels.get("le").and_then(|le| crowsnest_api::parse_value(le)).unwrap_or(f64::INFINITY)
    };
    let mut sorted: Vec<&Series> = series.iter().collect();
    sorted.sort_by(|a, b| bound(a).total_cmp(&bound(b)));
    let times: BTreeSet<i64> =
        series.iter().flat_map(|series| series.samples.iter()).map(|(at, _)| *at).collect();
    let mut below: BTreeMap<i64, f64> = BTreeMap::new();
    let mut buckets = Vec::with_capacity(sorted.len());
    for series in sorted {
        let mut own = Vec::with_capacity(times.len());
        for (at, value) in &series.samples {
            let rest = value - below.insert(*at, *value).unwrap_or(0.0);
            own.push((*at, if rest < NOTHING { 0.0 } else { rest }));
        }
        buckets.push(Series { labels: series.labels.clone(), samples: own, histograms: Vec::new() });
    }
    let legend = legend.filter(|template| !template.trim().is_empty()).or(Some("{{le}}"));
    time_series(&buckets, ref_id, legend, expr, step_ms)
}

/// Native histograms: one column a bucket, of all series together, named by its upper bound.
fn native(series: &[Series], ref_id: &str, step_ms: Option<i64>) -> Vec<Frame> {
    let mut bounds: Vec<(f64, f64)> = Vec::new();
    let mut counts: BTreeMap<i64, Vec<(f64, f64, f64)>> = BTreeMap::new();
    for sample in series.iter().flat_map(|series| &series.histograms) {
        let at = counts.entry(sample.at).or_default();
        for bucket in &sample.buckets {
            bounds.push((bucket.lower, bucket.upper));
            at.push((bucket.lower, bucket.upper, bucket.count));
        }
    }
    let order = |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1));
    bounds.sort_by(order);
    bounds.dedup_by(|a, b| order(a, b) == Ordering::Equal);
    let mut time = Field::new("Time", Values::Times(counts.keys().map(|at| Some(*at)).collect()));
    time.step_ms = step_ms;
    let mut fields = vec![time];
    for (lower, upper) in bounds {
        let held = |found: &Vec<(f64, f64, f64)>| {
            let same = found.iter().filter(|(a, b, _)| order(&(*a, *b), &(lower, upper)) == Ordering::Equal);
            same.map(|(.., count)| count).sum::<f64>()
        };
        let mut field =
            Field::new(crowsnest_api::format_value(upper), Values::numbers(counts.values().map(held)));
        field.step_ms = step_ms;
        field.labels = Labels::from_pairs([("le", crowsnest_api::format_value(upper))]);
        field.legend = Some(crowsnest_api::format_value(upper));
        fields.push(field);
    }
    vec![Frame { ref_id: ref_id.to_owned(), name: None, fields }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(pairs: &[(&'static str, &'static str)], samples: &[(i64, f64)]) -> Series {
        Series {
            labels: Labels::from_pairs(pairs.iter().copied()),
            samples: samples.to_vec(),
            histograms: Vec::new(),
        }
    }

    #[test]
    fn a_table_has_a_column_a_label_and_tells_queries_apart() {
        let result =
            [series(&[("pod", "a")], &[(1, 2.0)]), series(&[("node", "n"), ("pod", "b")], &[(1, 3.0)])];
        let table = &frames(&result, "A", Format::Table, None, "", None, true)[0];
        let names: Vec<_> = table.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["Time", "node", "pod", "Value #A"]);
        assert_eq!(table.fields[1].values, Values::texts(["", "n"]));
        assert_eq!(table.fields[3].values, Values::numbers([2.0, 3.0]));
    }

    #[test]
    fn buckets_are_sorted_and_lose_what_is_below() {
        let result = [
            series(&[("le", "+Inf")], &[(1, 10.0), (2, 12.0)]),
            series(&[("le", "0.5")], &[(1, 4.0), (2, 12.0)]),
            series(&[("le", "10")], &[(1, 9.0)]),
        ];
        let found = frames(&result, "A", Format::Heatmap, Some("{{le}}"), "", Some(15_000), false);
        let shown: Vec<_> = found
            .iter()
            .map(|frame| (frame.display_name(1, &found), frame.fields[1].values.clone()))
            .collect();
        assert_eq!(
            shown,
            [
                ("0.5".to_owned(), Values::numbers([4.0, 12.0])),
                ("10".to_owned(), Values::numbers([5.0])),
                ("+Inf".to_owned(), Values::numbers([1.0, 0.0])),
            ]
        );
    }

    #[test]
    fn series_are_named_by_their_template_their_labels_or_their_expression() {
        let name = |labels: &[(&'static str, &'static str)], legend: Option<&str>| {
            let found = frames(
                &[series(labels, &[(1, 1.0)])],
                "A",
                Format::TimeSeries,
                legend,
                "sum(up)",
                Some(1),
                false,
            );
            found[0].display_name(1, &found)
        };
        assert_eq!(name(&[("pod", "a")], Some("{{pod}}!")), "a!");
        assert_eq!(name(&[("pod", "a")], Some("")), "{pod=\"a\"}");
        assert_eq!(name(&[], Some("")), "sum(up)");
        assert_eq!(name(&[], None), "sum(up)");
    }
}
