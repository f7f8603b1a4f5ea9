//! Emptying a node: cordon, evict what can go, wait for budgets, and say what holds it up. It runs in this page and stops with it.

use std::collections::BTreeMap;
use std::time::Duration;

use crowsnest_api::cluster::Kind;
use gloo_timers::future::sleep;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::json;

use super::form::Command;
use super::refused::{RefusalFace, why};
use super::{Acting, Subject};
use crate::actions::{DrainPod, Given, drained, find};
use crate::api::{Change, Client, ObjectRef, Refusal, change, fetch_objects, use_client};
use crate::components::{BoneLines, Icon, IconName, Tone};
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::router::encode;

/// How long a budget is given before it is asked again, and how often it is looked who is gone.
const AGAIN: Duration = Duration::from_secs(2);

/// How far a pod is.
#[derive(Clone, Debug, PartialEq)]
enum Fate {
    Waits,
    Leaves,
    /// A budget holds it; the API server's words.
    Held(String),
    Gone,
    Failed(String),
}

/// How far the drain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Asks,
    Runs,
    Stopped,
    Done,
}

#[derive(Clone, Copy)]
struct Work {
    client: Client,
    node: StoredValue<ObjectRef>,
    pods: RwSignal<Option<Result<Vec<DrainPod>, Refusal>>>,
    /// By uid.
    fates: RwSignal<BTreeMap<String, Fate>>,
    stage: RwSignal<Stage>,
    failure: RwSignal<Option<Refusal>>,
}

impl Work {
    async fn look(self) -> Result<Vec<DrainPod>, Refusal> {
        let selector = self
            .node
            .with_value(|node| format!("fieldSelector={}", encode(&format!("spec.nodeName={}", node.name))));
        let kind = Kind::new("", "v1", "pods").map_err(|_| crate::api::ApiError::Unreadable)?;
        Ok(drained(&fetch_objects(self.client, &kind, "", &selector).await?))
    }

    /// Whether it should go on; it ends with the window as well.
    fn runs(self) -> bool {
        self.stage.try_get_untracked() == Some(Stage::Runs)
    }

    async fn run(self) {
        let Some(node) = self.node.try_get_value() else { return };
        let cordon =
            Change::Merge { target: node, below: "", patch: json!({"spec": {"unschedulable": true}}) };
        if let Err(refusal) = change(self.client, &cordon).await {
            self.failure.try_set(Some(refusal));
            self.stage.try_set(Stage::Stopped);
            return;
        }
        while self.runs() {
            if !self.round().await {
                break;
            }
            sleep(AGAIN).await;
        }
    }

    /// Evicts whoever has not been, and looks who is gone. Whether there is more to do.
    async fn round(self) -> bool {
        let there = match self.look().await {
            Ok(there) => there,
            Err(refusal) => {
                self.failure.try_set(Some(refusal));
                self.stage.try_set(Stage::Stopped);
                return false;
            }
        };
        let all = self.pods.try_get_untracked().flatten().and_then(Result::ok).unwrap_or_default();
        for pod in
            all.iter().filter(|pod| pod.stays.is_none() && !there.iter().any(|other| other.uid == pod.uid))
        {
            self.note(&pod.uid, Fate::Gone);
        }
        // Pods that came in between go as well.
        let new: Vec<DrainPod> =
            there.iter().filter(|pod| !all.iter().any(|known| known.uid == pod.uid)).cloned().collect();
        if !new.is_empty() {
            let mut all = all;
            all.extend(new);
            self.pods.try_set(Some(Ok(all)));
        }
        let leaving: Vec<DrainPod> = there.into_iter().filter(|pod| pod.stays.is_none()).collect();
        for pod in &leaving {
            let fate = self.fates.try_with_untracked(|fates| fates.get(&pod.uid).cloned()).flatten();
            if !self.runs() || matches!(fate, Some(Fate::Leaves | Fate::Failed(_))) {
                continue;
            }
            let fate = match change(self.client, &Change::Evict { target: pod.target.clone() }).await {
                Ok(_) => Fate::Leaves,
                Err(refusal) if refusal.status() == 404 => Fate::Gone,
                Err(refusal) if refusal.status() == 429 => Fate::Held(budget(&refusal)),
                Err(refusal) => Fate::Failed(why(Lang::English, &refusal)),
            };
            self.note(&pod.uid, fate);
        }
        let is_done = leaving.is_empty();
        if is_done {
            self.stage.try_set(Stage::Done);
        }
        !is_done
    }

    fn note(self, uid: &str, fate: Fate) {
        self.fates.try_update(|fates| fates.insert(uid.to_owned(), fate));
    }
}

/// What holds a pod: the API server names the budget in a cause, and says no more than that there is one in its message.
fn budget(refusal: &Refusal) -> String {
    let named = refusal.causes.iter().map(|cause| cause.message.clone()).find(|message| !message.is_empty());
    named.unwrap_or_else(|| why(Lang::English, refusal))
}

