//! The theme switch: each press goes one on.

use leptos::prelude::*;

use super::{Icon, IconName};
use crate::i18n::{Lang, Msg, use_lang};
use crate::prefs::{Theme, use_prefs};

/// A theme's name.
pub(crate) fn theme_name(theme: Theme, lang: Lang) -> &'static str {
    match theme {
        Theme::Light => Msg::ThemeLight,
        Theme::Dark => Msg::ThemeDark,
        Theme::System => Msg::ThemeSystem,
    }
    .text(lang)
}

/// A button that shows the theme and goes to the next.
#[component]
pub(crate) fn ThemeButton() -> impl IntoView {
    let prefs = use_prefs();
    let lang = use_lang();
    let icon = Signal::derive(move || match prefs.theme.get() {
        Theme::Light => IconName::Sun,
        Theme::Dark => IconName::Moon,
        Theme::System => IconName::System,
    });
    let label = move || {
        let lang = lang.get();
        format!("{}: {}", Msg::Theme.text(lang), theme_name(prefs.theme.get(), lang))
    };
    let title = move || format!("{} (Alt T)", label());
    view! {
        <button
            type="button"
            class="btn btn--quiet btn--icon"
            aria-label=label
            aria-keyshortcuts="Alt+T"
            title=title
            on:click=move |_| prefs.theme.update(|theme| *theme = theme.next())
        >
            <Icon name=icon/>
        </button>
    }
}
