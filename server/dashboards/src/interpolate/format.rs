//! Formats: how a value is written where it goes in. Names and results are those of Grafana 13's variable syntax.

use std::fmt::Write as _;

use super::{Bound, promql};
use crate::time::date;

/// How a value is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// As it is; several with commas.
    Raw,
    /// `{a,b}`, one as it is. What every place but PromQL does by itself.
    Glob,
    /// For a string of PromQL: escaped, several as `(a|b)`. What queries do by themselves.
    PromQl,
    /// A pattern that matches the value, several as `(a|b)`.
    Regex,
    /// `a|b`
    Pipe,
    /// `a,b`
    Csv,
    /// `["a","b"]`, one as a string.
    Json,
    /// The labels, `A + B`.
    Text,
    /// `"a","b"`
    DoubleQuote,
    /// `'a','b'`
    SingleQuote,
    /// `'a','b'` with quotes doubled.
    SqlString,
    /// `var-name=a&var-name=b`
    QueryParam,
    /// Every byte that is not unreserved as `%XX`.
    PercentEncode,
    /// As JavaScript's `encodeURI`: characters that a URL has a use for stay.
    UriEncode,
    /// `&lt;`
    Html,
    /// Escaped for Lucene, several as `("a" OR "b")`.
    Lucene,
    /// `a,name=b`
    Distributed,
    /// Several with this between them.
    Join(String),
    /// An instant, ISO 8601 or as the argument says: `iso`, `seconds`, or a format of moment.js.
    Date(String),
}

/// Formats without an argument.
const NAMES: &[(&str, Format)] = &[
    ("csv", Format::Csv),
    ("distributed", Format::Distributed),
    ("doublequote", Format::DoubleQuote),
    ("glob", Format::Glob),
    ("html", Format::Html),
    ("json", Format::Json),
    ("lucene", Format::Lucene),
    ("percentencode", Format::PercentEncode),
    ("pipe", Format::Pipe),
    ("queryparam", Format::QueryParam),
    ("raw", Format::Raw),
    ("regex", Format::Regex),
    ("singlequote", Format::SingleQuote),
    ("sqlstring", Format::SqlString),
    ("text", Format::Text),
    ("uriencode", Format::UriEncode),
];

impl Format {
    /// The format `text`, with its argument after a colon. One that is not known is a glob.
    pub fn parse(text: &str) -> Self {
        let (name, argument) = text.split_once(':').unwrap_or((text, ""));
        match name {
            "date" => Self::Date(argument.to_owned()),
            "join" => Self::Join(argument.to_owned()),
            _ => NAMES
                .iter()
                .find(|(known, _)| *known == name)
                .map_or(Self::Glob, |(_, format)| format.clone()),
        }
    }
}

/// `bound` as `format` writes it; `name` is that of the variable.
pub(super) fn apply(format: &Format, name: &str, bound: &Bound) -> String {
    match bound {
        Bound::Raw(value) => match format {
            Format::QueryParam => query_param(name, std::slice::from_ref(value)),
            Format::PercentEncode => percent_encode(value, false),
            _ => value.clone(),
        },
        Bound::Instant(ms) => match format {
            Format::Date(how) => date::format(*ms, how),
            Format::QueryParam => query_param(name, &[ms.to_string()]),
            _ => ms.to_string(),
        },
        Bound::One { value, text } => one(format, name, value, text),
        Bound::Many { texts, all: Some(_), .. } if *format == Format::Text => {
            if texts.is_empty() {
                "All".to_owned()
            } else {
                join(texts, " + ")
            }
        }
        // The text of all options goes in as it is; only what makes a URL of it is done.
        Bound::Many { all: Some(all), .. } => match format {
            Format::QueryParam => query_param(name, &["$__all".to_owned()]),
            Format::PercentEncode => percent_encode(all, false),
            Format::UriEncode => percent_encode(all, true),
            _ => all.clone(),
        },
        Bound::Many { values, texts, .. } => many(format, name, values, texts),
    }
}

fn one(format: &Format, name: &str, value: &str, text: &str) -> String {
    match format {
        Format::Raw | Format::Glob | Format::Pipe | Format::Csv | Format::Join(_) | Format::Distributed => {
            value.to_owned()
        }
        Format::PromQl => promql::single(value),
        Format::Regex => regex_escape(value),
        Format::Json => json_string(value),
        Format::Text => text.to_owned(),
        Format::DoubleQuote => quoted(value, '"'),
        Format::SingleQuote => quoted(value, '\''),
        Format::SqlString => format!("'{}'", value.replace('\'', "''")),
        Format::QueryParam => query_param(name, &[value.to_owned()]),
        Format::PercentEncode => percent_encode(value, false),
        Format::UriEncode => percent_encode(value, true),
        Format::Html => html(value),
        Format::Lucene => lucene(value),
        Format::Date(how) => {
            value.trim().parse().map_or_else(|_| value.to_owned(), |ms| date::format(ms, how))
        }
    }
}

