//! The list of any kind: filter, order, states and namespaces are in the address, rows are drawn where they are seen.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use leptos::html;
use leptos::prelude::*;

use super::act::Bulk;
use super::cluster::{Cluster, use_metrics};
use super::list_face::{ListFace, LiveChip, PartNote};
use super::logs::has_logs;
use super::namespace_picker::NamespacePicker;
use super::terminal::has_terminals;
use crate::components::{Blank, BoneRows, Icon, IconName, Tone};
use crate::i18n::{Msg, fill, shown_of, tr, use_lang};
use crate::kinds::{KindRow, KindScope, Selector, parse_selector};
use crate::live::{Entry, Key, List};
use crate::poll::throttled;
use crate::router::{Route, use_router};
use crate::shortcuts::shortcut;

mod cells;
mod columns;
mod curves;
mod joined;
mod labels;
mod order;
mod table;

pub(super) use cells::{Age, CellView};
use columns::ColumnChooser;
pub(super) use joined::joined;
use labels::LabelFilter;
pub(super) use order::{Order, Rows};
pub(super) use table::{ObjectTable, Resting};

/// How soon a change is seen in the order and number of rows. The cells of a row change at once.
const PAUSE: Duration = Duration::from_millis(150);

/// The tones that are offered as filters, worst first.
const TONES: &[(Tone, &str, Msg)] = &[
    (Tone::Critical, "critical", Msg::ToneCritical),
    (Tone::Warning, "warning", Msg::ToneWarning),
    (Tone::Unknown, "unknown", Msg::ToneUnknown),
    (Tone::Progress, "progress", Msg::ToneProgress),
    (Tone::Ok, "ok", Msg::ToneOk),
    (Tone::Done, "done", Msg::ToneDone),
];

/// The list of a kind.
#[component]
pub(super) fn ListView(row: &'static KindRow, cluster: Cluster) -> impl IntoView {
    let router = use_router();
    let lang = use_lang();
    let list = cluster.list(row);
    let find = NodeRef::<html::Input>::new();
    shortcut("/", move || {
        if let Some(find) = find.get_untracked() {
            let _ = find.focus();
        }
    });
    let filter = router.param("filter");
    let state = router.param("state");
    let labels = router.param("labels");
    let set = move |name: &'static str, value: &str| router.replace(router.route_now().with(name, value));
    let chosen_tone = Memo::new(move |_| {
        let state = state.get()?;
        TONES.iter().find(|(_, id, _)| *id == state).map(|(tone, ..)| *tone)
    });
    let wanted = Memo::new(move |_| Wanted {
        words: filter
            .get()
            .unwrap_or_default()
            .to_lowercase()
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        tone: chosen_tone.get(),
        labels: labels
            .get()
            .and_then(|text| parse_selector(&text))
            .unwrap_or_else(|| Selector { empty_is_all: true, ..Selector::default() }),
        namespaces: if row.scope == KindScope::Cluster { Vec::new() } else { cluster.chosen.get() },
    });
    let total = Memo::new(move |_| {
        wanted.with(|wanted| list.with(|entries| entries.filter(|entry| wanted.is_there(entry)).count()))
    });
    let changed = throttled(
        move || {
            list.len();
            list.with(|entries| _ = entries.next());
        },
        PAUSE,
    );
    let clear = move || {
        let route = router.route_now();
        router.replace(route.with("filter", "").with("labels", "").with("state", "").with("ns", ""));
    };
    let shown = RwSignal::new(0_usize);
    let count_words = move || shown_of(lang.get(), shown.get(), total.get());
    let content = move || {
        view! {
            <Rowed
                row=row
                cluster=cluster
                list=list
                wanted=wanted
                changed=changed
                shown=shown
                total=total
                on_clear=Callback::new(move |()| clear())
            />
        }
    };
    let namespaced =
        (row.scope == KindScope::Namespaced).then(|| view! { <NamespacePicker cluster=cluster/> });
    let part = (row.scope == KindScope::Namespaced).then(|| view! { <PartNote cluster=cluster/> });
    let on_choose = Callback::new(move |id: &'static str| set("state", id));
    let chips = row.tone.map(|_| {
        view! { <Chips list=list wanted=wanted changed=changed on_choose=on_choose/> }
    });
    view! {
        <div class="page page--flush list">
            <div class="page__bar pagehead">
                <h1 class="pagehead__title">{tr(row.title)}</h1>
                <span class="pagehead__count">{count_words}</span>
                {namespaced}
                <label class="input list__filter">
                    <Icon name=IconName::Search/>
                    <input
                        node_ref=find
                        type="search"
                        aria-label=tr(Msg::FilterList)
                        placeholder=tr(Msg::FilterList)
                        prop:value=move || filter.get().unwrap_or_default()
                        on:input:target=move |event| set("filter", &event.target().value())
                    />
                    <kbd class="kbd" aria-hidden="true">"/"</kbd>
                </label>
                <LabelFilter/>
                <div class="pagehead__actions"><LiveChip list=list/><ColumnChooser row=row/></div>
            </div>
            {chips}
            {part}
            <ListFace cluster=cluster list=list what=row.what bones=|| view! { <BoneRows rows=8/> } content=content/>
        </div>
    }
}

/// What somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    /// Each is found somewhere in a row; in lower case.
    words: Vec<String>,
    tone: Option<Tone>,
    /// By their labels.
    labels: Selector,
    /// Empty is all.
    namespaces: Vec<String>,
}

