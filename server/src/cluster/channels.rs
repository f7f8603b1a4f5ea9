//! Kubernetes' channels over a WebSocket: how one talks with a process in a container.
//!
//! The first byte of a message is its channel, the rest is what goes over it.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, Request, StatusCode};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use openssl::base64::encode_block;
use serde::Deserialize;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

use super::port::PortConnection;
use super::{As, Cluster, ClusterError, Path};

/// What RFC 6455 appends to the key of a client.
const HANDSHAKE: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The versions of the protocol that are spoken, the better one first. Only the fifth can close the input.
const V5: &str = "v5.channel.k8s.io";
const V4: &str = "v4.channel.k8s.io";
/// The largest message of an API server; it sends parts of some kilobytes.
const MAX_MESSAGE: usize = 1 << 20;
/// The upgrade, whose answer has no body, takes no longer.
const TIMEOUT: Duration = Duration::from_secs(30);

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
const RESIZE: u8 = 4;
const CLOSE: u8 = 255;

pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// What goes to the process.
pub(crate) struct ToProcess {
    sink: SplitSink<Socket, Message>,
    can_close: bool,
}

/// What comes from the process.
pub(crate) struct FromProcess(SplitStream<Socket>);

/// One thing that comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Out(Vec<u8>),
    Err(Vec<u8>),
    /// It has ended: with which code, and why where that is not all.
    Ended(Option<i32>, String),
}

impl Cluster {
    /// Asks for a subresource that talks by channels. The API server checks the right to it; without its 101 nothing is ever sent over the
    /// connection.
    pub(crate) async fn channels(
        &self,
        who: As<'_>,
        path: &Path,
    ) -> Result<(ToProcess, FromProcess), ClusterError> {
        let (socket, protocol) = self.upgrade(who, path, &[V5, V4]).await?;
        let (sink, stream) = socket.split();
        Ok((ToProcess { sink, can_close: protocol == V5 }, FromProcess(stream)))
    }

    /// A connection to a port of a pod, whose address this is. The API server checks the right to it.
    pub(crate) async fn port(
        &self,
        who: As<'_>,
        pod: Path,
        port: u16,
    ) -> Result<PortConnection, ClusterError> {
        let path = pod.below("portforward").with("ports", &port.to_string());
        let (socket, _) = self.upgrade(who, &path, &[V4]).await?;
        Ok(PortConnection::over(socket))
    }

    /// A WebSocket in one of these protocols, the best one first.
    async fn upgrade(
        &self,
        who: As<'_>,
        path: &Path,
        protocols: &[&'static str],
    ) -> Result<(Socket, &'static str), ClusterError> {
        let mut nonce = [0; 16];
        openssl::rand::rand_bytes(&mut nonce).map_err(|error| ClusterError::Answer(error.to_string()))?;
        let key = encode_block(&nonce);
        let request = Request::get(path.to_string())
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key)
            .header(SEC_WEBSOCKET_PROTOCOL, protocols.join(", "));
        let upgrade = async {
            let response = self.exchange(who, request, Vec::new()).await?;
            if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                let status = response.status();
                return Err(match self.accept(response).await {
                    Err(error) => error,
                    Ok(_) => ClusterError::Answer(format!("HTTP status {status} to an upgrade")),
                });
            }
            let protocol = agreed(response.headers(), &key, protocols)
                .map_err(|why| ClusterError::Answer(why.to_owned()))?;
            let upgraded = hyper::upgrade::on(response).await;
            Ok((upgraded.map_err(|error| ClusterError::Unreachable(error.into()))?, protocol))
        };
        let upgraded = tokio::time::timeout(TIMEOUT, upgrade).await;
        let (upgraded, protocol) = upgraded.unwrap_or(Err(ClusterError::TimedOut(TIMEOUT)))?;
        let config =
            WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
        let socket =
            WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, Some(config)).await;
        Ok((socket, protocol))
    }
}

