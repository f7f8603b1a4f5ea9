//! The list of keys, opened by `?`.

use leptos::prelude::*;

use crate::components::{Dialog, Kbd};
use crate::i18n::{Msg, tr};
use crate::prefs::use_prefs;

/// Keys and what they do, in groups. Several keys in one row follow each other where `then` is set.
struct Row {
    keys: &'static [&'static str],
    in_turn: InTurn,
    what: Msg,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum InTurn {
    /// One after the other: G, then O.
    Yes,
    /// Either, or together as one keycap says.
    No,
}

const fn row(keys: &'static [&'static str], what: Msg) -> Row {
    Row { keys, in_turn: InTurn::No, what }
}

const fn go(keys: &'static [&'static str], what: Msg) -> Row {
    Row { keys, in_turn: InTurn::Yes, what }
}

const GROUPS: &[(Msg, &[Row])] = &[
    (
        Msg::KeysGo,
        &[
            go(&["G", "O"], Msg::Overview),
            go(&["G", "M"], Msg::Map),
            go(&["G", "P"], Msg::Pods),
            go(&["G", "N"], Msg::Nodes),
            go(&["G", "V"], Msg::Events),
            go(&["G", "A"], Msg::Access),
            go(&["G", "D"], Msg::Dashboards),
            go(&["G", "E"], Msg::Explore),
            go(&["G", "S"], Msg::Sources),
        ],
    ),
    (
        Msg::KeysView,
        &[
            row(&["T"], Msg::KeyRange),
            row(&[",", "."], Msg::KeyEarlierLater),
            row(&["P"], Msg::KeyPause),
            row(&["N"], Msg::Namespaces),
            row(&["/"], Msg::KeyFind),
            row(&["J", "K"], Msg::KeyRows),
            row(&["Enter", "D"], Msg::KeyOpen),
            row(&["Y"], Msg::KeyYaml),
            row(&["L"], Msg::Logs),
            row(&["S"], Msg::Shell),
            row(&["F"], Msg::LogsFollow),
            row(&["W"], Msg::LogsWrap),
            row(&["Space"], Msg::KeyChoose),
            row(&["Ctrl Enter"], Msg::KeyRun),
            row(&["M"], Msg::Metrics),
            row(&["H"], Msg::History),
        ],
    ),
    (
        Msg::KeysAnywhere,
        &[
            row(&["Ctrl K", ":"], Msg::PaletteTitle),
            row(&["?"], Msg::Keys),
            row(&["Alt T"], Msg::KeyTheme),
            row(&["Esc"], Msg::KeyEscape),
        ],
    ),
];

/// The list, and the switch for single-key shortcuts.
#[component]
pub(crate) fn KeyList(open: RwSignal<bool>) -> impl IntoView {
    let prefs = use_prefs();
    let title = tr(Msg::Keys);
    let line = |row: &'static Row| {
        let caps = row.keys.iter().enumerate().map(|(at, key)| {
            let then = (at > 0 && row.in_turn == InTurn::Yes).then(|| view! { <span>{tr(Msg::Then)}</span> });
            view! { {then}<Kbd key=*key/> }
        });
        view! {
            <div class="key-list__row">
                <dt class="key-list__keys">{caps.collect_view()}</dt>
                <dd>{tr(row.what)}</dd>
            </div>
        }
    };
    let group = move |(title, rows): &'static (Msg, &'static [Row])| {
        view! {
            <section class="key-list__group">
                <h3 class="key-list__title">{tr(*title)}</h3>
                <dl>{rows.iter().map(line).collect_view()}</dl>
            </section>
        }
    };
    view! {
        <Dialog title=Signal::derive(move || title().to_owned()) open=open>
            <div class="key-list">{GROUPS.iter().map(group).collect_view()}</div>
            <label class="key-list__switch">
                <input
                    type="checkbox"
                    prop:checked=move || prefs.single_keys.get()
                    on:change:target=move |event| prefs.single_keys.set(event.target().checked())
                />
                <span>{tr(Msg::KeysSingle)}</span>
                <small>{tr(Msg::KeysSingleWhy)}</small>
            </label>
        </Dialog>
    }
}
