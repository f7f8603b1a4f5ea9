//! A key, drawn as a keycap.

use leptos::prelude::*;

/// One keycap.
#[component]
pub(crate) fn Kbd(#[prop(into)] key: String) -> impl IntoView {
    view! { <kbd class="kbd">{key}</kbd> }
}
