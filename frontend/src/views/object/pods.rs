//! Pods that belong to an object: those on a node, those that it selects, those that use a claim.

use std::time::Duration;

use crate::json::Value;
use leptos::prelude::*;

use super::ObjectPage;
use crate::cluster::object::{namespace, text};
use crate::components::{BoneRows, Panel};
use crate::i18n::{Msg, tr};
use crate::kinds::pod_spec::claims;
use crate::kinds::{KindScope, PODS, selector_words};
use crate::live::Key;
use crate::poll::throttled;
use crate::views::cluster::use_metrics;
use crate::views::list::{ObjectTable, Order, Resting, Rows, joined};

const PAUSE: Duration = Duration::from_millis(250);

/// The pods on a node.
#[component]
pub(super) fn NodePods(page: ObjectPage) -> impl IntoView {
    let is_meant = move |(_, node): &Key, pod: &Value| text(pod, &["spec", "nodeName"]) == node;
    view! { <PodTable page=page is_meant=is_meant note=|| String::new() none=Msg::NoPodsHere/> }
}

/// The pods that an object selects.
#[component]
pub(super) fn SelectedPods(page: ObjectPage) -> impl IntoView {
    let selector =
        Memo::new(move |_| page.row.selects.map(|selects| page.whole.about(selects)).unwrap_or_default());
    let is_meant = move |(of_namespace, _): &Key, pod: &Value| {
        let is_there = page.row.scope == KindScope::Cluster || namespace(pod) == of_namespace;
        is_there && selector.with(|selector| selector.selects(pod))
    };
    view! { <PodTable page=page is_meant=is_meant note=move || selector.with(selector_words) none=Msg::NoPodsSelected/> }
}

/// The pods that use a claim.
#[component]
pub(super) fn UsingPods(page: ObjectPage) -> impl IntoView {
    let is_meant = move |(of_namespace, claim): &Key, pod: &Value| {
        namespace(pod) == of_namespace && claims(pod).any(|name| name == claim)
    };
    view! { <PodTable page=page is_meant=is_meant note=|| String::new() none=Msg::NoPodsUsing/> }
}

/// The same table as the list of pods has, without its tools.
#[component]
fn PodTable(
    page: ObjectPage,
    /// Whether a pod belongs to the object of that name; tracked.
    is_meant: impl Fn(&Key, &Value) -> bool + Send + Sync + 'static,
    /// By what they belong to it.
    note: impl Fn() -> String + Send + Sync + 'static,
    /// What is said where there are none.
    none: Msg,
) -> impl IntoView {
    let pods = page.cluster.pods;
    let joined = joined(PODS, page.cluster, use_metrics());
    let order = RwSignal::new(Order::of(PODS, None));
    let resting = Resting::new();
    let changed = throttled(move || pods.with(|pods| _ = pods.next()), PAUSE);
    let rows = Memo::new_with_compare(
        move |before: Option<&Rows>| {
            changed.track();
            let order = order.get();
            let here = pods.with(|pods| {
                page.wanted.with_value(|key| {
                    pods.filter(|pod| is_meant(key, &pod.object)).cloned().collect::<Vec<_>>()
                })
            });
            let held = before.filter(|before| resting.is_on() && before.order == order);
            joined.with(|joined| Rows::sorted(PODS, here, order, joined, held))
        },
        |_, _| true,
    );
    let heading = tr(Msg::Pods);
    let note = Signal::derive(move || {
        // While the list is still coming, nobody knows how many there are.
        let count = pods.is_complete().then(|| rows.with(Rows::len).to_string());
        count
            .into_iter()
            .chain(Some(note()).filter(|words| !words.is_empty()))
            .collect::<Vec<_>>()
            .join(" · ")
    });
    let nothing = move || {
        if pods.is_complete() {
            view! { <p class="panel__none panel__none--flush">{tr(none)}</p> }.into_any()
        } else {
            view! { <BoneRows rows=2/> }.into_any()
        }
    };
    view! {
        <Panel title=Signal::derive(move || heading().to_owned()) note=note flush=true class="object__pods">
            <Show
                when=move || rows.with(|rows| rows.len() != 0)
                fallback=nothing
            >
                <ObjectTable
                    row=PODS
                    list=pods
                    rows=rows
                    joined=joined
                    order=Memo::new(move |_| order.get())
                    on_order=move |column| order.update(|order| *order = order.toggled(PODS, column))
                    cursor=RwSignal::new(None::<Key>)
                    resting=resting
                    is_single=Memo::new(|_| false)
                />
            </Show>
        </Panel>
    }
}
