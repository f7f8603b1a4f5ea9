//! The frame around every view: side bar, top bar, and on narrow screens a bar of tabs.

use std::time::Duration;

use leptos::ev;
use leptos::html;
use leptos::prelude::*;

use super::access::{AccessView, Question};
use super::cluster::{Cluster, provide_cluster, provide_metrics, use_metrics};
use super::explore::Explore;
use super::list::ListView;
use super::list_face::LateNote;
use super::node::NodeView;
use super::nodes::NodesView;
use super::not_found::NotFound;
use super::object::ObjectView;
use super::overview::Overview;
use super::situation::SituationView;
use super::sources::SourcesView;
use super::watch::provide_watch;
use crate::access::provide_access;
use crate::api::{fetch_series_count, use_client, use_session};
use crate::components::{Brand, BrandMark, Crumb, Crumbs, Icon, IconName, LanguageSelect, ThemeButton, Tone};
use crate::format;
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::kinds;
use crate::live::List;
use crate::poll::{Cadence, poll, throttled};
use crate::router::{Page, Route, use_router};
use crate::verdict::Severity;

mod account;

use account::Account;

/// A page of the side bar.
struct Entry {
    page: Page,
    label: Msg,
    icon: IconName,
    /// The letter after `G`; empty where it has none.
    key: &'static str,
    /// Whether there must be a cluster to look at.
    needs: Needs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Cluster,
}

/// The side bar: groups in the order of the page, the first without a name.
const GROUPS: &[(Option<Msg>, &[Entry])] = &[
    (None, &[entry(Page::Overview, Msg::Overview, IconName::Home, "O", Needs::Nothing)]),
    (Some(Msg::GroupWorkloads), &[entry(Page::List("pods"), Msg::Pods, IconName::Pods, "P", Needs::Cluster)]),
    (
        Some(Msg::GroupNetwork),
        &[
            entry(Page::List("services"), Msg::Services, IconName::Service, "", Needs::Cluster),
            entry(Page::List("ingresses"), Msg::Ingresses, IconName::Ingress, "", Needs::Cluster),
        ],
    ),
    (
        Some(Msg::GroupCluster),
        &[
            entry(Page::Nodes, Msg::Nodes, IconName::Nodes, "N", Needs::Nothing),
            entry(Page::List("namespaces"), Msg::Namespaces, IconName::Namespaces, "", Needs::Cluster),
            entry(Page::List("events"), Msg::Events, IconName::Events, "V", Needs::Cluster),
            entry(Page::Access, Msg::Access, IconName::Lock, "A", Needs::Nothing),
        ],
    ),
    (
        Some(Msg::GroupObserve),
        &[
            entry(Page::Explore, Msg::Explore, IconName::Explore, "E", Needs::Nothing),
            entry(Page::Sources, Msg::Sources, IconName::Upload, "S", Needs::Nothing),
        ],
    ),
];

const fn entry(page: Page, label: Msg, icon: IconName, key: &'static str, needs: Needs) -> Entry {
    Entry { page, label, icon, key, needs }
}

/// How often the foot of the side bar is refreshed.
const SERIES_COUNT: Duration = Duration::from_secs(60);
/// How soon a change is seen in the counts of the side bar.
const COUNT_PAUSE: Duration = Duration::from_millis(500);

