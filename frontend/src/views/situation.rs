//! The overview of a cluster: is anything wrong, why, since when; then how much room there is, and how it moves.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::about::Certificate;
use leptos::prelude::*;

use super::board_link::{BoardLink, of_cluster};
use super::chart_panel::{ChartPanel, ChartPlace};
use super::cluster::{Cluster, use_metrics};
use super::list_face::{ListFace, LiveChip, PartNote};
use super::live_controls::PauseButton;
use super::namespace_picker::NamespacePicker;
use super::range_param::range_param;
use super::watch::use_watch;
use crate::api::{DeprecatedUse, Node, fetch_fillings, use_client};
use crate::arrange::Arrange as _;
use crate::charts::{CLUSTER, ChartSpec, Subject};
use crate::clock::use_clock;
use crate::cluster::capacity::{self, Capacity};
use crate::cluster::ingress;
use crate::cluster::pod::Phase;
use crate::cluster::problem::{self, Problem};
use crate::cluster::volume::{self, Filling};
use crate::components::{
    BoneLines, ChartHeight, Icon, IconName, LegendForm, Panel, TimePicker, Tone, provide_chart_link,
};
use crate::i18n::{Lang, Msg, count, fill, tr, use_lang};
use crate::kinds::{EVENTS, INGRESSES, SERVICES};
use crate::live::{Entry, Health, List, missing_words};
use crate::poll::{Cadence, poll, throttled};
use crate::range::{MINUTE, Range};
use crate::verdict::{self, ProblemKind, Severity};

mod later;
mod nodes;
mod phases;
mod problems;
mod recent;
mod warnings;

use super::object::ResourceStats;
use later::later;
use nodes::NodesPanel;
use phases::Phases;
use problems::Problems;
use recent::RecentChanges;
use warnings::Warnings;

const DEFAULT_RANGE: Range = Range::Last(15 * MINUTE);
/// How often the figures of volumes are read.
const VOLUMES: Duration = Duration::from_secs(30);
/// How soon a change is seen in the verdict.
const PAUSE: Duration = Duration::from_millis(400);
/// How often the verdict is formed anew without a change: some troubles begin by the mere passing of time.
const AGAIN: i64 = 15_000;

/// Something wrong, from Kubernetes or from a machine's own figures.
#[derive(Clone, Debug, PartialEq)]
enum Wrong {
    Cluster(Problem),
    Machine(verdict::Problem),
    /// A certificate that ends soon, or has ended.
    Certificate(Severity, Certificate),
    /// An API that is used although it is going to be taken away.
    Deprecated(DeprecatedUse),
}

impl Wrong {
    fn severity(&self) -> Severity {
        match self {
            Self::Cluster(problem) => problem.severity(),
            Self::Machine(problem) => problem.severity,
            Self::Certificate(severity, _) => *severity,
            Self::Deprecated(_) => Severity::Warning,
        }
    }
}

/// What is wrong of both, worst first. A machine that Kubernetes knows to be away is not told of twice.
fn together(cluster: Vec<Problem>, machines: &[verdict::Problem], later: Vec<Wrong>) -> Vec<Wrong> {
    let is_away = |name: &str| {
        cluster.iter().any(|problem| match problem {
            Problem::Node(trouble) => trouble.node == name && trouble.reason == "NotReady",
            _ => false,
        })
    };
    let told = machines
        .iter()
        .filter(|one| !(matches!(one.kind, ProblemKind::Silent(_)) && is_away(&one.node)))
        .cloned()
        .map(Wrong::Machine);
    let told: Vec<Wrong> = told.collect();
    // What does not work comes before what runs short.
    let mut all: Vec<Wrong> = cluster.into_iter().map(Wrong::Cluster).chain(told).chain(later).collect();
    all.arrange_by_key(Wrong::severity);
    all
}

