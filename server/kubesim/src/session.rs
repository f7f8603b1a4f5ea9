//! Sessions with processes: Kubernetes' channels over a WebSocket.
//!
//! The first byte of a message is its channel, the rest is what goes over it. The last message of a session is a
//! `Status` that says how the process ended.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use crate::{
    api::log::Follow,
    cluster::Cluster,
    controllers::kubelet,
    kubelet::shell::{
        Size,
        process::{Effect, Process},
    },
};

/// The largest message either way.
pub(crate) const LARGEST_MESSAGE: usize = 64 * 1024;

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
const RESIZE: u8 = 4;
/// Closes another channel; only version 5 has it.
const CLOSE: u8 = 255;

/// The versions of the protocol that are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    V5,
    V4,
}

impl Protocol {
    pub(crate) const ALL: [Protocol; 2] = [Protocol::V5, Protocol::V4];

    /// The newest of those that a client offers in `Sec-WebSocket-Protocol`.
    pub(crate) fn choose(offered: &str) -> Option<Protocol> {
        let offers = |protocol: &Protocol| offered.split(',').any(|name| name.trim() == protocol.name());
        Protocol::ALL.into_iter().find(offers)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Protocol::V5 => "v5.channel.k8s.io",
            Protocol::V4 => "v4.channel.k8s.io",
        }
    }
}

/// A session that is about to begin.
#[derive(Debug)]
pub(crate) struct Session {
    /// None if the container has no such program.
    pub(crate) process: Option<Process>,
    /// What the process says by itself.
    pub(crate) log: Option<Box<Follow>>,
    /// The pod's key and the container, where the process is the one that the container runs: it ends with it.
    pub(crate) main: Option<(String, String)>,
    pub(crate) command: Vec<String>,
    pub(crate) protocol: Protocol,
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
}

/// The connection after its upgrade; none where the client has gone.
pub(crate) async fn accept(upgrade: OnUpgrade) -> Option<WebSocketStream<TokioIo<Upgraded>>> {
    let upgraded = upgrade.await.ok()?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE));
    Some(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await)
}

impl Session {
    /// Runs until the process, the client or the cluster ends.
    pub(crate) async fn run(self, cluster: &Cluster, upgrade: OnUpgrade) {
        let (mut ending, mut chaos) = (cluster.ending.subscribe(), cluster.chaos.subscribe());
        let Some(socket) = accept(upgrade).await else { return };
        let main = self.main.clone();
        tokio::select! {
            result = self.converse(socket) => match (result, main) {
                (Ok(Some(code)), Some((pod, container))) => {
                    kubelet::container_ended(cluster, &pod, &container, code);
                }
                (Ok(_), _) => {}
                (Err(error), _) => tracing::debug!(%error, "session ended"),
            },
            _ = ending.wait_for(|ending| *ending) => {}
            _ = chaos.wait_for(|chaos| chaos.cut) => {}
        }
    }

    /// The code that the process ended with, if it did.
    async fn converse<S>(mut self, mut socket: WebSocketStream<S>) -> Result<Option<i32>, tungstenite::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        // As kubelets do, so that a client learns that the session has begun.
        socket.send(message(STDOUT, b"")).await?;
        let Some(process) = &mut self.process else {
            let status = not_started(self.command.first().map_or("", String::as_str));
            socket.send(message(STATUS, status.to_string().as_bytes())).await?;
            finish(&mut socket).await?;
            return Ok(None);
        };
        let mut effects = process.start();
        loop {
            for effect in effects {
                let (channel, wanted, bytes) = match effect {
                    Effect::Out(bytes) => (STDOUT, self.stdout, bytes),
                    Effect::Err(bytes) => (STDERR, self.stderr, bytes),
                    Effect::Exit(code) => {
                        socket.send(message(STATUS, ended(code).to_string().as_bytes())).await?;
                        finish(&mut socket).await?;
                        return Ok(Some(code));
                    }
                };
                for part in bytes.chunks(LARGEST_MESSAGE / 2).filter(|_| wanted) {
                    socket.send(message(channel, part)).await?;
                }
            }
            let heard = tokio::select! {
                heard = socket.next() => heard,
                said = said(&mut self.log) => {
                    effects = vec![said.map_or(Effect::Exit(0), |bytes| Effect::Out(bytes.to_vec()))];
                    continue;
                }
            };
            effects = match heard {
                None | Some(Ok(Message::Close(_))) => return Ok(None),
                Some(Err(error)) => return Err(error),
                Some(Ok(Message::Binary(bytes))) => match bytes.split_first() {
                    Some((&STDIN, typed)) => process.input(typed),
                    Some((&RESIZE, size)) => {
                        if let Some(size) = size_of(size) {
                            process.resize(size);
                        }
                        Vec::new()
                    }
                    Some((&CLOSE, [STDIN])) if self.protocol == Protocol::V5 => process.end_of_input(),
                    _ => Vec::new(),
                },
                Some(Ok(_)) => Vec::new(),
            };
        }
    }
}

/// What a process says by itself next; `None` when it has ended.
async fn said(log: &mut Option<Box<Follow>>) -> Option<Bytes> {
    match log {
        Some(log) => log.next().await,
        None => std::future::pending().await,
    }
}

/// Closes a session for good. Clients in Go take a close without a code for a failure.
pub(crate) async fn finish<S>(socket: &mut WebSocketStream<S>) -> Result<(), tungstenite::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).await
}

pub(crate) fn message(channel: u8, bytes: &[u8]) -> Message {
    let mut whole = Vec::with_capacity(bytes.len() + 1);
    whole.push(channel);
    whole.extend_from_slice(bytes);
    Message::Binary(Bytes::from(whole))
}

/// `{"Width":80,"Height":24}`
fn size_of(text: &[u8]) -> Option<Size> {
    let size: Value = serde_json::from_slice(text).ok()?;
    let side = |name: &str| size.get(name)?.as_u64()?.try_into().ok();
    Some(Size { columns: side("Width")?, rows: side("Height")? })
}

/// How a process ended, as a `Status`.
fn ended(code: i32) -> Value {
    if code == 0 {
        return json!({"metadata": {}, "status": "Success"});
    }
    json!({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": format!("command terminated with non-zero exit code: exit status {code}"),
        "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
    })
}

fn not_started(program: &str) -> Value {
    let cause = format!(
        "error executing command in container: failed to exec in container: exec: {program:?}: executable file not \
         found in $PATH: unknown"
    );
    json!({
        "metadata": {}, "status": "Failure", "reason": "InternalError", "code": 500,
        "message": format!("Internal error occurred: {cause}"), "details": {"causes": [{"message": cause}]},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_protocol_that_is_offered_is_spoken() {
        assert_eq!(Protocol::choose("v4.channel.k8s.io, v5.channel.k8s.io"), Some(Protocol::V5));
        assert_eq!(Protocol::choose("v4.channel.k8s.io"), Some(Protocol::V4));
        assert_eq!(Protocol::choose("channel.k8s.io"), None);
    }

    #[test]
    fn a_size_has_two_sides() {
        let size = size_of(br#"{"Width":120,"Height":40}"#);
        assert_eq!(size, Some(Size { columns: 120, rows: 40 }));
        assert_eq!(size_of(br#"{"Width":-1,"Height":40}"#), None);
        assert_eq!(size_of(b"80x24"), None);
    }
}
