//! One node: its facts, its problems, and its charts over a chosen time.

use leptos::prelude::*;

use super::board_link::{BoardLink, of_object};
use super::chart_panel::ChartPlace;
use super::live_controls::PauseButton;
use super::machine_charts::MachineCharts;
use super::node_status::NodeStatus;
use super::range_param::range_param;
use super::watch::use_watch;
use crate::api::Node;
use crate::charts::Subject;
use crate::components::{
    Blank, BoneLines, ChartHeight, Faced, Icon, IconName, LegendForm, Live, Panel, TimePicker, Tone,
    provide_chart_link,
};
use crate::format::{bytes, duration};
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::range::{HOUR, MINUTE, Range};
use crate::router::{Page, Route};
use crate::verdict::{Severity, of_node};

const DEFAULT_RANGE: Range = Range::Last(HOUR);

/// What is told of a node under its name.
type Fact = (Msg, fn(Lang, &Node) -> Option<String>);

const FACTS: &[Fact] = &[
    (Msg::FactSystem, |_, node| node.system.clone()),
    (Msg::FactKernel, |_, node| node.kernel.clone()),
    (Msg::FactCores, |_, node| node.cores.map(|cores| format!("{cores:.0}"))),
    (Msg::FactMemory, |_, node| node.memory_total.map(bytes)),
    (Msg::FactUptime, |lang, node| node.uptime.map(|uptime| duration(lang, uptime - uptime % MINUTE))),
];

/// The page of the node called `name`.
#[component]
pub(super) fn NodeView(name: String) -> impl IntoView {
    let watch = use_watch();
    let lang = use_lang();
    let (range, on_range) = range_param(DEFAULT_RANGE);
    provide_chart_link();

    let board = of_object("nodes", "", &name);
    let name = Signal::stored(name);
    let node = watch.node(name);
    let is_known = Memo::new(move |_| node.with(Option::is_some));
    let place = ChartPlace {
        subject: Signal::derive(move || Subject::Node(name.get())),
        range,
        on_range,
        paused: watch.paused.into(),
        silent_since: watch.silent_since(node),
        height: ChartHeight::Small,
        legend: LegendForm::Table,
        limits: Signal::stored(Vec::new()),
    };

    let problems = Memo::new(move |_| node.with(|node| node.as_ref().map(of_node).unwrap_or_default()));
    let fact = move |(label, read): &'static Fact| {
        let value = move || node.with(|node| node.as_ref().and_then(|node| read(lang.get(), node)));
        move || value().map(|value| view! { <div><dt>{label.text(lang.get())}</dt><dd>{value}</dd></div> })
    };
    let notes = move || {
        problems
            .get()
            .into_iter()
            .map(|problem| {
                let tone = match problem.severity {
                    Severity::Critical => Tone::Critical,
                    Severity::Warning => Tone::Warning,
                };
                view! {
                    <p class=format!("note {}", tone.class())>
                        <Icon name=tone.icon()/>
                        <span>{problem.kind.why(lang.get())}</span>
                    </p>
                }
            })
            .collect_view()
    };
    let content = move || {
        view! {
            <Show when=move || is_known.get() fallback=move || view! { <UnknownNode name=name/> }>
                <div class="node__notes">{notes}</div>
                <MachineCharts place=place/>
            </Show>
        }
    };
    view! {
        <div class="page">
            <div class="pagehead">
                <h1 class="pagehead__title">{name}</h1>
                <Show when=move || is_known.get()>
                    <NodeStatus node=node problems=problems/>
                </Show>
                <Live
                    newest=watch.newest_sample(node)
                    paused=Signal::derive(move || watch.paused.get() || !range.get().is_live())
                    failing=Signal::derive(move || watch.feed.failure.with(Option::is_some))
                />
                <div class="pagehead__actions">
                    {board.map(|route| view! { <BoardLink route=route range=range/> })}
                    <TimePicker range=range on_change=on_range/>
                    <PauseButton paused=watch.paused/>
                </div>
                <Show when=move || is_known.get()>
                    <dl class="pagehead__facts">{FACTS.iter().map(fact).collect_view()}</dl>
                </Show>
            </div>
            <Faced feed=watch.feed what=Msg::NodesWord bones=|| view! { <Panel title=""><BoneLines/></Panel> } content=content/>
        </div>
    }
}

/// A name that no node has.
#[component]
fn UnknownNode(name: Signal<String>) -> impl IntoView {
    let lang = use_lang();
    let title = move || fill(Msg::NodeUnknown.text(lang.get()), &[("node", &name.get())]);
    let (heading, why) = (tr(Msg::Nodes), tr(Msg::NodeUnknownWhy));
    let actions =
        || view! { <a class="btn btn--sm" href=Route::to(Page::Nodes).to_string()>{tr(Msg::AllNodes)}</a> };
    view! {
        <Panel title=Signal::derive(move || heading().to_owned()) flush=true>
            <Blank
                icon=IconName::Nodes
                title=Signal::derive(title)
                why=Signal::derive(move || why().to_owned())
                actions=actions
            />
        </Panel>
    }
}
