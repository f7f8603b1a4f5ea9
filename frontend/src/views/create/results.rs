//! What became of each object of a text, or would.

use crowsnest_api::changes::{Extent, ObjectResult, Outcome, Report};
use leptos::prelude::*;

use crate::components::{DiffView, Icon, Tone};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::views::act::RefusalFace;
use crate::views::object::refusal;

/// How an outcome is told; of a trial, as what would be.
fn face(outcome: Outcome, is_trial: bool) -> (Tone, Msg) {
    match outcome {
        Outcome::Created if is_trial => (Tone::Ok, Msg::WouldCreate),
        Outcome::Configured if is_trial => (Tone::Ok, Msg::WouldConfigure),
        Outcome::Created => (Tone::Ok, Msg::OutcomeCreated),
        Outcome::Configured => (Tone::Ok, Msg::OutcomeConfigured),
        Outcome::Unchanged => (Tone::Done, Msg::OutcomeUnchanged),
        Outcome::Waits => (Tone::Progress, Msg::OutcomeWaits),
        Outcome::Failed => (Tone::Critical, Msg::OutcomeFailed),
        Outcome::Untried => (Tone::Unknown, Msg::OutcomeUntried),
    }
}

#[component]
pub(super) fn Results(report: Report) -> impl IntoView {
    let failed = report.results.iter().any(|result| result.outcome == Outcome::Failed);
    let is_trial = report.extent == Extent::Nothing;
    let (tone, msg) = match (report.dry_run && !failed, report.extent) {
        (true, _) => (Tone::Progress, Msg::ExtentTrial),
        (false, Extent::All) => (Tone::Ok, Msg::ExtentAll),
        (false, Extent::Some) => (Tone::Warning, Msg::ExtentSome),
        (false, Extent::Nothing) => (Tone::Critical, Msg::ExtentNothing),
    };
    view! {
        <p class=format!("note {}", tone.class())><Icon name=tone.icon()/><span>{tr(msg)}</span></p>
        <ul class="results">
            {report.results.into_iter().map(|result| view! { <One result=result is_trial=is_trial/> }).collect_view()}
        </ul>
    }
}

#[component]
fn One(result: ObjectResult, is_trial: bool) -> impl IntoView {
    let lang = use_lang();
    let (tone, msg) = face(result.outcome, is_trial);
    let ObjectResult { line, kind, namespace, name, problem, before, after, .. } = result;
    let place = if namespace.is_empty() { name } else { format!("{namespace}/{name}") };
    let line = move || fill(Msg::LineNumber.text(lang.get()), &[("n", &line.to_string())]);
    let difference = match (before, after) {
        (Some(before), Some(after)) if result.outcome == Outcome::Configured => Some(
            view! { <DiffView before=crowsnest_yaml::print(&before) after=crowsnest_yaml::print(&after)/> },
        ),
        _ => None,
    };
    view! {
        <li class="results__one">
            <div class="results__head">
                <span class=format!("status {}", tone.class())><Icon name=tone.icon()/>{tr(msg)}</span>
                <strong>{kind}</strong>
                <span class="mono">{place}</span>
                <span class="field__hint">{line}</span>
            </div>
            {problem.map(|problem| view! { <RefusalFace refusal=refusal(problem)/> })}
            {difference}
        </li>
    }
}
