//! Matchers as routes, inhibition rules, silences and filters write them: `severity=~"a|b"`, `{a="b", c!="d"}`.
//!
//! There are two notations: the old one, in which a value runs to the next comma, and the new one, whose names may be any
//! text in quotes. What the old one takes is read as it reads it; the rest is tried as the new one.

use crowsnest_promql::{MatchOp, Matcher};

/// Reads one matcher or several.
///
/// # Errors
/// When neither notation takes the text.
pub fn parse_matchers(text: &str) -> Result<Vec<Matcher>, String> {
    match classic(text) {
        Ok(matchers) => Ok(matchers),
        Err(error) => quoted(text).map_err(|_| error),
    }
}

/// Writes matchers in order of their names, as they stand in keys of groups: `{a="b",c=~"d"}`.
pub fn show_matchers(matchers: &[Matcher]) -> String {
    let mut sorted: Vec<&Matcher> = matchers.iter().collect();
    sorted.sort_by_key(|matcher| (matcher.name(), matcher.value()));
    let shown: Vec<_> = sorted
        .iter()
        .map(|matcher| {
            let value = matcher.value().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            format!("{}{}\"{value}\"", matcher.name(), operator(matcher.op()))
        })
        .collect();
    format!("{{{}}}", shown.join(","))
}

const OPERATORS: [(&str, MatchOp); 4] =
    [("=~", MatchOp::Regex), ("!~", MatchOp::NotRegex), ("!=", MatchOp::NotEqual), ("=", MatchOp::Equal)];

fn operator(op: MatchOp) -> &'static str {
    OPERATORS.iter().find(|(_, known)| *known == op).map_or("=", |(text, _)| text)
}

fn matcher(name: &str, op: MatchOp, value: String) -> Result<Matcher, String> {
    Matcher::new(name, op, value).map_err(|error| error.to_string())
}

/// The old notation.
fn classic(text: &str) -> Result<Vec<Matcher>, String> {
    let trimmed = text.trim();
    let inner = trimmed.strip_prefix('{').unwrap_or(trimmed);
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let mut matchers = Vec::new();
    let mut from = 0;
    let (mut in_quotes, mut is_escaped) = (false, false);
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '"' if !is_escaped => in_quotes = !in_quotes,
            ',' if !in_quotes || at == inner.len() => {
                let part = inner.get(from..at).unwrap_or_default();
                from = at + 1;
                // One comma may follow the last matcher.
                if !(part.trim().is_empty() && at == inner.len()) {
                    matchers.push(classic_one(part)?);
                }
            }
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    if matchers.is_empty() && !trimmed.is_empty() && !trimmed.starts_with('{') {
        return Err(format!("bad matcher format: {text}"));
    }
    Ok(matchers)
}

fn classic_one(text: &str) -> Result<Matcher, String> {
    let bad = || format!("bad matcher format: {text}");
    let trimmed = text.trim_start();
    let name_end =
        trimmed.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).ok_or_else(bad)?;
    let (name, rest) = trimmed.split_at_checked(name_end).ok_or_else(bad)?;
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(bad());
    }
    let rest = rest.trim_start();
    let (op, value) = OPERATORS
        .iter()
        .find_map(|(text, op)| rest.strip_prefix(text).map(|value| (*op, value)))
        .ok_or_else(bad)?;
    matcher(name, op, classic_value(value.trim())?)
}

fn classic_value(text: &str) -> Result<String, String> {
    let bad = || format!("matcher value contains unescaped double quote: {text}");
    let is_quoted = text.starts_with('"');
    let inner = text.strip_prefix('"').unwrap_or(text);
    let mut value = String::new();
    let mut chars = inner.chars().peekable();
    let mut is_closed = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => value.push('\n'),
                Some(c @ ('"' | '\\')) => value.push(c),
                Some(other) => value.extend(['\\', other]),
                None => value.push('\\'),
            },
            '"' if is_quoted && chars.peek().is_none() => is_closed = true,
            '"' => return Err(bad()),
            c => value.push(c),
        }
    }
    if is_quoted == is_closed { Ok(value) } else { Err(bad()) }
}

/// The new notation.
fn quoted(text: &str) -> Result<Vec<Matcher>, String> {
    let mut rest = text.trim();
    let has_braces = rest.starts_with('{');
    if has_braces {
        rest = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or("unbalanced braces")?;
    }
    let mut matchers = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return if matchers.is_empty() && !has_braces {
                Err("no matchers".to_owned())
            } else {
                Ok(matchers)
            };
        }
        let (name, after) = word(rest)?;
        let after = after.trim_start();
        let (op, after) = OPERATORS
            .iter()
            .find_map(|(text, op)| after.strip_prefix(text).map(|after| (*op, after)))
            .ok_or_else(|| format!("expected an operator at {after:?}"))?;
        let (value, after) = word(after.trim_start())?;
        if name.is_empty() {
            return Err("a name must not be empty".to_owned());
        }
        matchers.push(matcher(&name, op, value)?);
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(rest) => rest,
            None if rest.is_empty() => rest,
            None => return Err(format!("expected a comma at {rest:?}")),
        };
    }
}

/// A text in quotes or without, and what follows it.
fn word(text: &str) -> Result<(String, &str), String> {
    let Some(inner) = text.strip_prefix('"') else {
        let is_reserved = |c: char| c.is_whitespace() || "{}!=~,\\\"'`".contains(c);
        let end = text.find(is_reserved).unwrap_or(text.len());
        return match text.split_at_checked(end) {
            Some((word, rest)) if !word.is_empty() => Ok((word.to_owned(), rest)),
            _ => Err(format!("expected a name or value at {text:?}")),
        };
    };
    let mut value = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, inner.get(at + 1..).unwrap_or_default())),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some(c @ ('"' | '\\')) => value.push(c),
                _ => return Err("unknown escape".to_owned()),
            },
            c => value.push(c),
        }
    }
    Err("a quote is not closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_are_read() {
        for (text, expected) in [
            ("a=b", r#"{a="b"}"#),
            ("a = \"b\"", r#"{a="b"}"#),
            ("severity=~critical|warning", r#"{severity=~"critical|warning"}"#),
            ("{a=\"b,c\", d!~\"e\",}", r#"{a="b,c",d!~"e"}"#),
            ("a=\"x\\\"y\"", r#"{a="x\"y"}"#),
            ("b=1,a!=2", r#"{a!="2",b="1"}"#),
            ("\"ä b\"=\"c\"", r#"{ä b="c"}"#),
            ("a=", r#"{a=""}"#),
            ("a=~\"[^,]+\"", r#"{a=~"[^,]+"}"#),
            ("{}", "{}"),
        ] {
            assert_eq!(
                parse_matchers(text).map(|matchers| show_matchers(&matchers)).as_deref(),
                Ok(expected),
                "{text}"
            );
        }
        for text in ["a", "=b", "a=\"b", "a=b\"c", "a=~(", "1a=b\"", "a=b,,c=d"] {
            assert!(parse_matchers(text).is_err(), "{text}");
        }
    }
}
