//! Importing dashboards: files chosen, dropped or pasted, or a number of Grafana's collection; first what would become of each.

use crowsnest_api::dashboards::{Listing, Made, Making, PanelOutcome, PanelReport, Question};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DragEvent, File, FileList};

use super::folder::FolderField;
use crate::api::{Refusal, make_dashboard, use_client};
use crate::components::{Dialog, Icon, IconName, TextInput};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::router::{Page, Route};
use crate::views::act::{RefusalFace, why};

/// Files that are imported at once.
const MOST_FILES: usize = 100;

/// One dashboard to be imported, and how far it is.
#[derive(Clone, Copy)]
struct Candidate {
    /// The file's name; empty for a text or a number.
    name: StoredValue<String>,
    making: RwSignal<Making>,
    /// What would become of it, or has.
    made: RwSignal<Option<Result<Made, Refusal>>>,
    is_done: RwSignal<bool>,
}

/// The window.
#[component]
pub(super) fn ImportDialog(
    open: RwSignal<bool>,
    listing: Memo<Listing>,
    #[prop(into)] on_done: Callback<()>,
) -> impl IntoView {
    let lang = use_lang();
    let client = use_client();
    let candidates = RwSignal::new(Vec::<Candidate>::new());
    let folder = RwSignal::new(String::new());
    Effect::new(move || {
        if open.get() {
            candidates.set(Vec::new());
            folder
                .set(listing.with_untracked(|listing| listing.folders.first().cloned().unwrap_or_default()));
        }
    });
    let add = Callback::new(move |(name, making): (String, Making)| {
        let candidate = Candidate {
            name: StoredValue::new(name),
            making: RwSignal::new(making),
            made: RwSignal::new(None),
            is_done: RwSignal::new(false),
        };
        candidates.update(|candidates| candidates.push(candidate));
        send(client, candidate, folder.get_untracked(), true, Callback::new(|_| ()));
    });
    let import_all = move |_| {
        for candidate in candidates.get_untracked() {
            let ready = candidate.made.with_untracked(|made| matches!(made, Some(Ok(_))));
            if ready && !candidate.is_done.get_untracked() {
                send(client, candidate, folder.get_untracked(), false, on_done);
            }
        }
    };
    let is_ready = move || {
        candidates.with(|candidates| {
            candidates
                .iter()
                .any(|one| !one.is_done.get() && one.made.with(|made| matches!(made, Some(Ok(_)))))
        })
    };
    let title = Signal::derive(move || Msg::ImportDashboards.text(lang.get()).to_owned());
    view! {
        <Dialog title=title open=open wide=true>
            <div class="boards__import">
                <Sources add=add/>
                <For each=move || candidates.get() key=|one| one.made let:candidate>
                    <CandidateView candidate=candidate folder=folder on_done=on_done/>
                </For>
                <div class="dialog__foot" hidden=move || candidates.with(Vec::is_empty)>
                    <FolderField folder=folder listing=listing/>
                    <button type="button" class="btn btn--primary" disabled=move || !is_ready() on:click=import_all>{tr(Msg::Import)}</button>
                </div>
            </div>
        </Dialog>
    }
}

/// Sends one, as a trial or in earnest.
fn send(
    client: crate::api::Client,
    candidate: Candidate,
    folder: String,
    dry_run: bool,
    on_done: Callback<()>,
) {
    let making = Making { folder, dry_run, ..candidate.making.get_untracked() };
    spawn_local(async move {
        let made = make_dashboard(client, &making).await;
        let is_done = made.is_ok() && !dry_run;
        candidate.made.try_set(Some(made));
        candidate.is_done.try_set(is_done);
        if is_done {
            on_done.try_run(());
        }
    });
}

/// Where dashboards come from: files, a text, a number.
#[component]
fn Sources(add: Callback<(String, Making)>) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let is_over = RwSignal::new(false);
    let text = RwSignal::new(String::new());
    let number = RwSignal::new(String::new());
    let take = move |files: Option<FileList>| {
        let Some(files) = files else { return };
        let count = files.length().min(u32::try_from(MOST_FILES).unwrap_or(u32::MAX));
        for file in (0..count).filter_map(|at| files.get(at)) {
            spawn_local(async move { add_file(file, add).await });
        }
    };
    let on_drop = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(false);
        take(event.data_transfer().and_then(|data| data.files()));
    };
    let on_over = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(true);
    };
    let add_text = move |_| {
        let typed = text.get_untracked();
        if !typed.trim().is_empty() {
            text.set(String::new());
            add.run((String::new(), Making { text: typed, ..Making::default() }));
        }
    };
    let add_number = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        // People paste the whole address of a dashboard's page.
        let digits = |part: &str| part.bytes().take_while(u8::is_ascii_digit).count();
        let typed = number.get_untracked();
        let found = typed
            .split('/')
            .find(|part| digits(part) > 0)
            .and_then(|part| part.get(..digits(part))?.parse().ok());
        if let Some(id) = found {
            add.run((format!("#{id}"), Making { gnet_id: Some(id), ..Making::default() }));
        }
    };
    view! {
        <label class="boards__drop" class:is-over=is_over on:drop=on_drop on:dragover=on_over on:dragleave=move |_| is_over.set(false)>
            <input node_ref=input class="visually-hidden" type="file" multiple=true accept=".json,application/json"
                on:change=move |_| take(input.get_untracked().and_then(|input| input.files()))/>
            <Icon name=IconName::Upload/>
            <span>{tr(Msg::DropDashboards)}</span>
        </label>
        <div class="boards__other">
            <label class="field">
                <span class="field__label">{tr(Msg::PasteJson)}</span>
                <textarea class="textarea boards__paste" rows="3" spellcheck="false" prop:value=move || text.get()
                    on:input:target=move |event| text.set(event.target().value())></textarea>
                <button type="button" class="btn btn--sm" disabled=move || text.with(|text| text.trim().is_empty()) on:click=add_text>{tr(Msg::Look)}</button>
            </label>
            <form class="field" on:submit=add_number>
                <label class="field"><span class="field__label">{tr(Msg::DashboardNumber)}</span><TextInput value=number/></label>
                <button type="submit" class="btn btn--sm" disabled=move || number.with(String::is_empty)>{tr(Msg::Look)}</button>
            </form>
        </div>
    }
}

