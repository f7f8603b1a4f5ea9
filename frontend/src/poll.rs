//! Data that keeps itself fresh: asked for, asked for again, kept when an answer is late, dropped with its view.

use std::future::Future;
use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::{AbortController, AbortSignal, VisibilityState};

use crate::api::ApiError;
use crate::clock::use_clock;

/// Waits after the first, second, … failure in a row, in seconds; the last one repeats.
const BACKOFF: &[u64] = &[2, 4, 8, 15, 30];
/// How often a hidden page looks whether it is visible again.
const HIDDEN_CHECK: Duration = Duration::from_secs(1);

/// How often to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cadence {
    /// Once per question.
    Once,
    /// Again so long after each answer.
    Every(Duration),
    /// The same while nobody sees the page, too.
    AlsoHidden(Duration),
    /// Not at all: nobody is to see the answer, or may.
    Never,
}

/// A failure, and when the next attempt is made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) error: ApiError,
    /// Milliseconds on the server's clock; `None` where nothing is tried again by itself.
    pub(crate) retry_at: Option<i64>,
}

/// The newest answer to a question that is asked again and again. Cheap to copy.
pub(crate) struct Feed<T: Send + Sync + 'static> {
    /// The newest answer. Stays through failures and changed questions until a newer one comes.
    pub(crate) value: RwSignal<Option<T>>,
    /// When it came, in milliseconds on the server's clock; 0 before the first.
    pub(crate) at: RwSignal<i64>,
    /// Why there is no newer one.
    pub(crate) failure: RwSignal<Option<Failure>>,
    /// Whether the current question is still without an answer.
    pub(crate) pending: RwSignal<bool>,
    again: RwSignal<u32>,
}

impl<T: Send + Sync + 'static> Clone for Feed<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Feed<T> {}

impl<T: Send + Sync + 'static> Feed<T> {
    /// Asks at once.
    pub(crate) fn refresh(&self) {
        self.again.update(|n| *n = n.wrapping_add(1));
    }
}

/// Ends the requests and the loop of one question when dropped.
struct Aborter(AbortController);

impl Drop for Aborter {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Asks `fetch` whenever `question` changes, and again as its cadence says, while the page is visible.
///
/// The running request is aborted when the question changes or the owner of the feed goes.
pub(crate) fn poll<Q, T, F>(
    question: impl Fn() -> (Q, Cadence) + 'static,
    fetch: impl Fn(Q, AbortSignal) -> F + Clone + 'static,
) -> Feed<T>
where
    Q: Clone + 'static,
    T: Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + 'static,
{
    let feed = Feed {
        value: RwSignal::new(None),
        at: RwSignal::new(0),
        failure: RwSignal::new(None),
        pending: RwSignal::new(true),
        again: RwSignal::new(0),
    };
    let clock = use_clock();
    let running = StoredValue::new_local(None::<Aborter>);
    Effect::new(move || {
        feed.again.track();
        let (question, cadence) = question();
        running.set_value(None);
        if cadence == Cadence::Never {
            feed.pending.set(false);
            return;
        }
        let Ok(controller) = AbortController::new() else { return };
        let signal = controller.signal();
        running.set_value(Some(Aborter(controller)));
        feed.pending.set(true);
        let fetch = fetch.clone();
        spawn_local(async move {
            let mut failures = 0_usize;
            loop {
                while is_hidden() && !matches!(cadence, Cadence::AlsoHidden(_)) {
                    sleep(HIDDEN_CHECK).await;
                }
                if signal.aborted() {
                    return;
                }
                let result = fetch(question.clone(), signal.clone()).await;
                if signal.aborted() {
                    return;
                }
                let wait = match result {
                    Ok(value) => {
                        failures = 0;
                        feed.at.set(clock.now());
                        feed.failure.set(None);
                        feed.value.set(Some(value));
                        match cadence {
                            Cadence::Once | Cadence::Never => None,
                            Cadence::Every(wait) | Cadence::AlsoHidden(wait) => Some(wait),
                        }
                    }
                    // The whole application turns into the sign-in page.
                    Err(ApiError::SignedOut | ApiError::Aborted) => return,
                    Err(error) => {
                        let wait = pause_after(&error, failures, cadence);
                        failures += 1;
                        let retry_at =
                            wait.map(|wait| clock.now() + i64::try_from(wait.as_millis()).unwrap_or(0));
                        feed.failure.set(Some(Failure { error, retry_at }));
                        wait
                    }
                };
                feed.pending.set(false);
                let Some(wait) = wait else { return };
                sleep(wait).await;
                if signal.aborted() {
                    return;
                }
            }
        });
    });
    feed
}

/// A signal that follows what `track` reads, but changes no more often than `pause` allows: for what is dear to compute.
pub(crate) fn throttled(track: impl Fn() + 'static, pause: Duration) -> Signal<u32> {
    let out = RwSignal::new(0_u32);
    let waits = StoredValue::new(false);
    Effect::new(move |before: Option<()>| {
        track();
        if before.is_none() || waits.get_value() {
            return;
        }
        waits.set_value(true);
        set_timeout(
            move || {
                if waits.try_set_value(false).is_none() {
                    out.update(|n| *n = n.wrapping_add(1));
                }
            },
            pause,
        );
    });
    out.into()
}

/// How long to wait after `error` when `failures` came before it in a row; `None`: do not ask again.
fn pause_after(error: &ApiError, failures: usize, cadence: Cadence) -> Option<Duration> {
    let backoff = BACKOFF.get(failures).or(BACKOFF.last()).map(|seconds| Duration::from_secs(*seconds));
    match (error.may_pass(), cadence) {
        (true, _) => backoff,
        // Rights and configuration change while a page is open; look now and then.
        (false, Cadence::Every(_) | Cadence::AlsoHidden(_)) => Some(Duration::from_secs(30)),
        (false, Cadence::Once | Cadence::Never) => None,
    }
}

/// Whether nobody sees the page.
pub(crate) fn is_hidden() -> bool {
    document().visibility_state() == VisibilityState::Hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_are_followed_by_longer_waits() {
        let seconds = |failures| {
            pause_after(&ApiError::Unreachable, failures, Cadence::Once).map(|wait| wait.as_secs())
        };
        assert_eq!([0, 1, 2, 3, 4, 99].map(seconds), [2, 4, 8, 15, 30, 30].map(Some));
    }

    #[test]
    fn a_wrong_question_is_not_repeated() {
        assert_eq!(pause_after(&ApiError::Query(String::new()), 0, Cadence::Once), None);
    }
}
