//! A text of YAML with an editor around it. The editor is loaded when the first one is shown.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use super::BoneLines;
use crate::assets;
use crate::i18n::{Msg, tr, use_lang};

#[wasm_bindgen]
extern "C" {
    /// An editor in the page.
    #[derive(Clone)]
    type Mounted;

    #[wasm_bindgen(js_namespace = crowsnestEditor)]
    fn mount(
        host: &HtmlElement,
        text: &str,
        label: &str,
        read_only: bool,
        on_change: &Closure<dyn FnMut(String)>,
        unknown: &str,
    ) -> Mounted;

    #[wasm_bindgen(method, js_name = setText)]
    fn set_text(this: &Mounted, text: &str);

    #[wasm_bindgen(method, js_name = setReadOnly)]
    fn set_read_only(this: &Mounted, read_only: bool);

    #[wasm_bindgen(method)]
    fn destroy(this: &Mounted);
}

/// A text, to be read or written.
#[component]
pub(crate) fn Code(
    /// What it is, for screen readers.
    label: Msg,
    /// The text; follows what is typed.
    text: RwSignal<String>,
    #[prop(into)] read_only: Signal<bool>,
) -> impl IntoView {
    let lang = use_lang();
    let host = NodeRef::<html::Div>::new();
    let is_there = RwSignal::new(None::<bool>);
    let mounted = StoredValue::new_local(None::<(Mounted, Closure<dyn FnMut(String)>)>);
    spawn_local(async move {
        let loaded = assets::load("editor.js").await;
        is_there.try_set(Some(loaded));
    });
    Effect::new(move || {
        let Some(host) = host.get().filter(|_| is_there.get() == Some(true)) else { return };
        let on_change = Closure::new(move |typed: String| _ = text.try_set(typed));
        let editor = mount(
            &host,
            &text.get_untracked(),
            label.text(lang.get_untracked()),
            read_only.get_untracked(),
            &on_change,
            Msg::UnknownField.text(lang.get_untracked()),
        );
        mounted.set_value(Some((editor, on_change)));
    });
    let with = move |act: &dyn Fn(&Mounted)| {
        mounted.try_with_value(|mounted| {
            if let Some((editor, _)) = mounted {
                act(editor);
            }
        });
    };
    Effect::new(move || {
        let text = text.get();
        with(&|editor| editor.set_text(&text));
    });
    Effect::new(move || {
        let read_only = read_only.get();
        with(&|editor| editor.set_read_only(read_only));
    });
    on_cleanup(move || with(&|editor| editor.destroy()));
    view! {
        <Show when=move || is_there.get().is_none()><BoneLines/></Show>
        <Show when=move || is_there.get() == Some(false)>
            <p class="code__missing" role="alert">{tr(Msg::EditorMissing)}</p>
        </Show>
        <div node_ref=host class="code" hidden=move || is_there.get() != Some(true)></div>
    }
}
