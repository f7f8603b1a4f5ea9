//! The object as YAML: to be read by everybody, and edited by whoever may. What is edited is tried by the API server, shown as a
//! difference, and then applied; nobody's change in between is overwritten.

use crowsnest_api::access::Right;
use crowsnest_api::changes::Report;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::ObjectPage;
use super::actions::target_of;
use super::secret_values::SecretValues;
use crate::access::use_access;
use crate::actions::right;
use crate::api::{ApiError, Apply, Client, ObjectRef, Refusal, apply, read_object, use_client, use_session};
use crate::cluster::object::text;
use crate::components::{BoneLines, Code, DiffView, GatedButton, Icon, IconName, Panel, Tone};
use crate::diff::{Fate, diff};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::notices::use_notices;
use crate::views::act::RefusalFace;
use crate::views::parts::{self, Lazy};

/// What the page shows of the text.
#[derive(Clone, PartialEq)]
enum Stage {
    Reads,
    Edits,
    Tries,
    Refused(Refusal),
    /// What it was and what it would be.
    Reviews {
        before: String,
        after: String,
        stays: bool,
    },
}

/// A text under way. Cheap to copy.
#[derive(Clone, Copy)]
struct Draft {
    target: StoredValue<ObjectRef>,
    /// The object as it was when it was loaded.
    object: RwSignal<Value>,
    /// As it was when it was loaded.
    loaded: RwSignal<String>,
    text: RwSignal<String>,
    stage: RwSignal<Stage>,
    how: RwSignal<Apply>,
}

const APPLY: Apply = Apply { trial: false, force: false, mode: "apply", namespace: String::new() };

impl ObjectPage {
    /// The tab.
    pub(super) fn yaml(self) -> AnyView {
        let Some(target) = target_of(self) else { return ().into_any() };
        view! { <Lazy part=move || parts::yaml(self, target.clone())/> }.into_any()
    }
}

#[component]
pub(in crate::views) fn Yaml(page: ObjectPage, target: ObjectRef) -> impl IntoView {
    let client = use_client();
    let target = StoredValue::new(target);
    let draft = Draft {
        target,
        object: RwSignal::new(Value::Null),
        loaded: RwSignal::new(String::new()),
        text: RwSignal::new(String::new()),
        stage: RwSignal::new(Stage::Reads),
        how: RwSignal::new(APPLY),
    };
    let failure = RwSignal::new(None::<ApiError>);
    let managers = RwSignal::new(false);
    let load = move || {
        let shown = managers.get_untracked();
        spawn_local(async move {
            match read_object(client, &target.get_value(), shown).await {
                Ok(object) => {
                    let text = crowsnest_yaml::print(&object);
                    draft.object.try_set(object);
                    draft.loaded.try_set(text.clone());
                    draft.text.try_set(text);
                    failure.try_set(None);
                }
                Err(error) => _ = failure.try_set(Some(error)),
            }
        });
    };
    // Follows the object while nobody edits.
    let version =
        Memo::new(move |_| page.about(|object| text(object, &["metadata", "resourceVersion"]).to_owned()));
    Effect::new(move || {
        version.track();
        managers.track();
        if draft.stage.get_untracked() == Stage::Reads {
            load();
        }
    });
    let on_load = Callback::new(move |()| {
        draft.stage.set(Stage::Reads);
        load();
    });
    let is_reviewing = move || draft.stage.with(|stage| matches!(stage, Stage::Reviews { .. }));
    let read_only =
        Signal::derive(move || draft.stage.with(|stage| *stage == Stage::Reads || *stage == Stage::Tries));
    let secret =
        target.with_value(|target| target.kind.group().is_empty() && target.kind.resource() == "secrets");
    let secret = secret.then(|| view! { <SecretValues page=page target=target.get_value()/> });
    let title = tr(Msg::Yaml);
    let tools = move || view! { <Tools draft=draft target=target managers=managers on_load=on_load/> };
    view! {
        {secret}
        <Panel title=Signal::derive(move || title().to_owned()) tools=tools flush=true>
            <Told draft=draft target=target on_load=on_load/>
            {move || failure.get().map(|error| view! { <RefusalFace refusal=Refusal::from(error)/> })}
            <div class="yaml__text" hidden=is_reviewing>
                <Show when=move || draft.loaded.with(|text| !text.is_empty()) fallback=BoneLines>
                    <Code label=Msg::Yaml text=draft.text read_only=read_only/>
                </Show>
            </div>
        </Panel>
    }
}

