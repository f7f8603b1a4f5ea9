//! The pods on a node.

use std::time::Duration;

use leptos::prelude::*;

use super::ObjectPage;
use crate::cluster::object::text;
use crate::components::Panel;
use crate::i18n::{Msg, tr};
use crate::kinds::PODS;
use crate::live::Key;
use crate::poll::throttled;
use crate::views::cluster::use_metrics;
use crate::views::list::{ObjectTable, Order, Resting, Rows, joined};

const PAUSE: Duration = Duration::from_millis(250);

/// The same table as the list of pods has, without its tools.
#[component]
pub(super) fn NodePods(page: ObjectPage) -> impl IntoView {
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
                page.wanted.with_value(|(_, node)| {
                    pods.filter(|pod| text(&pod.object, &["spec", "nodeName"]) == node)
                        .cloned()
                        .collect::<Vec<_>>()
                })
            });
            let held = before.filter(|before| resting.is_on() && before.order == order);
            joined.with(|joined| Rows::sorted(PODS, here, order, joined, held))
        },
        |_, _| true,
    );
    let heading = tr(Msg::Pods);
    let note = Signal::derive(move || rows.with(Rows::len).to_string());
    view! {
        <Panel title=Signal::derive(move || heading().to_owned()) note=note flush=true class="object__pods">
            <Show
                when=move || rows.with(|rows| rows.len() != 0)
                fallback=|| view! { <p class="panel__none panel__none--flush">{tr(Msg::NoPodsHere)}</p> }
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
