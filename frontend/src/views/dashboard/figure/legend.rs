//! Which colour is which series, what is calculated of each, and buttons to look at fewer of them.

use std::collections::BTreeSet;

use crowsnest_chart::{Calculation, Legend, LegendForm, LegendRow, Theme};
use leptos::prelude::*;

use crate::components::SeriesButton;
use crate::i18n::{Lang, Msg, use_lang};

/// The legend, where the panel has one.
#[component]
pub(super) fn LegendView(
    legend: Memo<Option<Legend>>,
    hidden: RwSignal<BTreeSet<String>>,
    theme: RwSignal<Theme>,
) -> impl IntoView {
    let form = Memo::new(move |_| legend.with(|legend| legend.as_ref().map(|legend| legend.form)));
    let rows =
        move || legend.with(|legend| legend.as_ref().map(|legend| legend.rows.clone()).unwrap_or_default());
    let keys = Memo::new(move |_| rows().into_iter().map(|row| row.key).collect::<Vec<_>>());
    let row_of = move |key: String| {
        Memo::new(move |_| {
            legend.with(|legend| legend.as_ref()?.rows.iter().find(|row| row.key == key).cloned())
        })
    };
    move || match form.get() {
        None => ().into_any(),
        Some(LegendForm::List) => view! {
            <ul class="legend board__legend">
                <For each=move || keys.get() key=Clone::clone let:key>
                    <Item row=row_of(key) keys=keys hidden=hidden theme=theme/>
                </For>
            </ul>
        }
        .into_any(),
        Some(LegendForm::Table) => view! {
            <div class="board__legend">
                <table class="legend-table">
                    <Head legend=legend/>
                    <tbody>
                        <For each=move || keys.get() key=Clone::clone let:key>
                            <Row row=row_of(key) keys=keys hidden=hidden theme=theme/>
                        </For>
                    </tbody>
                </table>
            </div>
        }
        .into_any(),
    }
}

#[component]
fn Head(legend: Memo<Option<Legend>>) -> impl IntoView {
    let lang = use_lang();
    let heads = move || {
        let calculations = legend
            .with(|legend| legend.as_ref().map(|legend| legend.calculations.clone()).unwrap_or_default());
        let head = |one: Calculation| view! { <th scope="col">{title(lang.get(), &one)}</th> };
        calculations.into_iter().map(head).collect_view()
    };
    view! {
        <thead>
            <tr>
                <th scope="col"><span class="visually-hidden">{move || Msg::ColumnSeries.text(lang.get())}</span></th>
                {heads}
            </tr>
        </thead>
    }
}

/// What a calculation is called: those that are used most have words of ours.
fn title(lang: Lang, calculation: &Calculation) -> String {
    let msg = match calculation.id.as_str() {
        "mean" => Msg::ColumnMean,
        "max" => Msg::ColumnMax,
        "last" | "lastNotNull" => Msg::ColumnLast,
        "min" => Msg::ColumnMin,
        "sum" => Msg::ColumnSum,
        _ => return calculation.title.clone(),
    };
    msg.text(lang).to_owned()
}

#[component]
fn Item(
    row: Memo<Option<LegendRow>>,
    keys: Memo<Vec<String>>,
    hidden: RwSignal<BTreeSet<String>>,
    theme: RwSignal<Theme>,
) -> impl IntoView {
    let values = move || row.with(|row| row.as_ref().map(|row| row.values.join("  ")).unwrap_or_default());
    view! {
        <li class="legend__item" class:is-off=move || is_off(row)>
            <Name row=row keys=keys hidden=hidden theme=theme/>
            <span class="legend__value">{values}</span>
        </li>
    }
}

#[component]
fn Row(
    row: Memo<Option<LegendRow>>,
    keys: Memo<Vec<String>>,
    hidden: RwSignal<BTreeSet<String>>,
    theme: RwSignal<Theme>,
) -> impl IntoView {
    let values = move || {
        let values = row.with(|row| row.as_ref().map(|row| row.values.clone()).unwrap_or_default());
        values.into_iter().map(|value| view! { <td>{value}</td> }).collect_view()
    };
    view! {
        <tr class:is-off=move || is_off(row)>
            <th scope="row"><Name row=row keys=keys hidden=hidden theme=theme/></th>
            {values}
        </tr>
    }
}

/// Swatch and name of a series.
#[component]
fn Name(
    row: Memo<Option<LegendRow>>,
    keys: Memo<Vec<String>>,
    hidden: RwSignal<BTreeSet<String>>,
    theme: RwSignal<Theme>,
) -> impl IntoView {
    let of = move |pick: fn(&LegendRow) -> String| {
        Signal::derive(move || row.with(|row| row.as_ref().map(pick).unwrap_or_default()))
    };
    let color = move || {
        row.with(|row| row.as_ref().map(|row| theme.with(|theme| row.paint.css(theme))).unwrap_or_default())
    };
    let swatch = move || view! { <i class="swatch swatch--own" style:background-color=color></i> };
    view! { <SeriesButton key=of(|row| row.key.clone()) name=of(|row| row.name.clone()) keys=keys hidden=hidden swatch=swatch/> }
}

fn is_off(row: Memo<Option<LegendRow>>) -> bool {
    row.with(|row| row.as_ref().is_some_and(|row| row.hidden))
}
