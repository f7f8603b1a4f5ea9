//! A WebSocket client for terminals, as a browser has one: with an Origin, a cookie, and whatever a test wants to be wrong.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use openssl::ssl::{SslConnector, SslMethod, SslStream};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Message, WebSocket};

use super::Server;

pub(crate) const PROTOCOL: &str = "v1.terminal.crowsnest.dev";
const SESSION: &str = "api/crowsnest/v1/session";

/// An open terminal.
pub(crate) struct Terminal {
    socket: WebSocket<SslStream<TcpStream>>,
    /// What the process has written so far and no test has asked for.
    pub(crate) output: String,
}

/// Sends a request for an upgrade; gives the status, the answer's head, and the connection.
pub(crate) fn upgrade(
    server: &Server,
    query: &str,
    headers: &[(&str, &str)],
) -> (u16, String, SslStream<TcpStream>) {
    let address = server.url.strip_prefix("https://").unwrap().trim_end_matches('/');
    let mut builder = SslConnector::builder(SslMethod::tls()).unwrap();
    builder.set_ca_file(server.ca()).unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut stream = builder.build().connect("127.0.0.1", stream).unwrap();
    let mut head = format!(
        "GET /stream/log?{query} HTTP/1.1\r\nHost: {address}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {PROTOCOL}\r\n"
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer, stream)
}

impl Terminal {
    /// Opens a terminal as a page of the session does.
    #[track_caller]
    pub(crate) fn open(server: &Server, cookie: &str, query: &str) -> Self {
        let csrf = server.get_as(cookie, SESSION).1["csrf"].as_str().unwrap().to_owned();
        let mut terminal = Self::connect(server, cookie, query);
        terminal.say(&json!({"csrf": csrf, "size": {"columns": 80, "rows": 24}}));
        terminal
    }

    /// The same without its first message.
    #[track_caller]
    pub(crate) fn connect(server: &Server, cookie: &str, query: &str) -> Self {
        let (status, answer, stream) =
            upgrade(server, query, &[("Cookie", cookie), ("Sec-Fetch-Site", "same-origin")]);
        assert_eq!(status, 101, "{answer}");
        assert!(answer.to_lowercase().contains(&format!("sec-websocket-protocol: {PROTOCOL}")), "{answer}");
        Self { socket: WebSocket::from_raw_socket(stream, Role::Client, None), output: String::new() }
    }

    pub(crate) fn say(&mut self, message: &Value) {
        self.socket.send(Message::Text(message.to_string().into())).unwrap();
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.socket.send(Message::Binary(text.as_bytes().to_vec().into())).unwrap();
    }

    /// The next message that is text; `None` at the end. Output on the way is kept.
    pub(crate) fn told(&mut self) -> Option<Value> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Binary(bytes)) => self.output.push_str(std::str::from_utf8(&bytes[1..]).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Reads until the output has a text, and forgets all output up to its end.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) {
        while !self.output.contains(text) {
            match self.socket.read() {
                Ok(Message::Binary(bytes)) => self.output.push_str(std::str::from_utf8(&bytes[1..]).unwrap()),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("{other:?} instead of {text:?} after {:?}", self.output),
            }
        }
        let end = self.output.find(text).unwrap() + text.len();
        self.output.drain(..end);
    }
}
