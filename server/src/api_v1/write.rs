//! `write`: Prometheus remote write 1.0.
//!
//! What is accepted, and what each refusal means, is in `docs/ingest.md`.

mod decode;
mod gate;
mod grouping;
mod wire;

pub(super) use gate::read as read_body;
pub(crate) use gate::{MAX_BODY, WriteGate};

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, State};
use crowsnest_api::remote_write::{CONTENT_TYPE, VERSION_HEADER};
use crowsnest_api::{Sample, Timestamp};
use crowsnest_rbac::Caller;
use crowsnest_tsdb::{
    AppendError, Appended, Done, Metadata, Origin, Push, PushedLabels, PushedSeries, RejectReason, Rejection,
    SeriesBatch,
};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE as CONTENT_TYPE_HEADER};
use http::{HeaderMap, StatusCode};
use smol_str::SmolStr;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;

use crate::auth::Identified;
use crate::clock;
use crate::http::{ApiError, App, AppState, ErrorKind};
use crate::sources::{Observed, SourceId};

/// The protobuf message that 1.0 senders name, when they name one.
const MESSAGE: &str = "prometheus.writerequest";
/// Bodies up to here are decoded where they arrive: that takes less than half a millisecond.
const SMALL: usize = 16 << 10;
/// When a sender should come back after we could not store its push.
const RETRY: Duration = Duration::from_secs(5);

/// Takes a push; answers 204 once everything in it is on the disk.
pub(crate) async fn push(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    check_headers(&headers)?;
    let gate = &app.writes;
    let admission = gate.admit(&headers).await?;
    let body = gate::read(body).await?;
    let turn = gate.turn().await?;
    let pusher = pusher_name(&identified.caller);
    let begin = || begin_body(&app, &pusher, &body, clock::now());
    let begun = if body.len() > SMALL { may_block(begin) } else { begin() }?;
    drop((body, turn));
    let appended = begun.stored(&app).await.map_err(failed)?;
    drop(admission);
    gate.samples.fetch_add(appended.written, Ordering::Relaxed);
    let rejected: u64 = appended.rejected.iter().map(|rejection| rejection.samples).sum();
    gate.rejected.fetch_add(rejected, Ordering::Relaxed);
    if appended.rejected.is_empty() {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(partially(&appended, rejected))
    }
}

fn check_headers(headers: &HeaderMap) -> Result<(), ApiError> {
    let unsupported = |message: String| ApiError::new(ErrorKind::UnsupportedMediaType, message);
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let content_type = header(CONTENT_TYPE_HEADER.as_str()).unwrap_or_default().to_ascii_lowercase();
    let mut parts = content_type.split(';').map(str::trim);
    if parts.next() != Some(CONTENT_TYPE) {
        return Err(unsupported(format!("Content-Type must be {CONTENT_TYPE}")));
    }
    let message = parts.find_map(|part| part.strip_prefix("proto="));
    if message.is_some_and(|message| message != MESSAGE) {
        return Err(unsupported(
            "only remote write 1.0 is understood, proto=prometheus.WriteRequest".to_owned(),
        ));
    }
    if header(CONTENT_ENCODING.as_str()).is_none_or(|encoding| !encoding.eq_ignore_ascii_case("snappy")) {
        return Err(unsupported("Content-Encoding must be snappy (block format)".to_owned()));
    }
    match header(VERSION_HEADER) {
        Some(version) if !version.starts_with("0.1.") => {
            Err(unsupported(format!("remote write version {version:?} is not understood; send 0.1.0")))
        }
        _ => Ok(()),
    }
}

/// What tells one sender from another.
fn pusher_name(caller: &Caller) -> SmolStr {
    match caller {
        Caller::Pusher { name } => SmolStr::new(name),
        Caller::User { identity, .. } => smol_str::format_smolstr!("user:{}", identity.user),
        // The guard lets neither of these in.
        Caller::Anonymous | Caller::Unknown => SmolStr::default(),
    }
}

/// Runs what may take long or wait for a disk, without holding up other requests.
fn may_block<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// Decodes a push and hands it to the store.
fn begin_body(app: &App, pusher: &SmolStr, body: &[u8], received: Timestamp) -> Result<Begun, ApiError> {
    let request = decode::decompress(body)?;
    let mut decoded = decode::decode(&request)?;
    let metadata = std::mem::take(&mut decoded.metadata);
    let mut begun = begin(app, pusher, decoded.series(), metadata, received);
    begun.rejected = decoded.rejected;
    Ok(begun)
}

/// Stores what a sender has pushed, and takes note that it has. Blocks on the disk.
pub(crate) fn keep(
    app: &App,
    pusher: &SmolStr,
    series: &[SeriesBatch],
    metadata: Vec<Metadata>,
    received: Timestamp,
) -> Result<Appended, AppendError> {
    let mut begun = begin(app, pusher, series.iter().map(SeriesBatch::as_pushed), metadata, received);
    let mut total = begun.total();
    for waiting in begun.waiting {
        let outcome = waiting.outcome.blocking_recv();
        settle(app, &mut total, outcome, waiting.up_samples, waiting.remember)?;
    }
    Ok(total)
}

/// A push that is on its way to the disk.
struct Begun {
    waiting: Vec<Waiting>,
    /// What was refused before the store saw it.
    rejected: Vec<Rejection>,
}