#[component]
pub(super) fn Drain(acting: Acting, node: Subject) -> impl IntoView {
    let lang = use_lang();
    let work = Work {
        client: use_client(),
        node: StoredValue::new(node.0),
        pods: RwSignal::new(None),
        fates: RwSignal::new(BTreeMap::new()),
        stage: RwSignal::new(Stage::Asks),
        failure: RwSignal::new(None),
    };
    spawn_local(async move {
        let pods = work.look().await;
        work.pods.try_set(Some(pods));
    });
    let agreed = RwSignal::new(false);
    let with_pods = move |read: fn(&DrainPod) -> bool| {
        work.pods.with(|pods| match pods {
            Some(Ok(pods)) => pods.iter().filter(|pod| read(pod)).count(),
            _ => 0,
        })
    };
    let going = Memo::new(move |_| with_pods(|pod| pod.stays.is_none()));
    let risks = Memo::new(move |_| with_pods(|pod| pod.stays.is_none() && (pod.loses_data || pod.is_alone)));
    let gone = Memo::new(move |_| {
        work.fates.with(|fates| fates.values().filter(|fate| **fate == Fate::Gone).count())
    });
    let is_ready =
        move || work.pods.with(|pods| matches!(pods, Some(Ok(_)))) && (risks.get() == 0 || agreed.get());
    let start = move |_| {
        work.stage.set(Stage::Runs);
        work.failure.set(None);
        spawn_local(work.run());
    };
    let progress = move || {
        let values = [("gone", gone.get().to_string()), ("all", going.get().to_string())];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let msg = match work.stage.get() {
            Stage::Asks => Msg::DrainWillMove,
            Stage::Runs => Msg::DrainRuns,
            Stage::Stopped => Msg::DrainStopped,
            Stage::Done => Msg::DrainDone,
        };
        fill(msg.text(lang.get()), &values)
    };
    let row = move |pod: DrainPod| {
        let uid = pod.uid.clone();
        let state = move || {
            let lang = lang.get();
            let fate = work.fates.with(|fates| fates.get(&uid).cloned()).unwrap_or(Fate::Waits);
            let (tone, words) = match (pod.stays, fate) {
                (Some(why), _) => (Tone::Done, why.text(lang).to_owned()),
                (None, Fate::Waits) => (Tone::Unknown, Msg::PodWaits.text(lang).to_owned()),
                (None, Fate::Leaves) => (Tone::Progress, Msg::PodLeaves.text(lang).to_owned()),
                (None, Fate::Gone) => (Tone::Ok, Msg::PodGone.text(lang).to_owned()),
                (None, Fate::Held(why)) => (Tone::Warning, fill(Msg::PodHeld.text(lang), &[("why", &why)])),
                (None, Fate::Failed(why)) => (Tone::Critical, why),
            };
            view! { <span class=format!("act__fate {}", tone.class())><Icon name=tone.icon()/>{words}</span> }
        };
        view! {
            <li class="act__pod">
                <span class="mono">{format!("{}/{}", pod.target.namespace, pod.target.name)}</span>
                {state}
            </li>
        }
    };
    let list = move || match work.pods.get() {
        None => view! { <BoneLines/> }.into_any(),
        Some(Err(refusal)) => view! { <RefusalFace refusal=refusal/> }.into_any(),
        Some(Ok(pods)) => {
            view! { <ul class="act__pods">{pods.into_iter().map(row).collect_view()}</ul> }.into_any()
        }
    };
    let command = Signal::derive(move || {
        let node = work.node.get_value();
        find("drain").map(|drain| (drain.kubectl)(&node, &Given { values: &[], now: "" })).unwrap_or_default()
    });
    let is_asking = move || work.stage.get() == Stage::Asks;
    view! {
        <div class="act">
            <p class="act__why">{tr(Msg::DrainWhy)}</p>
            <p class="act__progress" role="status">{progress}</p>
            {move || (work.stage.get() != Stage::Asks).then(|| view! {
                <progress class="act__meter" max=going.get().max(1).to_string() value=move || gone.get().to_string() aria-label=tr(Msg::Drain)></progress>
            })}
            {list}
            <Show when=move || { risks.get() != 0 && is_asking() }>
                <label class="act__agree">
                    <input type="checkbox" prop:checked=move || agreed.get() on:change:target=move |event| agreed.set(event.target().checked())/>
                    <span>{move || fill(Msg::DrainRisks.text(lang.get()), &[("n", &risks.get().to_string())])}</span>
                </label>
            </Show>
            <Command text=command/>
            {move || work.failure.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
            <div class="act__buttons">
                {move || match work.stage.get() {
                    Stage::Runs => view! {
                        <button type="button" class="btn" on:click=move |_| work.stage.set(Stage::Stopped)>{tr(Msg::StopDrain)}</button>
                    }.into_any(),
                    Stage::Done => view! {
                        <button type="button" class="btn btn--primary" on:click=move |_| acting.done()>{tr(Msg::Close)}</button>
                    }.into_any(),
                    Stage::Asks | Stage::Stopped => view! {
                        <button type="button" class="btn" on:click=move |_| acting.open.set(false)>{tr(Msg::Cancel)}</button>
                        <button type="button" class="btn btn--primary" disabled=move || !is_ready() on:click=start>
                            <Icon name=IconName::Leave/>
                            {tr(Msg::Drain)}
                        </button>
                    }.into_any(),
                }}
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use crowsnest_api::changes::Cause;

    use super::*;
    use crate::api::ApiError;

    #[test]
    fn what_holds_a_pod_is_named() {
        let error = ApiError::Refused { status: 429, message: "Cannot evict pod.".into() };
        let refusal = Refusal::from(error);
        assert_eq!(budget(&refusal), "Cannot evict pod.");
        let cause = Cause { message: "The disruption budget web needs 1".into(), ..Cause::default() };
        assert_eq!(budget(&Refusal { causes: vec![cause], ..refusal }), "The disruption budget web needs 1");
    }
}
