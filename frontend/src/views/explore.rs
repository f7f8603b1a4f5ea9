use leptos::prelude::*;

/// Stub.
#[component]
pub(crate) fn Explore() -> impl IntoView {
    view! { <div class="page"></div> }
}
