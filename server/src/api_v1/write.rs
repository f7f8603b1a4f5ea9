//! `write`: Prometheus remote write 1.0 and 2.0.
//!
//! What is accepted, and what each refusal means, is in `docs/ingest.md`.

mod counters;
mod decode;
mod gate;
mod grouping;
mod pushed;
mod wire;

pub(super) use counters::Counters;
pub(super) use gate::read as read_body;
pub(crate) use gate::{MAX_BODY, WriteGate};
pub(crate) use pushed::{Pushed, Received, receive, refusal, take, unpack};
pub(crate) use wire::{Kind, Message};

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, State};
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::remote_write::{CONTENT_TYPE, VERSION_HEADER, v2};
use crowsnest_api::sources::RefusalReason;
use crowsnest_api::{Sample, Timestamp};
use crowsnest_rbac::Caller;
use crowsnest_tsdb::{
    AppendError, Appended, Done, Metadata, Origin, Push, PushedLabels, PushedSeries, RejectReason, Rejection,
    SeriesBatch,
};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE as CONTENT_TYPE_HEADER, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};
use smol_str::SmolStr;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::auth::Identified;
use crate::clock;
use crate::http::{ApiError, App, AppState, ErrorKind};
use crate::sources::{Observed, SourceId, Way};

/// The protobuf messages that senders name, in small letters; those of 1.0 may name none.
const MESSAGE: &str = "prometheus.writerequest";
const MESSAGE_V2: &str = "io.prometheus.write.v2.request";
/// Bodies up to here are decoded where they arrive: that takes less than half a millisecond.
const SMALL: usize = 16 << 10;
/// When a sender should come back after we could not store its push.
const RETRY: Duration = Duration::from_secs(5);

/// The versions of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    One,
    /// Answers say how much was stored.
    Two,
}

/// Takes a push; answers 204 once everything in it is on the disk.
pub(crate) async fn push(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let protocol = protocol(&headers)?;
    let sender = Sender::new(&identified.caller, protocol.way());
    // Nothing is stored of a push that fails as a whole.
    let failed = |error: ApiError| {
        note_failure(&app, &sender, &error);
        error.carrying(protocol.told(&Appended::default()))
    };
    let appended = stored(&app, &sender, &headers, protocol, body).await.map_err(failed)?;
    let told = protocol.told(&appended);
    if appended.rejected.is_empty() {
        Ok((StatusCode::NO_CONTENT, told).into_response())
    } else {
        Err(partially(&appended).carrying(told))
    }
}

impl Protocol {
    fn way(self) -> Way {
        match self {
            Self::One => Way::RemoteWrite,
            Self::Two => Way::RemoteWrite2,
        }
    }

    /// The headers in which an answer says how much was stored: samples, histograms and exemplars.
    fn told(self, appended: &Appended) -> HeaderMap {
        if self == Self::One {
            return HeaderMap::new();
        }
        let counts = [appended.written.saturating_sub(appended.histograms), appended.histograms, 0];
        let names = v2::WRITTEN_HEADERS.map(HeaderName::from_static);
        names.into_iter().zip(counts.map(HeaderValue::from)).collect()
    }
}

/// Stores a push; some of it may be refused.
async fn stored(
    app: &App,
    sender: &Sender,
    headers: &HeaderMap,
    protocol: Protocol,
    body: Body,
) -> Result<Appended, ApiError> {
    let Arrived { body, admission, turn } = arrive(app, sender, headers, body).await?;
    let begin = || begin_body(app, sender, protocol, &body, clock::now());
    let begun = if body.len() > SMALL { may_block(begin) } else { begin() }?;
    drop((body, turn));
    let appended = begun.stored(app).await;
    drop(admission);
    appended
}

/// A body that has come, with the room that it takes, when it is its turn.
struct Arrived {
    body: Bytes,
    admission: gate::Admission,
    turn: OwnedSemaphorePermit,
}

async fn arrive(app: &App, sender: &Sender, headers: &HeaderMap, body: Body) -> Result<Arrived, ApiError> {
    app.writes.keep_pace(sender)?;
    let admission = app.writes.admit(headers).await?;
    let body = gate::read(body).await?;
    Ok(Arrived { body, admission, turn: app.writes.turn().await? })
}

/// How many samples were refused.
fn refused(appended: &Appended) -> u64 {
    appended.rejected.iter().map(|rejection| rejection.samples).sum()
}