/// What is on its way of one source.
struct Waiting {
    outcome: oneshot::Receiver<Result<Appended, AppendError>>,
    /// Samples that the server added.
    up_samples: u64,
    /// A source that is to be remembered once something of it is stored.
    remember: Option<SourceId>,
}

fn begin<'a>(
    app: &App,
    pusher: &SmolStr,
    series: impl ExactSizeIterator<Item = PushedSeries<'a>>,
    metadata: Vec<Metadata>,
    received: Timestamp,
) -> Begun {
    let groups = grouping::group(pusher, series, received, app.config.retention);
    // Metadata goes with the first source.
    let mut metadata = Some(metadata);
    let waiting = groups.into_iter().map(|group| {
        let mut series = group.series;
        let observed = match &group.push {
            Some(push) => app.sources.observe(&group.source, push, received),
            None => Observed::default(),
        };
        let up = group.push.as_ref().zip(observed.write_up);
        let up = up.map(|(push, labels)| (labels, [Sample { timestamp: push.newest, value: 1.0 }]));
        if let Some((labels, samples)) = &up {
            series.push(PushedSeries { labels: PushedLabels::Set(labels), samples });
        }
        let origin = Origin::Source(group.source.key().into());
        let push = Push { origin, received, series, metadata: metadata.take().unwrap_or_default() };
        let (sender, outcome) = oneshot::channel();
        // Who asked may have gone away.
        let done: Done = Box::new(move |stored| drop(sender.send(stored)));
        if let Some(done) = app.storage.appender.push_quickly(&push, done) {
            may_block(|| app.storage.appender.push(&push, done));
        }
        let remember = observed.remember.then_some(group.source);
        Waiting { outcome, up_samples: u64::from(up.is_some()), remember }
    });
    Begun { waiting: waiting.collect(), rejected: Vec::new() }
}

impl Begun {
    /// What has become of it so far.
    fn total(&mut self) -> Appended {
        Appended { written: 0, rejected: std::mem::take(&mut self.rejected) }
    }

    /// Waits until all of it is on the disk.
    async fn stored(mut self, app: &App) -> Result<Appended, AppendError> {
        let mut total = self.total();
        for waiting in self.waiting {
            let outcome = waiting.outcome.await;
            settle(app, &mut total, outcome, waiting.up_samples, waiting.remember)?;
        }
        Ok(total)
    }
}

/// Adds what became of one source's part to the whole.
fn settle(
    app: &App,
    total: &mut Appended,
    outcome: Result<Result<Appended, AppendError>, oneshot::error::RecvError>,
    up_samples: u64,
    remember: Option<SourceId>,
) -> Result<(), AppendError> {
    let outcome = outcome.unwrap_or(Err(AppendError::Closed("its writer is gone")));
    let appended = outcome.inspect_err(|_| {
        app.writes.failed.fetch_add(1, Ordering::Relaxed);
    })?;
    total.written += appended.written.saturating_sub(up_samples);
    for rejection in appended.rejected {
        add(&mut total.rejected, rejection);
    }
    if let Some(source) = remember {
        may_block(|| app.sources.remember(&source));
    }
    Ok(())
}

fn failed(error: AppendError) -> ApiError {
    let message = match &error {
        AppendError::Wal(_) => {
            "samples cannot be written to disk now; nothing of this push was lost if you send it again"
        }
        AppendError::Closed(_) => "the store takes no samples now; send them again",
    };
    ApiError::new(ErrorKind::Unavailable, message).caused_by(error).retry_after(RETRY)
}

fn add(rejected: &mut Vec<Rejection>, new: Rejection) {
    match rejected.iter_mut().find(|known| known.reason == new.reason) {
        Some(known) => known.samples += new.samples,
        None => rejected.push(new),
    }
}

/// 400: the sender must not repeat the push, for the good samples are stored and the others never will be.
fn partially(appended: &Appended, rejected: u64) -> ApiError {
    let reasons: Vec<String> = appended
        .rejected
        .iter()
        .map(|rejection| {
            format!("{} × {} (for example {})", rejection.samples, rejection.reason, rejection.example)
        })
        .collect();
    ApiError::bad_request(format!(
        "{rejected} samples were rejected and {} stored: {}",
        appended.written,
        reasons.join("; ")
    ))
}

/// Why a series cannot be stored, counted for all its samples; at least one, so that it is not passed over in silence.
fn invalid_labels(samples: usize, example: String) -> Rejection {
    Rejection { reason: RejectReason::InvalidLabels, samples: (samples as u64).max(1), example }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[track_caller]
    fn check(content_type: &'static str, encoding: &'static str, version: &'static str, accepted: bool) {
        let headers = headers(&[
            ("content-type", content_type),
            ("content-encoding", encoding),
            ("x-prometheus-remote-write-version", version),
        ]);
        assert_eq!(check_headers(&headers).is_ok(), accepted, "{headers:?}");
    }

    #[test]
    fn remote_write_one_is_recognised_and_everything_else_refused() {
        check("application/x-protobuf", "snappy", "0.1.0", true);
        check("application/x-protobuf;proto=prometheus.WriteRequest", "snappy", "0.1.0", true);
        check("application/x-protobuf; proto=io.prometheus.write.v2.Request", "snappy", "2.0.0", false);
        check("application/x-protobuf", "snappy", "2.0.0", false);
        check("application/x-protobuf", "gzip", "0.1.0", false);
        check("application/json", "snappy", "0.1.0", false);
        assert!(check_headers(&headers(&[("content-type", "application/x-protobuf")])).is_err());
    }
}
