//! What only notifications' templates can call: the functions of Alertmanager.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use smol_str::SmolStr;

use super::common::{safe_html, text};
use super::function::{Env, Function, Param};
use super::html::unescape_query;
use super::time::Time;
use super::value::{ANY_LIST, Value};

/// The functions, by name.
pub static FUNCTIONS: &[Function] = &[
    Function { name: "append", params: &[Param::Any], rest: Some(Param::Any), call: append },
    Function { name: "base64decode", params: &[Param::Str], rest: None, call: decode },
    Function {
        name: "base64encode",
        params: &[Param::Str],
        rest: None,
        call: |_, arguments| Ok(Value::str(BASE64_STANDARD.encode(text(arguments, 0)))),
    },
    Function { name: "date", params: &[Param::Str, Param::Time], rest: None, call: date },
    Function { name: "dict", params: &[], rest: Some(Param::Any), call: dict },
    Function { name: "join", params: &[Param::Str, Param::Strings], rest: None, call: join },
    Function {
        name: "list",
        params: &[],
        rest: Some(Param::Any),
        call: |_, arguments| Ok(Value::list(&ANY_LIST, arguments.to_vec())),
    },
    Function {
        name: "now",
        params: &[],
        rest: None,
        call: |env, _| {
            let (seconds, nanos) = env.host.now();
            Ok(Value::Time(Time::utc(seconds, nanos)))
        },
    },
    Function { name: "safeUrl", params: &[Param::Str], rest: None, call: safe_html },
    Function { name: "since", params: &[Param::Time], rest: None, call: since },
    Function {
        name: "stringSlice",
        params: &[],
        rest: Some(Param::Str),
        call: |_, arguments| Ok(Value::strings(arguments.iter().filter_map(Value::as_str))),
    },
    Function { name: "toJson", params: &[Param::Any], rest: None, call: to_json },
    Function {
        name: "trimSpace",
        params: &[Param::Str],
        rest: None,
        call: |_, arguments| Ok(Value::str(text(arguments, 0).trim())),
    },
    Function { name: "tz", params: &[Param::Str, Param::Time], rest: None, call: in_zone },
    Function {
        name: "urlUnescape",
        params: &[Param::Str],
        rest: None,
        call: |_, arguments| {
            let text = text(arguments, 0);
            unescape_query(text).map(Value::str).ok_or_else(|| format!("invalid URL escape in {text:?}"))
        },
    },
];

fn append(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    match arguments.split_first() {
        Some((Value::List(list), more)) => {
            Ok(Value::list(list.class, list.items.iter().chain(more).cloned().collect()))
        }
        Some((other, _)) => Err(format!("cannot append to type {}", other.type_name())),
        None => Ok(Value::Nil),
    }
}

fn decode(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let bytes = BASE64_STANDARD
        .decode(text(arguments, 0))
        .map_err(|error| format!("illegal base64 data: {error}"))?;
    Ok(Value::str(String::from_utf8_lossy(&bytes)))
}

fn dict(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let (pairs, odd) = arguments.as_chunks::<2>();
    if !odd.is_empty() {
        return Err("dict expects an even number of arguments".to_owned());
    }
    let mut entries = BTreeMap::new();
    for [key, value] in pairs {
        let key =
            key.as_str().ok_or_else(|| format!("dict keys must be strings, got {}", key.type_name()))?;
        entries.insert(SmolStr::new(key), value.clone());
    }
    Ok(Value::any_map(entries))
}

fn join(env: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let Some(Value::List(list)) = arguments.get(1) else { return Ok(Value::str("")) };
    let items: Vec<_> = list.items.iter().filter_map(Value::as_str).collect();
    let separators = text(arguments, 0).len().saturating_mul(items.len());
    env.spend((separators + items.iter().map(|item| item.len()).sum::<usize>()) / 16)?;
    Ok(Value::str(items.join(text(arguments, 0))))
}

fn time(arguments: &[Value], at: usize) -> Result<&Time, String> {
    match arguments.get(at) {
        Some(Value::Time(time)) => Ok(time),
        _ => Err("expected time.Time".to_owned()),
    }
}

fn date(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    Ok(Value::str(time(arguments, 1)?.format(text(arguments, 0))))
}

fn in_zone(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let name = text(arguments, 0);
    let moved = time(arguments, 1)?.in_zone(name);
    moved.map(Value::Time).ok_or_else(|| format!("unknown time zone {name}"))
}

fn since(env: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let (seconds, nanos) = env.host.now();
    Ok(Value::Duration(Time::utc(seconds, nanos).nanos_since(time(arguments, 0)?)))
}

fn to_json(env: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let mut text = String::new();
    json(env, &mut text, arguments.first().unwrap_or(&Value::Nil))?;
    Ok(Value::str(text))
}

/// Writes `value` as Go's encoding/json does.
fn json(env: &Env<'_>, out: &mut String, value: &Value) -> Result<(), String> {
    env.spend(1 + value.weight() / 16)?;
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) | Value::Duration(value) => out.push_str(&value.to_string()),
        Value::Float(value) if value.is_finite() => out.push_str(&value.to_string()),
        Value::Float(_) => return Err("json: unsupported value".to_owned()),
        Value::Str(text) | Value::Html(text) => crate::json::string(out, text),
        Value::Time(time) => crate::json::string(out, &time.format("2006-01-02T15:04:05.999999999Z07:00")),
        Value::List(list) => {
            out.push('[');
            for (index, item) in list.items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                json(env, out, item)?;
            }
            out.push(']');
        }
        Value::Map(map) => object(env, out, map.entries.iter().map(|(key, value)| (key.as_str(), value)))?,
        Value::Struct(record) => object(env, out, record.fields.iter().map(|(name, value)| (*name, value)))?,
    }
    Ok(())
}

fn object<'v>(
    env: &Env<'_>,
    out: &mut String,
    entries: impl Iterator<Item = (&'v str, &'v Value)>,
) -> Result<(), String> {
    out.push('{');
    for (index, (key, value)) in entries.enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        crate::json::string(out, key);
        out.push(':');
        json(env, out, value)?;
    }
    out.push('}');
    Ok(())
}
