//! Between series and rows: `reduce`, `seriesToRows`, `labelsToFields`, `prepareTimeSeries`.

use std::collections::BTreeSet;
use std::sync::Arc;

use crowsnest_api::Labels;
use serde_json::Value;

use super::{Context, MOST_CELLS, join, names};
use crate::frame::{Cell, Curve, Field, FieldKind, Frame, Values};
use crate::json;
use crate::reduce as calculation;

/// `reduce`: every column becomes a row of its calculations, or one value in its own column.
#[expect(clippy::needless_pass_by_value, reason = "all transformations have one signature")]
pub(super) fn reduce(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    let reducers = json::texts(options, "reducers");
    let reducers = if reducers.is_empty() { vec!["max".to_owned()] } else { reducers };
    let with_time = json::flag(options, "includeTimeField");
    let meant = |field: &Field| with_time || field.kind != FieldKind::Time;
    if json::text(options, "mode").as_deref() == Some("reduceFields") {
        let one = |frame: &Frame| {
            let mut fields = Vec::new();
            for field in frame.fields.iter().filter(|field| meant(field)) {
                for reducer in &reducers {
                    let cell = calculation::reduce(field, reducer);
                    if cell == Cell::Null && field.kind != FieldKind::Number {
                        continue;
                    }
                    let mut reduced = field.retyped(Values::from_cells(vec![cell]));
                    if reducers.len() > 1 {
                        let mut labels = reduced.labels.to_builder();
                        labels.set("reducer", reducer.as_str());
                        reduced.labels = labels.build();
                    }
                    fields.push(reduced);
                }
            }
            Frame { fields, ref_id: frame.ref_id.clone(), name: frame.name.clone() }
        };
        return frames.iter().map(one).filter(|frame| !frame.fields.is_empty()).collect();
    }
    let columns: Vec<(String, &Field)> = frames
        .iter()
        .flat_map(|frame| names(frame, &frames).into_iter().zip(&frame.fields))
        .filter(|(_, field)| meant(field))
        .collect();
    let as_columns = json::flag(options, "labelsToFields");
    let mut fields = vec![Field::new(
        "Field",
        Values::texts(columns.iter().map(|(name, field)| {
            // With labels beside it, the name is the column's own.
            if as_columns && !field.labels.is_empty() { field.name.as_str() } else { name.as_str() }
        })),
    )];
    if as_columns {
        let labels = label_names(columns.iter().map(|(_, field)| &field.labels));
        fields.extend(
            labels.iter().map(|name| label_column(name, columns.iter().map(|(_, field)| &field.labels))),
        );
    }
    for reducer in &reducers {
        let cells = columns.iter().map(|(_, field)| calculation::reduce(field, reducer)).collect();
        let mut field = Field::new(calculation::title(reducer), Values::from_cells(cells));
        // The unit is that of what was reduced.
        if let Some((_, first)) = columns.first() {
            field.config.clone_from(&first.config);
            field.config.display_name = None;
        }
        fields.push(field);
    }
    vec![Frame { fields, ..Frame::default() }]
}

fn label_names<'a>(labels: impl Iterator<Item = &'a Labels>) -> Vec<String> {
    let names: BTreeSet<&str> = labels.flat_map(Labels::iter).map(|label| label.name.as_str()).collect();
    names.into_iter().map(str::to_owned).collect()
}

fn label_column<'a>(name: &str, labels: impl Iterator<Item = &'a Labels>) -> Field {
    let cells = labels.map(|labels| labels.get(name).map_or(Cell::Null, |value| Cell::text(value.as_str())));
    Field::new(name, Values::of_kind(FieldKind::Text, cells.collect()))
}

/// `timeSeriesTable`: a row a series, with its labels and itself as a curve; a frame a query.
#[expect(clippy::needless_pass_by_value, reason = "all transformations have one signature")]
pub(super) fn to_curves(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    let queries: BTreeSet<&str> = frames.iter().map(|frame| frame.ref_id.as_str()).collect();
    let one = |ref_id: &str| {
        let stat =
            json::filled(json::at(options, ref_id), "stat").unwrap_or_else(|| "lastNotNull".to_owned());
        let series: Vec<(&Field, &Field)> = frames
            .iter()
            .filter(|frame| frame.ref_id == ref_id)
            .filter_map(|frame| Some((frame, frame.time()?)))
            .flat_map(|(frame, time)| frame.numbers().map(move |field| (time, field)))
            .collect();
        let labels = || series.iter().map(|(_, field)| &field.labels);
        let names = label_names(labels());
        let mut fields: Vec<Field> = names.iter().map(|name| label_column(name, labels())).collect();
        let curves = series.iter().map(|(time, field)| Some(Arc::new(curve(time, field, &stat)))).collect();
        let name = if queries.len() > 1 { format!("Trend #{ref_id}") } else { "Trend".to_owned() };
        let mut trend = Field::new(name, Values::Curves(curves));
        if let Some((_, first)) = series.first() {
            trend.config.clone_from(&first.config);
            trend.config.display_name = None;
        }
        fields.push(trend);
        Frame { ref_id: ref_id.to_owned(), name: None, fields }
    };
    queries.iter().map(|ref_id| one(ref_id)).collect()
}

