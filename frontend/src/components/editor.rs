//! The PromQL editor: a text area whose own text is invisible above a coloured copy of it, a list of what can complete
//! the word at the caret, and help about words.

use std::ops::Range;

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlTextAreaElement;

use super::{Icon, IconName};
use crate::assist::{
    About, Asked, Edit, LabelNames, LabelQuestion, Offers, Vocabulary, accept, byte_of, lay_out, offers,
    overtypes, question, units_of,
};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::query_text::{Mistake, pieces};
use crate::shortcuts::shortcut;

mod dom;
mod help;
mod menu;

use help::{AboutView, Hover};
use menu::Menu;

/// How many offers a page key goes past.
const PAGE: usize = 8;

/// What the editor shares with the page around it. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct EditorState {
    /// The query as it is typed.
    pub(crate) text: RwSignal<String>,
    /// The byte at which its caret stands; `None` while somebody is elsewhere.
    pub(crate) caret: RwSignal<Option<usize>>,
    /// What it wants to know about labels.
    pub(crate) question: Memo<Option<LabelQuestion>>,
    asked: RwSignal<Asked>,
    area: NodeRef<html::Textarea>,
}

impl EditorState {
    pub(crate) fn new(text: String) -> Self {
        let (text, caret) = (RwSignal::new(text), RwSignal::new(None::<usize>));
        let asked = RwSignal::new(Asked::No);
        let question = Memo::new(move |_| {
            let at = caret.get().filter(|_| asked.get() != Asked::No)?;
            text.with(|text| question(text, at))
        });
        Self { text, caret, question, asked, area: NodeRef::new() }
    }

    /// Puts the caret into it.
    pub(crate) fn focus(self) {
        if let Some(area) = self.area.get_untracked() {
            let _ = area.focus();
        }
    }

    /// Selects a stretch of the text.
    pub(crate) fn select(self, span: &Range<usize>) {
        let Some(area) = self.area.get_untracked() else { return };
        let (from, to) =
            self.text.with_untracked(|text| (units_of(text, span.start), units_of(text, span.end)));
        let _ = area.focus();
        let _ = area.set_selection_range(from, to);
    }

    /// Writes `new` in place of what is selected, as if somebody had typed it.
    pub(crate) fn write(self, new: &str) {
        let Some(area) = self.area.get_untracked() else { return };
        let text = self.text.get_untracked();
        let end = |units: Result<Option<u32>, _>| byte_of(&text, units.ok().flatten().unwrap_or_default());
        let replaces = end(area.selection_start())..end(area.selection_end());
        let caret = replaces.start + new.len();
        self.apply(Edit { replaces, text: new.to_owned(), caret, goes_on: false });
    }

    /// Lays the query out over as many lines as it needs; nothing while it cannot be read.
    pub(crate) fn lay_out(self) {
        let text = self.text.get_untracked();
        if let Some(new) = lay_out(&text).filter(|new| *new != text) {
            let caret = new.len();
            self.apply(Edit { replaces: 0..text.len(), text: new, caret, goes_on: false });
        }
    }

    fn apply(self, edit: Edit) {
        let Some(area) = self.area.get_untracked() else { return };
        let text = self.text.get_untracked();
        let units = |byte| units_of(&text, byte);
        dom::replace(&area, units(edit.replaces.start), units(edit.replaces.end), &edit.text);
        let now = area.value();
        let _ = area.set_selection_range(units_of(&now, edit.caret), units_of(&now, edit.caret));
        self.text.set(now);
        self.caret.set(Some(edit.caret));
        self.asked.set(if edit.goes_on { Asked::Typing } else { Asked::No });
    }

    /// Notes where the caret is.
    fn look(self, area: &HtmlTextAreaElement) {
        let units = area.selection_end().ok().flatten().unwrap_or_default();
        let at = self.text.with_untracked(|text| byte_of(text, units));
        if self.caret.get_untracked() != Some(at) {
            self.caret.set(Some(at));
        }
    }
}

