//! The PromQL editor: a text area whose own text is invisible above a coloured copy of it.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;

use super::{Icon, IconName};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::query_text::{Mistake, pieces};
use crate::shortcuts::shortcut;

/// An editor for one query. Ctrl Enter runs it, slash goes to it.
#[component]
pub(crate) fn Editor(
    /// The query as it is typed.
    text: RwSignal<String>,
    /// What is wrong with it: underlined, and said below.
    #[prop(into)]
    mistake: Signal<Option<Mistake>>,
    /// Called on Ctrl Enter.
    #[prop(into)]
    on_run: Callback<()>,
) -> impl IntoView {
    let lang = use_lang();
    let area = NodeRef::<html::Textarea>::new();
    shortcut("/", move || {
        if let Some(area) = area.get_untracked() {
            let _ = area.focus();
        }
    });
    let on_keydown = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            on_run.run(());
        }
    };
    let painted = move || {
        let mistake = mistake.get();
        let at_end =
            text.with(|text| mistake.as_ref().is_some_and(|mistake| mistake.span.start >= text.len()));
        let pieces = text.with(|text| pieces(text, mistake.as_ref()));
        let painted = pieces
            .into_iter()
            .map(|piece| {
                let class = match (piece.class, piece.wrong) {
                    (class, false) => class.unwrap_or_default().to_owned(),
                    (class, true) => format!("{} editor__mistake", class.unwrap_or_default()),
                };
                view! { <span class=class>{piece.text}</span> }
            })
            .collect_view();
        // A mistake at the end has no text of its own to underline. The last space keeps an empty last line open.
        let rest = if at_end { "editor__mistake" } else { "" };
        view! { {painted}<span class=rest>" "</span> }
    };
    let lines = move || {
        text.with(|text| {
            (1..=text.matches('\n').count() + 1).map(|n| n.to_string()).collect::<Vec<_>>().join("\n")
        })
    };
    let show_mistake = move |_| {
        let (Some(area), Some(mistake)) = (area.get_untracked(), mistake.get_untracked()) else { return };
        let utf16 = |end: usize| {
            let units =
                text.with_untracked(|text| text.get(..end).unwrap_or_default().encode_utf16().count());
            u32::try_from(units).unwrap_or_default()
        };
        let _ = area.focus();
        let _ = area.set_selection_range(utf16(mistake.span.start), utf16(mistake.span.end));
    };
    let complaint = move || {
        mistake.get().map(|mistake| {
            let place = [("line", mistake.line.to_string()), ("column", mistake.column.to_string())];
            let place = place.each_ref().map(|(name, value)| (*name, value.as_str()));
            let place = fill(Msg::AtPosition.text(lang.get()), &place);
            view! {
                <Icon name=IconName::Critical/>
                <span class="editor__message">{mistake.message}</span>
                <button type="button" class="editor__place" title=tr(Msg::GoToMistake) on:click=show_mistake>
                    {place}
                </button>
            }
        })
    };
    view! {
        <div class="editor" class:is-wrong=move || mistake.with(Option::is_some)>
            <div class="editor__frame">
                <pre class="editor__gutter" aria-hidden="true">{lines}</pre>
                <div class="editor__sheet">
                    <pre class="editor__paint" aria-hidden="true">{painted}</pre>
                    <textarea
                        node_ref=area
                        class="editor__input"
                        aria-label=tr(Msg::Query)
                        aria-describedby="editor-complaint editor-help"
                        aria-invalid=move || mistake.with(Option::is_some).to_string()
                        placeholder=tr(Msg::QueryPlaceholder)
                        spellcheck="false"
                        autocomplete="off"
                        autocapitalize="off"
                        rows="1"
                        prop:value=move || text.get()
                        on:input:target=move |event| text.set(event.target().value())
                        on:keydown=on_keydown
                    ></textarea>
                </div>
            </div>
            <p class="visually-hidden" id="editor-help">{tr(Msg::QueryHelp)}</p>
            <p class="editor__complaint" id="editor-complaint" role="status">{complaint}</p>
        </div>
    }
}
