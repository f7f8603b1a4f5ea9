//! A framed part of a page with a head.

use leptos::prelude::*;

/// A section with a title, a note beside it, tools at the other end, and content.
#[component]
pub(crate) fn Panel(
    #[prop(into)] title: Signal<String>,
    /// What the title leaves open, in grey.
    #[prop(optional, into)]
    note: Signal<String>,
    /// Buttons at the end of the head.
    #[prop(optional, into)]
    tools: Option<ViewFn>,
    /// Whether the content runs to the frame, below a line.
    #[prop(optional)]
    flush: bool,
    /// More classes, for the place in the page.
    #[prop(optional, into)]
    class: String,
    children: Children,
) -> impl IntoView {
    view! {
        <section class=format!("panel {class}") class:panel--flush=flush aria-label=move || title.get()>
            <header class="panel__head">
                <h2 class="panel__title">{move || title.get()}</h2>
                <span class="panel__note">{move || note.get()}</span>
                {tools.map(|tools| view! { <div class="panel__tools">{tools.run()}</div> })}
            </header>
            <div class="panel__body">{children()}</div>
        </section>
    }
}