/// An editor for one query. Enter runs it, Ctrl Space offers what can stand at the caret, slash goes to it.
#[component]
pub(crate) fn Editor(
    state: EditorState,
    /// What is wrong with the query: underlined, and said below.
    #[prop(into)]
    mistake: Signal<Option<Mistake>>,
    /// The metrics there are.
    #[prop(into)]
    vocabulary: Signal<Vocabulary>,
    /// The answer to [`EditorState::question`].
    #[prop(into)]
    labels: Signal<LabelNames>,
    /// Called to run the query.
    #[prop(into)]
    on_run: Callback<()>,
) -> impl IntoView {
    let EditorState { text, caret, asked, area, .. } = state;
    let root = NodeRef::<html::Div>::new();
    shortcut("/", move || state.focus());

    let offered = Memo::new(move |_| {
        let (at, asked) = (caret.get()?, asked.get());
        text.with(|text| {
            vocabulary.with(|known| labels.with(|labels| offers(text, at, asked, known, labels)))
        })
    });
    let cursor = RwSignal::new(0_usize);
    // Another list begins at its best again.
    Effect::watch(move || offered.get(), move |_, _, _| cursor.set(0), false);
    let take = move |at: usize| {
        let edit = offered.with_untracked(|offered| {
            let offers = offered.as_ref()?;
            let offer = offers.list.get(at)?;
            Some(text.with_untracked(|text| accept(text, &offers.replaces, offer)))
        });
        if let Some(edit) = edit {
            state.apply(edit);
        }
    };
    let hover = Hover::new(root, text, vocabulary);

    let on_keydown = move |event: ev::KeyboardEvent| {
        hover.close();
        if event.is_composing() {
            return;
        }
        let command = event.ctrl_key() || event.meta_key();
        let open = offered.with_untracked(|offered| offered.as_ref().map(|Offers { list, .. }| list.len()));
        let used = match (event.key().as_str(), open) {
            ("Enter", _) if command => Used::Run,
            ("Enter" | "Tab", Some(_)) if !event.shift_key() => Used::Take,
            ("Enter", None) if !event.shift_key() && !event.alt_key() => Used::Run,
            (" ", _) if command => Used::Ask,
            ("Escape", Some(_)) => Used::Close,
            ("ArrowDown", Some(count)) => Used::Move((cursor.get_untracked() + 1) % count.max(1)),
            ("ArrowUp", Some(count)) => {
                Used::Move(cursor.get_untracked().checked_sub(1).unwrap_or(count.saturating_sub(1)))
            }
            ("PageDown", Some(count)) => {
                Used::Move((cursor.get_untracked() + PAGE).min(count.saturating_sub(1)))
            }
            ("PageUp", Some(_)) => Used::Move(cursor.get_untracked().saturating_sub(PAGE)),
            ("f" | "F" | "ƒ" | "Ï", _) if event.alt_key() && event.shift_key() => Used::LayOut,
            _ => Used::No,
        };
        let nothing_to_take = || {
            let at = cursor.get_untracked();
            offered.with_untracked(|offered| {
                let offers = offered.as_ref()?;
                let offer = offers.list.get(at)?;
                Some(text.with_untracked(|text| accept(text, &offers.replaces, offer).changes_nothing(text)))
            })
        };
        if !matches!(used, Used::No) {
            event.prevent_default();
        }
        match used {
            Used::Run => {
                asked.set(Asked::No);
                on_run.run(());
            }
            // The word is complete: Enter means the query.
            Used::Take if event.key() == "Enter" && nothing_to_take() == Some(true) => {
                asked.set(Asked::No);
                on_run.run(());
            }
            Used::Take => take(cursor.get_untracked()),
            Used::Ask => asked.set(Asked::Explicitly),
            Used::Close => {
                // Only the list closes, not what is around the editor.
                event.stop_propagation();
                asked.set(Asked::No);
            }
            Used::Move(to) => cursor.set(to),
            Used::LayOut => state.lay_out(),
            Used::No => go_past(state, &event),
        }
    };
    let on_input = move |event: ev::Targeted<ev::Event, HtmlTextAreaElement>| {
        text.set(event.target().value());
        asked.set(Asked::Typing);
        state.look(&event.target());
    };
    // Wherever the caret goes by itself, nothing has been asked for.
    let on_move = move |area: HtmlTextAreaElement| {
        let before = caret.get_untracked();
        state.look(&area);
        if before != caret.get_untracked() {
            asked.set(Asked::No);
        }
    };
    let on_blur = move |_| {
        asked.set(Asked::No);
        caret.set(None);
        hover.close();
    };

    // The word has its place once it is painted.
    let place = RwSignal::new(None);
    let from =
        Memo::new(move |_| offered.with(|offered| offered.as_ref().map(|offers| offers.replaces.start)));
    Effect::new(move || {
        let Some(from) = from.get() else { return place.set(None) };
        request_animation_frame(move || {
            if let Some(root) = root.try_get_untracked().flatten() {
                place.try_set(dom::below(&root, from));
            }
        });
    });
    let active = move || offered.with(Option::is_some).then(|| format!("editor-offer-{}", cursor.get()));
    view! {
        <div node_ref=root class="editor" class:is-wrong=move || mistake.with(Option::is_some)>
            <div class="editor__frame">
                <Gutter text=text/>
                <div class="editor__sheet">
                    <Paint text=text mistake=mistake/>
                    <textarea
                        node_ref=area
                        class="editor__input"
                        aria-label=tr(Msg::Query)
                        aria-describedby="editor-complaint editor-help"
                        aria-invalid=move || mistake.with(Option::is_some).to_string()
                        aria-autocomplete="list"
                        aria-haspopup="listbox"
                        aria-controls=move || offered.with(Option::is_some).then_some("editor-offers")
                        aria-activedescendant=active
                        placeholder=tr(Msg::QueryPlaceholder)
                        spellcheck="false"
                        autocomplete="off"
                        autocapitalize="off"
                        rows="1"
                        prop:value=move || text.get()
                        on:input:target=on_input
                        on:keydown=on_keydown
                        on:keyup:target=move |event| on_move(event.target())
                        on:click:target=move |event| on_move(event.target())
                        on:focus:target=move |event| on_move(event.target())
                        on:blur=on_blur
                        on:mousemove=move |event| hover.moved(&event)
                        on:mouseleave=move |_| hover.close()
                    ></textarea>
                </div>
            </div>
            <Menu offered=offered cursor=cursor place=place vocabulary=vocabulary on_take=take/>
            {hover.view()}
            <p class="visually-hidden" id="editor-help">{tr(Msg::QueryHelp)}</p>
            <Foot state=state mistake=mistake vocabulary=vocabulary/>
        </div>
    }
}

