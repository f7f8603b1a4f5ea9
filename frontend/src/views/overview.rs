use leptos::prelude::*;

/// Stub.
#[component]
pub(crate) fn Overview() -> impl IntoView {
    view! { <div class="page"></div> }
}
