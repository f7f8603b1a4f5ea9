//! The panels and headers of rows, each at its place on the grid of 24 columns.

use std::collections::BTreeMap;

use crowsnest_dashboards::interpolate::{Bound, Format, interpolate};
use crowsnest_dashboards::layout::{Placed, RowHead, What, narrow, toggle_row};
use crowsnest_dashboards::model;
use leptos::prelude::*;

use super::arrange::Handles;
use super::panel::PanelView;
use crate::boards::{Board, Scopes, panel_name};
use crate::components::{Blank, Icon, IconName, Tone};
use crate::i18n::{Msg, count, tr, use_lang};

/// Below this width panels stand one below the other, as the style sheet has it.
const NARROW: f64 = 720.0;

/// What is at a place, whatever changes of it: the panel's or row's number, and its copy.
type Key = (bool, i64, String);

fn key(placed: &Placed) -> Key {
    match &placed.what {
        What::Panel(panel) => (true, panel.id, placed.copy.clone()),
        What::Row(row) => (false, row.id, placed.copy.clone()),
    }
}

/// The grid; one panel alone where the URL says so.
#[component]
pub(super) fn Grid(board: Board) -> impl IntoView {
    let alone = alone(board);
    let is_narrow = RwSignal::new(is_narrow());
    let handle = window_event_listener(leptos::ev::resize, move |_| {
        let now = self::is_narrow();
        if is_narrow.get_untracked() != now {
            is_narrow.set(now);
        }
    });
    on_cleanup(move || handle.remove());
    let placed = Memo::new(move |_| {
        let mut placed = board.placed();
        if let Some(alone) = alone.get() {
            placed.retain(|one| is_viewed(one, &alone));
            placed.truncate(1);
            placed
                .iter_mut()
                .for_each(|one| one.grid = model::Grid { x: 0, y: 0, w: model::Grid::COLUMNS, h: 1 });
        } else if is_narrow.get() {
            narrow(&mut placed);
        }
        placed
    });
    let keys = Memo::new(move |_| placed.with(|placed| placed.iter().map(key).collect::<Vec<_>>()));
    let is_alone = move || alone.with(Option::is_some);
    let is_ready = Memo::new(move |_| board.loading.with(|loading| loading.is_done()));
    let is_empty = move || is_ready.get() && keys.with(Vec::is_empty);
    let arranging = Memo::new(move |_| board.arranging.get() && !is_narrow.get() && !is_alone());
    // What a handle has done, for those who do not see it.
    let said = RwSignal::new(String::new());
    view! {
        <div class="board__grid" class:is-alone=is_alone class:is-arranged=move || arranging.get()>
            // Repeats are known when the variables are: a grid that is laid out twice would jump.
            <Show when=move || is_ready.get()>
                <For each=move || keys.get() key=Clone::clone let:key>
                    <Place board=board key=key placed=placed arranging=arranging said=said/>
                </For>
            </Show>
        </div>
        <p class="visually-hidden" role="status">{move || said.get()}</p>
        <Show when=is_empty>
            <Blank icon=IconName::Gauge tone=Tone::Unknown title=Signal::derive(move || tr(Msg::NoPanels)().to_owned())
                why=Signal::derive(move || tr(Msg::NoPanelsWhy)().to_owned()) actions=|| ()/>
        </Show>
    }
}

/// The panel that is shown alone, by the name in our own addresses or in those of Grafana, `viewPanel=4`, `viewPanel=panel-4`.
pub(super) fn alone(board: Board) -> Memo<Option<String>> {
    let (own, theirs) = (board.router.param("view"), board.router.param("viewPanel"));
    Memo::new(move |_| {
        own.get().or_else(|| theirs.get().map(|name| name.strip_prefix("panel-").unwrap_or(&name).to_owned()))
    })
}

fn is_narrow() -> bool {
    window().inner_width().ok().and_then(|width| width.as_f64()).is_some_and(|width| width < NARROW)
}

