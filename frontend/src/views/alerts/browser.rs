//! Notifications of the browser itself: whether it allows them, the switch that asks it to, and one of them.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Notification, NotificationOptions, NotificationPermission};

use crate::i18n::{Msg, tr, use_lang};
use crate::prefs::use_prefs;

/// Whether the browser shows notifications of this address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Permission {
    Granted,
    /// Nobody has been asked.
    NotAsked,
    Denied,
    /// It has none, or none for pages that do not come over HTTPS.
    Unsupported,
}

impl Permission {
    fn now() -> Self {
        let has_any = js_sys::Reflect::has(&window(), &JsValue::from_str("Notification")).unwrap_or(false);
        if !has_any || !window().is_secure_context() {
            return Self::Unsupported;
        }
        match Notification::permission() {
            NotificationPermission::Granted => Self::Granted,
            NotificationPermission::Denied => Self::Denied,
            _ => Self::NotAsked,
        }
    }

    /// Why the switch is of no use.
    fn complaint(self) -> Option<Msg> {
        match self {
            Self::Granted | Self::NotAsked => None,
            Self::Denied => Some(Msg::BrowserDenies),
            Self::Unsupported => Some(Msg::BrowserHasNoNotices),
        }
    }
}

/// The switch among the preferences.
#[component]
pub(in crate::views) fn BrowserNotices() -> impl IntoView {
    let (prefs, lang) = (use_prefs(), use_lang());
    let permission = RwSignal::new(Permission::now());
    let is_on = move || prefs.notify.get() && permission.get() == Permission::Granted;
    let change = move |wanted: bool| {
        if !wanted {
            prefs.notify.set(false);
            return;
        }
        // A browser asks its user only in answer to a click.
        let asked = match permission.get_untracked() {
            Permission::NotAsked => Notification::request_permission().ok(),
            _ => None,
        };
        spawn_local(async move {
            if let Some(asked) = asked {
                // What was answered is read from where it is kept.
                drop(JsFuture::from(asked).await);
            }
            let now = Permission::now();
            permission.try_set(now);
            prefs.notify.try_set(now == Permission::Granted);
        });
    };
    let input = NodeRef::<leptos::html::Input>::new();
    // A box that the browser has ticked and that means nothing is not ticked.
    Effect::new(move || {
        permission.track();
        let is_on = is_on();
        if let Some(input) = input.get() {
            input.set_checked(is_on);
        }
    });
    view! {
        <label class="account__switch">
            <input
                type="checkbox"
                node_ref=input
                disabled=move || permission.get().complaint().is_some()
                on:change:target=move |event| change(event.target().checked())
            />
            <span>{tr(Msg::BrowserNotices)}</span>
            <small role="status">
                {move || permission.get().complaint().unwrap_or(Msg::BrowserNoticesWhy).text(lang.get())}
            </small>
        </label>
    }
}

/// Shows one that leads to `way`, a route of this page. Nothing where the browser does not allow it.
pub(super) fn show(title: &str, body: &str, tag: &str, way: &str) {
    if Permission::now() != Permission::Granted {
        return;
    }
    let options = NotificationOptions::new();
    options.set_body(body);
    options.set_tag(tag);
    // Some browsers on phones have the constructor and refuse it.
    let Ok(notification) = Notification::new_with_options(title, &options) else { return };
    let way = way.to_owned();
    let shown = notification.clone();
    let on_click = Closure::once_into_js(move || {
        // Fails only where the window is gone.
        drop(window().focus());
        drop(window().location().set_hash(&way));
        shown.close();
    });
    notification.set_onclick(Some(on_click.unchecked_ref()));
}
