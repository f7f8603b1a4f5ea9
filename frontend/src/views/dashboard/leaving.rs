//! Unsaved changes are not lost by accident: the browser asks before the page is closed.

use leptos::ev;
use leptos::prelude::*;

use crate::boards::Board;

/// Whether what is shown differs from what is stored; tracked.
pub(super) fn is_changed(board: Board) -> bool {
    board.dashboard.with(|shown| board.opened.with(|opened| *shown.json() != opened.dashboard))
}

/// Has the browser ask while there are changes.
pub(super) fn guard_leaving(board: Board) {
    let handle = window_event_listener(ev::beforeunload, move |event| {
        if untrack(|| is_changed(board)) {
            event.prevent_default();
            // What is written there no browser shows any more; that there is something makes it ask.
            event.set_return_value("unsaved");
        }
    });
    on_cleanup(move || handle.remove());
}
