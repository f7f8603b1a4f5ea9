//! The filter by labels, as kubectl's `-l` has it; it stays in the address.

use leptos::prelude::*;

use crate::i18n::{Msg, tr};
use crate::kinds::parse_selector;
use crate::router::use_router;

/// A text box for a selector. One that is none is marked, and shows everything.
#[component]
pub(super) fn LabelFilter() -> impl IntoView {
    let router = use_router();
    let text = router.param("labels");
    let is_wrong =
        move || text.with(|text| text.as_deref().is_some_and(|text| parse_selector(text).is_none()));
    view! {
        <label class="input list__labels" class:is-invalid=is_wrong>
            <input
                type="text"
                spellcheck="false"
                autocomplete="off"
                aria-label=tr(Msg::FilterLabels)
                aria-invalid=move || is_wrong().to_string()
                placeholder=tr(Msg::FilterLabelsHint)
                title=move || is_wrong().then(tr(Msg::FilterLabelsWrong))
                prop:value=move || text.get().unwrap_or_default()
                on:input:target=move |event| router.replace(router.route_now().with("labels", &event.target().value()))
            />
        </label>
    }
}
