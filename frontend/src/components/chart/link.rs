//! The crosshair that the charts of a page share.

use std::sync::atomic::{AtomicU32, Ordering};

use leptos::prelude::*;

/// The moment under the pointer, and which chart the pointer is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cursor {
    /// Milliseconds since the Unix epoch.
    pub(crate) at_ms: i64,
    /// The row of the pointer in the chart it is over; `None` when keys moved the crosshair.
    pub(crate) y: Option<f64>,
    source: u32,
}

/// One chart's end of the link. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct ChartLink {
    cursor: RwSignal<Option<Cursor>>,
    id: u32,
}

#[derive(Clone, Copy)]
struct Shared(RwSignal<Option<Cursor>>);

/// Makes the charts below share one crosshair. Called once by a page.
pub(crate) fn provide_chart_link() {
    provide_context(Shared(RwSignal::new(None)));
}

/// This chart's end of the link; a chart whose page has none has its crosshair for itself.
pub(crate) fn use_chart_link() -> ChartLink {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Shared(cursor) = use_context().unwrap_or_else(|| Shared(RwSignal::new(None)));
    ChartLink { cursor, id: NEXT.fetch_add(1, Ordering::Relaxed) }
}

impl ChartLink {
    /// Where the crosshair is, tracked.
    pub(crate) fn cursor(self) -> Option<Cursor> {
        self.cursor.get()
    }

    /// Where the crosshair is, if this chart put it there; tracked.
    pub(crate) fn own_cursor(self) -> Option<Cursor> {
        self.cursor.get().filter(|cursor| cursor.source == self.id)
    }

    /// Moves the crosshair of all charts.
    pub(crate) fn point_at(self, at_ms: i64, y: Option<f64>) {
        self.cursor.set(Some(Cursor { at_ms, y, source: self.id }));
    }

    /// Takes the crosshair away, if this chart put it there.
    pub(crate) fn clear(self) {
        let own = self.cursor.with_untracked(|cursor| cursor.is_some_and(|cursor| cursor.source == self.id));
        if own {
            self.cursor.set(None);
        }
    }
}
