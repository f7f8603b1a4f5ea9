//! Time as dashboards write it: ranges, intervals, durations, dates. Nothing here reads a clock; now is an argument.

pub mod date;
pub mod duration;
pub mod interval;
pub mod range;
pub mod scrape;

/// A time zone: how far its clocks are ahead of UTC at an instant.
///
/// The crate has no table of zones: the browser and the server each know theirs.
pub trait Zone {
    /// Milliseconds to add to UTC at the instant `utc_ms`.
    fn offset_ms(&self, utc_ms: i64) -> i64;
}

/// The zone without an offset.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utc;

impl Zone for Utc {
    fn offset_ms(&self, _utc_ms: i64) -> i64 {
        0
    }
}

impl<F: Fn(i64) -> i64> Zone for F {
    fn offset_ms(&self, utc_ms: i64) -> i64 {
        self(utc_ms)
    }
}

/// What a clock in `zone` shows at `utc_ms`, as milliseconds since its 1970-01-01 00:00.
pub(crate) fn to_local(utc_ms: i64, zone: &dyn Zone) -> i64 {
    utc_ms.saturating_add(zone.offset_ms(utc_ms))
}

/// When a clock in `zone` shows `local_ms`. Of two such instants the first; a time that clocks jump over is as much later.
pub(crate) fn to_utc(local_ms: i64, zone: &dyn Zone) -> i64 {
    let guess = local_ms.saturating_sub(zone.offset_ms(local_ms));
    local_ms.saturating_sub(zone.offset_ms(guess))
}
