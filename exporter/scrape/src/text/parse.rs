//! Reading text: strict about structure, with the place of the first error.

use std::collections::HashMap;
use std::str;

use crowsnest_api::remote_write::MetricType;
use crowsnest_api::{LabelsBuilder, METRIC_NAME, Timestamp, parse_value};
use smol_str::SmolStr;

use super::{ParseError, Problem};
use crate::{Family, MetricSample};

/// How much of a page is read before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the page.
    pub bytes: usize,
    /// Samples of the page.
    pub samples: usize,
    /// Labels of one sample, the metric's name not counted.
    pub labels: usize,
}

impl Default for Limits {
    /// 16 MiB, 200 000 samples, 64 labels: several times the largest page that real exporters serve.
    fn default() -> Self {
        Self { bytes: 16 << 20, samples: 200_000, labels: 64 }
    }
}

/// Reads a page into families, in order of first appearance.
///
/// Like Prometheus's own scraper, and unlike its reference parser, this accepts a family whose lines are scattered, a
/// missing final newline, and samples without `# TYPE` (each name becomes a family of unknown type). Empty label
/// values are dropped. Unknown escapes stand for themselves.
pub fn parse(page: &[u8], limits: Limits) -> Result<Vec<Family>, ParseError> {
    let fail = |line, column, problem| Err(ParseError { line, column, problem });
    if page.len() > limits.bytes {
        return fail(1, 1, Problem::TooMany { what: "bytes", limit: limits.bytes });
    }
    let mut reader =
        Reader { families: Vec::new(), by_name: HashMap::new(), samples: 0, current: None, limits };
    for (index, line) in page.split(|&byte| byte == b'\n').enumerate() {
        let text = match str::from_utf8(line) {
            Ok(text) => text,
            Err(error) => return fail(index + 1, error.valid_up_to() + 1, Problem::NotUtf8),
        };
        let mut cursor = Cursor { rest: text };
        if let Err(problem) = reader.read_line(&mut cursor) {
            return fail(index + 1, text.len() - cursor.rest.len() + 1, problem);
        }
    }
    Ok(reader.families)
}

struct Reader {
    families: Vec<Family>,
    by_name: HashMap<SmolStr, usize>,
    samples: usize,
    /// The family of the last line, which almost always is that of the next.
    current: Option<usize>,
    limits: Limits,
}

