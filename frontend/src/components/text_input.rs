//! A line that somebody types: a name, a number, a word of the cluster's own.

use leptos::prelude::*;

/// A line of text; within a `label`, which names it.
#[component]
pub(crate) fn TextInput(
    value: RwSignal<String>,
    /// `number` for one that is none below zero.
    #[prop(default = "text")]
    kind: &'static str,
) -> impl IntoView {
    view! {
        <span class="input"><input
            class="mono"
            type=kind
            min=(kind == "number").then_some("0")
            autocomplete="off"
            autocapitalize="off"
            spellcheck="false"
            prop:value=move || value.get()
            on:input:target=move |event| value.set(event.target().value())
        /></span>
    }
}
