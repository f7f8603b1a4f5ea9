//! Lines of a log as the API server sends them: each with its time before it.

use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use crowsnest_api::logs::{LogLine, MAX_LINE_BYTES, MAX_LINES};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use tokio::time::Instant;

use crate::cluster::ClusterError;

/// Lines of so many bytes are told together, but for the last of them.
const MAX_BYTES: usize = 256 << 10;
/// So long the first line of some waits for the others.
const WAIT: Duration = Duration::from_millis(40);
/// The longest time before a line: `2026-11-21T08:00:00.123456789+01:00`.
const MAX_TIME: usize = 35;

/// Reads lines. Nothing is lost when it is given up half-way and asked for again.
pub(super) struct Lines<B> {
    body: B,
    buffer: BytesMut,
    /// Bytes of the line at hand that were left out already.
    cut: usize,
    /// Lines that are complete.
    ready: Vec<LogLine>,
    bytes: usize,
    due: Option<Instant>,
    over: bool,
}

impl<B> Lines<B>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin,
{
    pub(super) fn new(body: B) -> Self {
        Self { body, buffer: BytesMut::new(), cut: 0, ready: Vec::new(), bytes: 0, due: None, over: false }
    }

    /// The next lines, at least one; `None` at the end. A line without an end is told at the end of the log.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<LogLine>>, ClusterError> {
        loop {
            self.split();
            if self.is_full() || (self.over && !self.ready.is_empty()) {
                return Ok(Some(self.take()));
            }
            if self.over {
                return Ok(None);
            }
            let due = self.due;
            let frame = tokio::select! {
                biased;
                frame = self.body.frame() => frame,
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    return Ok(Some(self.take()));
                }
            };
            match frame {
                None => self.end(),
                // What was read before it counts.
                Some(Err(_)) if !self.ready.is_empty() => return Ok(Some(self.take())),
                Some(Err(error)) => return Err(ClusterError::Unreachable(error.into())),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
            }
        }
    }

    fn is_full(&self) -> bool {
        self.ready.len() >= MAX_LINES || self.bytes >= MAX_BYTES
    }

    fn take(&mut self) -> Vec<LogLine> {
        (self.bytes, self.due) = (0, None);
        std::mem::take(&mut self.ready)
    }

    fn end(&mut self) {
        self.over = true;
        if !self.buffer.is_empty() {
            self.buffer.extend_from_slice(b"\n");
            self.split();
        }
    }

    /// Takes lines out of the buffer, up to a full batch; of a line that is too long only its beginning stays there.
    fn split(&mut self) {
        while !self.is_full() {
            let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') else { break };
            let line = self.buffer.split_to(end + 1);
            self.push(line.get(..end).unwrap_or_default());
        }
        let most = MAX_LINE_BYTES + MAX_TIME + 1;
        if !self.is_full() && self.buffer.len() > most {
            self.cut += self.buffer.len() - most;
            self.buffer.truncate(most);
        }
    }

    fn push(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (time, text) = time_and_text(line);
        let kept = text.get(..MAX_LINE_BYTES).unwrap_or(text);
        let cut = std::mem::take(&mut self.cut) + text.len() - kept.len();
        let line = LogLine { t: time.to_owned(), m: String::from_utf8_lossy(kept).into_owned(), cut };
        self.bytes += line.m.len() + line.t.len();
        self.ready.push(line);
        self.due.get_or_insert_with(|| Instant::now() + WAIT);
    }
}

/// The time before a line, and the line; no time where there is none.
fn time_and_text(line: &[u8]) -> (&str, &[u8]) {
    let Some(end) = line.iter().take(MAX_TIME + 1).position(|byte| *byte == b' ') else { return ("", line) };
    let (time, text) = line.split_at(end);
    let digits = time.first().is_some_and(u8::is_ascii_digit) && time.get(10) == Some(&b'T');
    match std::str::from_utf8(time) {
        Ok(time) if digits => (time, text.get(1..).unwrap_or_default()),
        _ => ("", line),
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    async fn read(chunks: &[&[u8]]) -> Vec<Vec<LogLine>> {
        let frames: Vec<_> = chunks
            .iter()
            .map(|chunk| Ok::<_, std::io::Error>(Frame::data(Bytes::copy_from_slice(chunk))))
            .collect();
        let mut lines = Lines::new(StreamBody::new(futures_util::stream::iter(frames)));
        let mut all = Vec::new();
        while let Some(some) = lines.next().await.unwrap() {
            all.push(some);
        }
        all
    }

    #[tokio::test]
    async fn lines_are_found_wherever_the_network_cuts_them() {
        let told =
            read(&[b"2026-11-21T08:00:00.1Z he", b"llo\r\n2026-11-21T08:00:01Z \nno time", b" here"]).await;
        let told: Vec<(&str, &str)> =
            told.iter().flatten().map(|line| (line.t.as_str(), line.m.as_str())).collect();
        assert_eq!(
            told,
            [("2026-11-21T08:00:00.1Z", "hello"), ("2026-11-21T08:00:01Z", ""), ("", "no time here")]
        );
    }

    #[tokio::test]
    async fn a_long_line_is_cut_and_says_so_and_the_next_one_is_whole() {
        let long = vec![b'x'; MAX_LINE_BYTES * 3 + 7];
        let told = read(&[
            b"2026-11-21T08:00:00Z ",
            &long[..MAX_LINE_BYTES * 2],
            &long[MAX_LINE_BYTES * 2..],
            b"\nok\n",
        ])
        .await;
        let told: Vec<_> = told.concat();
        assert_eq!((told[0].m.len(), told[0].cut), (MAX_LINE_BYTES, MAX_LINE_BYTES * 2 + 7));
        assert_eq!((told[1].m.as_str(), told[1].cut), ("ok", 0));
    }

    #[tokio::test]
    async fn many_lines_are_told_in_parts_and_bytes_that_are_no_text_are_replaced() {
        let many = b"a\xffb\n".repeat(MAX_LINES * 2 + 3);
        let told = read(&[&many]).await;
        assert_eq!(told.iter().map(Vec::len).collect::<Vec<_>>(), [MAX_LINES, MAX_LINES, 3]);
        assert_eq!(told[0][0].m, "a\u{fffd}b");
    }
}
