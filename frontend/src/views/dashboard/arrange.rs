//! The handles by which a panel is moved and resized on the grid: dragged with the pointer, or with arrow keys while one has the focus.

use crowsnest_dashboards::layout::{Arrangement, Step};
use crowsnest_dashboards::model::Grid;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};

use crate::boards::Board;
use crate::components::{Icon, IconName};
use crate::i18n::{Msg, fill, use_lang};

/// A line of the grid with its gap, in pixels, as the style sheet has it.
const LINE: f64 = 38.0;
/// The gap between two columns.
const GAP: f64 = 8.0;

/// What a handle changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Handle {
    Move,
    Size,
}

/// A drag: where the pointer was on the grid when it began, and what was where.
#[derive(Clone)]
struct Drag {
    start: (f64, f64),
    before: Arrangement,
    grid: Grid,
}

/// Both handles of a panel. What was done is put into `said`.
#[component]
pub(super) fn Handles(board: Board, id: i64, title: Signal<String>, said: RwSignal<String>) -> impl IntoView {
    view! {
        <HandleButton board=board id=id title=title said=said handle=Handle::Move/>
        <HandleButton board=board id=id title=title said=said handle=Handle::Size/>
    }
}

#[component]
fn HandleButton(
    board: Board,
    id: i64,
    title: Signal<String>,
    said: RwSignal<String>,
    handle: Handle,
) -> impl IntoView {
    let lang = use_lang();
    let drag = StoredValue::new(None::<Drag>);
    let name = move || match title.get() {
        title if title.is_empty() => Msg::Panel.text(lang.get()).to_owned(),
        title => title,
    };
    let (icon, words, class) = match handle {
        Handle::Move => (IconName::Move, Msg::MovePanel, "board__handle"),
        Handle::Size => (IconName::Resize, Msg::SizePanel, "board__handle board__handle--size"),
    };
    let label = move || fill(words.text(lang.get()), &[("name", &name())]);
    let say = move |places: &Arrangement| {
        if let Some(grid) = places.grid(id) {
            said.set(place_words(Msg::PanelPlace.text(lang.get_untracked()), &untrack(name), grid));
        }
    };
    let keep = move |places: &Arrangement| {
        board.change(|json| places.write(json));
        say(places);
    };
    let now = move || board.dashboard.with_untracked(|dashboard| Arrangement::of(dashboard.json()));
    let on_down = move |event: PointerEvent| {
        let before = now();
        if let (0, Some((x, y, _)), Some(grid)) = (event.button(), on_grid(&event), before.grid(id)) {
            drag.set_value(Some(Drag { start: (x, y), before, grid }));
            // The pointer leaves the handle sooner than the handle follows.
            if let Some(button) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok())
            {
                let _ = button.set_pointer_capture(event.pointer_id());
            }
        }
    };
    let on_move = move |event: PointerEvent| {
        let Some(Drag { start, before, grid }) = drag.get_value() else { return };
        let Some((x, y, column)) = on_grid(&event) else { return };
        let (columns, lines) =
            (((x - start.0) / column).round() as i32, ((y - start.1) / LINE).round() as i32);
        board.dragged.set(Some(before.put(id, dragged(handle, grid, columns, lines))));
    };
    let on_up = move |_| {
        drag.set_value(None);
        if let Some(places) = board.dragged.get_untracked() {
            board.dragged.set(None);
            keep(&places);
        }
    };
    let give_up = move || {
        drag.set_value(None);
        board.dragged.set(None);
    };
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            return give_up();
        }
        let Some(step) = step_of(&event.key()) else { return };
        event.prevent_default();
        let places = match handle {
            Handle::Move => now().moved(id, step),
            Handle::Size => now().resized(id, step),
        };
        keep(&places);
    };
    view! {
        <button type="button" class=class aria-label=label title=label on:pointerdown=on_down on:pointermove=on_move on:pointerup=on_up
            on:pointercancel=move |_| give_up() on:keydown=on_key>
            <Icon name=icon/>
        </button>
    }
}

/// The place that is wanted after a drag over so many columns and lines.
fn dragged(handle: Handle, grid: Grid, columns: i32, lines: i32) -> Grid {
    match handle {
        // A panel that is pushed against an edge keeps its width.
        Handle::Move => {
            Grid { x: (grid.x + columns).clamp(0, Grid::COLUMNS - grid.w), y: grid.y + lines, ..grid }
        }
        Handle::Size => Grid { w: grid.w + columns, h: grid.h + lines, ..grid },
    }
}

fn step_of(key: &str) -> Option<Step> {
    match key {
        "ArrowLeft" => Some(Step::Left),
        "ArrowRight" => Some(Step::Right),
        "ArrowUp" => Some(Step::Up),
        "ArrowDown" => Some(Step::Down),
        _ => None,
    }
}

/// Where the pointer is on the grid, and how wide a column with its gap is; the page may scroll during a drag.
fn on_grid(event: &PointerEvent) -> Option<(f64, f64, f64)> {
    let target = event.current_target()?.dyn_into::<Element>().ok()?;
    let frame = target.closest(".board__grid").ok()??.get_bounding_client_rect();
    let column = (frame.width() + GAP) / f64::from(Grid::COLUMNS);
    (column > GAP).then(|| {
        (f64::from(event.client_x()) - frame.left(), f64::from(event.client_y()) - frame.top(), column)
    })
}

/// Where a panel is, in words; columns and lines are counted from 1.
fn place_words(words: &str, name: &str, grid: Grid) -> String {
    let [x, y, w, h] = [grid.x + 1, grid.y + 1, grid.w, grid.h].map(|number| number.to_string());
    fill(words, &[("name", name), ("x", &x), ("y", &y), ("w", &w), ("h", &h)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drag_against_an_edge_keeps_the_width() {
        let grid = Grid { x: 12, y: 0, w: 12, h: 8 };
        assert_eq!(dragged(Handle::Move, grid, 5, 2), Grid { y: 2, ..grid });
        assert_eq!(dragged(Handle::Move, grid, -20, 0), Grid { x: 0, ..grid });
        assert_eq!(dragged(Handle::Size, grid, -4, 1), Grid { w: 8, h: 9, ..grid });
        assert_eq!(place_words("{name} {x},{y} {w}x{h}", "A", grid), "A 13,1 12x8");
    }
}
