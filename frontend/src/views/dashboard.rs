//! A dashboard: its variables above, its panels on the grid.

mod arrange;
mod edit;
mod figure;
mod frame;
mod grid;
mod leaving;
mod links;
mod marks;
mod panel;
mod save;
mod share;
mod table;
mod tools;
mod variables;
mod versions;

use std::collections::BTreeMap;
use std::time::Duration;

use crowsnest_api::dashboards::{self, Opened, Source};
use crowsnest_api::snapshots::{self, Listed};
use crowsnest_dashboards::time::duration;
use leptos::prelude::*;

use self::edit::{EditDialog, provide_editing};
use self::grid::Grid;
use self::leaving::guard_leaving;
use self::links::BoardLinks;
use self::marks::MarkSwitches;
use self::share::SnapshotNote;
pub(super) use self::share::snapshot_route;
use self::tools::Tools;
use self::variables::VariableBar;
use crate::api::{fetch_dashboard, fetch_snapshot, use_client, use_session};
use crate::boards::{Board, Kept, Times, keep_loaded, keep_marked, kept, provide_asker};
use crate::components::{BoneLines, Faced, TimePicker, provide_chart_link};
use crate::i18n::{Msg, use_lang};
use crate::poll::{Cadence, is_hidden, poll};
use crate::range::Range;
use crate::router::use_router;
use crate::zone::Zone;

/// What `$__rate_interval` of a snapshot's texts is made of; nothing is asked there any more.
const SCRAPE_INTERVAL_MS: i64 = 15_000;

/// The page of the dashboard `uid`, or of a snapshot of it that the address names.
#[component]
pub(super) fn DashboardView(uid: String) -> impl IntoView {
    let snapshot = use_router().param("snapshot");
    // Another snapshot is another page.
    move || view! { <Opening uid=uid.clone() snapshot=snapshot.get()/> }
}

#[component]
fn Opening(uid: String, snapshot: Option<String>) -> impl IntoView {
    let client = use_client();
    let feed = poll(
        move || ((uid.clone(), snapshot.clone()), Cadence::Once),
        move |(uid, snapshot), abort| async move {
            match snapshot {
                Some(id) => fetch_snapshot(client, &id, abort).await.map(|opened| of_snapshot(uid, opened)),
                None => fetch_dashboard(client, &uid, None, Some(&abort)).await.map(|opened| (opened, None)),
            }
        },
    );
    // An opened dashboard stays as it is while its page is open: what others save is told when one saves.
    let content =
        move || feed.value.get_untracked().map(|(opened, kept)| view! { <Shown opened=opened kept=kept/> });
    view! {
        <div class="page board">
            <Faced feed=feed what=Msg::Dashboard bones=|| view! { <BoneLines/> } content=content/>
        </div>
    }
}

/// The dashboard, once it is here.
#[component]
fn Shown(opened: Opened, kept: Option<(Listed, Kept)>) -> impl IntoView {
    let client = use_client();
    let session = use_session();
    provide_chart_link();
    provide_asker();
    let (listed, kept) = kept.unzip();
    let board = Board::new(opened, kept, untrack(|| session.user()));
    provide_context(board);
    provide_editing();
    let failed = RwSignal::new(BTreeMap::new());
    keep_loaded(board, client, failed);
    keep_marked(board);
    let refresh = refresh_param(board);
    guard_leaving(board);
    keep_title(board);
    let range = Memo::new(move |_| board.times.get().range(board.now.get(), &board.zone.read()));
    let on_range = move |range: Range| board.set_times(&Times::chosen(range));
    // The dashboard's own needs no word in the address.
    let on_zone = move |name: String| {
        let own = Zone::named(&board.dashboard.with_untracked(|dashboard| dashboard.timezone()));
        let name = if Zone::named(&name) == own { "" } else { name.as_str() };
        board.router.push(board.router.route_now().with("timezone", name));
    };
    let is_kiosk = board.router.param("kiosk");
    Effect::new(move || set_kiosk(is_kiosk.with(Option::is_some)));
    on_cleanup(|| set_kiosk(false));
    let lang = use_lang();
    let leave = move || board.router.route().with("kiosk", "").to_string();
    let leaving = move || {
        view! { <a class="btn btn--quiet" href=leave>{move || Msg::LeaveKiosk.text(lang.get())}</a> }
    };
    view! {
        <div class="pagehead board__head">
            <h1 class="pagehead__title">{move || board.dashboard.with(|dashboard| dashboard.title())}</h1>
            <div class="pagehead__actions">
                <Show when=move || is_kiosk.with(Option::is_none) fallback=leaving>
                    <Show when=move || !board.is_kept()><Tools board=board refresh=refresh/></Show>
                </Show>
                <Show when=move || !board.is_kept()><TimePicker range=range on_change=on_range zone=board.zone on_zone=on_zone/></Show>
            </div>
        </div>
        {listed.map(|listed| view! { <SnapshotNote listed=listed/> })}
        <VariableBar board=board failed=failed/>
        <MarkSwitches board=board/>
        <BoardLinks board=board/>
        <Grid board=board/>
        <EditDialog board=board/>
    }
}

/// A snapshot as a dashboard that is opened.
fn of_snapshot(uid: String, opened: snapshots::Opened) -> (Opened, Option<(Listed, Kept)>) {
    let snapshots::Opened { listed, snapshot } = opened;
    let kept = kept(&snapshot);
    let as_dashboard = dashboards::Listed {
        uid,
        title: listed.title.clone(),
        folder: listed.folder.clone(),
        tags: Vec::new(),
        source: Source::Stored,
        panels: snapshot.panels.len(),
        version: 0,
        updated: listed.at,
        by: listed.by.clone(),
        starred: false,
        may_change: false,
    };
    let opened = Opened {
        listed: as_dashboard,
        dashboard: snapshot.dashboard,
        scrape_interval_ms: SCRAPE_INTERVAL_MS,
        metric_intervals_ms: BTreeMap::new(),
    };
    (opened, Some((listed, kept)))
}

/// How often the dashboard looks at the clock again, by its URL or its file; empty is not at all. Sees to it that it does.
fn refresh_param(board: Board) -> Memo<String> {
    let param = board.router.param("refresh");
    let chosen = Memo::new(move |_| match param.get() {
        Some(text) if text == "off" => String::new(),
        Some(text) => text,
        None => board.dashboard.with(|dashboard| dashboard.refresh()).unwrap_or_default(),
    });
    let timer = StoredValue::new(None::<IntervalHandle>);
    Effect::new(move || {
        if let Some(timer) = timer.get_value() {
            timer.clear();
        }
        let every = duration::parse_ms(&chosen.get()).filter(|ms| *ms >= 1_000);
        let is_live = board.times.with(Times::is_live);
        let every = every.filter(|_| is_live).map(|ms| Duration::from_millis(ms.unsigned_abs()));
        let again = move || {
            if !is_hidden() {
                board.refresh();
            }
        };
        timer.set_value(every.and_then(|every| set_interval_with_handle(again, every).ok()));
    });
    on_cleanup(move || {
        if let Some(timer) = timer.try_get_value().flatten() {
            timer.clear();
        }
    });
    chosen
}

/// The window's title is the dashboard's.
fn keep_title(board: Board) {
    Effect::new(move || {
        let title = board.dashboard.with(|dashboard| dashboard.title());
        document().set_title(&format!("{title} · Crowsnest"));
    });
}

/// Takes side bar and top bar away, or brings them back.
fn set_kiosk(on: bool) {
    if let Some(body) = document().body() {
        let _ = body.class_list().toggle_with_force("is-kiosk", on);
    }
}