/// The buttons of each stage.
#[component]
fn Tools(
    draft: Draft,
    target: StoredValue<ObjectRef>,
    managers: RwSignal<bool>,
    on_load: Callback<()>,
) -> impl IntoView {
    let session = use_session();
    let missing = use_access()
        .missing(move || -> Vec<Right> { vec![target.with_value(|target| right(target, "patch", ""))] });
    let review = review(draft);
    let save = save(draft, on_load);
    move || {
        match draft.stage.get() {
        Stage::Reads => view! {
            <label class="yaml__switch">
                <input type="checkbox" prop:checked=move || managers.get() on:change:target=move |event| managers.set(event.target().checked())/>
                {tr(Msg::ShowManagers)}
            </label>
            <GatedButton
                label=Msg::EditYaml
                icon=IconName::Lines
                class="btn--sm"
                missing=missing
                user=Signal::derive(move || session.user())
                on_click=move |()| {
                    draft.how.set(APPLY);
                    draft.stage.set(Stage::Edits);
                }
            />
        }
        .into_any(),
        Stage::Edits | Stage::Refused(_) => view! {
            <button type="button" class="btn btn--sm" on:click=move |_| on_load.run(())>{tr(Msg::Cancel)}</button>
            <button type="button" class="btn btn--sm btn--primary" on:click=move |_| review(APPLY)>{tr(Msg::ReviewChanges)}</button>
        }
        .into_any(),
        Stage::Tries => view! { <span class="field__hint" role="status">{tr(Msg::Trying)}</span> }.into_any(),
        Stage::Reviews { stays, before, after } => {
            let is_same = before == after;
            view! {
                <button type="button" class="btn btn--sm" on:click=move |_| draft.stage.set(Stage::Edits)>{tr(Msg::BackToEditing)}</button>
                {stays.then(|| view! {
                    <button type="button" class="btn btn--sm" on:click=move |_| review(Apply { mode: "replace", ..APPLY })>{tr(Msg::ReplaceInstead)}</button>
                })}
                <button type="button" class="btn btn--sm btn--primary" disabled=is_same on:click=move |_| save()>
                    <Icon name=IconName::Done/>
                    {tr(Msg::Apply)}
                </button>
            }
            .into_any()
        }
    }
    }
}

/// What is to be known: a refusal and what to do about it, or what would change.
#[component]
fn Told(draft: Draft, target: StoredValue<ObjectRef>, on_load: Callback<()>) -> impl IntoView {
    let review = review(draft);
    let name = target.with_value(|target| target.name.clone());
    move || {
        match draft.stage.get() {
        Stage::Refused(refusal) => {
            let is_conflict = refusal.causes.iter().any(|cause| cause.manager.is_some());
            let is_late = is_late(&refusal);
            view! {
                <div class="yaml__told">
                    <RefusalFace refusal=refusal/>
                    {is_conflict.then(|| view! {
                        <p>{tr(Msg::ConflictWhat)}</p>
                        <button type="button" class="btn btn--sm" on:click=move |_| review(Apply { force: true, ..APPLY })>{tr(Msg::TakeOver)}</button>
                    })}
                    {is_late.then(|| view! {
                        <p>{tr(Msg::ChangedSince)}</p>
                        <button type="button" class="btn btn--sm" on:click=move |_| on_load.run(())>{tr(Msg::LoadAgain)}</button>
                    })}
                </div>
            }
            .into_any()
        }
        Stage::Reviews { before, after, stays } => view! {
            <div class="yaml__told">
                <p class="field__hint">{tr(Msg::TriedWhat)}</p>
                {stays.then(|| view! {
                    <p class="note is-warning"><Icon name=IconName::Warning/><span>{tr(Msg::StaysBecause)}</span></p>
                })}
                <DiffView before=before after=after/>
                <pre class="snippet" tabindex="0" role="region" aria-label=tr(Msg::SameWithKubectl)>
                    {format!("kubectl apply --server-side --field-manager=crowsnest -f {name}.yaml")}
                </pre>
            </div>
        }
        .into_any(),
        Stage::Reads | Stage::Edits | Stage::Tries => ().into_any(),
    }
    }
}

/// Has the API server try the text.
fn review(draft: Draft) -> impl Fn(Apply) + Copy + 'static {
    let client = use_client();
    move |how| {
        draft.stage.set(Stage::Tries);
        draft.how.set(how.clone());
        let text = draft.text.get_untracked();
        let loaded = draft.loaded.get_untracked();
        spawn_local(async move {
            let how = Apply { trial: true, ..how };
            let mut tried = apply(client, &text, &how).await.and_then(one);
            if tried.as_ref().is_err_and(is_late)
                && let Some(text) = renewed(client, draft).await
            {
                tried = apply(client, &text, &how).await.and_then(one);
            }
            draft.stage.try_set(match tried {
                Ok((before, after)) => {
                    let stays = lines_gone(&loaded, &text) > lines_gone(&before, &after);
                    Stage::Reviews { before, after, stays }
                }
                Err(refusal) => Stage::Refused(refusal),
            });
        });
    }
}

