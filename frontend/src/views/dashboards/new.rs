//! A new dashboard: a title and a folder; its panels are made on its page.

use crowsnest_api::dashboards::{Listing, Making};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::json;

use super::folder::FolderField;
use crate::api::{Refusal, make_dashboard, use_client};
use crate::components::{Dialog, TextInput};
use crate::i18n::{Msg, tr, use_lang};
use crate::router::{Page, Route, use_router};
use crate::views::act::RefusalFace;

/// The window.
#[component]
pub(super) fn NewDialog(open: RwSignal<bool>, listing: Memo<Listing>) -> impl IntoView {
    let (client, router, lang) = (use_client(), use_router(), use_lang());
    let title = RwSignal::new(String::new());
    let folder = RwSignal::new(String::new());
    let refusal = RwSignal::new(None::<Refusal>);
    Effect::new(move || {
        if open.get() {
            folder
                .set(listing.with_untracked(|listing| listing.folders.first().cloned().unwrap_or_default()));
        }
    });
    let make = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let text = json!({
            "title": title.get_untracked(), "panels": [], "schemaVersion": 42, "time": {"from": "now-1h", "to": "now"},
        });
        let making = Making { text: text.to_string(), folder: folder.get_untracked(), ..Making::default() };
        spawn_local(async move {
            match make_dashboard(client, &making).await {
                Ok(made) => router.push(Route::to(Page::Dashboard(made.uid))),
                Err(why) => drop(refusal.try_set(Some(why))),
            }
        });
    };
    let words = Signal::derive(move || Msg::NewDashboard.text(lang.get()).to_owned());
    view! {
        <Dialog title=words open=open>
            <form class="board__form" on:submit=make>
                <label class="field"><span class="field__label">{tr(Msg::BoardTitle)}</span><TextInput value=title/></label>
                <FolderField folder=folder listing=listing/>
                {move || refusal.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
                <div class="dialog__foot">
                    <button type="button" class="btn" on:click=move |_| open.set(false)>{tr(Msg::Cancel)}</button>
                    <button type="submit" class="btn btn--primary" disabled=move || title.with(|title| title.trim().is_empty())>{move || words.get()}</button>
                </div>
            </form>
        </Dialog>
    }
}