/// Whether this is the panel of the URL's `view`: a number, with a copy behind a slash.
fn is_viewed(placed: &Placed, view: &str) -> bool {
    matches!(&placed.what, What::Panel(panel) if view == panel_name(panel.id, &placed.copy))
}

/// What stands at one place.
#[component]
fn Place(
    board: Board,
    key: Key,
    placed: Memo<Vec<Placed>>,
    arranging: Memo<bool>,
    said: RwSignal<String>,
) -> impl IntoView {
    let wanted = key.clone();
    let own =
        Memo::new(move |_| placed.with(|placed| placed.iter().find(|one| self::key(one) == wanted).cloned()));
    let grid = move || own.with(|own| own.as_ref().map(|own| own.grid));
    let column = move || grid().map(|grid| format!("{} / span {}", grid.x + 1, grid.w)).unwrap_or_default();
    let row = move || grid().map(|grid| format!("{} / span {}", grid.y + 1, grid.h)).unwrap_or_default();
    let scope =
        Memo::new(move |_| own.with(|own| own.as_ref().map(|own| own.scope.clone()).unwrap_or_default()));
    let content = match key.0 {
        true => {
            let panel = Memo::new(move |_| match own.get()?.what {
                What::Panel(panel) => Some(*panel),
                What::Row(_) => None,
            });
            let (id, name) = (key.1, panel_name(key.1, &key.2));
            let title = Signal::derive(move || {
                panel.with(|panel| panel.as_ref().map(|panel| panel.title.clone()).unwrap_or_default())
            });
            view! {
                <PanelView board=board panel=panel scope=scope name=name/>
                <Show when=move || arranging.get()><Handles board=board id=id title=title said=said/></Show>
            }
            .into_any()
        }
        false => {
            let row = Memo::new(move |_| match own.get()?.what {
                What::Row(row) => Some(row),
                What::Panel(_) => None,
            });
            view! { <RowHeader board=board row=row scope=scope/> }.into_any()
        }
    };
    view! {
        <div class="board__place" class:is-row=!key.0 style:grid-column=column style:grid-row=row>{content}</div>
    }
}

/// The header of a row; a click opens and closes it.
#[component]
fn RowHeader(
    board: Board,
    row: Memo<Option<RowHead>>,
    scope: Memo<BTreeMap<String, Bound>>,
) -> impl IntoView {
    let lang = use_lang();
    let is_closed = move || row.with(|row| row.as_ref().is_some_and(|row| row.collapsed));
    let title = move || {
        let globals = board.globals();
        let title = row.with(|row| row.as_ref().map(|row| row.title.clone()).unwrap_or_default());
        scope.with(|own| {
            board.loading.with(|loading| {
                let scopes = Scopes { own, board: loading.scope(), globals: &globals };
                interpolate(&title, &scopes, &Format::Text)
            })
        })
    };
    let panels = move || {
        let panels = row.with(|row| row.as_ref().map_or(0, |row| row.panels));
        count(lang.get(), panels, Msg::PanelsOne, Msg::PanelsMany)
    };
    let toggle = move |_| {
        let Some((id, collapsed)) = row.with_untracked(|row| row.as_ref().map(|row| (row.id, row.collapsed)))
        else {
            return;
        };
        // Where panels are arranged, that is a change of the dashboard.
        match board.arranging.get_untracked() {
            true => board.change(|json| toggle_row(json, id)),
            false => board.rows.update(|rows| _ = rows.insert(id, collapsed)),
        }
    };
    view! {
        <h2 class="board__row">
            <button
                type="button"
                class="board__row-button"
                aria-expanded=move || (!is_closed()).to_string()
                on:click=toggle
            >
                <Icon name=Signal::derive(move || if is_closed() { IconName::Right } else { IconName::Down })/>
                <span>{title}</span>
                <Show when=is_closed><span class="board__row-count">{panels}</span></Show>
            </button>
        </h2>
    }
}
