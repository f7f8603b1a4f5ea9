//! Resource quantities: `250m`, `64Mi`, `2`.

/// Suffix and what it multiplies by, in thousandths.
const SUFFIXES: &[(&str, i128)] = &[
    ("Ki", 1000 << 10),
    ("Mi", 1000 << 20),
    ("Gi", 1000 << 30),
    ("Ti", 1000 << 40),
    ("Pi", 1000 << 50),
    ("Ei", 1000 << 60),
    ("m", 1),
    ("k", 1_000_000),
    ("M", 1_000_000_000),
    ("G", 1_000_000_000_000),
    ("T", 1_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000_000),
];

/// A quantity in thousandths (millicores, thousandths of a byte), rounded up; none if the text is no quantity.
pub(crate) fn parse_milli(text: &str) -> Option<i128> {
    let (digits, scale) = SUFFIXES
        .iter()
        .find_map(|(suffix, scale)| Some((text.strip_suffix(suffix)?, *scale)))
        .unwrap_or((text, 1000));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.len() > 9 || whole.len() > 18 {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let unit = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let scaled = part * scale;
    Some(whole * scale + scaled / unit + i128::from(scaled % unit != 0))
}

/// Writes thousandths as a plain number or in `m`, or with a binary suffix where `like` has one.
pub(crate) fn write_milli(milli: i128, like: &str) -> String {
    if milli % 1000 != 0 {
        return format!("{milli}m");
    }
    if like.ends_with('i') {
        for (suffix, scale) in SUFFIXES.iter().take(6).rev() {
            if milli != 0 && milli % scale == 0 {
                return format!("{}{suffix}", milli / scale);
            }
        }
    }
    (milli / 1000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_scale() {
        assert_eq!(parse_milli("250m"), Some(250));
        assert_eq!(parse_milli("2"), Some(2000));
        assert_eq!(parse_milli("0.5"), Some(500));
        assert_eq!(parse_milli("64Mi"), Some(64 * 1024 * 1024 * 1000));
        assert_eq!(parse_milli("1k"), Some(1_000_000));
        assert_eq!(parse_milli("much"), None);
    }

    #[test]
    fn a_sum_is_written_like_its_limit() {
        assert_eq!(write_milli(180, "4"), "180m");
        assert_eq!(write_milli(288 * 1024 * 1024 * 1000, "8Gi"), "288Mi");
        assert_eq!(write_milli(7000, "20"), "7");
    }
}
