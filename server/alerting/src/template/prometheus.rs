//! What only rules' templates can call: the functions of Prometheus.

use std::net::IpAddr;

use smol_str::{SmolStr, format_smolstr};

use super::common::text;
use super::function::{Env, Function, Param};
use super::html::escape_query;
use super::humanize;
use super::value::{Class, Value};

/// An answer of `query`: a list of samples.
pub(crate) static SAMPLES: Class = Class { name: "template.queryResult", methods: &[] };
/// One series and its value, with the fields `Labels` and `Value`.
pub(crate) static SAMPLE: Class = Class { name: "*template.sample", methods: &[] };

const QUERY_RESULT: Param = Param::Named("template.queryResult");
const ONE_SAMPLE: Param = Param::Named("*template.sample");

/// The functions, by name.
pub static FUNCTIONS: &[Function] = &[
    Function { name: "args", params: &[], rest: Some(Param::Any), call: args },
    Function {
        name: "externalURL",
        params: &[],
        rest: None,
        call: |env, _| Ok(Value::str(env.host.external_url())),
    },
    Function { name: "first", params: &[QUERY_RESULT], rest: None, call: first },
    Function {
        name: "graphLink",
        params: &[Param::Str],
        rest: None,
        call: |_, arguments| Ok(Value::Str(link(text(arguments, 0), 0))),
    },
    Function {
        name: "humanize",
        params: &[Param::Any],
        rest: None,
        call: |_, args| by(args, humanize::humanize),
    },
    Function {
        name: "humanize1024",
        params: &[Param::Any],
        rest: None,
        call: |_, arguments| by(arguments, humanize::humanize1024),
    },
    Function {
        name: "humanizePercentage",
        params: &[Param::Any],
        rest: None,
        call: |_, arguments| by(arguments, humanize::humanize_percentage),
    },
    Function {
        name: "humanizeTimestamp",
        params: &[Param::Any],
        rest: None,
        call: |_, arguments| humanize::humanize_timestamp(number(arguments)?).map(Value::str),
    },
    Function { name: "label", params: &[Param::Str, ONE_SAMPLE], rest: None, call: label },
    Function { name: "now", params: &[], rest: None, call: now },
    Function { name: "parseDuration", params: &[Param::Str], rest: None, call: parse_duration },
    Function { name: "pathPrefix", params: &[], rest: None, call: path_prefix },
    Function {
        name: "query",
        params: &[Param::Str],
        rest: None,
        call: |env, arguments| env.host.query(text(arguments, 0)),
    },
    Function { name: "sortByLabel", params: &[Param::Str, QUERY_RESULT], rest: None, call: sort_by_label },
    Function { name: "stripDomain", params: &[Param::Str], rest: None, call: strip_domain },
    Function { name: "stripPort", params: &[Param::Str], rest: None, call: strip_port },
    Function {
        name: "strvalue",
        params: &[ONE_SAMPLE],
        rest: None,
        call: |_, arguments| Ok(label_of(arguments.first(), "__value__")),
    },
    Function {
        name: "tableLink",
        params: &[Param::Str],
        rest: None,
        call: |_, arguments| Ok(Value::Str(link(text(arguments, 0), 1))),
    },
    Function { name: "toDuration", params: &[Param::Any], rest: None, call: to_duration },
    Function { name: "toTime", params: &[Param::Any], rest: None, call: to_time },
    Function {
        name: "urlQueryEscape",
        params: &[Param::Str],
        rest: None,
        call: |_, arguments| Ok(Value::str(escape_query(text(arguments, 0)))),
    },
    Function {
        name: "value",
        params: &[ONE_SAMPLE],
        rest: None,
        call: |_, arguments| {
            Ok(arguments
                .first()
                .and_then(|sample| sample.field("Value"))
                .cloned()
                .unwrap_or(Value::Float(0.0)))
        },
    },
];

