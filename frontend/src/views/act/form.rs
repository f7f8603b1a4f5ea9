//! The window of an ordinary action: what will happen, what is asked, the same as a `kubectl` command, and the button.

use crate::json::Value;
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::goes::GoesWith;
use super::refused::RefusalFace;
use super::{Acting, Subject, rfc3339, told};
use crate::actions::{Action, Danger, Field, Given, Takes, Then, Window, added_last};
use crate::api::{ObjectRef, Refusal, change, use_client};
use crate::components::{CopyButton, Icon, IconName, TextInput, Tone};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::notices::use_notices;
use crate::router::{Page, Route, Router, use_router};
use crate::views::terminal::ATTACH;

/// Commands that are shown of many.
const COMMANDS: usize = 20;

/// What came of one object.
#[derive(Clone)]
struct Failure {
    name: String,
    refusal: Refusal,
}

/// What follows when something has been done to an object.
fn follow(router: Router, then: Then, target: &ObjectRef, answer: &Value) {
    match then {
        Then::Nothing => {}
        Then::Attach => {
            let page = Page::Object("pods", target.namespace.clone(), target.name.clone());
            let container = added_last(answer).unwrap_or_default();
            router.push(Route::to(page).with("tab", "shell").with(ATTACH, &container));
        }
        Then::Browser => {
            let path = answer.get("path").and_then(Value::as_str).unwrap_or_default();
            // A page of somebody else's has no way back to ours.
            let _ = window().open_with_url_and_target_and_features(path, "_blank", "noopener");
        }
    }
}

#[component]
pub(super) fn ActionForm(acting: Acting, action: &'static Action, subjects: Vec<Subject>) -> impl IntoView {
    let lang = use_lang();
    let (client, notices, now) = (use_client(), use_notices(), rfc3339());
    let router = use_router();
    let first = subjects.first().map(|(_, object)| object.clone()).unwrap_or_default();
    let values: Vec<RwSignal<String>> =
        action.fields.iter().map(|field| RwSignal::new((field.initial)(&first))).collect();
    let typed = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<Msg>);
    let failures = RwSignal::new(Vec::<Failure>::new());
    let busy = RwSignal::new(false);
    let to_type = match subjects.as_slice() {
        [(target, _)] if action.danger_to(target) == Danger::TypeName => Some(target.name.clone()),
        many if many.iter().any(|(target, _)| action.danger_to(target) == Danger::TypeName) => {
            Some(many.len().to_string())
        }
        _ => None,
    };
    let is_typed = {
        let to_type = to_type.clone();
        move || to_type.as_ref().is_none_or(|name| typed.with(|typed| typed == name))
    };
    let subjects = StoredValue::new(subjects);
    let given = {
        let values = values.clone();
        move || values.iter().map(|value| value.get()).collect::<Vec<String>>()
    };
    let submit = {
        let (values, is_typed) = (values.clone(), is_typed.clone());
        move |event: ev::SubmitEvent| {
            event.prevent_default();
            if busy.get_untracked() || !untrack(&is_typed) {
                return;
            }
            let values: Vec<String> = values.iter().map(|value| value.get_untracked()).collect();
            let now = now();
            wrong.set(None);
            failures.set(Vec::new());
            busy.set(true);
            spawn_local(async move {
                let mut failed = Vec::new();
                let mut done = Vec::new();
                for (target, object) in subjects.get_value() {
                    let changes =
                        match (action.changes)(&target, &object, &Given { values: &values, now: &now }) {
                            Ok(changes) => changes,
                            Err(msg) => {
                                wrong.try_set(Some(msg));
                                busy.try_set(false);
                                return;
                            }
                        };
                    let mut result = Ok(Value::Null);
                    for one in &changes {
                        result = change(client, one).await;
                        if result.is_err() {
                            break;
                        }
                    }
                    match result {
                        Ok(answer) => {
                            follow(router, action.then, &target, &answer);
                            done.push(target.name);
                        }
                        Err(refusal) => failed.push(Failure { name: target.name, refusal }),
                    }
                }
                busy.try_set(false);
                let lang = lang.get_untracked();
                match done.as_slice() {
                    [] => {}
                    [one] => notices.tell(Tone::Ok, told(lang, Msg::ActionDone, action, one)),
                    many => {
                        let count = fill(Msg::ObjectsCount.text(lang), &[("n", &many.len().to_string())]);
                        notices.tell(Tone::Ok, told(lang, Msg::ActionDone, action, &count));
                    }
                }
                if failed.is_empty() {
                    acting.done();
                } else {
                    failures.try_set(failed);
                }
            });
        }
    };
    let commands = Memo::new(move |_| {
        let values = given();
        let line = |(target, _): &Subject| (action.kubectl)(target, &Given { values: &values, now: "" });
        subjects
            .with_value(|subjects| subjects.iter().take(COMMANDS).map(line).collect::<Vec<_>>().join("\n"))
    });
    let names = subjects.with_value(|subjects| match subjects.as_slice() {
        [(target, _)] => target.name.clone(),
        many => many.iter().map(|(target, _)| target.name.as_str()).collect::<Vec<_>>().join(", "),
    });
    let what = move || fill(action.why.text(lang.get()), &[("name", &names)]);
    let fields = action
        .fields
        .iter()
        .zip(values)
        .map(|(field, value)| view! { <AskedField field=field value=value object=first.clone()/> })
        .collect_view();
    let goes = (action.window == Window::Delete).then(|| view! { <GoesWith subjects=subjects.get_value()/> });
    let ask_name = to_type.map(|name| {
        let label = move || fill(Msg::TypeToConfirm.text(lang.get()), &[("name", &name)]);
        view! {
            <label class="field">
                <span class="field__label">{label}</span>
                <TextInput value=typed/>
            </label>
        }
    });
    let danger = if action.window == Window::Delete { "btn--danger" } else { "btn--primary" };
    let is_ready = move || !busy.get() && is_typed();
    view! {
        <form class="act" on:submit=submit novalidate>
            <p class="act__why">{what}</p>
            {goes}
            {fields}
            {ask_name}
            <Command text=commands/>
            <p class="act__complaint" role="alert">{move || wrong.get().map(|msg| msg.text(lang.get()))}</p>
            {move || {
                failures
                    .get()
                    .into_iter()
                    .map(|Failure { name, refusal }| view! { <p class="act__name">{name}</p><RefusalFace refusal=refusal/> })
                    .collect_view()
            }}
            <div class="act__buttons">
                <button type="button" class="btn" on:click=move |_| acting.open.set(false)>{tr(Msg::Cancel)}</button>
                <button
                    type="submit"
                    class=format!("btn {danger}")
                    disabled=move || !is_ready()
                    aria-busy=move || busy.get().to_string()
                >
                    <Icon name=action.icon/>
                    {tr(action.label)}
                </button>
            </div>
        </form>
    }
}