/// The verdict in one sentence.
fn sentence(lang: Lang, wrong: &[Wrong], pods: usize, nodes: Option<usize>) -> String {
    let of = |severity| wrong.iter().filter(|one| one.severity() == severity).count();
    let (broken, look) = (of(Severity::Critical), of(Severity::Warning));
    let broken_words = count(lang, broken, Msg::BrokenOne, Msg::BrokenMany);
    let look_words = count(lang, look, Msg::LookOne, Msg::LookMany);
    match (broken, look) {
        (0, 0) => {
            let pods = count(lang, pods, Msg::PodsOne, Msg::PodsMany);
            let what = match nodes {
                Some(nodes) => format!("{pods}, {}", count(lang, nodes, Msg::NodesOne, Msg::NodesMany)),
                None => pods,
            };
            fill(Msg::ClusterQuiet.text(lang), &[("what", &what)])
        }
        (_, 0) => broken_words,
        (0, _) => look_words,
        _ => format!("{broken_words}, {look_words}"),
    }
}

/// What is computed of the lists, no more often than is of use.
#[derive(Clone, Debug, Default, PartialEq)]
struct Situation {
    problems: Vec<Problem>,
    phases: [usize; 5],
    pods: usize,
    by_node: std::collections::BTreeMap<String, Capacity>,
}

/// The page.
#[component]
pub(super) fn SituationView(cluster: Cluster) -> impl IntoView {
    let (clock, lang, watch, metrics) = (use_clock(), use_lang(), use_watch(), use_metrics());
    let (range, on_range) = range_param(DEFAULT_RANGE);
    provide_chart_link();
    let lists = Lists {
        events: cluster.list(EVENTS),
        services: cluster.list(SERVICES),
        ingresses: cluster.list(INGRESSES),
        fillings: fillings(cluster),
    };
    let events = lists.events;
    let later = later(cluster);
    let (pods, nodes) = (cluster.pods, cluster.nodes);
    let changed = throttled(
        move || {
            pods.with(|pods| _ = pods.next());
            nodes.with(|nodes| _ = nodes.next());
            events.with(|events| _ = events.next());
            lists.services.with(|services| _ = services.next());
            lists.ingresses.with(|ingresses| _ = ingresses.next());
            lists.fillings.track();
        },
        PAUSE,
    );
    let again = Memo::new(move |_| clock.ticking() / AGAIN);
    let situation = Memo::new(move |_| {
        changed.track();
        again.track();
        cluster.chosen.track();
        untrack(|| survey(cluster, lists, clock.now()))
    });
    let wrong = Memo::new(move |_| {
        let machines = if cluster.chosen.with(Vec::is_empty) { watch.problems.get() } else { Vec::new() };
        again.track();
        together(situation.with(|all| all.problems.clone()), &machines, later.of(cluster, clock.now()))
    });
    let node_count = Memo::new(move |_| match nodes.health() {
        Health::Denied(_) => None,
        _ => Some(nodes.len()),
    });
    let is_ready = Memo::new(move |_| pods.is_complete() && nodes.is_complete());
    let title = move || {
        let lang = lang.get();
        if is_ready.get() {
            let pods = situation.with(|all| all.pods);
            wrong.with(|wrong| sentence(lang, wrong, pods, node_count.get()))
        } else {
            Msg::Overview.text(lang).to_owned()
        }
    };
    let tone = Memo::new(move |_| {
        wrong.with(|wrong| match wrong.first().map(Wrong::severity) {
            Some(Severity::Critical) => Tone::Critical,
            Some(Severity::Warning) => Tone::Warning,
            None => Tone::Ok,
        })
    });
    let phases = Memo::new(move |_| situation.with(|all| all.phases));
    let by_node = Memo::new(move |_| situation.with(|all| all.by_node.clone()));
    let total = Memo::new(move |_| by_node.with(|all| capacity::total(all.values())));
    let machines: Signal<Vec<Node>> = Signal::derive(move || {
        let known = watch.feed.value.get().unwrap_or_default();
        known.into_iter().filter(|machine| by_node.with(|all| all.contains_key(&machine.name))).collect()
    });
    let sees_nodes = Memo::new(move |_| node_count.get().is_some_and(|count| count > 0));
    let content = move || {
        view! {
            <div class="grid">
                <Problems wrong=wrong is_ready=is_ready/>
                <div class="grid__8 situation__side">
                    <Phases phases=phases/>
                    <RecentChanges cluster=cluster/>
                    <Warnings cluster=cluster events=events changed=changed/>
                </div>
            </div>
            <Show when=move || sees_nodes.get()>
                <ResourceStats capacity=total machines=machines/>
            </Show>
            <Charts cluster=cluster range=range on_range=on_range/>
            <NodesSection cluster=cluster by_node=by_node machines=machines/>
        }
    };
    view! {
        <div class="page">
            <div class="pagehead">
                <h1 class="pagehead__title" aria-live="polite">
                    <Show when=move || is_ready.get()>
                        <span class=move || format!("status {}", tone.get().class())>
                            <Icon name=Signal::derive(move || tone.get().icon())/>
                        </span>
                    </Show>
                    {title}
                </h1>
                <LiveChip list=pods/>
                <div class="pagehead__actions">
                    <NamespacePicker cluster=cluster/>
                    <Show when=move || metrics.may()>
                        <BoardLink route=of_cluster() range=range/>
                        <TimePicker range=range on_change=on_range/>
                        <PauseButton paused=watch.paused/>
                    </Show>
                </div>
            </div>
            <PartNote cluster=cluster/>
            <ListFace
                cluster=cluster
                list=pods
                what=Msg::PodsWord
                bones=|| view! { <Panel title=""><BoneLines/></Panel> }
                content=content
            />
        </div>
    }
}

