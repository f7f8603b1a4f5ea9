//! How the content of a cell looks.

use leptos::prelude::*;

use crate::clock::use_clock;
use crate::components::{Icon, Meter, Tone};
use crate::format::{self, NONE, age, bytes, number, percent};
use crate::i18n::use_lang;
use crate::kinds::{Amount, Cell};
use crate::range::SECOND;
use crate::router::{Page, Route};

/// From these shares on, an amount that can run out is coloured.
const SHORT: (f64, f64) = (0.85, 0.95);
/// How many letters of a long name's end are always seen.
const TAIL: usize = 6;

/// A cell. `page` is where the object's own name leads.
#[component]
pub(in crate::views) fn CellView(cell: Cell, page: Page) -> impl IntoView {
    let lang = use_lang();
    match cell {
        Cell::None => view! { <span class="table__dim">{NONE}</span> }.into_any(),
        Cell::Name(text) => view! { <NameLink text=text page=page/> }.into_any(),
        Cell::Link(text, page) => view! { <NameLink text=text page=page/> }.into_any(),
        Cell::Text(text) => {
            let title = text.clone();
            view! { <span title=title>{text}</span> }.into_any()
        }
        Cell::Dim(text) => {
            let title = text.clone();
            view! { <span class="table__dim" title=title>{text}</span> }.into_any()
        }
        Cell::Status(tone, word, note) => {
            let title = word.clone();
            let note = move || note.map(|note| format!(", {}", note.text(lang.get())));
            view! {
                <span class=format!("status {}", tone.class())>
                    <Icon name=tone.icon()/>
                    <span class="status__word" title=title>{word}{note}</span>
                </span>
            }
            .into_any()
        }
        Cell::Count(0) => view! { <span class="table__dim">"0"</span> }.into_any(),
        Cell::Count(count) => number(count as f64).into_any(),
        Cell::Ratio(part, whole) => {
            let class = if part >= whole { "table__dim" } else { "" };
            view! { <span class=class>{format!("{part}/{whole}")}</span> }.into_any()
        }
        Cell::Restarts(0, _) => view! { <span class="table__dim">"0"</span> }.into_any(),
        Cell::Restarts(count, None) => count.to_string().into_any(),
        Cell::Restarts(count, Some(last)) => {
            view! { {count.to_string()}<span class="table__dim">", "<Age at=last/></span> }.into_any()
        }
        Cell::Label(msg) => {
            view! { <span class="table__dim">{move || msg.text(lang.get())}</span> }.into_any()
        }
        Cell::Duration(passed) => (move || age(lang.get(), passed)).into_any(),
        Cell::Block(text) => view! { <pre class="table__block">{text}</pre> }.into_any(),
        Cell::Age(at) => view! { <span class="table__dim"><Age at=at/></span> }.into_any(),
        Cell::Amount(Amount::Share, share) => {
            let tone = match share {
                _ if share >= SHORT.1 => Some(Tone::Critical),
                _ if share >= SHORT.0 => Some(Tone::Warning),
                _ => None,
            };
            view! {
                <span class="table__meter">
                    <Meter share=Some(share) tone=tone/>
                    <span>{percent(share)}</span>
                </span>
            }
            .into_any()
        }
        Cell::Amount(amount, value) => amount_words(amount, value).into_any(),
    }
}

/// How long ago it was; ticks.
#[component]
pub(in crate::views) fn Age(at: i64) -> impl IntoView {
    let (clock, lang) = (use_clock(), use_lang());
    let passed = Memo::new(move |_| (clock.ticking() - at).max(0) / SECOND);
    let words = move || age(lang.get(), passed.get() * SECOND);
    view! { <span title=crate::moment::local_text(at)>{words}</span> }
}

/// A name that leads somewhere. Where it is too long, its middle goes, not its end.
#[component]
fn NameLink(text: String, page: Page) -> impl IntoView {
    let href = Route::to(page).to_string();
    let (head, tail) = split(&text);
    let (head, tail) = (head.to_owned(), tail.to_owned());
    view! {
        <a class="trunc" href=href title=text.clone() aria-label=text>
            <span class="trunc__head">{head}</span>
            <span class="trunc__tail">{tail}</span>
        </a>
    }
}

/// Where a name is cut when it must be.
fn split(text: &str) -> (&str, &str) {
    let at = text.char_indices().rev().nth(TAIL - 1).map_or(0, |(at, _)| at);
    if at < TAIL { (text, "") } else { text.split_at_checked(at).unwrap_or((text, "")) }
}

fn amount_words(amount: Amount, value: f64) -> String {
    match amount {
        Amount::Cores if value < 0.0005 => "0".to_owned(),
        Amount::Cores if value < 0.1 => format!("{value:.3}"),
        Amount::Cores => format!("{value:.2}"),
        Amount::Bytes => bytes(value),
        Amount::Share => percent(value),
        Amount::Number => format::load(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_end() {
        assert_eq!(split("ledger-worker-6c9f7d5b8-x2kqp"), ("ledger-worker-6c9f7d5b8", "-x2kqp"));
        assert_eq!(split("redis-0"), ("redis-0", ""));
        assert_eq!(split("이름이아주긴노드하나"), ("이름이아", "주긴노드하나"));
        assert_eq!(split(""), ("", ""));
    }

    #[test]
    fn few_cores_have_three_decimals() {
        let words = |value| amount_words(Amount::Cores, value);
        assert_eq!([0.0001, 0.0124, 0.31, 2.5].map(words), ["0", "0.012", "0.31", "2.50"]);
    }
}
