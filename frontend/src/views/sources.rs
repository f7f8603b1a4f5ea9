//! Where samples come from: who pushes, and what is scraped.

mod pushers;
mod targets;
mod trouble;

use leptos::prelude::*;

use crate::components::{Icon, IconName, Segmented};
use crate::i18n::{Msg, shown_of, tr, use_lang};
use crate::router::use_router;
use pushers::PusherTable;
use targets::TargetTable;

/// Rows that are drawn; the filter finds the others.
const MAX_ROWS: usize = 500;
/// In addresses, the table of targets.
const TARGETS: &str = "targets";

/// A table of the page: its head, the first [`MAX_ROWS`] rows, and a word where there are more.
#[component]
fn SourcesTable<T: Clone + PartialEq + Send + Sync + 'static, V: IntoView + 'static>(
    caption: Msg,
    /// Titles, and classes of their cells.
    columns: &'static [(Msg, &'static str)],
    shown: Memo<Vec<T>>,
    /// Draws the row of one, and what stands below it.
    row: fn(T) -> V,
) -> impl IntoView {
    let head =
        |(title, class): &(Msg, &'static str)| view! { <th scope="col" class=*class>{tr(*title)}</th> };
    let rows = move || {
        let rows = shown.with(|shown| shown.iter().take(MAX_ROWS).cloned().collect::<Vec<_>>());
        rows.into_iter().map(row).collect_view()
    };
    view! {
        <div class="table-wrap nodes__table sources__table">
            <table class="table">
                <caption class="visually-hidden">{tr(caption)}</caption>
                <thead><tr>{columns.iter().map(head).collect_view()}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <Show when=move || { shown.with(Vec::len) > MAX_ROWS }>
            <p class="part-note">{tr(Msg::SourcesMore)}</p>
        </Show>
    }
}

/// The page: one table or the other.
#[component]
pub(super) fn SourcesView() -> impl IntoView {
    let (router, lang) = (use_router(), use_lang());
    let (filter, table) = (router.param("filter"), router.param("view"));
    let of_targets = Memo::new(move |_| table.get().as_deref() == Some(TARGETS));
    let counts = RwSignal::new((0, 0));
    let on_count = Callback::new(move |found| counts.set(found));
    let words = move || {
        let (shown, total) = counts.get();
        shown_of(lang.get(), shown, total)
    };
    let tables = move || {
        let lang = lang.get();
        vec![(false, Msg::Pushers.text(lang).to_owned()), (true, Msg::Targets.text(lang).to_owned())]
    };
    let choose = move |of_targets: bool| {
        let name = if of_targets { TARGETS } else { "" };
        router.push(router.route_now().with("view", name));
    };
    let set_filter = move |text: &str| router.replace(router.route_now().with("filter", text));
    view! {
        <div class="page page--flush sources">
            <div class="page__bar pagehead">
                <h1 class="pagehead__title">{tr(Msg::Sources)}</h1>
                <span class="pagehead__count">{words}</span>
                <label class="input nodes__filter">
                    <Icon name=IconName::Search/>
                    <input
                        type="search"
                        aria-label=tr(Msg::FilterSources)
                        placeholder=tr(Msg::FilterSources)
                        prop:value=move || filter.get().unwrap_or_default()
                        on:input:target=move |event| set_filter(&event.target().value())
                    />
                </label>
                <div class="pagehead__actions">
                    <Segmented
                        label=Signal::derive(move || Msg::Sources.text(lang.get()).to_owned())
                        options=Signal::derive(tables)
                        value=of_targets
                        on_change=choose
                    />
                </div>
            </div>
            {move || match of_targets.get() {
                true => view! { <TargetTable on_count=on_count/> }.into_any(),
                false => view! { <PusherTable on_count=on_count/> }.into_any(),
            }}
        </div>
    }
}
