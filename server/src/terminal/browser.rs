//! The browser's side of a terminal.

use std::time::Duration;

use crowsnest_api::terminal::{Hello, MAX_MESSAGE, STDERR, STDOUT, Said, Told};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

/// The first message comes within this time, or never.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// So long good-byes may take.
const GOOD_BYE_WITHIN: Duration = Duration::from_secs(2);

/// What a browser does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Does {
    Types(Vec<u8>),
    Says(Said),
    /// It shows that it is there.
    Lives,
    Leaves,
}

/// What a browser says.
pub(super) struct FromBrowser<S = TokioIo<Upgraded>>(SplitStream<WebSocketStream<S>>);

/// What is said to it.
pub(super) struct ToBrowser<S = TokioIo<Upgraded>>(SplitSink<WebSocketStream<S>, Message>);

/// The two sides of an upgraded connection.
pub(super) async fn sides<S>(stream: S) -> (FromBrowser<S>, ToBrowser<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config =
        WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let (sink, stream) = socket.split();
    (FromBrowser(stream), ToBrowser(sink))
}

impl<S: AsyncRead + AsyncWrite + Unpin> FromBrowser<S> {
    /// The first message; `None` where there is none in time, or it is something else.
    pub(super) async fn hello(&mut self) -> Option<Hello> {
        let due = Instant::now() + HELLO_WITHIN;
        loop {
            match tokio::time::timeout_at(due, self.0.next()).await.ok()??.ok()? {
                Message::Text(text) => return serde_json::from_str(&text).ok(),
                Message::Ping(_) | Message::Pong(_) => {}
                _ => return None,
            }
        }
    }

    /// What the browser does next. Messages that are too long, or no messages at all, are leaving, too.
    pub(super) async fn next(&mut self) -> Does {
        match self.0.next().await {
            Some(Ok(Message::Binary(bytes))) => Does::Types(bytes.to_vec()),
            // A message of a later version is not for us.
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).map_or(Does::Lives, Does::Says),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Does::Lives,
            Some(Ok(Message::Close(_)) | Err(_)) | None => Does::Leaves,
        }
    }
}

/// The browser is gone.
#[derive(Debug)]
pub(super) struct Gone;

impl<S: AsyncRead + AsyncWrite + Unpin> ToBrowser<S> {
    pub(super) async fn output(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        self.stream(STDOUT, bytes).await
    }

    pub(super) async fn errors(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        self.stream(STDERR, bytes).await
    }

    async fn stream(&mut self, which: u8, bytes: &[u8]) -> Result<(), Gone> {
        for part in bytes.chunks(MAX_MESSAGE - 1) {
            let mut message = Vec::with_capacity(part.len() + 1);
            message.push(which);
            message.extend_from_slice(part);
            self.0.send(Message::Binary(message.into())).await.map_err(|_| Gone)?;
        }
        Ok(())
    }

    pub(super) async fn ping(&mut self) -> Result<(), Gone> {
        self.0.send(Message::Ping(Vec::new().into())).await.map_err(|_| Gone)
    }

    pub(super) async fn tell(&mut self, told: &Told) -> Result<(), Gone> {
        let text = serde_json::to_string(told).map_err(|_| Gone)?;
        self.0.send(Message::Text(text.into())).await.map_err(|_| Gone)
    }

    /// The last message, if it still gets there.
    pub(super) async fn end(mut self, told: Option<&Told>) {
        let good_bye = async {
            if let Some(told) = told {
                self.tell(told).await?;
            }
            let close = CloseFrame { code: CloseCode::Normal, reason: "".into() };
            self.0.send(Message::Close(Some(close))).await.map_err(|_| Gone)
        };
        tokio::time::timeout(GOOD_BYE_WITHIN, good_bye).await.ok();
    }
}

#[cfg(test)]
mod tests {
    use crowsnest_api::terminal::Size;

    use super::*;

    type Client = WebSocketStream<tokio::io::DuplexStream>;

    async fn pair() -> (Client, FromBrowser<tokio::io::DuplexStream>, ToBrowser<tokio::io::DuplexStream>) {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let client = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
        let (from, to) = sides(ours).await;
        (client, from, to)
    }

    #[tokio::test]
    async fn the_first_message_is_a_hello_or_the_last() {
        for (message, is_hello) in [
            (Message::Text(r#"{"csrf":"x","size":{"columns":80,"rows":24}}"#.into()), true),
            (Message::Text("{}".into()), false),
            (Message::Binary(b"ls\n".to_vec().into()), false),
        ] {
            let (mut client, mut from, _to) = pair().await;
            client.send(message.clone()).await.unwrap();
            assert_eq!(from.hello().await.is_some(), is_hello, "{message:?}");
        }
    }

    #[tokio::test]
    async fn what_is_too_long_or_nonsense_ends_the_terminal_and_nothing_else() {
        let (mut client, mut from, _to) = pair().await;
        let resize = r#"{"event":"resize","columns":80,"rows":24}"#;
        client.send(Message::Text(resize.into())).await.unwrap();
        assert_eq!(from.next().await, Does::Says(Said::Resize(Size { columns: 80, rows: 24 })));
        for odd in ["", "null", "{\"event\":\"unicorn\"}", "{\"event\":\"resize\",\"columns\":-1}"] {
            client.send(Message::Text(odd.into())).await.unwrap();
            assert_eq!(from.next().await, Does::Lives, "{odd}");
        }
        client.send(Message::Binary(vec![b'x'; MAX_MESSAGE].into())).await.unwrap();
        assert!(matches!(from.next().await, Does::Types(typed) if typed.len() == MAX_MESSAGE));
        client.send(Message::Binary(vec![b'x'; MAX_MESSAGE + 1].into())).await.unwrap();
        assert_eq!(from.next().await, Does::Leaves);
    }

    #[tokio::test]
    async fn bytes_that_are_no_frames_end_the_terminal() {
        use tokio::io::AsyncWriteExt as _;
        for seed in 0_u8..64 {
            let (ours, mut theirs) = tokio::io::duplex(1 << 16);
            let (mut from, _to) = sides(ours).await;
            let noise: Vec<u8> = (0_u8..200).map(|n| n.wrapping_mul(seed).wrapping_add(seed ^ n)).collect();
            theirs.write_all(&noise).await.unwrap();
            drop(theirs);
            // Whatever it is taken for, it ends.
            while from.next().await != Does::Leaves {}
        }
    }
}
