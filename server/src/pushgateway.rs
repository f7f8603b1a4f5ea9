//! The API of the Pushgateway (<https://github.com/prometheus/pushgateway#api>): jobs that end push what they have to say, and it
//! stays until it is replaced or deleted.
//!
//! The Pushgateway waits to be scraped. Here each group is stored as it comes, and again every fifteen seconds as if it had been; what
//! is gone of it ends with a staleness marker. A job that has ended has not failed: groups are no sources that must not fall silent.

mod group;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Path, State};
use crowsnest_api::Timestamp;
use crowsnest_scrape::Family;
use crowsnest_scrape::text::{Dialect, Limits, ParseError, parse_dialect};
use crowsnest_tsdb::{AppendError, Appended, Appender, Batch, Origin, SeriesBatch};
use http::{HeaderMap, Method, StatusCode};
use parking_lot::Mutex;
use tracing::warn;

use crate::api_v1::write::{self, Sender};
use crate::auth::Identified;
use crate::clock;
use crate::control::{Collection, ControlError, ControlStore};
use crate::http::{ApiError, AppState, ErrorKind};
use crate::sources::Way;
use group::{Group, Key};

/// How often groups are stored.
pub(crate) const INTERVAL: Duration = Duration::from_secs(15);
/// Groups that there may be.
const MAX_GROUPS: usize = 1000;
/// What a page may have at most.
const LIMITS: Limits = Limits { bytes: 1 << 20, samples: 20_000, labels: 64 };

/// All groups.
pub(crate) struct Gateway {
    control: Arc<dyn ControlStore>,
    appender: Arc<dyn Appender>,
    /// Held while groups are stored, so that a group which is deleted is not stored once more.
    groups: Mutex<BTreeMap<Key, Group>>,
}

/// Which metrics of a group a push takes the place of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Replace {
    All,
    OfTheSameName,
}

/// Why a push is not taken.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("there are {MAX_GROUPS} groups already; delete some")]
    TooManyGroups,
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl Gateway {
    /// Reads the groups that there are.
    pub(crate) fn open(control: Arc<dyn ControlStore>, appender: Arc<dyn Appender>) -> anyhow::Result<Self> {
        let mut groups = BTreeMap::new();
        for (name, record) in control.list(Collection::PushedGroups)? {
            match Group::read(&record) {
                Some((key, group)) => drop(groups.insert(key, group)),
                None => warn!(name, "a group of the Pushgateway cannot be read and is left out"),
            }
        }
        Ok(Self { control, appender, groups: Mutex::new(groups) })
    }

    /// Stores all groups once more. Blocks on the disk.
    pub(crate) fn tell(&self, now: Timestamp) {
        let groups = self.groups.lock();
        let series: Vec<SeriesBatch> =
            groups.iter().flat_map(|(key, group)| group.series(key, now)).collect();
        if series.is_empty() {
            return;
        }
        match self.append(series, Vec::new(), now) {
            Ok(appended) if appended.rejected.is_empty() => {}
            Ok(appended) => {
                warn!(rejected = ?appended.rejected.first(), "groups of the Pushgateway were not stored whole");
            }
            Err(error) => {
                warn!(err = &error as &dyn std::error::Error, "groups of the Pushgateway were not stored");
            }
        }
    }

    fn push(
        &self,
        key: Key,
        families: Vec<Family>,
        replace: Replace,
        now: Timestamp,
    ) -> Result<Appended, Refused> {
        let mut groups = self.groups.lock();
        let before = groups.get(&key);
        if before.is_none() && groups.len() >= MAX_GROUPS {
            return Err(Refused::TooManyGroups);
        }
        let mut group = before.cloned().unwrap_or_default();
        if replace == Replace::All {
            group.families.clear();
        }
        group.families.extend(families.into_iter().map(|family| (family.name.clone(), family)));
        group.pushed = Some(now);
        self.control.put(Collection::PushedGroups, &key.name(), &group.record(&key))?;
        let now_there = group.series(&key, now);
        let mut series = before.map(|before| before.ended(&now_there, &key, now)).unwrap_or_default();
        series.extend(now_there);
        let metadata = group.metadata();
        groups.insert(key, group);
        Ok(self.append(series, metadata, now)?)
    }

    fn delete(&self, key: &Key, now: Timestamp) -> Result<(), Refused> {
        let mut groups = self.groups.lock();
        let Some(group) = groups.get(key) else { return Ok(()) };
        self.control.delete(Collection::PushedGroups, &key.name())?;
        let ended = group.ended(&[], key, now);
        groups.remove(key);
        self.append(ended, Vec::new(), now)?;
        Ok(())
    }

    /// Takes note that a push to a group could not be read.
    fn failed(&self, key: &Key, now: Timestamp) {
        if let Some(group) = self.groups.lock().get_mut(key) {
            group.failed = Some(now);
        }
    }

    fn append(
        &self,
        series: Vec<SeriesBatch>,
        metadata: Vec<crowsnest_tsdb::Metadata>,
        received: Timestamp,
    ) -> Result<Appended, AppendError> {
        self.appender.append(Batch {
            origin: Origin::Source("pushgateway".into()),
            received,
            series,
            metadata,
        })
    }
}

