//! One of a few: native radio buttons that look like one control.

use std::sync::atomic::{AtomicU32, Ordering};

use leptos::prelude::*;

/// Radio groups need names of their own.
static GROUPS: AtomicU32 = AtomicU32::new(0);

/// A choice between a few words.
#[component]
pub(crate) fn Segmented<T: Copy + PartialEq + Send + Sync + 'static>(
    /// What is chosen, for screen readers.
    #[prop(into)]
    label: Signal<String>,
    /// The choices and their words.
    #[prop(into)]
    options: Signal<Vec<(T, String)>>,
    /// The current choice.
    #[prop(into)]
    value: Signal<T>,
    /// Called with a new choice.
    #[prop(into)]
    on_change: Callback<T>,
    /// Whether it takes the whole width.
    #[prop(optional)]
    block: bool,
) -> impl IntoView {
    let group = format!("segmented-{}", GROUPS.fetch_add(1, Ordering::Relaxed));
    let choices = move || {
        let group = group.clone();
        let choice = move |(choice, words): (T, String)| {
            view! {
                <label class="segmented__option">
                    <input
                        class="segmented__input"
                        type="radio"
                        name=group.clone()
                        prop:checked=move || value.get() == choice
                        on:change=move |_| on_change.run(choice)
                    />
                    <span class="segmented__label">{words}</span>
                </label>
            }
        };
        options.get().into_iter().map(choice).collect_view()
    };
    view! {
        <div class="segmented" class:segmented--block=block role="radiogroup" aria-label=move || label.get()>
            {choices}
        </div>
    }
}
