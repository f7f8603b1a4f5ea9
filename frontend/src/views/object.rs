//! The page of one object of any kind: its facts, what is wrong with it, and the parts that its kind has.

use std::sync::Arc;

use crowsnest_api::logs::LogTarget;
use crowsnest_chart as chart;
use leptos::prelude::*;

use super::board_link::{BoardLink, of_object};
use super::chart_panel::{ChartPanel, ChartPlace, Limit};
use super::cluster::{Cluster, use_metrics};
use super::list::{Age, CellView};
use super::list_face::{ListFace, LiveChip};
use super::live_controls::PauseButton;
use super::logs::has_logs;
use super::machine_charts::MachineCharts;
use super::parts::{self, Lazy};
use super::range_param::range_param;
use super::terminal::has_terminals;
use super::watch::use_watch;
use crate::charts::{ChartSpec, Subject};
use crate::clock::use_clock;
use crate::cluster::{ingress, node, object, pod, service, trouble};
use crate::components::{
    Blank, BoneLines, ChartHeight, Icon, IconName, LegendForm, Panel, Status, TimePicker, Tone,
    provide_chart_link,
};
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::kinds::{Cell, Column, EVENTS, Fact, KindRow, KindScope, Part, SERVICES, Source};
use crate::live::{Entry, Key, List};
use crate::range::{HOUR, MINUTE, Range};
use crate::router::{Page, Route, use_router};
use crate::shortcuts::shortcut;
use crate::verdict::{Severity, of_node};

mod actions;
mod alerts;
mod conditions;
mod containers;
mod events;
mod gone;
mod labels;
mod listing;
mod pods;
mod policies;
mod resources;
mod secret_values;
mod tabs;
mod tree;
mod whole;
mod yaml;

use actions::Actions;
use alerts::Alerts;
use conditions::Conditions;
use containers::Containers;
use events::ObjectEvents;
use gone::{GoneNote, GonePage, LastLogs, gone_pods};
use labels::Labels;
use listing::{ListingPanel, PodSpec};
use pods::{NodePods, SelectedPods, UsingPods};
use policies::{PodReach, PolicyWords};
use resources::NodeResources;
pub(super) use resources::ResourceStats;
use tabs::{TabRow, current_tab};
use tree::Tree;
use whole::{Whole, whole};
pub(super) use yaml::{Yaml, refusal};

const DEFAULT_RANGE: Range = Range::Last(HOUR);

/// The object, as it was last where it is gone.
type Shown = Memo<Option<Arc<Entry>>>;

