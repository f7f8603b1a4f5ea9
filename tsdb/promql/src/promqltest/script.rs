//! Reads a promqltest file.

use std::collections::VecDeque;

use crowsnest_api::Labels;
use regex::Regex;

use super::values::{Item, items, starts};
use super::{ScriptError, number};
use crate::parser::parse_series;
use crate::{Expr, parse};

/// A command with the line it stands on.
pub(super) struct Command {
    pub(super) line: usize,
    pub(super) kind: CommandKind,
}

pub(super) enum CommandKind {
    /// Empties the store.
    Clear,
    /// Adds series.
    Load(Load),
    /// Runs a query.
    Eval(Box<Eval>),
}

pub(super) struct Load {
    /// Milliseconds between items.
    pub(super) step: i64,
    /// Whether native histograms are derived from classic ones.
    pub(super) with_custom_buckets: bool,
    pub(super) series: Vec<LoadedSeries>,
}

pub(super) struct LoadedSeries {
    pub(super) labels: Labels,
    pub(super) items: Vec<Item>,
    /// When the counter behind each item started, in milliseconds relative to the item's own time, where that is known.
    pub(super) starts: Vec<Option<i64>>,
}

pub(super) struct Eval {
    pub(super) query: String,
    pub(super) expr: Expr,
    pub(super) when: When,
    pub(super) expect: Expect,
}

/// Times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    Instant(i64),
    Range { start: i64, end: i64, step: i64 },
}

/// What the answer must be.
#[derive(Default)]
pub(super) struct Expect {
    pub(super) series: Vec<ExpectedSeries>,
    pub(super) scalar: Option<At<f64>>,
    pub(super) string: Option<At<String>>,
    /// Start, end and step of a range vector that an instant query gives.
    pub(super) range_vector: Option<(i64, i64, i64)>,
    pub(super) ordered: bool,
    pub(super) fail: Option<At<Text>>,
    pub(super) warnings: Notes,
    pub(super) infos: Notes,
}

/// A series that the answer must have.
pub(super) struct ExpectedSeries {
    /// Where it is written.
    pub(super) line: usize,
    pub(super) labels: Labels,
    pub(super) items: Vec<Item>,
}

/// Something with the line on which it is written.
pub(super) struct At<T> {
    pub(super) line: usize,
    pub(super) what: T,
}

/// What is expected of warnings or hints.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) wanted: Vec<At<Text>>,
    /// The line that forbids them all.
    pub(super) forbidden: Option<usize>,
}

/// What a message must be.
pub(super) enum Text {
    Anything,
    Exactly(String),
    Matching(Regex),
}

impl Text {
    pub(super) fn accepts(&self, message: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Exactly(text) => text == message,
            Self::Matching(regex) => regex.is_match(message),
        }
    }
}

/// Reads a whole file; nothing is run before all of it makes sense.
pub(super) fn commands(text: &str) -> Result<Vec<Command>, ScriptError> {
    let mut lines: VecDeque<(usize, &str)> = text
        .lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line.trim()))
        // A comment is an empty line, and so ends the command before it.
        .map(|(number, line)| (number, if line.starts_with('#') { "" } else { line }))
        .collect();
    let mut commands = Vec::new();
    while let Some((line, text)) = lines.pop_front() {
        let word = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        let kind = match word.as_str() {
            "" => continue,
            "clear" => CommandKind::Clear,
            word if word.starts_with("load") => CommandKind::Load(load(line, text, &mut lines)?),
            word if word.starts_with("eval") => CommandKind::Eval(Box::new(eval(line, text, &mut lines)?)),
            _ => return Err(ScriptError::new(line, format!("{word:?} is not a command"))),
        };
        commands.push(Command { line, kind });
    }
    Ok(commands)
}

/// The lines of a command up to the next empty one.
fn next_line<'a>(lines: &mut VecDeque<(usize, &'a str)>) -> Option<(usize, &'a str)> {
    lines.pop_front().filter(|(_, text)| !text.is_empty())
}

