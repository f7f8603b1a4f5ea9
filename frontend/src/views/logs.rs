//! Logs of a pod, or of all pods of a workload together.

mod feed;
mod finder;
mod options;
mod rows;
mod state;
mod tools;

use crowsnest_api::logs::{LogQuestion, LogTarget, Since};
use leptos::html;
use leptos::prelude::*;

use self::finder::Finder;
use self::options::{Options, use_options};
use self::rows::Rows;
use self::state::{Health, Logs};
use self::tools::{Levels, Sources, Tools};
use crate::api::use_client;
use crate::components::{Blank, BoneLines, FailureFace, Icon, IconName};
use crate::i18n::{Msg, fill, use_lang};
use crate::kinds::KindRow;
use crate::poll::Failure;
use crate::shortcuts::shortcut;

/// Kinds whose objects have logs, or select pods that have.
const KINDS: &[&str] = &[
    "pods",
    "deployments",
    "statefulsets",
    "daemonsets",
    "replicasets",
    "jobs",
    "cronjobs",
    "replicationcontrollers",
    "services",
];

/// Whether objects of a kind have logs.
pub(super) fn has_logs(row: &KindRow) -> bool {
    KINDS.contains(&row.api.2)
}

/// Lines of each container, unless somebody wants others.
const TAIL: u32 = 1000;

/// Lengths that can be chosen: their names in addresses, and seconds.
const LENGTHS: &[(&str, u32)] =
    &[("5m", 300), ("15m", 900), ("1h", 3600), ("6h", 6 * 3600), ("24h", 24 * 3600)];
/// The choice of everything that the cluster has.
const ALL: &str = "all";

/// The logs of `target`.
#[component]
pub(super) fn LogsView(target: LogTarget) -> impl IntoView {
    let logs = Logs::new(use_client());
    let options = use_options();
    let target = StoredValue::new(target);
    let question = Memo::new(move |_| question(target.get_value(), options));
    Effect::new(move || question.with(|question| logs.ask(question)));
    on_cleanup(move || logs.close());
    // A pattern that is none finds nothing, and is told as such.
    let is_wrong = RwSignal::new(false);
    Effect::new(move || {
        let (text, is_pattern, only) = (options.query.get(), options.pattern.get(), options.only.get());
        let finder = Finder::new(&text, is_pattern);
        is_wrong.set(finder.is_none() && !text.is_empty());
        logs.look(move |look| (look.finder, look.only) = (finder, only));
    });
    Effect::new(move || {
        let hidden = options.hidden_levels.get();
        logs.look(move |look| look.hidden_levels = hidden);
    });
    let current = RwSignal::new(None::<usize>);
    let find = NodeRef::<html::Input>::new();
    shortcut("/", move || {
        if let Some(find) = find.get_untracked() {
            let _ = find.focus();
            find.select();
        }
    });
    shortcut("f", move || follow(logs, !logs.following.get_untracked()));
    shortcut("w", move || options.wrap.update(|wrap| *wrap = !*wrap));
    view! {
        <div class="logs">
            <Tools logs=logs options=options question=question current=current is_wrong=is_wrong find=find/>
            <Levels logs=logs options=options/>
            <Sources logs=logs/>
            <Notes logs=logs/>
            <Place logs=logs options=options current=current/>
        </div>
    }
}

/// Goes with the newest line, or stays where one is.
fn follow(logs: Logs, follows: bool) {
    logs.following.set(follows);
    if follows {
        logs.take_in();
    }
}

/// Takes something out of a small set, or puts it in.
fn toggle<T: PartialEq>(set: &mut Vec<T>, one: T) {
    match set.iter().position(|other| *other == one) {
        Some(at) => drop(set.swap_remove(at)),
        None => set.push(one),
    }
}

/// What is asked of the server.
fn question(of: LogTarget, options: Options) -> LogQuestion {
    let since = options.since.get();
    let previous = options.previous.get();
    let seconds = LENGTHS.iter().find(|(id, _)| *id == since).map(|(_, seconds)| *seconds);
    LogQuestion {
        containers: Some(options.container.get()).filter(|name| !name.is_empty()).into_iter().collect(),
        follow: !previous,
        previous,
        tail: (since.is_empty()).then_some(TAIL),
        since: seconds.map(Since::Seconds),
        ..LogQuestion::all_of(of)
    }
}

/// What a reader should know about the whole.
#[component]
fn Notes(logs: Logs) -> impl IntoView {
    let lang = use_lang();
    let dropped = Memo::new(move |_| logs.dropped());
    let told = move || {
        let lang = lang.get();
        let dropped = Some(dropped.get()).filter(|dropped| *dropped > 0);
        let cut =
            logs.health.with(|health| *health == Health::Cut).then(|| Msg::LogsCut.text(lang).to_owned());
        let dropped =
            dropped.map(|dropped| fill(Msg::LogsDropped.text(lang), &[("n", &dropped.to_string())]));
        let all: Vec<String> = [cut, logs.notice.get(), dropped].into_iter().flatten().collect();
        (!all.is_empty()).then(|| view! { <p class="logs__note" role="status"><Icon name=IconName::Warning/>{all.join(" ")}</p> })
    };
    view! { {told} }
}

/// The lines, or why there are none.
#[component]
fn Place(logs: Logs, options: Options, current: RwSignal<Option<usize>>) -> impl IntoView {
    #[derive(Clone, PartialEq)]
    enum Face {
        Lines,
        Loading,
        Nothing(usize),
        Refused(crate::api::ApiError),
    }
    let face = Memo::new(move |_| {
        let (seen, all) = logs.with(|seen| (seen.rows.len(), seen.counts.iter().sum::<usize>()));
        match logs.health.get() {
            _ if seen > 0 => Face::Lines,
            Health::Refused(error) => Face::Refused(error),
            Health::Loading => Face::Loading,
            _ => Face::Nothing(all),
        }
    });
    let lang = use_lang();
    move || match face.get() {
        Face::Lines => view! { <Rows logs=logs options=options current=current/> }.into_any(),
        Face::Loading => view! { <BoneLines/> }.into_any(),
        Face::Refused(error) => {
            let failure = Signal::stored(Failure { error, retry_at: None });
            view! { <FailureFace failure=failure what=Msg::LogsWord on_retry=move |()| options.again()/> }
                .into_any()
        }
        Face::Nothing(hidden) => {
            let title = Signal::derive(move || {
                let msg = if hidden > 0 { Msg::LogsNoneFit } else { Msg::LogsNone };
                msg.text(lang.get()).to_owned()
            });
            let why = Signal::derive(move || match hidden {
                0 => waiting(logs).unwrap_or_default(),
                _ => fill(Msg::FilterHides.text(lang.get()), &[("n", &hidden.to_string())]),
            });
            view! { <Blank icon=IconName::Lines title=title why=why actions=|| ()/> }.into_any()
        }
    }
}

/// What the containers without a log are waiting for.
fn waiting(logs: Logs) -> Option<String> {
    logs.sources.with(|sources| {
        let told = sources.iter().filter_map(|source| {
            let message = source.message.as_ref()?;
            Some(format!("{}/{}: {message}", source.pod, source.container))
        });
        Some(told.take(5).collect::<Vec<_>>().join("; ")).filter(|told| !told.is_empty())
    })
}
