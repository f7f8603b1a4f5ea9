//! The nodes: one row each, worst first.

use std::collections::BTreeMap;
use std::time::Duration;

use leptos::html;
use leptos::prelude::*;

use super::node_status::NodeStatus;
use super::overview::NoNodes;
use super::watch::use_watch;
use crate::api::{Node, range as query_range, use_client};
use crate::clock::use_clock;
use crate::components::{Blank, BoneRows, Faced, Icon, IconName, Live, SparkTone, Sparkline, TimeRange};
use crate::format::{NONE, age, duration, load, percent};
use crate::i18n::{Lang, Msg, count, fill, shown_of, tr, use_lang};
use crate::poll::{Cadence, poll};
use crate::range::{HOUR, MINUTE};
use crate::router::{Page, Route, use_router};
use crate::shortcuts::shortcut;
use crate::verdict::{CPU, of_node};

mod columns;

use columns::{COLUMNS, Column, Order, sorted};

/// The last hour of every node's CPU, for the curves in the table.
const CPU_QUERY: &str =
    r#"1 - avg by (node) (rate(node_cpu_seconds_total{job="node-exporter",mode="idle"}[2m]))"#;
/// How often the curves are read, and their step.
const CPU_EVERY: Duration = Duration::from_secs(60);
const CPU_STEP: i64 = MINUTE;

/// The curves of all nodes, and their stretch of time.
#[derive(Clone, PartialEq)]
struct Curves {
    window: TimeRange,
    by_node: BTreeMap<String, Vec<(i64, f64)>>,
}

/// The table. The filter and the order are in the URL.
#[component]
pub(super) fn NodesView() -> impl IntoView {
    let watch = use_watch();
    let router = use_router();
    let client = use_client();
    let clock = use_clock();
    let lang = use_lang();
    let find = NodeRef::<html::Input>::new();
    shortcut("/", move || {
        if let Some(find) = find.get_untracked() {
            let _ = find.focus();
        }
    });

    let curves = poll(
        || ((), Cadence::Every(CPU_EVERY)),
        move |(), abort| async move {
            let end = clock.now().div_euclid(CPU_STEP) * CPU_STEP;
            let answer = query_range(client, CPU_QUERY, (end - HOUR, end), CPU_STEP, &abort).await?;
            let curve = |line: crate::api::Line| Some((line.labels.get("node")?.to_string(), line.points));
            let by_node = answer.result.into_lines().into_iter().filter_map(curve).collect();
            Ok(Curves { window: TimeRange { start_ms: end - HOUR, end_ms: end }, by_node })
        },
    );

    let filter = router.param("filter");
    let order_text = router.param("sort");
    let order = Memo::new(move |_| order_text.get().and_then(|text| Order::parse(&text)).unwrap_or_default());
    let set_filter = move |text: &str| router.replace(router.route_now().with("filter", text));
    let names = Memo::new(move |_| {
        let filter = filter.get().unwrap_or_default().to_lowercase();
        watch.feed.value.with(|nodes| {
            let shown: Vec<&Node> =
                nodes.iter().flatten().filter(|node| node.name.to_lowercase().contains(&filter)).collect();
            sorted(&shown, order.get())
        })
    });
    let total = Memo::new(move |_| watch.feed.value.with(|nodes| nodes.as_ref().map_or(0, Vec::len)));

    // J and K walk, Enter opens. The cursor is a node, not a row: it stays on it when the order changes.
    let cursor = RwSignal::new(None::<String>);
    let walk = move |by: isize| {
        let names = names.get_untracked();
        let at = cursor.get_untracked().and_then(|name| names.iter().position(|other| *other == name));
        let next = match at {
            Some(at) => at.saturating_add_signed(by).min(names.len().saturating_sub(1)),
            None => 0,
        };
        cursor.set(names.get(next).cloned());
    };
    shortcut("j", move || walk(1));
    shortcut("k", move || walk(-1));
    shortcut("enter", move || {
        if let Some(name) = cursor.get_untracked() {
            router.push(Route::to(Page::Node(name)));
        }
    });

    let oldest = Signal::derive(move || {
        let newest =
            watch.feed.value.with(|nodes| nodes.iter().flatten().filter_map(|node| node.sample_age).min());
        newest.map_or(0, |age| watch.feed.at.get() - age)
    });
    let head = move |column: &'static Column| {
        let sort = move || order.get().aria(column);
        let class = if column.numeric { "table__num" } else { "" };
        let class = if column.optional { format!("{class} is-optional") } else { class.to_owned() };
        let icon = Signal::derive(
            move || if order.get().descending { IconName::SortDown } else { IconName::SortUp },
        );
        let title = tr(column.title);
        view! {
            <th scope="col" class=class aria-sort=sort>
                <button
                    type="button"
                    class="table__sort"
                    title=move || fill(Msg::SortBy.text(lang.get()), &[("column", title())])
                    on:click=move |_| {
                        let next = order.get_untracked().toggled(column);
                        router.replace(router.route_now().with("sort", &next.to_string()));
                    }
                >
                    {title}
                    <Icon name=icon/>
                </button>
            </th>
        }
    };
    let rows = move || {
        view! {
            <For each=move || names.get() key=Clone::clone let:name>
                <Row name=name cursor=cursor curves=curves.value/>
            </For>
        }
    };
    let hidden_words = move || {
        let nodes = count(lang.get(), total.get(), Msg::NodesOne, Msg::NodesMany);
        fill(Msg::NoNodeMatchesWhy.text(lang.get()), &[("nodes", &nodes)])
    };
    let clear = move || {
        view! {
            <button type="button" class="btn btn--sm" on:click=move |_| set_filter("")>{tr(Msg::ClearFilter)}</button>
        }
    };
    let nothing_matches = tr(Msg::NoNodeMatches);
    let content = move || {
        view! {
            <Show when=move || total.get() != 0 fallback=|| view! { <div class="page"><NoNodes/></div> }>
                <Show
                    when=move || !names.with(Vec::is_empty)
                    fallback=move || view! {
                        <Blank
                            icon=IconName::Search
                            title=Signal::derive(move || nothing_matches().to_owned())
                            why=Signal::derive(hidden_words)
                            actions=clear
                        />
                    }
                >
                    <div class="table-wrap nodes__table">
                        <table class="table">
                            <caption class="visually-hidden">{tr(Msg::Nodes)}</caption>
                            <thead><tr>{COLUMNS.iter().map(head).collect_view()}</tr></thead>
                            <tbody>{rows()}</tbody>
                        </table>
                    </div>
                </Show>
            </Show>
        }
    };
    let shown_words = move || shown_of(lang.get(), names.with(Vec::len), total.get());
    view! {
        <div class="page page--flush nodes">
            <div class="page__bar pagehead">
                <h1 class="pagehead__title">{tr(Msg::Nodes)}</h1>
                <span class="pagehead__count">{shown_words}</span>
                <label class="input nodes__filter">
                    <Icon name=IconName::Search/>
                    <input
                        node_ref=find
                        type="search"
                        aria-label=tr(Msg::FilterNodes)
                        placeholder=tr(Msg::FilterNodes)
                        prop:value=move || filter.get().unwrap_or_default()
                        on:input:target=move |event| set_filter(&event.target().value())
                    />
                    <kbd class="kbd" aria-hidden="true">"/"</kbd>
                </label>
                <div class="pagehead__actions">
                    <Live
                        newest=oldest
                        paused=watch.paused
                        failing=Signal::derive(move || watch.feed.failure.with(Option::is_some))
                    />
                </div>
            </div>
            <Faced feed=watch.feed what=Msg::NodesWord bones=|| view! { <BoneRows rows=6/> } content=content/>
        </div>
    }
}