/// PUT takes the place of a group, POST of its metrics of the same names. Answers once all of it is on the disk.
pub(crate) async fn push(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Path(path): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let key = Key::of_path(&path).map_err(ApiError::bad_request)?;
    let replace = if method == Method::PUT { Replace::All } else { Replace::OfTheSameName };
    let sender = Sender::new(&identified.caller, Way::Pushgateway);
    let stored = async {
        let received = write::receive(&app, &sender, &headers, body).await?;
        let families = read(&received.body).map_err(|why| {
            app.gateway.failed(&key, clock::now());
            ApiError::bad_request(why)
        })?;
        let (gateway, key) = (AppState::clone(&app), key.clone());
        off_thread(move || gateway.gateway.push(key, families, replace, clock::now())).await
    };
    let appended = stored.await.inspect_err(|error| write::note_failure(&app, &sender, error))?;
    write::note_stored(&app, &sender, &key.source(&sender.pusher), &appended);
    write::refusal(&appended).map_or(Ok(StatusCode::OK), |(_, why)| Err(why))
}

/// Deletes a group, if there is one.
pub(crate) async fn delete(
    State(app): State<AppState>,
    Path(path): Path<String>,
) -> Result<StatusCode, ApiError> {
    let key = Key::of_path(&path).map_err(ApiError::bad_request)?;
    off_thread(move || app.gateway.delete(&key, clock::now())).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)?;
    done.map_err(|refused| match refused {
        Refused::TooManyGroups => ApiError::bad_request(refused.to_string()),
        Refused::Control(_) | Refused::Append(_) => {
            let message = "it cannot be written to disk now; push it again";
            ApiError::new(ErrorKind::Unavailable, message).caused_by(refused).retry_after(INTERVAL)
        }
    })
}

/// Reads a path, and a record as groups are kept.
#[cfg(fuzzing)]
pub(crate) fn read_any(bytes: &[u8]) {
    let _ = std::str::from_utf8(bytes).map(Key::of_path);
    let _ = Group::read(bytes);
}

/// The families of a page, or why there are none.
fn read(page: &[u8]) -> Result<Vec<Family>, String> {
    let families =
        parse_dialect(page, LIMITS, Dialect::Prometheus).map_err(|error: ParseError| error.to_string())?;
    let timed = families.iter().flat_map(|family| &family.samples).find(|sample| sample.timestamp.is_some());
    match timed {
        Some(sample) => Err(format!("{} has a timestamp; what is pushed must not have any", sample.labels)),
        None => Ok(families),
    }
}

#[cfg(test)]
mod tests;