fn load(line: usize, text: &str, lines: &mut VecDeque<(usize, &str)>) -> Result<Load, ScriptError> {
    let (word, step) = text.split_once(' ').unwrap_or((text, ""));
    let step = number::duration(step.trim());
    let step = step.ok_or_else(|| ScriptError::new(line, "load needs a step, as in: load 1m"))?;
    let mut series: Vec<LoadedSeries> = Vec::new();
    let mut started: Option<(Labels, Vec<Option<i64>>)> = None;
    while let Some((line, text)) = next_line(lines) {
        let (labels, rest) = series_of(line, text)?;
        if let Some(rest) = rest.strip_prefix("@st") {
            let starts = starts(rest).map_err(|message| ScriptError::new(line, message))?;
            started = Some((labels, starts));
            continue;
        }
        let items = items(rest).map_err(|message| ScriptError::new(line, message))?;
        let starts = match started.take() {
            Some((of, starts)) if of == labels && starts.len() == items.len() => starts,
            Some(_) => {
                return Err(ScriptError::new(line, "the line of start timestamps before does not fit"));
            }
            None => Vec::new(),
        };
        let loaded = LoadedSeries { labels, items, starts };
        match series.iter_mut().find(|known| known.labels == loaded.labels) {
            Some(known) => *known = loaded,
            None => series.push(loaded),
        }
    }
    Ok(Load { step, with_custom_buckets: word.eq_ignore_ascii_case("load_with_nhcb"), series })
}

fn series_of(line: usize, text: &str) -> Result<(Labels, &str), ScriptError> {
    // `{{` begins a native histogram; a space before it does not make it part of the series.
    let head = text.split("{{").next().unwrap_or(text);
    let (labels, end) = parse_series(head).map_err(|error| ScriptError::new(line, error.to_string()))?;
    Ok((labels, text.get(end..).unwrap_or_default().trim_start()))
}

fn eval(line: usize, text: &str, lines: &mut VecDeque<(usize, &str)>) -> Result<Eval, ScriptError> {
    let usage = || {
        ScriptError::new(
            line,
            "expected: eval instant at TIME QUERY, or: eval range from TIME to TIME step DURATION QUERY",
        )
    };
    let mut words = Words(text);
    let flavour = words.next().to_ascii_lowercase();
    let mut expect = Expect::default();
    match flavour.as_str() {
        "eval" => {}
        "eval_fail" => expect.fail = Some(At { line, what: Text::Anything }),
        "eval_warn" => expect.warnings.wanted.push(At { line, what: Text::Anything }),
        "eval_info" => expect.infos.wanted.push(At { line, what: Text::Anything }),
        "eval_ordered" => expect.ordered = true,
        _ => return Err(usage()),
    }
    let time = |words: &mut Words<'_>, before: &str| match words.next() == before {
        true => number::duration(words.next()).ok_or_else(usage),
        false => Err(usage()),
    };
    let mut when = match words.next() {
        "instant" => When::Instant(time(&mut words, "at")?),
        "range" => When::Range {
            start: time(&mut words, "from")?,
            end: time(&mut words, "to")?,
            step: time(&mut words, "step")?,
        },
        _ => return Err(usage()),
    };
    let query = words.0.trim();
    let expr = parse(query).map_err(|error| ScriptError::new(line, error.to_string()))?;
    while let Some((line, text)) = next_line(lines) {
        if expectation(line, text, &mut expect)? == End::OfBody {
            break;
        }
    }
    if let Some((_, end, _)) = expect.range_vector {
        when = When::Instant(end);
    }
    Ok(Eval { query: query.to_owned(), expr, when, expect })
}

/// Whether more lines may follow.
#[derive(PartialEq)]
enum End {
    NotYet,
    OfBody,
}

fn expectation(line: usize, text: &str, expect: &mut Expect) -> Result<End, ScriptError> {
    if let Some(rest) = text.strip_prefix("expect ") {
        expect_line(line, rest.trim(), expect)?;
    } else if let Some(message) = text.strip_prefix("expected_fail_message ") {
        expect.fail = Some(At { line, what: Text::Exactly(message.trim().to_owned()) });
        return Ok(End::OfBody);
    } else if let Some(pattern) = text.strip_prefix("expected_fail_regexp ") {
        expect.fail = Some(matching(line, pattern.trim())?);
        return Ok(End::OfBody);
    } else if let Some(value) = number::whole(text).or_else(|| crate::lexer::number::parse_number(text)) {
        expect.scalar = Some(At { line, what: value });
        return Ok(End::OfBody);
    } else {
        let (labels, rest) = series_of(line, text)?;
        let items = items(rest).map_err(|message| ScriptError::new(line, message))?;
        let expected = ExpectedSeries { line, labels, items };
        match expect.series.iter_mut().find(|known| known.labels == expected.labels) {
            Some(known) => *known = expected,
            None => expect.series.push(expected),
        }
    }
    Ok(End::NotYet)
}

