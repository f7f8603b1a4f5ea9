//! Escaping, as Go's text/template and html/template do it.

/// Escapes what has a meaning in HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => escaped.push('\u{FFFD}'),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Escapes a value for the place after `before`: as an address within `href` and `src`, as text elsewhere.
pub(crate) fn escape_for(before: &str, text: &str) -> String {
    let attribute =
        before.rfind(['<', '>']).and_then(|at| before.get(at..)).filter(|tag| tag.starts_with('<'));
    let quoted = attribute.and_then(|tag| {
        let opened = tag.rfind("=\"").or_else(|| tag.rfind("='"))?;
        let (name, value) = (tag.get(..opened)?, tag.get(opened + 2..)?);
        (!value.contains(['"', '\''])).then_some((name, value))
    });
    match quoted {
        Some((name, value)) if name.ends_with("href") || name.ends_with("src") => {
            let is_address = value.is_empty();
            escape(&if is_address { safe_address(text) } else { normalized_address(text) })
        }
        // html/template also escapes the plus sign in text.
        _ => escape(text).replace('+', "&#43;"),
    }
}

/// An address whose scheme cannot run anything.
fn safe_address(text: &str) -> String {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| !scheme.contains('/'));
    let is_safe = scheme.is_none_or(|scheme| {
        ["http", "https", "mailto"].iter().any(|safe| scheme.eq_ignore_ascii_case(safe))
    });
    if is_safe { normalized_address(text) } else { "#ZgotmplZ".to_owned() }
}

fn normalized_address(text: &str) -> String {
    let mut normalized = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    for (index, &byte) in bytes.iter().enumerate() {
        let is_escape = byte == b'%'
            && bytes.get(index + 1..index + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        if byte.is_ascii_alphanumeric() || b"!#$&*+,/:;=?@[]-._~".contains(&byte) || is_escape {
            normalized.push(char::from(byte));
        } else {
            normalized.push_str(&format!("%{byte:02x}"));
        }
    }
    normalized
}

/// Escapes what has a meaning in JavaScript strings.
pub(crate) fn escape_js(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '\'' | '"' => escaped.extend(['\\', c]),
            '<' | '>' | '&' | '=' => escaped.push_str(&format!("\\u{:04X}", u32::from(c))),
            c if c.is_control() => escaped.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Escapes a value for the query of a URL, as Go's `url.QueryEscape`.
pub(crate) fn escape_query(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        match byte {
            b' ' => escaped.push('+'),
            _ if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// Undoes [`escape_query`]; `None` for a malformed escape.
pub(crate) fn unescape_query(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            byte => bytes.push(byte),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
