//! Explore: ask in PromQL; be shown what is wrong with the question, or the answer as a graph and a table.

use leptos::prelude::*;

use super::range_param::range_param;
use crate::alerts::alert_of;
use crate::api::{ApiError, use_client};
use crate::assist::{Vocabulary, lay_out};
use crate::clock::use_clock;
use crate::components::{
    Blank, Editor, EditorState, Icon, IconName, Segmented, Select, TimePicker, Tone, provide_chart_link,
};
use crate::i18n::{Msg, tr, use_lang};
use crate::known_names::{labels_for, metrics, vocabulary};
use crate::poll::{Cadence, Feed, poll};
use crate::query_text::Mistake;
use crate::range::{HOUR, MINUTE, Range, SECOND, read_duration, write_duration};
use crate::router::{Page, Route, use_router};
use crate::shortcuts::shortcut;

mod add;
mod answer;
mod browser;
mod cost;
mod explain;
mod found;
mod history;
mod raw;
mod result;
mod table;

use add::AddDialog;
use answer::{Ask, View, fetch};
use browser::MetricBrowser;
use explain::Explain;
use history::{History, HistoryButton};
use result::ResultPanel;

const DEFAULT_RANGE: Range = Range::Last(HOUR);
/// The steps offered beside the automatic one.
const STEPS: &[i64] = &[SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR];

