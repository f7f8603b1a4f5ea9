//! Numbers as Go's `%g` writes them, since messages and printed queries are compared with Prometheus's.

use crowsnest_api::format_value;

/// As `%g`: shortest digits that read back the same, with an exponent below 0.0001 and from a million on.
pub(crate) fn general(value: f64) -> String {
    plain_or_scientific(&format!("{value:e}"), 6).unwrap_or_else(|| format_value(value))
}

/// As `%.2g`: two significant digits.
#[cfg(feature = "engine")]
pub(crate) fn two_digits(value: f64) -> String {
    plain_or_scientific(&format!("{value:.1e}"), 2).unwrap_or_else(|| format_value(value))
}

/// Rewrites `1.5e3`: plain for exponents from -4 up to, not including, `limit`. `None` for what has no exponent.
fn plain_or_scientific(scientific: &str, limit: i32) -> Option<String> {
    let (digits, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if (-4..limit).contains(&exponent) {
        return scientific.parse().ok().map(format_value);
    }
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    let sign = if exponent < 0 { '-' } else { '+' };
    Some(format!("{digits}e{sign}{:02}", exponent.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_and_small_numbers_have_an_exponent() {
        let cases = [
            (1.5, "1.5"),
            (-0.25, "-0.25"),
            (123_456.0, "123456"),
            (1e6, "1e+06"),
            (1.25e21, "1.25e+21"),
            (0.0001, "0.0001"),
            (0.000_012, "1.2e-05"),
            (0.0, "0"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ];
        for (value, text) in cases {
            assert_eq!(general(value), text);
        }
    }

    #[cfg(feature = "engine")]
    #[test]
    fn two_digits_are_rounded() {
        for (value, text) in [(2.0, "2"), (0.1234, "0.12"), (1234.0, "1.2e+03"), (1e-9, "1e-09")] {
            assert_eq!(two_digits(value), text);
        }
    }
}