/// The frame, with the view of the current route in it.
#[component]
pub(crate) fn Shell(
    /// Whether the list of keys is shown.
    help: RwSignal<bool>,
) -> impl IntoView {
    let router = use_router();
    let lang = use_lang();
    let session = use_session();
    // Whoever signs in elsewhere as somebody else has another cluster, or none; the shell is then drawn anew.
    let cluster = session.has_cluster_now().then(provide_cluster);
    provide_access();
    provide_metrics();
    provide_watch();
    let main = NodeRef::<html::Main>::new();
    let page = Memo::new(move |_| router.route().page);

    Effect::new(move || {
        document().set_title(&format!("{} · Crowsnest", page_title(&page.get(), lang.get())));
    });
    // A new page is read from its top, by eyes and by screen readers. The first one is where the browser put them.
    Effect::watch(
        move || page.get(),
        move |_, _, _| {
            if let Some(main) = main.get_untracked() {
                main.set_scroll_top(0);
                let _ = main.focus();
            }
        },
        false,
    );
    let skip = move |event: ev::MouseEvent| {
        event.prevent_default();
        if let Some(main) = main.get_untracked() {
            let _ = main.focus();
        }
    };
    let way = Signal::derive(move || crumbs(&page.get(), lang.get()));
    let view_of = move || match (page.get(), cluster) {
        (Page::Overview, Some(cluster)) => view! { <SituationView cluster=cluster/> }.into_any(),
        (Page::Overview, None) => view! { <Overview/> }.into_any(),
        (Page::Nodes, Some(cluster)) => view! { <ListView row=kinds::NODES cluster=cluster/> }.into_any(),
        (Page::Nodes, None) => view! { <NodesView/> }.into_any(),
        (Page::Node(name), Some(cluster)) => {
            view! { <ObjectView row=kinds::NODES cluster=cluster namespace="" name=name/> }.into_any()
        }
        (Page::Node(name), None) => view! { <NodeView name=name/> }.into_any(),
        (Page::Explore, _) => view! { <Explore/> }.into_any(),
        (Page::Sources, _) => view! { <SourcesView/> }.into_any(),
        (Page::Access, cluster) => {
            view! { <AccessView cluster=cluster question=Question::WhatCanI/> }.into_any()
        }
        (Page::AccessWho, cluster @ Some(_)) => {
            view! { <AccessView cluster=cluster question=Question::WhoCan/> }.into_any()
        }
        (Page::List(id), Some(cluster)) if let Some(row) = kinds::find(id) => {
            view! { <ListView row=row cluster=cluster/> }.into_any()
        }
        (Page::Object(id, namespace, name), Some(cluster)) if let Some(row) = kinds::find(id) => {
            view! { <ObjectView row=row cluster=cluster namespace=namespace name=name/> }.into_any()
        }
        (Page::Unknown(path), _) => view! { <NotFound path=path/> }.into_any(),
        (page @ (Page::List(_) | Page::Object(..) | Page::AccessWho), _) => {
            let path = Route::to(page).to_string().trim_start_matches('#').to_owned();
            view! { <NotFound path=path/> }.into_any()
        }
    };
    let help_title = tr(Msg::Keys);
    view! {
        <a class="skip-link" href="#main" on:click=skip>{tr(Msg::SkipToContent)}</a>
        <div class="app">
            <SideBar page=page cluster=cluster/>
            <header class="app__top topbar">
                <span class="topbar__mark"><BrandMark/></span>
                <Crumbs way=way/>
                <div class="topbar__tools">
                    <span class="topbar__switches"><LanguageSelect/></span>
                    <span class="topbar__switches"><ThemeButton/></span>
                    <button
                        type="button"
                        class="btn btn--quiet btn--icon topbar__help"
                        aria-label=help_title
                        aria-keyshortcuts="?"
                        title=move || format!("{} (?)", help_title())
                        on:click=move |_| help.set(true)
                    >
                        <Icon name=IconName::Help/>
                    </button>
                    <Account help=help/>
                </div>
            </header>
            <main node_ref=main class="app__main" id="main" tabindex="-1">
                {cluster.map(|cluster| view! { <LateNote cluster=cluster/> })}
                <Show when=move || session.is_ephemeral() && page.get() == Page::Overview>
                    <p class="late-note is-warning"><Icon name=IconName::Warning/><span>{tr(Msg::Ephemeral)}</span></p>
                </Show>
                {view_of}
            </main>
            <nav class="tabbar" aria-label=tr(Msg::MainNavigation)>
                {entries()
                    .filter(move |entry| entry.is_for(cluster.is_some()) && entry.is_first())
                    .map(|entry| {
                        view! {
                            <a
                                class="tabbar__item"
                                class:is-current=move || is_within(&page.get(), &entry.page)
                                aria-current=move || is_within(&page.get(), &entry.page).then_some("page")
                                href=Route::to(entry.page.clone()).to_string()
                            >
                                <Icon name=entry.icon/>
                                {tr(entry.label)}
                            </a>
                        }
                    })
                    .collect_view()}
            </nav>
        </div>
    }
}

