//! The alerts about an object, where there are any.

use std::time::Duration;

use leptos::prelude::*;

use super::ObjectPage;
use crate::api::{Alert, fetch_alerts, use_client};
use crate::cluster::object::{moment, namespace};
use crate::cluster::owner;
use crate::components::{Icon, Panel};
use crate::i18n::{Msg, tr};
use crate::poll::{Cadence, poll, throttled};
use crate::views::cluster::use_metrics;
use crate::views::list::Age;

const EVERY: Duration = Duration::from_secs(30);
/// How often pods are looked at again while they change.
const PAUSE: Duration = Duration::from_millis(500);

/// The panel; nothing while no alert is about the object.
#[component]
pub(super) fn Alerts(page: ObjectPage) -> impl IntoView {
    let (client, metrics) = (use_client(), use_metrics());
    let question = move || ((), if metrics.may() { Cadence::Every(EVERY) } else { Cadence::Never });
    let feed = poll(question, move |(), abort| fetch_alerts(client, abort));
    // The answer may come before the pods that it is about.
    let pods = page.cluster.pods;
    let changed = throttled(move || pods.with(|pods| _ = pods.next()), PAUSE);
    let own = Memo::new(move |_| {
        changed.track();
        let alerts = feed.value.get().unwrap_or_default();
        page.wanted.with_value(|(space, name)| {
            let is_own_pod = |pod: &str| {
                untrack(|| pods.get(&(space.clone(), pod.to_owned()))).is_some_and(|entry| {
                    namespace(&entry.object) == space
                        && owner::named(&entry.object, page.row.api_kind).as_ref() == Some(name)
                })
            };
            let is_meant = |alert: &Alert| alert.is_about(page.row.api_kind, (space, name), is_own_pod);
            alerts.into_iter().filter(is_meant).collect::<Vec<_>>()
        })
    });
    let line = |alert: Alert| {
        let tone = alert.tone();
        view! {
            <li class=format!("told {}", tone.class())>
                <span class="told__age">{moment(&alert.active_at).map(|at| view! { <Age at=at/> })}</span>
                <Icon name=tone.icon()/>
                <p class="told__words"><strong>{alert.name().to_owned()}</strong>" "{alert.words().to_owned()}</p>
            </li>
        }
    };
    let heading = tr(Msg::RelatedAlerts);
    view! {
        <Show when=move || own.with(|own| !own.is_empty())>
            <Panel title=Signal::derive(move || heading().to_owned()) class="object__alerts">
                <ol class="told-list">{move || own.get().into_iter().map(line).collect_view()}</ol>
            </Panel>
        </Show>
    }
}