/// Which protocol a sender speaks.
fn protocol(headers: &HeaderMap) -> Result<Protocol, ApiError> {
    let unsupported = |message: String| ApiError::new(ErrorKind::UnsupportedMediaType, message);
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let content_type = header(CONTENT_TYPE_HEADER.as_str()).unwrap_or_default().to_ascii_lowercase();
    let mut parts = content_type.split(';').map(str::trim);
    if parts.next() != Some(CONTENT_TYPE) {
        return Err(unsupported(format!("Content-Type must be {CONTENT_TYPE}")));
    }
    let protocol = match parts.find_map(|part| part.strip_prefix("proto=")) {
        None | Some(MESSAGE) => Protocol::One,
        Some(MESSAGE_V2) => Protocol::Two,
        Some(other) => {
            return Err(unsupported(format!(
                "{other} is not understood; prometheus.WriteRequest and io.prometheus.write.v2.Request are"
            )));
        }
    };
    if header(CONTENT_ENCODING.as_str()).is_none_or(|encoding| !encoding.eq_ignore_ascii_case("snappy")) {
        return Err(unsupported("Content-Encoding must be snappy (block format)".to_owned()));
    }
    let (begins, example) = match protocol {
        Protocol::One => ("0.1.", "0.1.0"),
        Protocol::Two => ("2.0.", v2::VERSION),
    };
    match header(VERSION_HEADER) {
        Some(version) if !version.starts_with(begins) => Err(unsupported(format!(
            "remote write version {version:?} does not go with this message; send {example}"
        ))),
        _ => Ok(protocol),
    }
}

/// Who pushes, and how.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    /// What tells one from another.
    pub(crate) pusher: SmolStr,
    pub(crate) way: Way,
}

impl Sender {
    pub(crate) fn new(caller: &Caller, way: Way) -> Self {
        let pusher = match caller {
            Caller::Pusher { name } => SmolStr::new(name),
            Caller::User { identity, .. } => smol_str::format_smolstr!("user:{}", identity.user),
            // The guard lets neither of these in.
            Caller::Anonymous | Caller::Unknown => SmolStr::default(),
        };
        Self { pusher, way }
    }
}

/// Takes note of a push of one source that was stored, all of it or some.
pub(crate) fn note_stored(app: &App, sender: &Sender, source: &SourceId, appended: &Appended) {
    app.sources.settle(source, sender.way, appended, clock::now());
    app.writes.stored(sender, appended);
}

/// Tells those who look after senders that nothing of a push was stored.
pub(crate) fn note_failure(app: &App, sender: &Sender, error: &ApiError) {
    let status = error.status();
    let is_rate = status == StatusCode::TOO_MANY_REQUESTS;
    let reason = if is_rate { RefusalReason::Rate } else { RefusalReason::Push };
    app.writes.counters.refused(sender.way, status);
    app.sources.refuse(&sender.pusher, sender.way, reason, error.message().to_owned(), clock::now());
}

/// Runs what may take long or wait for a disk, without holding up other requests.
fn may_block<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// Decodes a push and hands it to the store.
fn begin_body(
    app: &App,
    sender: &Sender,
    protocol: Protocol,
    body: &[u8],
    received: Timestamp,
) -> Result<Begun, ApiError> {
    let request = decode::decompress(body)?;
    let mut decoded = match protocol {
        Protocol::One => decode::decode(&request)?,
        Protocol::Two => decode::decode_v2(&request)?,
    };
    let metadata = std::mem::take(&mut decoded.metadata);
    let mut begun = begin(app, sender, decoded.series(), metadata, received);
    begun.rejected = decoded.rejected;
    Ok(begun)
}

/// Stores what a sender has pushed, and takes note that it has. Blocks on the disk.
pub(crate) fn keep(
    app: &App,
    sender: &Sender,
    series: &[SeriesBatch],
    metadata: Vec<Metadata>,
    received: Timestamp,
) -> Result<Appended, AppendError> {
    let mut begun = begin(app, sender, series.iter().map(SeriesBatch::as_pushed), metadata, received);
    let mut total = begun.total();
    for waiting in begun.waiting {
        let Waiting { outcome, of } = waiting;
        settle(app, sender.way, &mut total, outcome.blocking_recv(), &of)?;
    }
    Ok(total)
}

/// Reads a body as a push and as one that has been decompressed.
#[cfg(fuzzing)]
pub(crate) fn read_any(body: &[u8]) {
    let unpacked = decode::decompress(body).unwrap_or_default();
    for request in [body, &unpacked] {
        if let Ok(decoded) = decode::decode(request) {
            let retention = std::time::Duration::from_secs(1_296_000);
            let received = Timestamp::from_millis(1_700_000_000_000);
            grouping::group(&SmolStr::new("fuzz"), decoded.series(), received, retention);
        }
    }
}

/// A push that is on its way to the disk.
struct Begun {
    sender: Sender,
    waiting: Vec<Waiting>,
    /// What was refused before the store saw it.
    rejected: Vec<Rejection>,
}

/// What is on its way of one source.
struct Waiting {
    outcome: oneshot::Receiver<Result<Appended, AppendError>>,
    of: Of,
}

