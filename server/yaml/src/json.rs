//! YAML as JSON, the way Kubernetes' own tools read it: a plain scalar is what it looks like, by the rules of YAML 1.1.

use serde_json::{Map, Number, Value};

use crate::{Content, Node, Style};

/// Plain scalars that are true and those that are false; each also with a capital, and in capitals.
const TRUE: &[&str] = &["true", "yes", "on", "y"];
const FALSE: &[&str] = &["false", "no", "off", "n"];

impl Node {
    /// The value as JSON. Keys are texts whatever they look like.
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Scalar(text) if self.style == Style::Text => Value::String(text.clone()),
            Content::Scalar(text) => plain(text),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(entries) => {
                let fields: Map<String, Value> =
                    entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect();
                Value::Object(fields)
            }
        }
    }
}

/// What a scalar without quotes is. What no JSON number can be, such as `.inf`, is a text.
pub(crate) fn plain(text: &str) -> Value {
    if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Value::Null;
    }
    if is_one_of(text, TRUE) {
        return Value::Bool(true);
    }
    if is_one_of(text, FALSE) {
        return Value::Bool(false);
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn is_one_of(text: &str, words: &[&str]) -> bool {
    let rest = text.get(1..).unwrap_or_default();
    let one_case =
        rest.chars().all(|c| c.is_ascii_lowercase()) || text.chars().all(|c| c.is_ascii_uppercase());
    one_case && words.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// A number: decimal, or with `0x`, `0o`, `0b` or a leading `0` (octal) before it; `_` between digits means nothing.
fn number(text: &str) -> Option<Number> {
    let first = text.trim_start_matches(['-', '+']).chars().next()?;
    if !(first.is_ascii_digit() || first == '.') {
        return None;
    }
    let digits = text.replace('_', "");
    let (negative, digits) = match digits.strip_prefix(['-', '+']) {
        Some(rest) => (digits.starts_with('-'), rest),
        None => (false, digits.as_str()),
    };
    let whole = match digits.as_bytes() {
        [b'0', b'x', ..] => radix(digits.get(2..)?, 16),
        [b'0', b'o', ..] => radix(digits.get(2..)?, 8),
        [b'0', b'b', ..] => radix(digits.get(2..)?, 2),
        [b'0', b'0'..=b'7', ..] => radix(digits.get(1..)?, 8),
        _ => radix(digits, 10),
    };
    match whole {
        Some(whole) if !negative => Some(Number::from(whole)),
        Some(whole) => i64::try_from(-i128::from(whole)).ok().map(Number::from),
        None if is_decimal(digits) => {
            let value = digits.parse::<f64>().ok()?;
            Number::from_f64(if negative { -value } else { value })
        }
        None => None,
    }
}

fn radix(digits: &str, radix: u32) -> Option<u64> {
    let good = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    good.then(|| u64::from_str_radix(digits, radix).ok())?
}

/// Digits with at most one dot, and an exponent: what Rust reads as a number and is no word.
fn is_decimal(text: &str) -> bool {
    let known = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    text.chars().all(known) && text.chars().any(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &Value) {
        let documents = crate::load(text).unwrap();
        assert_eq!(&documents[0].to_json(), expected, "{text}");
    }

    #[test]
    fn a_plain_scalar_is_what_it_looks_like() {
        for (text, expected) in [
            ("1", json!(1)),
            ("-3", json!(-3)),
            ("0x1F", json!(31)),
            ("0644", json!(420)),
            ("08", json!(8)),
            ("1_000", json!(1000)),
            ("1.5", json!(1.5)),
            ("1e3", json!(1000.0)),
            ("18446744073709551615", json!(u64::MAX)),
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("yEs", json!("yEs")),
            ("500m", json!("500m")),
            ("1.2.3", json!("1.2.3")),
            ("2026-01-02", json!("2026-01-02")),
            (".inf", json!(".inf")),
            ("-", json!([null])),
            ("infinity", json!("infinity")),
            ("~", json!(null)),
        ] {
            check(text, &expected);
        }
    }

    #[test]
    fn quotes_and_the_tag_for_texts_make_texts() {
        check(
            "{a: '1', b: \"true\", c: !!str 3, d: null, e: ''}",
            &json!({"a": "1", "b": "true", "c": "3", "d": null, "e": ""}),
        );
        check("a: |\n  1\n", &json!({"a": "1\n"}));
    }

    #[test]
    fn keys_are_texts() {
        check("{8080: x, true: z}", &json!({"8080": "x", "true": "z"}));
    }
}