fn many(format: &Format, name: &str, values: &[String], texts: &[String]) -> String {
    let each = |write: &dyn Fn(&str) -> String, between: &str| {
        join(&values.iter().map(|value| write(value)).collect::<Vec<_>>(), between)
    };
    match format {
        Format::Raw | Format::Csv => join(values, ","),
        Format::Glob => match values {
            [value] => value.clone(),
            values => format!("{{{}}}", join(values, ",")),
        },
        Format::PromQl => promql::several(values),
        Format::Regex => match values {
            [value] => regex_escape(value),
            _ => format!("({})", each(&regex_escape, "|")),
        },
        Format::Pipe => join(values, "|"),
        Format::Json => format!("[{}]", each(&json_string, ",")),
        Format::Text => join(texts, " + "),
        Format::DoubleQuote => each(&|value| quoted(value, '"'), ","),
        Format::SingleQuote => each(&|value| quoted(value, '\''), ","),
        Format::SqlString => each(&|value| format!("'{}'", value.replace('\'', "''")), ","),
        Format::QueryParam => query_param(name, values),
        Format::PercentEncode => match values {
            [value] => percent_encode(value, false),
            values => percent_encode(&format!("{{{}}}", join(values, ",")), false),
        },
        Format::UriEncode => match values {
            [value] => percent_encode(value, true),
            values => percent_encode(&format!("{{{}}}", join(values, ",")), true),
        },
        Format::Html => each(&html, ", "),
        Format::Lucene => match values {
            [] => "__empty__".to_owned(),
            _ => format!("({})", each(&|value| format!("\"{}\"", lucene(value)), " OR ")),
        },
        Format::Distributed => join(values, &format!(",{name}=")),
        Format::Join(between) => join(values, if between.is_empty() { "," } else { between }),
        Format::Date(how) => each(
            &|value| value.trim().parse().map_or_else(|_| value.to_owned(), |ms| date::format(ms, how)),
            ",",
        ),
    }
}

fn join(values: &[String], between: &str) -> String {
    values.join(between)
}

/// Characters that mean something in a pattern get a backslash, as lodash's `escapeRegExp` does it, and the slash.
pub(crate) fn regex_escape(value: &str) -> String {
    prefixed(value, "\\^$.*+?()[]{}|/")
}

fn lucene(value: &str) -> String {
    prefixed(value, "!*+-=<>&|()[]{}^~?:\\/\" ")
}

fn prefixed(value: &str, special: &str) -> String {
    let mut result = String::with_capacity(value.len());
    for c in value.chars() {
        if special.contains(c) {
            result.push('\\');
        }
        result.push(c);
    }
    result
}

fn quoted(value: &str, quote: char) -> String {
    let inner = value.replace(quote, &format!("\\{quote}"));
    format!("{quote}{inner}{quote}")
}

fn json_string(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

fn html(value: &str) -> String {
    let mut result = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' => result.push_str("&quot;"),
            '\'' => result.push_str("&#39;"),
            c => result.push(c),
        }
    }
    result
}

/// `var-name=a&var-name=b`, encoded.
fn query_param(name: &str, values: &[String]) -> String {
    let one =
        |value: &String| format!("var-{}={}", percent_encode(name, false), percent_encode(value, false));
    values.iter().map(one).collect::<Vec<_>>().join("&")
}

/// `value` for a URL; `whole` keeps the characters that a URL has a use for.
pub(crate) fn percent_encode(value: &str, whole: bool) -> String {
    let mut result = String::with_capacity(value.len());
    for byte in value.bytes() {
        let kept = byte.is_ascii_alphanumeric()
            || b"-_.~".contains(&byte)
            || whole && b"!*'();/?:@&=+$,#".contains(&byte);
        if kept {
            result.push(char::from(byte));
        } else {
            // Writing into a string does not fail.
            let _ = write!(result, "%{byte:02X}");
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::super::interpolate;
    use super::super::tests::scope;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(interpolate(text, &scope(), &Format::Glob), expected, "{text}");
    }

    #[test]
    fn one_value_is_written_as_each_format_says() {
        check("${one} ${one:csv} ${one:regex} ${one:json}", r#"a.b a.b a\.b "a.b""#);
        check("${one:doublequote} ${one:singlequote} ${one:sqlstring}", r#""a.b" 'a.b' 'a.b'"#);
        check("${one:queryparam} ${one:percentencode}", "var-one=a.b a.b");
    }

    #[test]
    fn several_values_are_written_as_each_format_says() {
        check("$two ${two:raw} ${two:pipe} ${two:csv}", "{a.b,c} a.b,c a.b|c a.b,c");
        check("${two:regex} ${two:json} ${two:text}", r#"(a\.b|c) ["a.b","c"] A.B + C"#);
        check("${two:doublequote} ${two:sqlstring}", r#""a.b","c" 'a.b','c'"#);
        check("${two:queryparam} ${two:percentencode}", "var-two=a.b&var-two=c %7Ba.b%2Cc%7D");
        check("${two:distributed} ${two:lucene} ${two:join: }", r#"a.b,two=c ("a.b" OR "c") a.b c"#);
    }

    #[test]
    fn all_goes_in_as_its_own_text_and_into_urls_by_its_name() {
        check("$all ${all:regex} ${all:queryparam}", ".* .* var-all=%24__all");
    }

    #[test]
    fn html_and_quotes_cannot_get_out() {
        let scope =
            std::collections::BTreeMap::from([("v".to_owned(), Bound::text("<a href='x'>&\"O'Hara"))]);
        let write = |text: &str| interpolate(text, &scope, &Format::Raw);
        assert_eq!(write("${v:html}"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;O&#39;Hara");
        assert_eq!(write("${v:sqlstring}"), "'<a href=''x''>&\"O''Hara'");
    }
}