/// The page of the object of that name.
#[component]
pub(super) fn ObjectView(
    row: &'static KindRow,
    cluster: Cluster,
    #[prop(into)] namespace: String,
    #[prop(into)] name: String,
) -> impl IntoView {
    let lang = use_lang();
    let list = cluster.list(row);
    let key: Key = (namespace, name.clone());
    let wanted = StoredValue::new(key);
    let is_same = |a: Option<&Option<Arc<Entry>>>, b: Option<&Option<Arc<Entry>>>| !matches!((a, b), (Some(Some(a)), Some(Some(b))) if Arc::ptr_eq(a, b));
    let present = Memo::new_with_compare(move |_| wanted.with_value(|key| list.get(key)), is_same);
    let is_there = Memo::new(move |_| list.is_complete().then(|| present.with(Option::is_some)));
    let gone = gone_pods(row, wanted, is_there);
    let shown: Shown = Memo::new_with_compare(
        move |before: Option<&Option<Arc<Entry>>>| match gone.shown() {
            Some(gone) => Some(gone),
            None => present.get().or_else(|| before.cloned().flatten()),
        },
        is_same,
    );
    let is_known = Memo::new(move |_| shown.with(Option::is_some));
    let is_gone = Memo::new(move |_| {
        is_known.get() && gone.is_none() && present.with(Option::is_none) && list.is_complete()
    });
    let status = move || {
        let at = row.column("status")?;
        shown.with(|entry| entry.as_ref()?.cells.get(at).cloned())
    };
    let has_charts = row.parts.iter().any(|part| matches!(part, Part::Charts(_) | Part::MachineCharts));
    let (range, on_range) = range_param(DEFAULT_RANGE);
    provide_chart_link();
    let watch = use_watch();
    let metrics = use_metrics();
    let board = wanted.with_value(|(namespace, name)| of_object(row.id, namespace, name));
    let tools = move || {
        let board = StoredValue::new(board.clone());
        let link = move || board.get_value().map(|route| view! { <BoardLink route=route range=range/> });
        view! {
            <Show when=move || metrics.may()>{link}</Show>
            <Show when=move || has_charts && metrics.may()>
                <TimePicker range=range on_change=on_range/>
                <PauseButton paused=watch.paused/>
            </Show>
        }
    };
    let page = ObjectPage {
        row,
        cluster,
        shown,
        whole: whole(row, shown, wanted, gone),
        gone,
        wanted,
        range,
        on_range,
    };
    let tab = current_tab(row);
    let router = use_router();
    if has_logs(row) {
        shortcut("l", move || router.push(router.route_now().with("tab", "logs")));
    }
    if has_terminals(row) {
        shortcut("s", move || router.push(router.route_now().with("tab", "shell")));
    }
    for (key, tab) in [("d", ""), ("y", "yaml")] {
        shortcut(key, move || router.push(router.route_now().with("tab", tab)));
    }
    let content = move || {
        view! {
            <Show when=move || is_known.get() fallback=move || view! { <Unknown row=row key_=wanted list=list/> }>
                <Show when=move || is_gone.get()>
                    <p class="note is-unknown">
                        <Icon name=IconName::Unknown/>
                        <span>{tr(Msg::ObjectGone)}</span>
                    </p>
                </Show>
                <GoneNote page=page/>
                {move || tab.get().map(|tab| (tab.view)(page))}
            </Show>
        }
    };
    view! {
        <div class="page object">
            <div class="pagehead">
                <h1 class="pagehead__title">{name}</h1>
                {move || {
                    status().and_then(|cell| match cell {
                        Cell::Status(tone, word, note) => {
                            let note = note.map(|note| format!(", {}", note.text(lang.get()))).unwrap_or_default();
                            Some(view! { <Status tone=tone>{word}{note}</Status> })
                        }
                        _ => None,
                    })
                }}
                <LiveChip list=list/>
                <div class="pagehead__actions">
                    {tools()}
                    <Show when=move || is_known.get() && gone.is_none()><Actions page=page/></Show>
                </div>
                <Show when=move || is_known.get()>
                    <Facts page=page/>
                </Show>
            </div>
            <TabRow row=row current=tab/>
            <ListFace
                cluster=cluster
                list=list
                what=row.what
                bones=|| view! { <Panel title=""><BoneLines/></Panel> }
                content=content
            />
        </div>
    }
}

/// What the parts of a page share. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct ObjectPage {
    row: &'static KindRow,
    cluster: Cluster,
    /// What lists have of it.
    shown: Shown,
    /// All of it.
    whole: Whole,
    /// What is known of pods of that name that are gone.
    gone: GonePage,
    wanted: StoredValue<Key>,
    range: Memo<Range>,
    on_range: Callback<Range>,
}

impl ObjectPage {
    /// Something about the object; tracked. The default while it is not known.
    fn about<T: Default>(&self, read: impl FnOnce(&crate::json::Value) -> T) -> T {
        self.shown.with(|entry| entry.as_ref().map(|entry| read(&entry.object)).unwrap_or_default())
    }

    /// What the first tab shows: what is wrong, and all parts.
    fn overview(self) -> AnyView {
        view! {
            <Notes page=self/>
            <Alerts page=self/>
            <div class="grid grid--filled">{self.row.parts.iter().map(|part| self.part(*part)).collect_view()}</div>
        }
        .into_any()
    }

    /// The logs of the pod, or of the pods that the object selects.
    fn logs(self) -> AnyView {
        if !self.gone.is_none() {
            return view! { <LastLogs page=self/> }.into_any();
        }
        self.target().map(|target| view! { <Lazy part=move || parts::logs(target.clone())/> }).into_any()
    }

    /// Terminals in the pod's containers.
    fn terminals(self) -> AnyView {
        // Nobody is at home any more.
        if !self.gone.is_none() {
            return ().into_any();
        }
        let containers = Memo::new(move |_| self.about(container_names));
        let running = Memo::new(move |_| self.about(running_names));
        let part = move |target: LogTarget| move || parts::terminals(target.clone(), containers, running);
        self.target().map(|target| view! { <Lazy part=part(target)/> }).into_any()
    }

    /// The object as streams name it.
    fn target(self) -> Option<LogTarget> {
        let (group, version, resource) = self.row.api;
        self.wanted.with_value(|(namespace, name)| {
            let kind = crowsnest_api::cluster::Kind::new(group, version, resource).ok()?;
            Some(LogTarget { kind, scope: namespace.parse().ok()?, name: name.parse().ok()? })
        })
    }