/// The kinds of things there are, and how many of them need somebody.
#[component]
fn SideBar(page: Memo<Page>, cluster: Option<Cluster>) -> impl IntoView {
    let client = use_client();
    let lang = use_lang();
    let metrics = use_metrics();
    // How much the whole server holds is the business of those who see all of it; others would only be refused.
    let sees_all = Memo::new(move |_| cluster.is_none_or(|cluster| cluster.sees_everything()));
    let series_count = poll(
        move || {
            let cadence = if sees_all.get() { Cadence::Every(SERIES_COUNT) } else { Cadence::Never };
            ((), if metrics.may() { cadence } else { Cadence::Never })
        },
        move |(), abort| fetch_series_count(client, abort),
    );
    let item = move |entry: &'static Entry| {
        let title = move || match entry.key {
            "" => entry.label.text(lang.get()).to_owned(),
            key => format!("{} (G {key})", entry.label.text(lang.get())),
        };
        let count = match (&entry.page, cluster) {
            (Page::Nodes, None) => Some(view! { <NodeCount/> }.into_any()),
            (Page::Nodes, Some(cluster)) => Some(view! { <ListCount list=cluster.nodes/> }.into_any()),
            (Page::List("pods"), Some(cluster)) => Some(view! { <ListCount list=cluster.pods/> }.into_any()),
            _ => None,
        };
        view! {
            <li>
                <a
                    class="sidenav__item"
                    class:is-current=move || is_within(&page.get(), &entry.page)
                    aria-current=move || is_within(&page.get(), &entry.page).then_some("page")
                    href=Route::to(entry.page.clone()).to_string()
                    title=title
                >
                    <Icon name=entry.icon/>
                    <span class="sidenav__label">{tr(entry.label)}</span>
                    {count}
                </a>
            </li>
        }
    };
    let group = move |(title, entries): &'static (Option<Msg>, &'static [Entry])| {
        let entries: Vec<_> = entries.iter().filter(|entry| entry.is_for(cluster.is_some())).collect();
        (!entries.is_empty()).then(|| {
            view! {
                {title.map(|title| view! { <h2 class="sidenav__group">{tr(title)}</h2> })}
                <ul>{entries.into_iter().map(item).collect_view()}</ul>
            }
        })
    };
    let series = move || {
        let number = series_count.value.get()?;
        Some(fill(Msg::SeriesCount.text(lang.get()), &[("n", &format::number(number as f64))]))
    };
    let version = move || fill(Msg::Version.text(lang.get()), &[("version", env!("CARGO_PKG_VERSION"))]);
    view! {
        <nav class="app__side sidenav" aria-label=tr(Msg::MainNavigation)>
            <a class="sidenav__head" href=Route::to(Page::Overview).to_string() aria-label="Crowsnest"><Brand/></a>
            <div class="sidenav__body">{GROUPS.iter().map(group).collect_view()}</div>
            <div class="sidenav__foot">
                <span>{series}</span>
                <span>{version}</span>
            </div>
        </nav>
    }
}

/// How many nodes there are; where some are broken, how many of those, in colour.
#[component]
fn NodeCount() -> impl IntoView {
    let watch = super::watch::use_watch();
    let lang = use_lang();
    let wrong = Memo::new(move |_| {
        watch.problems.with(|problems| {
            let worst = problems.first().map(|problem| problem.severity)?;
            let mut nodes: Vec<&str> = problems
                .iter()
                .filter(|problem| problem.severity == worst)
                .map(|problem| problem.node.as_str())
                .collect();
            nodes.dedup();
            Some((worst, nodes.len()))
        })
    });
    let total = move || watch.feed.value.with(|nodes| nodes.as_ref().map(Vec::len));
    let number = move || wrong.get().map(|(_, count)| count).or_else(total).filter(|count| *count > 0);
    let title = move || {
        wrong.get().map(|(severity, n)| match severity {
            Severity::Critical => crate::i18n::count(lang.get(), n, Msg::BrokenOne, Msg::BrokenMany),
            Severity::Warning => crate::i18n::count(lang.get(), n, Msg::LookOne, Msg::LookMany),
        })
    };
    let of = move |severity| move || wrong.get().is_some_and(|(worst, _)| worst == severity);
    view! {
        <span
            class="sidenav__count"
            class:is-critical=of(Severity::Critical)
            class:is-warning=of(Severity::Warning)
            title=title
        >
            {number}
        </span>
    }
}

