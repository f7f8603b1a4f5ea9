//! Quoted strings: Go's escapes, and bytes that need not be UTF-8.

/// The bytes a quoted string stands for, or `None` when an escape is malformed. `literal` includes the quotes.
pub(crate) fn unquote(literal: &str) -> Option<Vec<u8>> {
    let quote = literal.chars().next()?;
    let inner = literal.strip_prefix(quote)?.strip_suffix(quote)?;
    if quote == '`' {
        return Some(inner.as_bytes().to_vec());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            push(&mut bytes, c);
            continue;
        }
        let escaped = chars.next()?;
        match escaped {
            'a' => bytes.push(0x07),
            'b' => bytes.push(0x08),
            'f' => bytes.push(0x0c),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'v' => bytes.push(0x0b),
            'x' => bytes.push(u8::try_from(digits(&mut chars, 0, 2, 16)?).ok()?),
            'u' => push(&mut bytes, char::from_u32(digits(&mut chars, 0, 4, 16)?)?),
            'U' => push(&mut bytes, char::from_u32(digits(&mut chars, 0, 8, 16)?)?),
            '0'..='7' => bytes.push(u8::try_from(digits(&mut chars, escaped.to_digit(8)?, 2, 8)?).ok()?),
            '\\' => bytes.push(b'\\'),
            c if c == quote => push(&mut bytes, c),
            _ => return None,
        }
    }
    Some(bytes)
}

fn digits(chars: &mut std::str::Chars<'_>, first: u32, count: usize, radix: u32) -> Option<u32> {
    let mut value = first;
    for _ in 0..count {
        value = value.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?)?;
    }
    Some(value)
}

fn push(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// `bytes` as a double-quoted string that [`unquote`] reads back, in the form of Go's `%q`.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                '\x07' => text.push_str("\\a"),
                '\x08' => text.push_str("\\b"),
                '\x0b' => text.push_str("\\v"),
                '\x0c' => text.push_str("\\f"),
                c if c.is_ascii_control() => text.push_str(&format!("\\x{:02x}", c as u32)),
                c if c.is_control() => text.push_str(&format!("\\u{:04x}", c as u32)),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_stand_for_bytes() {
        assert_eq!(unquote(r#""a\xff\n\101ü\u00e4""#).unwrap(), b"a\xff\nA\xc3\xbc\xc3\xa4");
        assert_eq!(unquote(r"'it\'s'").unwrap(), b"it's");
        assert_eq!(unquote(r"`a\n`").unwrap(), br"a\n");
    }

    #[test]
    fn malformed_escapes_are_refused() {
        for literal in [r#""\q""#, r#""\xf""#, r#""\ud800""#, r#""\400""#, r#""\'""#] {
            assert_eq!(unquote(literal), None, "{literal}");
        }
    }

    proptest! {
        #[test]
        fn quoting_is_undone_by_unquoting(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(unquote(&quote(&bytes)), Some(bytes));
        }
    }
}
