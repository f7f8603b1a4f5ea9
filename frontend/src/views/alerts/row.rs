//! One alert: what it says, since when, who was told; below it, when it is open, its chart and why somebody was told or not.

use crowsnest_api::alerts::{Alert, AlertState, is_watchdog};
use leptos::prelude::*;

use super::AlertsPage;
use super::chart::AlertChart;
use super::silence::Draft;
use super::why::Why;
use crate::alerts::{GroupBy, label_words, page_of, tone, words};
use crate::components::{Icon, IconName};
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::links::web_address;
use crate::moment::time_of_day;
use crate::router::{Page, Route, use_router};
use crate::views::list::Age;

/// The row and what lies below it.
#[component]
pub(super) fn AlertRow(
    page: AlertsPage,
    alert: Alert,
    alerts: Memo<Vec<Alert>>,
    by: Memo<GroupBy>,
) -> impl IntoView {
    let (router, lang) = (use_router(), use_lang());
    let fingerprint = StoredValue::new(alert.fingerprint);
    let now = Memo::new(move |before: Option<&Alert>| {
        let found = alerts.with(|alerts| {
            fingerprint.with_value(|wanted| alerts.iter().find(|one| one.fingerprint == *wanted).cloned())
        });
        found.or_else(|| before.cloned()).unwrap_or_default()
    });
    let param = router.param("alert");
    let is_open =
        Memo::new(move |_| param.with(|open| fingerprint.with_value(|own| open.as_ref() == Some(own))));
    let turn = move |_| {
        let next = if is_open.get_untracked() { String::new() } else { fingerprint.get_value() };
        router.replace(router.route_now().with("alert", &next));
    };
    let silence = move |_| now.with_untracked(|alert| page.draft.set(Some(Draft::of(alert))));
    let class = move || format!("alert-row {}", now.with(|alert| tone(alert).class()));
    let title = move || now.with(|alert| words(alert).to_owned());
    let icon = Signal::derive(move || now.with(|alert| tone(alert).icon()));
    let opened = move || {
        let turned = if is_open.get() { IconName::Down } else { IconName::Right };
        view! { <Icon name=turned/> }
    };
    let silence_words = move || {
        let name = now.with(|alert| words(alert).to_owned());
        fill(Msg::SilenceThis.text(lang.get()), &[("what", &name)])
    };
    view! {
        <div class=class class:is-open=is_open>
            <Icon name=icon/>
            <button type="button" class="alert-row__main" aria-expanded=move || is_open.get().to_string() on:click=turn>
                <span class="alert-row__sum">{title}</span>
                <span class="alert-row__labels mono">{move || now.with(|alert| label_words(&alert.labels, by.get().label()))}</span>
            </button>
            <span class="alert-row__state">{move || now.with(|alert| state_words(lang.get(), alert))}</span>
            <span class="alert-row__value mono">{move || now.with(|alert| alert.value.clone())}</span>
            <span class="alert-row__since">{move || {
                let since = now.with(|alert| alert.since);
                view! { <Age at=(since * 1e3) as i64/> }
            }}</span>
            <button type="button" class="btn btn--icon btn--quiet btn--sm" aria-label=silence_words title=silence_words on:click=silence>
                <Icon name=IconName::Mute/>
            </button>
            <span class="alert-row__open" aria-hidden="true">{opened}</span>
        </div>
        <Show when=move || is_open.get()>
            <div class="alert-more">
                <Links now=now/>
                <AlertChart now=now/>
                <Why fingerprint=fingerprint.get_value()/>
            </div>
        </Show>
    }
}

/// Who was told, or why nobody was.
fn state_words(lang: Lang, alert: &Alert) -> String {
    if is_watchdog(&alert.labels) {
        return Msg::WatchdogState.text(lang).to_owned();
    }
    let word = match alert.state {
        AlertState::Pending => Msg::StatePending,
        AlertState::Silenced => Msg::StateSilenced,
        AlertState::Inhibited => Msg::StateInhibited,
        AlertState::Muted => Msg::StateMutedNow,
        AlertState::Firing => match alert.told.iter().max_by(|a, b| a.at.total_cmp(&b.at)) {
            None => Msg::NotNotified,
            Some(told) => {
                let at = time_of_day((told.at * 1e3) as i64);
                return fill(Msg::ToldAt.text(lang), &[("receiver", &told.receiver), ("at", &at)]);
            }
        },
    };
    word.text(lang).to_owned()
}

/// Where else to look: the object, the rule, the query, the run book.
#[component]
fn Links(now: Memo<Alert>) -> impl IntoView {
    let object = move || {
        let (page, name) = now.with(|alert| page_of(&alert.labels))?;
        Some(
            view! { <a class="btn btn--sm" href=Route::to(page).to_string()><Icon name=IconName::Pods/>{name}</a> },
        )
    };
    let rule = move || {
        let name = now.with(|alert| {
            let rule = alert.rule.is_some();
            rule.then(|| crate::alerts::label(&alert.labels, "alertname").to_owned())
        })?;
        let href = Route::to(Page::Alerts).with("view", "rules").with("filter", &name).to_string();
        Some(view! { <a class="btn btn--sm" href=href><Icon name=IconName::File/>{tr(Msg::RuleWord)}</a> })
    };
    let explore = move || {
        let query = now.with(|alert| alert.rule.as_ref().map(|rule| rule.query.clone()))?;
        let href = Route::to(Page::Explore).with("q", &query).to_string();
        Some(
            view! { <a class="btn btn--sm" href=href><Icon name=IconName::Explore/>{tr(Msg::OpenInExplore)}</a> },
        )
    };
    let elsewhere = move || {
        let (book, source) = now.with(|alert| {
            let book = alert.annotations.get("runbook_url").cloned().unwrap_or_default();
            (book, alert.generator_url.clone())
        });
        let link = |(url, word): (String, Msg)| {
            let url = web_address(&url)?.to_owned();
            Some(
                view! { <a class="btn btn--sm" href=url rel="noreferrer noopener" target="_blank"><Icon name=IconName::Link/>{tr(word)}</a> },
            )
        };
        [(book, Msg::RunBook), (source, Msg::AlertSource)].into_iter().filter_map(link).collect_view()
    };
    let told = move || {
        now.with(|alert| {
            let said = words(alert).to_owned();
            let more = alert
                .annotations
                .iter()
                .filter(|(name, text)| *name != "runbook_url" && **text != said && !text.is_empty());
            more.map(|(_, text)| view! { <p class="alert-more__text">{text.clone()}</p> }).collect_view()
        })
    };
    view! {
        {move || now.with(|alert| is_watchdog(&alert.labels)).then(|| view! { <p class="alert-more__text">{tr(Msg::WatchdogWhy)}</p> })}
        {told}
        <div class="alert-more__links">{object}{rule}{explore}{elsewhere}</div>
    }
}
