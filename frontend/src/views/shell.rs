//! The frame around every view: side bar, top bar, and on narrow screens a bar of tabs.

use std::time::Duration;

use leptos::ev;
use leptos::html;
use leptos::prelude::*;

use super::explore::Explore;
use super::node::NodeView;
use super::nodes::NodesView;
use super::not_found::NotFound;
use super::overview::Overview;
use super::watch::provide_watch;
use crate::api::{fetch_series_count, use_client};
use crate::components::{Brand, BrandMark, Crumb, Crumbs, Icon, IconName, LanguageSelect, ThemeButton};
use crate::format;
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::poll::{Cadence, poll};
use crate::router::{Page, Route, use_router};
use crate::verdict::Severity;

mod account;

use account::Account;

/// A page of the side bar.
struct Entry {
    page: Page,
    label: Msg,
    icon: IconName,
    /// The letter after `G`.
    key: &'static str,
}

/// The side bar: groups in the order of the page, the first without a name.
const GROUPS: &[(Option<Msg>, &[Entry])] = &[
    (None, &[Entry { page: Page::Overview, label: Msg::Overview, icon: IconName::Home, key: "O" }]),
    (
        Some(Msg::GroupCluster),
        &[Entry { page: Page::Nodes, label: Msg::Nodes, icon: IconName::Nodes, key: "N" }],
    ),
    (
        Some(Msg::GroupObserve),
        &[Entry { page: Page::Explore, label: Msg::Explore, icon: IconName::Explore, key: "E" }],
    ),
];

/// How often the foot of the side bar is refreshed.
const SERIES_COUNT: Duration = Duration::from_secs(60);

/// The frame, with the view of the current route in it.
#[component]
pub(crate) fn Shell(
    /// Whether the list of keys is shown.
    help: RwSignal<bool>,
) -> impl IntoView {
    let router = use_router();
    let lang = use_lang();
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
    let view_of = move || match page.get() {
        Page::Overview => view! { <Overview/> }.into_any(),
        Page::Nodes => view! { <NodesView/> }.into_any(),
        Page::Node(name) => view! { <NodeView name=name/> }.into_any(),
        Page::Explore => view! { <Explore/> }.into_any(),
        page @ (Page::List(_) | Page::Object(..)) => {
            view! { <NotFound path=Route::to(page).to_string().trim_start_matches('#').to_owned()/> }
                .into_any()
        }
        Page::Unknown(path) => view! { <NotFound path=path/> }.into_any(),
    };
    let help_title = tr(Msg::Keys);
    view! {
        <a class="skip-link" href="#main" on:click=skip>{tr(Msg::SkipToContent)}</a>
        <div class="app">
            <SideBar page=page/>
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
            <main node_ref=main class="app__main" id="main" tabindex="-1">{view_of}</main>
            <nav class="tabbar" aria-label=tr(Msg::MainNavigation)>
                {entries()
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
fn SideBar(page: Memo<Page>) -> impl IntoView {
    let client = use_client();
    let lang = use_lang();
    let series_count =
        poll(|| ((), Cadence::Every(SERIES_COUNT)), move |(), abort| fetch_series_count(client, abort));
    let item = move |entry: &'static Entry| {
        let title = move || format!("{} (G {})", entry.label.text(lang.get()), entry.key);
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
                    {(entry.page == Page::Nodes).then(|| view! { <NodeCount/> })}
                </a>
            </li>
        }
    };
    let group = move |(title, entries): &'static (Option<Msg>, &'static [Entry])| {
        view! {
            {title.map(|title| view! { <h2 class="sidenav__group">{tr(title)}</h2> })}
            <ul>{entries.iter().map(item).collect_view()}</ul>
        }
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

fn entries() -> impl Iterator<Item = &'static Entry> {
    GROUPS.iter().flat_map(|(_, entries)| *entries)
}

/// Whether `page` is `entry` or lies below it.
fn is_within(page: &Page, entry: &Page) -> bool {
    page == entry || matches!((page, entry), (Page::Node(_), Page::Nodes))
}

fn page_title(page: &Page, lang: Lang) -> String {
    match page {
        Page::Node(name) => name.clone(),
        Page::Unknown(_) => "404".to_owned(),
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
