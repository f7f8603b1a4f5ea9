//! Paths into an object, as the configuration writes them: a list of steps.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::number::number;

/// Steps from an object to something in it; none stay where one is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ValuePath(Box<[Step]>);

#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// `spec`: a field; in a list, the element of that number, from its end if it is negative.
    Field(Box<str>),
    /// `key=value`: the field `key`, if it says so, else the field of the whole name.
    Saying { whole: Box<str>, key: Box<str>, value: Box<str> },
    /// `[key=value]`: the first element of a list whose field `key` says so.
    Element { key: Box<str>, value: Box<str> },
}

/// A step that begins as a search in a list and is none.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no search in a list: write [key=value]")]
pub(super) struct NotAStep(String);

impl ValuePath {
    /// Reads the steps.
    pub(super) fn parse<'s>(steps: impl IntoIterator<Item = &'s str>) -> Result<Self, NotAStep> {
        steps.into_iter().map(Step::parse).collect::<Result<_, _>>().map(Self)
    }

    /// What is there; `None` where any step leads nowhere, or to `null`.
    pub(super) fn get<'v>(&self, from: &'v Value) -> Option<&'v Value> {
        let found = self.0.iter().try_fold(from, |value, step| step.from(value))?;
        (!found.is_null()).then_some(found)
    }

    /// The name of the field, where it is one step to one.
    pub(super) fn field(&self) -> Option<&str> {
        match &*self.0 {
            [Step::Field(name)] => Some(name),
            _ => None,
        }
    }
}

impl Step {
    fn parse(text: &str) -> Result<Self, NotAStep> {
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let (key, value) = inner.split_once('=').ok_or_else(|| NotAStep(text.to_owned()))?;
            return Ok(Self::Element { key: key.into(), value: value.into() });
        }
        Ok(match text.split_once('=') {
            Some((key, value)) if !value.contains('=') => {
                Self::Saying { whole: text.into(), key: key.into(), value: value.into() }
            }
            _ => Self::Field(text.into()),
        })
    }

    fn from<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Field(name) => field(value, name),
            Self::Saying { whole, key, value: wanted } => {
                let said = value.get(&**key).filter(|said| said.as_str() == Some(wanted));
                said.or_else(|| field(value, whole))
            }
            Self::Element { key, value: wanted } => {
                let says = |element: &&Value| element.get(&**key).is_some_and(|said| is(said, wanted));
                value.as_array()?.iter().find(says)
            }
        }
    }
}

fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(fields) => fields.get(name),
        Value::Array(elements) => {
            let at: i64 = name.parse().ok()?;
            let from_end = usize::try_from(at.unsigned_abs()).ok()?;
            let at = if at < 0 { elements.len().checked_sub(from_end)? } else { from_end };
            elements.get(at)
        }
        _ => None,
    }
}

/// Whether a field says `wanted`: as text, as a number, or as yes and no.
fn is(said: &Value, wanted: &str) -> bool {
    match said {
        Value::String(text) => text == wanted,
        Value::Number(_) => {
            let wanted = Value::String(wanted.to_owned());
            number(said).zip(number(&wanted)).is_some_and(|(said, wanted)| said.total_cmp(&wanted).is_eq())
        }
        Value::Bool(said) => match wanted {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => *said,
            "0" | "f" | "F" | "false" | "FALSE" | "False" => !*said,
            _ => false,
        },
        _ => false,
    }
}

/// What is there as the value of a label, as Go prints it: numbers short, lists and mappings in brackets.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(Printed(other).to_string()),
    }
}

/// A value as Go's `%v` prints it.
struct Printed<'v>(&'v Value);

/// Floats outside of these have an exponent.
const PLAIN: std::ops::Range<f64> = 1e-4..1e21;

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("<nil>"),
            Value::Bool(yes) => write!(f, "{yes}"),
            Value::String(text) => f.write_str(text),
            Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
                Some(float) if float == 0.0 || PLAIN.contains(&float.abs()) => write!(f, "{float}"),
                Some(float) => f.write_str(&with_exponent(float)),
                None => write!(f, "{number}"),
            },
            Value::Array(elements) => {
                f.write_str("[")?;
                for (at, element) in elements.iter().enumerate() {
                    write!(f, "{}{}", if at == 0 { "" } else { " " }, Printed(element))?;
                }
                f.write_str("]")
            }
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| *name);
                f.write_str("map[")?;
                for (at, (name, value)) in fields.into_iter().enumerate() {
                    write!(f, "{}{name}:{}", if at == 0 { "" } else { " " }, Printed(value))?;
                }
                f.write_str("]")
            }
        }
    }
}

/// `1e-05`, `1.5e+21`: an exponent has a sign and two digits.
fn with_exponent(float: f64) -> String {
    let text = format!("{float:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}e{sign}{exponent:0>2}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(steps: &[&str]) -> Option<Value> {
        let object = json!({
            "spec": {"replicas": 1, "order": [{"id": 1, "value": true}, {"id": 3, "value": false}]},
            "status": {"conditions": [{"name": "a", "value": 45}, {"name": "b", "value": 66}], "none": null},
            "metadata": {"labels": {"foo": "bar"}, "annotations": {"bar": "baz", "a=b": "whole"}},
        });
        ValuePath::parse(steps.iter().copied()).unwrap().get(&object).cloned()
    }

    #[test]
    fn steps_lead_through_fields_numbers_and_searches() {
        assert_eq!(found(&["spec", "replicas"]), Some(json!(1)));
        assert_eq!(found(&["spec", "order", "0", "value"]), Some(json!(true)));
        assert_eq!(found(&["spec", "order", "-1", "id"]), Some(json!(3)));
        assert_eq!(found(&["spec", "order", "-3", "id"]), None);
        assert_eq!(found(&["spec", "order", "first"]), None);
        assert_eq!(found(&["status", "conditions", "[name=b]", "value"]), Some(json!(66)));
        assert_eq!(found(&["status", "conditions", "[value=66]", "name"]), Some(json!("b")));
        assert_eq!(found(&["spec", "order", "[value=false]", "id"]), Some(json!(3)));
        assert_eq!(found(&["status", "conditions", "[name=c]"]), None);
        assert_eq!(found(&["metadata", "annotations", "bar=baz"]), Some(json!("baz")));
        assert_eq!(found(&["metadata", "annotations", "bar=qux"]), None);
        assert_eq!(found(&["metadata", "annotations", "a=b"]), Some(json!("whole")));
        assert_eq!(found(&["status", "none"]), None);
        assert_eq!(found(&["nowhere", "at", "all"]), None);
    }

    #[test]
    fn a_search_without_a_sign_of_equality_is_an_error() {
        let error = ValuePath::parse(["status", "[name]"]).unwrap_err();
        assert_eq!(error.to_string(), r#""[name]" is no search in a list: write [key=value]"#);
    }

    #[test]
    fn values_of_labels_are_printed_as_go_does() {
        for (value, expected) in [
            (json!("text"), "text"),
            (json!(true), "true"),
            (json!(3), "3"),
            (json!(43.21), "43.21"),
            (json!(1.5e21), "1.5e+21"),
            (json!(0.00001), "1e-05"),
            (json!([1, "a", null]), "[1 a <nil>]"),
            (json!({"b": 1, "a": {"c": false}}), "map[a:map[c:false] b:1]"),
        ] {
            assert_eq!(text(&value), expected);
        }
    }
}
