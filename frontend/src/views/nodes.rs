use leptos::prelude::*;

/// Stub.
#[component]
pub(crate) fn NodesView() -> impl IntoView {
    view! { <div class="page"></div> }
}