impl Reader {
    fn read_line(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Problem> {
        cursor.skip_blanks();
        match cursor.peek() {
            None => Ok(()),
            Some('#') => self.read_comment(cursor),
            Some(_) => self.read_sample(cursor),
        }
    }

    /// `# HELP name text`, `# TYPE name word`, or a comment that says nothing to us.
    fn read_comment(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Problem> {
        cursor.take_char('#');
        cursor.skip_blanks();
        let keyword = cursor.take_while(|c| !is_blank(c));
        if keyword != "HELP" && keyword != "TYPE" {
            return Ok(());
        }
        cursor.skip_blanks();
        let name = cursor.metric_name()?;
        if cursor.peek().is_some_and(|c| !is_blank(c)) {
            return Err(Problem::Expected { what: "a blank after the metric's name" });
        }
        cursor.skip_blanks();
        if keyword == "HELP" {
            let help = unescape(cursor.rest);
            self.family(name).help = help;
            return Ok(());
        }
        let kind = match cursor.rest.trim_end() {
            "counter" => MetricType::Counter,
            "gauge" => MetricType::Gauge,
            "histogram" => MetricType::Histogram,
            "summary" => MetricType::Summary,
            "untyped" | "unknown" => MetricType::Unknown,
            other => return Err(Problem::BadType { text: excerpt(other) }),
        };
        self.family(name).kind = kind;
        Ok(())
    }

    fn read_sample(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Problem> {
        if self.samples == self.limits.samples {
            return Err(Problem::TooMany { what: "samples", limit: self.limits.samples });
        }
        self.samples += 1;
        let mut name = match cursor.peek() {
            Some('{') => None,
            _ => Some(cursor.plain_metric_name()?),
        };
        let mut labels = LabelsBuilder::default();
        cursor.skip_blanks();
        if cursor.take_char('{') {
            self.read_labels(cursor, &mut name, &mut labels)?;
        }
        let name = name.ok_or(Problem::Expected { what: "the metric's name" })?;
        labels.set(METRIC_NAME, name.clone());
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
            text => {
                let millis = text.parse().map_err(|_| Problem::BadTimestamp { text: excerpt(text) })?;
                cursor.advance(text.len());
                Some(Timestamp::from_millis(millis))
            }
        };
        cursor.skip_blanks();
        if cursor.peek().is_some() {
            return Err(Problem::Expected { what: "the end of the line" });
        }
        let sample = MetricSample { labels: labels.build(), value, timestamp };
        self.family_of_series(name).samples.push(sample);
        Ok(())
    }

    /// The inside of the braces and the closing one; a string without `=` is the metric's name.
    fn read_labels(
        &self,
        cursor: &mut Cursor<'_>,
        metric: &mut Option<SmolStr>,
        labels: &mut LabelsBuilder,
    ) -> Result<(), Problem> {
        let mut seen: Vec<SmolStr> = Vec::new();
        loop {
            cursor.skip_blanks();
            if cursor.take_char('}') {
                return Ok(());
            }
            let quoted = cursor.peek() == Some('"');
            let name = if quoted { cursor.string()? } else { cursor.plain_label_name()? };
            cursor.skip_blanks();
            if cursor.take_char('=') {
                cursor.skip_blanks();
                if cursor.peek() != Some('"') {
                    return Err(Problem::Expected { what: "a label value in double quotes" });
                }
                let value = cursor.string()?;
                if seen.contains(&name) || name == METRIC_NAME {
                    return Err(Problem::DuplicateLabel { name: name.into() });
                }
                if seen.len() == self.limits.labels {
                    return Err(Problem::TooMany { what: "labels", limit: self.limits.labels });
                }
                seen.push(name.clone());
                labels.set(name, value);
            } else if quoted && metric.is_none() && !name.is_empty() {
                *metric = Some(name);
            } else {
                return Err(Problem::Expected { what: "\"=\" after the label's name" });
            }
            cursor.skip_blanks();
            if !cursor.take_char(',') && cursor.peek() != Some('}') {
                return Err(Problem::Expected { what: "\",\" or \"}\"" });
            }
        }
    }

    /// The family called `name`, made when it is new; it becomes the current one.
    fn family(&mut self, name: SmolStr) -> &mut Family {
        let next = self.families.len();
        let at = *self.by_name.entry(name.clone()).or_insert(next);
        if at == next {
            self.families.push(Family::unknown(name, ""));
        }
        self.current = Some(at);
        // `by_name` holds only indices of `families`, which never shrinks.
        #[expect(clippy::indexing_slicing, reason = "every index in by_name was len() before a push")]
        &mut self.families[at]
    }

    fn family_of_series(&mut self, series: SmolStr) -> &mut Family {
        let owner = self.current.filter(|&at| self.owns(at, &series)).or_else(|| {
            ["", "_bucket", "_sum", "_count"].iter().find_map(|suffix| {
                let at = *self.by_name.get(series.strip_suffix(suffix)?)?;
                self.owns(at, &series).then_some(at)
            })
        });
        let name = owner.and_then(|at| self.families.get(at)).map_or(series, |family| family.name.clone());
        self.family(name)
    }

    fn owns(&self, at: usize, series: &str) -> bool {
        self.families.get(at).is_some_and(|family| family.owns(series))
    }
}

/// What is left of a line.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take_char(&mut self, c: char) -> bool {
        self.rest.strip_prefix(c).map(|rest| self.rest = rest).is_some()
    }

    /// Moves on by `bytes`, which end at a character's boundary.
    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn peek_while(&self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        self.rest.get(..end).unwrap_or_default()
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let taken = self.peek_while(wanted);
        self.advance(taken.len());
        taken
    }

    fn skip_blanks(&mut self) {
        self.take_while(is_blank);
    }

    fn metric_name(&mut self) -> Result<SmolStr, Problem> {
        if self.peek() == Some('"') { self.string() } else { self.plain_metric_name() }
    }

    fn plain_metric_name(&mut self) -> Result<SmolStr, Problem> {
        self.plain_name("a metric name", |c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
    }

    fn plain_label_name(&mut self) -> Result<SmolStr, Problem> {
        self.plain_name("a label name", |c| c.is_ascii_alphanumeric() || c == '_')
    }

    fn plain_name(&mut self, what: &'static str, allowed: fn(char) -> bool) -> Result<SmolStr, Problem> {
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Err(Problem::Expected { what });
        }
        match self.take_while(allowed) {
            "" => Err(Problem::Expected { what }),
            name => Ok(name.into()),
        }
    }