fn expect_line(line: usize, text: &str, expect: &mut Expect) -> Result<(), ScriptError> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "ordered" if rest.is_empty() => expect.ordered = true,
        "no_warn" if rest.is_empty() => expect.warnings.forbidden = Some(line),
        "no_info" if rest.is_empty() => expect.infos.forbidden = Some(line),
        "fail" if expect.fail.is_some() => return Err(ScriptError::new(line, "a query fails only once")),
        "fail" => expect.fail = Some(message(line, rest)?),
        "warn" => expect.warnings.wanted.push(message(line, rest)?),
        "info" => expect.infos.wanted.push(message(line, rest)?),
        "string" => {
            let literal = crate::lexer::string::unquote(rest.trim());
            let bytes = literal.ok_or_else(|| ScriptError::new(line, "expected a quoted string"))?;
            expect.string = Some(At { line, what: String::from_utf8_lossy(&bytes).into_owned() });
        }
        "range" => {
            let words: Vec<&str> = rest.split_whitespace().collect();
            let ["vector", "from", start, "to", end, "step", step] = words.as_slice() else {
                return Err(ScriptError::new(line, "expected: range vector from TIME to TIME step DURATION"));
            };
            let times = [start, end, step].map(|time| number::duration(time));
            let [Some(start), Some(end), Some(step)] = times else {
                return Err(ScriptError::new(line, "expected durations such as 1m30s"));
            };
            expect.range_vector = Some((start, end, step));
        }
        _ => return Err(ScriptError::new(line, format!("{text:?} cannot be expected"))),
    }
    let contradicts = |notes: &Notes| notes.forbidden.is_some() && !notes.wanted.is_empty();
    if contradicts(&expect.warnings) || contradicts(&expect.infos) {
        return Err(ScriptError::new(line, "the same cannot be both expected and forbidden"));
    }
    Ok(())
}

/// `msg: text`, `regex: text`, or nothing for any message.
fn message(line: usize, text: &str) -> Result<At<Text>, ScriptError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(At { line, what: Text::Anything });
    }
    match text.split_once(':') {
        Some(("msg", text)) => Ok(At { line, what: Text::Exactly(text.trim().to_owned()) }),
        Some(("regex", pattern)) => matching(line, pattern.trim()),
        _ => Err(ScriptError::new(line, "expected msg: or regex: and a text")),
    }
}

fn matching(line: usize, pattern: &str) -> Result<At<Text>, ScriptError> {
    match Regex::new(pattern) {
        Ok(regex) => Ok(At { line, what: Text::Matching(regex) }),
        Err(error) => Err(ScriptError::new(line, error.to_string())),
    }
}

/// Takes words off the front of a line.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn next(&mut self) -> &'a str {
        let text = self.0.trim_start();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        self.0 = rest;
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        match commands(text) {
            Ok(_) => panic!("{text} makes sense"),
            Err(error) => assert!(error.to_string().contains(expected), "{error}"),
        }
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        check_error("\nlaod 1m", "line 2: \"laod\" is not a command");
        check_error("load", "line 1: load needs a step");
        check_error("load 1m\n  x 1 oops", "line 2: \"oops\" is not a value");
        check_error("eval instant at x y", "line 1: expected: eval instant");
        check_error("eval instant at 1m sum(", "line 1: 1:5: parse error");
        check_error("eval instant at 1m x\n  expect rain", "line 2: \"rain\" cannot be expected");
        check_error("eval instant at 1m x\n  expect ordered by name", "line 2: \"ordered by name\" cannot");
        check_error(
            "eval instant at 1m x\n  expect warn\n  expect no_warn",
            "line 3: the same cannot be both",
        );
        check_error("eval_fail instant at 1m x\n  expect fail", "line 2: a query fails only once");
    }

    #[test]
    fn an_eval_has_a_time_a_query_and_expectations() {
        let script =
            "eval range from 0 to 1h step 5m sum(x)\n  expect warn msg: careful\n  {} 1+1x2\n\nclear";
        let commands = commands(script).unwrap();
        assert_eq!(commands.len(), 2);
        let CommandKind::Eval(eval) = &commands.first().unwrap().kind else { panic!("not an eval") };
        assert_eq!(eval.when, When::Range { start: 0, end: 3_600_000, step: 300_000 });
        assert_eq!(eval.query, "sum(x)");
        assert!(eval.expect.warnings.wanted.first().unwrap().what.accepts("careful"));
        assert_eq!(eval.expect.series.len(), 1);
    }
}
