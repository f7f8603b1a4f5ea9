//! A connection on which nothing moves is given up.
//!
//! Hyper has a limit for the head of an HTTP/1 request, but none before it knows which protocol is spoken, none for the
//! beginning of HTTP/2, and none for a client that takes no answer. Without one, a few thousand clients that do nothing
//! would keep all others out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use openssl::error::ErrorStack;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A stream that fails with [`io::ErrorKind::TimedOut`] when neither direction has moved for `limit`.
///
/// Whatever keeps a connection open for longer has to send something now and then.
pub(super) struct StallLimit<S> {
    stream: S,
    limit: Duration,
    /// When bytes last went either way.
    moved: Instant,
    /// Set to a moment at or before the one at which `limit` is over; looked at only while nothing moves.
    alarm: Pin<Box<Sleep>>,
}

impl<S> StallLimit<S> {
    pub(super) fn new(stream: S, limit: Duration) -> Self {
        let moved = Instant::now();
        Self { stream, limit, moved, alarm: Box::pin(tokio::time::sleep_until(moved + limit)) }
    }

    /// Passes on what became of an operation; one that has to wait fails when nothing has moved for too long.
    fn watch<T>(&mut self, context: &mut Context<'_>, operation: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if operation.is_ready() {
            self.moved = Instant::now();
            return operation;
        }
        loop {
            ready!(self.alarm.as_mut().poll(context));
            let due = self.moved + self.limit;
            if Instant::now() >= due {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(due);
        }
    }
}

/// OpenSSL's queue of errors belongs to the thread, and its TLS takes what it finds there for its own: without this, whatever failed
/// elsewhere on this thread, such as a stranger's certificate, would end somebody else's connection.
fn forget_errors() {
    drop(ErrorStack::get());
}

impl<S: AsyncRead + Unpin> AsyncRead for StallLimit<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        forget_errors();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.watch(context, read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for StallLimit<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        forget_errors();
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        forget_errors();
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Moves nothing by itself: hyper flushes in vain as often as it likes.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Ready(flushed) => Poll::Ready(flushed),
            Poll::Pending => self.watch(context, Poll::Pending),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(context, ended)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_client_that_says_nothing_is_given_up() {
        let (_client, server) = duplex(64);
        let error = StallLimit::new(server, SHORT).read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_takes_no_answer_is_given_up() {
        let (_client, server) = duplex(1);
        let error = StallLimit::new(server, SHORT).write_all(b"answer").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn bytes_in_either_direction_count_as_movement() {
        let (mut client, server) = duplex(64);
        let mut server = StallLimit::new(server, LONG);
        let before = server.moved;
        client.write_all(b"x").await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), b'x');
        let after_read = server.moved;
        assert!(after_read > before);
        server.write_all(b"y").await.unwrap();
        assert!(server.moved > after_read);
        assert_eq!(client.read_u8().await.unwrap(), b'y');
    }
}
