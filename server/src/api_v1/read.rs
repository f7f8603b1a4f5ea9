//! `read`: Prometheus remote read, as samples in one message or as a stream of XOR chunks.
//!
//! External labels are added to each series, and a matcher that wants one of them is let pass, since the store does not
//! have them.

mod frame;
mod histogram;
mod question;
mod samples;
mod xor;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::Labels;
use crowsnest_api::remote_read::{CONTENT_TYPE, ResponseType, STREAMED_CONTENT_TYPE};
use crowsnest_api::remote_write::LabelPair;
use futures_util::stream;
use http::header;
use tokio::sync::mpsc;

use super::answer::{pool_failed, query_failed};
use super::seen::Seen;
use super::write::read_body;
use crate::http::{ApiError, AppState, streamed};
use crate::query_pool::{asker, asking_for};
use question::Request;

/// What the list of active queries shows.
const SHOWN: &str = "remote read";
/// Frames that wait for the client; a slow one makes the search wait.
const FRAMES_AHEAD: usize = 2;

/// Reads a body as a question and as one that has been decompressed.
#[cfg(fuzzing)]
pub(crate) fn read_any(body: &[u8]) {
    let packed = snap::raw::Encoder::new().compress_vec(body).unwrap_or_default();
    for body in [body, &packed] {
        drop(Request::decode(body, &Labels::empty()));
    }
}

/// Answers in the first form that the caller accepts and that we know.
pub(crate) async fn read(State(app): State<AppState>, seen: Seen, body: Body) -> Result<Response, ApiError> {
    let request = Request::decode(&read_body(body).await?, &app.config.external_labels)?;
    match request.form {
        ResponseType::Samples => as_samples(app, seen, request).await,
        ResponseType::StreamedXorChunks => as_stream(app, seen, request).await,
    }
}

async fn as_samples(app: AppState, seen: Seen, request: Request) -> Result<Response, ApiError> {
    let external = app.config.external_labels.clone();
    let body = app
        .pool
        .run(SHOWN, None, move |job| samples::answer(&seen.store(), &request, &external, &job.control));
    let body = body.await.map_err(pool_failed)??;
    let headers = [(header::CONTENT_TYPE, CONTENT_TYPE), (header::CONTENT_ENCODING, "snappy")];
    Ok((headers, body).into_response())
}

/// The search runs in the pool while its frames go out; when the client goes away, it ends.
async fn as_stream(app: AppState, seen: Seen, request: Request) -> Result<Response, ApiError> {
    let external = app.config.external_labels.clone();
    let (sender, mut frames) = mpsc::channel::<Result<Bytes, ApiError>>(FRAMES_AHEAD);
    // Whose search it is goes along, for it is no longer part of the request's task.
    let user = asker();
    let search = async move {
        let results = sender.clone();
        let search = app.pool.run(SHOWN, None, move |job| {
            let send = |frame: Vec<u8>| results.blocking_send(Ok(Bytes::from(frame))).is_ok();
            frame::answer(&seen.store(), &request, &external, &job.control, send)
        });
        if let Err(error) = search.await.map_err(pool_failed).and_then(|found| found.map_err(query_failed)) {
            // An error means that nobody waits for it.
            sender.send(Err(error)).await.ok();
        }
    };
    tokio::spawn(async move { asking_for(&user, search).await });
    // What fails before the first frame is still told by the status.
    let first = frames.recv().await.transpose()?;
    let rest = stream::unfold((first, frames), async |(first, mut frames)| {
        let frame = match first {
            Some(frame) => Ok(frame),
            None => frames.recv().await?,
        };
        Some((frame.map_err(|_| std::io::Error::other("the search failed")), (None, frames)))
    });
    Ok(([(header::CONTENT_TYPE, STREAMED_CONTENT_TYPE)], streamed(rest)).into_response())
}

/// A series' labels on the wire, with the external ones that it does not have itself.
fn wire_labels(labels: &Labels, external: &Labels) -> Vec<LabelPair> {
    let pair = |name: &str, value: &str| LabelPair { name: name.to_owned(), value: value.to_owned() };
    let missing = external.iter().filter(|label| labels.get(&label.name).is_none());
    let mut pairs: Vec<LabelPair> =
        labels.iter().chain(missing).map(|label| pair(&label.name, &label.value)).collect();
    pairs.sort_by(|a, b| a.name.cmp(&b.name));
    pairs
}
