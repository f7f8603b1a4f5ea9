//! Queries that this user has run in this browser, newest first. They stay in the browser.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::use_session;
use crate::clock::use_clock;
use crate::components::{Icon, IconName, Popover};
use crate::format::age;
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::prefs::{load, store};
use crate::query_text::pieces;
use crate::router::use_router;
use crate::shortcuts::shortcut;

/// How many are kept, and how long one may be, in bytes.
const MOST: usize = 50;
const LONGEST: usize = 4_000;
/// Where they are kept, before the user's name: who signs in next has queries of their own.
const KEY: &str = "crowsnest.queries.";

/// A query, and when it was last run, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Past {
    query: String,
    at: i64,
}

/// The queries of one user. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct History {
    list: RwSignal<Vec<Past>>,
    key: StoredValue<String>,
}

impl History {
    pub(super) fn of_user() -> Self {
        let key = format!("{KEY}{}", use_session().current().map(|session| session.user).unwrap_or_default());
        // Another version may have written something else.
        let list = load(&key).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self { list: RwSignal::new(list), key: StoredValue::new(key) }
    }

    /// Notes that a query was run.
    pub(super) fn note(self, query: &str, at: i64) {
        if query.trim().is_empty() || query.len() > LONGEST {
            return;
        }
        // Another tab may have run some.
        let stored = self.key.with_value(|key| load(key)).and_then(|text| serde_json::from_str(&text).ok());
        let list = stored.unwrap_or_else(|| self.list.get_untracked());
        self.keep(with(list, Past { query: query.to_owned(), at }));
    }

    fn clear(self) {
        self.keep(Vec::new());
    }

    fn keep(self, list: Vec<Past>) {
        let text = serde_json::to_string(&list).unwrap_or_default();
        self.key.with_value(|key| store(key, &text));
        self.list.set(list);
    }
}

/// The list with `past` first, each query once.
fn with(mut list: Vec<Past>, past: Past) -> Vec<Past> {
    list.retain(|other| other.query != past.query);
    list.insert(0, past);
    list.truncate(MOST);
    list
}

/// A button that opens the list. Its entries are links that keep range and view.
#[component]
pub(super) fn HistoryButton(history: History) -> impl IntoView {
    let clock = use_clock();
    let lang = use_lang();
    let router = use_router();
    let open = RwSignal::new(false);
    let filter = RwSignal::new(String::new());
    shortcut("h", move || open.update(|open| *open = !*open));
    let label = Signal::derive(move || Msg::History.text(lang.get()).to_owned());
    let entry = move |past: Past| {
        let href = router.route_now().with("q", &past.query).to_string();
        let ago = age(lang.get(), clock.now() - past.at);
        let ago = fill(Msg::HistoryAgo.text(lang.get()), &[("time", &ago)]);
        let query = pieces(&past.query, None)
            .into_iter()
            .map(|piece| view! { <span class=piece.class.unwrap_or_default()>{piece.text}</span> })
            .collect_view();
        view! {
            <li>
                <a class="history__entry" href=href title=past.query on:click=move |_| open.set(false)>
                    <code class="history__query">{query}</code>
                    <small class="history__ago">{ago}</small>
                </a>
            </li>
        }
    };
    let entries = move || {
        let words = filter.get().to_lowercase();
        let list = history.list.get();
        let is_empty = list.is_empty();
        let found: Vec<_> = list
            .into_iter()
            .filter(|past| words.split_whitespace().all(|word| past.query.to_lowercase().contains(word)))
            .collect();
        if found.is_empty() {
            let msg = if is_empty { Msg::HistoryEmpty } else { Msg::HistoryNoMatch };
            return view! { <p class="history__none">{tr(msg)}</p> }.into_any();
        }
        view! { <ul class="history__list">{found.into_iter().map(entry).collect_view()}</ul> }.into_any()
    };
    view! {
        <Popover
            open=open
            label=label
            class="btn btn--quiet btn--sm"
            trigger=move || view! { <Icon name=IconName::Clock/> {tr(Msg::History)} }
        >
            <div class="history">
                <div class="history__head">
                    <label class="input history__find">
                        <Icon name=IconName::Search/>
                        <input
                            type="text"
                            aria-label=tr(Msg::HistoryFind)
                            placeholder=tr(Msg::HistoryFind)
                            spellcheck="false"
                            autocomplete="off"
                            prop:value=move || filter.get()
                            on:input:target=move |event| filter.set(event.target().value())
                        />
                    </label>
                    <button
                        type="button"
                        class="btn btn--quiet btn--sm"
                        disabled=move || history.list.with(Vec::is_empty)
                        on:click=move |_| history.clear()
                    >
                        {tr(Msg::HistoryClear)}
                    </button>
                </div>
                {entries}
                <p class="history__note">{tr(Msg::HistoryNote)}</p>
            </div>
        </Popover>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_comes_first_and_each_query_once() {
        let past = |query: &str, at| Past { query: query.to_owned(), at };
        let list = with(with(with(Vec::new(), past("a", 1)), past("b", 2)), past("a", 3));
        assert_eq!(list, [past("a", 3), past("b", 2)]);
        let many = (0..60).fold(Vec::new(), |list, at| with(list, past(&at.to_string(), at)));
        assert_eq!(many.len(), MOST);
    }
}
