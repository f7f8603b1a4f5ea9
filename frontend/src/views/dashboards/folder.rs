//! The folder that a dashboard goes into: one that is there, or any other namespace.

use crowsnest_api::dashboards::Listing;
use leptos::prelude::*;

use crate::i18n::{Msg, tr};

/// A field for it; those that are there are offered.
#[component]
pub(super) fn FolderField(folder: RwSignal<String>, listing: Memo<Listing>) -> impl IntoView {
    let options = move || {
        let folders = listing.with(|listing| listing.folders.clone());
        folders.into_iter().map(|name| view! { <option value=name></option> }).collect_view()
    };
    view! {
        <label class="field">
            <span class="field__label">{tr(Msg::FolderName)}</span>
            <span class="input">
                <input type="text" list="board-folders" autocomplete="off" spellcheck="false" prop:value=move || folder.get()
                    on:input:target=move |event| folder.set(event.target().value().trim().to_owned())/>
            </span>
            <datalist id="board-folders">{options}</datalist>
        </label>
    }
}
