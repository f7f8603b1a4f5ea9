//! A reader of server-sent events, as a browser has one.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use reqwest::blocking::RequestBuilder;
use serde_json::Value;

/// Nothing that a test waits for takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: Value,
    pub(crate) id: String,
}

/// An open stream. It is closed when this is dropped and the server has something more to say.
pub(crate) struct Stream {
    events: Receiver<Event>,
    read: VecDeque<Event>,
    /// The id that a browser would send when it comes back.
    pub(crate) last_id: String,
}

impl Stream {
    /// Opens a stream, which has to be given.
    #[track_caller]
    pub(crate) fn open(request: RequestBuilder) -> Self {
        let response = request.timeout(Duration::from_secs(600)).send().unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let (send, events) = channel();
        std::thread::spawn(move || {
            let (mut name, mut data, mut id) = (String::new(), String::new(), String::new());
            for line in BufReader::new(response).lines().map_while(Result::ok) {
                match line.split_once(": ") {
                    Some(("event", value)) => value.clone_into(&mut name),
                    Some(("data", value)) => value.clone_into(&mut data),
                    Some(("id", value)) => value.clone_into(&mut id),
                    _ if line.is_empty() && !data.is_empty() => {
                        let data = serde_json::from_str(&std::mem::take(&mut data)).unwrap();
                        let event = Event { name: std::mem::take(&mut name), data, id: id.clone() };
                        if send.send(event).is_err() {
                            return;
                        }
                    }
                    _ => {}
                }
            }
        });
        Self { events, read: VecDeque::new(), last_id: String::new() }
    }

    /// The next event; `None` at the end of the stream.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Option<Event> {
        let event = self.read.pop_front().map_or_else(|| self.events.recv_timeout(PATIENCE), Ok);
        match event {
            Ok(event) => {
                self.last_id.clone_from(&event.id);
                Some(event)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no event within {PATIENCE:?}"),
        }
    }

    /// Skips events until one is as wanted.
    #[track_caller]
    pub(crate) fn find(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
        let mut skipped = Vec::new();
        loop {
            let Some(event) = self.next() else { panic!("no {what} to the end: {skipped:#?}") };
            if wanted(&event) {
                return event;
            }
            skipped.push(event);
        }
    }

    /// Skips events until a watch is in a state.
    #[track_caller]
    pub(crate) fn find_state(&mut self, watch: usize, state: &str) -> Event {
        self.find(&format!("state {state}"), |event| {
            event.name == "state" && event.data["watch"] == watch && event.data["state"] == state
        })
    }

    /// The next event but for states, which must be changes; as `TYPE name`.
    #[track_caller]
    pub(crate) fn next_changes(&mut self) -> Vec<String> {
        let event = self.find("change", |event| event.name != "state");
        assert_eq!(event.name, "change", "{event:?}");
        let told = |change: &Value| {
            let name = change["object"]["metadata"]["name"].as_str().unwrap();
            format!("{} {name}", change["type"].as_str().unwrap())
        };
        event.data["changes"].as_array().unwrap().iter().map(told).collect()
    }
}
