//! JSON as YAML, the way `kubectl` prints objects: two spaces a level, lists not indented, long texts as blocks.

use std::fmt::Write as _;

use serde_json::Value;

use crate::json;

/// Levels that are printed; what lies deeper is printed as JSON, which is YAML too.
const MAX_DEPTH: usize = 100;

/// One document, with a line break at its end. [`crate::load`] gives the same value back.
pub fn print(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => block(&mut out, value, 0),
        Value::Array(items) if !items.is_empty() => block(&mut out, value, 0),
        _ => {
            scalar(&mut out, value, 0);
            out.push('\n');
        }
    }
    out
}

/// A list or an object with something in it, each line `indent` levels to the right.
fn block(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(fields) => {
            for (at, (name, value)) in fields.iter().enumerate() {
                if at > 0 {
                    pad(out, indent);
                }
                text(out, name, None);
                out.push(':');
                field(out, value, indent);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    pad(out, indent);
                }
                out.push_str("- ");
                if is_block(item) && indent < MAX_DEPTH {
                    block(out, item, indent + 1);
                } else {
                    scalar(out, item, indent + 1);
                    out.push('\n');
                }
            }
        }
        other => scalar(out, other, indent),
    }
}

/// What stands behind the colon of a field.
fn field(out: &mut String, value: &Value, indent: usize) {
    if is_block(value) && indent < MAX_DEPTH {
        // A list stands where its field does.
        let inner = if value.is_array() { indent } else { indent + 1 };
        out.push('\n');
        pad(out, inner);
        block(out, value, inner);
    } else {
        out.push(' ');
        scalar(out, value, indent + 1);
        out.push('\n');
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n("  ", indent));
}

fn scalar(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::String(value) => text(out, value, Some(indent)),
        // Empty, or too deep.
        other => out.push_str(&other.to_string()),
    }
}

/// A text: plain where that reads back as the same text, as a block where it has lines and `indent` says where, or in quotes.
fn text(out: &mut String, value: &str, indent: Option<usize>) {
    if let Some(indent) = indent.filter(|_| can_be_block(value)) {
        literal(out, value, indent);
    } else if can_be_plain(value) {
        out.push_str(value);
    } else {
        quoted(out, value);
    }
}

fn can_be_plain(value: &str) -> bool {
    let safe = |c: char| {
        c.is_ascii_alphanumeric()
            || " -_./:@+=,()%~^$;<>?*&!|".contains(c)
            || (!c.is_ascii() && c.is_alphanumeric())
    };
    let good_start = value
        .chars()
        .next()
        .is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '$' | '(' | '+' | '^'));
    good_start
        && value.chars().all(safe)
        && !value.contains(": ")
        && !value.ends_with([' ', ':'])
        && json::plain(value).is_string()
        // A JSON number to others, though not to us.
        && !value.starts_with(['.', '+'])
        && !value.starts_with("...")
}

/// Whether a text can be written line by line: printable, with a line break, and its first line not indented.
fn can_be_block(value: &str) -> bool {
    let odd = |c: char| {
        c != '\n'
            && c != '\t'
            && (c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'))
    };
    let first_line = value.trim_start_matches('\n');
    value.contains('\n')
        && !first_line.is_empty()
        && !value.starts_with('\n')
        && !value.starts_with([' ', '\t'])
        && !value.lines().any(|line| line.starts_with('\t') || (line.trim().is_empty() && !line.is_empty()))
        && !value.chars().any(odd)
}

fn literal(out: &mut String, value: &str, indent: usize) {
    let ends = value.len() - value.trim_end_matches('\n').len();
    out.push_str(match ends {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in value.strip_suffix('\n').unwrap_or(value).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(out, indent.max(1));
            out.push_str(line);
        }
    }
}

fn quoted(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn reads_back(value: &Value) {
        let text = print(value);
        let documents = crate::load(&text).unwrap_or_else(|fault| panic!("{fault} in:\n{text}"));
        assert_eq!(documents.len(), 1, "{text}");
        assert_eq!(&documents[0].to_json(), value, "{text}");
    }

    #[test]
    fn an_object_looks_as_kubectl_prints_it() {
        let object = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "annotations": {"on": "yes", "n": "1"}, "labels": {}},
            "spec": {"containers": [{"args": ["--a=b", "-c"], "name": "main", "ports": [{"containerPort": 80}]}]},
            "script": "a\n  b\n",
        });
        let expected = "\
apiVersion: v1
kind: Pod
metadata:
  annotations:
    \"n\": \"1\"
    \"on\": \"yes\"
  labels: {}
  name: web
script: |
  a
    b
spec:
  containers:
  - args:
    - \"--a=b\"
    - \"-c\"
    name: main
    ports:
    - containerPort: 80
";
        assert_eq!(print(&object), expected);
        reads_back(&object);
    }

    #[test]
    fn texts_that_look_like_something_else_are_in_quotes() {
        for text in [
            "",
            "1",
            "true",
            "~",
            "null",
            "a: b",
            "a #b",
            "- x",
            " a",
            "a ",
            "é",
            "a\tb",
            "\n",
            "\na",
            "a\n\n",
            "a\n \nb",
            "%a",
            "*x",
            "!y",
            "0x1",
            "1e3",
            ".5",
            "a\u{2028}b",
            "---",
            "...",
            "a:",
            "한국어 텍스트",
        ] {
            reads_back(&json!({"key": text, "list": [text, {"inner": text}]}));
            reads_back(&json!({ text: 1 }));
            reads_back(&json!(text));
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z0-9:#'\"\\\\ \\n\\-\\[{&*!|>%@.é]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-z0-9.:# \\-]{1,6}", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_printed_reads_back(value in values()) {
            reads_back(&value);
        }
    }
}