/// How many objects there are; where some are broken, how many of those, in colour.
#[component]
fn ListCount(list: List) -> impl IntoView {
    let lang = use_lang();
    let changed = throttled(move || list.with(|all| _ = all.next()), COUNT_PAUSE);
    let counts = Memo::new(move |_| {
        changed.track();
        untrack(|| {
            let of = |tone: Tone| list.with(|all| all.filter(|entry| entry.tone == Some(tone)).count());
            (list.len(), of(Tone::Critical), of(Tone::Warning))
        })
    });
    let is_broken = move || counts.get().1 != 0;
    let needs_look = move || !is_broken() && counts.get().2 != 0;
    let number = move || match counts.get() {
        (0, ..) => None,
        (_, broken, _) if broken > 0 => Some(broken),
        (_, _, look) if look > 0 => Some(look),
        (total, ..) => Some(total),
    };
    let title = move || match counts.get() {
        (_, broken, _) if broken > 0 => {
            Some(crate::i18n::count(lang.get(), broken, Msg::BrokenOne, Msg::BrokenMany))
        }
        (_, _, look) if look > 0 => Some(crate::i18n::count(lang.get(), look, Msg::LookOne, Msg::LookMany)),
        _ => None,
    };
    view! {
        <span
            class="sidenav__count"
            class:is-critical=is_broken
            class:is-warning=needs_look
            title=title
        >
            {number}
        </span>
    }
}

impl Entry {
    /// Whether it is shown.
    fn is_for(&self, has_cluster: bool) -> bool {
        has_cluster || self.needs == Needs::Nothing
    }

    /// Whether the few places of a narrow screen have one for it.
    fn is_first(&self) -> bool {
        !matches!(self.page, Page::List("namespaces") | Page::Access | Page::Sources)
    }
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    GROUPS.iter().flat_map(|(_, entries)| *entries)
}

/// Whether `page` is `entry` or lies below it.
fn is_within(page: &Page, entry: &Page) -> bool {
    match (page, entry) {
        (Page::Node(_), Page::Nodes) => true,
        (Page::Object(id, ..), Page::List(list)) => id == list,
        (Page::AccessWho, Page::Access) => true,
        _ => page == entry,
    }
}

fn page_title(page: &Page, lang: Lang) -> String {
    match page {
        Page::Node(name) | Page::Object(_, _, name) => name.clone(),
        Page::Unknown(_) => "404".to_owned(),
        Page::AccessWho => Msg::WhoCan.text(lang).to_owned(),
        page => entries()
            .find(|entry| entry.page == *page)
            .map(|entry| entry.label.text(lang))
            .unwrap_or_default()
            .to_owned(),
    }
}

/// The group, the pages above, and the page itself.
fn crumbs(page: &Page, lang: Lang) -> Vec<Crumb> {
    let mut way = Vec::new();
    for (group, entries) in GROUPS {
        let Some(entry) = entries.iter().find(|entry| is_within(page, &entry.page)) else { continue };
        if let Some(group) = group {
            way.push(Crumb { label: group.text(lang).to_owned(), href: None });
        }
        if entry.page != *page {
            let href = Some(Route::to(entry.page.clone()).to_string());
            way.push(Crumb { label: entry.label.text(lang).to_owned(), href });
        }
    }
    if let Page::Object(id, namespace, _) = page
        && !namespace.is_empty()
    {
        let href = Some(Route::to(Page::List(id)).with("ns", namespace).to_string());
        way.push(Crumb { label: namespace.clone(), href });
    }
    way.push(Crumb { label: page_title(page, lang), href: None });
    way
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shortcuts::go_target;

    #[test]
    fn every_entry_is_reached_by_its_letter_and_by_its_address() {
        for entry in entries() {
            if entry.key.is_empty() {
                continue;
            }
            assert_eq!(go_target(&entry.key.to_lowercase()), Some(entry.page.clone()));
            assert_eq!(Route::parse(&Route::to(entry.page.clone()).to_string()).page, entry.page);
        }
    }

    #[test]
    fn the_way_to_a_node_leads_over_the_nodes() {
        let way = crumbs(&Page::Node("demo-1".into()), Lang::English);
        let labels: Vec<_> = way.iter().map(|crumb| crumb.label.as_str()).collect();
        assert_eq!(labels, ["Cluster", "Nodes", "demo-1"]);
        assert_eq!(way.get(1).and_then(|crumb| crumb.href.as_deref()), Some("#/nodes"));
    }
}
