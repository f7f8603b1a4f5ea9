//! Sharing: an address with the time and the choices of now, a panel alone, and a snapshot with its numbers.

use crowsnest_api::snapshots::{Listed, Making};
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::AbortController;

use super::grid::alone;
use crate::api::{Refusal, delete_snapshot, make_snapshot, use_client};
use crate::boards::{Board, use_asker};
use crate::components::{CopyButton, Dialog, Icon, IconName, Select};
use crate::i18n::{Msg, count, fill, tr, use_lang};
use crate::moment;
use crate::router::{Page, Params, Route, use_router};
use crate::views::act::RefusalFace;

/// How long a snapshot may be kept, in hours.
const HOURS: &[u32] = &[1, 24, 168, 720];

/// The window.
#[component]
pub(super) fn ShareDialog(board: Board, open: RwSignal<bool>) -> impl IntoView {
    let lang = use_lang();
    let title = Signal::derive(move || Msg::Share.text(lang.get()).to_owned());
    view! {
        <Dialog title=title open=open>
            <div class="board__form">
                <Addresses board=board/>
                <SnapshotForm board=board/>
            </div>
        </Dialog>
    }
}

/// Addresses to copy.
#[component]
fn Addresses(board: Board) -> impl IntoView {
    let alone = alone(board);
    let address = move |kiosk: bool| {
        let uid = board.opened.with(|opened| opened.listed.uid.clone());
        let (from, to) = board.window.get();
        let mut params = Params::default().with("from", &from.to_string()).with("to", &to.to_string());
        for (name, values) in board.choices() {
            params = params.with_all(&name, &values);
        }
        params = params.with("view", &alone.get().unwrap_or_default());
        params = params.with("kiosk", if kiosk { "1" } else { "" });
        whole(&Route { page: Page::Dashboard(uid), params })
    };
    view! {
        <AddressField label=Msg::ShareLink address=Signal::derive(move || address(false))/>
        <AddressField label=Msg::ShareKiosk address=Signal::derive(move || address(true))/>
    }
}

#[component]
fn AddressField(label: Msg, address: Signal<String>) -> impl IntoView {
    view! {
        <label class="field">
            <span class="field__label">{tr(label)}</span>
            <span class="input"><input type="text" readonly=true prop:value=move || address.get()/></span>
        </label>
        <CopyButton label=Msg::CopyAddress text=move |()| address.get_untracked()/>
    }
}

/// An address that works elsewhere.
fn whole(route: &Route) -> String {
    let here = window().location().href().unwrap_or_default();
    format!("{}{route}", here.split('#').next().unwrap_or_default())
}

/// Makes a snapshot, and tells its address.
#[component]
fn SnapshotForm(board: Board) -> impl IntoView {
    let (client, lang, asker) = (use_client(), use_lang(), use_asker());
    let hours = RwSignal::new("24".to_owned());
    let busy = RwSignal::new(false);
    let made = RwSignal::new(None::<Result<Listed, Refusal>>);
    let options = Signal::derive(move || {
        let words = |hours: u32| match hours / 24 {
            0 => count(lang.get(), hours as usize, Msg::HoursOne, Msg::HoursMany),
            days => count(lang.get(), days as usize, Msg::DaysOne, Msg::DaysMany),
        };
        HOURS.iter().map(|hours| (hours.to_string(), words(*hours))).collect::<Vec<_>>()
    });
    let make = move |_| {
        let Ok(controller) = AbortController::new() else { return };
        busy.set(true);
        let folder = board.opened.with_untracked(|opened| opened.listed.folder.clone());
        let hours = hours.get_untracked().parse().unwrap_or(1);
        spawn_local(async move {
            let refused = |error| Refusal { error, causes: Vec::new() };
            let result = match board.snapshot(asker, controller.signal()).await {
                Ok(snapshot) => make_snapshot(client, &Making { folder, hours, snapshot }).await,
                Err(error) => Err(refused(error)),
            };
            made.try_set(Some(result));
            busy.try_set(false);
        });
    };
    let outcome = move || {
        made.get().map(|made| match made {
            Ok(listed) => {
                let uid = board.opened.with_untracked(|opened| opened.listed.uid.clone());
                let address = whole(&snapshot_route(&uid, &listed.id));
                view! { <AddressField label=Msg::SnapshotAddress address=Signal::stored(address)/> }
                    .into_any()
            }
            Err(refusal) => view! { <RefusalFace refusal=refusal/> }.into_any(),
        })
    };
    view! {
        <p class="field__hint">{tr(Msg::SnapshotWhat)}</p>
        <div class="dialog__foot">
            <Select label=Signal::derive(move || Msg::KeptFor.text(lang.get()).to_owned()) options=options value=hours on_change=move |value| hours.set(value)/>
            <button type="button" class="btn btn--primary" disabled=move || busy.get() on:click=make>{tr(Msg::MakeSnapshot)}</button>
        </div>
        {outcome}
    }
}

/// The page of a snapshot.
pub(in crate::views) fn snapshot_route(uid: &str, id: &str) -> Route {
    let uid = if uid.is_empty() { "snapshot" } else { uid };
    Route::to(Page::Dashboard(uid.to_owned())).with("snapshot", id)
}

/// Says that what is shown is a snapshot, and how long it will be there.
#[component]
pub(super) fn SnapshotNote(listed: Listed) -> impl IntoView {
    let (client, router, lang) = (use_client(), use_router(), use_lang());
    let refusal = RwSignal::new(None::<Refusal>);
    let time = |seconds: f64| moment::local_text((seconds * 1e3) as i64);
    let (at, expires, by) = (time(listed.at), time(listed.expires), listed.by.clone());
    let words =
        move || fill(Msg::SnapshotOf.text(lang.get()), &[("time", &at), ("user", &by), ("end", &expires)]);
    let id = listed.id.clone();
    let delete = move |_| {
        let id = id.clone();
        spawn_local(async move {
            match delete_snapshot(client, &id).await {
                Ok(()) => router.push(Route::to(Page::Dashboards)),
                Err(why) => drop(refusal.try_set(Some(why))),
            }
        });
    };
    let button = listed.may_delete.then(|| {
        view! { <button type="button" class="btn btn--sm" on:click=delete>{tr(Msg::DeleteSnapshot)}</button> }
    });
    view! {
        <div class="note is-progress" role="note">
            <Icon name=IconName::Clock/>
            <p>{words}</p>
            {button}
        </div>
        {move || refusal.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
    }
}
