//! Connections to ports of pods, over a WebSocket.
//!
//! Each port has two channels, one for its data and one for what went wrong; on both, the first message from here is the port,
//! two bytes, the lower one first. Where a connection ends, so does the session.

use std::{collections::HashMap, io, pin::Pin};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use hyper::upgrade::OnUpgrade;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message},
};

use crate::{
    cluster::Cluster,
    kubelet::site,
    object,
    session::{LARGEST_MESSAGE, accept, finish, message},
};

/// The subprotocols that are spoken.
pub(crate) const SPOKEN: &[&str] = &["v4.channel.k8s.io"];

/// A connection to a port.
trait Connection: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Connection for T {}
type BoxedConnection = Pin<Box<dyn Connection>>;

/// A session that is about to begin.
#[derive(Debug)]
pub(crate) struct PortForward {
    pub(crate) pod: Value,
    pub(crate) ports: Vec<u16>,
}

impl PortForward {
    /// Carries until a connection, the client or the cluster ends.
    pub(crate) async fn run(self, cluster: &Cluster, upgrade: OnUpgrade) {
        let (mut ending, mut chaos) = (cluster.ending.subscribe(), cluster.chaos.subscribe());
        let Some(socket) = accept(upgrade).await else { return };
        tokio::select! {
            result = self.carry(cluster, socket) => {
                if let Err(error) = result {
                    tracing::debug!(%error, "port-forward ended");
                }
            }
            _ = ending.wait_for(|ending| *ending) => {}
            _ = chaos.wait_for(|chaos| chaos.cut) => {}
        }
    }

    async fn carry<S>(
        self,
        cluster: &Cluster,
        mut socket: WebSocketStream<S>,
    ) -> Result<(), tungstenite::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut reading, mut writing) = (Vec::new(), HashMap::new());
        for (port, channel) in self.ports.iter().zip((0_u8..).step_by(2)) {
            for channel in [channel, channel + 1] {
                socket.send(message(channel, &port.to_le_bytes())).await?;
            }
            match connect(cluster, &self.pod, *port).await {
                Ok(connection) => {
                    let (read, write) = tokio::io::split(connection);
                    reading.push(said_by(channel, read));
                    writing.insert(channel, write);
                }
                Err(error) => {
                    let problem = format!(
                        "error forwarding port {port} to pod {}, uid : failed to connect to localhost:{port} inside \
                         namespace: dial tcp4 127.0.0.1:{port}: connect: {error}",
                        object::name(&self.pod)
                    );
                    socket.send(message(channel + 1, problem.as_bytes())).await?;
                    return finish(&mut socket).await;
                }
            }
        }
        let mut reading = stream::select_all(reading);
        loop {
            tokio::select! {
                said = reading.next() => match said {
                    Some((channel, Some(bytes))) => socket.send(message(channel, &bytes)).await?,
                    Some((_, None)) | None => return finish(&mut socket).await,
                },
                heard = socket.next() => match heard {
                    None | Some(Ok(Message::Close(_))) => return Ok(()),
                    Some(Err(error)) => return Err(error),
                    Some(Ok(Message::Binary(bytes))) => {
                        if !pass_on(&mut writing, &bytes).await {
                            return finish(&mut socket).await;
                        }
                    }
                    Some(Ok(_)) => {}
                },
            }
        }
    }
}

/// Writes what a client sent to the connection that it is for; says whether that goes on.
async fn pass_on(writing: &mut HashMap<u8, WriteHalf<BoxedConnection>>, bytes: &[u8]) -> bool {
    let Some((channel, bytes)) = bytes.split_first() else { return true };
    let Some(write) = writing.get_mut(channel) else { return true };
    write.write_all(bytes).await.is_ok() && write.flush().await.is_ok()
}

/// What a connection says, part by part, each with its channel; `None` at its end.
fn said_by(
    channel: u8,
    read: ReadHalf<BoxedConnection>,
) -> Pin<Box<dyn stream::Stream<Item = (u8, Option<Bytes>)> + Send>> {
    let parts = stream::unfold(Some(read), move |read| async move {
        let mut read = read?;
        let mut part = vec![0; LARGEST_MESSAGE / 2];
        match read.read(&mut part).await {
            Ok(count) if count > 0 => {
                part.truncate(count);
                Some(((channel, Some(Bytes::from(part))), Some(read)))
            }
            _ => Some(((channel, None), None)),
        }
    });
    Box::pin(parts)
}

/// What listens at a port of a pod: a socket of this machine that its address leads to, or the page of whatever declares the
/// port.
async fn connect(cluster: &Cluster, pod: &Value, port: u16) -> io::Result<BoxedConnection> {
    let address = format!("{}:{port}", object::text(pod, &["status", "podIP"]));
    if let Some(socket) = cluster.route(&address) {
        return Ok(Box::pin(TcpStream::connect(socket).await?));
    }
    match site::open(pod, port) {
        Some(stream) => Ok(Box::pin(stream)),
        None => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
    }
}
