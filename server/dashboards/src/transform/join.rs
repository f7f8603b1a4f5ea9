//! Bringing frames together: `joinByField` and `merge`.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{Context, MOST_CELLS, find, names};
use crate::frame::{Cell, Field, FieldKind, Frame, Values};
use crate::json;

/// `joinByField`: one row a value of a column that all frames have. `outer` has the values of all frames, `inner` those that
/// every frame has. Times are put in order; other values come as they first do.
pub(super) fn by_field(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    let wanted = json::filled(options, "byField");
    let inner = json::text(options, "mode").as_deref() == Some("inner");
    join(frames, wanted.as_deref(), inner)
}

/// Joins by the column `wanted`, or by time where none is named.
pub(super) fn join(frames: Vec<Frame>, wanted: Option<&str>, inner: bool) -> Vec<Frame> {
    if frames.len() < 2 {
        return frames;
    }
    let keys: Vec<Option<usize>> = frames
        .iter()
        .map(|frame| match wanted {
            Some(name) => find(frame, &names(frame, &frames), name),
            None => frame.fields.iter().position(|field| field.kind == FieldKind::Time),
        })
        .collect();
    let joined: Vec<(&Frame, usize)> =
        frames.iter().zip(keys).filter_map(|(frame, key)| Some((frame, key?))).collect();
    let Some((first, first_key)) = joined.first() else { return frames };
    let Some(key_field) = first.fields.get(*first_key) else { return frames };
    // Where each value stands in each frame; of several rows the last counts.
    let mut order: Vec<Cell> = Vec::new();
    let mut rows: HashMap<String, Vec<Option<usize>>> = HashMap::new();
    for (at, (frame, key)) in joined.iter().enumerate() {
        let Some(field) = frame.fields.get(*key) else { continue };
        for (row, cell) in field.values.cells().enumerate() {
            if cell == Cell::Null {
                continue;
            }
            let slots = rows.entry(cell.key()).or_insert_with(|| {
                order.push(cell);
                vec![None; joined.len()]
            });
            if let Some(slot) = slots.get_mut(at) {
                *slot = Some(row);
            }
        }
    }
    if inner {
        order.retain(|cell| rows.get(&cell.key()).is_some_and(|slots| slots.iter().all(Option::is_some)));
    }
    if key_field.kind == FieldKind::Time {
        order.sort_by(Cell::compare);
    }
    let columns: usize = joined.iter().map(|(frame, _)| frame.fields.len()).sum();
    if order.len().saturating_mul(columns) > MOST_CELLS {
        return frames;
    }
    let picked: Vec<&Vec<Option<usize>>> = order.iter().filter_map(|cell| rows.get(&cell.key())).collect();
    let mut fields = vec![key_field.with_values(Values::of_kind(key_field.kind, order.clone()))];
    for (at, (frame, key)) in joined.iter().enumerate() {
        // A row that this frame does not have is beyond its end, where everything is null.
        let at_rows: Vec<usize> =
            picked.iter().map(|slots| slots.get(at).copied().flatten().unwrap_or(usize::MAX)).collect();
        let others = frame.fields.iter().enumerate().filter(|(column, _)| column != key);
        fields.extend(others.map(|(_, field)| field.with_values(field.values.pick(&at_rows))));
    }
    vec![Frame { fields, ..Frame::default() }]
}

