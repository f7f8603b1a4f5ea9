//! What was told about an object, newest first.

use std::sync::Arc;
use std::time::Duration;

use crate::json::Value;
use leptos::prelude::*;

use super::ObjectPage;
use crate::arrange::Arrange as _;
use crate::cluster::event;
use crate::cluster::object::text;
use crate::components::{Icon, Panel, Tone};
use crate::i18n::{Msg, fill, shown_of, tr, use_lang};
use crate::kinds::{EVENTS, PODS};
use crate::live::Entry;
use crate::poll::throttled;
use crate::router::Route;
use crate::views::list::Age;

/// How many are shown; the list of all events has the rest.
const MOST: usize = 30;
const PAUSE: Duration = Duration::from_millis(300);

/// Reasons and messages of the warnings about the object with that uid, oldest first.
pub(super) fn warnings_of<'e>(
    events: impl Iterator<Item = &'e Arc<Entry>>,
    uid: &str,
) -> Vec<(String, String)> {
    let mut found: Vec<&Value> = events
        .map(|entry| &entry.object)
        .filter(|one| event::is_warning(one) && text(one, &["involvedObject", "uid"]) == uid)
        .collect();
    found.arrange_by_key(|one| event::last_seen(one));
    let words = |one: &Value| (text(one, &["reason"]).to_owned(), text(one, &["message"]).to_owned());
    found.into_iter().map(words).collect()
}

/// One event as it is shown.
#[derive(Clone, PartialEq)]
struct Told {
    at: Option<i64>,
    is_warning: bool,
    reason: String,
    message: String,
    count: i64,
}

/// The pod that an event of its owner tells of, as in "Created pod: web-1": its page stays after it.
fn pod_link(page: ObjectPage, message: &str) -> Option<impl IntoView + use<>> {
    let name = pod_of(message)?.to_owned();
    let namespace = page.wanted.with_value(|(namespace, _)| namespace.clone());
    let href = Route::to(PODS.object_page(&namespace, &name)).to_string();
    let lang = use_lang();
    let words = move || fill(Msg::PodPage.text(lang.get()), &[("name", &name)]);
    Some(view! { " "<a class="link" href=href aria-label=words>{tr(Msg::Inspect)}</a> })
}

fn pod_of(message: &str) -> Option<&str> {
    let (before, name) = message.rsplit_once("pod: ")?;
    let is_name =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    (is_name && matches!(before, "Created " | "Deleted ")).then_some(name)
}

/// The events of the page's object.
#[component]
pub(super) fn ObjectEvents(page: ObjectPage) -> impl IntoView {
    let lang = use_lang();
    let list = page.cluster.list(EVENTS);
    let changed = throttled(move || list.with(|events| _ = events.next()), PAUSE);
    let all = Memo::new(move |_| {
        changed.track();
        let mut told: Vec<Told> = list.with(|events| {
            page.wanted.with_value(|(namespace, name)| {
                let is_meant = |one: &Value| {
                    let (kind, of_namespace, of_name) = event::about(one);
                    let is_there = namespace.is_empty() || of_namespace == namespace;
                    of_name == name && is_there && kind == page.row.api_kind
                };
                let told = |one: &Value| Told {
                    at: event::last_seen(one),
                    is_warning: event::is_warning(one),
                    reason: text(one, &["reason"]).to_owned(),
                    message: text(one, &["message"]).trim().to_owned(),
                    count: event::count(one),
                };
                events.map(|entry| &entry.object).filter(|one| is_meant(one)).map(told).collect()
            })
        });
        told.arrange_by_key(|one| std::cmp::Reverse(one.at));
        told
    });
    let line = move |one: Told| {
        let tone = if one.is_warning { Tone::Warning } else { Tone::Done };
        let times = (one.count > 1).then(|| format!(" × {}", one.count));
        let link = pod_link(page, &one.message);
        view! {
            <li class=format!("told {}", tone.class())>
                <span class="told__age">{one.at.map(|at| view! { <Age at=at/> })}</span>
                <Icon name=tone.icon()/>
                <p class="told__words"><strong>{one.reason}</strong>" "{one.message}{link}<span class="told__times">{times}</span></p>
            </li>
        }
    };
    let heading = tr(Msg::Events);
    let note = Signal::derive(move || {
        let total = all.with(Vec::len);
        shown_of(lang.get(), total.min(MOST), total)
    });
    let lines = move || all.get().into_iter().take(MOST).map(line).collect_view();
    view! {
        <Panel title=Signal::derive(move || heading().to_owned()) note=note class="grid__16">
            <Show
                when=move || all.with(|all| !all.is_empty())
                fallback=|| view! { <p class="panel__none">{tr(Msg::NoEvents)}</p> }
            >
                <ol class="told-list">{lines}</ol>
            </Show>
        </Panel>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pod_that_an_owner_has_made_or_deleted_is_found_in_the_message() {
        assert_eq!(pod_of("Created pod: web-5c-x7"), Some("web-5c-x7"));
        assert_eq!(pod_of("Deleted pod: web-5c-x7"), Some("web-5c-x7"));
        assert_eq!(pod_of("Error creating: pods \"x\" is forbidden: pod: no"), None);
        assert_eq!(pod_of("Created pod: "), None);
    }
}
