//! A connection to a port of a pod: the bytes of two channels of a WebSocket as one stream.
//!
//! Channel 0 has the data, channel 1 what went wrong; on both, the first two bytes from the API server are the port.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf};
use tokio_tungstenite::tungstenite::Message;

use super::channels::Socket;

const DATA: u8 = 0;
const ERROR: u8 = 1;
/// The bytes of a port at the beginning of each channel.
const PORT_BYTES: usize = 2;
/// What is under way, either way.
const BUFFER: usize = 64 << 10;
/// The longest text about what went wrong.
const MAX_PROBLEM: usize = 2 << 10;

/// What the API server said went wrong.
pub(crate) type Problem = Arc<Mutex<Option<String>>>;

/// A connection to a port.
pub(crate) struct PortConnection {
    stream: DuplexStream,
    problem: Problem,
}

impl PortConnection {
    /// What a WebSocket of the API server's carries from now on. It ends when this is dropped.
    pub(super) fn over(socket: Socket) -> Self {
        let (stream, theirs) = tokio::io::duplex(BUFFER);
        let problem = Problem::default();
        tokio::spawn(carry(socket, theirs, Arc::clone(&problem)));
        Self { stream, problem }
    }

    /// Where it is told what went wrong, for the time when the stream itself is somebody else's.
    pub(crate) fn problem(&self) -> Problem {
        Arc::clone(&self.problem)
    }
}

/// Carries both ways until one of the ends does.
async fn carry(socket: Socket, stream: DuplexStream, problem: Problem) {
    let (mut sink, mut source) = socket.split();
    let (mut read, mut write) = tokio::io::split(stream);
    let there = async {
        let mut part = vec![0; BUFFER / 2];
        loop {
            match read.read(&mut part).await {
                Ok(count) if count > 0 => {
                    let mut message = Vec::with_capacity(count + 1);
                    message.push(DATA);
                    message.extend_from_slice(part.get(..count).unwrap_or_default());
                    if sink.send(Message::Binary(message.into())).await.is_err() {
                        return;
                    }
                }
                _ => return,
            }
        }
    };
    let back = async {
        // Bytes of the port that are still to come, on each channel.
        let mut heads = [PORT_BYTES; 2];
        while let Some(Ok(message)) = source.next().await {
            let Message::Binary(bytes) = message else { continue };
            let Some((&channel, bytes)) = bytes.split_first() else { continue };
            let Some(head) = heads.get_mut(usize::from(channel)) else { continue };
            let skipped = (*head).min(bytes.len());
            *head -= skipped;
            let bytes = bytes.get(skipped..).unwrap_or_default();
            match channel {
                DATA if write.write_all(bytes).await.is_err() => return,
                ERROR if !bytes.is_empty() => {
                    let text =
                        String::from_utf8_lossy(bytes.get(..MAX_PROBLEM).unwrap_or(bytes)).into_owned();
                    *problem.lock() = Some(text);
                    return;
                }
                _ => {}
            }
        }
    };
    tokio::select! {
        () = there => {}
        () = back => {}
    }
    // Both halves go, and with them the connections.
    sink.close().await.ok();
}

impl AsyncRead for PortConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for PortConnection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
