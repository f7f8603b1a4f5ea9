//! The versions of a dashboard: what changed in each, and the way back to one.

use std::sync::Arc;

use crowsnest_api::dashboards::Version;
use crowsnest_dashboards::Dashboard;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::save::pretty;
use crate::api::{fetch_dashboard, fetch_versions, use_client};
use crate::boards::Board;
use crate::components::{BoneLines, Dialog, DiffView, Faced};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::moment;
use crate::poll::{Cadence, poll};

/// All versions that are kept.
#[component]
pub(super) fn VersionsDialog(board: Board, open: RwSignal<bool>) -> impl IntoView {
    let lang = use_lang();
    let title = Signal::derive(move || Msg::Versions.text(lang.get()).to_owned());
    view! {
        <Dialog title=title open=open wide=true>
            <VersionList board=board open=open/>
        </Dialog>
    }
}

#[component]
fn VersionList(board: Board, open: RwSignal<bool>) -> impl IntoView {
    let client = use_client();
    let uid = board.opened.with_untracked(|opened| opened.listed.uid.clone());
    let asked = uid.clone();
    let feed = poll(
        move || (asked.clone(), Cadence::Once),
        move |uid, abort| async move { fetch_versions(client, &uid, &abort).await },
    );
    let chosen = RwSignal::new(None::<(u64, Value)>);
    let look = move |version: u64| {
        let uid = uid.clone();
        spawn_local(async move {
            if let Ok(opened) = fetch_dashboard(client, &uid, Some(version), None).await {
                chosen.try_set(Some((version, opened.dashboard)));
            }
        });
    };
    let restore = move |_| {
        if let Some((_, json)) = chosen.get_untracked() {
            // It is shown, and becomes the newest version when it is saved.
            board.dashboard.set(Arc::new(Dashboard::from_json(json)));
            open.set(false);
        }
    };
    let row = move |version: Version| {
        let look = look.clone();
        let number = version.version;
        let is_chosen = move || chosen.with(|chosen| chosen.as_ref().is_some_and(|(one, _)| *one == number));
        view! {
            <li>
                <button type="button" class="menu__item board__version" class:is-current=is_chosen aria-pressed=move || is_chosen().to_string()
                    on:click=move |_| look(number)>
                    <b>{number}</b>
                    <span>{moment::local_text((version.at * 1e3) as i64)}</span>
                    <span>{version.by}</span>
                    <span class="board__version-message">{version.message}</span>
                </button>
            </li>
        }
    };
    let list = move || {
        let row = row.clone();
        let versions = feed.value.get().unwrap_or_default();
        view! { <ul class="board__versions">{versions.into_iter().map(row).collect_view()}</ul> }
    };
    let lang = use_lang();
    let diff = move || {
        chosen.get().map(|(version, json)| {
            let current = board.dashboard.with(|dashboard| pretty(dashboard.json()));
            let words = fill(Msg::RestoreVersion.text(lang.get()), &[("n", &version.to_string())]);
            view! {
                <div class="board__diff"><DiffView before=current after=pretty(&json)/></div>
                <div class="dialog__foot">
                    <button type="button" class="btn btn--primary" on:click=restore>{words}</button>
                </div>
            }
        })
    };
    view! {
        <p class="field__hint">{tr(Msg::VersionsWhat)}</p>
        <Faced feed=feed what=Msg::Versions bones=|| view! { <BoneLines/> } content=list/>
        {diff}
    }
}
