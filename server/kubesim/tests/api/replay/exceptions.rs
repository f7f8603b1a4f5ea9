//! Recorded exchanges that are not answered as they were yet, and why; and what a recording itself has wrong.

use serde_json::{Value, json};

use super::corpus::Exchange;

const HISTORY: &str = "the history before the recorded lists is in no recording";

/// Recording, name, reason.
pub(crate) const EXCEPTIONS: &[(&str, &str, &str)] = &[("watches", "too old", HISTORY)];

/// Why an exchange may fail.
pub(crate) fn reason(recording: &str, name: &str) -> Option<&'static str> {
    EXCEPTIONS.iter().find(|row| row.0 == recording && row.1 == name).map(|row| row.2)
}

/// The recorded answer, as the server gave it: the recorder added its approval of a request for a certificate to the
/// answer to that request's creation before it wrote it down. Nothing can be approved before it exists.
pub(crate) fn corrected(exchange: &Exchange) -> Value {
    let mut body = exchange.body.clone();
    if exchange.method == "POST" && body["kind"] == "CertificateSigningRequest" {
        body["status"] = json!({});
    }
    body
}
