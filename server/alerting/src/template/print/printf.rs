//! `printf`, as Go's fmt does it: verbs, flags, widths, precisions, argument indexes, and its way of showing mistakes.

use super::{Style, float, quoted, write};
use crate::template::value::Value;

/// The largest width or precision; Go's limit is a million.
const MAX_WIDTH: usize = 10_000;
/// How long a formatted text may become, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// Formats `arguments`.
///
/// # Errors
/// When the text becomes longer than a mebibyte.
pub(crate) fn printf(format: &str, arguments: &[Value]) -> Result<String, String> {
    let mut printer = Printer { out: String::new(), rest: format, arguments, next: 0, reordered: false };
    while let Some(at) = printer.rest.find('%') {
        printer.out.push_str(printer.rest.get(..at).unwrap_or_default());
        printer.rest = printer.rest.get(at + 1..).unwrap_or_default();
        printer.directive();
        if printer.out.len() > MAX_BYTES {
            return Err(format!("text is longer than {MAX_BYTES} bytes"));
        }
    }
    printer.out.push_str(printer.rest);
    printer.extra();
    Ok(printer.out)
}

#[derive(Clone, Copy, Default)]
struct Flags {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

struct Printer<'a> {
    out: String,
    rest: &'a str,
    arguments: &'a [Value],
    next: usize,
    reordered: bool,
}

