//! What can be done with a dashboard: star, refresh, edit, save, versions, export, kiosk, delete.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_api::dashboards::Source;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::edit::use_editing;
use super::grid::alone;
use super::leaving::is_changed;
use super::save::{CodeDialog, SaveDialog};
use super::share::ShareDialog;
use super::versions::VersionsDialog;
use crate::api::{Refusal, delete_dashboard, set_star, use_client};
use crate::boards::{Board, change};
use crate::components::{Dialog, Icon, IconName, Popover, Select};
use crate::download::download;
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::router::{Page, Route};
use crate::views::act::RefusalFace;

/// How often a dashboard may be refreshed.
const REFRESH: &[&str] = &["5s", "10s", "30s", "1m", "5m", "15m", "30m", "1h"];

/// The buttons in the head of the page.
#[component]
pub(super) fn Tools(board: Board, refresh: Memo<String>) -> impl IntoView {
    let lang = use_lang();
    let (saving, coding, versions, deleting) =
        (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let sharing = RwSignal::new(false);
    let may_change = move || board.opened.with(|opened| opened.listed.may_change);
    let changed = Memo::new(move |_| is_changed(board));
    let options = Signal::derive(move || {
        let lang = lang.get();
        let mut options = vec![("off".to_owned(), Msg::RefreshOff.text(lang).to_owned())];
        let own = refresh.get();
        if !own.is_empty() && !REFRESH.contains(&own.as_str()) {
            options.push((own.clone(), own));
        }
        options.extend(REFRESH.iter().map(|every| ((*every).to_owned(), (*every).to_owned())));
        options
    });
    let value = Signal::derive(move || match refresh.get() {
        text if text.is_empty() => "off".to_owned(),
        text => text,
    });
    let set_refresh =
        move |every: String| board.router.push(board.router.route_now().with("refresh", &every));
    let editing = use_editing();
    let arrange = move |_| {
        // What the file has is arranged, not what somebody opened to look into.
        board.rows.update(BTreeMap::clear);
        board.dragged.set(None);
        board.arranging.update(|on| *on = !*on);
    };
    let alone = alone(board);
    let add_panel = move |_| {
        let mut id = None;
        board.change(|json| id = Some(change::add(json)));
        editing.set(id);
    };
    view! {
        <Show when=move || changed.get()>
            <span class="badge is-warning">{tr(Msg::Unsaved)}</span>
            <button type="button" class="btn btn--sm" on:click=move |_| discard(board)>{tr(Msg::Discard)}</button>
        </Show>
        <Show when=move || changed.get() || may_change()>
            <button type="button" class="btn" class:btn--primary=move || changed.get() disabled=move || !changed.get()
                on:click=move |_| saving.set(true)>{tr(Msg::Save)}</button>
        </Show>
        <Show when=move || alone.with(Option::is_none)>
            <button type="button" class="btn board__arrange" class:is-on=move || board.arranging.get()
                aria-pressed=move || board.arranging.get().to_string() on:click=arrange>
                <Icon name=IconName::Move/>{tr(Msg::Arrange)}
            </button>
        </Show>
        <button type="button" class="btn" on:click=add_panel><Icon name=IconName::Add/>{tr(Msg::AddPanel)}</button>
        <Star board=board/>
        <Select label=Signal::derive(move || Msg::RefreshEvery.text(lang.get()).to_owned()) options=options value=value on_change=set_refresh quiet=true/>
        <button type="button" class="btn btn--icon" aria-label=tr(Msg::RefreshNow) title=tr(Msg::RefreshNow) on:click=move |_| board.refresh()>
            <Icon name=IconName::Refresh/>
        </button>
        <button type="button" class="btn btn--icon" aria-label=tr(Msg::Share) title=tr(Msg::Share) on:click=move |_| sharing.set(true)>
            <Icon name=IconName::Link/>
        </button>
        <Menu board=board coding=coding versions=versions deleting=deleting/>
        <SaveDialog board=board open=saving/>
        <CodeDialog board=board open=coding/>
        <VersionsDialog board=board open=versions/>
        <DeleteDialog board=board open=deleting/>
        <ShareDialog board=board open=sharing/>
    }
}

/// Goes back to what is stored.
fn discard(board: Board) {
    let stored = board.opened.with_untracked(|opened| opened.dashboard.clone());
    board.dashboard.set(Arc::new(crowsnest_dashboards::Dashboard::from_json(stored)));
}

#[component]
fn Star(board: Board) -> impl IntoView {
    let client = use_client();
    let lang = use_lang();
    let is_on = move || board.opened.with(|opened| opened.listed.starred);
    let words = move || if is_on() { Msg::TakeStar } else { Msg::GiveStar }.text(lang.get());
    let toggle = move |_| {
        let starred = !untrack(is_on);
        let uid = board.opened.with_untracked(|opened| opened.listed.uid.clone());
        spawn_local(async move {
            if set_star(client, &uid, starred).await.is_ok() {
                board.opened.try_update(|opened| opened.listed.starred = starred);
            }
        });
    };
    view! {
        <button type="button" class="btn btn--quiet btn--icon board__star" class:is-on=is_on aria-label=words title=words
            aria-pressed=move || is_on().to_string() on:click=toggle>
            <Icon name=IconName::Star/>
        </button>
    }
}

#[component]
fn Menu(
    board: Board,
    coding: RwSignal<bool>,
    versions: RwSignal<bool>,
    deleting: RwSignal<bool>,
) -> impl IntoView {
    let lang = use_lang();
    let open = RwSignal::new(false);
    let is_stored = move || board.opened.with(|opened| opened.listed.source == Source::Stored);
    let may_change = move || board.opened.with(|opened| opened.listed.may_change);
    let kiosk = move || board.router.route().with("kiosk", "1").to_string();
    let export = move |_| {
        open.set(false);
        let (name, text) =
            board.dashboard.with_untracked(|dashboard| (dashboard.title(), dashboard.export()));
        download(&format!("{name}.json"), text.as_bytes());
    };
    let begin = move |dialog: RwSignal<bool>| {
        open.set(false);
        dialog.set(true);
    };
    view! {
        <Popover
            open=open
            label=Signal::derive(move || Msg::BoardMenu.text(lang.get()).to_owned())
            class="btn btn--icon"
            trigger=|| view! { <Icon name=IconName::More/> }
        >
            <ul class="board__menu-list">
                <li><button type="button" class="menu__item" on:click=move |_| begin(coding)>{tr(Msg::EditJson)}</button></li>
                <Show when=is_stored>
                    <li><button type="button" class="menu__item" on:click=move |_| begin(versions)>{tr(Msg::Versions)}</button></li>
                </Show>
                <li><button type="button" class="menu__item" on:click=export>{tr(Msg::ExportJson)}</button></li>
                <li><a class="menu__item" href=kiosk on:click=move |_| open.set(false)>{tr(Msg::Kiosk)}</a></li>
                <Show when=may_change>
                    <li><button type="button" class="menu__item is-critical" on:click=move |_| begin(deleting)>{tr(Msg::DeleteBoard)}</button></li>
                </Show>
            </ul>
        </Popover>
    }
}

/// Asks before a dashboard goes with all its versions.
#[component]
fn DeleteDialog(board: Board, open: RwSignal<bool>) -> impl IntoView {
    let client = use_client();
    let lang = use_lang();
    let refusal = RwSignal::new(None::<Refusal>);
    let title = Signal::derive(move || Msg::DeleteBoard.text(lang.get()).to_owned());
    let question = move || {
        let name = board.dashboard.with(|dashboard| dashboard.title());
        fill(Msg::DeleteBoardWhat.text(lang.get()), &[("name", &name)])
    };
    let go = move |_| {
        let uid = board.opened.with_untracked(|opened| opened.listed.uid.clone());
        spawn_local(async move {
            match delete_dashboard(client, &uid).await {
                Ok(()) => {
                    // What is gone has no unsaved changes.
                    discard(board);
                    board.router.push(Route::to(Page::Dashboards));
                }
                Err(why) => drop(refusal.try_set(Some(why))),
            }
        });
    };
    view! {
        <Dialog title=title open=open>
            <p>{question}</p>
            {move || refusal.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
            <div class="dialog__foot">
                <button type="button" class="btn" on:click=move |_| open.set(false)>{tr(Msg::Cancel)}</button>
                <button type="button" class="btn btn--danger" on:click=go>{tr(Msg::DeleteBoard)}</button>
            </div>
        </Dialog>
    }
}