fn curve(time: &Field, field: &Field, stat: &str) -> Curve {
    let point = |at: usize| match (time.values.get(at), field.values.number(at)) {
        (Cell::Time(ms), Some(number)) if number.is_finite() => Some((ms, number)),
        _ => None,
    };
    let points = (0..field.values.len()).filter_map(point).collect();
    Curve { value: calculation::reduce(field, stat).as_number(), points }
}

/// `seriesToRows`: a row a sample, the newest first, with the series' name beside its value.
pub(super) fn to_rows(frames: Vec<Frame>, _: &Value, _: &Context<'_>) -> Vec<Frame> {
    let total: usize = frames.iter().map(|frame| frame.len().saturating_mul(frame.fields.len())).sum();
    if frames.is_empty() || total > MOST_CELLS {
        return frames;
    }
    let mut rows: Vec<(Cell, String, Cell)> = Vec::new();
    for frame in &frames {
        let Some(time) = frame.time() else { continue };
        for (field, name) in frame.fields.iter().zip(names(frame, &frames)) {
            if field.kind == FieldKind::Time {
                continue;
            }
            rows.extend(
                (0..field.values.len()).map(|at| (time.values.get(at), name.clone(), field.values.get(at))),
            );
        }
    }
    rows.sort_by(|a, b| b.0.compare(&a.0));
    let value = frames.iter().flat_map(|frame| &frame.fields).find(|field| field.kind != FieldKind::Time);
    let mut last =
        Field::new("Value", Values::from_cells(rows.iter().map(|(.., value)| value.clone()).collect()));
    if let Some(field) = value {
        last.config.clone_from(&field.config);
        last.config.display_name = None;
    }
    let fields = vec![
        Field::new(
            "Time",
            Values::of_kind(FieldKind::Time, rows.iter().map(|(at, ..)| at.clone()).collect()),
        ),
        Field::new("Metric", Values::texts(rows.iter().map(|(_, name, _)| name))),
        last,
    ];
    vec![Frame { fields, ..Frame::default() }]
}

/// `labelsToFields`: labels become columns, or rows of names and values.
///
/// Frames that have the same columns afterwards become one.
pub(super) fn labels_to_fields(frames: Vec<Frame>, options: &Value, context: &Context<'_>) -> Vec<Frame> {
    let keep = json::texts(options, "keepLabels");
    let value_label = json::filled(options, "valueLabel");
    let kept = |name: &str| keep.is_empty() || keep.iter().any(|known| known == name);
    let mut result = Vec::new();
    for frame in &frames {
        for (field, name) in frame.fields.iter().zip(names(frame, &frames)) {
            if field.labels.is_empty() {
                continue;
            }
            let labels: Vec<_> = field.labels.iter().filter(|label| kept(&label.name)).collect();
            if json::text(options, "mode").as_deref() == Some("rows") {
                let fields = vec![
                    Field::new("label", Values::texts(labels.iter().map(|label| &label.name))),
                    Field::new("value", Values::texts(labels.iter().map(|label| &label.value))),
                ];
                result.push(Frame { fields, ref_id: frame.ref_id.clone(), name: Some(name) });
                continue;
            }
            let rows = field.values.len();
            let mut fields: Vec<Field> = frame.time().cloned().into_iter().collect();
            let others = labels.iter().filter(|label| value_label.as_deref() != Some(label.name.as_str()));
            fields.extend(others.map(|label| {
                Field::new(label.name.as_str(), Values::texts((0..rows).map(|_| label.value.as_str())))
            }));
            let mut value = field.clone();
            let named = value_label.as_ref().and_then(|label| field.labels.get(label));
            value.name = named.map_or_else(|| field.name.clone(), |value| value.to_string());
            value.labels = Labels::empty();
            value.legend = None;
            fields.push(value);
            result.push(Frame { fields, ref_id: frame.ref_id.clone(), name: None });
        }
    }
    match result.is_empty() {
        true => frames,
        false if json::text(options, "mode").as_deref() == Some("rows") => result,
        false => join::merge(result, &Value::Null, context),
    }
}

