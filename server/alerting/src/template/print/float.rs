//! Floats, as Go's strconv writes them.

/// As `%g` without a precision: the shortest digits that read back the same.
pub(crate) fn general(value: f64) -> String {
    special(value).unwrap_or_else(|| Digits::read(&format!("{value:e}")).print(6))
}

/// As `%.{precision}g`.
pub(super) fn general_to(value: f64, precision: usize) -> String {
    let digits = precision.max(1);
    special(value).unwrap_or_else(|| {
        let limit = i32::try_from(digits).unwrap_or(i32::MAX);
        Digits::read(&format!("{value:.*e}", digits - 1)).print(limit)
    })
}

/// As `%e`; without a precision with the shortest digits.
pub(super) fn scientific(value: f64, precision: Option<usize>) -> String {
    special(value).unwrap_or_else(|| {
        let text =
            precision.map_or_else(|| format!("{value:e}"), |precision| format!("{value:.precision$e}"));
        with_exponent(&text)
    })
}

/// As `%f`; without a precision with the shortest digits.
pub(super) fn fixed(value: f64, precision: Option<usize>) -> String {
    special(value).unwrap_or_else(|| {
        precision.map_or_else(|| format!("{value}"), |precision| format!("{value:.precision$}"))
    })
}

fn special(value: f64) -> Option<String> {
    match value {
        _ if value.is_nan() => Some("NaN".to_owned()),
        _ if value.is_infinite() => Some(if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()),
        _ => None,
    }
}

/// `-1.25e-3` in parts.
struct Digits {
    sign: &'static str,
    digits: String,
    exponent: i32,
}

impl Digits {
    fn read(scientific: &str) -> Self {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
        let (sign, mantissa) = match mantissa.strip_prefix('-') {
            Some(mantissa) => ("-", mantissa),
            None => ("", mantissa),
        };
        let digits: String = mantissa.chars().filter(|&c| c != '.').collect();
        let kept = digits.trim_end_matches('0');
        let digits = if kept.is_empty() { "0".to_owned() } else { kept.to_owned() };
        Self { sign, digits, exponent: exponent.parse().unwrap_or(0) }
    }

    /// With an exponent below -4, and from `limit` on.
    fn print(&self, limit: i32) -> String {
        let Self { sign, digits, exponent } = self;
        if *exponent < -4 || *exponent >= limit {
            let (first, rest) = digits.split_at_checked(1).unwrap_or(("0", ""));
            let point = if rest.is_empty() { "" } else { "." };
            let direction = if *exponent < 0 { '-' } else { '+' };
            return format!("{sign}{first}{point}{rest}e{direction}{:02}", exponent.abs());
        }
        let before = usize::try_from(*exponent + 1).unwrap_or(0);
        if *exponent < 0 {
            return format!("{sign}0.{}{digits}", "0".repeat(usize::try_from(-exponent - 1).unwrap_or(0)));
        }
        match digits.split_at_checked(before) {
            Some((whole, rest)) if !rest.is_empty() => format!("{sign}{whole}.{rest}"),
            _ => format!("{sign}{digits}{}", "0".repeat(before.saturating_sub(digits.len()))),
        }
    }
}

/// Rust's `1.5e3` as Go's `1.5e+03`.
fn with_exponent(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let direction = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{direction}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn general_numbers_are_as_go_prints_them() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (100_000.0, "100000"),
            (1e6, "1e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-3.5, "-3.5"),
            (1e21, "1e+21"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Inf"),
        ];
        for (value, text) in cases {
            assert_eq!(general(value), text);
        }
    }

    #[test]
    fn a_precision_counts_significant_digits() {
        for (value, precision, text) in [
            (1234.5, 3, "1.23e+03"),
            (12.345, 4, "12.35"),
            (0.5, 4, "0.5"),
            (999.96, 4, "1000"),
            (99999.0, 4, "1e+05"),
        ] {
            assert_eq!(general_to(value, precision), text);
        }
    }
}
