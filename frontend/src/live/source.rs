//! The browser's EventSource: opened, listened to, closed when dropped.

use crowsnest_api::stream::{ANEW, LAST_EVENT_ID, NAMES, PATH, StreamEvent};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, EventSource, MessageEvent};

use crate::json::Value;
use crate::router::encode;

/// What a stream tells.
pub(super) enum Told {
    /// It is open, for the first time or again.
    Open,
    /// An event, and the id to go on from.
    Event(StreamEvent<Value>, String),
    /// An event that this version does not understand.
    Unreadable,
    /// It is cut, and the browser connects again by itself.
    Reconnecting,
    /// It is over; whoever wants another opens it.
    Closed,
}

/// An open stream.
pub(super) struct Source {
    source: EventSource,
    _listeners: Vec<Closure<dyn Fn(Event)>>,
}

impl Drop for Source {
    fn drop(&mut self) {
        self.source.close();
        for (name, listener) in names().zip(&self._listeners) {
            let _ = self.source.remove_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        }
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().chain(["open", "error"])
}

impl Source {
    /// Watches `targets`, going on from `last_id` unless that is empty, but for those of the numbers in `anew`. `None` where the browser refuses.
    pub(super) fn open(
        targets: &[String],
        last_id: &str,
        anew: &[usize],
        told: impl Fn(Told) + Clone + 'static,
    ) -> Option<Self> {
        let source = EventSource::new(&url(targets, last_id, anew)).ok()?;
        let mut listeners = Vec::new();
        for name in names() {
            let (told, state) = (told.clone(), source.clone());
            let listener =
                Closure::<dyn Fn(Event)>::new(move |event: Event| told(read(name, &event, &state)));
            source.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref()).ok()?;
            listeners.push(listener);
        }
        Some(Self { source, _listeners: listeners })
    }
}

fn read(name: &str, event: &Event, source: &EventSource) -> Told {
    match name {
        "open" => Told::Open,
        "error" if source.ready_state() == EventSource::CLOSED => Told::Closed,
        "error" => Told::Reconnecting,
        name => {
            let Some(message) = event.dyn_ref::<MessageEvent>() else { return Told::Unreadable };
            let data = message.data().as_string().unwrap_or_default();
            match StreamEvent::parse(name, &data) {
                Ok(event) => Told::Event(event, message.last_event_id()),
                Err(_) => Told::Unreadable,
            }
        }
    }
}

/// The stream's address, relative as all are.
fn url(targets: &[String], last_id: &str, anew: &[usize]) -> String {
    let mut url = format!("{PATH}?kind=watch");
    for target in targets {
        url.push_str("&of=");
        url.push_str(&encode(target));
    }
    if !last_id.is_empty() {
        url.push_str(&format!("&{LAST_EVENT_ID}={}", encode(last_id)));
        for number in anew {
            url.push_str(&format!("&{ANEW}={number}"));
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_names_every_watch_once_encoded() {
        let targets =
            ["core.v1.pods/-/fieldSelector=spec.nodeName=a".to_owned(), "core.v1.nodes/-".to_owned()];
        assert_eq!(
            url(&targets, "", &[1]),
            "stream/log?kind=watch&of=core.v1.pods%2F-%2FfieldSelector%3Dspec.nodeName%3Da&of=core.v1.nodes%2F-"
        );
        assert_eq!(url(&[], "1-2", &[0, 3]), "stream/log?kind=watch&last_event_id=1-2&anew=0&anew=3");
    }
}