/// One series and its value.
pub fn sample(labels: &crowsnest_api::Labels, value: f64) -> Value {
    let labels = labels.iter().map(|label| (label.name.clone(), label.value.clone()));
    let labels = Value::string_map(&super::value::STRING_MAP, labels);
    Value::record(&SAMPLE, vec![("Labels", labels), ("Value", Value::Float(value))])
}

/// What `query` answers.
pub fn samples(samples: Vec<Value>) -> Value {
    Value::list(&SAMPLES, samples)
}

fn number(arguments: &[Value]) -> Result<f64, String> {
    humanize::number(arguments.first().unwrap_or(&Value::Nil))
}

fn by(arguments: &[Value], show: fn(f64) -> String) -> Result<Value, String> {
    number(arguments).map(show).map(Value::str)
}

fn args(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let named =
        arguments.iter().enumerate().map(|(index, value)| (format_smolstr!("arg{index}"), value.clone()));
    Ok(Value::any_map(named.collect()))
}

fn first(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    match arguments.first() {
        Some(Value::List(list)) => list.items.first().cloned(),
        _ => None,
    }
    .ok_or_else(|| "first() called on vector with no elements".to_owned())
}

fn label_of(sample: Option<&Value>, name: &str) -> Value {
    match sample.and_then(|sample| sample.field("Labels")) {
        Some(Value::Map(labels)) => labels.entries.get(name).unwrap_or(&labels.zero).clone(),
        _ => Value::str(""),
    }
}

fn label(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    Ok(label_of(arguments.get(1), text(arguments, 0)))
}

#[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
fn now(env: &Env<'_>, _: &[Value]) -> Result<Value, String> {
    let (seconds, nanos) = env.host.now();
    let millis = seconds * 1000 + i64::from(nanos / 1_000_000);
    Ok(Value::Float(millis as f64 / 1000.0))
}

#[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
fn parse_duration(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let millis = crate::duration::parse(text(arguments, 0)).map_err(|error| error.to_string())?.as_millis();
    Ok(Value::Float(millis as f64 / 1000.0))
}

fn path_prefix(env: &Env<'_>, _: &[Value]) -> Result<Value, String> {
    let url = env.host.external_url();
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    Ok(Value::str(after_scheme.split_once('/').map_or(String::new(), |(_, path)| format!("/{path}"))))
}

fn sort_by_label(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let Some(Value::List(list)) = arguments.get(1) else { return Ok(Value::Nil) };
    let mut items = list.items.clone();
    let name = text(arguments, 0);
    let key = |item: &Value| label_of(Some(item), name).as_str().unwrap_or_default().to_owned();
    items.sort_by_cached_key(key);
    Ok(Value::list(list.class, items))
}

/// As Go's `net.SplitHostPort`; `None` when there is no port.
fn split_host_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']').map(|host| (host, port)),
        None => (!host.contains([':', '[', ']'])).then_some((host, port)),
    }
}

fn strip_port(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let text = text(arguments, 0);
    Ok(Value::str(split_host_port(text).map_or(text, |(host, _)| host)))
}

fn strip_domain(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let text = text(arguments, 0);
    let (host, port) = split_host_port(text).unwrap_or((text, ""));
    if host.parse::<IpAddr>().is_ok() {
        return Ok(Value::str(text));
    }
    let name = host.split('.').next().unwrap_or_default();
    Ok(if port.is_empty() { Value::str(name) } else { Value::str(format!("{name}:{port}")) })
}

fn link(query: &str, tab: u8) -> SmolStr {
    format_smolstr!("/graph?g0.expr={}&g0.tab={tab}", escape_query(query))
}

fn to_duration(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    #[expect(clippy::cast_possible_truncation, reason = "Rust's conversion saturates")]
    Ok(Value::Duration((number(arguments)? * 1e9) as i64))
}

fn to_time(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    Ok(humanize::time(number(arguments)?)?.map_or(Value::Nil, Value::Time))
}
