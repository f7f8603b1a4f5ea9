use leptos::prelude::*;

/// Stub.
#[component]
pub(crate) fn NodeView(name: String) -> impl IntoView {
    view! { <div class="page">{name}</div> }
}
