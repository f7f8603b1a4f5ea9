//! The newest warnings: what was told lately that is not good.

use leptos::prelude::*;

use super::super::cluster::Cluster;
use crate::arrange::Arrange as _;
use crate::cluster::event;
use crate::cluster::object::text;
use crate::components::{Icon, IconName, Panel};
use crate::i18n::{Msg, tr};
use crate::kinds::{self, Cell};
use crate::live::List;
use crate::router::{Page, Route};
use crate::views::list::Age;

/// How many are shown.
const MOST: usize = 7;

/// A warning as it is shown.
#[derive(Clone, PartialEq)]
struct Told {
    at: Option<i64>,
    reason: String,
    about: Option<(String, Option<Page>)>,
    message: String,
}

/// The panel.
#[component]
pub(super) fn Warnings(cluster: Cluster, events: List, changed: Signal<u32>) -> impl IntoView {
    let object = kinds::EVENTS.column("object").unwrap_or(0);
    let newest = Memo::new(move |_| {
        changed.track();
        cluster.chosen.track();
        untrack(|| {
            events.with(|events| {
                let mut found: Vec<_> = events
                    .filter(|one| event::is_warning(&one.object) && cluster.is_chosen(&one.key.0))
                    .map(|one| (event::last_seen(&one.object), one))
                    .collect();
                found.arrange_by_key(|(at, _)| std::cmp::Reverse(*at));
                let told = |(at, one): &(Option<i64>, &std::sync::Arc<crate::live::Entry>)| Told {
                    at: *at,
                    reason: text(&one.object, &["reason"]).to_owned(),
                    about: match one.cells.get(object) {
                        Some(Cell::Link(words, page)) => Some((words.clone(), Some(page.clone()))),
                        Some(Cell::Text(words)) => Some((words.clone(), None)),
                        _ => None,
                    },
                    message: text(&one.object, &["message"]).trim().to_owned(),
                };
                found.iter().take(MOST).map(told).collect::<Vec<_>>()
            })
        })
    });
    let line = |one: Told| {
        let about = one.about.map(|(words, page)| match page {
            Some(page) => view! { <a href=Route::to(page).to_string()>{words}</a> }.into_any(),
            None => view! { <span>{words}</span> }.into_any(),
        });
        view! {
            <li class="told is-warning">
                <span class="told__age">{one.at.map(|at| view! { <Age at=at/> })}</span>
                <Icon name=IconName::Warning/>
                <p class="told__words told__words--short"><strong>{one.reason}</strong>" "{about}<br/>{one.message}</p>
            </li>
        }
    };
    let (title, note) = (tr(Msg::RecentWarnings), tr(Msg::RecentWarningsNote));
    let tools = || view! { <a class="link" href=Route::to(Page::List("events")).to_string()>{tr(Msg::AllEvents)}</a> };
    view! {
        <Panel
            title=Signal::derive(move || title().to_owned())
            note=Signal::derive(move || note().to_owned())
            tools=tools
        >
            <Show
                when=move || newest.with(|newest| !newest.is_empty())
                fallback=|| view! { <p class="panel__none">{tr(Msg::NoWarnings)}</p> }
            >
                <ol class="told-list">{move || newest.get().into_iter().map(line).collect_view()}</ol>
            </Show>
        </Panel>
    }
}
