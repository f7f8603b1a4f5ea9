//! The nodes side by side: used, asked for, and how many pods.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::api::Node;
use crate::arrange::Arrange as _;
use crate::cluster::capacity::Capacity;
use crate::cluster::node;
use crate::components::{Badge, Icon, Meter, Panel, Tone};
use crate::format::{NONE, percent};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::live::List;
use crate::router::{Page, Route};
use crate::verdict;

/// How many are shown; the list of nodes has the rest.
const MOST: usize = 12;

/// A node as it is shown.
#[derive(Clone, PartialEq)]
struct Shown {
    name: String,
    tone: Tone,
    word: Option<String>,
}

/// The panel.
#[component]
pub(super) fn NodesPanel(
    nodes: List,
    by_node: Memo<BTreeMap<String, Capacity>>,
    machines: Signal<Vec<Node>>,
) -> impl IntoView {
    let lang = use_lang();
    let all = Memo::new(move |_| {
        let mut all: Vec<Shown> = nodes.with(|nodes| {
            let shown = |node: &crate::json::Value, name: &str| {
                let (tone, status) = (node::tone(node), node::status(node));
                let trouble = node::troubles(node).first().map(|trouble| trouble.reason.clone());
                let word = trouble.or_else(|| (status != "Ready").then_some(status));
                Shown { name: name.to_owned(), tone, word }
            };
            nodes.map(|entry| shown(&entry.object, &entry.key.1)).collect()
        });
        all.arrange_by_key(|one| (one.tone == Tone::Ok, one.tone == Tone::Done));
        all
    });
    let row = move |one: Shown| {
        let name = StoredValue::new(one.name.clone());
        let machine = Memo::new(move |_| {
            machines
                .with(|all| name.with_value(|name| all.iter().find(|machine| machine.name == *name).cloned()))
        });
        let capacity = Memo::new(move |_| {
            by_node.with(|all| name.with_value(|name| all.get(name).copied()).unwrap_or_default())
        });
        let bar = move |used: Signal<Option<f64>>, asked: Signal<Option<f64>>, from: (f64, f64)| {
            let tone = Signal::derive(move || {
                used.get().and_then(|share| match share {
                    _ if share >= from.1 => Some(Tone::Critical),
                    _ if share >= from.0 => Some(Tone::Warning),
                    _ => None,
                })
            });
            let words = move || used.get().or(asked.get()).map_or_else(|| NONE.to_owned(), percent);
            view! {
                <span class="table__meter">
                    <Meter share=used asked=asked tone=tone/>
                    <span>{words}</span>
                </span>
            }
        };
        let cpu = Signal::derive(move || machine.with(|machine| machine.as_ref()?.cpu));
        let memory = Signal::derive(move || machine.with(|machine| machine.as_ref()?.memory()));
        let disk = Signal::derive(move || machine.with(|machine| Some(machine.as_ref()?.disk()?.used())));
        let cpu_asked = Signal::derive(move || capacity.with(|all| all.cpu.asked()));
        let memory_asked = Signal::derive(move || capacity.with(|all| all.memory.asked()));
        let href = Route::to(Page::Node(one.name.clone())).to_string();
        let badge_tone = if one.tone == Tone::Done { Tone::Unknown } else { one.tone };
        view! {
            <tr>
                <th scope="row" class="table__name">
                    <span class=format!("node-name {}", one.tone.class())>
                        <Icon name=one.tone.icon()/>
                        <a href=href>{one.name}</a>
                        {one.word.map(|word| view! { <Badge tone=badge_tone>{word}</Badge> })}
                    </span>
                </th>
                <td data-label=tr(Msg::ColumnCpu)>{bar(cpu, cpu_asked, (verdict::CPU, f64::INFINITY))}</td>
                <td data-label=tr(Msg::ColumnMemory)>{bar(memory, memory_asked, verdict::MEMORY)}</td>
                <td data-label=tr(Msg::ColumnDisk)>{bar(disk, Signal::stored(None), verdict::DISK)}</td>
                <td class="table__num" data-label=tr(Msg::Pods)>{move || capacity.with(|all| all.pods.requests as usize)}</td>
            </tr>
        }
    };
    let rows = move || {
        view! {
            <For each=move || all.get().into_iter().take(MOST) key=|one| (one.name.clone(), one.word.clone()) let:one>
                {row(one)}
            </For>
        }
    };
    let heading = tr(Msg::Nodes);
    let note = Signal::derive(move || match all.with(Vec::len) {
        total if total > MOST => {
            let values = [MOST.to_string(), total.to_string()];
            let [shown, total] = values.each_ref().map(String::as_str);
            fill(Msg::Shown.text(lang.get()), &[("shown", shown), ("total", total)])
        }
        total => total.to_string(),
    });
    let tools = move || {
        view! {
            <span class="key key--used">{tr(Msg::KeyUsed)}</span>
            <span class="key key--asked">{tr(Msg::KeyRequested)}</span>
            <a class="link" href=Route::to(Page::Nodes).to_string()>{tr(Msg::AllNodes)}</a>
        }
    };
    view! {
        <Panel title=Signal::derive(move || heading().to_owned()) note=note tools=tools flush=true>
            <div class="table-wrap">
                <table class="table table--nodes">
                    <caption class="visually-hidden">{tr(Msg::Nodes)}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{tr(Msg::ColumnName)}</th>
                            <th scope="col">{tr(Msg::ColumnCpu)}</th>
                            <th scope="col">{tr(Msg::ColumnMemory)}</th>
                            <th scope="col">{tr(Msg::ColumnDisk)}</th>
                            <th scope="col" class="table__num">{tr(Msg::Pods)}</th>
                        </tr>
                    </thead>
                    <tbody>{rows()}</tbody>
                </table>
            </div>
        </Panel>
    }
}
