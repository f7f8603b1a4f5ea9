//! What a visitor prefers: theme, language, shortcuts. Kept in the browser, as are the queries of Explore; nothing else is.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::MediaQueryList;

use crate::i18n::Lang;

/// Where the theme is kept; `static/theme.js` reads it before the first paint.
const THEME_KEY: &str = "crowsnest.theme";
const LANG_KEY: &str = "crowsnest.lang";
const SINGLE_KEYS_KEY: &str = "crowsnest.single-keys";
const NOTIFY_KEY: &str = "crowsnest.notify";

/// How a switch is kept.
const ON: &str = "on";
const OFF: &str = "off";

/// The colours wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
    /// Whatever the system says, as it says it.
    System,
}

impl Theme {
    /// In the order they are offered and cycled through.
    pub(crate) const ALL: &[Self] = &[Self::Light, Self::Dark, Self::System];

    /// Its name in storage.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }

    /// The theme of that name; the system's where there is none.
    pub(crate) fn from_id(id: &str) -> Self {
        Self::ALL.iter().copied().find(|theme| theme.id() == id).unwrap_or(Self::System)
    }

    /// The one after it.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
            Self::System => Self::Light,
        }
    }
}

/// The preferences as signals. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Prefs {
    pub(crate) theme: RwSignal<Theme>,
    pub(crate) lang: RwSignal<Lang>,
    /// Whether shortcuts of one key are on.
    pub(crate) single_keys: RwSignal<bool>,
    /// Whether the browser is to tell of alerts.
    pub(crate) notify: RwSignal<bool>,
}

/// Reads the preferences, keeps the page and the storage in step with them, and puts them into the context.
pub(crate) fn provide_prefs() -> Prefs {
    let browser_lang = window().navigator().language().unwrap_or_default();
    let prefs = Prefs {
        theme: RwSignal::new(Theme::from_id(&load(THEME_KEY).unwrap_or_default())),
        lang: RwSignal::new(Lang::from_tag(&load(LANG_KEY).unwrap_or(browser_lang))),
        single_keys: RwSignal::new(load(SINGLE_KEYS_KEY).as_deref() != Some(OFF)),
        notify: RwSignal::new(load(NOTIFY_KEY).as_deref() == Some(ON)),
    };
    let system_is_dark = follow_system_theme();
    Effect::new(move || {
        let theme = match prefs.theme.get() {
            Theme::System if system_is_dark.get() => Theme::Dark,
            Theme::System => Theme::Light,
            theme => theme,
        };
        set_root_attribute("data-theme", theme.id());
    });
    Effect::new(move || set_root_attribute("lang", prefs.lang.get().tag()));
    // Only what somebody chose is stored: the first run of each effect stores nothing.
    Effect::watch(move || prefs.theme.get(), |theme, _, _| store(THEME_KEY, theme.id()), false);
    Effect::watch(move || prefs.lang.get(), |lang, _, _| store(LANG_KEY, lang.tag()), false);
    for (switch, key) in [(prefs.single_keys, SINGLE_KEYS_KEY), (prefs.notify, NOTIFY_KEY)] {
        let keep = move |on: &bool, _: Option<&bool>, _: Option<()>| store(key, if *on { ON } else { OFF });
        Effect::watch(move || switch.get(), keep, false);
    }
    provide_context(prefs);
    provide_context::<Signal<Lang>>(prefs.lang.into());
    prefs
}

/// The preferences of this visitor.
pub(crate) fn use_prefs() -> Prefs {
    expect_context()
}

fn follow_system_theme() -> RwSignal<bool> {
    let dark = RwSignal::new(false);
    if let Ok(Some(query)) = window().match_media("(prefers-color-scheme: dark)") {
        dark.set(query.matches());
        let on_change = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            let query = event.target().and_then(|target| target.dyn_into::<MediaQueryList>().ok());
            dark.set(query.is_some_and(|query| query.matches()));
        });
        // Lives as long as the page, as the preferences do.
        if query.add_event_listener_with_callback("change", on_change.as_ref().unchecked_ref()).is_ok() {
            on_change.forget();
        }
    }
    dark
}

fn set_root_attribute(name: &str, value: &str) {
    if let Some(root) = document().document_element() {
        // Fails only for names that are not names.
        let _ = root.set_attribute(name, value);
    }
}

/// What is kept under `key`. Storage is missing where the browser forbids it; what it would hold then lasts as long as the page.
pub(crate) fn load(key: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Keeps `value` under `key`, where the browser allows it.
pub(crate) fn store(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn themes_come_back_from_storage_and_go_round() {
        for theme in Theme::ALL {
            assert_eq!(Theme::from_id(theme.id()), *theme);
            assert_eq!(theme.next().next().next(), *theme);
        }
        assert_eq!(Theme::from_id("sepia"), Theme::System);
    }
}
