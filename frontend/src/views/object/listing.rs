//! Tables of what an object has several of: rules, subjects, keys, variables.

use crate::json::Value;
use leptos::prelude::*;

use super::ObjectPage;
use crate::components::Panel;
use crate::i18n::{Msg, tr};
use crate::kinds::pod_spec::{LISTINGS, spec_of};
use crate::kinds::{Cell, Listing};
use crate::router::Page;
use crate::views::list::CellView;

/// Lines that are shown; whoever has more sees so many.
const MOST: usize = 500;

/// The table of a listing; nothing where it has no lines.
#[component]
pub(super) fn ListingPanel(page: ObjectPage, listing: &'static Listing) -> impl IntoView {
    let lines = Memo::new(move |_| page.whole.about(listing.read));
    view! { <Lines title=listing.title heads=listing.heads lines=lines/> }
}

/// The tables of what pods are to be.
#[component]
pub(super) fn PodSpec(page: ObjectPage) -> impl IntoView {
    let path = page.row.pod_spec.unwrap_or_default();
    let is_pod = page.row.id == "pods";
    let listing = move |one: &'static crate::kinds::pod_spec::PodListing| {
        let lines = Memo::new(move |_| {
            let namespace = page.wanted.with_value(|(namespace, _)| namespace.clone());
            page.whole.about(|object: &Value| (one.read)(&namespace, spec_of(object, path)))
        });
        view! { <Lines title=one.title heads=one.heads lines=lines/> }
    };
    LISTINGS.iter().filter(move |one| one.of_pods || !is_pod).map(listing).collect_view()
}

#[component]
fn Lines(title: Msg, heads: &'static [Msg], lines: Memo<Vec<Vec<Cell>>>) -> impl IntoView {
    let heading = tr(title);
    let note = Signal::derive(move || lines.with(Vec::len).to_string());
    let line = move |cells: Vec<Cell>| {
        let cell = |(at, cell): (usize, Cell)| {
            let content = view! { <CellView cell=cell page=Page::Overview/> };
            match at {
                0 => view! { <th scope="row" class="table__name">{content}</th> }.into_any(),
                at => {
                    let label = heads.get(at).map(|head| tr(*head));
                    view! { <td data-label=move || label.map(|label| label())>{content}</td> }.into_any()
                }
            }
        };
        view! { <tr>{cells.into_iter().enumerate().map(cell).collect_view()}</tr> }
    };
    let body = move || lines.get().into_iter().take(MOST).map(line).collect_view();
    let class = if heads.len() > 2 { "grid__16 listing" } else { "grid__8 listing" };
    view! {
        <Show when=move || lines.with(|lines| !lines.is_empty())>
            <Panel
                title=Signal::derive(move || heading().to_owned())
                note=note
                flush=true
                class=class
            >
                <div class="table-wrap">
                    <table class="table">
                        <caption class="visually-hidden">{tr(title)}</caption>
                        <thead><tr>{heads.iter().map(|head| view! { <th scope="col">{tr(*head)}</th> }).collect_view()}</tr></thead>
                        <tbody>{body}</tbody>
                    </table>
                </div>
            </Panel>
        </Show>
    }
}
