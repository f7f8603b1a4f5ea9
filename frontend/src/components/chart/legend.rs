//! The legend: which colour is which series, its last value, and buttons to look at fewer of them.

use std::collections::BTreeSet;

use crowsnest_chart::{Ink, SeriesStats, Stroke};
use leptos::prelude::*;
use web_sys::MouseEvent;

use crate::i18n::{Msg, use_lang};

/// How the legend is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LegendForm {
    /// Names and last values, one after the other.
    #[default]
    Row,
    /// One row per series with mean, maximum and last value.
    Table,
    /// None: the page has its own.
    Hidden,
}

/// What the legend says of one series.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LegendEntry {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) ink: Ink,
    pub(super) stats: Option<SeriesStats>,
    /// The aggregates in their unit, aligned with those of the other series; a dash where there is no sample.
    pub(super) mean: String,
    pub(super) max: String,
    pub(super) last: String,
    pub(super) hidden: bool,
}

/// The legend of a chart.
#[component]
pub(super) fn Legend(
    entries: Memo<Vec<LegendEntry>>,
    hidden: RwSignal<BTreeSet<String>>,
    form: LegendForm,
) -> impl IntoView {
    // Rows are kept while their series stays, so that a refresh takes the focus from none.
    let keys =
        Memo::new(move |_| entries.with(|all| all.iter().map(|entry| entry.key.clone()).collect::<Vec<_>>()));
    let entry = move |key: String| {
        Memo::new(move |_| entries.with(|all| all.iter().find(|one| one.key == key).cloned()))
    };
    match form {
        LegendForm::Row => view! {
            <ul class="legend">
                <For each=move || keys.get() key=Clone::clone let:key>
                    <LegendItem entry=entry(key) keys hidden />
                </For>
            </ul>
        }
        .into_any(),
        LegendForm::Table => view! {
            <table class="legend-table">
                <LegendHead />
                <tbody>
                    <For each=move || keys.get() key=Clone::clone let:key>
                        <LegendRow entry=entry(key) keys hidden />
                    </For>
                </tbody>
            </table>
        }
        .into_any(),
        LegendForm::Hidden => ().into_any(),
    }
}

/// A series in the row form.
#[component]
fn LegendItem(
    entry: Memo<Option<LegendEntry>>,
    keys: Memo<Vec<String>>,
    hidden: RwSignal<BTreeSet<String>>,
) -> impl IntoView {
    view! {
        <li class="legend__item" class:is-off=move || is_off(entry)>
            <LegendButton entry keys hidden />
            <span class="legend__value">{text(entry, |entry| &entry.last)}</span>
        </li>
    }
}

/// A series in the table form.
#[component]
fn LegendRow(
    entry: Memo<Option<LegendEntry>>,
    keys: Memo<Vec<String>>,
    hidden: RwSignal<BTreeSet<String>>,
) -> impl IntoView {
    view! {
        <tr class:is-off=move || is_off(entry)>
            <th scope="row">
                <LegendButton entry keys hidden />
            </th>
            <td>{text(entry, |entry| &entry.mean)}</td>
            <td>{text(entry, |entry| &entry.max)}</td>
            <td>{text(entry, |entry| &entry.last)}</td>
        </tr>
    }
}

#[component]
fn LegendHead() -> impl IntoView {
    let lang = use_lang();
    let word = move |word: Msg| move || word.text(lang.get());
    view! {
        <thead>
            <tr>
                <th scope="col">
                    <span class="visually-hidden">{word(Msg::ColumnSeries)}</span>
                </th>
                <th scope="col">{word(Msg::ColumnMean)}</th>
                <th scope="col">{word(Msg::ColumnMax)}</th>
                <th scope="col">{word(Msg::ColumnLast)}</th>
            </tr>
        </thead>
    }
}

/// Swatch and name of a series.
#[component]
fn LegendButton(
    entry: Memo<Option<LegendEntry>>,
    keys: Memo<Vec<String>>,
    hidden: RwSignal<BTreeSet<String>>,
) -> impl IntoView {
    let of = move |pick: fn(&LegendEntry) -> String| {
        Signal::derive(move || entry.with(|entry| entry.as_ref().map(pick).unwrap_or_default()))
    };
    let swatch = move || entry.with(|entry| entry.as_ref().map_or("swatch", |entry| swatch_class(entry.ink)));
    let (key, name) = (of(|entry| entry.key.clone()), of(|entry| entry.name.clone()));
    view! { <SeriesButton key=key name=name keys=keys hidden=hidden swatch=move || view! { <i class=swatch></i> }/> }
}

