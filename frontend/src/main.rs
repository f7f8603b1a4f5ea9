//! The web interface of Crowsnest: one page, drawn in the browser, that talks to the server by relative URLs only.
//!
//! Start reading at [`app`]. `views` mirrors the routes, `components` knows no routes, `api` holds every request,
//! `i18n` every word. What is pure (routes, ranges, queries, formats, the verdict) is tested on the host.

#![expect(unreachable_pub, reason = "`#[component]` writes `pub` items")]
#![expect(clippy::needless_pass_by_value, reason = "components own their properties")]

mod api;
mod app;
#[allow(dead_code, reason = "the pages that show it follow")]
mod charts;
mod clock;
#[allow(dead_code, reason = "the pages that show it follow")]
mod cluster;
mod components;
mod format;
#[allow(dead_code, reason = "the pages that show it follow")]
mod i18n;
#[allow(dead_code, reason = "the pages that show it follow")]
mod kinds;
mod moment;
mod poll;
mod prefs;
mod query_text;
mod range;
mod router;
mod shortcuts;
mod verdict;
mod views;

fn main() {
    leptos::mount::mount_to_body(app::App);
}
