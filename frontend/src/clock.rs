//! The time of day as the server sees it, and a tick each second for ages.

use std::time::Duration;

use leptos::prelude::*;

use crate::range::SECOND;

/// Clocks closer than this count as equal: the `Date` header has whole seconds.
const TOLERANCE: i64 = 3 * SECOND;

/// The server's clock. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    tick: RwSignal<i64>,
    /// What to add to the browser's clock, in milliseconds.
    offset: StoredValue<i64>,
}

impl Clock {
    /// Milliseconds since the epoch, now.
    pub(crate) fn now(&self) -> i64 {
        browser_now() + self.offset.get_value()
    }

    /// [`Self::now`], tracked: whoever reads it runs again each second.
    pub(crate) fn ticking(&self) -> i64 {
        self.tick.get()
    }

    /// Milliseconds by which the browser's clock is ahead of the server's; 0 where they are so close that nobody can tell.
    pub(crate) fn ahead(&self) -> i64 {
        -self.offset.get_value()
    }

    /// Learns from the `Date` header of an answer how far the browser's clock is off.
    pub(crate) fn observe(&self, date: &str) {
        let server = js_sys::Date::parse(date);
        if !server.is_finite() {
            return;
        }
        let off = server as i64 + SECOND / 2 - browser_now();
        self.offset.try_set_value(if off.abs() > TOLERANCE { off } else { 0 });
    }
}

fn browser_now() -> i64 {
    js_sys::Date::now() as i64
}

/// Starts the clock and puts it into the context.
pub(crate) fn provide_clock() -> Clock {
    let clock = Clock { tick: RwSignal::new(browser_now()), offset: StoredValue::new(0) };
    if let Ok(handle) = set_interval_with_handle(move || clock.tick.set(clock.now()), Duration::from_secs(1))
    {
        on_cleanup(move || handle.clear());
    }
    provide_context(clock);
    clock
}

/// The clock of this application.
pub(crate) fn use_clock() -> Clock {
    expect_context()
}
