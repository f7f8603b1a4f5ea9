//! Rows by groups: `groupBy`, `groupingToMatrix`, `partitionByValues`.

use std::collections::HashMap;

use serde_json::Value;

use super::{Context, MOST_CELLS, find, names};
use crate::frame::{Cell, Field, FieldKind, Frame, Values};
use crate::json;
use crate::reduce;

/// Rows that agree in `columns`, in the order in which groups begin.
fn groups(frame: &Frame, columns: &[usize]) -> Vec<Vec<usize>> {
    let mut place: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for row in 0..frame.len() {
        let cells =
            columns.iter().filter_map(|at| frame.fields.get(*at)).map(|field| field.values.get(row).key());
        let key = cells.collect::<Vec<_>>().join("\u{1}");
        let at = *place.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(at) {
            group.push(row);
        }
    }
    groups
}

/// `groupBy`: a row a group, the other columns reduced.
pub(super) fn group_by(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    let all = frames.clone();
    let one = |frame: Frame| {
        let names = names(&frame, &all);
        let rule = |at: usize| {
            let name = names.get(at)?;
            let own = &frame.fields.get(at)?.name;
            let rules = json::at(options, "fields");
            rules.get(name).or_else(|| rules.get(own))
        };
        let operation = |at: usize| rule(at).and_then(|rule| json::text(rule, "operation"));
        let by: Vec<usize> =
            (0..names.len()).filter(|at| operation(*at).as_deref() == Some("groupby")).collect();
        if by.is_empty() {
            return frame;
        }
        let groups = groups(&frame, &by);
        let firsts: Vec<usize> = groups.iter().filter_map(|group| group.first().copied()).collect();
        let mut fields: Vec<Field> = by
            .iter()
            .filter_map(|at| frame.fields.get(*at))
            .map(|field| field.with_values(field.values.pick(&firsts)))
            .collect();
        for (at, field) in frame.fields.iter().enumerate() {
            if operation(at).as_deref() != Some("aggregate") {
                continue;
            }
            let name = names.get(at).map_or("", String::as_str);
            for calc in rule(at).map(|rule| json::texts(rule, "aggregations")).unwrap_or_default() {
                let cells = groups
                    .iter()
                    .map(|rows| reduce::reduce(&field.with_values(field.values.pick(rows)), &calc));
                let mut reduced = field.retyped(Values::from_cells(cells.collect()));
                reduced.name = format!("{name} ({calc})");
                reduced.legend = None;
                reduced.labels = crowsnest_api::Labels::empty();
                reduced.config.display_name = None;
                fields.push(reduced);
            }
        }
        Frame { fields, ref_id: frame.ref_id, name: frame.name }
    };
    frames.into_iter().map(one).collect()
}

