//! Changes of a dashboard's JSON. What is not named here stays as it is.

use serde_json::{Value, json};

/// What a new panel takes of the grid.
const WIDTH: i64 = 12;
const HEIGHT: i64 = 8;

/// All panels and rows, those of closed rows included.
fn all(json: &Value) -> Vec<&Value> {
    let own = json["panels"].as_array().into_iter().flatten();
    own.flat_map(|one| std::iter::once(one).chain(one["panels"].as_array().into_iter().flatten())).collect()
}

fn id_of(panel: &Value) -> Option<i64> {
    panel["id"].as_i64()
}

/// The panel with this number.
pub(crate) fn panel(json: &Value, id: i64) -> Option<&Value> {
    all(json).into_iter().find(|one| id_of(one) == Some(id))
}

/// The list that holds the panel, and where in it.
fn place(json: &mut Value, id: i64) -> Option<(&mut Vec<Value>, usize)> {
    let of = |list: &[Value]| list.iter().position(|one| id_of(one) == Some(id));
    let panels = json.get_mut("panels")?.as_array_mut()?;
    if let Some(at) = of(panels) {
        return Some((panels, at));
    }
    let rows = panels.iter_mut().filter_map(|row| row.get_mut("panels")?.as_array_mut());
    rows.into_iter().find_map(|list| of(list).map(|at| (list, at)))
}

fn next_id(json: &Value) -> i64 {
    all(json).into_iter().filter_map(id_of).max().unwrap_or(0) + 1
}

/// The row of the grid below all panels.
fn bottom(json: &Value) -> i64 {
    let end = |panel: &&Value| {
        panel["gridPos"]["y"].as_i64().unwrap_or(0) + panel["gridPos"]["h"].as_i64().unwrap_or(0)
    };
    all(json).iter().map(end).max().unwrap_or(0)
}

/// Puts `new` in the place of the panel with its number.
pub(crate) fn replace(json: &mut Value, id: i64, new: Value) {
    if let Some((list, at)) = place(json, id)
        && let Some(slot) = list.get_mut(at)
    {
        *slot = new;
    }
}

/// Takes a panel away.
pub(crate) fn remove(json: &mut Value, id: i64) {
    if let Some((list, at)) = place(json, id) {
        list.remove(at);
    }
}

/// A copy of a panel below all others.
pub(crate) fn duplicate(json: &mut Value, id: i64) {
    let (next, bottom) = (next_id(json), bottom(json));
    let Some(mut copy) = panel(json, id).cloned() else { return };
    copy["id"] = next.into();
    copy["gridPos"]["y"] = bottom.into();
    push(json, copy);
}

/// An empty panel below all others; its number.
pub(crate) fn add(json: &mut Value) -> i64 {
    let (id, y) = (next_id(json), bottom(json));
    let panel = json!({
        "id": id, "type": "timeseries", "title": "", "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": HEIGHT},
        "targets": [{"refId": "A", "expr": ""}], "fieldConfig": {"defaults": {}, "overrides": []}, "options": {},
    });
    push(json, panel);
    id
}

/// A panel of one query below all others.
pub(crate) fn add_query(json: &mut Value, title: &str, expr: &str) {
    let id = add(json);
    if let Some((list, at)) = place(json, id)
        && let Some(panel) = list.get_mut(at)
    {
        panel["title"] = title.into();
        panel["targets"] = json!([{"refId": "A", "expr": expr}]);
    }
}

fn push(json: &mut Value, panel: Value) {
    match json.get_mut("panels").and_then(Value::as_array_mut) {
        Some(panels) => panels.push(panel),
        None => json["panels"] = json!([panel]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> Value {
        json!({"panels": [
            {"id": 1, "type": "stat", "gridPos": {"x": 0, "y": 0, "w": 6, "h": 4}, "x-kept": true},
            {"id": 2, "type": "row", "gridPos": {"x": 0, "y": 4, "w": 24, "h": 1}, "panels": [
                {"id": 5, "type": "text", "gridPos": {"x": 0, "y": 5, "w": 6, "h": 4}}]},
        ]})
    }

    #[test]
    fn a_copy_has_a_number_of_its_own_below_all_others() {
        let mut json = board();
        duplicate(&mut json, 1);
        let copy = panel(&json, 6).unwrap();
        assert_eq!((copy["gridPos"]["y"].as_i64(), &copy["x-kept"]), (Some(9), &json!(true)));
        assert_eq!(add(&mut json), 7);
        assert_eq!(add(&mut json!({})), 1);
        add_query(&mut json, "Up", "up");
        assert_eq!(panel(&json, 8).unwrap()["targets"][0]["expr"], "up");
    }

    #[test]
    fn panels_of_closed_rows_are_found_changed_and_removed() {
        let mut json = board();
        replace(&mut json, 5, json!({"id": 5, "type": "table"}));
        assert_eq!(panel(&json, 5).unwrap()["type"], "table");
        remove(&mut json, 5);
        assert_eq!(panel(&json, 5), None);
        remove(&mut json, 99);
        assert_eq!(all(&json).len(), 2);
    }
}
