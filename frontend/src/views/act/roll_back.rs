//! Back to an earlier revision: which there are, and what would change.

use crowsnest_api::cluster::Kind;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::form::Command;
use super::refused::RefusalFace;
use super::{Acting, Subject, told};
use crate::actions::{Action, Given, Revision, restore, revisions};
use crate::api::{Refusal, change, fetch_objects, use_client};
use crate::cluster::object::at;
use crate::components::{BoneLines, DiffView, Icon, IconName, Tone};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::json::Value;
use crate::notices::use_notices;

#[component]
pub(super) fn RollBack(acting: Acting, action: &'static Action, subject: Subject) -> impl IntoView {
    let lang = use_lang();
    let (client, notices) = (use_client(), use_notices());
    let (target, object) = subject;
    let known = RwSignal::new(None::<Result<Vec<Revision>, Refusal>>);
    let chosen = RwSignal::new(None::<i64>);
    let failure = RwSignal::new(None::<Refusal>);
    let busy = RwSignal::new(false);
    let is_deployment = target.kind.resource() == "deployments";
    let template =
        StoredValue::new(at(&object, &["spec", "template"]).map(Value::to_json).unwrap_or_default());
    {
        let namespace = target.namespace.clone();
        let plural = if is_deployment { "replicasets" } else { "controllerrevisions" };
        spawn_local(async move {
            let Ok(kind) = Kind::new("apps", "v1", plural) else { return };
            let kept = fetch_objects(client, &kind, &namespace, "").await;
            known.try_set(Some(kept.map(|kept| revisions(&object, &kept)).map_err(Into::into)));
        });
    }
    let target = StoredValue::new(target);
    let current = move |revision: &Revision| template.with_value(|template| *template == revision.template);
    let of = move |number: i64| {
        known.with(|known| {
            known.as_ref()?.as_ref().ok()?.iter().find(|revision| revision.number == number).cloned()
        })
    };
    let go = move |_| {
        let Some(revision) = chosen.get_untracked().and_then(of) else { return };
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let target = target.get_value();
            let result = change(client, &restore(&target, &revision)).await;
            busy.try_set(false);
            match result {
                Ok(_) => {
                    notices.tell(Tone::Ok, told(lang.get_untracked(), Msg::ActionDone, action, &target.name));
                    acting.done();
                }
                Err(refusal) => _ = failure.try_set(Some(refusal)),
            }
        });
    };
    let row = move |revision: Revision| {
        let number = revision.number;
        let is_current = current(&revision);
        let label = move || fill(Msg::RevisionNumber.text(lang.get()), &[("n", &number.to_string())]);
        let note = if revision.cause.is_empty() { revision.kept_by } else { revision.cause };
        view! {
            <label class="act__revision">
                <input type="radio" name="revision" disabled=is_current prop:checked=move || chosen.get() == Some(number) on:change=move |_| chosen.set(Some(number))/>
                <span>{label}</span>
                <span class="field__hint mono">{note}</span>
                {is_current.then(|| view! { <span class="field__hint">{tr(Msg::CurrentRevision)}</span> })}
            </label>
        }
    };
    let list = move || match known.get() {
        None => view! { <BoneLines/> }.into_any(),
        Some(Err(refusal)) => view! { <RefusalFace refusal=refusal/> }.into_any(),
        Some(Ok(all)) if all.is_empty() => view! { <p>{tr(Msg::NoRevisions)}</p> }.into_any(),
        Some(Ok(all)) => {
            view! { <fieldset class="act__revisions">{all.into_iter().map(row).collect_view()}</fieldset> }
                .into_any()
        }
    };
    let difference = move || {
        let revision = of(chosen.get()?)?;
        let before = template.with_value(crowsnest_yaml::print);
        Some(view! { <DiffView before=before after=crowsnest_yaml::print(&revision.template)/> })
    };
    let command = Signal::derive(move || {
        let number = chosen.get().unwrap_or_default().to_string();
        target.with_value(|target| (action.kubectl)(target, &Given { values: &[number], now: "" }))
    });
    view! {
        <div class="act">
            <p class="act__why">{move || action.why.text(lang.get())}</p>
            {list}
            {difference}
            <Show when=move || chosen.get().is_some()><Command text=command/></Show>
            {move || failure.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
            <div class="act__buttons">
                <button type="button" class="btn" on:click=move |_| acting.open.set(false)>{tr(Msg::Cancel)}</button>
                <button type="button" class="btn btn--primary" disabled=move || chosen.get().is_none() || busy.get() on:click=go>
                    <Icon name=IconName::Left/>
                    {tr(action.label)}
                </button>
            </div>
        </div>
    }
}