/// `groupingToMatrix`: a column a value of one column, a row a value of another.
pub(super) fn matrix(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    let [frame] = frames.as_slice() else { return frames };
    let names = names(frame, &frames);
    let name = |key: &str, default: &str| json::filled(options, key).unwrap_or_else(|| default.to_owned());
    let (column, row, value) =
        (name("columnField", "Time"), name("rowField", "Time"), name("valueField", "Value"));
    let field = |name: &str| find(frame, &names, name).and_then(|at| frame.fields.get(at));
    let (Some(columns), Some(rows), Some(values)) = (field(&column), field(&row), field(&value)) else {
        return frames;
    };
    let empty = match json::text(options, "emptyValue").as_deref() {
        Some("zero") => Cell::Number(0.0),
        Some("true") => Cell::Bool(true),
        Some("false") => Cell::Bool(false),
        Some("null") => Cell::Null,
        _ => Cell::text(""),
    };
    let distinct = |field: &Field| {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut cells = Vec::new();
        for cell in field.values.cells() {
            seen.entry(cell.key()).or_insert_with(|| {
                cells.push(cell);
                cells.len() - 1
            });
        }
        (cells, seen)
    };
    let ((column_cells, column_at), (row_cells, row_at)) = (distinct(columns), distinct(rows));
    if column_cells.len().saturating_mul(row_cells.len()) > MOST_CELLS {
        return frames;
    }
    let mut filled = vec![vec![empty; row_cells.len()]; column_cells.len()];
    for at in 0..frame.len() {
        let place = (column_at.get(&columns.values.get(at).key()), row_at.get(&rows.values.get(at).key()));
        if let (Some(column), Some(row)) = place
            && let Some(slot) = filled.get_mut(*column).and_then(|cells| cells.get_mut(*row))
        {
            *slot = values.values.get(at);
        }
    }
    let mut head = rows.with_values(Values::of_kind(rows.kind, row_cells));
    head.name = format!("{row}\\{column}");
    head.config.display_name = None;
    let mut fields = vec![head];
    for (cell, cells) in column_cells.iter().zip(filled) {
        let mut field = values.with_values(Values::of_kind(values.kind, cells));
        field.name = cell.to_string();
        field.legend = None;
        field.config.display_name = None;
        field.labels = crowsnest_api::Labels::empty();
        fields.push(field);
    }
    vec![Frame { fields, ref_id: frame.ref_id.clone(), name: None }]
}

/// `partitionByValues`: a frame a group.
#[expect(clippy::needless_pass_by_value, reason = "all transformations have one signature")]
pub(super) fn partition(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    let wanted = json::texts(options, "fields");
    let keep = json::flag(options, "keepFields");
    let mut result = Vec::new();
    for frame in &frames {
        let names = names(frame, &frames);
        let by: Vec<usize> = wanted.iter().filter_map(|name| find(frame, &names, name)).collect();
        if by.is_empty() {
            result.push(frame.clone());
            continue;
        }
        for rows in groups(frame, &by).into_iter().take(1000) {
            let mut part = frame.pick(&rows);
            let cells =
                by.iter().filter_map(|at| part.fields.get(*at)).map(|field| field.values.get(0).to_string());
            part.name = Some(cells.collect::<Vec<_>>().join(" "));
            if !keep {
                let mut at = 0;
                part.fields.retain(|_| {
                    at += 1;
                    !by.contains(&(at - 1))
                });
            }
            for field in part.fields.iter_mut().filter(|field| field.kind == FieldKind::Number) {
                field.legend.clone_from(&part.name);
            }
            result.push(part);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{columns, run, table};

    #[test]
    fn groups_keep_their_column_and_reduce_the_others() {
        let grouped = run(
            vec![table("A", &[("a", 1.0), ("b", 5.0), ("a", 3.0)])],
            &json!([{"id": "groupBy", "options": {"fields": {
                "pod": {"operation": "groupby", "aggregations": []},
                "Value #A": {"operation": "aggregate", "aggregations": ["lastNotNull", "sum"]},
            }}}]),
        );
        assert_eq!(columns(&grouped[0]), ["pod: a b", "Value #A (lastNotNull): 3 5", "Value #A (sum): 4 5"]);
    }

    #[test]
    fn a_matrix_has_a_column_a_value() {
        let found = run(
            vec![table("A", &[("a", 1.0), ("b", 5.0)])],
            &json!([{"id": "groupingToMatrix", "options": {"columnField": "pod", "rowField": "Time", "valueField": "Value #A", "emptyValue": "null"}}]),
        );
        assert_eq!(columns(&found[0]), ["Time\\pod: 1", "a: 1", "b: 5"]);
    }

    #[test]
    fn each_value_has_a_frame() {
        let found = run(
            vec![table("A", &[("a", 1.0), ("b", 5.0), ("a", 2.0)])],
            &json!([{"id": "partitionByValues", "options": {"fields": ["pod"]}}]),
        );
        assert_eq!(columns(&found[0]), ["Time: 1 1", "a: 1 2"]);
    }
}