impl Wanted {
    /// Whether an object is in the namespaces that are looked at.
    fn is_there(&self, entry: &Entry) -> bool {
        self.namespaces.is_empty() || self.namespaces.contains(&entry.key.0)
    }

    /// Whether an object is shown.
    fn fits(&self, entry: &Entry) -> bool {
        self.is_there(entry)
            && self.labels.selects(&entry.object)
            && self.tone.is_none_or(|tone| entry.tone == Some(tone))
            && self.words.iter().all(|word| entry.search.contains(word))
    }
}

/// How many objects are in each state; a click shows those only, another one all.
#[component]
fn Chips(
    list: List,
    wanted: Memo<Wanted>,
    changed: Signal<u32>,
    on_choose: Callback<&'static str>,
) -> impl IntoView {
    let lang = use_lang();
    let chosen = Memo::new(move |_| wanted.with(|wanted| wanted.tone));
    let counts = Memo::new(move |_| {
        changed.track();
        let mut counts = vec![0_usize; TONES.len()];
        wanted.with(|wanted| {
            list.with(|entries| {
                for entry in entries.filter(|entry| wanted.is_there(entry)) {
                    let at = TONES.iter().position(|(tone, ..)| entry.tone == Some(*tone));
                    if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                        *count += 1;
                    }
                }
            });
        });
        counts
    });
    let is_uniform = move || {
        chosen.get().is_none()
            && counts.with(|counts| counts.iter().filter(|count| **count != 0).count() <= 1)
    };
    let chip = move |(at, (tone, id, msg)): (usize, &'static (Tone, &'static str, Msg))| {
        let count = Memo::new(move |_| counts.with(|counts| counts.get(at).copied().unwrap_or(0)));
        let is_on = move || chosen.get() == Some(*tone);
        view! {
            <Show when=move || count.get() != 0 || is_on()>
                <button
                    type="button"
                    class=format!("chip {}", tone.class())
                    aria-pressed=move || is_on().to_string()
                    on:click=move |_| on_choose.run(if is_on() { "" } else { *id })
                >
                    <Icon name=tone.icon()/>
                    {move || msg.text(lang.get())}
                    <span class="chip__count">{count}</span>
                </button>
            </Show>
        }
    };
    view! {
        <div class="page__bar list__chips" hidden=is_uniform role="group" aria-label=tr(Msg::ColumnStatus)>
            {TONES.iter().enumerate().map(chip).collect_view()}
        </div>
    }
}

