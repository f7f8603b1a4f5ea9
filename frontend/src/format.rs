//! Numbers, shares, sizes and ages in words, in the language of the reader.

use crate::i18n::{Lang, Msg, fill};
use crate::range::{DAY, HOUR, MINUTE, SECOND};

/// What stands where there is no value.
pub(crate) const NONE: &str = "–";

/// A share such as `0.417` as `42 %`; one decimal below ten percent, where it matters.
pub(crate) fn percent(share: f64) -> String {
    format!("{} %", percent_figure(share))
}

/// The figure of [`percent`], for where its sign stands apart.
pub(crate) fn percent_figure(share: f64) -> String {
    if !share.is_finite() {
        return NONE.to_owned();
    }
    let value = share * 100.0;
    if value != 0.0 && value.abs() < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// A number of bytes in binary units, three figures: `46.3 GiB`.
pub(crate) fn bytes(value: f64) -> String {
    const UNITS: &[&str] = &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let mut rest = value;
    let mut unit = "B";
    for name in UNITS {
        unit = name;
        // 1023.5 would be printed as 1024.
        if rest.abs() < 1023.5 || *name == "EiB" {
            break;
        }
        rest /= 1024.0;
    }
    let digits = if unit == "B" || rest.abs() >= 99.95 { 0 } else { 1 };
    format!("{rest:.digits$} {unit}")
}

/// A plain number, three or four figures: `0.42`, `3.14`, `1 446`, `61 204`; thin spaces group thousands.
pub(crate) fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "−Inf" }.to_owned();
    }
    let size = value.abs();
    if size >= 1e15 || (size > 0.0 && size < 1e-4) {
        return format!("{value:.2e}").replace('-', "−");
    }
    // Three figures; whole numbers keep all of theirs.
    let magnitude = if size == 0.0 { 0 } else { size.log10().floor() as i32 };
    let digits = usize::try_from(2 - magnitude).unwrap_or(0).max(usize::from(size < 1000.0));
    let text = format!("{size:.digits$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0.0 { "−" } else { "" };
    let whole = grouped(whole);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A load average: two decimals, one from ten on.
pub(crate) fn load(value: f64) -> String {
    if value.abs() < 9.995 { format!("{value:.2}") } else { format!("{value:.1}") }
}

/// Digits in groups of three; four digits stay together.
fn grouped(digits: &str) -> String {
    if digits.len() <= 4 {
        return digits.to_owned();
    }
    let mut out = String::with_capacity(digits.len() + digits.len());
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A stretch of time in its one or two largest units: `4 s`, `2 min 14 s`, `3 h 10 min`, `38 d`.
pub(crate) fn duration(lang: Lang, milliseconds: i64) -> String {
    let length = milliseconds.max(0);
    let units = [
        (DAY, Msg::UnitDays),
        (HOUR, Msg::UnitHours),
        (MINUTE, Msg::UnitMinutes),
        (SECOND, Msg::UnitSeconds),
    ];
    let word = |msg: Msg, n: i64| fill(msg.text(lang), &[("n", &n.to_string())]);
    for (at, (size, unit)) in units.iter().enumerate() {
        if length < *size {
            continue;
        }
        let (whole, rest) = (length / size, length % size);
        let first = word(*unit, whole);
        return match units.get(at + 1) {
            // The second unit matters only while the first is small.
            Some((next, unit)) if rest >= *next && whole < 10 => {
                format!("{first} {}", word(*unit, rest / next))
            }
            _ => first,
        };
    }
    word(Msg::UnitSeconds, 0)
}

/// How long ago: whole units only, so that it ticks calmly.
pub(crate) fn age(lang: Lang, milliseconds: i64) -> String {
    let length = milliseconds.max(0);
    if length < 10 * MINUTE { duration(lang, length) } else { duration(lang, length - length % MINUTE) }
}

/// The time a request took.
pub(crate) fn latency(lang: Lang, milliseconds: f64) -> String {
    if milliseconds < 1000.0 {
        fill(Msg::UnitMilliseconds.text(lang), &[("n", &format!("{milliseconds:.0}"))])
    } else {
        fill(Msg::UnitSeconds.text(lang), &[("n", &format!("{:.1}", milliseconds / 1000.0))])
    }
}

/// The first two letters of a user's name, for the avatar.
pub(crate) fn initials(user: &str) -> String {
    let last = user.rsplit([':', '/']).next().unwrap_or(user);
    last.chars().filter(|c| c.is_alphanumeric()).take(2).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_one_decimal_only_where_it_matters() {
        assert_eq!(percent(0.417), "42 %");
        assert_eq!(percent(0.0312), "3.1 %");
        assert_eq!(percent(0.0999), "10 %");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(f64::NAN), "– %");
    }

    #[test]
    fn sizes_have_three_figures() {
        assert_eq!(bytes(0.0), "0 B");
        assert_eq!(bytes(1023.0), "1023 B");
        assert_eq!(bytes(1023.9), "1.0 KiB");
        assert_eq!(bytes(46.3 * 1024.0 * 1024.0 * 1024.0), "46.3 GiB");
        assert_eq!(bytes(446.0 * 1024.0 * 1024.0), "446 MiB");
        assert_eq!(bytes(2048.0 * (1_u64 << 60) as f64), "2048 EiB");
    }

    #[test]
    fn numbers_group_their_thousands() {
        assert_eq!(number(61_204.0), "61\u{202f}204");
        assert_eq!(number(1_446.0), "1446");
        assert_eq!(number(-1_234_567.0), "−1\u{202f}234\u{202f}567");
        assert_eq!(number(2.5), "2.5");
        assert_eq!(number(0.0421), "0.0421");
        assert_eq!(number(0.011_644), "0.0116");
        assert_eq!(number(0.000_364_2), "0.000364");
        assert_eq!(number(42.26), "42.3");
        assert_eq!(number(256.0), "256");
        assert_eq!(number(256.7), "256.7");
        assert_eq!(number(0.0), "0");
        assert_eq!(number(1e-9), "1.00e−9");
        assert_eq!(number(f64::INFINITY), "+Inf");
    }

    #[test]
    fn loads_have_two_decimals_while_they_are_small() {
        assert_eq!([0.0, 1.5, 9.994, 9.996, 13.25].map(load), ["0.00", "1.50", "9.99", "10.0", "13.2"]);
    }

    #[test]
    fn times_show_two_units_while_the_first_is_small() {
        assert_eq!(duration(Lang::English, 134 * SECOND), "2 min 14 s");
        assert_eq!(duration(Lang::English, 38 * DAY + HOUR), "38 d");
        assert_eq!(duration(Lang::English, 400), "0 s");
        assert_eq!(duration(Lang::Korean, 3 * HOUR + 10 * MINUTE), "3시간 10분");
        assert_eq!(age(Lang::English, 27 * MINUTE + 5 * SECOND), "27 min");
    }

    #[test]
    fn initials_come_from_the_name_itself() {
        assert_eq!(initials("alice"), "AL");
        assert_eq!(initials("system:serviceaccount:crowsnest:admin-user"), "AD");
        assert_eq!(initials(""), "");
    }
}