/// What is looked at beside pods and nodes. Cheap to copy.
#[derive(Clone, Copy)]
struct Lists {
    events: List,
    services: List,
    ingresses: List,
    fillings: Memo<Vec<Filling>>,
}

/// How full the volumes are that the user may see the figures of.
fn fillings(cluster: Cluster) -> Memo<Vec<Filling>> {
    let (client, metrics) = (use_client(), use_metrics());
    let feed = poll(
        move || ((), metrics.cadence(Cadence::Every(VOLUMES))),
        move |(), abort| fetch_fillings(client, abort),
    );
    Memo::new(move |_| {
        let all = feed.value.get().unwrap_or_default();
        all.into_iter().filter(|filling| cluster.is_chosen(&filling.namespace)).collect()
    })
}

/// Goes through the lists once.
fn survey(cluster: Cluster, lists: Lists, now: i64) -> Situation {
    let is_seen = |entry: &&Arc<Entry>| cluster.is_chosen(&entry.key.0);
    let everywhere = cluster.chosen.with(Vec::is_empty);
    let mut found = Situation::default();
    cluster.nodes.with(|nodes| {
        let nodes: Vec<_> = nodes.map(|entry| &entry.object).collect();
        cluster.pods.with(|pods| {
            let pods: Vec<_> = pods.collect();
            for pod in pods.iter().copied().filter(is_seen) {
                let at = Phase::ALL.iter().position(|phase| *phase == Phase::of(&pod.object));
                if let Some(count) = at.and_then(|at| found.phases.get_mut(at)) {
                    *count += 1;
                }
                found.pods += 1;
            }
            let all = pods.iter().map(|entry| &entry.object);
            found.by_node = capacity::by_node(nodes.iter().copied(), all);
            let seen = pods.iter().copied().filter(is_seen).map(|entry| &entry.object);
            // Nodes are in no namespace: whoever looks at some namespaces does not ask about them.
            let judged = nodes.iter().copied().filter(|_| everywhere);
            found.problems = lists
                .events
                .with(|events| problem::find(seen, judged, events.map(|entry| &entry.object), now));
            let all: Vec<_> = pods.iter().map(|entry| &entry.object).collect();
            let full = lists.fillings.with(|fillings| volume::troubles(fillings, &all));
            found.problems.extend(full.into_iter().map(Problem::Volume));
        });
    });
    // Half a list of Services would make Ingresses look as if they led nowhere.
    if lists.services.is_complete() && matches!(lists.services.health(), Health::Live) {
        let nowhere = lists.ingresses.with(|ingresses| {
            let ingresses: Vec<_> = ingresses.filter(is_seen).map(|entry| &entry.object).collect();
            lists.services.with(|services| {
                ingress::troubles(ingresses.iter().copied(), services.map(|entry| &entry.object))
            })
        });
        found.problems.extend(nowhere.into_iter().map(Problem::Ingress));
    }
    problem::sort(&mut found.problems);
    found
}

