//! One line of a page: what kind it is, and its parts as they stand there.
//!
//! A sample's series stays text here: whoever has met the same text before needs no labels from it.

use crowsnest_api::remote_write::MetricType;
use crowsnest_api::{Timestamp, parse_value};
use smol_str::SmolStr;

use super::cursor::{Cursor, end_of_string, excerpt, is_blank, unescape};
use super::{Dialect, Problem};
use crate::page::Fact;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line<'a> {
    /// Nothing that counts.
    Nothing,
    /// Something about a family.
    Fact {
        family: SmolStr,
        fact: Fact,
    },
    Sample(SampleLine<'a>),
    /// `# EOF`, after which nothing may come.
    End,
}

/// A sample, its exemplar left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SampleLine<'a> {
    /// Name and labels as they stand there, to be read by [`super::series`].
    pub(super) series: &'a str,
    /// Where the series begins in the line, in bytes.
    pub(super) at: usize,
    pub(super) value: f64,
    pub(super) timestamp: Option<Timestamp>,
}

/// Reads a line without its newline. An error comes with the bytes before it.
pub(super) fn read(text: &str, dialect: Dialect) -> Result<Line<'_>, (usize, Problem)> {
    let mut cursor = Cursor { rest: text };
    let line = read_at(&mut cursor, text, dialect);
    line.map_err(|problem| (text.len() - cursor.rest.len(), problem))
}

fn read_at<'a>(cursor: &mut Cursor<'a>, text: &'a str, dialect: Dialect) -> Result<Line<'a>, Problem> {
    cursor.skip_blanks();
    match cursor.peek() {
        None => Ok(Line::Nothing),
        Some('#') => read_comment(cursor, dialect),
        Some(_) => read_sample(cursor, text.len() - cursor.rest.len(), dialect).map(Line::Sample),
    }
}

/// `# HELP name text`, `# TYPE name word`, `# UNIT name word`, `# EOF`, or a comment that says nothing to us.
fn read_comment<'a>(cursor: &mut Cursor<'a>, dialect: Dialect) -> Result<Line<'a>, Problem> {
    cursor.take_char('#');
    cursor.skip_blanks();
    let keyword = cursor.take_while(|c| !is_blank(c) && c != '\r');
    let known = match dialect {
        Dialect::Prometheus => matches!(keyword, "HELP" | "TYPE"),
        Dialect::OpenMetrics if keyword == "EOF" && cursor.rest.trim_end_matches('\r').is_empty() => {
            return Ok(Line::End);
        }
        Dialect::OpenMetrics => matches!(keyword, "HELP" | "TYPE" | "UNIT"),
    };
    if !known {
        return Ok(Line::Nothing);
    }
    cursor.skip_blanks();
    let family = cursor.metric_name()?;
    if cursor.peek().is_some_and(|c| !is_blank(c)) {
        return Err(Problem::Expected { what: "a blank after the metric's name" });
    }
    cursor.skip_blanks();
    let fact = match keyword {
        "HELP" => Fact::Help(unescape(cursor.rest)),
        "UNIT" => Fact::Unit(cursor.rest.trim_end().into()),
        _ => Fact::Type(read_type(cursor.rest.trim_end(), dialect)?),
    };
    Ok(Line::Fact { family, fact })
}

fn read_type(word: &str, dialect: Dialect) -> Result<MetricType, Problem> {
    Ok(match (word, dialect) {
        ("counter", _) => MetricType::Counter,
        ("gauge", _) => MetricType::Gauge,
        ("histogram", _) => MetricType::Histogram,
        ("summary", _) => MetricType::Summary,
        ("unknown", _) | ("untyped", Dialect::Prometheus) => MetricType::Unknown,
        ("gaugehistogram", Dialect::OpenMetrics) => MetricType::GaugeHistogram,
        ("info", Dialect::OpenMetrics) => MetricType::Info,
        ("stateset", Dialect::OpenMetrics) => MetricType::StateSet,
        (other, _) => return Err(Problem::BadType { text: excerpt(other) }),
    })
}

fn read_sample<'a>(cursor: &mut Cursor<'a>, at: usize, dialect: Dialect) -> Result<SampleLine<'a>, Problem> {
    let series = cursor.rest.get(..end_of_series(cursor)?).unwrap_or_default();
    cursor.advance(series.len());
    cursor.skip_blanks();
    let text = cursor.peek_while(|c| !is_blank(c));
    let value = match parse_value(text) {
        Some(value) => value,
        None if text.is_empty() => return Err(Problem::Expected { what: "a value" }),
        None => return Err(Problem::BadValue { text: excerpt(text) }),
    };
    cursor.advance(text.len());
    cursor.skip_blanks();
    let timestamp = match cursor.peek_while(|c| !is_blank(c)) {
        "" => None,
        text if text.starts_with('#') && dialect == Dialect::OpenMetrics => None,
        text => {
            let time = read_time(text, dialect)?;
            cursor.advance(text.len());
            Some(time)
        }
    };
    cursor.skip_blanks();
    match (cursor.peek(), dialect) {
        (None, _) => {}
        (Some('#'), Dialect::OpenMetrics) => read_exemplar(cursor)?,
        (Some(_), _) => return Err(Problem::Expected { what: "the end of the line" }),
    }
    Ok(SampleLine { series, at, value, timestamp })
}

