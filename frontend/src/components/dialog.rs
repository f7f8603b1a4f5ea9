//! A modal window by the browser's own `<dialog>`: it traps focus, closes on Escape and hides the page behind.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::{Icon, IconName};
use crate::i18n::{Msg, tr};

/// A modal window that is shown while `open` is true, and sets it to false when it is closed.
#[component]
pub(crate) fn Dialog(
    #[prop(into)] title: Signal<String>,
    open: RwSignal<bool>,
    /// Whether it takes more room than a page of text.
    #[prop(optional)]
    wide: bool,
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        match (open.get(), dialog.open()) {
            // It fails only for a dialog that is not in the document.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    // A click on the backdrop is a click on the dialog itself, outside of its frame.
    let on_click = move |event: leptos::ev::MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if target.is_some_and(|target| target.tag_name() == "DIALOG") {
            open.set(false);
        }
    };
    view! {
        <dialog node_ref=dialog class="dialog" class:dialog--wide=move || wide aria-label=move || title.get() on:close=move |_| open.set(false) on:click=on_click>
            <div class="dialog__frame">
                <header class="dialog__head">
                    <h2 class="dialog__title">{move || title.get()}</h2>
                    <button
                        type="button"
                        class="btn btn--quiet btn--icon"
                        aria-label=tr(Msg::Close)
                        on:click=move |_| open.set(false)
                    >
                        <Icon name=IconName::Close/>
                    </button>
                </header>
                <div class="dialog__body">{move || open.get().then(|| children())}</div>
            </div>
        </dialog>
    }
}