/// `prepareTimeSeries`: one frame of all series by time, or one a series.
pub(super) fn prepare(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    if json::text(options, "format").is_none_or(|format| format == "wide") {
        return join::join(frames, None, false);
    }
    let mut result = Vec::new();
    for frame in &frames {
        let Some(time) = frame.time() else { continue };
        for field in frame.numbers() {
            let fields = vec![time.clone(), field.clone()];
            result.push(Frame { fields, ref_id: frame.ref_id.clone(), name: frame.name.clone() });
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{columns, run};
    use super::*;

    fn series(pairs: &[(&'static str, &'static str)], legend: &str, samples: &[(i64, f64)]) -> Frame {
        let mut value = Field::new("Value", Values::numbers(samples.iter().map(|(_, value)| *value)));
        value.labels = Labels::from_pairs(pairs.iter().copied());
        value.legend = Some(legend.to_owned());
        let time = Field::new("Time", Values::Times(samples.iter().map(|(at, _)| Some(*at)).collect()));
        Frame { fields: vec![time, value], ref_id: "A".to_owned(), name: None }
    }

    fn two() -> Vec<Frame> {
        vec![series(&[("pod", "a")], "A!", &[(1, 1.0), (2, 4.0)]), series(&[("pod", "b")], "B!", &[(2, 5.0)])]
    }

    #[test]
    fn series_become_rows_of_their_calculations() {
        let reduced = run(two(), &json!([{"id": "reduce", "options": {"reducers": ["max", "mean"]}}]));
        assert_eq!(columns(&reduced[0]), ["Field: A! B!", "Max: 4 5", "Mean: 2.5 5"]);
        let labelled =
            run(two(), &json!([{"id": "reduce", "options": {"reducers": ["max"], "labelsToFields": true}}]));
        assert_eq!(columns(&labelled[0]), ["Field: Value Value", "pod: a b", "Max: 4 5"]);
        let fields =
            run(two(), &json!([{"id": "reduce", "options": {"reducers": ["max"], "mode": "reduceFields"}}]));
        assert_eq!(
            (columns(&fields[0]), columns(&fields[1])),
            (vec!["A!: 4".to_owned()], vec!["B!: 5".to_owned()])
        );
    }

    #[test]
    fn series_become_curves_of_a_table_that_count_as_their_numbers() {
        let steps = json!([{"id": "timeSeriesTable", "options": {"A": {"stat": "max"}}}, {"id": "sortBy", "options": {"sort": [{"field": "Trend", "desc": true}]}}]);
        let [table] = run(two(), &steps).try_into().unwrap();
        assert_eq!(columns(&table), ["pod: b a", "Trend: 5 4"]);
        let Cell::Curve(second) = table.fields[1].values.get(1) else { panic!("{table:?}") };
        assert_eq!((second.value, second.points.as_slice()), (Some(4.0), &[(1, 1.0), (2, 4.0)][..]));
        let mut both = two();
        both[1].ref_id = "B".to_owned();
        let tables = run(
            both,
            &json!([{"id": "timeSeriesTable"}, {"id": "joinByField", "options": {"byField": "pod"}}]),
        );
        assert_eq!(columns(&tables[0]), ["pod: a b", "Trend #A: 4 ", "Trend #B:  5"]);
        assert!(matches!(tables[0].fields[2].values, Values::Curves(_)), "a join keeps curves");
    }

    #[test]
    fn samples_become_rows_newest_first() {
        let rows = run(two(), &json!([{"id": "seriesToRows", "options": {}}]));
        assert_eq!(columns(&rows[0]), ["Time: 2 2 1", "Metric: A! B! A!", "Value: 4 5 1"]);
    }

    #[test]
    fn labels_become_columns_of_one_table() {
        let found = run(
            two(),
            &json!([{"id": "labelsToFields", "options": {"mode": "columns", "keepLabels": ["pod"]}}]),
        );
        assert_eq!(columns(&found[0]), ["Time: 1 2 2", "pod: a a b", "Value: 1 4 5"]);
    }

    #[test]
    fn series_share_their_times_when_they_are_made_wide() {
        let wide = run(two(), &json!([{"id": "prepareTimeSeries", "options": {"format": "wide"}}]));
        assert_eq!(columns(&wide[0]), ["Time: 1 2", "A!: 1 4", "B!:  5"]);
    }
}