/// How long the name and the labels are that come next. Only quotes and braces are looked at.
fn end_of_series(cursor: &mut Cursor<'_>) -> Result<usize, Problem> {
    let text = cursor.rest;
    let name = text.find(|c| is_blank(c) || c == '{').unwrap_or(text.len());
    let rest = text.get(name..).unwrap_or_default();
    let blanks = rest.len() - rest.trim_start_matches(is_blank).len();
    if !rest.get(blanks..).is_some_and(|rest| rest.starts_with('{')) {
        return Ok(name);
    }
    let mut at = name + blanks + 1;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(next) = rest.find(['"', '}']) else {
            cursor.advance(text.len());
            return Err(Problem::Expected { what: "\"}\" at the end of the labels" });
        };
        if rest.get(next..).is_some_and(|rest| rest.starts_with('}')) {
            return Ok(at + next + 1);
        }
        let inner = rest.get(next + 1..).unwrap_or_default();
        let Some(end) = end_of_string(inner) else {
            cursor.advance(at + next);
            return Err(Problem::OpenString);
        };
        at += next + 1 + end + 1;
    }
}

fn read_time(text: &str, dialect: Dialect) -> Result<Timestamp, Problem> {
    match dialect {
        Dialect::Prometheus => {
            let millis = text.parse().map_err(|_| Problem::BadTimestamp { text: excerpt(text) })?;
            Ok(Timestamp::from_millis(millis))
        }
        Dialect::OpenMetrics => {
            let seconds = parse_value(text).filter(|seconds| seconds.is_finite());
            let seconds = seconds.ok_or_else(|| Problem::BadTime { text: excerpt(text) })?;
            Ok(Timestamp::from_seconds(seconds))
        }
    }
}

/// ` # {labels} value [time]`: checked, not kept.
fn read_exemplar(cursor: &mut Cursor<'_>) -> Result<(), Problem> {
    cursor.take_char('#');
    cursor.skip_blanks();
    if cursor.peek() != Some('{') {
        return Err(Problem::Expected { what: "the labels of an exemplar" });
    }
    let labels = end_of_series(cursor)?;
    cursor.advance(labels);
    cursor.skip_blanks();
    let value = cursor.take_while(|c| !is_blank(c));
    if parse_value(value).is_none() {
        return Err(Problem::BadValue { text: excerpt(value) });
    }
    cursor.skip_blanks();
    let time = cursor.take_while(|c| !is_blank(c));
    if !time.is_empty() {
        read_time(time, Dialect::OpenMetrics)?;
    }
    cursor.skip_blanks();
    match cursor.peek() {
        None => Ok(()),
        Some(_) => Err(Problem::Expected { what: "the end of the line" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(text: &str, dialect: Dialect) -> SampleLine<'_> {
        match read(text, dialect) {
            Ok(Line::Sample(sample)) => sample,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn the_series_of_a_line_ends_where_its_labels_do() {
        for (text, series) in [
            ("a 1", "a"),
            ("a{} 1", "a{}"),
            ("a{b=\"}\\\"\"} 1", "a{b=\"}\\\"\"}"),
            ("a {b=\"c\"} 1", "a {b=\"c\"}"),
            ("{\"a b\"} 1", "{\"a b\"}"),
        ] {
            assert_eq!(sample(text, Dialect::Prometheus).series, series);
        }
    }

    #[test]
    fn openmetrics_has_times_in_seconds_and_exemplars() {
        let line = "a_bucket{le=\"1\"} 5 1.5 # {trace_id=\"}x\"} 0.7 1.25";
        let read = sample(line, Dialect::OpenMetrics);
        assert_eq!((read.value, read.timestamp), (5.0, Some(Timestamp::from_millis(1500))));
        assert_eq!(sample("a 5 # {} 1", Dialect::OpenMetrics).timestamp, None);
        for wrong in ["a 5 # x", "a 5 # {} y", "a 5 # {} 1 2 3", "a 5 # {", "a 5 NaN"] {
            assert!(read_line(wrong).is_err(), "{wrong}");
        }
    }

    fn read_line(text: &str) -> Result<Line<'_>, (usize, Problem)> {
        read(text, Dialect::OpenMetrics)
    }

    #[test]
    fn openmetrics_has_units_more_types_and_an_end() {
        assert_eq!(read_line("# EOF"), Ok(Line::End));
        let unit = Line::Fact { family: "a".into(), fact: Fact::Unit("bytes".into()) };
        assert_eq!(read_line("# UNIT a bytes"), Ok(unit));
        let info = Line::Fact { family: "a".into(), fact: Fact::Type(MetricType::Info) };
        assert_eq!(read_line("# TYPE a info"), Ok(info));
        assert!(read("# TYPE a info", Dialect::Prometheus).is_err());
        assert_eq!(read("# EOF", Dialect::Prometheus), Ok(Line::Nothing));
    }
}
