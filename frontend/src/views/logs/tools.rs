//! Above the lines: what is searched for, what is asked for, which levels and which containers are shown.

use crowsnest_api::logs::{LogQuestion, SourceState};
use leptos::ev;
use leptos::html;
use leptos::prelude::*;

use super::feed::url;
use super::options::{Options, Times};
use super::state::{Logs, SourceRow};
use super::{ALL, LENGTHS, TAIL, follow, toggle};
use crate::arrange::Arrange as _;
use crate::components::{Icon, IconName, Segmented, Select, Tone};
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::logs::Level;

/// Search, what is asked for, and following.
#[component]
pub(super) fn Tools(
    logs: Logs,
    options: Options,
    question: Memo<LogQuestion>,
    /// Which of the rows that were found one stands on.
    current: RwSignal<Option<usize>>,
    is_wrong: RwSignal<bool>,
    find: NodeRef<html::Input>,
) -> impl IntoView {
    let lang = use_lang();
    let file = move || {
        let question = LogQuestion { follow: false, download: true, timestamps: true, ..question.get() };
        url(&question)
    };
    let is_following = move || logs.following.get();
    view! {
        <div class="page__bar logs__tools">
            <Find logs=logs options=options current=current is_wrong=is_wrong find=find/>
            <Wanted logs=logs options=options/>
            <button
                type="button"
                class="btn"
                aria-pressed=move || options.previous.get().to_string()
                title=tr(Msg::LogsPreviousWhy)
                on:click=move |_| options.toggle("previous", !options.previous.get_untracked())
            >
                {tr(Msg::LogsPrevious)}
            </button>
            <a class="btn btn--icon" href=file download="" aria-label=tr(Msg::LogsDownload) title=tr(Msg::LogsDownload)>
                <Icon name=IconName::Download/>
            </a>
            <button
                type="button"
                class="btn logs__follow"
                class:btn--primary=is_following
                aria-pressed=move || is_following().to_string()
                aria-keyshortcuts="f"
                title=move || format!("{} (F)", Msg::LogsFollow.text(lang.get()))
                on:click=move |_| follow(logs, !logs.following.get_untracked())
            >
                <Icon name=Signal::derive(move || if is_following() { IconName::Pause } else { IconName::Play })/>
                {tr(Msg::LogsFollow)}
            </button>
        </div>
    }
}

/// What is searched for; Enter goes on to the next line that has it, with Shift to the one before.
#[component]
fn Find(
    logs: Logs,
    options: Options,
    current: RwSignal<Option<usize>>,
    is_wrong: RwSignal<bool>,
    find: NodeRef<html::Input>,
) -> impl IntoView {
    let lang = use_lang();
    let found = Memo::new(move |_| logs.with(|seen| seen.found.len()));
    let step = move |by: isize| {
        let last = logs.with_untracked(|seen| seen.found.len());
        if last == 0 {
            return;
        }
        logs.following.set(false);
        current.update(|current| {
            *current = Some(match *current {
                None if by < 0 => last - 1,
                None => 0,
                Some(at) => at.checked_add_signed(by).map_or(last - 1, |at| if at < last { at } else { 0 }),
            });
        });
    };
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Enter" => {
            event.prevent_default();
            step(if event.shift_key() { -1 } else { 1 });
        }
        "Escape" => {
            if let Some(find) = find.get_untracked() {
                let _ = find.blur();
            }
        }
        _ => {}
    };
    let on_input = move |text: String| {
        current.set(None);
        options.set("q", &text);
    };
    let count = move || {
        let (lang, found) = (lang.get(), found.get());
        if options.query.with(String::is_empty) {
            return String::new();
        }
        if is_wrong.get() {
            return Msg::LogsNoPattern.text(lang).to_owned();
        }
        match current.get().filter(|at| *at < found) {
            Some(at) => {
                fill(Msg::LogsFoundAt.text(lang), &[("at", &(at + 1).to_string()), ("n", &found.to_string())])
            }
            None => fill(Msg::LogsFound.text(lang), &[("n", &found.to_string())]),
        }
    };
    let is_none = move || found.get() == 0;
    let toggle = move |name: &'static str, on: Memo<bool>, label: Msg, sign: &'static str| {
        view! {
            <button
                type="button"
                class="btn btn--sm btn--quiet"
                aria-pressed=move || on.get().to_string()
                aria-label=tr(label)
                title=tr(label)
                on:click=move |_| options.toggle(name, !on.get_untracked())
            >
                {sign}
            </button>
        }
    };
    view! {
        <div class="input logs__find" class:is-wrong=move || is_wrong.get() role="search">
            <Icon name=IconName::Search/>
            <input
                node_ref=find
                type="text"
                spellcheck="false"
                autocomplete="off"
                aria-label=tr(Msg::LogsSearch)
                aria-keyshortcuts="/"
                placeholder=tr(Msg::LogsSearch)
                prop:value=move || options.query.get()
                on:input:target=move |event| on_input(event.target().value())
                on:keydown=on_key
            />
            <span class="logs__count" aria-live="polite">{count}</span>
            <button type="button" class="btn btn--sm btn--quiet btn--icon" disabled=is_none aria-label=tr(Msg::LogsBefore) title=tr(Msg::LogsBefore) on:click=move |_| step(-1)>
                <Icon name=IconName::SortUp/>
            </button>
            <button type="button" class="btn btn--sm btn--quiet btn--icon" disabled=is_none aria-label=tr(Msg::LogsNext) title=tr(Msg::LogsNext) on:click=move |_| step(1)>
                <Icon name=IconName::SortDown/>
            </button>
            {toggle("re", options.pattern, Msg::LogsPattern, ".*")}
            {toggle("only", options.only, Msg::LogsOnly, "≡")}
        </div>
    }
}

