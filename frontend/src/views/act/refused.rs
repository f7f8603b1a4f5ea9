//! Why the API server would not: its words, and the fields that it names with who manages them.

use leptos::prelude::*;

use crate::api::{ApiError, Refusal};
use crate::components::{Icon, IconName};
use crate::i18n::{Lang, Msg, fill, use_lang};

/// Why something did not work, in a sentence.
pub(in crate::views) fn why(lang: Lang, refusal: &Refusal) -> String {
    let ours = match &refusal.error {
        ApiError::Unreachable | ApiError::Aborted => Msg::CannotReachWhy,
        _ => Msg::NotUnderstood,
    };
    refusal.error.said().unwrap_or_else(|| ours.text(lang)).to_owned()
}

/// The refusal, with its causes as a list.
#[component]
pub(in crate::views) fn RefusalFace(refusal: Refusal) -> impl IntoView {
    let lang = use_lang();
    let causes = refusal.causes.clone();
    let words = move || why(lang.get(), &refusal);
    let cause = move |cause: &crowsnest_api::changes::Cause| {
        let text = match &cause.manager {
            Some(manager) => {
                fill(Msg::ManagedBy.text(lang.get()), &[("field", &cause.field), ("manager", manager)])
            }
            None if cause.field.is_empty() => cause.message.clone(),
            None => format!("{}: {}", cause.field, cause.message),
        };
        view! { <li>{text}</li> }
    };
    view! {
        <div class="note is-critical" role="alert">
            <Icon name=IconName::Critical/>
            <div>
                <p>{words}</p>
                <ul class="act__causes">{move || causes.iter().map(cause).collect_view()}</ul>
            </div>
        </div>
    }
}