    fn part(self, part: Part) -> AnyView {
        match part {
            Part::Charts(charts) => view! { <Charts page=self charts=charts/> }.into_any(),
            Part::MachineCharts => view! { <NodeCharts page=self/> }.into_any(),
            Part::Containers => view! { <Containers page=self/> }.into_any(),
            Part::Conditions => view! { <Conditions page=self/> }.into_any(),
            Part::Events => view! { <ObjectEvents page=self/> }.into_any(),
            Part::Labels => view! { <Labels page=self/> }.into_any(),
            Part::NodeResources => view! { <NodeResources page=self/> }.into_any(),
            Part::NodePods => view! { <NodePods page=self/> }.into_any(),
            Part::Pods => view! { <SelectedPods page=self/> }.into_any(),
            Part::UsedBy => view! { <UsingPods page=self/> }.into_any(),
            Part::Tree => view! { <Tree page=self/> }.into_any(),
            Part::Listing(listing) => view! { <ListingPanel page=self listing=listing/> }.into_any(),
            Part::Reach => view! { <PodReach page=self/> }.into_any(),
            Part::PolicyWords => view! { <PolicyWords page=self/> }.into_any(),
            Part::PodSpec => view! { <PodSpec page=self/> }.into_any(),
        }
    }

    fn place(self, subject: Subject, legend: LegendForm) -> ChartPlace {
        ChartPlace {
            subject: Signal::stored(subject),
            range: self.range,
            on_range: self.on_range,
            paused: use_watch().paused.into(),
            silent_since: Signal::stored(None),
            height: ChartHeight::Small,
            legend,
            limits: Signal::derive(move || self.limits()),
        }
    }

    /// What the charts of a pod's containers, or of the pods of what keeps them, show as lines: what is asked for, and what is allowed.
    fn limits(self) -> Vec<Limit> {
        let Some([template @ .., _]) = self.row.pod_spec else { return Vec::new() };
        self.about(|object| {
            let Some(pod) = object::at(object, template) else { return Vec::new() };
            let of_all = |which, resource| match self.row.id {
                "pods" => pod::common(pod, which, resource),
                _ => pod::resources(pod, which, resource),
            };
            let line = |(chart, resource): (Msg, &'static str)| {
                let of = move |which, words, severity| {
                    of_all(which, resource).map(|value| Limit { chart, value, words, severity })
                };
                let limit = of("limits", Msg::LimitOf, chart::Severity::Critical);
                // Where both are the same, one line says it.
                let request = of("requests", Msg::RequestOf, chart::Severity::Neutral)
                    .filter(|one| limit.is_none_or(|limit| limit.value != one.value));
                [request, limit].into_iter().flatten()
            };
            [(Msg::ChartMemory, "memory"), (Msg::ChartCpu, "cpu")].into_iter().flat_map(line).collect()
        })
    }
}

/// The containers of a pod that may run, those for debugging last.
fn container_names(pod: &crate::json::Value) -> Vec<String> {
    let lists = [["spec", "containers"], ["spec", "ephemeralContainers"]];
    let all = lists.iter().flat_map(|path| object::list(pod, path));
    all.map(|container| object::text(container, &["name"]).to_owned()).collect()
}

/// Those of them that were added and run.
fn running_names(pod: &crate::json::Value) -> Vec<String> {
    let all = object::list(pod, &["status", "ephemeralContainerStatuses"]).iter();
    let runs = |status: &&crate::json::Value| object::at(status, &["state", "running"]).is_some();
    all.filter(runs).map(|status| object::text(status, &["name"]).to_owned()).collect()
}

/// What is told under the name.
#[component]
fn Facts(page: ObjectPage) -> impl IntoView {
    let lang = use_lang();
    let fact = move |(label, read): &'static Fact| {
        move || {
            let told = page.about(|object| read(lang.get(), object))?;
            let text = match told.page {
                Some(page) => {
                    view! { <a class="link" href=Route::to(page).to_string()>{told.text}</a> }.into_any()
                }
                None => told.text.into_any(),
            };
            Some(view! { <div><dt>{label.text(lang.get())}</dt><dd>{text}</dd></div> })
        }
    };
    // Where nothing is said, the columns of the list say it.
    let of_columns = if page.row.facts.is_empty() { page.row.columns } else { &[] };
    let own = |column: &&'static Column| {
        !matches!(column.id, "name" | "status" | "age") && !matches!(column.source, Source::Joined(..))
    };
    let column = move |column: &'static Column| {
        move || {
            let cell = page.about(|object| column.cell(object));
            (cell != Cell::None).then(|| {
                view! {
                    <div>
                        <dt>{column.title.text(lang.get())}</dt>
                        <dd><CellView cell=cell page=Page::Overview/></dd>
                    </div>
                }
            })
        }
    };
    let created = Memo::new(move |_| page.about(object::created));
    view! {
        <dl class="pagehead__facts">
            {page.row.facts.iter().map(fact).collect_view()}
            {of_columns.iter().filter(own).map(column).collect_view()}
            {move || created.get().map(|at| view! { <div><dt>{tr(Msg::ColumnAge)}</dt><dd><Age at=at/></dd></div> })}
        </dl>
    }
}

