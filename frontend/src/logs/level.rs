//! How grave a line is: what programs of all sorts write about that.

use serde_json::Value;

use super::text::json_of;

/// How grave a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    /// It does not say.
    Unknown,
}

/// Words for levels, in lower case.
const WORDS: &[(&str, Level)] = &[
    ("emerg", Level::Error),
    ("emergency", Level::Error),
    ("alert", Level::Error),
    ("fatal", Level::Error),
    ("panic", Level::Error),
    ("crit", Level::Error),
    ("critical", Level::Error),
    ("severe", Level::Error),
    ("error", Level::Error),
    ("err", Level::Error),
    ("eror", Level::Error),
    ("warn", Level::Warn),
    ("warning", Level::Warn),
    ("wrn", Level::Warn),
    ("info", Level::Info),
    ("inf", Level::Info),
    ("information", Level::Info),
    ("notice", Level::Info),
    ("log", Level::Info),
    ("debug", Level::Debug),
    ("dbg", Level::Debug),
    ("trace", Level::Debug),
    ("trc", Level::Debug),
    ("verbose", Level::Debug),
];
/// Fields of JSON and logfmt that hold it.
const FIELDS: &[&str] = &["level", "lvl", "severity", "loglevel", "log.level", "levelname", "@l"];
/// So much of a line is looked at for a word that stands free.
const HEAD: usize = 96;

impl Level {
    /// In the order of their chips.
    pub(crate) const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Unknown];

    /// Its bit in a set of levels.
    pub(crate) fn bit(self) -> u8 {
        1 << (self as u8)
    }

    /// Its name in addresses.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Unknown => "other",
        }
    }

    /// What a line says of itself.
    pub(crate) fn of(line: &str) -> Self {
        of_json(line)
            .or_else(|| of_klog(line))
            .or_else(|| of_logfmt(line))
            .or_else(|| of_access_log(line))
            .or_else(|| of_word(line))
            .unwrap_or(Self::Unknown)
    }
}

fn of_name(name: &str) -> Option<Level> {
    WORDS.iter().find(|(word, _)| name.eq_ignore_ascii_case(word)).map(|(_, level)| *level)
}

fn of_json(line: &str) -> Option<Level> {
    let json = json_of(line)?;
    let field = FIELDS.iter().find_map(|name| json.get(*name)).or_else(|| json.pointer("/log/level"))?;
    match field {
        Value::String(name) => of_name(name),
        // Bunyan's and pino's numbers.
        Value::Number(number) => Some(match number.as_u64()? {
            50.. => Level::Error,
            40..50 => Level::Warn,
            30..40 => Level::Info,
            _ => Level::Debug,
        }),
        _ => None,
    }
}

/// `E1121 08:00:00.123456       1 file.go:12] …`
fn of_klog(line: &str) -> Option<Level> {
    let level = match line.as_bytes().first()? {
        b'E' | b'F' => Level::Error,
        b'W' => Level::Warn,
        b'I' => Level::Info,
        _ => return None,
    };
    let digits = line.as_bytes().get(1..5)?.iter().all(u8::is_ascii_digit);
    (digits && line.as_bytes().get(5) == Some(&b' ')).then_some(level)
}

/// `level=info`, `lvl="warn"`
fn of_logfmt(line: &str) -> Option<Level> {
    line.split(' ').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        FIELDS
            .iter()
            .any(|field| name.eq_ignore_ascii_case(field))
            .then(|| of_name(value.trim_matches('"')))?
    })
}

/// `… "GET / HTTP/1.1" 502 …`: the status of an answer.
fn of_access_log(line: &str) -> Option<Level> {
    let (_, after) = line.split_once(" HTTP/")?;
    let (_, after) = after.split_once("\" ")?;
    let status: u16 = after.get(..3)?.parse().ok()?;
    Some(match status {
        500.. => Level::Error,
        400..500 => Level::Warn,
        _ => Level::Info,
    })
}

/// A word that stands free near the beginning: `[error]`, `ERROR:`, ` WARN `. In lower case only where brackets or a colon make it more than a
/// part of a sentence.
fn of_word(line: &str) -> Option<Level> {
    let head = line.get(..line.floor_char_boundary(HEAD)).unwrap_or_default();
    let mut rest = head;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        let before = rest.get(..start).and_then(|text| text.chars().next_back());
        let word_on = rest.get(start..).unwrap_or_default();
        let end = word_on.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word_on.len());
        let (word, after) = word_on.split_at_checked(end).unwrap_or((word_on, ""));
        let is_upper = word.bytes().all(|byte| byte.is_ascii_uppercase());
        let is_marked = after.starts_with([']', ':', '|', '>']) || matches!(before, Some('[' | '<' | '|'));
        if (is_upper || is_marked)
            && let Some(level) = of_name(word)
        {
            return Some(level);
        }
        rest = after;
    }
    let gone_wrong = ["panic: ", "Traceback (most recent", "Exception in thread", "thread 'main' panicked"];
    gone_wrong.iter().any(|words| line.starts_with(words)).then_some(Level::Error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, level: Level) {
        assert_eq!(Level::of(line), level, "{line}");
    }

    #[test]
    fn lines_of_many_programs_say_how_grave_they_are() {
        use Level::{Debug, Error, Info, Warn};
        check(r#"{"time":"x","level":"error","msg":"no"}"#, Error);
        check(r#"{"level":40,"msg":"pino"}"#, Warn);
        check(r#"{"severity":"INFO","message":"cloud"}"#, Info);
        check(r#"{"log":{"level":"debug"}}"#, Debug);
        check("E1121 08:00:00.123456       1 reflector.go:158] \"Unhandled Error\"", Error);
        check("I1121 08:00:00.123456       1 proxier.go:796] ok", Info);
        check("ts=2026-11-21T08:00:00Z caller=x.go:1 level=warn msg=\"slow\"", Warn);
        check("level=info msg=\"error is only a word here\"", Info);
        check("10.1.1.1 - - [21/Nov/2026:08:00:00 +0000] \"GET / HTTP/1.1\" 502 157 \"-\" \"x\"", Error);
        check("10.1.1.1 - - [21/Nov/2026:08:00:00 +0000] \"GET / HTTP/1.1\" 200 157 \"-\" \"x\"", Info);
        check("2026/11/21 08:00:00 [error] 7#7: *1 connect() failed", Error);
        check("2026-11-21 08:00:00.123 UTC [71] LOG:  checkpoint starting", Info);
        check("2026-11-21 08:00:00,123 WARN  [main] o.s.Boot - slow", Warn);
        check("1:M 21 Nov 2026 08:00:00 * WARNING overcommit", Warn);
        check("panic: runtime error: index out of range", Error);
        check("Traceback (most recent call last):", Error);
    }

    #[test]
    fn words_of_sentences_are_no_levels() {
        for line in
            ["", "no error so far", "the warning light", "{\"msg\":1", "Errors", "é", "E11é", "level="]
        {
            check(line, Level::Unknown);
        }
    }
}