impl Printer<'_> {
    fn directive(&mut self) {
        let mut flags = self.flags();
        let mut bad_index = self.index();
        if self.eat('*') {
            match self.star() {
                Some(width) => {
                    flags.minus |= width < 0;
                    flags.zero &= width >= 0;
                    flags.width = usize::try_from(width.unsigned_abs()).ok();
                }
                None => self.out.push_str("%!(BADWIDTH)"),
            }
            bad_index |= false;
        } else {
            flags.width = self.number();
        }
        if self.eat('.') {
            bad_index |= self.index();
            if self.eat('*') {
                match self.star() {
                    Some(precision) => flags.precision = usize::try_from(precision).ok(),
                    None => self.out.push_str("%!(BADPREC)"),
                }
            } else {
                flags.precision = Some(self.number().unwrap_or(0));
            }
        }
        bad_index |= self.index();
        let Some(verb) = self.rest.chars().next() else { return self.out.push_str("%!(NOVERB)") };
        self.rest = self.rest.get(verb.len_utf8()..).unwrap_or_default();
        if verb == '%' {
            return self.out.push('%');
        }
        if bad_index {
            return self.out.push_str(&format!("%!{verb}(BADINDEX)"));
        }
        let Some(argument) = self.arguments.get(self.next) else {
            return self.out.push_str(&format!("%!{verb}(MISSING)"));
        };
        self.next += 1;
        let text = render(argument, verb, flags);
        self.out.push_str(&text);
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        loop {
            match self.rest.chars().next() {
                Some('+') => flags.plus = true,
                Some('-') => {
                    flags.minus = true;
                    flags.zero = false;
                }
                Some('#') => flags.sharp = true,
                Some(' ') => flags.space = true,
                Some('0') => flags.zero = !flags.minus,
                _ => return flags,
            }
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
    }

    fn eat(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn number(&mut self) -> Option<usize> {
        let length = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        if digits.is_empty() { None } else { Some(digits.parse().unwrap_or(MAX_WIDTH).min(MAX_WIDTH)) }
    }

    /// `[3]`; true when it points nowhere.
    fn index(&mut self) -> bool {
        let Some(inner) = self.rest.strip_prefix('[') else { return false };
        self.reordered = true;
        let Some((digits, rest)) = inner.split_once(']') else {
            self.rest = inner;
            return true;
        };
        self.rest = rest;
        match digits.parse::<usize>().ok().and_then(|index| index.checked_sub(1)) {
            Some(index) if index < self.arguments.len() => {
                self.next = index;
                false
            }
            _ => true,
        }
    }

    /// A width or precision that is an argument.
    fn star(&mut self) -> Option<i64> {
        let argument = self.arguments.get(self.next);
        self.next += 1;
        match argument {
            Some(Value::Int(number))
                if usize::try_from(number.unsigned_abs()).is_ok_and(|n| n <= MAX_WIDTH) =>
            {
                Some(*number)
            }
            _ => None,
        }
    }

    fn extra(&mut self) {
        if self.reordered || self.next >= self.arguments.len() {
            return;
        }
        let extra = self.arguments.get(self.next..).unwrap_or_default().iter();
        let shown: Vec<_> = extra
            .map(|value| match value {
                Value::Nil => "<nil>".to_owned(),
                value => format!("{}={}", value.type_name(), super::plain(value)),
            })
            .collect();
        self.out.push_str(&format!("%!(EXTRA {})", shown.join(", ")));
    }
}

/// One argument under one verb.
fn render(value: &Value, verb: char, flags: Flags) -> String {
    match (verb, value) {
        ('T', Value::Nil) => pad("<nil>", flags),
        ('T', _) => pad(value.type_name(), flags),
        ('v', Value::Nil) => pad("<nil>", flags),
        (_, Value::Nil) => format!("%!{verb}(<nil>)"),
        ('v', Value::Bool(value)) | ('t', Value::Bool(value)) => {
            pad(if *value { "true" } else { "false" }, flags)
        }
        ('v' | 'd' | 'b' | 'o' | 'O' | 'x' | 'X' | 'c' | 'q' | 'U', Value::Int(value)) => {
            integer(*value, verb, flags)
        }
        ('d' | 'b' | 'o' | 'O' | 'x' | 'X', Value::Duration(value)) => integer(*value, verb, flags),
        ('v' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G', Value::Float(value)) => floating(*value, verb, flags),
        ('s' | 'v' | 'q' | 'x' | 'X', Value::Str(text) | Value::Html(text)) => string(text, verb, flags),
        ('s' | 'v' | 'q' | 'x' | 'X', Value::Time(_) | Value::Duration(_)) => {
            string(&super::plain(value), verb, flags)
        }
        ('v', _) => {
            let style = match flags {
                Flags { sharp: true, .. } => Style::Syntax,
                Flags { plus: true, .. } => Style::Named,
                _ => Style::Plain,
            };
            let mut text = String::new();
            write(&mut text, value, style, 0);
            pad(&text, flags)
        }
        (_, Value::List(list)) => {
            if let Some(text) = super::own_text(value).filter(|_| matches!(verb, 's' | 'q')) {
                return string(&text, verb, flags);
            }
            let items: Vec<_> = list.items.iter().map(|item| render(item, verb, flags)).collect();
            format!("[{}]", items.join(" "))
        }
        (_, Value::Map(map)) => {
            let entry = |(key, item): (&smol_str::SmolStr, &Value)| {
                format!("{}:{}", render(&Value::Str(key.clone()), verb, flags), render(item, verb, flags))
            };
            let entries: Vec<_> = map.entries.iter().map(entry).collect();
            format!("map[{}]", entries.join(" "))
        }
        (_, Value::Struct(record)) => {
            let fields: Vec<_> = record.fields.iter().map(|(_, item)| render(item, verb, flags)).collect();
            let pointer = if record.class.name.starts_with('*') { "&" } else { "" };
            format!("{pointer}{{{}}}", fields.join(" "))
        }
        _ => format!("%!{verb}({}={})", value.type_name(), super::plain(value)),
    }
}

fn string(text: &str, verb: char, flags: Flags) -> String {
    let shortened = match flags.precision {
        Some(precision) if !matches!(verb, 'x' | 'X') => text.chars().take(precision).collect(),
        _ => text.to_owned(),
    };
    let shown = match verb {
        'v' if flags.sharp => quoted(&shortened),
        'q' if flags.sharp && !shortened.contains('`') => format!("`{shortened}`"),
        'q' => quoted(&shortened),
        'x' => shortened.bytes().map(|byte| format!("{byte:02x}")).collect(),
        'X' => shortened.bytes().map(|byte| format!("{byte:02X}")).collect(),
        _ => shortened,
    };
    pad(&shown, flags)
}

fn integer(value: i64, verb: char, flags: Flags) -> String {
    let magnitude = value.unsigned_abs();
    let as_char = || u32::try_from(value).ok().and_then(char::from_u32).unwrap_or('\u{FFFD}');
    let prefixed =
        |prefix: &str, digits: String| if flags.sharp { format!("{prefix}{digits}") } else { digits };
    let digits = match verb {
        'b' => prefixed("0b", format!("{magnitude:b}")),
        'o' => prefixed("0", format!("{magnitude:o}")),
        'O' => format!("0o{magnitude:o}"),
        'x' => prefixed("0x", format!("{magnitude:x}")),
        'X' => prefixed("0X", format!("{magnitude:X}")),
        'c' => return pad(&as_char().to_string(), flags),
        'q' => return pad(&format!("'{}'", as_char().escape_default()), flags),
        'U' => return pad(&format!("U+{magnitude:04X}"), flags),
        _ => magnitude.to_string(),
    };
    let digits = match flags.precision {
        Some(0) if value == 0 => String::new(),
        Some(precision) => format!("{digits:0>precision$}"),
        None => digits,
    };
    let sign = sign(value < 0, flags);
    signed(sign, &digits, Flags { zero: flags.zero && flags.precision.is_none(), ..flags })
}

fn floating(value: f64, verb: char, flags: Flags) -> String {
    let text = match (verb, flags.precision) {
        ('e' | 'E', precision) => float::scientific(value, Some(precision.unwrap_or(6))),
        ('f' | 'F', precision) => float::fixed(value, Some(precision.unwrap_or(6))),
        (_, None) => float::general(value),
        (_, Some(precision)) => float::general_to(value, precision),
    };
    let text = if matches!(verb, 'E' | 'G') {
        text.to_uppercase().replace("INF", "Inf").replace("NAN", "NaN")
    } else {
        text
    };
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    // Go writes the sign of positive infinity, but drops it under some flags; with a verb it stays.
    let sign = if value == f64::INFINITY && !flags.space { "+" } else { sign(is_negative, flags) };
    let is_number = value.is_finite();
    signed(sign, digits, Flags { zero: flags.zero && is_number, ..flags })
}

fn sign(is_negative: bool, flags: Flags) -> &'static str {
    match (is_negative, flags.plus, flags.space) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    }
}

