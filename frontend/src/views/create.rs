//! Objects from a text or a file: tried as a whole, then made.

mod results;
mod tls;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use self::results::Results;
use self::tls::TlsForm;
use super::act::RefusalFace;
use crate::api::{Apply, Refusal, apply, use_client};
use crate::components::{ChosenFile, Code, FileField, Icon, IconName, Panel, TextInput};
use crate::i18n::{Msg, tr};

/// The page.
#[component]
pub(super) fn CreateView() -> impl IntoView {
    let client = use_client();
    let text = RwSignal::new(String::new());
    let namespace = RwSignal::new("default".to_owned());
    let report = RwSignal::new(None::<Result<crowsnest_api::changes::Report, Refusal>>);
    let busy = RwSignal::new(false);
    let (file, file_input) = (RwSignal::new(None::<ChosenFile>), NodeRef::<html::Input>::new());
    Effect::new(move || {
        if let Some(file) = file.get() {
            text.set(String::from_utf8_lossy(&file.bytes).into_owned());
        }
    });
    // What was said about another text is not about this one.
    Effect::watch(move || text.get(), move |_, _, _| report.set(None), false);
    let send = move |trial: bool| {
        let (text, namespace) = (text.get_untracked(), namespace.get_untracked());
        busy.set(true);
        spawn_local(async move {
            let how = Apply { trial, force: false, mode: "apply", namespace };
            let answer = apply(client, &text, &how).await;
            report.try_set(Some(answer));
            busy.try_set(false);
        });
    };
    let is_empty = Memo::new(move |_| text.with(|text| text.trim().is_empty()));
    let is_off = move || is_empty.get() || busy.get();
    let answer = move || match report.get() {
        None => ().into_any(),
        Some(Err(refusal)) => view! { <RefusalFace refusal=refusal/> }.into_any(),
        Some(Ok(report)) => view! { <Results report=report/> }.into_any(),
    };
    let heading = tr(Msg::ManifestText);
    let tools = move || {
        view! {
            <button type="button" class="btn btn--sm" disabled=is_off on:click=move |_| send(true)>{tr(Msg::Try)}</button>
            <button type="button" class="btn btn--sm btn--primary" disabled=is_off on:click=move |_| send(false)>
                <Icon name=IconName::Done/>
                {tr(Msg::Apply)}
            </button>
        }
    };
    view! {
        <div class="page create">
            <div class="pagehead"><h1 class="pagehead__title">{tr(Msg::Create)}</h1></div>
            <p class="field__hint">{tr(Msg::CreateWhat)}</p>
            <div role="status">{answer}</div>
            <Panel title=Signal::derive(move || heading().to_owned()) tools=tools flush=true>
                <div class="create__code">
                    <Code label=Msg::ManifestText text=text read_only=false/>
                </div>
            </Panel>
            <div class="create__more">
                <label class="field">
                    <span class="field__label">{tr(Msg::DefaultNamespace)}</span>
                    <TextInput value=namespace/>
                </label>
                <FileField
                    label=Msg::ManifestFile
                    accept=".yaml,.yml,.json"
                    value=file
                    is_wrong=Signal::stored(false)
                    node_ref=file_input
                />
            </div>
            <TlsForm text=text/>
        </div>
    }
}
