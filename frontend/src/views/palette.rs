//! The command palette: kinds, pages, namespaces and objects by name; `Ctrl K` or `:` opens it.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;

use super::cluster::Cluster;
use super::kinds_served::use_served;
use super::shell::all_entries;
use crate::components::{Dialog, Icon, IconName};
use crate::i18n::{Lang, Msg, tr, use_lang};
use crate::kinds::served;
use crate::router::{Page, Route, Router, use_router};
use crate::shortcuts::shortcut;

mod found;
mod wider;

use found::{Candidate, Query, best};
use wider::wider_search;

/// Lines that are shown.
const MOST: usize = 40;
/// Where in the document the lines are, for the text box that chooses among them.
const LIST_ID: &str = "palette-list";

/// The palette. It is there on every page.
#[component]
pub(super) fn Palette(cluster: Option<Cluster>) -> impl IntoView {
    let open = RwSignal::new(false);
    let text = RwSignal::new(String::new());
    let show = move |begin: &'static str| {
        if !open.get_untracked() {
            text.set(begin.to_owned());
        }
        open.update(|open| *open = !*open);
    };
    shortcut("ctrl k", move || show(""));
    shortcut(":", move || show(":"));
    let title = tr(Msg::PaletteTitle);
    view! {
        <Dialog title=Signal::derive(move || title().to_owned()) open=open>
            <Finder cluster=cluster open=open text=text/>
        </Dialog>
    }
}

#[component]
fn Finder(cluster: Option<Cluster>, open: RwSignal<bool>, text: RwSignal<String>) -> impl IntoView {
    let (router, lang, served) = (use_router(), use_lang(), use_served());
    let input = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(input) = input.get() {
            let _ = input.focus();
        }
    });
    let wider = cluster.map(|cluster| {
        wider_search(cluster, Signal::derive(move || text.with(|text| Query::of(text).is_for_objects())))
    });
    let found = Memo::new(move |_| {
        served.track();
        let query = text.with(|text| Query::of(text));
        let mut all = pages(lang.get(), cluster.is_some());
        if let Some(cluster) = cluster {
            all.extend(namespaces(cluster, router));
            if query.is_for_objects() {
                all.extend(cluster.hub().find(&query.words, 4 * MOST).into_iter().map(Candidate::object));
                all.extend(wider.map(|wider| wider.get()).unwrap_or_default());
            }
        }
        best(all, &query, MOST)
    });
    let at = RwSignal::new(0_usize);
    Effect::watch(move || text.track(), move |(), _, _| at.set(0), false);
    let go = move |place: usize| {
        let chosen = found.with_untracked(|found| found.get(place).map(|one| one.route.clone()));
        if let Some(route) = chosen {
            open.set(false);
            router.push(route);
        }
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let last = found.with_untracked(Vec::len).saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => at.update(|at| *at = (*at + 1).min(last)),
            "ArrowUp" => at.update(|at| *at = at.saturating_sub(1)),
            "Enter" if !event.is_composing() => go(at.get_untracked()),
            _ => return,
        }
        event.prevent_default();
    };
    let line = move |(place, one): (usize, Candidate)| {
        view! {
            <li
                id=format!("{LIST_ID}-{place}")
                class="palette__line"
                class:is-current=move || at.get() == place
                role="option"
                aria-selected=move || (at.get() == place).to_string()
                on:click=move |_| go(place)
            >
                <Icon name=one.icon/>
                <span class="palette__name">{one.name}</span>
                <span class="palette__about">{one.about}</span>
            </li>
        }
    };
    let lines = move || found.get().into_iter().enumerate().map(line).collect_view();
    // What is chosen by key is to be seen.
    Effect::new(move || {
        let id = format!("{LIST_ID}-{}", at.get());
        let list = document().get_element_by_id(LIST_ID);
        if let (Some(line), Some(list)) = (document().get_element_by_id(&id), list) {
            let (line, frame) = (line.get_bounding_client_rect(), list.get_bounding_client_rect());
            let over = (frame.top() - line.top()).max(0.0) - (line.bottom() - frame.bottom()).max(0.0);
            list.set_scroll_top(list.scroll_top() - over as i32);
        }
    });
    view! {
        <div class="palette">
            <label class="input palette__input">
                <Icon name=IconName::Search/>
                <input
                    node_ref=input
                    type="text"
                    role="combobox"
                    autocomplete="off"
                    spellcheck="false"
                    aria-label=tr(Msg::PaletteTitle)
                    aria-expanded="true"
                    aria-controls=LIST_ID
                    aria-activedescendant=move || format!("{LIST_ID}-{}", at.get())
                    placeholder=tr(Msg::PaletteHint)
                    prop:value=move || text.get()
                    on:input:target=move |event| text.set(event.target().value())
                    on:keydown=on_key
                />
            </label>
            <ul id=LIST_ID class="palette__list" role="listbox" aria-label=tr(Msg::PaletteTitle)>{lines}</ul>
            <Show when=move || found.with(Vec::is_empty)>
                <p class="panel__none" role="status">{tr(Msg::PaletteNothing)}</p>
            </Show>
        </div>
    }
}

/// Pages and lists of kinds.
fn pages(lang: Lang, has_cluster: bool) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = Vec::new();
    for (section, entry) in all_entries(has_cluster) {
        let mut also = Vec::new();
        if let Page::List(id) = entry.page
            && let Some(row) = crate::kinds::find(id)
        {
            also.extend([id.to_owned(), row.api.2.to_owned(), row.api_kind.to_lowercase()]);
            also.extend(served::short_names(row));
        }
        if entry.page == Page::Nodes {
            also.extend(["nodes".to_owned(), "no".to_owned()]);
        }
        all.push(Candidate {
            name: entry.label.text(lang).to_owned(),
            about: section.map(|title| title.text(lang)).unwrap_or_default().to_owned(),
            is_page: true,
            also,
            icon: entry.icon,
            route: Route::to(entry.page),
        });
    }
    all
}

/// Namespaces: the same list in that namespace, or its pods.
fn namespaces(cluster: Cluster, router: Router) -> Vec<Candidate> {
    let here = router.route_now();
    let target = |name: &str| match here.page {
        Page::List(_) => here.clone().with("ns", name),
        _ => Route::to(Page::List("pods")).with("ns", name),
    };
    cluster.namespaces.value.with(|known| {
        let names = known.iter().flat_map(|known| &known.names);
        names
            .map(|name| Candidate {
                name: name.clone(),
                about: "Namespace".to_owned(),
                is_page: false,
                also: vec![format!("ns {name}")],
                icon: IconName::Namespaces,
                route: target(name),
            })
            .collect()
    })
}
