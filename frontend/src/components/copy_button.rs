//! A button that copies a text, and says so for a moment.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use super::{Icon, IconName};
use crate::i18n::{Msg, use_lang};

/// How long it says that it has.
const SAID: Duration = Duration::from_secs(2);

/// Copies what `text` gives when it is clicked.
#[component]
pub(crate) fn CopyButton(
    /// What the button says.
    label: Msg,
    /// The text.
    #[prop(into)]
    text: Callback<(), String>,
) -> impl IntoView {
    let lang = use_lang();
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let text = text.run(());
        spawn_local(async move {
            // Whether the browser lets us is its business; the text can be selected, too.
            let written = JsFuture::from(window().navigator().clipboard().write_text(&text)).await.is_ok();
            copied.try_set(written);
            set_timeout(move || _ = copied.try_set(false), SAID);
        });
    };
    view! {
        <button type="button" class="btn btn--sm" on:click=copy>
            <Icon name=IconName::Copy/>
            {move || if copied.get() { Msg::Copied } else { label }.text(lang.get())}
        </button>
    }
}