/// Questions to start from.
const EXAMPLES: &[(Msg, &str)] = &[
    (Msg::ExampleUp, r#"up{job="node-exporter"}"#),
    (Msg::ExampleCpu, r#"1 - avg by (node) (rate(node_cpu_seconds_total{mode="idle"}[1m]))"#),
    (Msg::ExampleMemory, "node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes"),
    (Msg::ExampleNetwork, "sum by (node, device) (rate(node_network_receive_bytes_total[1m]))"),
];

/// The page. The query, its range, step, view and whether it is explained are in the URL; what is being typed is not,
/// until it is run.
#[component]
pub(super) fn Explore() -> impl IntoView {
    let client = use_client();
    let clock = use_clock();
    let router = use_router();
    let (range, on_range) = range_param(DEFAULT_RANGE);
    provide_chart_link();

    let query = router.param("q");
    let step_text = router.param("step");
    let view_text = router.param("view");
    let explain_text = router.param("explain");
    let step =
        Memo::new(move |_| step_text.get().as_deref().and_then(read_duration).filter(|step| *step > 0));
    let view = Memo::new(move |_| View::from_id(view_text.get().as_deref().unwrap_or_default()));
    let explain = Memo::new(move |_| explain_text.with(Option::is_some));

    // What is typed follows the URL when that changes, as by the Back button.
    let editor = EditorState::new(query.get_untracked().unwrap_or_default());
    let text = editor.text;
    Effect::watch(move || query.get(), move |query, _, _| text.set(query.clone().unwrap_or_default()), false);

    let feed = poll(
        move || {
            let query = query.get().unwrap_or_default();
            let (range, step, view) = (range.get(), step.get(), view.get());
            (Ask { query, range, step, view, explain: explain.get() }, Cadence::Once)
        },
        move |ask, abort| fetch(client, clock, ask, abort),
    );
    let history = History::of_user();
    Effect::new(move || {
        feed.value.with(|answered| {
            if let Some(answered) = answered {
                history.note(&answered.ask.query, clock.now());
            }
        });
    });

    let is_run =
        move || query.with(|query| query.as_deref().is_some_and(|query| text.with(|text| text == query)));
    // Our own parser speaks at once, but not about the place where somebody is still typing; the server's word counts
    // for the query that it was asked.
    let mistake = Memo::new(move |_| {
        let typed = text.get();
        let is_typed = |mistake: &Mistake| {
            let caret = editor.caret.get();
            caret.is_some_and(|caret| mistake.span.start <= caret && caret <= mistake.span.end)
        };
        let own = Mistake::of_text(&typed).filter(|mistake| is_run() || !is_typed(mistake));
        own.or_else(|| match feed.failure.get()?.error {
            ApiError::Query(message) if is_run() => Mistake::of_message(&typed, &message),
            _ => None,
        })
    });
    let run = move || {
        let typed = text.get_untracked();
        let current = router.route_now();
        if current.params.get("q").unwrap_or_default() == typed {
            feed.refresh();
        } else {
            router.push(current.with("q", &typed));
        }
    };

    let known = metrics();
    let vocabulary = vocabulary(known);
    let labels = labels_for(editor);

    let is_busy = move || {
        feed.pending.get()
            && query.with(|query| query.as_deref().is_some_and(|query| !query.trim().is_empty()))
    };
    let has_query = Memo::new(move |_| {
        query.with(|query| query.as_deref().is_some_and(|query| !query.trim().is_empty()))
    });
    let is_explained = Memo::new(move |_| explain.get() && has_query.get());
    view! {
        <div class="page explore">
            <Head range=range on_range=on_range step=step view=view is_busy=Signal::derive(is_busy) on_run=move |()| run()/>
            <div class="explore__ask" class:is-explained=move || is_explained.get()>
                <div class="explore__write">
                    <Editor
                        state=editor
                        mistake=mistake
                        vocabulary=vocabulary
                        labels=labels
                        on_run=move |()| run()
                    />
                    <Tools editor=editor known=known history=history explain=explain query=query range=range/>
                </div>
                <Show when=move || is_explained.get()>
                    <Explain feed=feed editor=editor/>
                </Show>
            </div>
            <Show when=move || has_query.get() fallback=|| view! { <Start/> }>
                <ResultPanel feed=feed mistake=mistake view=view on_range=on_range/>
            </Show>
        </div>
    }
}

/// The title, how and when, and the button that runs the query.
#[component]
fn Head(
    range: Memo<Range>,
    on_range: Callback<Range>,
    step: Memo<Option<i64>>,
    view: Memo<View>,
    is_busy: Signal<bool>,
    #[prop(into)] on_run: Callback<()>,
) -> impl IntoView {
    let router = use_router();
    let lang = use_lang();
    let set = move |name: &'static str, value: &str| router.replace(router.route_now().with(name, value));
    let word = move |msg: Msg| Signal::derive(move || msg.text(lang.get()).to_owned());
    let views = move || {
        let lang = lang.get();
        View::ALL.iter().map(|view| (*view, view.title().text(lang).to_owned())).collect::<Vec<_>>()
    };
    let steps = move || {
        let auto = write_duration(range.get().step(SECOND));
        let auto = crate::i18n::fill(Msg::StepAuto.text(lang.get()), &[("step", &auto)]);
        let mut options = vec![(String::new(), auto)];
        let mut offered = STEPS.to_vec();
        offered.extend(step.get().filter(|step| !STEPS.contains(step)));
        options.extend(offered.into_iter().map(|step| (write_duration(step), write_duration(step))));
        options
    };
    view! {
        <div class="pagehead">
            <h1 class="pagehead__title">{tr(Msg::Explore)}</h1>
            <Segmented
                label=word(Msg::View)
                options=Signal::derive(views)
                value=view
                on_change=move |view: View| set("view", view.id())
            />
            <div class="pagehead__actions">
                <Select
                    label=word(Msg::Step)
                    options=Signal::derive(steps)
                    value=Signal::derive(move || step.get().map(write_duration).unwrap_or_default())
                    on_change=move |step: String| set("step", &step)
                />
                <TimePicker range=range on_change=on_range/>
                <button
                    type="button"
                    class="btn btn--primary"
                    title=move || format!("{} (Ctrl Enter)", Msg::Run.text(lang.get()))
                    aria-busy=move || is_busy.get().to_string()
                    on:click=move |_| on_run.run(())
                >
                    <Icon name=IconName::Play/>
                    {tr(Msg::Run)}
                </button>
            </div>
        </div>
    }
}

/// What can be done beside writing: look for metrics and earlier queries, lay out, explain.
#[component]
fn Tools(
    editor: EditorState,
    known: Feed<Vocabulary>,
    history: History,
    explain: Memo<bool>,
    /// The query that was run, and over which range.
    query: Memo<Option<String>>,
    range: Memo<Range>,
) -> impl IntoView {
    let router = use_router();
    let adding = RwSignal::new(false);
    let browsing = RwSignal::new(false);
    shortcut("m", move || browsing.set(true));
    let toggle = move |_| {
        let value = if explain.get_untracked() { "" } else { "1" };
        router.replace(router.route_now().with("explain", value));
    };
    let is_broken = Memo::new(move |_| editor.text.with(|text| lay_out(text).is_none()));
    view! {
        <div class="explore__tools">
            <button
                type="button"
                class="btn btn--quiet btn--sm"
                aria-haspopup="dialog"
                title=tr(Msg::MetricsHint)
                on:click=move |_| browsing.set(true)
            >
                <Icon name=IconName::Metrics/>
                {tr(Msg::Metrics)}
            </button>
            <HistoryButton history=history/>
            <button
                type="button"
                class="btn btn--quiet btn--sm"
                title=tr(Msg::FormatHint)
                disabled=move || is_broken.get()
                on:click=move |_| editor.lay_out()
            >
                <Icon name=IconName::Lines/>
                {tr(Msg::Format)}
            </button>
            <button
                type="button"
                class="btn btn--quiet btn--sm"
                title=tr(Msg::ExplainHint)
                aria-pressed=move || explain.get().to_string()
                on:click=toggle
            >
                <Icon name=IconName::Tree/>
                {tr(Msg::Explain)}
            </button>
            <button
                type="button"
                class="btn btn--quiet btn--sm"
                aria-haspopup="dialog"
                disabled=move || query.with(Option::is_none)
                on:click=move |_| adding.set(true)
            >
                <Icon name=IconName::Gauge/>
                {tr(Msg::AddToDashboard)}
            </button>
            {move || query.get().map(|query| view! {
                <a class="btn btn--quiet btn--sm" href=alert_of(&query).to_string()><Icon name=IconName::Bell/>{tr(Msg::MakeAlert)}</a>
            })}
        </div>
        <MetricBrowser open=browsing feed=known editor=editor/>
        <AddDialog open=adding query=query range=range/>
    }
}

/// Before the first question.
#[component]
fn Start() -> impl IntoView {
    let (title, why) = (tr(Msg::ExploreStart), tr(Msg::ExploreStartWhy));
    let example = |(words, query): &'static (Msg, &'static str)| {
        let href = Route::to(Page::Explore).with("q", query).to_string();
        view! {
            <li>
                <a class="explore__example" href=href>
                    <span>{tr(*words)}</span>
                    <code>{*query}</code>
                </a>
            </li>
        }
    };
    view! {
        <section class="panel">
            <Blank
                icon=IconName::Explore
                tone=Tone::Unknown
                title=Signal::derive(move || title().to_owned())
                why=Signal::derive(move || why().to_owned())
            />
            <ul class="explore__examples">{EXAMPLES.iter().map(example).collect_view()}</ul>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_are_right() {
        for (_, query) in EXAMPLES {
            assert_eq!(Mistake::of_text(query), None, "{query}");
        }
    }
}