/// Applies what was tried.
fn save(draft: Draft, on_load: Callback<()>) -> impl Fn() + Copy + 'static {
    let (client, notices, lang) = (use_client(), use_notices(), use_lang());
    move || {
        let (text, how) = (draft.text.get_untracked(), draft.how.get_untracked());
        draft.stage.set(Stage::Tries);
        spawn_local(async move {
            let mut saved = apply(client, &text, &how).await.and_then(named);
            if saved.as_ref().is_err_and(is_late)
                && let Some(text) = renewed(client, draft).await
            {
                saved = apply(client, &text, &how).await.and_then(named);
            }
            match saved {
                Ok(name) => {
                    let lang = lang.get_untracked();
                    let values = [("action", Msg::Apply.text(lang)), ("name", &*name)];
                    notices.tell(Tone::Ok, fill(Msg::ActionDone.text(lang), &values));
                    on_load.run(());
                }
                Err(refusal) => _ = draft.stage.try_set(Stage::Refused(refusal)),
            }
        });
    }
}

/// Whether somebody was faster.
fn is_late(refusal: &Refusal) -> bool {
    refusal.status() == 409 && refusal.causes.iter().all(|cause| cause.manager.is_none())
}

/// The text with the version that the object has by now, if nothing but its status has changed since it was loaded: what
/// controllers write all the time is no reason to begin again.
async fn renewed(client: Client, draft: Draft) -> Option<String> {
    let now = read_object(client, &draft.target.try_get_value()?, false).await.ok()?;
    let before = draft.object.try_get_untracked()?;
    if essence(&before) != essence(&now) {
        return None;
    }
    let text = draft.text.try_get_untracked()?;
    let version = |object: &Value| {
        format!(
            "\"{}\"",
            object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default()
        )
    };
    let renewed = text.replacen(&version(&before), &version(&now), 1);
    draft.object.try_set(now);
    draft.text.try_set(renewed.clone());
    (renewed != text).then_some(renewed)
}

/// An object without what controllers and the API server write.
fn essence(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata
            .retain(|name, _| !matches!(name.as_str(), "resourceVersion" | "generation" | "managedFields"));
    }
    object
}

/// The only object of an answer, as it was and as it is.
fn one(report: Report) -> Result<(String, String), Refusal> {
    let result = report.results.into_iter().next().ok_or(ApiError::Unreadable)?;
    if let Some(problem) = result.problem {
        return Err(refusal(problem));
    }
    let print = |object: Option<Value>| object.as_ref().map(crowsnest_yaml::print).unwrap_or_default();
    Ok((print(result.before), print(result.after)))
}

fn named(report: Report) -> Result<String, Refusal> {
    let result = report.results.into_iter().next().ok_or(ApiError::Unreadable)?;
    result.problem.map_or(Ok(result.name), |problem| Err(refusal(problem)))
}

/// How a problem within an answer is told.
pub(in crate::views) fn refusal(problem: crowsnest_api::Problem) -> Refusal {
    let message = problem.detail.unwrap_or(problem.title);
    let error = match problem.status {
        403 => ApiError::Denied(message),
        status => ApiError::Refused { status, message },
    };
    Refusal { error, causes: problem.causes }
}

fn lines_gone(before: &str, after: &str) -> usize {
    diff(before, after).iter().filter(|(fate, _)| *fate == Fate::Gone).count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_of_the_status_alone_is_no_change_of_the_object() {
        let object = |version: &str, phase: &str, label: &str| json!({"metadata": {"resourceVersion": version, "labels": {"a": label}}, "status": {"phase": phase}});
        assert_eq!(essence(&object("1", "Pending", "x")), essence(&object("2", "Running", "x")));
        assert_ne!(essence(&object("1", "Pending", "x")), essence(&object("2", "Pending", "y")));
    }

    #[test]
    fn somebody_was_faster_where_no_manager_is_named() {
        let refused = |status, manager: Option<&str>| Refusal {
            error: ApiError::Refused { status, message: String::new() },
            causes: vec![crowsnest_api::changes::Cause {
                manager: manager.map(str::to_owned),
                ..Default::default()
            }],
        };
        assert!(is_late(&refused(409, None)));
        assert!(!is_late(&refused(409, Some("argocd"))) && !is_late(&refused(422, None)));
    }
}