/// A series of a legend: a click isolates it, with Ctrl it hides it or shows it again.
#[component]
pub(crate) fn SeriesButton(
    /// Which of `keys` it is.
    key: Signal<String>,
    name: Signal<String>,
    /// All series.
    keys: Memo<Vec<String>>,
    /// Those that are switched off.
    hidden: RwSignal<BTreeSet<String>>,
    #[prop(into)] swatch: ViewFn,
) -> impl IntoView {
    let lang = use_lang();
    let is_off = Memo::new(move |_| hidden.with(|hidden| key.with(|key| hidden.contains(key))));
    let choose = move |event: MouseEvent| {
        let key = key.get_untracked();
        let toggles = event.ctrl_key() || event.meta_key();
        hidden.update(|hidden| {
            if !toggles {
                *hidden = isolate(&keys.read_untracked(), hidden, &key);
            } else if !hidden.remove(&key) {
                hidden.insert(key);
            }
        });
    };
    view! {
        <button
            type="button"
            class="legend__button"
            class:is-off=is_off
            aria-pressed=move || (!is_off.get()).to_string()
            title=move || format!("{}\n{}", name.get(), Msg::LegendHint.text(lang.get()))
            on:click=choose
        >
            {swatch.run()}
            <span class="legend__name">{name}</span>
        </button>
    }
}

fn is_off(entry: Memo<Option<LegendEntry>>) -> bool {
    entry.with(|entry| entry.as_ref().is_some_and(|entry| entry.hidden))
}

/// One text of an entry, following it.
fn text(
    entry: Memo<Option<LegendEntry>>,
    pick: fn(&LegendEntry) -> &String,
) -> impl Fn() -> String + Send + 'static {
    move || entry.with(|entry| entry.as_ref().map(|entry| pick(entry).clone()).unwrap_or_default())
}

/// What is hidden after a click on `key`: all others, or nothing when all others are hidden already.
fn isolate(keys: &[String], hidden: &BTreeSet<String>, key: &str) -> BTreeSet<String> {
    let others: BTreeSet<String> = keys.iter().filter(|other| *other != key).cloned().collect();
    let alone = !hidden.contains(key) && others.iter().all(|other| hidden.contains(other));
    if alone { BTreeSet::new() } else { others }
}

/// The class of a series' swatch; its colour is in the style sheet.
pub(crate) fn swatch_class(ink: Ink) -> &'static str {
    const CLASSES: [[&str; 3]; 8] = [
        ["swatch swatch--1", "swatch swatch--1 is-dashed", "swatch swatch--1 is-faded"],
        ["swatch swatch--2", "swatch swatch--2 is-dashed", "swatch swatch--2 is-faded"],
        ["swatch swatch--3", "swatch swatch--3 is-dashed", "swatch swatch--3 is-faded"],
        ["swatch swatch--4", "swatch swatch--4 is-dashed", "swatch swatch--4 is-faded"],
        ["swatch swatch--5", "swatch swatch--5 is-dashed", "swatch swatch--5 is-faded"],
        ["swatch swatch--6", "swatch swatch--6 is-dashed", "swatch swatch--6 is-faded"],
        ["swatch swatch--7", "swatch swatch--7 is-dashed", "swatch swatch--7 is-faded"],
        ["swatch swatch--8", "swatch swatch--8 is-dashed", "swatch swatch--8 is-faded"],
    ];
    let stroke = match ink.stroke {
        Stroke::Solid => 0,
        Stroke::Dashed => 1,
        Stroke::Faded => 2,
    };
    CLASSES.get(ink.color).and_then(|row| row.get(stroke)).copied().unwrap_or("swatch")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn a_click_isolates_and_a_second_one_brings_all_back() {
        let keys = ["a", "b", "c"].map(str::to_owned);
        let once = isolate(&keys, &set(&[]), "b");
        assert_eq!(once, set(&["a", "c"]));
        assert_eq!(isolate(&keys, &once, "b"), set(&[]));
        assert_eq!(isolate(&keys, &once, "c"), set(&["a", "b"]));
    }
}
