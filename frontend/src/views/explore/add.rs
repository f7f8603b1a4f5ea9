//! A query of Explore as a panel of a dashboard, one that is there or a new one.

use crowsnest_api::dashboards::{Listing, Making, Saving};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Value, json};

use crate::api::{
    ApiError, Client, Refusal, fetch_dashboard, fetch_dashboards, make_dashboard, save_dashboard, use_client,
};
use crate::boards::change;
use crate::components::{Dialog, Select, TextInput};
use crate::i18n::{Msg, tr, use_lang};
use crate::poll::{Cadence, poll};
use crate::range::Range;
use crate::router::{Page, Route, use_router};
use crate::views::act::RefusalFace;

/// The window.
#[component]
pub(super) fn AddDialog(
    open: RwSignal<bool>,
    query: Memo<Option<String>>,
    range: Memo<Range>,
) -> impl IntoView {
    let (client, router, lang) = (use_client(), use_router(), use_lang());
    let feed = poll(
        move || ((), if open.get() { Cadence::Once } else { Cadence::Never }),
        move |(), abort| fetch_dashboards(client, abort),
    );
    // The uid of the one that it goes to; empty for a new one.
    let chosen = RwSignal::new(String::new());
    let title = RwSignal::new(String::new());
    let name = RwSignal::new(String::new());
    let refusal = RwSignal::new(None::<Refusal>);
    Effect::new(move || {
        if open.get() {
            refusal.set(None);
        }
    });
    let options = Signal::derive(move || {
        let own = feed.value.with(|listing| listing.as_ref().map(changeable).unwrap_or_default());
        std::iter::once((String::new(), Msg::NewDashboard.text(lang.get()).to_owned()))
            .chain(own)
            .collect::<Vec<_>>()
    });
    let is_new = move || chosen.with(String::is_empty);
    let add = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (uid, title, name) = (chosen.get_untracked(), title.get_untracked(), name.get_untracked());
        let query = query.get_untracked().unwrap_or_default();
        let range = range.get_untracked();
        spawn_local(async move {
            let added = match uid.as_str() {
                "" => add_to_new(client, &name, &title, &query, range).await,
                uid => add_to(client, uid, &title, &query).await,
            };
            match added {
                Ok(uid) => router.push(Route::to(Page::Dashboard(uid))),
                Err(why) => drop(refusal.try_set(Some(why))),
            }
        });
    };
    let words = Signal::derive(move || Msg::AddToDashboard.text(lang.get()).to_owned());
    view! {
        <Dialog title=words open=open>
            <form class="board__form" on:submit=add>
                <Select label=Signal::derive(move || Msg::Dashboard.text(lang.get()).to_owned()) options=options value=chosen on_change=move |value| chosen.set(value)/>
                <Show when=is_new>
                    <label class="field"><span class="field__label">{tr(Msg::DashboardTitle)}</span><TextInput value=name/></label>
                </Show>
                <label class="field"><span class="field__label">{tr(Msg::PanelTitle)}</span><TextInput value=title/></label>
                {move || refusal.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
                <div class="dialog__foot">
                    <button type="button" class="btn" on:click=move |_| open.set(false)>{tr(Msg::Cancel)}</button>
                    <button type="submit" class="btn btn--primary" disabled=move || is_new() && name.with(|name| name.trim().is_empty())>{move || words.get()}</button>
                </div>
            </form>
        </Dialog>
    }
}

/// Uids and titles of those that the user may change.
fn changeable(listing: &Listing) -> Vec<(String, String)> {
    let own = listing.dashboards.iter().filter(|one| one.may_change);
    own.map(|one| (one.uid.clone(), format!("{} ({})", one.title, one.folder))).collect()
}

/// Saves a version with one panel more; its uid.
async fn add_to(client: Client, uid: &str, title: &str, query: &str) -> Result<String, Refusal> {
    let refused = |error: ApiError| Refusal { error, causes: Vec::new() };
    let opened = fetch_dashboard(client, uid, None, None).await.map_err(refused)?;
    let mut dashboard = opened.dashboard;
    change::add_query(&mut dashboard, title, query);
    let saving = Saving {
        dashboard,
        version: opened.listed.version,
        message: query.to_owned(),
        folder: String::new(),
    };
    save_dashboard(client, uid, &saving).await.map(|made| made.uid)
}

/// Makes a dashboard of one panel; its uid.
async fn add_to_new(
    client: Client,
    name: &str,
    title: &str,
    query: &str,
    range: Range,
) -> Result<String, Refusal> {
    let mut dashboard: Value = json!({"title": name, "panels": [], "schemaVersion": 42});
    // A stretch that is past would soon show nothing.
    if let Range::Last(length) = range {
        let from = format!("now-{}", crate::range::write_duration(length));
        dashboard["time"] = json!({"from": from, "to": "now"});
    }
    change::add_query(&mut dashboard, title, query);
    let making = Making { text: dashboard.to_string(), ..Making::default() };
    make_dashboard(client, &making).await.map(|made| made.uid)
}
