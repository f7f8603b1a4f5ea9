//! The frame around every view: side bar, top bar, and on narrow screens a bar of tabs.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;

use super::access::Question;
use super::cluster::{provide_cluster, provide_metrics};
use super::kinds_served::{KindPage, provide_served};
use super::list::ListView;
use super::list_face::LateNote;
use super::not_found::NotFound;
use super::object::ObjectView;
use super::palette::Palette;
use super::parts::{self, Lazy};
use super::situation::SituationView;
use super::watch::provide_watch;
use crate::access::provide_access;
use crate::api::use_session;
use crate::components::{BrandMark, Crumb, Crumbs, Icon, IconName, LanguageSelect, ThemeButton};
use crate::i18n::{Lang, Msg, tr, use_lang};
use crate::kinds::{self, KindRow};
use crate::notices::{NoticeList, provide_notices};
use crate::router::{Page, Route, use_router};

mod account;
mod pages;
mod side_bar;

use account::Account;
pub(super) use pages::all_entries;
use pages::place_of;
use side_bar::{Folds, SideBar, TabBar};

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
    provide_notices();
    provide_metrics();
    provide_watch();
    let main = NodeRef::<html::Main>::new();
    let page = Memo::new(move |_| router.route().page);

    let has_cluster = cluster.is_some();
    let folds = Folds::new();
    let served = provide_served(cluster);
    Effect::new(move || {
        served.track();
        document().set_title(&format!("{} · Crowsnest", page_title(&page.get(), lang.get(), has_cluster)));
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
    let way = Signal::derive(move || {
        served.track();
        crumbs(&page.get(), lang.get(), has_cluster)
    });
    let view_of = move || match (page.get(), cluster) {
        (Page::Overview, Some(cluster)) => view! { <SituationView cluster=cluster/> }.into_any(),
        (Page::Overview, None) => view! { <Lazy part=parts::machines/> }.into_any(),
        (Page::Nodes, Some(cluster)) => view! { <ListView row=kinds::NODES cluster=cluster/> }.into_any(),
        (Page::Nodes, None) => view! { <Lazy part=parts::machine_list/> }.into_any(),
        (Page::Node(name), Some(cluster)) => {
            view! { <ObjectView row=kinds::NODES cluster=cluster namespace="" name=name/> }.into_any()
        }
        (Page::Node(name), None) => view! { <Lazy part=move || parts::machine(name.clone())/> }.into_any(),
        (Page::Explore, _) => view! { <Lazy part=parts::explore/> }.into_any(),
        (Page::Cluster, Some(cluster)) => {
            view! { <Lazy part=move || parts::about_cluster(cluster)/> }.into_any()
        }
        (Page::Create, Some(_)) => view! { <Lazy part=parts::create/> }.into_any(),
        (Page::Map, Some(cluster)) => view! { <Lazy part=move || parts::map(cluster)/> }.into_any(),
        (Page::Dashboards, _) => view! { <Lazy part=parts::dashboards/> }.into_any(),
        (Page::Dashboard(uid), _) => view! { <Lazy part=move || parts::dashboard(uid.clone())/> }.into_any(),
        (Page::Alerts, _) => view! { <Lazy part=parts::alerts/> }.into_any(),
        (Page::Sources, _) => view! { <Lazy part=parts::sources/> }.into_any(),
        (Page::Access, cluster) => {
            view! { <Lazy part=move || parts::access(cluster, Question::WhatCanI)/> }.into_any()
        }
        (Page::AccessWho, cluster @ Some(_)) => {
            view! { <Lazy part=move || parts::access(cluster, Question::WhoCan)/> }.into_any()
        }
        (Page::List(id), Some(cluster)) => {
            let list = move |row: &'static KindRow| view! { <ListView row=row cluster=cluster/> }.into_any();
            view! { <KindPage id=id cluster=cluster view=list/> }.into_any()
        }
        (Page::Object(id, namespace, name), Some(cluster)) => {
            let object = move |row: &'static KindRow| {
                let (namespace, name) = (namespace.clone(), name.clone());
                view! { <ObjectView row=row cluster=cluster namespace=namespace name=name/> }.into_any()
            };
            view! { <KindPage id=id cluster=cluster view=object/> }.into_any()
        }
        (Page::Unknown(path), _) => view! { <NotFound path=path/> }.into_any(),
        (
            page @ (Page::List(_)
            | Page::Object(..)
            | Page::AccessWho
            | Page::Cluster
            | Page::Create
            | Page::Map),
            _,
        ) => {
            let path = Route::to(page).to_string().trim_start_matches('#').to_owned();
            view! { <NotFound path=path/> }.into_any()
        }
    };
    let help_title = tr(Msg::Keys);
    view! {
        <NoticeList/>
        <a class="skip-link" href="#main" on:click=skip>{tr(Msg::SkipToContent)}</a>
        <div class="app">
            <SideBar page=page cluster=cluster folds=folds/>
            <header class="app__top topbar">
                <span class="topbar__mark"><BrandMark/></span>
                <Crumbs way=way/>
                <div class="topbar__tools">
                    {cluster.map(|_| view! {
                        <a class="btn btn--sm topbar__create" aria-label=tr(Msg::Create) href=Route::to(Page::Create).to_string()>
                            <Icon name=IconName::Add/>
                            <span class="topbar__words">{tr(Msg::Create)}</span>
                        </a>
                    })}
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
            <TabBar page=page cluster=cluster folds=folds/>
            <Palette cluster=cluster/>
        </div>
    }
}

fn page_title(page: &Page, lang: Lang, has_cluster: bool) -> String {
    match page {
        Page::Node(name) | Page::Object(_, _, name) => name.clone(),
        Page::Unknown(_) => "404".to_owned(),
        Page::AccessWho => Msg::WhoCan.text(lang).to_owned(),
        // Its own title is known when it is here.
        Page::Dashboard(_) => Msg::Dashboard.text(lang).to_owned(),
        page => place_of(page, has_cluster)
            .map(|(_, entry)| entry.label.text(lang))
            .unwrap_or_default()
            .to_owned(),
    }
}

/// The group, the pages above, and the page itself.
fn crumbs(page: &Page, lang: Lang, has_cluster: bool) -> Vec<Crumb> {
    let mut way = Vec::new();
    if let Some((section, entry)) = place_of(page, has_cluster) {
        if let Some(title) = section.title {
            way.push(Crumb { label: title.text(lang).to_owned(), href: None });
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
    way.push(Crumb { label: page_title(page, lang, has_cluster), href: None });
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_node_leads_over_the_nodes() {
        let way = crumbs(&Page::Node("demo-1".into()), Lang::English, true);
        let labels: Vec<_> = way.iter().map(|crumb| crumb.label.as_str()).collect();
        assert_eq!(labels, ["Cluster", "Nodes", "demo-1"]);
        assert_eq!(way.get(1).and_then(|crumb| crumb.href.as_deref()), Some("#/nodes"));
    }
}
