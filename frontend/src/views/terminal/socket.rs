//! The WebSocket of one terminal.

use crowsnest_api::logs::LogTarget;
use crowsnest_api::stream::PATH;
use crowsnest_api::terminal::{Hello, MAX_MESSAGE, PROTOCOL, Said, Size, TerminalKind, Told};
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{BinaryType, Event, MessageEvent, WebSocket};

use crate::router::encode;

/// What is heard.
pub(super) enum Heard {
    Output(Vec<u8>),
    Told(Told),
    /// Nothing more comes.
    Closed,
}

/// What listens to an event of this name.
type Listener = (&'static str, Closure<dyn Fn(Event)>);

/// An open socket; closed when dropped.
pub(super) struct Socket {
    socket: WebSocket,
    listeners: Vec<Listener>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        for (name, listener) in &self.listeners {
            let _ = self.socket.remove_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        }
        let _ = self.socket.close();
    }
}

impl Socket {
    /// Connects, and says hello. `None` where the browser refuses.
    pub(super) fn open(
        of: &LogTarget,
        container: &str,
        kind: TerminalKind,
        hello: &Hello,
        heard: impl Fn(Heard) + Clone + 'static,
    ) -> Option<Self> {
        let address = url(of, container, kind);
        // Where the page is, whatever lies before it.
        let base =
            web_sys::Url::new_with_base(&address, &leptos::prelude::document().base_uri().ok()??).ok()?;
        base.set_protocol(if base.protocol() == "http:" { "ws:" } else { "wss:" });
        base.set_hash("");
        let socket = WebSocket::new_with_str(&base.href(), PROTOCOL).ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let first = serde_json::to_string(hello).ok()?;
        let mut listeners = Vec::new();
        for name in ["open", "message", "close"] {
            let (heard, own, first) = (heard.clone(), socket.clone(), first.clone());
            let listener = Closure::<dyn Fn(Event)>::new(move |event: Event| match name {
                "open" => {
                    let _ = own.send_with_str(&first);
                }
                "close" => heard(Heard::Closed),
                _ => {
                    if let Some(message) = read(&event) {
                        heard(message);
                    }
                }
            });
            socket.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref()).ok()?;
            listeners.push((name, listener));
        }
        Some(Self { socket, listeners })
    }

    /// Sends what is typed or pasted, in parts that the server takes.
    pub(super) fn typed(&self, bytes: &[u8]) {
        if self.socket.ready_state() == WebSocket::OPEN {
            for part in bytes.chunks(MAX_MESSAGE) {
                let _ = self.socket.send_with_u8_array(part);
            }
        }
    }

    pub(super) fn resize(&self, columns: u16, rows: u16) {
        let said = serde_json::to_string(&Said::Resize(Size { columns, rows }));
        if let Ok(said) = said
            && self.socket.ready_state() == WebSocket::OPEN
        {
            let _ = self.socket.send_with_str(&said);
        }
    }
}

fn read(event: &Event) -> Option<Heard> {
    let data = event.dyn_ref::<MessageEvent>()?.data();
    if let Some(text) = data.as_string() {
        return Told::read(&text).map(Heard::Told);
    }
    let bytes = Uint8Array::new(data.dyn_ref::<ArrayBuffer>()?).to_vec();
    bytes.split_first().map(|(_, output)| Heard::Output(output.to_vec()))
}

fn url(of: &LogTarget, container: &str, kind: TerminalKind) -> String {
    format!("{PATH}?kind={}&of={}&container={}", kind.name(), encode(&of.to_string()), encode(container))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_names_pod_and_container() {
        let of = "core.v1.pods/shop/web-1".parse().unwrap();
        assert_eq!(
            url(&of, "main", TerminalKind::Exec),
            "stream/log?kind=exec&of=core.v1.pods%2Fshop%2Fweb-1&container=main"
        );
    }
}
