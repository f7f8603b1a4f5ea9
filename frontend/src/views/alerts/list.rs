//! The alerts, grouped; what nobody is told of is there, too, in grey.

use crowsnest_api::alerts::{Alert, AlertState, is_watchdog};
use leptos::prelude::*;

use super::row::AlertRow;
use super::{AlertsPage, alerts_words};
use crate::alerts::{Filter, GroupBy, group, tone};
use crate::components::{Badge, Blank, BoneRows, Faced, IconName, Segmented, Tone};
use crate::i18n::{Msg, tr, use_lang};
use crate::router::use_router;

/// Groups that are drawn; the filter finds the others.
const MOST_GROUPS: usize = 100;
/// Alerts of a group that are drawn.
const MOST_ROWS: usize = 100;

/// Which alerts are shown: all, or those of some states.
const STATES: [(&str, Msg, &[AlertState]); 3] = [
    ("firing", Msg::StateFiring, &[AlertState::Firing]),
    ("pending", Msg::StatePending, &[AlertState::Pending]),
    ("muted", Msg::StateMuted, &[AlertState::Silenced, AlertState::Inhibited, AlertState::Muted]),
];

/// The groups, and the ways to choose among them. All of them are in the address.
#[component]
pub(super) fn AlertList(page: AlertsPage) -> impl IntoView {
    let router = use_router();
    let (filter, by, state) = (router.param("filter"), router.param("group"), router.param("state"));
    let by = Memo::new(move |_| GroupBy::read(&by.get().unwrap_or_default()));
    let state = Memo::new(move |_| state.get().unwrap_or_default());
    let found = Memo::new(move |_| {
        let filter = Filter::read(&filter.get().unwrap_or_default());
        page.feed.value.with(|all| {
            let alerts = all.as_ref().map(|all| all.alerts.as_slice()).unwrap_or_default();
            alerts.iter().filter(|alert| filter.takes(alert)).cloned().collect::<Vec<_>>()
        })
    });
    let groups = Memo::new(move |_| {
        let states = STATES.iter().find(|(id, ..)| *id == state.get()).map(|(.., states)| *states);
        let shown = found.get().into_iter();
        let shown = shown.filter(|alert| states.is_none_or(|states| states.contains(&alert.state)));
        group(shown.collect(), by.get())
    });
    let content = move || {
        view! {
            <Choices found=found by=by state=state/>
            <Show when=move || !groups.with(Vec::is_empty) fallback=move || view! { <Nothing page=page/> }>
                <div class="alerts__groups">
                    <For
                        each=move || groups.get().into_iter().take(MOST_GROUPS)
                        key=|group| group.clone().0
                        let((name, _))
                    >
                        <Group page=page name=name groups=groups by=by/>
                    </For>
                    <Show when=move || { groups.with(Vec::len) > MOST_GROUPS }>
                        <p class="part-note">{tr(Msg::SourcesMore)}</p>
                    </Show>
                </div>
            </Show>
        }
    };
    view! { <Faced feed=page.feed what=Msg::AlertsWord bones=|| view! { <BoneRows rows=6/> } content=content/> }
}

/// Chips of states with how many there are of each, and by what the rest is grouped.
#[component]
fn Choices(found: Memo<Vec<Alert>>, by: Memo<GroupBy>, state: Memo<String>) -> impl IntoView {
    let (router, lang) = (use_router(), use_lang());
    let chip = move |(id, word, states): (&'static str, Msg, &'static [AlertState])| {
        let is_on = move || state.with(|state| state == id);
        let choose = move |_| {
            let next = if is_on() { "" } else { id };
            router.push(router.route_now().with("state", next));
        };
        // The dead man's switch counts among nothing, here as in the heading.
        let counts = move |one: &&Alert| states.contains(&one.state) && !is_watchdog(&one.labels);
        let many = move || found.with(|all| all.iter().filter(counts).count());
        view! {
            <button type="button" class="chip" aria-pressed=move || is_on().to_string() on:click=choose>
                {tr(word)}<span class="chip__count">{many}</span>
            </button>
        }
    };
    let options = move || {
        let lang = lang.get();
        GroupBy::ALL.map(|by| (by, by.word().text(lang).to_owned())).to_vec()
    };
    let regroup = move |by: GroupBy| {
        let name = if by == GroupBy::default() { "" } else { by.label() };
        router.push(router.route_now().with("group", name));
    };
    view! {
        <div class="alerts__choices">
            {STATES.map(chip).collect_view()}
            <span class="alerts__by">{tr(Msg::GroupBy)}</span>
            <Segmented
                label=Signal::derive(move || Msg::GroupBy.text(lang.get()).to_owned())
                options=Signal::derive(options)
                value=by
                on_change=regroup
            />
        </div>
    }
}

/// A group with its alerts.
#[component]
fn Group(
    page: AlertsPage,
    name: String,
    groups: Memo<Vec<(String, Vec<Alert>)>>,
    by: Memo<GroupBy>,
) -> impl IntoView {
    let lang = use_lang();
    let key = StoredValue::new(name.clone());
    let alerts = Memo::new(move |_| {
        let found = groups.with(|groups| {
            key.with_value(|key| {
                groups.iter().find(|(name, _)| name == key).map(|(_, alerts)| alerts.clone())
            })
        });
        found.unwrap_or_default()
    });
    let worst = move || alerts.with(|alerts| alerts.first().map_or(Tone::Done, tone));
    let badge = move || {
        let words = alerts_words(lang.get(), alerts.with(Vec::len));
        view! { <Badge tone=worst()>{words}</Badge> }
    };
    let title = if name.is_empty() { Msg::NoSuchLabel.text(lang.get_untracked()).to_owned() } else { name };
    view! {
        <section class="agroup" aria-label=title>
            <header class="agroup__head"><h2 class="agroup__name">{title.clone()}</h2>{badge}</header>
            <For
                each=move || alerts.get().into_iter().take(MOST_ROWS)
                key=|alert| alert.fingerprint.clone()
                let(alert)
            >
                <AlertRow page=page alert=alert alerts=alerts by=by/>
            </For>
            <Show when=move || { alerts.with(Vec::len) > MOST_ROWS }>
                <p class="part-note agroup__more">{tr(Msg::SourcesMore)}</p>
            </Show>
        </section>
    }
}

/// Nothing fires: why, and what to do to be told when something does.
#[component]
fn Nothing(page: AlertsPage) -> impl IntoView {
    let (router, lang) = (use_router(), use_lang());
    let facts = Memo::new(move |_| {
        page.feed.value.with(|all| {
            all.as_ref().map(|all| (all.alerts.len(), all.rules, all.is_routed)).unwrap_or_default()
        })
    });
    let (title, why) = (
        move || match facts.get() {
            (0, 0, _) => Msg::NoAlertRules,
            (0, ..) => Msg::NoAlerts,
            _ => Msg::NoAlertsFound,
        },
        move || match facts.get() {
            (0, 0, _) => Msg::NoAlertRulesWhy,
            (0, _, false) => Msg::NobodyTold,
            (0, _, true) => Msg::NoAlertsWhy,
            _ => Msg::NoAlertsFoundWhy,
        },
    );
    let rules = move || router.route().with("view", "rules").with("filter", "").to_string();
    let actions = move || view! { <a class="btn btn--sm" href=rules>{tr(Msg::AlertRules)}</a> };
    view! {
        <Blank
            icon=IconName::Bell
            title=Signal::derive(move || title().text(lang.get()).to_owned())
            why=Signal::derive(move || why().text(lang.get()).to_owned())
            actions=actions
        />
    }
}
