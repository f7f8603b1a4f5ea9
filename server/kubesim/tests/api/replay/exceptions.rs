//! Recorded exchanges that are not answered as they were yet, and why; and what a recording itself has wrong.

use serde_json::{Value, json};

use super::corpus::Exchange;

const WATCH_CACHE: &str = "the recorded server's storage told it no progress; with etcd it sends the state";
const HISTORY: &str = "the history before the recorded lists is in no recording";

/// Recording, name, reason.
pub(crate) const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("watches", "from now, initial state as ADDED", WATCH_CACHE),
    ("watches", "sendInitialEvents with bookmark", WATCH_CACHE),
    ("watches", "too old", HISTORY),
    ("watches", "watch as Table", WATCH_CACHE),
];

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
