//! The table of a list. Only rows near to what is seen are in the document, so ten thousand cost no more than fifty.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use super::cells::CellView;
use super::columns::Chosen;
use super::curves::{Curves, curves, has_curve};
use super::joined::Joined;
use super::order::{Order, Rows};
use crate::components::{Icon, IconName, Sparkline, element_size, rows_near};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::kinds::{Cell, Column, KindRow, Natural, Place, Source};
use crate::live::{Key, List};
use crate::shortcuts::shortcut;

/// How tall a row is until one has been measured, and how tall the place is until it has.
const ROW: f64 = 30.0;
const WINDOW: f64 = 900.0;
/// How long rows keep their places after the pointer has come to rest on them, in milliseconds.
const RESTS: f64 = 8_000.0;
/// How wide the table must be for curves; the style sheet says the same.
const CURVES_FROM: f64 = 1_152.0;

/// The table; its place scrolls.
#[component]
pub(in crate::views) fn ObjectTable(
    row: &'static KindRow,
    list: List,
    rows: Memo<Rows>,
    joined: Memo<Joined>,
    order: Memo<Order>,
    #[prop(into)] on_order: Callback<usize>,
    /// Whom J and K stand on.
    cursor: RwSignal<Option<Key>>,
    /// Whether somebody points at the rows.
    resting: Resting,
    /// Whether all rows are of one namespace, so that its column says nothing.
    is_single: Memo<bool>,
    /// The places of those columns that are shown; all that there is room for without a choice.
    #[prop(optional)]
    columns: Chosen,
    /// Who is chosen, where objects can be.
    #[prop(optional)]
    chosen: Option<Choice>,
) -> impl IntoView {
    let is_chosen = columns.is_some();
    let columns: Vec<(usize, &'static Column)> = row
        .columns
        .iter()
        .enumerate()
        .filter(|(at, _)| columns.as_ref().is_none_or(|columns| columns.contains(at)))
        .collect();
    let columns = StoredValue::new(columns);
    let place = NodeRef::<html::Div>::new();
    let body = NodeRef::<html::Tbody>::new();
    let size = element_size(place);
    let scrolled = RwSignal::new(0.0_f64);
    let row_height = RwSignal::new(ROW);
    let range = Memo::new(move |_| {
        let height = size.get().map_or(WINDOW, |size| size.height);
        rows_near(rows.with(Rows::len), scrolled.get(), height, row_height.get())
    });
    let shown = Memo::new(move |_| {
        let (start, count) = range.get();
        rows.with(|rows| rows.slice(start, count))
    });
    let has_room = Memo::new(move |_| size.get().is_some_and(|size| size.width >= CURVES_FROM));
    let curves = curves(row, shown, has_room);
    // Two lines on narrow screens: how tall a row is, only the style sheet knows.
    Effect::new(move || {
        size.track();
        shown.track();
        request_animation_frame(move || {
            let first = body
                .try_get_untracked()
                .flatten()
                .and_then(|body| body.query_selector("tr.table__row").ok().flatten());
            let height =
                first.map(|row| row.get_bounding_client_rect().height()).filter(|height| *height >= 1.0);
            if let Some(height) = height.filter(|height| row_height.try_get_untracked() != Some(*height)) {
                row_height.try_set(height);
            }
        });
    });
    let gap = move |rows: usize| format!("{:.1}px", rows as f64 * row_height.get());
    let before = move || gap(range.get().0);
    let after = move || {
        let (start, count) = range.get();
        gap(rows.with(Rows::len).saturating_sub(start + count))
    };
    let walk = move |by: isize| {
        let at = cursor.with_untracked(|cursor| {
            let key = cursor.as_ref()?;
            rows.with_untracked(|rows| rows.iter().position(|entry| entry.key == *key))
        });
        let last = rows.with_untracked(Rows::len).saturating_sub(1);
        let next = at.map_or(0, |at| at.saturating_add_signed(by).min(last));
        cursor.set(rows.with_untracked(|rows| rows.slice(next, 1)).pop().map(|(_, key)| key));
        if let Some(place) = place.get_untracked() {
            let (top, height) = (next as f64 * row_height.get_untracked(), row_height.get_untracked());
            let (from, room) =
                (f64::from(place.scroll_top()), f64::from(place.client_height()) - 2.0 * height);
            if top < from || top > from + room {
                place.set_scroll_top((top - room / 2.0).max(0.0) as i32);
            }
        }
    };
    shortcut("j", move || walk(1));
    shortcut("k", move || walk(-1));
    if let Some(chosen) = chosen {
        shortcut(" ", move || {
            if let Some(key) = cursor.get_untracked() {
                toggle(chosen, &key);
            }
        });
    }
    let choose_all = chosen.map(|chosen| {
        let is_all = move || {
            chosen.with(|chosen| {
                rows.with(|rows| rows.len() > 0 && rows.iter().all(|entry| chosen.contains(&entry.key)))
            })
        };
        let choose = move |all: bool| {
            let keys = rows.with_untracked(|rows| rows.iter().map(|entry| entry.key.clone()).collect());
            chosen.set(if all { keys } else { BTreeSet::new() });
        };
        view! {
            <th scope="col" class="col--choose">
                <input
                    type="checkbox"
                    aria-label=tr(Msg::ChooseAll)
                    prop:checked=is_all
                    on:change:target=move |event| choose(event.target().checked())
                />
            </th>
        }
    });
    view! {
        <div
            node_ref=place
            class=format!("table-wrap list__table list__table--{}", row.id)
            class:is-single=move || is_single.get()
            class:is-chosen=is_chosen
            on:scroll:target=move |event| scrolled.set(f64::from(event.target().scroll_top()))
        >
            <table class="table table--fixed" aria-rowcount=move || (rows.with(Rows::len) + 1).to_string()>
                <caption class="visually-hidden">{tr(row.title)}</caption>
                <thead>
                    <tr>
                        {choose_all}
                        {columns
                            .get_value()
                            .into_iter()
                            .map(|(at, column)| view! { <Head at=at column=column order=order on_order=on_order/> })
                            .collect_view()}
                    </tr>
                </thead>
                <tbody
                    node_ref=body
                    on:pointermove=move |event| resting.moved(event.pointer_type() == "mouse")
                    on:pointerleave=move |_| resting.left()
                >
                    <tr class="table__gap" aria-hidden="true"><td style:height=before></td></tr>
                    <For each=move || shown.get() key=|(_, key)| key.clone() let((at, key))>
                        <Row row=row columns=columns list=list key_=key at=at joined=joined curves=curves cursor=cursor chosen=chosen/>
                    </For>
                    <tr class="table__gap" aria-hidden="true"><td style:height=after></td></tr>
                </tbody>
            </table>
        </div>
    }
}

/// The objects that are chosen, to do something with all of them.
pub(in crate::views) type Choice = RwSignal<BTreeSet<Key>>;

fn toggle(chosen: Choice, key: &Key) {
    chosen.update(|chosen| {
        if !chosen.remove(key) {
            chosen.insert(key.clone());
        }
    });
}

/// Whether somebody points at the rows: then they keep their places. A pointer that lies there forgotten does not count.
#[derive(Clone, Copy)]
pub(in crate::views) struct Resting {
    /// When the pointer was last moved, in milliseconds of the browser's clock; 0 while it is elsewhere.
    at: StoredValue<f64>,
}

impl Resting {
    /// Nobody does.
    pub(in crate::views) fn new() -> Self {
        Self { at: StoredValue::new(0.0) }
    }

    /// Whether somebody does.
    pub(in crate::views) fn is_on(self) -> bool {
        self.at.get_value() + RESTS > js_sys::Date::now()
    }

    fn moved(self, is_mouse: bool) {
        if is_mouse {
            self.at.set_value(js_sys::Date::now());
        }
    }

    fn left(self) {
        self.at.set_value(0.0);
    }
}

fn class_of(column: &Column) -> String {
    let align = if column.order == Natural::Largest { "table__num" } else { "" };
    let place = match column.place {
        Place::Always => "",
        Place::Wide => "is-optional",
        Place::Widest => "is-extra",
        Place::Namespace => "is-namespace",
    };
    format!("col--{} {align} {place}", column.id)
}

#[component]
fn Head(at: usize, column: &'static Column, order: Memo<Order>, on_order: Callback<usize>) -> impl IntoView {
    let lang = use_lang();
    let title = tr(column.title);
    let sort = move || {
        let order = order.get();
        (order.column == at).then_some(if order.descending { "descending" } else { "ascending" })
    };
    let icon =
        Signal::derive(move || if order.get().descending { IconName::SortDown } else { IconName::SortUp });
    view! {
        <th scope="col" class=class_of(column) aria-sort=sort>
            <button
                type="button"
                class="table__sort"
                title=move || fill(Msg::SortBy.text(lang.get()), &[("column", title())])
                on:click=move |_| on_order.run(at)
            >
                {title}
                <Icon name=icon/>
            </button>
        </th>
    }
}

/// One object. Its cells change when it does, the row stays.
#[component]
fn Row(
    row: &'static KindRow,
    columns: StoredValue<Vec<(usize, &'static Column)>>,
    list: List,
    key_: Key,
    at: usize,
    joined: Memo<Joined>,
    curves: Memo<Curves>,
    cursor: RwSignal<Option<Key>>,
    chosen: Option<Choice>,
) -> impl IntoView {
    let lang = use_lang();
    let choose = chosen.map(|chosen| {
        let (key, name) = (StoredValue::new(key_.clone()), key_.1.clone());
        let label = move || fill(Msg::ChooseRow.text(lang.get()), &[("name", &name)]);
        view! {
            <td class="col--choose">
                <input
                    type="checkbox"
                    aria-label=label
                    prop:checked=move || chosen.with(|chosen| key.with_value(|key| chosen.contains(key)))
                    on:change=move |_| key.with_value(|key| toggle(chosen, key))
                />
            </td>
        }
    });
    let key = StoredValue::new(key_.clone());
    let entry = Memo::new_with_compare(
        move |_| key.with_value(|key| list.get(key)),
        |a, b| !matches!((a, b), (Some(Some(a)), Some(Some(b))) if Arc::ptr_eq(a, b)),
    );
    let page = row.object_page(&key_.0, &key_.1);
    let is_cursor = move || cursor.with(|cursor| cursor.as_ref() == Some(&key_));
    let cell = move |(at, column): (usize, &'static Column)| {
        let page = page.clone();
        let content = Memo::new(move |_| match column.source {
            Source::Object(_) | Source::Printed(_) => entry.with(|entry| {
                entry.as_ref().and_then(|entry| entry.cells.get(at).cloned()).unwrap_or_default()
            }),
            Source::Joined(id, write) => {
                joined.with(|joined| key.with_value(|key| joined.get(id, key)).map_or(Cell::None, write))
            }
        });
        let content = move || view! { <CellView cell=content.get() page=page.clone()/> };
        let curve = match column.source {
            Source::Joined(id, _) if has_curve(row, id) => Some(id),
            _ => None,
        };
        let content = match curve {
            None => content.into_any(),
            // The figure beside the curve says what there is to say.
            Some(id) => {
                let points =
                    Memo::new(move |_| curves.with(|curves| key.with_value(|key| curves.get(id, key))));
                let window = Memo::new(move |_| curves.with(|curves| curves.window));
                view! { <span class="table__curve"><Sparkline points=points range=window/><span>{content}</span></span> }
                    .into_any()
            }
        };
        let class = class_of(column);
        if column.id == "name" {
            view! { <th scope="row" class=format!("table__name {class}")>{content}</th> }.into_any()
        } else {
            view! { <td class=class data-label=tr(column.title)>{content}</td> }.into_any()
        }
    };
    view! {
        <tr class="table__row" class:is-cursor=is_cursor aria-rowindex=(at + 2).to_string()>
            {choose}
            {columns.get_value().into_iter().map(cell).collect_view()}
        </tr>
    }
}
