//! The time of day, read here and nowhere else.

use std::time::{SystemTime, UNIX_EPOCH};

use crowsnest_api::Timestamp;

/// Now. Before 1970 counts as 1970.
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// `at` in RFC 3339, UTC: `2026-11-21T09:00:00Z`. Times outside jiff's range are written as its ends.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let fallback = if at.millis() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(fallback).to_string()
}
