//! Replaying WebSockets, which are recorded as the head of the answer and the first thing that the backend said.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::{compare, corpus::Exchange};
use crate::client::{Client, Request};

/// Opens a recorded WebSocket, and compares what it says; then has it say something back.
pub(super) async fn replay(client: &Client, exchange: &Exchange, subprotocols: &str) -> Result<(), String> {
    let mut headers: Vec<(String, String)> =
        [("Cookie", "sess=abc"), ("Origin", "https://apiserver.example:6443")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    if !subprotocols.is_empty() {
        let token = BASE64_URL_SAFE_NO_PAD.encode(client.token("admin-user"));
        let offered = subprotocols.replace("<base64url of the token>", &token);
        headers.push(("Sec-WebSocket-Protocol".to_owned(), offered));
    }
    let (method, path) = (exchange.method.as_str(), exchange.path.as_str());
    let request = Request { sender: &exchange.sender, method, path, headers, body: String::new() };
    let (head, opened) = client.upgrade(request).await.map_err(|error| format!("no answer: {error}"))?;
    if Some(head.status.as_u16()) != exchange.status {
        return Err(format!("status {} instead of {:?}", head.status, exchange.status));
    }
    let mut socket = match opened {
        Ok(socket) => socket,
        Err(refusal) => {
            let refusal: Value = serde_json::from_slice(&refusal).map_err(|error| error.to_string())?;
            return compare::bodies(&exchange.body, &refusal);
        }
    };
    check_headers(exchange, &head.headers)?;
    let said = socket.next().await.ok_or("nothing said")?.map_err(|error| error.to_string())?;
    let said: Value =
        serde_json::from_str(said.to_text().unwrap_or_default()).map_err(|error| error.to_string())?;
    compare::bodies(&exchange.body, &said)?;
    let ours = Message::binary(vec![7; 100_000]);
    socket.send(ours.clone()).await.map_err(|error| error.to_string())?;
    let theirs = socket.next().await.ok_or("nothing said back")?.map_err(|error| error.to_string())?;
    if theirs == ours { Ok(()) } else { Err("the backend said something else back".to_owned()) }
}

/// The recorded headers and no others; the backend's name and the date are its own.
fn check_headers(exchange: &Exchange, got: &http::HeaderMap) -> Result<(), String> {
    let own = |name: &str| matches!(name, "server" | "date");
    let mut recorded: Vec<(String, &str)> = exchange
        .answer_headers
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .filter(|(name, _)| !own(name))
        .collect();
    let mut got: Vec<(String, &str)> = got
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default()))
        .filter(|(name, _)| !own(name))
        .collect();
    recorded.sort();
    got.sort();
    if recorded == got { Ok(()) } else { Err(format!("headers {got:?} instead of {recorded:?}")) }
}
