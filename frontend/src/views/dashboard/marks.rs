//! A switch for each source of marks over charts.

use crowsnest_chart::Paint;
use crowsnest_dashboards::model::Annotation;
use leptos::prelude::*;

use crate::boards::Board;
use crate::components::use_chart_theme;
use crate::i18n::{Msg, use_lang};

/// The switches; nothing where there is no source, or all are hidden.
#[component]
pub(super) fn MarkSwitches(board: Board) -> impl IntoView {
    let lang = use_lang();
    let sources = Memo::new(move |_| {
        board.mark_sources().into_iter().filter(|source| !source.hidden).collect::<Vec<_>>()
    });
    view! {
        <Show when=move || !sources.with(Vec::is_empty)>
            <div class="board__variables" role="group" aria-label=move || Msg::MarksOver.text(lang.get())>
                <For each=move || sources.get() key=|source| source.name.clone() let:source>
                    <Switch board=board source=source/>
                </For>
            </div>
        </Show>
    }
}

#[component]
fn Switch(board: Board, source: Annotation) -> impl IntoView {
    let theme = use_chart_theme();
    let paint = Paint::parse(&source.color);
    let color = move || theme.with(|theme| paint.css(theme));
    let name = source.name.clone();
    let is_on = Memo::new(move |_| board.is_marking(&source));
    let words = name.clone();
    let toggle = move |_| {
        let next = !is_on.get_untracked();
        board.marking.update(|chosen| _ = chosen.insert(name.clone(), next));
    };
    view! {
        <label class="chip board__option" class:is-on=move || is_on.get()>
            <input type="checkbox" prop:checked=move || is_on.get() on:change=toggle/>
            <i class="swatch swatch--own" style:background-color=color></i>
            <span>{words}</span>
        </label>
    }
}
