//! What all templates can call, those of rules and those of notifications.

use smol_str::SmolStr;

use super::function::{EXHAUSTED, Env, Function, Param};
use super::humanize;
use super::value::Value;

/// The functions, by name.
pub static FUNCTIONS: &[Function] = &[
    Function { name: "humanizeDuration", params: &[Param::Any], rest: None, call: humanize_duration },
    Function { name: "match", params: &[Param::Str, Param::Str], rest: None, call: matches },
    Function { name: "reReplaceAll", params: &[Param::Str; 3], rest: None, call: replace_all },
    Function { name: "safeHtml", params: &[Param::Str], rest: None, call: safe_html },
    Function { name: "title", params: &[Param::Str], rest: None, call: title },
    Function {
        name: "toLower",
        params: &[Param::Str],
        rest: None,
        call: |_, arguments| Ok(Value::str(text(arguments, 0).to_lowercase())),
    },
    Function {
        name: "toUpper",
        params: &[Param::Str],
        rest: None,
        call: |_, arguments| Ok(Value::str(text(arguments, 0).to_uppercase())),
    },
];

/// A string among arguments whose types have been checked.
pub(super) fn text(arguments: &[Value], at: usize) -> &str {
    arguments.get(at).and_then(Value::as_str).unwrap_or_default()
}

fn humanize_duration(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    humanize::number(arguments.first().unwrap_or(&Value::Nil))
        .map(humanize::humanize_duration)
        .map(Value::str)
}

fn matches(env: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    Ok(Value::Bool(env.regex(text(arguments, 0))?.is_match(text(arguments, 1))))
}

fn replace_all(env: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let (regex, replacement, text) = (env.regex(text(arguments, 0))?, text(arguments, 1), text(arguments, 2));
    let mut out = String::new();
    let mut last = 0;
    for captures in regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(text.get(last..whole.start()).unwrap_or_default());
        captures.expand(replacement, &mut out);
        last = whole.end();
        env.spend(1 + replacement.len() / 16)?;
        if out.len() > MAX_REPLACED {
            return Err(EXHAUSTED.to_owned());
        }
    }
    out.push_str(text.get(last..).unwrap_or_default());
    Ok(Value::str(out))
}

/// How long a text may become by replacing, in bytes.
const MAX_REPLACED: usize = 1 << 20;

pub(super) fn safe_html(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    Ok(Value::Html(SmolStr::new(text(arguments, 0))))
}

fn title(_: &Env<'_>, arguments: &[Value]) -> Result<Value, String> {
    let mut titled = String::new();
    let mut starts_word = true;
    for c in text(arguments, 0).chars() {
        if starts_word {
            titled.extend(c.to_uppercase());
        } else {
            titled.push(c);
        }
        starts_word = !(c.is_alphanumeric() || matches!(c, '_' | '\''));
    }
    Ok(Value::str(titled))
}
