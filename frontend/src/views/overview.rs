//! The overview: is anything wrong, why, and how is this machine doing right now.

use leptos::prelude::*;

use super::chart_panel::{ChartPanel, ChartPlace};
use super::live_controls::PauseButton;
use super::range_param::range_param;
use super::watch::use_watch;
use crate::api::Node;
use crate::charts::{self, Subject};
use crate::components::{
    Badge, Blank, BoneLines, ChartHeight, Faced, Icon, IconName, LegendForm, Live, Panel, Select, TimePicker,
    Tone, provide_chart_link,
};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::range::{MINUTE, Range};
use crate::router::{Page, Route, use_router};
use crate::verdict::{Problem, Severity, sentence};

mod stats;

use stats::Stats;

/// What the charts show unless somebody asks otherwise: short enough to see them move.
const DEFAULT_RANGE: Range = Range::Last(5 * MINUTE);
/// How many problems are listed; the side bar and the nodes page have the rest.
const MOST_PROBLEMS: usize = 6;

/// The verdict over all nodes, then one node's figures and charts. `node` in the URL names it; the first by name else.
#[component]
pub(super) fn Overview() -> impl IntoView {
    let watch = use_watch();
    let router = use_router();
    let lang = use_lang();
    let (range, on_range) = range_param(DEFAULT_RANGE);
    provide_chart_link();

    let names = Memo::new(move |_| {
        watch
            .feed
            .value
            .with(|nodes| nodes.iter().flatten().map(|node| node.name.clone()).collect::<Vec<_>>())
    });
    let wanted = router.param("node");
    let name = Memo::new(move |_| {
        let known = names.get();
        let wanted = wanted.get().filter(|wanted| known.contains(wanted));
        wanted.or_else(|| known.first().cloned()).unwrap_or_default()
    });
    let node = watch.node(name.into());
    let choose = move |name: String| router.push(router.route_now().with("node", &name));

    let verdict = move || {
        let nodes = watch.feed.value.read();
        nodes.as_ref().map(|nodes| watch.problems.with(|problems| sentence(lang.get(), nodes, problems)))
    };
    let title = move || verdict().unwrap_or_else(|| Msg::Overview.text(lang.get()).to_owned());
    let tone = Memo::new(move |_| {
        watch.problems.with(|problems| match problems.first().map(|problem| problem.severity) {
            Some(Severity::Critical) => Tone::Critical,
            Some(Severity::Warning) => Tone::Warning,
            None => Tone::Ok,
        })
    });
    let place = ChartPlace {
        subject: Signal::derive(move || Subject::Node(name.get())),
        range,
        on_range,
        paused: watch.paused.into(),
        silent_since: watch.silent_since(node),
        height: ChartHeight::Medium,
        legend: LegendForm::Row,
        limits: Signal::stored(Vec::new()),
    };
    let node_href = move || Route::to(Page::Node(name.get())).to_string();
    let node_words = move || fill(Msg::OpenNode.text(lang.get()), &[("node", &name.get())]);
    let content = move || {
        view! {
            <Show when=move || !names.with(Vec::is_empty) fallback=move || view! { <NoNodes/> }>
                <Show when=move || watch.problems.with(|problems| !problems.is_empty())>
                    <Problems problems=watch.problems/>
                </Show>
                <Stats node=node/>
                <div class="grid">
                    {charts::overview()
                        .map(|spec| view! { <ChartPanel spec=spec place=place class="grid__12"/> })
                        .collect_view()}
                </div>
                <p><a class="overview__more" href=node_href>{node_words}<Icon name=IconName::Right/></a></p>
            </Show>
        }
    };
    let several = move || names.with(|names| names.len() > 1);
    let options =
        Signal::derive(move || names.get().into_iter().map(|name| (name.clone(), name)).collect::<Vec<_>>());
    let node_label = tr(Msg::NodeLabel);
    view! {
        <div class="page">
            <div class="pagehead">
                <h1 class="pagehead__title" aria-live="polite">
                    <Show when=move || verdict().is_some()>
                        <span class=move || format!("status {}", tone.get().class())>
                            <Icon name=Signal::derive(move || tone.get().icon())/>
                        </span>
                    </Show>
                    {title}
                </h1>
                <Live
                    newest=watch.newest_sample(node)
                    paused=watch.paused
                    failing=Signal::derive(move || watch.feed.failure.with(Option::is_some))
                />
                <div class="pagehead__actions">
                    <Show when=several>
                        <Select
                            label=Signal::derive(move || node_label().to_owned())
                            options=options
                            value=name
                            on_change=choose
                        />
                    </Show>
                    <TimePicker range=range on_change=on_range/>
                    <PauseButton paused=watch.paused/>
                </div>
            </div>
            <Faced feed=watch.feed what=Msg::NodesWord bones=|| view! { <Panel title=""><BoneLines/></Panel> } content=content/>
        </div>
    }
}

/// What is wrong, worst first, each with its cause and the way to it.
#[component]
fn Problems(problems: Memo<Vec<Problem>>) -> impl IntoView {
    let lang = use_lang();
    let row = move |problem: Problem| {
        let tone = match problem.severity {
            Severity::Critical => Tone::Critical,
            Severity::Warning => Tone::Warning,
        };
        let title = problem.kind.title().text(lang.get());
        let href = Route::to(Page::Node(problem.node.clone())).to_string();
        view! {
            <li class=format!("problem {}", tone.class())>
                <Icon name=tone.icon()/>
                <p class="problem__title">
                    {problem.node.clone()}
                    <Badge tone=tone>{title}</Badge>
                </p>
                <p class="problem__why">{problem.kind.why(lang.get())}</p>
                <a class="btn btn--sm problem__side" href=href aria-label=format!("{}: {}", Msg::Inspect.text(lang.get()), problem.node)>
                    {Msg::Inspect.text(lang.get())}
                </a>
            </li>
        }
    };
    let rows = move || problems.get().into_iter().take(MOST_PROBLEMS).map(row).collect_view();
    let (title, note) = (tr(Msg::Problems), tr(Msg::WorstFirst));
    view! {
        <Panel
            title=Signal::derive(move || title().to_owned())
            note=Signal::derive(move || note().to_owned())
            flush=true
        >
            <ul>{rows}</ul>
        </Panel>
    }
}

/// What to do when nothing has reported yet.
#[component]
pub(super) fn NoNodes() -> impl IntoView {
    let (heading, title, why) = (tr(Msg::Nodes), tr(Msg::NodesEmpty), tr(Msg::NodesEmptyWhy));
    view! {
        <Panel title=Signal::derive(move || heading().to_owned()) flush=true>
            <Blank
                icon=IconName::Unplugged
                title=Signal::derive(move || title().to_owned())
                why=Signal::derive(move || why().to_owned())
            />
        </Panel>
    }
}

/// The share of something, coloured from where the verdict would name it.
fn tone_of(share: Option<f64>, (warning, critical): (f64, f64)) -> Option<Tone> {
    share.and_then(|share| match share {
        _ if share >= critical => Some(Tone::Critical),
        _ if share >= warning => Some(Tone::Warning),
        _ => None,
    })
}

/// A signal of something about the node; `default` while the node is not known.
fn about<T: Send + Sync + 'static>(
    node: Memo<Option<Node>>,
    read: impl Fn(&Node) -> T + Send + Sync + 'static,
    default: impl Fn() -> T + Send + Sync + 'static,
) -> Signal<T> {
    Signal::derive(move || node.with(|node| node.as_ref().map_or_else(&default, &read)))
}
