//! Keys: what fires where, and what never does.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::prefs::{Prefs, use_prefs};
use crate::router::{Page, Route, Router};

/// How long a `G` waits for its second letter, in milliseconds between the two presses. Not by a timer: a page that is
/// slow to draw would let it run out before the second press, made in time, is heard.
const CHORD_MS: f64 = 1500.0;

/// Second letters after `G`, and where they lead.
pub(crate) fn go_target(key: &str) -> Option<Page> {
    match key {
        "o" => Some(Page::Overview),
        "p" => Some(Page::List("pods")),
        "m" => Some(Page::Map),
        "n" => Some(Page::Nodes),
        "v" => Some(Page::List("events")),
        "d" => Some(Page::Dashboards),
        "e" => Some(Page::Explore),
        "a" => Some(Page::Access),
        "c" => Some(Page::Cluster),
        "l" => Some(Page::Alerts),
        "s" => Some(Page::Sources),
        _ => None,
    }
}

type Handler = Box<dyn Fn()>;

/// Single-key shortcuts of the parts that are on the screen; the newest first.
#[derive(Clone, Copy)]
struct Registry(StoredValue<Vec<(u32, &'static str, Handler)>, LocalStorage>);

/// What `Ctrl K` and `Cmd K` are called in the registry. They work everywhere, also in text fields.
const PALETTE: &str = "ctrl k";

impl Registry {
    /// Calls the newest handler of a key, and tells whether there was one.
    fn fire(self, key: &str) -> bool {
        self.0.with_value(|list| {
            let handler = list.iter().rev().find(|(_, wanted, _)| *wanted == key);
            handler.map(|(_, _, handler)| handler()).is_some()
        })
    }
}

/// Calls `handler` when `key` is pressed outside of text fields, for as long as the calling component lives.
pub(crate) fn shortcut(key: &'static str, handler: impl Fn() + 'static) {
    let Registry(list) = expect_context();
    let id = list.with_value(|list| list.iter().map(|(id, ..)| id + 1).max().unwrap_or(0));
    list.update_value(|list| list.push((id, key, Box::new(handler))));
    on_cleanup(move || {
        list.try_update_value(|list| list.retain(|(other, ..)| *other != id));
    });
}

/// Starts listening, and puts the registry for [`shortcut`] into the context.
pub(crate) fn provide_shortcuts(router: Router, help: RwSignal<bool>) {
    let prefs = use_prefs();
    let registry = Registry(StoredValue::new_local(Vec::new()));
    provide_context(registry);
    let chord = StoredValue::new(None::<f64>);
    let listener = window_event_listener(ev::keydown, move |event| {
        let key = letter(&event.key(), &event.code());
        if event.alt_key() && key == "t" {
            event.prevent_default();
            prefs.theme.update(|theme| *theme = theme.next());
            return;
        }
        if (event.ctrl_key() || event.meta_key()) && !event.alt_key() && !event.shift_key() && key == "k" {
            event.prevent_default();
            registry.fire(PALETTE);
            return;
        }
        if event.ctrl_key() || event.meta_key() || event.alt_key() || !may_fire(&event, prefs) {
            return;
        }
        let begun = chord.get_value();
        chord.set_value(None);
        if begun.is_some_and(|begun| event.time_stamp() - begun <= CHORD_MS)
            && let Some(page) = go_target(&key)
        {
            event.prevent_default();
            router.push(Route::to(page));
            return;
        }
        match key.as_str() {
            "?" => help.update(|open| *open = !*open),
            "g" => chord.set_value(Some(event.time_stamp())),
            _ => {
                if registry.fire(&key) {
                    event.prevent_default();
                }
            }
        }
    });
    on_cleanup(move || listener.remove());
}

/// Single keys never fire inside a text field or a dialog, nor where they are switched off.
fn may_fire(event: &ev::KeyboardEvent, prefs: Prefs) -> bool {
    let in_field =
        event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok()).is_some_and(|element| {
            matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
                && element.get_attribute("type").as_deref() != Some("radio")
                || element.is_content_editable()
        });
    let in_dialog = document().query_selector("dialog[open]").ok().flatten().is_some_and(|_: Element| true);
    prefs.single_keys.get_untracked() && !in_field && !event.repeat() && (!in_dialog || event.key() == "?")
}

/// The letter of a key press, also where the keyboard is switched to another script: `ㅎ` on the G key is `g`.
fn letter(key: &str, code: &str) -> String {
    match code.strip_prefix("Key") {
        Some(letter) if !key.is_ascii() || key == "Process" => letter.to_ascii_lowercase(),
        _ => key.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_korean_keyboard_has_the_same_shortcuts() {
        assert_eq!(letter("ㅎ", "KeyG"), "g");
        assert_eq!(letter("Process", "KeyN"), "n");
        assert_eq!(letter("G", "KeyG"), "g");
        assert_eq!(letter("?", "Slash"), "?");
    }

    #[test]
    fn letters_after_g_lead_to_every_page_of_the_side_bar() {
        assert_eq!(
            ["o", "n", "e", "x"].map(go_target),
            [Some(Page::Overview), Some(Page::Nodes), Some(Page::Explore), None]
        );
    }
}