/// What a key means to the editor.
enum Used {
    No,
    Run,
    Take,
    Ask,
    Close,
    /// To that offer.
    Move(usize),
    LayOut,
}

/// A closing sign goes past the one that stands there, where the text needs no other.
fn go_past(state: EditorState, event: &ev::KeyboardEvent) {
    let key = event.key();
    let (Some(area), Some(closing)) = (state.area.get_untracked(), key.chars().next()) else { return };
    let ends = [area.selection_start(), area.selection_end()].map(|end| end.ok().flatten());
    let [Some(from), Some(to)] = ends else { return };
    let is_command = event.ctrl_key() || event.meta_key() || event.alt_key();
    if key.len() != 1 || from != to || is_command {
        return;
    }
    if state.text.with_untracked(|text| overtypes(text, byte_of(text, from), closing)) {
        event.prevent_default();
        let _ = area.set_selection_range(from + 1, from + 1);
        state.look(&area);
        state.asked.set(Asked::No);
    }
}

/// Line numbers.
#[component]
fn Gutter(text: RwSignal<String>) -> impl IntoView {
    let count = Memo::new(move |_| text.with(|text| text.matches('\n').count() + 1));
    let numbers = move || (1..=count.get()).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
    view! { <pre class="editor__gutter" aria-hidden="true">{numbers}</pre> }
}

/// The coloured copy of the text.
#[component]
fn Paint(text: RwSignal<String>, mistake: Signal<Option<Mistake>>) -> impl IntoView {
    let painted = move || {
        let mistake = mistake.get();
        let at_end =
            text.with(|text| mistake.as_ref().is_some_and(|mistake| mistake.span.start >= text.len()));
        let mut is_first = true;
        let painted = text
            .with(|text| pieces(text, mistake.as_ref()))
            .into_iter()
            .map(|piece| {
                let mut class = piece.class.unwrap_or_default().to_owned();
                if piece.wrong {
                    class.push_str(" editor__mistake");
                    if std::mem::take(&mut is_first) {
                        class.push_str(" editor__mistake--first");
                    }
                }
                view! { <span class=class>{piece.text}</span> }
            })
            .collect_view();
        // A mistake at the end has no text of its own to underline. The last space keeps an empty last line open.
        let rest = if at_end { "editor__mistake editor__mistake--first" } else { "" };
        view! { {painted}<span class=rest>" "</span> }
    };
    view! { <pre class="editor__paint" aria-hidden="true">{painted}</pre> }
}

/// Below the text: what is wrong with it, or what the word at the caret means, or which keys there are.
#[component]
fn Foot(
    state: EditorState,
    mistake: Signal<Option<Mistake>>,
    vocabulary: Signal<Vocabulary>,
) -> impl IntoView {
    let lang = use_lang();
    let complaint = move || {
        mistake.get().map(|mistake| {
            let place = [("line", mistake.line.to_string()), ("column", mistake.column.to_string())];
            let place = place.each_ref().map(|(name, value)| (*name, value.as_str()));
            let place = fill(Msg::AtPosition.text(lang.get()), &place);
            let span = mistake.span;
            view! {
                <Icon name=IconName::Critical/>
                <span class="editor__message">{mistake.message}</span>
                <button
                    type="button"
                    class="editor__place"
                    title=tr(Msg::GoToMistake)
                    on:click=move |_| state.select(&span)
                >
                    {place}
                </button>
            }
        })
    };
    let about = Memo::new(move |_| {
        let at = state.caret.get()?;
        state.text.with(|text| vocabulary.with(|known| About::at(text, at, known))).map(|(_, about)| about)
    });
    let hint = move || match about.get() {
        _ if mistake.with(Option::is_some) => None,
        Some(about) => Some(view! { <AboutView about=about line=true/> }.into_any()),
        None => Some(view! { <span class="editor__keys">{tr(Msg::EditorKeys)}</span> }.into_any()),
    };
    view! {
        <p class="editor__complaint" id="editor-complaint" role="status">{complaint}</p>
        <div class="editor__hint">{hint}</div>
    }
}
