//! Lines: `measurement,tag=value field=value,field=value timestamp`
//! (<https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/>).

use std::fmt;

use crowsnest_alerting::yaml::Place;

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) measurement: String,
    /// Without those whose value is empty.
    pub(super) tags: Vec<(String, String)>,
    /// At least one.
    pub(super) fields: Vec<(String, Value)>,
    pub(super) timestamp: Option<i64>,
}

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    /// A float, an integer, or whether something is so.
    Number(f64),
    Text,
}

/// What is wrong with a line, and where: line and column from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineError {
    line: usize,
    column: usize,
    what: &'static str,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

/// Reads points from a text.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next point; `None` at the end.
    pub(super) fn point(&mut self) -> Result<Option<Point>, LineError> {
        self.skip_to_line();
        if self.rest().is_empty() {
            return Ok(None);
        }
        let measurement = self.name(&[',', ' ', '\n'], "a measurement")?;
        let mut tags = Vec::new();
        while self.take(',') {
            let name = self.name(&['=', ',', ' ', '\n'], "a tag's name")?;
            self.expect('=', "\"=\" after a tag's name")?;
            let value = self.escaped(&[',', ' ', '\n']);
            if !value.is_empty() {
                tags.push((name, value));
            }
        }
        self.expect(' ', "a blank and then fields")?;
        self.skip_blanks();
        let mut fields = Vec::new();
        loop {
            let name = self.name(&['=', ',', ' ', '\n'], "a field's name")?;
            self.expect('=', "\"=\" after a field's name")?;
            fields.push((name, self.value()?));
            if !self.take(',') {
                break;
            }
        }
        let timestamp = self.timestamp()?;
        Ok(Some(Point { measurement, tags, fields, timestamp }))
    }

    fn timestamp(&mut self) -> Result<Option<i64>, LineError> {
        self.skip_blanks();
        let at = self.at;
        let told = self.plain(&[' ', '\n']);
        let told = told.trim_end_matches('\r');
        let timestamp = match told {
            "" => None,
            told => Some(told.parse().map_err(|_| self.error(at, "the timestamp is no whole number"))?),
        };
        self.skip_blanks();
        if !self.rest().is_empty() && !self.take('\n') {
            return Err(self.error(self.at, "the line goes on after its timestamp"));
        }
        Ok(timestamp)
    }

    fn value(&mut self) -> Result<Value, LineError> {
        let at = self.at;
        if self.take('"') {
            return self.string(at);
        }
        let told = self.plain(&[',', ' ', '\n']);
        let told = told.trim_end_matches('\r');
        let number = match told {
            "t" | "T" | "true" | "True" | "TRUE" => Some(1.0),
            "f" | "F" | "false" | "False" | "FALSE" => Some(0.0),
            told => match told.strip_suffix('i') {
                Some(whole) => whole.parse::<i64>().ok().map(|whole| whole as f64),
                None => match told.strip_suffix('u') {
                    Some(whole) => whole.parse::<u64>().ok().map(|whole| whole as f64),
                    None => told.parse().ok(),
                },
            },
        };
        number.map(Value::Number).ok_or_else(|| self.error(at, "the value is no number, truth value or text"))
    }

    /// The rest of a text in double quotes, which may have line breaks.
    fn string(&mut self, at: usize) -> Result<Value, LineError> {
        let mut escaped = false;
        let end = self.rest().char_indices().find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let Some((end, _)) = end else { return Err(self.error(at, "the text has no end")) };
        self.at += end + 1;
        Ok(Value::Text)
    }

    /// A text that is not empty.
    fn name(&mut self, stops: &[char], what: &'static str) -> Result<String, LineError> {
        let at = self.at;
        let name = self.escaped(stops);
        if name.is_empty() { Err(self.error(at, what)) } else { Ok(name) }
    }

    /// What comes before one of `stops` that is not escaped.
    fn escaped(&mut self, stops: &[char]) -> String {
        let mut text = String::new();
        let mut chars = self.rest().char_indices().peekable();
        let mut end = self.rest().len();
        while let Some((at, c)) = chars.next() {
            if stops.contains(&c) {
                end = at;
                break;
            }
            match chars.peek() {
                Some((_, next @ (',' | '=' | ' '))) if c == '\\' => {
                    text.push(*next);
                    chars.next();
                }
                _ => text.push(c),
            }
        }
        self.at += end;
        text
    }

    /// The same without escapes.
    fn plain(&mut self, stops: &[char]) -> &'a str {
        let rest = self.rest();
        let end = rest.find(stops).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.rest().starts_with(wanted);
        if there {
            self.at += wanted.len_utf8();
        }
        there
    }

    fn expect(&mut self, wanted: char, what: &'static str) -> Result<(), LineError> {
        if self.take(wanted) { Ok(()) } else { Err(self.error(self.at, what)) }
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\r']).len();
    }

    /// Past empty lines and comments.
    fn skip_to_line(&mut self) {
        loop {
            self.at += self.rest().len() - self.rest().trim_start().len();
            if !self.rest().starts_with('#') {
                return;
            }
            self.plain(&['\n']);
        }
    }

    fn error(&self, at: usize, what: &'static str) -> LineError {
        let Place { line, column } = Place::of_byte(self.text, at);
        LineError { line, column, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(text: &str) -> Result<Vec<Point>, LineError> {
        let mut reader = Reader::new(text);
        std::iter::from_fn(|| reader.point().transpose()).collect()
    }

    #[test]
    fn escapes_are_undone_and_empty_tags_left_out() {
        let text = "# comment\nmy\\ cpu,a\\=b=c\\,d,empty= f\\ g=1,s=\"a \\\" b,\nc\" 12\r\n";
        let point = Point {
            measurement: "my cpu".into(),
            tags: vec![("a=b".into(), "c,d".into())],
            fields: vec![("f g".into(), Value::Number(1.0)), ("s".into(), Value::Text)],
            timestamp: Some(12),
        };
        assert_eq!(points(text), Ok(vec![point]));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, expected) in [
            ("a", "line 1, column 2: a blank and then fields"),
            ("a b", "line 1, column 4: \"=\" after a field's name"),
            ("a b=1 2 3", "line 1, column 9: the line goes on after its timestamp"),
            ("a b=1i5", "line 1, column 5: the value is no number, truth value or text"),
            ("a b=\"x", "line 1, column 5: the text has no end"),
            ("a,b c=1", "line 1, column 4: \"=\" after a tag's name"),
            ("a b=1 x", "line 1, column 7: the timestamp is no whole number"),
            ("x y=1\n,a b=1", "line 2, column 1: a measurement"),
        ] {
            assert_eq!(points(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn whatever_is_cut_off_or_changed_is_read_or_refused() {
        let text = "# c\nm\\ é,a\\=b=c d=1i,e=\"x\\\" y\n\",f=t 12\r\n";
        for (at, _) in text.char_indices() {
            drop(points(text.get(..at).unwrap()));
            for other in [',', '=', ' ', '\n', '"', '\\', '#', 'é'] {
                let mut changed = text.to_owned();
                changed.insert(at, other);
                drop(points(&changed));
            }
        }
    }
}
