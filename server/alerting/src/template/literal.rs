//! Constants in templates, as Go writes them.

use super::node::OperandKind;

/// A number or a character constant.
pub(crate) fn number(text: &str) -> Result<OperandKind, String> {
    let bad = || format!("bad number syntax: {text:?}");
    if text.starts_with('\'') {
        let inner = unquote(text).ok_or_else(|| format!("malformed character constant: {text}"))?;
        let mut chars = inner.chars();
        return match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(OperandKind::Int { value: i64::from(u32::from(c)), text: text.to_owned() }),
            _ => Err(format!("malformed character constant: {text}")),
        };
    }
    let plain: String = text.chars().filter(|&c| c != '_').collect();
    let unsigned = plain.trim_start_matches(['+', '-']);
    let is_negative = plain.starts_with('-');
    let radix = match unsigned.to_ascii_lowercase().as_bytes() {
        [b'0', b'x', ..] => Some((16, 2)),
        [b'0', b'o', ..] => Some((8, 2)),
        [b'0', b'b', ..] => Some((2, 2)),
        [b'0', digits @ ..] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => Some((8, 1)),
        digits if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => Some((10, 0)),
        _ => None,
    };
    if let Some((radix, prefix)) = radix {
        let digits = unsigned.get(prefix..).unwrap_or_default();
        if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
            return Err(bad());
        }
        let sign = if is_negative { "-" } else { "" };
        return i64::from_str_radix(&format!("{sign}{digits}"), radix)
            .map(|value| OperandKind::Int { value, text: text.to_owned() })
            .map_err(|_| format!("integer overflow: {text:?}"));
    }
    match plain.parse::<f64>() {
        Ok(value) if value.is_finite() && unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            Ok(OperandKind::Float { value, text: text.to_owned() })
        }
        _ => Err(bad()),
    }
}

/// What a quoted string stands for; `None` when it is malformed. Bytes that are not UTF-8 are replaced.
pub(crate) fn unquote(text: &str) -> Option<String> {
    let mut chars = text.chars();
    let quote = chars.next()?;
    let inner = chars.as_str().strip_suffix(quote)?;
    if quote == '`' {
        return Some(inner.chars().filter(|&c| c != '\r').collect());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let mut buffer = [0; 4];
        if c != '\\' {
            bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
            continue;
        }
        let escape = chars.next()?;
        let mut digits = |count: usize, radix: u32| -> Option<u32> {
            (0..count).try_fold(0, |sum: u32, _| Some(sum * radix + chars.next()?.to_digit(radix)?))
        };
        match escape {
            'a' => bytes.push(7),
            'b' => bytes.push(8),
            'f' => bytes.push(12),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'v' => bytes.push(11),
            '\\' => bytes.push(b'\\'),
            '\'' | '"' if escape == quote => bytes.push(u8::try_from(escape).ok()?),
            'x' => bytes.push(u8::try_from(digits(2, 16)?).ok()?),
            'u' | 'U' => {
                let c = char::from_u32(digits(if escape == 'u' { 4 } else { 8 }, 16)?)?;
                bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
            }
            '0'..='7' => {
                let high = escape.to_digit(8)?;
                bytes.push(u8::try_from(high * 64 + digits(2, 8)?).ok()?);
            }
            _ => return None,
        }
    }
    Some(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_unquoted_as_go_does() {
        assert_eq!(unquote(r#""a\n\x41\u00e9\101\"""#).as_deref(), Some("a\nAéA\""));
        assert_eq!(unquote("`a\\n`").as_deref(), Some("a\\n"));
        assert_eq!(unquote(r#""\'""#), None);
        assert_eq!(unquote(r#""\q""#), None);
    }

    #[test]
    fn numbers_are_ints_until_they_have_a_point_or_an_exponent() {
        let shown = |text| match number(text) {
            Ok(OperandKind::Int { value, .. }) => format!("int {value}"),
            Ok(OperandKind::Float { value, .. }) => format!("float {value}"),
            _ => "bad".to_owned(),
        };
        let cases = [
            ("5", "int 5"),
            ("-0x1F", "int -31"),
            ("017", "int 15"),
            ("1_000", "int 1000"),
            ("1e3", "float 1000"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected);
        }
        assert_eq!(shown("'a'"), "int 97");
        assert_eq!(shown("99999999999999999999"), "bad");
        assert_eq!(shown("5.0"), "float 5");
    }
}
