//! Objects from a text, a file or a form: tried as a whole, then made.

mod form;
mod results;
mod tls;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use self::form::TemplateForm;
use self::results::Results;
use self::tls::TlsForm;
use super::act::RefusalFace;
use crate::api::{Apply, Refusal, apply, use_client};
use crate::components::{ChosenFile, Code, FileField, Icon, IconName, Panel, TextInput};
use crate::i18n::{Msg, tr};
use crate::router::use_router;
use crate::templates::{TEMPLATES, Template};

/// The page.
#[component]
pub(super) fn CreateView() -> impl IntoView {
    let (client, router) = (use_client(), use_router());
    let param = router.param("form");
    let template = Memo::new(move |_| {
        let id = param.get()?;
        TEMPLATES.iter().position(|one| one.id == id)
    });
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
    let tab = move |(at, id, title): (Option<usize>, &'static str, Msg)| {
        let is_current = move || template.get() == at;
        view! {
            <a
                class="tabs__tab"
                class:is-current=is_current
                aria-current=move || is_current().then_some("page")
                href=move || router.route().with("form", id).to_string()
            >
                {tr(title)}
            </a>
        }
    };
    let of_form = |(at, one): (usize, &'static Template)| (Some(at), one.id, one.title);
    let tabs =
        std::iter::once((None, "", Msg::ManifestText)).chain(TEMPLATES.iter().enumerate().map(of_form));
    let form = move || {
        let template = TEMPLATES.get(template.get()?)?;
        Some(view! { <TemplateForm template=template text=text/> })
    };
    let is_text = Memo::new(move |_| template.get().is_none());
    view! {
        <div class="page create">
            <div class="pagehead"><h1 class="pagehead__title">{tr(Msg::Create)}</h1></div>
            <nav class="tabs" aria-label=tr(Msg::CreateWays)>{tabs.map(tab).collect_view()}</nav>
            <Show when=move || is_text.get()><p class="field__hint">{tr(Msg::CreateWhat)}</p></Show>
            <div role="status">{answer}</div>
            <div class="create__both" class:is-text=move || is_text.get()>
                {form}
                <Panel title=Signal::derive(move || heading().to_owned()) tools=tools flush=true class="create__text">
                    <div class="create__code">
                        <Code label=Msg::ManifestText text=text read_only=Signal::derive(move || !is_text.get())/>
                    </div>
                </Panel>
            </div>
            <div class="create__more">
                <label class="field">
                    <span class="field__label">{tr(Msg::DefaultNamespace)}</span>
                    <TextInput value=namespace/>
                </label>
                <Show when=move || is_text.get()>
                    <FileField
                        label=Msg::ManifestFile
                        accept=".yaml,.yml,.json"
                        value=file
                        is_wrong=Signal::stored(false)
                        node_ref=file_input
                    />
                </Show>
            </div>
            <Show when=move || is_text.get()><TlsForm text=text/></Show>
        </div>
    }
}