/// The charts of the cluster, or why there are none.
#[component]
fn Charts(cluster: Cluster, range: Memo<Range>, on_range: Callback<Range>) -> impl IntoView {
    let (watch, metrics) = (use_watch(), use_metrics());
    let subject = Memo::new(move |_| match cluster.matched() {
        names if names.is_empty() => Subject::Cluster,
        names => Subject::Namespaces(names),
    });
    let place = ChartPlace {
        subject: subject.into(),
        range,
        on_range,
        paused: watch.paused.into(),
        silent_since: Signal::stored(None),
        height: ChartHeight::Medium,
        legend: LegendForm::Row,
        limits: Signal::stored(Vec::new()),
    };
    // Who may not see nodes has nothing of those charts that are about machines.
    let sees_nodes = Memo::new(move |_| !matches!(cluster.nodes.health(), Health::Denied(_)));
    let panels = move || {
        let of = |spec: &&ChartSpec| sees_nodes.get() || spec.is_of_namespaces();
        let panel = |spec| view! { <ChartPanel spec=spec place=place class="grid__12"/> };
        CLUSTER.iter().filter(of).map(panel).collect_view()
    };
    view! {
        <Show when=move || metrics.may()>
            <div class="grid">{panels}</div>
        </Show>
        <Show when=move || metrics.are_denied()>
            <p class="aside-note"><Icon name=IconName::Lock/>{tr(Msg::MetricsDenied)}</p>
        </Show>
    }
}

/// The nodes, or that they may not be seen.
#[component]
fn NodesSection(
    cluster: Cluster,
    by_node: Memo<std::collections::BTreeMap<String, Capacity>>,
    machines: Signal<Vec<Node>>,
) -> impl IntoView {
    let lang = use_lang();
    let session = crate::api::use_session();
    let missing = Memo::new(move |_| match cluster.nodes.health() {
        Health::Denied(right) => Some(missing_words(lang.get(), &session.user(), &right)),
        _ => None,
    });
    view! {
        <Show
            when=move || missing.with(Option::is_none)
            fallback=move || view! {
                <p class="aside-note"><Icon name=IconName::Lock/>{tr(Msg::NodesDenied)}" "{move || missing.get()}</p>
            }
        >
            <NodesPanel nodes=cluster.nodes by_node=by_node machines=machines/>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::node::NodeTrouble;

    fn trouble(node: &str, reason: &str) -> Problem {
        Problem::Node(NodeTrouble {
            severity: Severity::Critical,
            node: node.into(),
            reason: reason.into(),
            message: String::new(),
            since: None,
        })
    }

    fn machine(node: &str, kind: ProblemKind) -> verdict::Problem {
        verdict::Problem { severity: Severity::Critical, node: node.into(), kind }
    }

    #[test]
    fn a_node_that_is_away_is_told_of_once() {
        let machines = [machine("a", ProblemKind::Silent(None)), machine("b", ProblemKind::Silent(None))];
        let all =
            together(vec![trouble("a", "NotReady"), trouble("b", "DiskPressure")], &machines, Vec::new());
        assert_eq!(all.len(), 3);
        assert!(!all.contains(&Wrong::Machine(machine("a", ProblemKind::Silent(None)))));
    }

    #[test]
    fn the_verdict_counts_what_is_broken_and_what_needs_a_look() {
        assert_eq!(
            sentence(Lang::English, &[], 148, Some(5)),
            "All quiet. 148 pods, 5 nodes, nothing failing."
        );
        assert_eq!(sentence(Lang::English, &[], 1, None), "All quiet. 1 pod, nothing failing.");
        let one = [Wrong::Cluster(trouble("a", "NotReady"))];
        assert_eq!(sentence(Lang::English, &one, 9, Some(5)), "1 thing is broken");
        assert_eq!(sentence(Lang::Korean, &one, 9, Some(5)), "장애 1건");
    }
}
