//! Kubernetes quantities: `100m`, `1.5Gi`, `64`.

/// The suffixes and what they multiply by; two letters before one.
const SUFFIXES: &[(&str, f64)] = &[
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
];

/// The plain number that a quantity means; `None` where the text is none. Exponents such as `1e3` count as well.
pub(crate) fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let scaled = SUFFIXES.iter().find_map(|(suffix, factor)| {
        text.strip_suffix(suffix).and_then(|number| number.parse::<f64>().ok()).map(|number| number * factor)
    });
    scaled.or_else(|| text.parse().ok()).filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<f64>) {
        assert_eq!(parse(text), expected, "{text}");
    }

    #[test]
    fn quantities_are_read_in_every_unit() {
        check("64", Some(64.0));
        check("100m", Some(0.1));
        check("0.5", Some(0.5));
        check("64Mi", Some(67_108_864.0));
        check("1.5Gi", Some(1_610_612_736.0));
        check("128M", Some(128e6));
        check("1e3", Some(1000.0));
        check("2E", Some(2e18));
        check("5n", Some(5e-9));
    }

    #[test]
    fn what_is_no_quantity_is_none() {
        for text in ["", "m", "Gi", "1 GiB", "x", "inf", "NaN"] {
            check(text, None);
        }
    }
}
