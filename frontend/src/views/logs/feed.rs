//! The stream of a page's logs: opened, listened to, closed when dropped.

use crowsnest_api::logs::{LogEvent, LogQuestion};
use crowsnest_api::stream::{LAST_EVENT_ID, PATH};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, EventSource, MessageEvent};

use crate::router::encode;

/// What the stream tells.
pub(super) enum Told {
    /// It is open, for the first time or again.
    Open,
    Event(LogEvent, String),
    /// It is cut; the browser connects again by itself.
    Reconnecting,
    /// It is over, or was refused.
    Closed,
}

/// What listens to an event of this name.
type Listener = (&'static str, Closure<dyn Fn(Event)>);

/// An open stream.
pub(super) struct Feed {
    source: EventSource,
    listeners: Vec<Listener>,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.source.close();
        for (name, listener) in &self.listeners {
            let _ = self.source.remove_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        }
    }
}

impl Feed {
    /// Opens the stream of `question`, going on from `last_id` unless that is empty. `None` where the browser refuses.
    pub(super) fn open(
        question: &LogQuestion,
        last_id: &str,
        told: impl Fn(Told) + Clone + 'static,
    ) -> Option<Self> {
        let mut address = url(question);
        if !last_id.is_empty() {
            address.push_str(&format!("&{LAST_EVENT_ID}={}", encode(last_id)));
        }
        let source = EventSource::new(&address).ok()?;
        let mut listeners = Vec::new();
        for name in LogEvent::NAMES.into_iter().chain(["open", "error"]) {
            let (told, state) = (told.clone(), source.clone());
            let listener = Closure::<dyn Fn(Event)>::new(move |event: Event| {
                if let Some(read) = read(name, &event, &state) {
                    told(read);
                }
            });
            source.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref()).ok()?;
            listeners.push((name, listener));
        }
        Some(Self { source, listeners })
    }
}

/// `None` for an event that this version does not understand.
fn read(name: &str, event: &Event, source: &EventSource) -> Option<Told> {
    match name {
        "open" => Some(Told::Open),
        "error" if source.ready_state() == EventSource::CLOSED => Some(Told::Closed),
        "error" => Some(Told::Reconnecting),
        name => {
            let message = event.dyn_ref::<MessageEvent>()?;
            let data = message.data().as_string()?;
            Some(Told::Event(LogEvent::parse(name, &data).ok()?, message.last_event_id()))
        }
    }
}

/// The address of a question's answer, relative as all are.
pub(super) fn url(question: &LogQuestion) -> String {
    let parameters = question.parameters();
    let parameters = parameters.iter().map(|(name, value)| format!("&{name}={}", encode(value)));
    format!("{PATH}?kind=logs{}", parameters.collect::<String>())
}
