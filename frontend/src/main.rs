//! The web interface of Crowsnest: one page, drawn in the browser, that talks to the server by relative URLs only.
//!
//! Start reading at [`app`]. `views` mirrors the routes, `components` knows no routes, `api` holds every request,
//! `i18n` every word. What is pure (routes, ranges, queries, formats, the verdict) is tested on the host.

#![expect(unreachable_pub, reason = "`#[component]` writes `pub` items")]
#![expect(clippy::needless_pass_by_value, reason = "components own their properties")]

mod access;
mod actions;
mod alerts;
mod api;
mod app;
mod arrange;
mod assets;
mod assist;
mod boards;
mod charts;
mod clock;
mod cluster;
mod components;
mod diff;
mod download;
mod format;
mod i18n;
mod json;
mod kinds;
mod known_names;
mod links;
mod live;
mod logs;
mod moment;
mod notices;
mod pattern;
mod poll;
mod prefs;
mod query_text;
mod range;
mod router;
mod shortcuts;
mod templates;
mod verdict;
mod views;
mod zone;

fn main() {
    leptos::mount::mount_to_body(app::App);
}
