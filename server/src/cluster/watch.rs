//! Watches as the API server sends them: lines of JSON without an end.

use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{As, Cluster, ClusterError, Form, Path, Status};
use crate::chance::fraction;

/// The longest line; an object in etcd has a twentieth of it.
const MAX_LINE: usize = 32 << 20;
/// How long a watch lasts, in seconds: the API server ends it then, and it is begun again where it was.
const LASTS: (f64, f64) = (240.0, 60.0);
/// How much longer than that nothing at all may come.
const GRACE: Duration = Duration::from_secs(30);

impl Cluster {
    /// Begins to watch what `path` lists, after `version`.
    pub(crate) async fn watch(
        &self,
        who: As<'_>,
        path: Path,
        form: Form,
        version: &str,
    ) -> Result<JsonLines<kube::client::Body>, ClusterError> {
        let lasts = Duration::from_secs_f64(LASTS.0 + LASTS.1 * fraction());
        let path = path
            .with("watch", "true")
            .with("allowWatchBookmarks", "true")
            .with("resourceVersion", version)
            .with("timeoutSeconds", &lasts.as_secs().to_string());
        let response = self.open(who, &path, form).await?;
        Ok(JsonLines::new(response.into_body(), lasts + GRACE))
    }
}

/// What a line of a watch says: a type, and the object as it stands there.
#[derive(Deserialize)]
pub(crate) struct WatchLine<'a> {
    pub(crate) r#type: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

impl<'a> WatchLine<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// Also when the line tells of one: the API server ends the watch with it.
    pub(crate) fn read(line: &'a [u8]) -> Result<Self, ClusterError> {
        let read: Self =
            serde_json::from_slice(line).map_err(|error| ClusterError::Answer(error.to_string()))?;
        if read.r#type != "ERROR" {
            return Ok(read);
        }
        let code = serde_json::from_slice::<Status>(read.object()).map_or(500, |status| status.code);
        Err(ClusterError::Refused(Status::of(code, read.object())))
    }

    /// The object's JSON.
    pub(crate) fn object(&self) -> &'a [u8] {
        self.object.get().as_bytes()
    }
}

/// Lines of an answer that has no end.
pub(crate) struct JsonLines<B> {
    body: B,
    buffer: BytesMut,
    /// So long nothing may come.
    silence: Duration,
}

impl<B> JsonLines<B>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin,
{
    pub(crate) fn new(body: B, silence: Duration) -> Self {
        Self { body, buffer: BytesMut::new(), silence }
    }

    /// The next line that is not empty; `None` at the end. Nothing is lost when it is given up half-way and asked for again.
    pub(crate) async fn next(&mut self) -> Result<Option<BytesMut>, ClusterError> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.buffer.iter().skip(searched).position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(searched + end + 1);
                if line.iter().all(u8::is_ascii_whitespace) {
                    searched = 0;
                    continue;
                }
                return Ok(Some(line));
            }
            searched = self.buffer.len();
            if searched > MAX_LINE {
                return Err(ClusterError::Answer(format!(
                    "a line of a watch has more than {MAX_LINE} bytes"
                )));
            }
            let frame = tokio::time::timeout(self.silence, self.body.frame());
            match frame.await {
                Err(_) => return Err(ClusterError::TimedOut(self.silence)),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(ClusterError::Unreachable(error.into())),
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
            }
        }
    }
}