/// `merge`: rows that agree in the columns that all frames have become one, where the rest does not disagree.
pub(super) fn merge(frames: Vec<Frame>, _: &Value, _: &Context<'_>) -> Vec<Frame> {
    let frames: Vec<Frame> = frames.into_iter().filter(|frame| !frame.fields.is_empty()).collect();
    if frames.len() < 2 {
        return frames;
    }
    let all_names: Vec<Vec<String>> = frames.iter().map(|frame| names(frame, &frames)).collect();
    let mut columns: Vec<(String, &Field)> = Vec::new();
    let mut place: HashMap<&str, usize> = HashMap::new();
    for (frame, names) in frames.iter().zip(&all_names) {
        for (field, name) in frame.fields.iter().zip(names) {
            place.entry(name).or_insert_with(|| {
                columns.push((name.clone(), field));
                columns.len() - 1
            });
        }
    }
    let total: usize = frames.iter().map(Frame::len).sum();
    if total.saturating_mul(columns.len()) > MOST_CELLS {
        return frames;
    }
    let shared: Vec<&str> = columns
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| all_names.iter().all(|names| names.iter().any(|n| n == name)))
        .collect();
    let mut rows: Vec<Vec<Option<Cell>>> = Vec::new();
    let mut by_key: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (frame, names) in frames.iter().zip(&all_names) {
        for at in 0..frame.len() {
            let cell = |name: &str| {
                let field = names.iter().position(|known| known == name).and_then(|at| frame.fields.get(at));
                field.map_or(Cell::Null, |field| field.values.get(at))
            };
            let key = shared.iter().map(|name| cell(name).key()).collect::<Vec<_>>().join("\u{1}");
            let mine: Vec<(usize, Cell)> = frame
                .fields
                .iter()
                .zip(names)
                .filter_map(|(field, name)| Some((*place.get(name.as_str())?, field.values.get(at))))
                .collect();
            let agrees = |row: &usize| {
                rows.get(*row).is_some_and(|row| {
                    mine.iter().all(|(column, cell)| {
                        row.get(*column).is_some_and(|old| old.as_ref().is_none_or(|old| old == cell))
                    })
                })
            };
            let same = by_key.entry(key).or_default();
            let target = same.iter().copied().find(agrees).unwrap_or_else(|| {
                rows.push(vec![None; columns.len()]);
                same.push(rows.len() - 1);
                rows.len() - 1
            });
            if let Some(row) = rows.get_mut(target) {
                for (column, cell) in mine {
                    if let Some(slot) = row.get_mut(column) {
                        *slot = Some(cell);
                    }
                }
            }
        }
    }
    let field = |(at, (name, field)): (usize, &(String, &Field))| {
        let cells = rows.iter().map(|row| row.get(at).cloned().flatten().unwrap_or(Cell::Null));
        let mut merged = field.retyped(Values::of_kind(field.kind, cells.collect()));
        merged.legend = None;
        merged.labels = crowsnest_api::Labels::empty();
        merged.name.clone_from(name);
        merged
    };
    let fields = columns.iter().enumerate().map(field).collect();
    vec![Frame { fields, ..Frame::default() }]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{columns, run, table};

    #[test]
    fn rows_are_joined_by_a_column_and_names_stay_apart() {
        let frames = || vec![table("A", &[("a", 1.0), ("b", 2.0)]), table("B", &[("b", 3.0), ("c", 4.0)])];
        let joined =
            run(frames(), &json!([{"id": "joinByField", "options": {"byField": "pod", "mode": "outer"}}]));
        assert_eq!(
            columns(&joined[0]),
            ["pod: a b c", "Time 1: 1 1 ", "Value #A: 1 2 ", "Time 2:  1 1", "Value #B:  3 4"]
        );
        let inner =
            run(frames(), &json!([{"id": "joinByField", "options": {"byField": "pod", "mode": "inner"}}]));
        assert_eq!(columns(&inner[0])[..1], ["pod: b"]);
        let none = run(frames(), &json!([{"id": "joinByField", "options": {"byField": "gone"}}]));
        assert_eq!(none.len(), 2);
    }

    #[test]
    fn a_joined_table_is_organized_by_its_numbered_columns() {
        let frames = vec![table("A", &[("a", 1.0)]), table("B", &[("a", 3.0)])];
        let shown = run(
            frames,
            &json!([
                {"id": "joinByField", "options": {"byField": "pod", "mode": "outer"}},
                {"id": "organize", "options": {"excludeByName": {"Time 1": true, "Time 2": true}, "renameByName": {"Value #A": "Usage", "pod": "Pod"}}},
            ]),
        );
        assert_eq!(columns(&shown[0]), ["Pod: a", "Usage: 1", "Value #B: 3"]);
    }

    #[test]
    fn rows_that_agree_become_one() {
        let merged = run(
            vec![table("A", &[("a", 1.0), ("b", 2.0)]), table("B", &[("b", 3.0), ("c", 4.0)])],
            &json!([{"id": "merge"}]),
        );
        assert_eq!(columns(&merged[0]), ["Time: 1 1 1", "pod: a b c", "Value #A: 1 2 ", "Value #B:  3 4"]);
    }
}