/// One node. Its cells change, the row stays.
#[component]
fn Row(name: String, cursor: RwSignal<Option<String>>, curves: RwSignal<Option<Curves>>) -> impl IntoView {
    let watch = use_watch();
    let clock = use_clock();
    let lang = use_lang();
    let node = watch.node(Signal::stored(name.clone()));
    let href = Route::to(Page::Node(name.clone())).to_string();
    let cell = move |read: fn(Lang, &Node) -> Option<String>| {
        move || {
            node.with(|node| node.as_ref().and_then(|node| read(lang.get(), node)))
                .unwrap_or_else(|| NONE.to_owned())
        }
    };
    let problems = Memo::new(move |_| node.with(|node| node.as_ref().map(of_node).unwrap_or_default()));
    let sample = move || {
        let age_then = node.with(|node| node.as_ref().and_then(|node| node.sample_age));
        age_then.map_or_else(
            || NONE.to_owned(),
            |then| age(lang.get(), then + (clock.ticking() - watch.feed.at.get()).max(0)),
        )
    };
    let spark_name = name.clone();
    let points = Memo::new(move |_| {
        curves.with(|curves| {
            curves.as_ref().and_then(|curves| curves.by_node.get(&spark_name).cloned()).unwrap_or_default()
        })
    });
    let window = Memo::new(move |_| {
        let none = TimeRange { start_ms: 0, end_ms: HOUR };
        curves.with(|curves| curves.as_ref().map_or(none, |curves| curves.window))
    });
    let spark_tone = Signal::derive(move || {
        node.with(|node| match node {
            Some(node) if !node.reporting => SparkTone::Critical,
            Some(node) if node.cpu.is_some_and(|cpu| cpu >= CPU) => SparkTone::Warning,
            _ => SparkTone::Neutral,
        })
    });
    let label_name = name.clone();
    let spark_label = move || fill(Msg::CpuLastHour.text(lang.get()), &[("node", &label_name)]);
    let cursor_name = name.clone();
    let is_cursor = move || cursor.with(|cursor| cursor.as_deref() == Some(cursor_name.as_str()));
    view! {
        <tr class:is-cursor=is_cursor>
            <th scope="row" class="table__name"><a href=href>{name}</a></th>
            <td>
                <NodeStatus node=node problems=problems/>
            </td>
            <td class="table__num" data-label=tr(Msg::ColumnCpu)>
                <span class="nodes__cpu">
                    <Sparkline points=points range=window label=Signal::derive(spark_label) tone=spark_tone/>
                    <span>{cell(|_, node| node.cpu.map(percent))}</span>
                </span>
            </td>
            <td class="table__num" data-label=tr(Msg::ColumnMemory)>{cell(|_, node| node.memory().map(percent))}</td>
            <td class="table__num" data-label=tr(Msg::ColumnDisk)>{cell(|_, node| node.disk().map(|disk| percent(disk.used())))}</td>
            <td class="table__num is-optional">{cell(|_, node| node.load.get(1).copied().flatten().map(load))}</td>
            <td class="table__num table__dim is-optional">
                {cell(|lang, node| node.uptime.map(|uptime| duration(lang, uptime - uptime % MINUTE)))}
            </td>
            <td class="table__num table__dim">{sample}</td>
        </tr>
    }
}