/// A sign and digits, with zeros between them where the flags say so.
fn signed(sign: &str, digits: &str, flags: Flags) -> String {
    match flags.width {
        Some(width) if flags.zero => {
            let zeros = width.saturating_sub(sign.len() + digits.len());
            format!("{sign}{}{digits}", "0".repeat(zeros))
        }
        _ => pad(&format!("{sign}{digits}"), flags),
    }
}

fn pad(text: &str, flags: Flags) -> String {
    let Some(width) = flags.width else { return text.to_owned() };
    match flags {
        Flags { minus: true, .. } => format!("{text:<width$}"),
        Flags { zero: true, .. } => format!("{text:0>width$}"),
        _ => format!("{text:>width$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(format: &str, arguments: &[Value], expected: &str) {
        assert_eq!(printf(format, arguments).unwrap(), expected);
    }

    #[test]
    fn verbs_are_those_of_go() {
        let float = Value::Float(1234.5);
        check(
            "%s|%q|%5s|%-5s|%.2s",
            &["ab", "a\"b", "x", "x", "xyz"].map(Value::str),
            r#"ab|"a\"b"|    x|x    |xy"#,
        );
        check(
            "%d|%5d|%05d|%+d|%x|%X|%o|%b",
            &[7, 7, 7, 7, 255, 255, 8, 5].map(Value::Int),
            "7|    7|00007|+7|ff|FF|10|101",
        );
        check(
            "%v|%.3g|%f|%.1f|%e|%8.2f",
            &[const { Value::Float(1234.5) }; 6],
            "1234.5|1.23e+03|1234.500000|1234.5|1.234500e+03| 1234.50",
        );
        check("%t %v %T", &[Value::Bool(true), Value::Bool(false), float], "true false float64");
        check("%v %v", &[Value::strings(["a", "b"]), Value::Nil], "[a b] <nil>");
        check("%[2]s %[1]s %%", &["a", "b"].map(Value::str), "b a %");
        check("%*d|%-*d|", &[5, 1, 3, 2].map(Value::Int), "    1|2  |");
        check("%c %U %q", &[65, 65, 65].map(Value::Int), "A U+0041 'A'");
    }

    #[test]
    fn mistakes_are_shown_as_go_shows_them() {
        check("%s", &[Value::Float(1e6)], "%!s(float64=1e+06)");
        check("%d", &[Value::str("x")], "%!d(string=x)");
        check("%d %d", &[Value::Int(1)], "1 %!d(MISSING)");
        check("%d", &[Value::Int(1), Value::str("x")], "1%!(EXTRA string=x)");
        check("%", &[], "%!(NOVERB)");
        check("%z", &[Value::Int(3)], "%!z(int=3)");
        check("%[5]d", &[Value::Int(3)], "%!d(BADINDEX)");
        check("%d", &[Value::Nil], "%!d(<nil>)");
    }
}
