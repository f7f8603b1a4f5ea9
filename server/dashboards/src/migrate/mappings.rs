//! Value mappings of Grafana before 8, `valueMaps`, `rangeMaps` and `{type: 1|2}`, in the form of today.

use serde_json::{Value, json};

use crate::json;

/// Mappings of an old list, `{op, value, text}` or `{from, to, text}` or `{type: 1|2, …}`.
pub(super) fn from_list(maps: &[Value]) -> Vec<Value> {
    maps.iter().filter_map(one).collect()
}

/// Whether a mapping has the form before Grafana 8.
pub(super) fn is_old(mapping: &Value) -> bool {
    !mapping.get("type").is_some_and(Value::is_string)
}

fn one(map: &Value) -> Option<Value> {
    let result = json!({"text": json::text(map, "text").unwrap_or_default()});
    let value = json::text(map, "value");
    let is_range = match json::whole(map, "type", 0, 2, 0) {
        0 => map.get("from").is_some() && value.is_none(),
        kind => kind == 2,
    };
    if !is_range {
        let value = value?;
        return Some(match value.as_str() {
            "null" => special("null", &result),
            _ => json!({"type": "value", "options": {value: result}}),
        });
    }
    let (from, to) = (json::text(map, "from")?, json::text(map, "to")?);
    if from == "null" || to == "null" {
        return Some(special("null", &result));
    }
    let bound = |key: &str| json::number(map, key);
    Some(json!({"type": "range", "options": {"from": bound("from"), "to": bound("to"), "result": result}}))
}

fn special(which: &str, result: &Value) -> Value {
    json!({"type": "special", "options": {"match": which, "result": result}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_ranges_and_null_keep_their_texts() {
        let maps = [
            json!({"op": "=", "text": "N/A", "value": "null"}),
            json!({"op": "=", "text": "Up", "value": 1}),
            json!({"from": "0", "to": "10", "text": "low"}),
            json!({"from": "null", "to": "null", "text": "none"}),
            json!({"type": 1, "value": "2", "text": "two"}),
            json!({"text": "nothing to compare with"}),
        ];
        assert_eq!(
            from_list(&maps),
            [
                json!({"type": "special", "options": {"match": "null", "result": {"text": "N/A"}}}),
                json!({"type": "value", "options": {"1": {"text": "Up"}}}),
                json!({"type": "range", "options": {"from": 0.0, "to": 10.0, "result": {"text": "low"}}}),
                json!({"type": "special", "options": {"match": "null", "result": {"text": "none"}}}),
                json!({"type": "value", "options": {"2": {"text": "two"}}}),
            ]
        );
    }
}
