//! What counts as a number where a gauge is made of a field.

use serde_json::Value;

use crate::quantity;

/// The number that a field says: a number, a yes or no (also as a word), an RFC 3339 time in seconds since the epoch, an amount such as
/// `250m` or `5Gi`, a percentage as a share, or a number written as text.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => of_text(text),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn of_text(text: &str) -> Option<f64> {
    let word = [("true", 1.0), ("yes", 1.0), ("false", 0.0), ("no", 0.0), ("unknown", 0.0)];
    let word = word.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, number)| *number);
    word.or_else(|| seconds(text)).or_else(|| quantity::amount(text)).or_else(|| percentage(text)).or_else(
        || {
            // `Inf` and `NaN`, which an amount cannot be.
            text.parse().ok()
        },
    )
}

fn seconds(text: &str) -> Option<f64> {
    // The parser takes a space in place of the `T`, which RFC 3339's own grammar does not.
    let time: jiff::Timestamp = text.parse().ok().filter(|_| text.as_bytes().get(10) == Some(&b'T'))?;
    Some(time.as_second() as f64)
}

fn percentage(text: &str) -> Option<f64> {
    let digits = text.strip_suffix('%').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(digits.parse::<f64>().ok()? / 100.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_from_whatever_says_one() {
        for (value, expected) in [
            (json!(43.21), 43.21),
            (json!(true), 1.0),
            (json!("False"), 0.0),
            (json!("Unknown"), 0.0),
            (json!("YES"), 1.0),
            (json!("2022-06-28T00:00:00Z"), 1_656_374_400.0),
            (json!("250m"), 0.25),
            (json!("5Gi"), 5_368_709_120.0),
            (json!("1500u"), 0.0015),
            (json!("28%"), 0.28),
            (json!("-1.5e3"), -1500.0),
            (json!("Inf"), f64::INFINITY),
        ] {
            assert_eq!(number(&value), Some(expected), "{value}");
        }
        for value in [json!(null), json!("soon"), json!(""), json!("%"), json!([1]), json!({"a": 1})] {
            assert_eq!(number(&value), None, "{value}");
        }
    }
}