/// Which container, and from when on.
#[component]
fn Wanted(logs: Logs, options: Options) -> impl IntoView {
    let lang = use_lang();
    // A choice of one leaves the others in the list.
    let names = Memo::new(move |before: Option<&Vec<String>>| {
        let mut names = before.cloned().unwrap_or_default();
        logs.sources.with(|sources| names.extend(sources.iter().map(|source| source.container.clone())));
        names.extend(Some(options.container.get()).filter(|name| !name.is_empty()));
        names.arrange();
        names.dedup();
        names
    });
    let containers = Signal::derive(move || {
        let all = (String::new(), Msg::LogsAllContainers.text(lang.get()).to_owned());
        std::iter::once(all)
            .chain(names.get().into_iter().map(|name| (name.clone(), name)))
            .collect::<Vec<_>>()
    });
    let lengths = Signal::derive(move || {
        let lang = lang.get();
        let newest = fill(Msg::LogsNewest.text(lang), &[("n", &TAIL.to_string())]);
        let last =
            |(id, _): &(&str, u32)| ((*id).to_owned(), fill(Msg::LogsLast.text(lang), &[("time", id)]));
        let mut all = vec![(String::new(), newest)];
        all.extend(LENGTHS.iter().map(last));
        all.push((ALL.to_owned(), Msg::LogsAll.text(lang).to_owned()));
        all
    });
    view! {
        <Show when=move || names.with(|names| names.len() > 1)>
            <Select
                label=Signal::derive(move || Msg::LogsContainer.text(lang.get()).to_owned())
                options=containers
                value=options.container
                on_change=move |name: String| options.set("container", &name)
            />
        </Show>
        <Select
            label=Signal::derive(move || Msg::LogsSince.text(lang.get()).to_owned())
            options=lengths
            value=options.since
            on_change=move |since: String| options.set("since", &since)
        />
    }
}

fn tone_of(level: Level) -> Tone {
    match level {
        Level::Error => Tone::Critical,
        Level::Warn => Tone::Warning,
        Level::Info => Tone::Done,
        Level::Debug | Level::Unknown => Tone::Unknown,
    }
}

pub(super) fn name_of(level: Level) -> Msg {
    match level {
        Level::Error => Msg::LevelError,
        Level::Warn => Msg::LevelWarn,
        Level::Info => Msg::LevelInfo,
        Level::Debug => Msg::LevelDebug,
        Level::Unknown => Msg::LevelOther,
    }
}

