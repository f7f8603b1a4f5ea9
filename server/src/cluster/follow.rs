//! A kind that the server follows by itself: a list, then what changes, again and again, from where it was.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tracing::debug;

use super::{As, Cluster, ClusterError, Form, Path, Status, WatchLine};
use crate::watching::Backoff;

/// A watch that has lasted so long is well; one that ends sooner, again and again, is waited for.
const WELL_AFTER: Duration = Duration::from_secs(5);

/// What is followed, and what becomes of it.
pub(crate) trait Followed: Send {
    /// What it is called in the log.
    fn what(&self) -> String;

    /// What is watched.
    fn path(&self) -> Result<Path, ClusterError>;

    /// As what it is watched.
    fn form(&self) -> Form {
        Form::Whole
    }

    /// Takes in what is there now; gives the position after it.
    fn list(&mut self) -> impl Future<Output = Result<String, ClusterError>> + Send;

    /// A watch was begun, or could not be.
    fn begun(&mut self, _is_begun: bool) {}

    /// Takes in what has become of an object, which comes as its JSON.
    fn take(&mut self, event: Event, object: &[u8]) -> impl Future<Output = Result<(), ClusterError>> + Send;

    /// The server may not list or watch this, or the cluster does not have it: how long to wait before it is listed anew.
    fn refused(&mut self, status: &Status) -> Duration;
}

/// What has become of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Added,
    Modified,
    Deleted,
}

/// An object or a list, of which the position alone is read.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Positioned {
    metadata: Position,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Position {
    resource_version: String,
    r#continue: String,
}

/// A page of a list.
#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    metadata: Position,
    items: Vec<T>,
}

impl Positioned {
    /// The position, where it has one.
    pub(crate) fn position(self) -> Option<String> {
        Some(self.metadata.resource_version).filter(|version| !version.is_empty())
    }

    /// The position after a list, which has to have one.
    pub(crate) fn after(self) -> Result<String, ClusterError> {
        self.position().ok_or_else(|| ClusterError::Answer("a list has no resourceVersion".to_owned()))
    }
}

impl Cluster {
    /// All objects that a path lists for the server's own account, page by page, and the position after them; no more pages once there are `most`.
    pub(crate) async fn list_all<T>(
        &self,
        base: &Path,
        most: usize,
    ) -> Result<(Vec<T>, Positioned), ClusterError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let (mut found, mut next) = (Vec::new(), String::new());
        loop {
            let path = if next.is_empty() { base.clone() } else { base.clone().with("continue", &next) };
            let Page { metadata, items } = self.get::<Page<T>>(As::Server, &path, Form::Whole).await?;
            found.extend(items);
            if metadata.r#continue.is_empty() || found.len() >= most {
                return Ok((found, Positioned { metadata }));
            }
            next = metadata.r#continue;
        }
    }

    /// Follows a kind with the server's own account until this is dropped.
    pub(crate) async fn follow(&self, mut followed: impl Followed) {
        let mut backoff = Backoff::new();
        let mut position = None;
        loop {
            let began = Instant::now();
            let wait = match self.turn(&mut followed, &mut position, &mut backoff).await {
                Ok(()) if began.elapsed() >= WELL_AFTER => continue,
                Ok(()) => backoff.wait(None),
                Err(ClusterError::Refused(status)) if status.is_gone() => {
                    position = None;
                    backoff.wait(None)
                }
                Err(ClusterError::Refused(status)) if matches!(status.code, 401 | 403 | 404) => {
                    position = None;
                    followed.refused(&status)
                }
                Err(error) => {
                    debug!(what = followed.what(), error = error.told(), "a watch is interrupted");
                    backoff.wait(None)
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Lists if need be, and watches until the API server ends that.
    async fn turn(
        &self,
        followed: &mut impl Followed,
        position: &mut Option<String>,
        backoff: &mut Backoff,
    ) -> Result<(), ClusterError> {
        let version = match position.clone() {
            Some(version) => version,
            None => followed.list().await?,
        };
        *position = Some(version.clone());
        let watch = self.watch(As::Server, followed.path()?, followed.form(), &version).await;
        followed.begun(watch.is_ok());
        let mut lines = watch?;
        loop {
            let line = match lines.next().await {
                Ok(Some(line)) => line,
                // A connection that breaks is made again at once; only when that fails is it trouble.
                Ok(None) | Err(ClusterError::Unreachable(_)) => return Ok(()),
                Err(error) => return Err(error),
            };
            let line = WatchLine::read(&line)?;
            let event = match line.r#type {
                "ADDED" => Some(Event::Added),
                "MODIFIED" => Some(Event::Modified),
                "DELETED" => Some(Event::Deleted),
                "BOOKMARK" => None,
                other => {
                    return Err(ClusterError::Answer(format!("a watch has an event of type {other:?}")));
                }
            };
            if let Some(event) = event {
                followed.take(event, line.object()).await?;
            }
            let seen: Positioned = serde_json::from_slice(line.object()).unwrap_or_default();
            if let Some(version) = seen.position() {
                *position = Some(version);
                backoff.reset();
            }
        }
    }
}