/// The `kubectl` command that does the same.
#[component]
pub(super) fn Command(#[prop(into)] text: Signal<String>) -> impl IntoView {
    view! {
        <div class="act__command">
            <pre class="snippet" tabindex="0" role="region" aria-label=tr(Msg::SameWithKubectl)>{text}</pre>
            <CopyButton label=Msg::CopyCommand text=move |()| text.get_untracked()/>
        </div>
    }
}

/// One field.
#[component]
pub(in crate::views) fn AskedField(
    field: &'static Field,
    value: RwSignal<String>,
    object: crate::json::Value,
) -> impl IntoView {
    let input = match field.takes {
        Takes::Number | Takes::Text => {
            let kind = if matches!(field.takes, Takes::Number) { "number" } else { "text" };
            view! { <TextInput value=value kind=kind/> }.into_any()
        }
        Takes::Lines => view! {
            <textarea
                class="act__lines mono"
                rows="6"
                spellcheck="false"
                prop:value=move || value.get()
                on:input:target=move |event| value.set(event.target().value())
            ></textarea>
        }
        .into_any(),
        Takes::Choice(choices) => {
            let choices = choices(&object);
            let option = move |choice: String| {
                let is_chosen = value.get_untracked() == choice;
                let words = choice.clone();
                view! { <option selected=is_chosen value=choice>{words}</option> }
            };
            view! {
                <span class="select">
                    <select class="select__value" on:change:target=move |event| value.set(event.target().value())>
                        {choices.into_iter().map(option).collect_view()}
                    </select>
                    <Icon name=IconName::Down/>
                </span>
            }
            .into_any()
        }
    };
    view! {
        <label class="field">
            <span class="field__label">{tr(field.label)}</span>
            {input}
            {field.hint.map(|hint| view! { <span class="field__hint">{tr(hint)}</span> })}
        </label>
    }
}
