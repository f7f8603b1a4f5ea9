//! One of several: the browser's own list, in our clothes.

use leptos::prelude::*;

use super::{Icon, IconName};

/// A labelled list of choices; the label stands before the value inside the control.
#[component]
pub(crate) fn Select(
    /// What is chosen.
    #[prop(into)]
    label: Signal<String>,
    /// Values and their words.
    #[prop(into)]
    options: Signal<Vec<(String, String)>>,
    /// The current value.
    #[prop(into)]
    value: Signal<String>,
    /// Called with a new value.
    #[prop(into)]
    on_change: Callback<String>,
    /// Whether it has no frame, and its label is for screen readers only.
    #[prop(optional)]
    quiet: bool,
) -> impl IntoView {
    let choices = move || {
        let current = value.get();
        options
            .get()
            .into_iter()
            .map(|(value, words)| view! { <option selected=value == current value=value>{words}</option> })
            .collect_view()
    };
    view! {
        <label class="select" class:select--quiet=quiet>
            <span class="select__label" class:visually-hidden=quiet>{move || label.get()}</span>
            <select
                class="select__value"
                prop:value=move || value.get()
                on:change:target=move |event| on_change.run(event.target().value())
            >
                {choices}
            </select>
            <Icon name=IconName::Down/>
        </label>
    }
}
