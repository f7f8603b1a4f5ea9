//! Cells that many tables share.

use jiff::Timestamp;
use serde_json::Value;

use crate::object;

/// A text, or `<none>`.
pub(super) fn or_none(text: impl Into<String>) -> Value {
    let text = text.into();
    if text.is_empty() { "<none>".into() } else { text.into() }
}

/// The time since a timestamp: `2m20s`, `5d`; `<unknown>` if there is none.
pub(super) fn since(stamp: &str, now: Timestamp) -> String {
    match stamp.parse::<Timestamp>() {
        Ok(at) => duration(now.as_second() - at.as_second()),
        Err(_) => "<unknown>".to_owned(),
    }
}

/// The age of an object.
pub(super) fn age(object: &Value, now: Timestamp) -> Value {
    since(object::text(object, &["metadata", "creationTimestamp"]), now).into()
}

/// A duration the way kubectl writes it: the finer unit goes away as the coarser one grows.
pub(super) fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let pair = |whole: i64, unit: &str, rest: i64, finer: &str| {
        if rest == 0 { format!("{whole}{unit}") } else { format!("{whole}{unit}{rest}{finer}") }
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => pair(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => pair(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => pair(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => pair(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

/// Labels as `a=b,c=d`, or `<none>`.
pub(super) fn labels(object: &Value, path: &[&str]) -> Value {
    let pairs: Vec<String> =
        object::string_map(object, path).into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    or_none(pairs.join(","))
}

/// A `LabelSelector` object in one line, or `<none>`.
pub(super) fn selector(object: &Value, path: &[&str]) -> Value {
    let Some(selector) = object::at(object, path) else { return "<none>".into() };
    let mut terms: Vec<String> = object::string_map(selector, &["matchLabels"])
        .into_iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    for expression in object::list(selector, &["matchExpressions"]) {
        let key = object::text(expression, &["key"]);
        let values: Vec<&str> = object::texts(expression, &["values"]).collect();
        terms.push(match object::text(expression, &["operator"]) {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        });
    }
    or_none(terms.join(","))
}

/// One field of every container of a pod spec, joined.
pub(super) fn containers(object: &Value, spec: &[&str], field: &str) -> Value {
    let mut path = spec.to_vec();
    path.push("containers");
    let values: Vec<&str> =
        object::list(object, &path).iter().map(|container| object::text(container, &[field])).collect();
    values.join(",").into()
}

/// A number, 0 where there is none.
pub(super) fn number(object: &Value, path: &[&str]) -> Value {
    object::integer(object, path).unwrap_or(0).into()
}

/// A value that may be a number or a text, as text.
pub(super) fn scalar(object: &Value, path: &[&str], absent: &str) -> Value {
    match object::at(object, path) {
        None | Some(Value::Null) => absent.into(),
        Some(Value::String(text)) => text.as_str().into(),
        Some(other) => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_drops_its_finer_unit_as_it_grows() {
        for (seconds, expected) in [
            (66, "66s"),
            (120, "2m"),
            (140, "2m20s"),
            (1000, "16m"),
            (11_000, "3h3m"),
            (30_000, "8h"),
            (200_000, "2d7h"),
            (900_000, "10d"),
            (70_000_000, "2y80d"),
        ] {
            assert_eq!(duration(seconds), expected);
        }
    }
}
