//! Doors for `fuzz/` to what reads the bytes of strangers. Compiled for it only; see `docs/fuzzing.md`.

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};

use crate::api_v1::{read, write};
use crate::auth::Credentials;

/// A form or a query string.
pub fn form(form: &[u8]) {
    crate::api_v1::read_form(form);
}

/// The body of a push: as it is, and as what it would be once decompressed.
pub fn remote_write(body: &[u8]) {
    write::read_any(body);
}

/// What other senders send, by the first byte: OpenTelemetry's metrics as protobuf or JSON, Influx's lines, a path of the Pushgateway.
pub fn senders(bytes: &[u8]) {
    let Some((&form, body)) = bytes.split_first() else { return };
    match form {
        b'j' => crate::otlp::read_any(body, true),
        b'i' => crate::influx::read_any(body),
        b'g' => crate::pushgateway::read_any(body),
        _ => crate::otlp::read_any(body, false),
    }
}

/// The body of a remote read, likewise.
pub fn remote_read(body: &[u8]) {
    read::read_any(body);
}

/// The value of `Authorization` in the first line, that of `Cookie` in the others.
pub fn credentials(text: &[u8]) {
    let mut headers = HeaderMap::new();
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let name = if number == 0 { AUTHORIZATION } else { COOKIE };
        if let Ok(value) = http::HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    let _ = Credentials::of(&headers);
}

/// A path in the first line, `X-Forwarded-Uri` in the second, `X-Forwarded-Prefix` in the third.
pub fn base_path(text: &[u8]) {
    let mut lines = text.split(|&byte| byte == b'\n');
    let Some(path) = lines.next().and_then(|path| str::from_utf8(path).ok()) else { return };
    let mut headers = HeaderMap::new();
    for (name, line) in ["x-forwarded-uri", "x-forwarded-prefix"].into_iter().zip(lines) {
        if let Ok(value) = http::HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    crate::http::locate_any(&headers, path);
}
