//! How many pushes may be under way, and how much memory their bodies may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes};
use crowsnest_tsdb::Appended;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt as _, LengthLimitError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Counters, RETRY, Sender, refused};
use crate::clock;
use crate::http::{ApiError, ErrorKind};
use crate::sources::pace::Pace;

/// The largest body of a push, compressed.
pub(crate) const MAX_BODY: usize = 32 << 20;
/// Pushes that are decoded and stored at once; each may take some hundred megabytes for a moment.
const AT_ONCE: usize = 4;
/// Pushes under way in all; more are sent away to come back later.
const ADMITTED: usize = 260;
/// What the bodies of pushes under way may take together, in units of 1 KiB.
const BODIES_KIB: u32 = 256 << 10;

/// Room for a push and its body.
pub(super) struct Admission(#[expect(dead_code, reason = "held, not read")] [OwnedSemaphorePermit; 2]);

/// Bounds pushes, and counts what came of them.
pub(crate) struct WriteGate {
    admitted: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    running: Arc<Semaphore>,
    pub(crate) pace: Pace,
    pub(crate) counters: Counters,
    pub(crate) failed: AtomicU64,
    pub(crate) turned_away: AtomicU64,
}

impl WriteGate {
    /// With how fast each pusher may send.
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            admitted: Arc::new(Semaphore::new(ADMITTED)),
            bodies: Arc::new(Semaphore::new(BODIES_KIB as usize)),
            running: Arc::new(Semaphore::new(AT_ONCE)),
            pace,
            counters: Counters::default(),
            failed: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
        }
    }

    /// Whether a sender may push now, or when it may.
    pub(super) fn keep_pace(&self, sender: &Sender) -> Result<(), ApiError> {
        let wait = self.pace.wait(&sender.pusher, clock::now());
        wait.map_or(Ok(()), |wait| {
            let rate = self.pace.rate().unwrap_or_default();
            let message = format!("you push more than {rate} samples a second; send this again later");
            Err(ApiError::new(ErrorKind::TooManyRequests, message).retry_after(wait))
        })
    }

    /// Counts a push that was stored, all of it or some.
    pub(super) fn stored(&self, sender: &Sender, appended: &Appended) {
        let refused = refused(appended);
        self.counters.stored(sender.way, appended.written, refused);
        self.pace.took(&sender.pusher, appended.written + refused, clock::now());
    }

    /// Room for a push with these headers, or the advice to come back. A body whose length is not told counts as the
    /// largest.
    pub(super) async fn admit(&self, headers: &HeaderMap) -> Result<Admission, ApiError> {
        let Ok(place) = Arc::clone(&self.admitted).try_acquire_owned() else {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
            return Err(ApiError::new(ErrorKind::Unavailable, "too many pushes at once").retry_after(RETRY));
        };
        let told = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let bytes = told.map_or(MAX_BODY, |told| told.min(MAX_BODY));
        let kib = u32::try_from(bytes >> 10).unwrap_or(BODIES_KIB) + 1;
        let memory = Arc::clone(&self.bodies).acquire_many_owned(kib).await.map_err(ApiError::internal)?;
        Ok(Admission([place, memory]))
    }

    /// Waits for a turn to decode and store.
    pub(super) async fn turn(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.running).acquire_owned().await.map_err(ApiError::internal)
    }
}

/// Reads a body whole.
pub(in crate::api_v1) async fn read(body: Body) -> Result<Bytes, ApiError> {
    Ok(body.collect().await.map_err(broken_off)?.to_bytes())
}

fn broken_off(error: axum::Error) -> ApiError {
    if error.into_inner().is::<LengthLimitError>() {
        ApiError::new(ErrorKind::TooLarge, "the body has more bytes than are allowed; send less at once")
            .closing()
    } else {
        ApiError::bad_request("the body broke off").closing()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bodies_wait_for_memory_and_pushes_past_the_queue_are_turned_away() {
        let gate = WriteGate::new(Pace::new(None));
        let unknown_length = HeaderMap::new();
        let mut admitted = Vec::new();
        for _ in 0..7 {
            admitted.push(gate.admit(&unknown_length).await.unwrap());
        }
        let mut eighth = tokio_test_poll(gate.admit(&unknown_length));
        assert!(eighth.is_none(), "seven bodies of 32 MiB and one KiB each leave no room for an eighth");
        admitted.pop();
        eighth = tokio_test_poll(gate.admit(&unknown_length));
        admitted.extend(eighth.unwrap().ok());
        let small: HeaderMap = [(CONTENT_LENGTH, "10".parse().unwrap())].into_iter().collect();
        while admitted.len() < ADMITTED {
            admitted.push(gate.admit(&small).await.unwrap());
        }
        assert!(gate.admit(&small).await.is_err());
        assert_eq!(gate.turned_away.load(Ordering::Relaxed), 1);
    }

    /// What the future gives at its first poll.
    fn tokio_test_poll<F: Future>(future: F) -> Option<F::Output> {
        let mut future = std::pin::pin!(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }
}