    /// A string in double quotes, the cursor being at the first of them.
    fn string(&mut self) -> Result<SmolStr, Problem> {
        let inner = self.rest.strip_prefix('"').unwrap_or(self.rest);
        let mut escaped = false;
        for (at, c) in inner.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    let text = unescape(inner.get(..at).unwrap_or_default());
                    self.rest = inner.get(at + 1..).unwrap_or_default();
                    return Ok(text);
                }
                _ => {}
            }
        }
        Err(Problem::OpenString)
    }
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// Undoes `\\`, `\n` and `\"`; any other backslash stays.
fn unescape(text: &str) -> SmolStr {
    if !text.contains('\\') {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (c, false) => plain.push(c),
            (_, true) => match chars.next() {
                Some('n') => plain.push('\n'),
                Some(c @ ('\\' | '"')) => plain.push(c),
                Some(c) => plain.extend(['\\', c]),
                None => plain.push('\\'),
            },
        }
    }
    plain.into()
}

/// The first 40 characters, for an error message.
fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(page: &str) -> Result<Vec<Family>, ParseError> {
        parse(page.as_bytes(), Limits::default())
    }

    #[track_caller]
    fn check_error(page: &str, expected: &str) {
        assert_eq!(read(page).unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_page_gives_families_in_order_of_appearance() {
        let families =
            read("# HELP b Two.\n# TYPE b counter\nb{x=\"1\"} 2 1500\n\n# a comment\na 1\n").unwrap();
        let mut expected = Family::counter("b", "Two.").with(&[("x", "1")], 2.0);
        expected.samples[0].timestamp = Some(Timestamp::from_millis(1500));
        assert_eq!(families, [expected, Family::unknown("a", "").with(&[], 1.0)]);
    }

    #[test]
    fn the_series_of_a_histogram_belong_to_one_family() {
        let families =
            read("# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 2\nother 1\nh_count 1\n").unwrap();
        assert_eq!(
            families.iter().map(|f| (f.name.as_str(), f.samples.len())).collect::<Vec<_>>(),
            [("h", 3), ("other", 1)]
        );
    }

    #[test]
    fn blanks_trailing_commas_and_a_missing_newline_are_accepted() {
        let families = read(" a { x = \"1\" , } \t +Inf  ").unwrap();
        assert_eq!(families, [Family::unknown("a", "").with(&[("x", "1")], f64::INFINITY)]);
    }

    #[test]
    fn names_in_quotes_are_read() {
        let families = read("# TYPE \"a.b\" gauge\n{\"a.b\",\"c.d\"=\"e\"} 1\n").unwrap();
        assert_eq!(families, [Family::gauge("a.b", "").with(&[("c.d", "e")], 1.0)]);
    }

    #[test]
    fn errors_name_line_column_and_cause() {
        check_error("a 1\nb x", r#"line 2, column 3: "x" is not a number"#);
        check_error("a{x=\"1} 2", "line 1, column 5: the quoted string does not end on this line");
        check_error("a{x=1} 2", "line 1, column 5: expected a label value in double quotes");
        check_error("a{x=\"1\",x=\"2\"} 2", r#"line 1, column 14: label "x" appears twice"#);
        check_error("a 1 1.5", r#"line 1, column 5: "1.5" is not a time in whole milliseconds"#);
        check_error("a 1 1 1", "line 1, column 7: expected the end of the line");
        check_error("a", "line 1, column 2: expected a value");
        check_error("9a 1", "line 1, column 1: expected a metric name");
        check_error("{x=\"1\"} 1", "line 1, column 8: expected the metric's name");
        check_error("# TYPE a thing", r#"line 1, column 10: "thing" is not a metric type"#);
        assert_eq!(
            parse(b"a 1\nb\xff 1", Limits::default()).unwrap_err().to_string(),
            "line 2, column 2: the page is not UTF-8"
        );
    }

    #[test]
    fn pages_past_the_limits_are_refused() {
        let limits = Limits { bytes: 40, samples: 1, labels: 1 };
        let refused = |page: &str| parse(page.as_bytes(), limits).unwrap_err().to_string();
        assert_eq!(refused("a 1\na 2\n"), "line 2, column 1: more than 1 samples");
        assert_eq!(refused("a{x=\"1\",y=\"2\"} 1"), "line 1, column 14: more than 1 labels");
        assert_eq!(refused(&"#".repeat(41)), "line 1, column 1: more than 40 bytes");
    }
}
