//! The text of a line, for reading: colours of terminals taken out, JSON as its message and fields, names of fields set apart,
//! what is searched for marked.

use serde_json::{Map, Value};

/// How a part of a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    /// The name of a field.
    Name,
    /// Something that is searched for.
    Match,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) ink: Ink,
    pub(crate) text: String,
}

/// Longer lines are shown as they are.
const LONGEST: usize = 16 << 10;
/// Fields whose value is what a line says.
const MESSAGES: &[&str] = &["msg", "message", "@m", "short_message"];
/// Fields that are shown beside the line.
const SHOWN_ELSEWHERE: &[&str] = &["time", "ts", "timestamp", "@timestamp", "@t", "level", "lvl", "severity"];

/// The object that a line is, if it is one.
pub(crate) fn json_of(line: &str) -> Option<Value> {
    let line = line.trim();
    let fits = line.starts_with('{') && line.ends_with('}') && line.len() <= LONGEST;
    if !fits {
        return None;
    }
    serde_json::from_str(line).ok().filter(Value::is_object)
}

/// A line without what only terminals understand.
pub(crate) fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        rest = match after.strip_prefix('[') {
            // A sequence ends with the first letter, or one of few signs.
            Some(sequence) => match sequence.find(|c: char| ('@'..='~').contains(&c)) {
                Some(end) => sequence.get(end + 1..).unwrap_or_default(),
                None => "",
            },
            None => after,
        };
    }
    out.push_str(rest);
    out.retain(|c| c == '\t' || !c.is_control());
    out
}

/// The parts of a line. With `as_message`, of a line of JSON its message comes first, then the fields that are left.
pub(crate) fn spans(line: &str, as_message: bool) -> Vec<Span> {
    let json = if as_message { json_of(line) } else { None };
    match json {
        Some(Value::Object(fields)) => of_object(&fields),
        _ => of_logfmt(line),
    }
}

fn of_object(fields: &Map<String, Value>) -> Vec<Span> {
    let message = MESSAGES.iter().find_map(|name| Some((*name, fields.get(*name)?.as_str()?)));
    let mut spans = Vec::new();
    if let Some((_, text)) = message {
        push(&mut spans, Ink::Plain, text);
    }
    for (name, value) in fields {
        if SHOWN_ELSEWHERE.contains(&name.as_str()) || message.is_some_and(|(said, _)| said == name) {
            continue;
        }
        let gap = if spans.is_empty() { "" } else { " " };
        push(&mut spans, Ink::Plain, gap);
        push(&mut spans, Ink::Name, &format!("{name}="));
        match value {
            Value::String(text) => push(&mut spans, Ink::Plain, text),
            other => push(&mut spans, Ink::Plain, &other.to_string()),
        }
    }
    spans
}

/// Names before `=` are set apart, outside of quotes.
fn of_logfmt(line: &str) -> Vec<Span> {
    if line.len() > LONGEST {
        return vec![Span { ink: Ink::Plain, text: line.to_owned() }];
    }
    let mut spans = Vec::new();
    let (mut rest, mut is_quoted) = (line, false);
    while !rest.is_empty() {
        let end = rest.find(' ').map_or(rest.len(), |at| at + 1);
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let name = word.find('=').filter(|at| !is_quoted && *at > 0);
        let name = name.and_then(|at| word.split_at_checked(at + 1)).filter(|(name, _)| is_name(name));
        match name {
            Some((name, value)) => {
                push(&mut spans, Ink::Name, name);
                push(&mut spans, Ink::Plain, value);
            }
            None => push(&mut spans, Ink::Plain, word),
        }
        is_quoted ^= word.matches('"').count() % 2 == 1;
        rest = after;
    }
    spans
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-=@".contains(&byte))
}

fn push(spans: &mut Vec<Span>, ink: Ink, text: &str) {
    if text.is_empty() {
        return;
    }
    match spans.last_mut().filter(|last| last.ink == ink) {
        Some(last) => last.text.push_str(text),
        None => spans.push(Span { ink, text: text.to_owned() }),
    }
}

/// The same with everything marked that `find` finds: ranges of bytes, in order.
pub(crate) fn mark(spans: Vec<Span>, find: impl Fn(&str) -> Vec<(usize, usize)>) -> Vec<Span> {
    let whole: String = spans.iter().map(|span| span.text.as_str()).collect();
    let found = find(&whole);
    if found.is_empty() {
        return spans;
    }
    let mut out = Vec::new();
    let mut start = 0;
    for Span { ink, text } in spans {
        let end = start + text.len();
        let mut at = start;
        for (from, to) in found.iter().filter(|(from, to)| *from < end && *to > start) {
            let (from, to) = (*from.max(&at), *to.min(&end));
            push(&mut out, ink, whole.get(at..from).unwrap_or_default());
            push(&mut out, Ink::Match, whole.get(from..to).unwrap_or_default());
            at = to.max(at);
        }
        push(&mut out, ink, whole.get(at..end).unwrap_or_default());
        start = end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(spans: &[Span]) -> String {
        let one = |span: &Span| match span.ink {
            Ink::Plain => span.text.clone(),
            Ink::Name => format!("<{}>", span.text),
            Ink::Match => format!("[{}]", span.text),
        };
        spans.iter().map(one).collect()
    }

    #[test]
    fn names_of_fields_are_set_apart_but_not_within_quotes() {
        let line = r#"level=info msg="a b=c" status=200"#;
        assert_eq!(shown(&spans(line, true)), r#"<level=>info <msg=>"a b=c" <status=>200"#);
        assert_eq!(shown(&spans("GET /a?b=c x", true)), "GET /a?b=c x");
        assert_eq!(shown(&spans("", true)), "");
    }

    #[test]
    fn json_is_its_message_and_the_fields_that_are_left() {
        let line = r#"{"time":"t","level":"info","msg":"served","ms":1.5,"request":{"id":"x"}}"#;
        assert_eq!(shown(&spans(line, true)), r#"served <ms=>1.5 <request=>{"id":"x"}"#);
        assert_eq!(shown(&spans(line, false)), line);
        assert_eq!(shown(&spans("{\"a\":", true)), "{\"a\":");
    }

    #[test]
    fn what_is_found_is_marked_across_parts() {
        let find = |text: &str| text.match_indices("s=2").map(|(at, found)| (at, at + found.len())).collect();
        assert_eq!(shown(&mark(spans("a status=200 s=2", true), find)), "a <statu>[s=2]00 [s=2]");
        assert_eq!(shown(&mark(spans("a=b", true), |_| vec![])), "<a=>b");
    }

    #[test]
    fn what_only_terminals_understand_is_left_out() {
        assert_eq!(plain("\u{1b}[31;1mred\u{1b}[0m \u{7}bell\ttab"), "red bell\ttab");
        assert_eq!(plain("\u{1b}[31"), "");
        assert_eq!(plain("한국어"), "한국어");
    }
}