/// Whether the answer to an upgrade is one, and which of the protocols it is.
fn agreed(headers: &HeaderMap, key: &str, protocols: &[&'static str]) -> Result<&'static str, &'static str> {
    let header =
        |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header(SEC_WEBSOCKET_ACCEPT) != accept_key(key) {
        return Err("the answer to an upgrade is not to this one");
    }
    let spoken = header(SEC_WEBSOCKET_PROTOCOL);
    let known = protocols.iter().find(|known| **known == spoken);
    known.copied().ok_or("it speaks none of the known versions of channels")
}

/// What answers a client's key.
pub(crate) fn accept_key(key: &str) -> String {
    encode_block(&openssl::sha::sha1(format!("{key}{HANDSHAKE}").as_bytes()))
}

impl ToProcess {
    /// What is typed.
    pub(crate) async fn input(&mut self, bytes: &[u8]) -> Result<(), ClusterError> {
        self.send(STDIN, bytes).await
    }

    /// The terminal has another size.
    pub(crate) async fn resize(&mut self, columns: u16, rows: u16) -> Result<(), ClusterError> {
        self.send(RESIZE, format!("{{\"Width\":{columns},\"Height\":{rows}}}").as_bytes()).await
    }

    /// Nothing more will be typed. The fourth version has no way to say so.
    pub(crate) async fn end_of_input(&mut self) -> Result<(), ClusterError> {
        if self.can_close { self.send(CLOSE, &[STDIN]).await } else { Ok(()) }
    }

    async fn send(&mut self, channel: u8, bytes: &[u8]) -> Result<(), ClusterError> {
        let mut message = Vec::with_capacity(bytes.len() + 1);
        message.push(channel);
        message.extend_from_slice(bytes);
        self.sink.send(Message::Binary(message.into())).await.map_err(broken)
    }

    /// Says good-bye; a process of a terminal gets SIGHUP by it.
    pub(crate) async fn close(mut self) {
        self.sink.close().await.ok();
    }
}

impl FromProcess {
    /// The next thing; `None` when the connection ends without a word about the process.
    pub(crate) async fn next(&mut self) -> Result<Option<Heard>, ClusterError> {
        loop {
            let message = match self.0.next().await {
                None => return Ok(None),
                Some(Err(tungstenite::Error::ConnectionClosed)) => return Ok(None),
                Some(Err(error)) => return Err(broken(error)),
                Some(Ok(Message::Close(_))) => return Ok(None),
                Some(Ok(message)) => message,
            };
            let Message::Binary(bytes) = message else { continue };
            match bytes.split_first() {
                Some((&STDOUT, text)) if !text.is_empty() => return Ok(Some(Heard::Out(text.to_vec()))),
                Some((&STDERR, text)) if !text.is_empty() => return Ok(Some(Heard::Err(text.to_vec()))),
                Some((&STATUS, status)) => return Ok(Some(ended(status))),
                _ => {}
            }
        }
    }
}

fn broken(error: tungstenite::Error) -> ClusterError {
    ClusterError::Unreachable(error.into())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    status: String,
    message: String,
    details: Details,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    causes: Vec<Cause>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cause {
    reason: String,
    message: String,
}

/// How a process ended, from the last message of its session.
fn ended(status: &[u8]) -> Heard {
    let Ok(status) = serde_json::from_slice::<Status>(status) else {
        return Heard::Ended(None, String::from_utf8_lossy(status).chars().take(500).collect());
    };
    if status.status == "Success" {
        return Heard::Ended(Some(0), String::new());
    }
    let code = status.details.causes.iter().find(|cause| cause.reason == "ExitCode");
    Heard::Ended(code.and_then(|cause| cause.message.parse().ok()), status.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_says_how_the_process_ended() {
        assert_eq!(ended(br#"{"status":"Success"}"#), Heard::Ended(Some(0), String::new()));
        let failed = br#"{"status":"Failure","message":"exit status 3","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}"#;
        assert_eq!(ended(failed), Heard::Ended(Some(3), "exit status 3".into()));
        assert_eq!(ended(br#"{"status":"Failure","message":"no"}"#), Heard::Ended(None, "no".into()));
        assert_eq!(ended(b"nonsense"), Heard::Ended(None, "nonsense".into()));
    }

    #[test]
    fn an_answer_to_another_upgrade_or_in_another_protocol_is_none() {
        // The example of RFC 6455.
        assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let headers = |accept: &str, protocol: &'static str| {
            HeaderMap::from_iter([
                (SEC_WEBSOCKET_ACCEPT, accept.parse().unwrap()),
                (SEC_WEBSOCKET_PROTOCOL, protocol.parse().unwrap()),
            ])
        };
        let agreed = |headers: &HeaderMap| agreed(headers, "k", &[V5, V4]);
        assert_eq!(agreed(&headers(&accept_key("k"), V5)), Ok(V5));
        assert_eq!(agreed(&headers(&accept_key("k"), V4)), Ok(V4));
        assert!(agreed(&headers(&accept_key("other"), V5)).is_err());
        assert!(agreed(&headers(&accept_key("k"), "channel.k8s.io")).is_err());
        assert!(agreed(&HeaderMap::new()).is_err());
    }
}