/// How many lines there are of each level; a click hides them. Beside them, how lines are written.
#[component]
pub(super) fn Levels(logs: Logs, options: Options) -> impl IntoView {
    let lang = use_lang();
    let chip = move |level: Level| {
        let count =
            Memo::new(move |_| logs.with(|seen| seen.counts.get(level as usize).copied().unwrap_or(0)));
        let is_shown = move || options.hidden_levels.get() & level.bit() == 0;
        let tone = tone_of(level);
        view! {
            <Show when=move || count.get() != 0 || !is_shown()>
                <button
                    type="button"
                    class=format!("chip {}", tone.class())
                    class:is-off=move || !is_shown()
                    aria-pressed=move || is_shown().to_string()
                    on:click=move |_| options.toggle_level(level)
                >
                    <Icon name=tone.icon()/>
                    {tr(name_of(level))}
                    <span class="chip__count">{count}</span>
                </button>
            </Show>
        }
    };
    let switch = |on: RwSignal<bool>, label: Msg, key: &'static str| {
        view! {
            <button
                type="button"
                class="btn btn--sm"
                aria-pressed=move || on.get().to_string()
                aria-keyshortcuts=(!key.is_empty()).then_some(key)
                on:click=move |_| on.update(|on| *on = !*on)
            >
                {tr(label)}
            </button>
        }
    };
    let times = move || {
        let words = |lang: Lang, times: Times| match times {
            Times::Off => Msg::TimesOff.text(lang),
            Times::Clock => Msg::TimesClock.text(lang),
            Times::Ago => Msg::TimesAgo.text(lang),
        };
        let lang = lang.get();
        Times::ALL.into_iter().map(|times| (times, words(lang, times).to_owned())).collect::<Vec<_>>()
    };
    view! {
        <div class="page__bar logs__levels">
            <div class="logs__chips" role="group" aria-label=tr(Msg::LogsLevels)>
                {Level::ALL.into_iter().map(chip).collect_view()}
            </div>
            {switch(options.wrap, Msg::LogsWrap, "w")}
            {switch(options.json, Msg::LogsJson, "")}
            <Segmented
                label=Signal::derive(move || Msg::LogsTimes.text(lang.get()).to_owned())
                options=Signal::derive(times)
                value=options.times
                on_change=move |times| options.times.set(times)
            />
        </div>
    }
}

/// The containers, where there are several: their colours, how they are doing; a click hides one.
#[component]
pub(super) fn Sources(logs: Logs) -> impl IntoView {
    let hidden = RwSignal::new(Vec::<usize>::new());
    Effect::new(move || {
        let hidden = hidden.get();
        logs.look(move |look| look.hidden_sources = hidden);
    });
    let one = move |(at, source): (usize, SourceRow)| {
        let is_shown = move || hidden.with(|hidden| !hidden.contains(&at));
        let (tone, title) = state_of(&source);
        view! {
            <button
                type="button"
                class=format!("chip logs__source is-ink-{}", at % 8 + 1)
                class:is-off=move || !is_shown()
                aria-pressed=move || is_shown().to_string()
                title=move || title.clone()
                on:click=move |_| hidden.update(|hidden| toggle(hidden, at))
            >
                <span class="logs__swatch" aria-hidden="true"></span>
                {format!("{}/{}", source.pod, source.container)}
                {tone.map(|tone| view! { <span class=format!("logs__state {}", tone.class())><Icon name=tone.icon()/></span> })}
            </button>
        }
    };
    let several = Memo::new(move |_| logs.sources.with(|sources| sources.len() > 1));
    view! {
        <Show when=move || several.get()>
            <div class="page__bar logs__sources" role="group" aria-label=tr(Msg::LogsSources)>
                {move || logs.sources.get().into_iter().enumerate().map(one).collect_view()}
            </div>
        </Show>
    }
}

/// What deserves a sign about a container, and what is said about it.
fn state_of(source: &SourceRow) -> (Option<Tone>, String) {
    let tone = match source.state {
        SourceState::Open => None,
        SourceState::Waiting => Some(Tone::Progress),
        SourceState::Ended | SourceState::Gone => Some(Tone::Done),
        SourceState::Denied => Some(Tone::Critical),
        SourceState::Failed => Some(Tone::Warning),
    };
    (tone, source.message.clone().unwrap_or_default())
}