/// What is wrong with the object, in words.
#[component]
fn Notes(page: ObjectPage) -> impl IntoView {
    let (clock, lang, watch) = (use_clock(), use_lang(), use_watch());
    let events = page.cluster.list(EVENTS);
    let services = (page.row.id == "ingresses").then(|| page.cluster.list(SERVICES));
    // Some troubles begin by the mere passing of time.
    let minute = Memo::new(move |_| clock.ticking() / (MINUTE / 4));
    let notes = Memo::new(move |_| {
        minute.track();
        let lang = lang.get();
        match page.row.id {
            "pods" => page.about(|pod| of_pod(lang, pod, clock.now(), events)),
            "nodes" => {
                let mut notes: Vec<_> = page.about(|node| {
                    let told =
                        |trouble: node::NodeTrouble| (trouble.severity, trouble.reason, trouble.message);
                    node::troubles(node).into_iter().map(told).collect()
                });
                let name = page.wanted.with_value(|(_, name)| name.clone());
                let machine = watch.node(Signal::stored(name)).get();
                notes.extend(machine.iter().flat_map(of_node).map(|problem| {
                    (problem.severity, problem.kind.title().text(lang).to_owned(), problem.kind.why(lang))
                }));
                notes
            }
            "ingresses" => page.about(|ingress| {
                let nowhere = services.filter(|list| list.is_complete()).map(|list| {
                    list.with(|all| ingress::troubles([ingress].into_iter(), all.map(|entry| &entry.object)))
                });
                let told = |trouble: ingress::IngressTrouble| {
                    (Severity::Critical, Msg::IngressNowhere.text(lang).to_owned(), trouble.why(lang))
                };
                nowhere.into_iter().flatten().map(told).collect()
            }),
            "services" => page.about(|service| of_service(lang, service, page)),
            _ => page.about(|object| of_conditions(page.row, object)),
        }
    });
    let note = |(severity, title, why): (Severity, String, String)| {
        let tone = tone_of(severity);
        view! {
            <div class=format!("note {}", tone.class())>
                <Icon name=tone.icon()/>
                <p><strong class="note__title">{title}</strong>{why}</p>
            </div>
        }
    };
    // What is not wrong, but not as others are either.
    let uncommon = Memo::new(move |_| {
        let sort = if page.row.id == "services" { page.about(service::sort) } else { None };
        sort.map(|sort| (sort.title(lang.get()), sort.why().text(lang.get()).to_owned()))
    });
    let aside = move || {
        uncommon.get().map(|(title, why)| {
            view! {
                <div class="note is-unknown">
                    <Icon name=IconName::Help/>
                    <p><strong class="note__title">{title}</strong>{why}</p>
                </div>
            }
        })
    };
    view! {
        <div class="object__notes">
            {move || notes.get().into_iter().map(note).collect_view()}
            {aside}
        </div>
    }
}

/// The condition that the word for the object's state comes from, where that is a bad one.
fn of_conditions(row: &KindRow, object: &crate::json::Value) -> Vec<(Severity, String, String)> {
    let at = row.column("status").and_then(|at| row.columns.get(at));
    let Some(Cell::Status(tone, word, _)) = at.map(|column| column.cell(object)) else { return Vec::new() };
    let severity = match tone {
        Tone::Critical => Severity::Critical,
        Tone::Warning => Severity::Warning,
        _ => return Vec::new(),
    };
    let conditions = object::list(object, &["status", "conditions"]).iter();
    let told = conditions
        .filter(|one| object::text(one, &["reason"]) == word)
        .map(|one| (severity, word.clone(), object::text(one, &["message"]).to_owned()));
    told.filter(|(_, _, why)| !why.is_empty()).take(1).collect()
}

