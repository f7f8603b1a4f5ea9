//! The head of a live page: how fresh it is, and the button that holds it still.

use leptos::prelude::*;

use crate::components::{Icon, IconName};
use crate::i18n::{Msg, use_lang};
use crate::shortcuts::shortcut;

/// Pause and resume. Key: P.
#[component]
pub(super) fn PauseButton(paused: RwSignal<bool>) -> impl IntoView {
    let lang = use_lang();
    shortcut("p", move || paused.update(|paused| *paused = !*paused));
    let words = move || if paused.get() { Msg::Resume } else { Msg::Pause }.text(lang.get());
    view! {
        <button
            type="button"
            class="btn btn--icon"
            aria-label=words
            aria-pressed=move || paused.get().to_string()
            title=move || format!("{} (P)", words())
            on:click=move |_| paused.update(|paused| *paused = !*paused)
        >
            <Icon name=Signal::derive(move || if paused.get() { IconName::Play } else { IconName::Pause })/>
        </button>
    }
}
