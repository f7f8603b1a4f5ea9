//! A field for one small file: chosen, or dropped on it. Nothing is sent; whoever asks gets the bytes.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use super::{Icon, IconName};
use crate::i18n::{Msg, tr, use_lang};

/// A file that somebody chose.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ChosenFile {
    /// Its name, without a folder.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) bytes: Vec<u8>,
}

/// A field for one file.
#[component]
pub(crate) fn FileField(
    /// What the file is.
    label: Msg,
    /// Endings of its name, as in `.p12,.pfx`; empty for any.
    accept: &'static str,
    /// The file, once it is read.
    value: RwSignal<Option<ChosenFile>>,
    /// Whether what is in it was refused.
    is_wrong: Signal<bool>,
    /// The native field.
    node_ref: NodeRef<html::Input>,
) -> impl IntoView {
    let lang = use_lang();
    let read = move |_| {
        let file = node_ref.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(0));
        let Some(file) = file else { return };
        spawn_local(async move {
            let bytes = JsFuture::from(file.array_buffer()).await;
            let bytes = bytes.ok().map(|buffer| js_sys::Uint8Array::new(&buffer).to_vec());
            value.try_set(bytes.map(|bytes| ChosenFile { name: file.name(), bytes }));
        });
    };
    let words = move || match value.get() {
        Some(file) => file.name,
        None => Msg::ChooseFile.text(lang.get()).to_owned(),
    };
    view! {
        <div class="field">
            <label class="field__label" for="file">{tr(label)}</label>
            <span class="file" class:is-wrong=is_wrong class:is-chosen=move || value.with(Option::is_some)>
                <input
                    node_ref=node_ref
                    id="file"
                    class="file__input"
                    type="file"
                    accept=accept
                    aria-invalid=move || is_wrong.get().to_string()
                    on:change=read
                />
                <Icon name=IconName::Upload/>
                <span class="file__name">{words}</span>
            </span>
        </div>
    }
}
