//! Help about a word, as a line or a card; and the card that appears where the pointer rests.

use std::time::Duration;

use leptos::ev;
use leptos::html;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;

use super::dom::{self, Place};
use crate::assist::{About, Help, Vocabulary};
use crate::i18n::{Msg, tr, use_lang};

/// How long the pointer rests on a word until it is explained.
const REST: Duration = Duration::from_millis(350);
/// How wide the card may be, in pixels; the style sheet has the same.
const WIDTH: f64 = 420.0;

/// What there is to say about a word.
#[component]
pub(super) fn AboutView(
    about: About,
    /// Whether it has one line only.
    #[prop(optional)]
    line: bool,
) -> impl IntoView {
    let lang = use_lang();
    let About { title, facts, help, experimental } = about;
    let help = move || match &help {
        Help::Said(said) => said.clone(),
        Help::Ours(msg) => msg.text(lang.get()).to_owned(),
    };
    let facts = (!facts.is_empty()).then(|| view! { <span class="about__facts">{facts}</span> });
    let experimental = experimental.then(|| {
        view! { <span class="about__experimental">{tr(Msg::Experimental)}</span> }
    });
    view! {
        <div class="about" class:about--line=move || line>
            <code class="about__title">{title}</code>
            {facts}
            <span class="about__help">{help}</span>
            {experimental}
        </div>
    }
}

/// The card at the pointer. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Hover {
    root: NodeRef<html::Div>,
    text: RwSignal<String>,
    vocabulary: Signal<Vocabulary>,
    shown: RwSignal<Option<(About, Place)>>,
    waits: StoredValue<Option<TimeoutHandle>>,
}

impl Hover {
    pub(super) fn new(
        root: NodeRef<html::Div>,
        text: RwSignal<String>,
        vocabulary: Signal<Vocabulary>,
    ) -> Self {
        let hover =
            Self { root, text, vocabulary, shown: RwSignal::new(None), waits: StoredValue::new(None) };
        on_cleanup(move || hover.forget());
        hover
    }

    /// The pointer was moved: what it rests on next is explained.
    pub(super) fn moved(self, event: &ev::MouseEvent) {
        self.close();
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        let rested = set_timeout_with_handle(move || self.explain(x, y), REST);
        self.waits.set_value(rested.ok());
    }

    /// Explains nothing.
    pub(super) fn close(self) {
        self.forget();
        if self.shown.with_untracked(Option::is_some) {
            self.shown.set(None);
        }
    }

    fn forget(self) {
        if let Some(handle) = self.waits.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    }

    fn explain(self, x: f64, y: f64) {
        let Some(root) = self.root.try_get_untracked().flatten() else { return };
        let Some((at, place)) = dom::word_at(&root, x, y) else { return };
        let about = self
            .text
            .with_untracked(|text| self.vocabulary.with_untracked(|known| About::at(text, at, known)));
        if let Some((_, about)) = about {
            self.shown.set(Some((about, place)));
        }
    }

    /// The card.
    pub(super) fn view(self) -> impl IntoView {
        move || {
            self.shown.get().map(|(about, place)| {
                let left = format!("{:.0}px", place.left.min(place.room - WIDTH).max(0.0));
                view! {
                    <div class="editor__hover" role="tooltip" style:left=left style:top=format!("{:.0}px", place.top)>
                        <AboutView about=about/>
                    </div>
                }
            })
        }
    }
}
