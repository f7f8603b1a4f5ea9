//! Alerts: what fires and who was told, silences, rules, and what receivers said.

mod announce;
mod browser;
mod chart;
mod editor;
mod list;
mod log;
mod preview;
mod routing;
mod row;
mod rules;
mod silence;
mod silences;
mod timeline;
mod why;

use std::time::Duration;

use crowsnest_api::alerts::Alerts;
use leptos::prelude::*;

use crate::alerts::{alert_of, firing};
use crate::api::{fetch_all_alerts, use_client};
use crate::components::Icon;
use crate::components::IconName;
use crate::i18n::{Msg, count, fill, tr, use_lang};
use crate::poll::{Cadence, Feed, poll};
use crate::router::use_router;
pub(super) use announce::Announcer;
pub(super) use browser::BrowserNotices;
use editor::RuleEditor;
use list::AlertList;
use log::NotificationLog;
use routing::RoutingView;
use rules::RuleList;
use silence::{Draft, SilenceDialog};
use silences::SilenceList;

/// How often alerts are asked for.
const AGAIN: Duration = Duration::from_secs(10);

/// A face of the page.
struct Tab {
    /// Its name in the address.
    id: &'static str,
    title: Msg,
    /// What the line above it finds; nothing where there is none.
    filter: Option<Msg>,
    view: fn(AlertsPage) -> AnyView,
}

static TABS: [Tab; 5] = [
    Tab {
        id: "",
        title: Msg::Alerts,
        filter: Some(Msg::FilterAlerts),
        view: |page| view! { <AlertList page=page/> }.into_any(),
    },
    Tab {
        id: "silences",
        title: Msg::Silences,
        filter: None,
        view: |page| view! { <SilenceList page=page/> }.into_any(),
    },
    Tab {
        id: "rules",
        title: Msg::AlertRules,
        filter: Some(Msg::FilterRules),
        view: |_| view! { <RuleList/> }.into_any(),
    },
    Tab {
        id: "log",
        title: Msg::NotificationLog,
        filter: None,
        view: |_| view! { <NotificationLog/> }.into_any(),
    },
    Tab {
        id: "routing",
        title: Msg::Routing,
        filter: None,
        view: |_| view! { <div class="alerts__groups"><RoutingView/></div> }.into_any(),
    },
];

/// The face on which a rule is made; no tab leads to it.
const EDITOR: &str = "rule";

/// What the parts of the page share. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct AlertsPage {
    feed: Feed<Alerts>,
    /// The silence that somebody is making or changing.
    draft: RwSignal<Option<Draft>>,
    /// How often silences have changed since the page was opened.
    changed: RwSignal<u32>,
}

/// The page.
#[component]
pub(super) fn AlertsView() -> impl IntoView {
    let (client, router, lang) = (use_client(), use_router(), use_lang());
    let feed = poll(|| ((), Cadence::Every(AGAIN)), move |(), abort| fetch_all_alerts(client, abort));
    let page = AlertsPage { feed, draft: RwSignal::new(None), changed: RwSignal::new(0) };
    let (view, filter) = (router.param("view"), router.param("filter"));
    let current = Memo::new(move |_| {
        let id = view.get().unwrap_or_default();
        TABS.iter().position(|tab| tab.id == id).unwrap_or_default()
    });
    let is_editor = Memo::new(move |_| view.with(|view| view.as_deref() == Some(EDITOR)));
    let tab_now = move || TABS.get(current.get()).filter(|_| !is_editor.get());
    let words = move || {
        let lang = lang.get();
        feed.value.with(|all| {
            let alerts = &all.as_ref()?.alerts;
            let pending = alerts.iter().filter(|one| one.state == crowsnest_api::alerts::AlertState::Pending);
            let (firing, pending) = (firing(alerts).to_string(), pending.count().to_string());
            Some(fill(Msg::FiringAndPending.text(lang), &[("firing", &firing), ("pending", &pending)]))
        })
    };
    let tab = move |(at, tab): (usize, &'static Tab)| {
        let is_current = move || current.get() == at && !is_editor.get();
        view! {
            <a
                class="tabs__tab"
                class:is-current=is_current
                aria-current=move || is_current().then_some("page")
                href=move || {
                    let gone = ["filter", "alert", "rule", "expr"];
                    gone.into_iter().fold(router.route().with("view", tab.id), |route, name| route.with(name, "")).to_string()
                }
            >
                {tr(tab.title)}
            </a>
        }
    };
    let line = move || {
        let label = tab_now().and_then(|tab| tab.filter)?;
        let set = move |text: &str| router.replace(router.route_now().with("filter", text));
        Some(view! {
            <label class="input nodes__filter">
                <Icon name=IconName::Search/>
                <input
                    type="search"
                    aria-label=tr(label)
                    placeholder=tr(label)
                    prop:value=move || filter.get().unwrap_or_default()
                    on:input:target=move |event| set(&event.target().value())
                />
            </label>
        })
    };
    view! {
        <div class="page page--flush alerts">
            <div class="page__bar pagehead">
                <h1 class="pagehead__title">{tr(Msg::Alerts)}</h1>
                <span class="pagehead__count" role="status">{words}</span>
                {line}
                <div class="pagehead__actions">
                    <a class="btn" href=alert_of("").to_string()><Icon name=IconName::Add/>{tr(Msg::NewRule)}</a>
                    <button type="button" class="btn" on:click=move |_| page.draft.set(Some(Draft::empty()))>
                        <Icon name=IconName::Mute/>{tr(Msg::NewSilence)}
                    </button>
                </div>
            </div>
            <nav class="tabs alerts__tabs" aria-label=tr(Msg::Alerts)>{TABS.iter().enumerate().map(tab).collect_view()}</nav>
            {move || tab_now().map(|tab| (tab.view)(page))}
            {move || is_editor.get().then(|| view! { <RuleEditor/> })}
            <SilenceDialog page=page/>
        </div>
    }
}

/// "3 alerts".
fn alerts_words(lang: crate::i18n::Lang, n: usize) -> String {
    count(lang, n, Msg::AlertsOne, Msg::AlertsMany)
}
