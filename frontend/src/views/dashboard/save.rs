//! Saving: a new version, or a copy where the dashboard cannot be changed; and the JSON as a text to edit.

use std::sync::Arc;

use crowsnest_api::dashboards::{Making, Saving};
use crowsnest_dashboards::Dashboard;
use crowsnest_dashboards::import::{Answers, Limits};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use crate::api::{Client, Refusal, fetch_dashboard, make_dashboard, save_dashboard, use_client};
use crate::boards::Board;
use crate::components::{Code, Dialog, TextInput};
use crate::diff::changed_lines;
use crate::i18n::{Msg, count, tr, use_lang};
use crate::router::{Page, Route};
use crate::views::act::RefusalFace;

/// What it is for, and where; then it is saved.
#[component]
pub(super) fn SaveDialog(board: Board, open: RwSignal<bool>) -> impl IntoView {
    let client = use_client();
    let lang = use_lang();
    let message = RwSignal::new(String::new());
    let name = RwSignal::new(String::new());
    let refusal = RwSignal::new(None::<Refusal>);
    let busy = RwSignal::new(false);
    let may_change = Memo::new(move |_| board.opened.with(|opened| opened.listed.may_change));
    Effect::new(move || {
        if open.get() {
            refusal.set(None);
            let title = board.dashboard.with_untracked(|dashboard| dashboard.title());
            name.set(if may_change.get_untracked() { title } else { format!("{title} copy") });
        }
    });
    let title = Signal::derive(move || {
        if may_change.get() { Msg::SaveBoard } else { Msg::SaveCopy }.text(lang.get()).to_owned()
    });
    let changes = move || {
        let lines = board.opened.with(|opened| {
            board.dashboard.with(|shown| changed_lines(&pretty(&opened.dashboard), &pretty(shown.json())))
        });
        count(lang.get(), lines, Msg::LinesChangedOne, Msg::LinesChangedMany)
    };
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        let message = message.get_untracked();
        let (title, may_change) = (name.get_untracked(), may_change.get_untracked());
        spawn_local(async move {
            let outcome = match may_change {
                true => save_version(board, client, message, title).await,
                false => save_copy(board, client, message, title).await,
            };
            busy.try_set(false);
            match outcome {
                Ok(()) => drop(open.try_set(false)),
                Err(why) => drop(refusal.try_set(Some(why))),
            }
        });
    };
    view! {
        <Dialog title=title open=open>
            <form class="board__form" on:submit=save>
                <p class="field__hint">{changes}</p>
                <label class="field"><span class="field__label">{tr(Msg::BoardTitle)}</span><TextInput value=name/></label>
                <label class="field"><span class="field__label">{tr(Msg::WhatFor)}</span><TextInput value=message/></label>
                {move || refusal.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
                <div class="dialog__foot">
                    <button type="button" class="btn" on:click=move |_| open.set(false)>{tr(Msg::Cancel)}</button>
                    <button type="submit" class="btn btn--primary" disabled=move || busy.get()>{move || title.get()}</button>
                </div>
            </form>
        </Dialog>
    }
}

/// JSON as people read it.
pub(super) fn pretty(json: &Value) -> String {
    serde_json::to_string_pretty(json).unwrap_or_default()
}

fn titled(board: Board, title: &str, uid: Option<Value>) -> Value {
    let mut json = board.dashboard.with_untracked(|dashboard| dashboard.json().clone());
    if let Some(map) = json.as_object_mut() {
        map.insert("title".to_owned(), title.into());
        if let Some(uid) = uid {
            map.insert("uid".to_owned(), uid);
        }
    }
    json
}

async fn save_version(board: Board, client: Client, message: String, title: String) -> Result<(), Refusal> {
    let (uid, version) =
        board.opened.with_untracked(|opened| (opened.listed.uid.clone(), opened.listed.version));
    let dashboard = titled(board, &title, None);
    let made =
        save_dashboard(client, &uid, &Saving { dashboard, version, message, folder: String::new() }).await?;
    // The server's word of what it is now; somebody may have saved right after.
    let refused = |error| Refusal { error, causes: Vec::new() };
    let opened = fetch_dashboard(client, &uid, Some(made.version), None).await.map_err(refused)?;
    board.dashboard.try_set(Arc::new(Dashboard::from_json(opened.dashboard.clone())));
    board.opened.try_set(opened);
    Ok(())
}

async fn save_copy(board: Board, client: Client, message: String, title: String) -> Result<(), Refusal> {
    let text = titled(board, &title, Some(Value::Null)).to_string();
    let made = make_dashboard(client, &Making { text, message, ..Making::default() }).await?;
    // The copy has the changes; what is left here has none to lose.
    let stored = board.opened.with_untracked(|opened| opened.dashboard.clone());
    board.dashboard.try_set(Arc::new(Dashboard::from_json(stored)));
    board.router.push(Route::to(Page::Dashboard(made.uid)));
    Ok(())
}

/// The whole dashboard as a text; what is applied is shown at once and saved later.
#[component]
pub(super) fn CodeDialog(board: Board, open: RwSignal<bool>) -> impl IntoView {
    let lang = use_lang();
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    Effect::new(move || {
        if open.get() {
            wrong.set(None);
            text.set(board.dashboard.with_untracked(|dashboard| pretty(dashboard.json())));
        }
    });
    Effect::watch(move || text.get(), move |_, _, _| wrong.set(None), false);
    let apply = move |_| {
        // The same way that a file comes in, so that nothing is on the page that could not be saved.
        match crowsnest_dashboards::import(&text.get_untracked(), &Answers::new(), &Limits::default()) {
            Ok(imported) => {
                let uid = board.opened.with_untracked(|opened| opened.listed.uid.clone());
                let mut json = imported.dashboard.into_json();
                if let Some(map) = json.as_object_mut() {
                    map.insert("uid".to_owned(), uid.into());
                }
                board.dashboard.set(Arc::new(Dashboard::from_json(json)));
                open.set(false);
            }
            Err(error) => wrong.set(Some(error.to_string())),
        }
    };
    let title = Signal::derive(move || Msg::EditJson.text(lang.get()).to_owned());
    view! {
        <Dialog title=title open=open wide=true>
            <div class="board__code"><Code label=Msg::EditJson text=text read_only=Signal::stored(false)/></div>
            {move || wrong.get().map(|wrong| view! { <p class="field__hint is-wrong" role="alert">{wrong}</p> })}
            <div class="dialog__foot">
                <button type="button" class="btn" on:click=move |_| open.set(false)>{tr(Msg::Cancel)}</button>
                <button type="button" class="btn btn--primary" on:click=apply>{tr(Msg::Apply)}</button>
            </div>
        </Dialog>
    }
}
