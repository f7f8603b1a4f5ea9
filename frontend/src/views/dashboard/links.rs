//! Links of a dashboard, above its panels, and of a panel, in its head.

use crowsnest_api::dashboards::Listed;
use crowsnest_chart::CellLink;
use crowsnest_dashboards::interpolate::{Format, interpolate};
use crowsnest_dashboards::model::{DashboardLink, LinkKind};
use leptos::prelude::*;

use super::panel::{SharedFigure, Shown};
use crate::api::{fetch_dashboards, use_client};
use crate::boards::{Board, Carried, Scopes, href, is_here};
use crate::components::{Icon, IconName, Popover};
use crate::i18n::{Msg, use_lang};
use crate::poll::{Cadence, poll};

/// The most dashboards that one link by tags leads to.
const MOST_TAGGED: usize = 100;

/// A link with all filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ready {
    words: String,
    about: String,
    href: String,
    new_page: bool,
}

/// The links of the dashboard; nothing where it has none.
#[component]
pub(super) fn BoardLinks(board: Board) -> impl IntoView {
    let client = use_client();
    let lang = use_lang();
    let links = Memo::new(move |_| board.dashboard.with(|dashboard| dashboard.links()));
    let is_tagged = Memo::new(move |_| {
        links.with(|links| links.iter().any(|link| matches!(link.kind, LinkKind::Tagged { .. })))
    });
    let feed = poll(
        move || ((), if is_tagged.get() { Cadence::Once } else { Cadence::Never }),
        move |(), abort| fetch_dashboards(client, abort),
    );
    let listed = Memo::new(move |_| feed.value.get().map(|listing| listing.dashboards).unwrap_or_default());
    let one = move |link: DashboardLink| match &link.kind {
        LinkKind::Url(_) => {
            let link = Memo::new(move |_| ready(board, &link));
            (move || link.get().map(anchor)).into_any()
        }
        LinkKind::Tagged { tags, menu } => {
            let (tags, menu) = (tags.clone(), *menu);
            let title = link.title.clone();
            let found = Memo::new(move |_| listed.with(|listed| tagged(board, &link, &tags, listed)));
            match menu {
                true => view! { <LinkMenu label=title links=found/> }.into_any(),
                false => (move || found.get().into_iter().map(anchor).collect_view()).into_any(),
            }
        }
    };
    view! {
        <Show when=move || !links.with(Vec::is_empty)>
            <nav class="board__links" aria-label=move || Msg::BoardLinks.text(lang.get())>
                {move || links.get().into_iter().map(one).collect_view()}
            </nav>
        </Show>
    }
}

/// The links of a panel and of its values, behind a mark in its head; nothing where it has none.
#[component]
pub(super) fn PanelLinks(shown: Shown, figure: SharedFigure) -> impl IntoView {
    let lang = use_lang();
    let open = RwSignal::new(false);
    let links = Memo::new(move |_| {
        let links = shown.panel.with(|panel| panel.as_ref().map(|panel| panel.links.clone()))?;
        let own =
            links.iter().filter_map(|link| shown.scope.with(|scope| ready_in(shown.board, link, scope)));
        let values = figure.with(|figure| figure.as_ref().map(|figure| figure.links()).unwrap_or_default());
        Some(own.chain(values.iter().map(of_value)).collect::<Vec<_>>())
    });
    let lines = move || {
        links.get().into_iter().flatten().map(|link| view! { <li>{anchor(link)}</li> }).collect_view()
    };
    view! {
        <Show when=move || links.with(|links| links.as_ref().is_some_and(|links| !links.is_empty()))>
            <Popover
                open=open
                label=Signal::derive(move || Msg::BoardLinks.text(lang.get()).to_owned())
                class="btn btn--quiet btn--icon btn--sm board__note"
                trigger=|| view! { <Icon name=IconName::Link/> }
            >
                <ul class="board__menu-list">{lines}</ul>
            </Popover>
        </Show>
    }
}

/// Dashboards behind one word.
#[component]
fn LinkMenu(label: String, links: Memo<Vec<Ready>>) -> impl IntoView {
    let open = RwSignal::new(false);
    let words = label.clone();
    let lines = move || links.get().into_iter().map(|link| view! { <li>{anchor(link)}</li> }).collect_view();
    view! {
        <Popover open=open label=label class="btn btn--sm" trigger=move || view! { <span>{words.clone()}</span><Icon name=IconName::Down/> }>
            <ul class="board__menu-list">{lines}</ul>
        </Popover>
    }
}

fn anchor(link: Ready) -> impl IntoView {
    let Ready { words, about, href, new_page } = link;
    // What is elsewhere leaves the dashboard open.
    let target = (new_page || !is_here(&href)).then_some("_blank");
    view! { <a class="link" href=href target=target rel="noreferrer noopener" title=about><Icon name=IconName::Link/>" "{words}</a> }
}

/// A link of the dashboard; tracked.
fn ready(board: Board, link: &DashboardLink) -> Option<Ready> {
    ready_in(board, link, &std::collections::BTreeMap::new())
}

/// A link inside a repeat; tracked.
fn ready_in(
    board: Board,
    link: &DashboardLink,
    own: &std::collections::BTreeMap<String, crowsnest_dashboards::interpolate::Bound>,
) -> Option<Ready> {
    let LinkKind::Url(url) = &link.kind else { return None };
    let globals = board.globals();
    board.loading.with(|loading| {
        let scopes = Scopes { own, board: loading.scope(), globals: &globals };
        let href = board.link(url, &scopes, carried(link))?;
        let words = interpolate(&link.title, &scopes, &Format::Text);
        let words = if words.is_empty() { href.clone() } else { words };
        let about = interpolate(&link.tooltip, &scopes, &Format::Text);
        Some(Ready { words, about, href, new_page: link.new_page })
    })
}

/// The dashboards with all of `tags`, but for the one that is shown; tracked.
fn tagged(board: Board, link: &DashboardLink, tags: &[String], listed: &[Listed]) -> Vec<Ready> {
    let own = board.opened.with(|opened| opened.listed.uid.clone());
    let is_meant = |one: &&Listed| one.uid != own && tags.iter().all(|tag| one.tags.contains(tag));
    let line = |one: &Listed| Ready {
        words: one.title.clone(),
        about: link.tooltip.clone(),
        href: board.dashboard_link(&one.uid, carried(link)),
        new_page: link.new_page,
    };
    listed.iter().filter(is_meant).take(MOST_TAGGED).map(line).collect()
}

fn carried(link: &DashboardLink) -> Carried {
    Carried { variables: link.with_variables, time: link.with_time }
}

fn of_value(link: &CellLink) -> Ready {
    let href = href(&link.url);
    let words = if link.title.is_empty() { href.clone() } else { link.title.clone() };
    Ready { words, about: String::new(), href, new_page: link.new_page }
}

/// A link of a value as an element of the page, with words of its own or of the place where it stands.
pub(super) fn value_link(link: &CellLink, words: String) -> impl IntoView + use<> {
    let Ready { href, words: own, new_page, .. } = of_value(link);
    let target = (new_page || !is_here(&href)).then_some("_blank");
    let words = if words.is_empty() { own.clone() } else { words };
    view! { <a class="link" href=href target=target rel="noreferrer noopener" title=own>{words}</a> }
}