async fn add_file(file: File, add: Callback<(String, Making)>) {
    let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
    if let Some(text) = text {
        add.try_run((file.name(), Making { text, ..Making::default() }));
    }
}

/// One of them: what becomes of its panels, and what it asks.
#[component]
fn CandidateView(candidate: Candidate, folder: RwSignal<String>, on_done: Callback<()>) -> impl IntoView {
    let client = use_client();
    let lang = use_lang();
    let name = candidate.name.get_value();
    let overwrite = move |_| {
        candidate.making.update(|making| making.overwrite = true);
        send(client, candidate, folder.get_untracked(), false, on_done);
    };
    let content = move || match candidate.made.get() {
        None => view! { <p class="field__hint">{tr(Msg::Loading)}</p> }.into_any(),
        Some(Err(refusal)) => {
            let words = why(lang.get_untracked(), &refusal);
            // A conflict is the one refusal that somebody may overrule here.
            let is_taken = matches!(&refusal.error, crate::api::ApiError::Refused { status: 409, .. });
            let again = is_taken.then(|| view! { <button type="button" class="btn btn--sm" on:click=overwrite>{tr(Msg::Overwrite)}</button> });
            view! { <div title=words><RefusalFace refusal=refusal/>{again}</div> }.into_any()
        }
        Some(Ok(made)) => view! { <MadeView made=made candidate=candidate folder=folder/> }.into_any(),
    };
    view! {
        <section class="panel boards__candidate">
            <header class="panel__head" hidden=name.is_empty()><h3 class="panel__title">{name.clone()}</h3></header>
            <div class="panel__body">{content}</div>
        </section>
    }
}

#[component]
fn MadeView(made: Made, candidate: Candidate, folder: RwSignal<String>) -> impl IntoView {
    let lang = use_lang();
    let client = use_client();
    let of =
        |outcome: PanelOutcome| made.report.panels.iter().filter(|panel| panel.outcome == outcome).count();
    let counts = [PanelOutcome::TakenOver, PanelOutcome::Converted, PanelOutcome::Unsupported].map(of);
    let words = move || {
        let [ok, converted, not] = counts.map(|count| count.to_string());
        fill(Msg::ImportCounts.text(lang.get()), &[("ok", &ok), ("converted", &converted), ("not", &not)])
    };
    let href = Route::to(Page::Dashboard(made.uid.clone())).to_string();
    let title = made.title.clone();
    let heading = move || match candidate.is_done.get() {
        true => view! { <a class="link" href=href.clone()>{title.clone()}</a> }.into_any(),
        false => view! { <b>{title.clone()}</b> }.into_any(),
    };
    let existed = made.existed && !candidate.is_done.get_untracked();
    let questions: Vec<Question> = made.inputs.into_iter().filter(|input| !input.data_source).collect();
    let question = move |input: Question| {
        let name = input.name.clone();
        let answer = move |value: String| {
            candidate.making.update(|making| drop(making.answers.insert(name.clone(), value)));
            send(client, candidate, folder.get_untracked(), true, Callback::new(|_| ()));
        };
        view! {
            <label class="field">
                <span class="field__label">{input.label}</span>
                <span class="input"><input type="text" prop:value=input.value on:change:target=move |event| answer(event.target().value())/></span>
            </label>
        }
    };
    let remarks = made.report.remarks.clone();
    let panels: Vec<PanelReport> = made
        .report
        .panels
        .into_iter()
        .filter(|panel| panel.outcome != PanelOutcome::TakenOver || !panel.remarks.is_empty())
        .collect();
    let has_details = !panels.is_empty() || !remarks.is_empty();
    let line = move |panel: PanelReport| {
        let (icon, class) = match panel.outcome {
            PanelOutcome::TakenOver => (IconName::Ok, "is-ok"),
            PanelOutcome::Converted => (IconName::Refresh, "is-progress"),
            PanelOutcome::Unsupported => (IconName::Warning, "is-warning"),
        };
        let title = if panel.title.is_empty() { "–".to_owned() } else { panel.title };
        let more = panel.remarks.join("; ");
        view! { <li class=class><Icon name=icon/><b>{title}</b><span>{panel.words}</span><span class="boards__remark">{more}</span></li> }
    };
    view! {
        <p class="boards__made">{heading}<span>{words}</span></p>
        {existed.then(|| view! { <p class="field__hint is-warning">{tr(Msg::DashboardExists)}</p> })}
        {questions.into_iter().map(question).collect_view()}
        {has_details.then(|| view! {
            <details class="boards__report">
                <summary>{tr(Msg::ImportDetails)}</summary>
                <ul>
                    {remarks.into_iter().map(|remark| view! { <li class="boards__remark">{remark}</li> }).collect_view()}
                    {panels.into_iter().map(line).collect_view()}
                </ul>
            </details>
        })}
    }
}
