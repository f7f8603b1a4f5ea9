//! A button that opens a small panel beside it.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{EventTarget, HtmlElement, Node};

/// A button with a floating panel. The panel closes on Escape (focus returns to the button), on a click elsewhere, and
/// when focus leaves it.
#[component]
pub(crate) fn Popover(
    /// Whether the panel is shown.
    open: RwSignal<bool>,
    /// What the button is called when its content is not words enough.
    #[prop(into)]
    label: Signal<String>,
    /// Classes of the button.
    #[prop(into)]
    class: String,
    /// Whether the button stands for something that is switched off, and only explains that.
    #[prop(optional)]
    is_refused: bool,
    /// The button's content.
    #[prop(into)]
    trigger: ViewFn,
    /// The panel's content.
    children: ChildrenFn,
) -> impl IntoView {
    let root = NodeRef::<html::Div>::new();
    let button = NodeRef::<html::Button>::new();
    let is_inside = move |target: Option<EventTarget>| {
        let node = target.and_then(|target| target.dyn_into::<Node>().ok());
        root.get_untracked().is_some_and(|root| root.contains(node.as_ref()))
    };
    let outside = window_event_listener(ev::pointerdown, move |event| {
        if open.get_untracked() && !is_inside(event.target()) {
            open.set(false);
        }
    });
    on_cleanup(move || outside.remove());
    // A key may open the panel while the focus is elsewhere: Escape and Tab are to work from the button.
    Effect::watch(
        move || open.get(),
        move |open, _, _| {
            let focus = document().active_element().map(EventTarget::from);
            if let Some(button) = button.get_untracked().filter(|_| *open && !is_inside(focus)) {
                let _ = HtmlElement::focus(&button);
            }
        },
        false,
    );
    let on_keydown = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" && open.get_untracked() {
            event.stop_propagation();
            open.set(false);
            if let Some(button) = button.get_untracked() {
                let _ = HtmlElement::focus(&button);
            }
        }
    };
    let on_focusout = move |event: ev::FocusEvent| {
        // No target: the window lost focus, or something not focusable was clicked.
        if event.related_target().is_some() && !is_inside(event.related_target()) {
            open.set(false);
        }
    };
    view! {
        <div node_ref=root class="popover" on:keydown=on_keydown on:focusout=on_focusout>
            <button
                node_ref=button
                type="button"
                class=class
                aria-label=move || label.get()
                aria-haspopup="dialog"
                aria-disabled=is_refused.then_some("true")
                aria-expanded=move || open.get().to_string()
                title=move || label.get()
                on:click=move |_| open.update(|open| *open = !*open)
            >
                {trigger.run()}
            </button>
            <Show when=move || open.get()>
                <div class="popover__panel" role="dialog" aria-label=move || label.get()>
                    {children()}
                </div>
            </Show>
        </div>
    }
}