/// What is wrong with a Service. Half the pods would say too much.
fn of_service(lang: Lang, one: &crate::json::Value, page: ObjectPage) -> Vec<(Severity, String, String)> {
    let selector = page.row.selects.map(|selects| selects(one)).unwrap_or_default();
    if !page.cluster.pods.is_complete() {
        return Vec::new();
    }
    page.cluster.pods.with(|pods| {
        let space = object::namespace(one);
        let is_meant = |pod: &&crate::json::Value| object::namespace(pod) == space && selector.selects(pod);
        let selected: Vec<_> = pods.map(|entry| &entry.object).filter(is_meant).collect();
        let told =
            |one: service::ServiceTrouble| (one.severity(), one.title(lang), one.why().text(lang).to_owned());
        service::troubles(one, &selected).into_iter().map(told).collect()
    })
}

fn of_pod(lang: Lang, pod: &crate::json::Value, now: i64, events: List) -> Vec<(Severity, String, String)> {
    let Some(mut trouble) = trouble::of(pod, now) else { return Vec::new() };
    if trouble.cause.wants_event() {
        let uid = object::text(pod, &["metadata", "uid"]);
        events.with(|events| {
            for (reason, message) in events::warnings_of(events, uid) {
                trouble.cause.hear(&reason, &message);
            }
        });
    }
    vec![(trouble.severity, trouble.badge(lang), trouble.why(lang))]
}

/// The tone of something wrong.
pub(super) fn tone_of(severity: Severity) -> Tone {
    match severity {
        Severity::Critical => Tone::Critical,
        Severity::Warning => Tone::Warning,
    }
}

/// The charts of a pod, of the pods of what keeps them, or of a claim.
#[component]
fn Charts(page: ObjectPage, charts: &'static [ChartSpec]) -> impl IntoView {
    let metrics = use_metrics();
    let subject = page.wanted.with_value(|(namespace, name)| {
        let (namespace, name) = (namespace.clone(), name.clone());
        match page.row.id {
            "pods" => Subject::Pod(namespace, name),
            "namespaces" => Subject::Namespaces(vec![name]),
            "persistentvolumeclaims" => Subject::Claim(namespace, name),
            _ => Subject::PodsOf(namespace, name, page.row.pods_named),
        }
    });
    let place = page.place(subject, LegendForm::Row);
    // Three or six fill a line, two or four fill it better by halves.
    let class = if charts.len().is_multiple_of(3) { "grid__8" } else { "grid__12" };
    let panels = move || {
        charts.iter().map(|spec| view! { <ChartPanel spec=spec place=place class=class/> }).collect_view()
    };
    view! {
        <Show when=move || metrics.may()>{panels()}</Show>
    }
}

/// The charts of the machine that a node is.
#[component]
fn NodeCharts(page: ObjectPage) -> impl IntoView {
    let metrics = use_metrics();
    let name = page.wanted.with_value(|(_, name)| name.clone());
    let place = page.place(Subject::Node(name), LegendForm::Table);
    view! {
        <Show when=move || metrics.may()>
            <div class="object__machine"><MachineCharts place=place/></div>
        </Show>
    }
}

/// A name that no object has; bones while the list is still coming.
#[component]
fn Unknown(row: &'static KindRow, key_: StoredValue<Key>, list: List) -> impl IntoView {
    let lang = use_lang();
    let title = Signal::derive(move || {
        let lang = lang.get();
        key_.with_value(|(_, name)| {
            fill(Msg::ObjectUnknown.text(lang), &[("what", row.one.text(lang)), ("name", name)])
        })
    });
    let why = Signal::derive(move || {
        let namespace = key_.with_value(|(namespace, _)| namespace.clone());
        match row.scope {
            KindScope::Namespaced => {
                fill(Msg::ObjectUnknownIn.text(lang.get()), &[("namespace", &namespace)])
            }
            KindScope::Cluster => Msg::ObjectUnknownWhy.text(lang.get()).to_owned(),
        }
    });
    let heading = tr(row.title);
    let all = move || fill(Msg::AllOfKind.text(lang.get()), &[("what", row.title.text(lang.get()))]);
    let actions = move || {
        view! { <a class="btn btn--sm" href=Route::to(row.list_page()).to_string()>{all}</a> }
    };
    let bones = || view! { <Panel title=""><BoneLines/></Panel> };
    view! {
        <Show when=move || list.is_complete() fallback=bones>
            <Panel title=Signal::derive(move || heading().to_owned()) flush=true>
                <Blank icon=row.icon title=title why=why actions=actions/>
            </Panel>
        </Show>
    }
}
