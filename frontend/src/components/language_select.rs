//! The language switch.

use leptos::prelude::*;

use super::Select;
use crate::i18n::{Lang, Msg, tr};
use crate::prefs::use_prefs;

/// A list of the languages, each in its own words.
#[component]
pub(crate) fn LanguageSelect() -> impl IntoView {
    let prefs = use_prefs();
    let label = tr(Msg::Language);
    let options: Vec<_> =
        Lang::ALL.iter().map(|lang| (lang.tag().to_owned(), lang.name().to_owned())).collect();
    view! {
        <Select
            label=Signal::derive(move || label().to_owned())
            options=Signal::stored(options)
            value=Signal::derive(move || prefs.lang.get().tag().to_owned())
            on_change=move |tag: String| prefs.lang.set(Lang::from_tag(&tag))
            quiet=true
        />
    }
}
