//! Printing values, as Go's fmt prints them.

mod float;
mod printf;

pub(crate) use float::general;
pub(crate) use printf::printf;

use super::value::Value;

/// As `%v`.
pub(crate) fn plain(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, Style::Plain, 0);
    text
}

/// As Go's `Sprint`: a space between operands of which neither is a string.
pub(crate) fn joined(values: &[Value]) -> String {
    let mut text = String::new();
    let mut follows_text = true;
    for (index, value) in values.iter().enumerate() {
        let is_text = matches!(value, Value::Str(_));
        if index > 0 && !is_text && !follows_text {
            text.push(' ');
        }
        write(&mut text, value, Style::Plain, 0);
        follows_text = is_text;
    }
    text
}

/// As Go's `Sprintln`.
pub(crate) fn line(values: &[Value]) -> String {
    let values: Vec<_> = values.iter().map(plain).collect();
    values.join(" ") + "\n"
}

/// How values are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `%v`
    Plain,
    /// `%+v`: with the names of fields.
    Named,
    /// `%#v`: as Go would write it.
    Syntax,
}

/// How deep values within values are shown.
const MAX_DEPTH: usize = 20;
/// How long a printed value may become before the rest is left out, in bytes.
const MAX_BYTES: usize = 1 << 20;

fn write(out: &mut String, value: &Value, style: Style, depth: usize) {
    if depth > MAX_DEPTH || out.len() > MAX_BYTES {
        return out.push_str("...");
    }
    if style != Style::Syntax
        && let Some(text) = own_text(value)
    {
        return out.push_str(&text);
    }
    match value {
        Value::Nil => out.push_str("<nil>"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Float(value) => out.push_str(&general(*value)),
        Value::Str(text) | Value::Html(text) if style == Style::Syntax => out.push_str(&quoted(text)),
        Value::Str(text) | Value::Html(text) => out.push_str(text),
        Value::Duration(nanos) => out.push_str(&super::time::duration_text(*nanos)),
        Value::Time(time) => out.push_str(&time.to_string()),
        Value::List(list) => {
            let (open, separator, close) = match style {
                Style::Syntax => (format!("{}{{", list.class.name), ", ", '}'),
                _ => ("[".to_owned(), " ", ']'),
            };
            out.push_str(&open);
            for (index, item) in list.items.iter().enumerate() {
                out.push_str(if index > 0 { separator } else { "" });
                write(out, item, style, depth + 1);
            }
            out.push(close);
        }
        Value::Map(map) => {
            let (open, separator, close) = match style {
                Style::Syntax => (format!("{}{{", map.class.name), ", ", '}'),
                _ => ("map[".to_owned(), " ", ']'),
            };
            out.push_str(&open);
            for (index, (key, item)) in map.entries.iter().enumerate() {
                out.push_str(if index > 0 { separator } else { "" });
                out.push_str(&if style == Style::Syntax { quoted(key) } else { key.to_string() });
                out.push(':');
                write(out, item, style, depth + 1);
            }
            out.push(close);
        }
        Value::Struct(record) => {
            let is_pointer = record.class.name.starts_with('*');
            match style {
                Style::Syntax => {
                    out.push_str(if is_pointer { "&" } else { "" });
                    out.push_str(record.class.name.trim_start_matches('*'));
                }
                _ => out.push_str(if is_pointer { "&" } else { "" }),
            }
            out.push('{');
            for (index, (name, item)) in record.fields.iter().enumerate() {
                out.push_str(match (index, style) {
                    (0, _) => "",
                    (_, Style::Syntax) => ", ",
                    _ => " ",
                });
                if style != Style::Plain {
                    out.push_str(name);
                    out.push(':');
                }
                write(out, item, style, depth + 1);
            }
            out.push('}');
        }
    }
}

/// What a value says of itself by a method `String`.
fn own_text(value: &Value) -> Option<String> {
    let method =
        value.class()?.methods.iter().find(|method| method.name == "String" && method.params.is_empty())?;
    (method.call)(value, &[]).ok()?.as_str().map(str::to_owned)
}

/// As `%q`.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            c if c.is_control() && u32::from(c) < 0x80 => {
                quoted.push_str(&format!("\\x{:02x}", u32::from(c)));
            }
            c if c.is_control() || c == '\u{FEFF}' => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
