//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use crowsnest_api::Timestamp;

/// The time by the system's clock.
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