/// Whose part of a push it is.
struct Of {
    source: SourceId,
    /// Samples that the server added.
    up_samples: u64,
    /// Whether it is to be remembered once something of it is stored.
    remember: bool,
}

fn begin<'a>(
    app: &App,
    sender: &Sender,
    series: impl ExactSizeIterator<Item = PushedSeries<'a>>,
    metadata: Vec<Metadata>,
    received: Timestamp,
) -> Begun {
    let groups = grouping::group(&sender.pusher, series, received, app.config.longest_retention());
    // Metadata goes with the first source.
    let mut metadata = Some(metadata);
    let waiting = groups.into_iter().map(|group| {
        let mut series = group.series;
        let observed = match group.push.as_ref().filter(|_| !sender.way.may_end()) {
            Some(push) => app.sources.observe(&group.source, push, received),
            None => Observed::default(),
        };
        app.sources.part(&group.source, &group.ended);
        let up = group.push.as_ref().zip(observed.write_up);
        let up = up.map(|(push, labels)| (labels, [Sample { timestamp: push.newest, value: 1.0 }]));
        if let Some((labels, samples)) = &up {
            series.push(PushedSeries { labels: PushedLabels::Set(labels), samples, extras: None });
        }
        let origin = Origin::Source(group.source.key().into());
        let push = Push { origin, received, series, metadata: metadata.take().unwrap_or_default() };
        let (tell, outcome) = oneshot::channel();
        // Who asked may have gone away.
        let done: Done = Box::new(move |stored| drop(tell.send(stored)));
        if let Some(done) = app.storage.appender.push_quickly(&push, done) {
            may_block(|| app.storage.appender.push(&push, done));
        }
        let up_samples = u64::from(up.is_some());
        Waiting { outcome, of: Of { source: group.source, up_samples, remember: observed.remember } }
    });
    Begun { sender: sender.clone(), waiting: waiting.collect(), rejected: Vec::new() }
}

impl Begun {
    /// What has become of it so far.
    fn total(&mut self) -> Appended {
        Appended { rejected: std::mem::take(&mut self.rejected), ..Appended::default() }
    }

    /// Waits until all of it is on the disk, and counts it.
    async fn stored(mut self, app: &App) -> Result<Appended, ApiError> {
        let mut total = self.total();
        for waiting in self.waiting {
            let Waiting { outcome, of } = waiting;
            settle(app, self.sender.way, &mut total, outcome.await, &of).map_err(failed)?;
        }
        app.writes.stored(&self.sender, &total);
        Ok(total)
    }
}

/// Adds what became of one source's part to the whole.
fn settle(
    app: &App,
    way: Way,
    total: &mut Appended,
    outcome: Result<Result<Appended, AppendError>, oneshot::error::RecvError>,
    of: &Of,
) -> Result<(), AppendError> {
    let outcome = outcome.unwrap_or(Err(AppendError::Closed("its writer is gone")));
    let mut appended = outcome.inspect_err(|_| {
        app.writes.failed.fetch_add(1, Ordering::Relaxed);
    })?;
    appended.written = appended.written.saturating_sub(of.up_samples);
    app.sources.settle(&of.source, way, &appended, clock::now());
    total.written += appended.written;
    total.histograms += appended.histograms;
    for rejection in appended.rejected {
        add(&mut total.rejected, rejection);
    }
    if of.remember {
        may_block(|| app.sources.remember(&of.source));
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
fn partially(appended: &Appended) -> ApiError {
    let rejected = refused(appended);
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
    fn check(
        content_type: &'static str,
        encoding: &'static str,
        version: &'static str,
        expected: Option<Protocol>,
    ) {
        let headers = headers(&[
            ("content-type", content_type),
            ("content-encoding", encoding),
            ("x-prometheus-remote-write-version", version),
        ]);
        assert_eq!(protocol(&headers).ok(), expected, "{headers:?}");
    }

    #[test]
    fn both_protocols_are_recognised_and_everything_else_refused() {
        let (one, two) = (Some(Protocol::One), Some(Protocol::Two));
        check("application/x-protobuf", "snappy", "0.1.0", one);
        check("application/x-protobuf;proto=prometheus.WriteRequest", "snappy", "0.1.0", one);
        check("application/x-protobuf; proto=io.prometheus.write.v2.Request", "snappy", "2.0.0", two);
        check("application/x-protobuf; proto=io.prometheus.write.v2.Request", "snappy", "0.1.0", None);
        check("application/x-protobuf; proto=io.prometheus.write.v3.Request", "snappy", "2.0.0", None);
        check("application/x-protobuf", "snappy", "2.0.0", None);
        check("application/x-protobuf", "gzip", "0.1.0", None);
        check("application/json", "snappy", "0.1.0", None);
        assert!(protocol(&headers(&[("content-type", "application/x-protobuf")])).is_err());
    }
}
