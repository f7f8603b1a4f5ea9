//! What receivers were told and what they said, with what was sent.

use std::time::Duration;

use crowsnest_api::alerts::{Delivery, Notification};
use leptos::prelude::*;

use super::alerts_words;
use super::why::answer;
use crate::api::{fetch_notifications, use_client};
use crate::components::{Blank, BoneRows, Faced, IconName, Status, Tone};
use crate::i18n::{Msg, count, tr, use_lang};
use crate::poll::{Cadence, poll};
use crate::views::list::Age;

/// How often it is asked for.
const AGAIN: Duration = Duration::from_secs(10);
const COLUMNS: [(Msg, &str); 6] = [
    (Msg::ColumnStatus, ""),
    (Msg::Receiver, ""),
    (Msg::Alerts, ""),
    (Msg::NotifiedWhy, "is-optional"),
    (Msg::ReceiverAnswer, ""),
    (Msg::ColumnAge, "table__num"),
];

/// How a notification went, in words.
const fn result_of(told: &Notification) -> (Msg, Tone) {
    match told.result {
        Delivery::Sent => (Msg::DeliverySent, Tone::Ok),
        Delivery::Trying => (Msg::DeliveryTrying, Tone::Progress),
        Delivery::Failed => (Msg::DeliveryFailed, Tone::Critical),
    }
}

/// The table.
#[component]
pub(super) fn NotificationLog() -> impl IntoView {
    let (client, lang) = (use_client(), use_lang());
    let feed = poll(|| ((), Cadence::Every(AGAIN)), move |(), abort| fetch_notifications(client, abort));
    let all = Memo::new(move |_| feed.value.get().unwrap_or_default());
    let open = RwSignal::new(None::<String>);
    let head = |(title, class): (Msg, &'static str)| view! { <th scope="col" class=class>{tr(title)}</th> };
    let word = move |msg: Msg| Signal::derive(move || msg.text(lang.get()).to_owned());
    let nothing = move || {
        view! { <Blank icon=IconName::Bell title=word(Msg::NoNotifications) why=word(Msg::NoNotificationsWhy)/> }
    };
    let content = move || {
        view! {
            <Show when=move || !all.with(Vec::is_empty) fallback=nothing>
                <div class="table-wrap nodes__table alerts__table">
                    <table class="table">
                        <caption class="visually-hidden">{tr(Msg::NotificationLog)}</caption>
                        <thead><tr>{COLUMNS.map(head).collect_view()}</tr></thead>
                        <tbody>
                            <For each=move || all.get() key=|told| (key_of(told), told.tries) let(told)>
                                <Row told=told open=open/>
                            </For>
                        </tbody>
                    </table>
                </div>
            </Show>
        }
    };
    view! { <Faced feed=feed what=Msg::NotificationLog bones=|| view! { <BoneRows rows=6/> } content=content/> }
}

fn key_of(told: &Notification) -> String {
    format!("{} {} {} {} {}", told.at, told.receiver, told.kind, told.index, told.group_key)
}

#[component]
fn Row(told: Notification, open: RwSignal<Option<String>>) -> impl IntoView {
    let lang = use_lang();
    let (word, tone) = result_of(&told);
    let key = StoredValue::new(key_of(&told));
    let is_open = Memo::new(move |_| open.with(|open| key.with_value(|own| open.as_ref() == Some(own))));
    let turn = move |_| open.set((!is_open.get_untracked()).then(|| key.get_value()));
    let (alerts, tries, at) = (told.alerts.len(), told.tries as usize, (told.at * 1e3) as i64);
    let said = answer(&told);
    let payload = StoredValue::new(readable(&told.payload));
    let target = StoredValue::new(told.target.clone());
    let group = StoredValue::new(told.group_key.clone());
    view! {
        <tr>
            <td><Status tone=tone>{tr(word)}</Status></td>
            <th scope="row" class="table__name">
                <button type="button" class="link" aria-expanded=move || is_open.get().to_string() on:click=turn>{told.receiver}</button>
                <span class="sources__about">{told.kind}</span>
            </th>
            <td>{move || alerts_words(lang.get(), alerts)}</td>
            <td class="is-optional">{told.reason}</td>
            <td class="alerts__wrap">
                <code>{said}</code>
                <span class="sources__about">{move || count(lang.get(), tries, Msg::TriesOne, Msg::TriesMany)}</span>
            </td>
            <td class="table__num"><Age at=at/></td>
        </tr>
        <Show when=move || is_open.get()>
            <tr class="sources__why">
                <td colspan="6">
                    <p class="mono">{target.get_value()}" "{group.get_value()}</p>
                    <pre class="snippet" tabindex="0" role="region" aria-label=tr(Msg::WhatWasSent)>{payload.get_value()}</pre>
                </td>
            </tr>
        </Show>
    }
}

/// JSON as people read it; anything else, and what is cut, as it is.
pub(super) fn readable(payload: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(payload).ok();
    json.and_then(|json| serde_json::to_string_pretty(&json).ok()).unwrap_or_else(|| payload.to_owned())
}