/// The rows that are wanted, in order, or why there are none.
#[component]
fn Rowed(
    row: &'static KindRow,
    cluster: Cluster,
    list: List,
    wanted: Memo<Wanted>,
    changed: Signal<u32>,
    shown: RwSignal<usize>,
    total: Memo<usize>,
    on_clear: Callback<()>,
) -> impl IntoView {
    let router = use_router();
    let lang = use_lang();
    let metrics = use_metrics();
    let order_text = router.param("sort");
    let order = Memo::new(move |_| Order::of(row, order_text.get().as_deref()));
    let joined = joined(row, cluster, metrics);
    let resting = Resting::new();
    let rows = Memo::new_with_compare(
        move |before: Option<&Rows>| {
            changed.track();
            let order = order.get();
            let entries: Vec<Arc<Entry>> = wanted.with(|wanted| {
                list.with(|entries| entries.filter(|entry| wanted.fits(entry)).cloned().collect())
            });
            // Rows never jump under the pointer: while it rests on the table, what is there keeps its place.
            let held = before.filter(|before| resting.is_on() && before.order == order);
            joined.with(|joined| Rows::sorted(row, entries, order, joined, held))
        },
        |_, _| true,
    );
    Effect::new(move || shown.set(rows.with(Rows::len)));
    let cursor = RwSignal::new(None::<Key>);
    let chosen = RwSignal::new(BTreeSet::<Key>::new());
    // What is no longer there is no longer chosen.
    Effect::new(move || {
        let there = |key: &Key| untrack(|| list.get(key).is_some());
        changed.track();
        if chosen.with_untracked(|chosen| !chosen.iter().all(there)) {
            chosen.update(|chosen| chosen.retain(there));
        }
    });
    let is_single = Memo::new(move |_| {
        let only_chosen = cluster.chosen.with(|chosen| chosen.len() == 1);
        only_chosen || (cluster.is_confined() && rows.with(|rows| rows.namespaces().len() <= 1))
    });
    let open = move |tab: &str| {
        if let Some((namespace, name)) = cursor.get_untracked() {
            router.push(Route::to(row.object_page(&namespace, &name)).with("tab", tab));
        }
    };
    shortcut("enter", move || open(""));
    shortcut("d", move || open(""));
    if !row.parts.is_empty() {
        shortcut("y", move || open("yaml"));
    }
    if has_logs(row) {
        shortcut("l", move || open("logs"));
    }
    if has_terminals(row) {
        shortcut("s", move || open("shell"));
    }
    let columns_text = router.param("columns");
    let columns = Memo::new(move |_| columns::chosen(row, columns_text.get().as_deref()));
    let on_order = move |column: usize| {
        let next = order.get_untracked().toggled(row, column);
        router.replace(router.route_now().with("sort", &next.text(row)));
    };
    let unseen = Memo::new(move |_| match row.scope {
        KindScope::Namespaced if total.get() == 0 => cluster.unseen(),
        _ => Vec::new(),
    });
    let empty_title = Signal::derive(move || {
        let lang = lang.get();
        let msg = match total.get() {
            0 if !unseen.with(Vec::is_empty) => Msg::UnseenTitle,
            0 => Msg::NothingHere,
            _ => Msg::NothingMatches,
        };
        fill(msg.text(lang), &[("what", row.title.text(lang))])
    });
    let empty_why = Signal::derive(move || {
        let lang = lang.get();
        match total.get() {
            0 if !unseen.with(Vec::is_empty) => {
                fill(Msg::UnseenWhy.text(lang), &[("names", &unseen.get().join(", "))])
            }
            0 => String::new(),
            hidden => fill(Msg::FilterHides.text(lang), &[("n", &hidden.to_string())]),
        }
    });
    let clear = move || {
        view! {
            <button type="button" class="btn btn--sm" on:click=move |_| on_clear.run(())>{tr(Msg::ClearFilter)}</button>
        }
    };
    view! {
        <Bulk api=row.api chosen=chosen/>
        <Show
            when=move || rows.with(|rows| rows.len() != 0)
            fallback=move || view! { <Blank icon=row.icon title=empty_title why=empty_why actions=clear/> }
        >
            {move || {
                view! {
                    <ObjectTable
                        row=row
                        list=list
                        rows=rows
                        joined=joined
                        order=order
                        on_order=Callback::new(on_order)
                        cursor=cursor
                        resting=resting
                        is_single=is_single
                        columns=columns.get()
                        chosen=chosen
                    />
                }
            }}
        </Show>
    }
}

impl Rows {
    fn namespaces(&self) -> BTreeSet<&str> {
        self.iter().map(|entry| entry.key.0.as_str()).take(1000).collect()
    }
}
