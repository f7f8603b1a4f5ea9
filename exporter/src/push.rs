//! Sending the queue to the server: in order, one request at a time, backing off while the server is away.

mod backoff;
mod connection;
mod target;
mod token;
mod verdict;

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until, timeout_at};

pub use connection::{Answer, SendError};
pub use target::{PlainHttp, Target, TargetError};
pub use token::{TokenError, TokenFile};

use crate::queue::{Queue, Record, Ticket};
use crate::status::PushStatus;
use backoff::Backoff;
use connection::Client;
use verdict::Verdict;

/// The queue as collection and sending share it.
pub type SharedQueue = Arc<Mutex<Queue>>;

/// Whether to go on, and until when to finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Collect and send.
    Running,
    /// Send what is left, until this instant at most and only while the server takes it.
    Draining(Instant),
}

/// Sends what the queue holds.
pub struct Pusher {
    queue: SharedQueue,
    /// Told when something was added.
    added: Arc<Notify>,
    client: Client,
    token: Option<Arc<Mutex<TokenFile>>>,
    status: Arc<PushStatus>,
    backoff: Backoff,
    /// What was logged last, so that an outage is one line and not one a retry.
    trouble: Option<String>,
}

/// What became of one attempt.
enum Attempt {
    /// The record is out of the queue.
    Settled,
    /// Try again after this long.
    Later(Duration),
}

impl Pusher {
    /// A pusher that sends `queue` to `target`.
    pub fn new(
        queue: SharedQueue,
        added: Arc<Notify>,
        target: Target,
        token: Option<TokenFile>,
        status: Arc<PushStatus>,
    ) -> Self {
        Self {
            queue,
            added,
            client: Client::new(target),
            token: token.map(|token| Arc::new(Mutex::new(token))),
            status,
            backoff: Backoff::default(),
            trouble: None,
        }
    }

    /// Sends until the phase says to stop.
    pub async fn run(mut self, mut phase: watch::Receiver<Phase>) {
        while *phase.borrow_and_update() == Phase::Running {
            tokio::select! {
                () = self.step() => {}
                _ = phase.changed() => {}
            }
        }
        let Phase::Draining(deadline) = *phase.borrow() else { return };
        if timeout_at(deadline, self.drain()).await.is_err() {
            tracing::info!("stopping with records in the queue; the next start sends them");
        }
    }

    /// Sends one record, or waits: for one to be added, or after a failure.
    async fn step(&mut self) {
        match self.attempt().await {
            None => self.added.notified().await,
            Some(Attempt::Settled) => {}
            Some(Attempt::Later(delay)) => sleep_until(Instant::now() + delay).await,
        }
    }

    /// Sends until the queue is empty or something fails.
    async fn drain(&mut self) {
        while let Some(Attempt::Settled) = self.attempt().await {}
    }

    async fn attempt(&mut self) -> Option<Attempt> {
        let (ticket, record) = self.with_queue(Queue::front).await?;
        let result = match self.bearer().await {
            Ok(token) => self.client.post(record.body.clone(), token.as_ref()).await,
            Err(error) => Err(SendError::Token(error)),
        };
        Some(match result {
            Ok(answer) => self.judge(ticket, record, answer).await,
            Err(error) => {
                self.status.note_error(error.kind(), None);
                self.report(&describe(&error));
                Attempt::Later(self.backoff.next(None))
            }
        })
    }

    /// Does with the record what the server's answer asks for.
    async fn judge(&mut self, ticket: Ticket, record: Record, answer: Answer) -> Attempt {
        let verdict = Verdict::of(answer.status);
        self.status.note_answer(answer.status.as_u16());
        if verdict == Verdict::Accepted {
            self.status.note_sent(u64::from(record.samples), SystemTime::now());
            self.backoff.reset();
            if self.trouble.take().is_some() {
                tracing::info!("the server takes samples again");
            }
            self.with_queue(move |queue| queue.acknowledge(ticket)).await;
            return Attempt::Settled;
        }
        self.status.note_error("status", Some(answer.status.as_u16()));
        match verdict {
            Verdict::Accepted => Attempt::Settled,
            Verdict::Refused => {
                let (status, samples) = (answer.status.as_u16(), record.samples);
                tracing::error!(status, samples, at = %record.at, answer = answer.message, "the server refuses a batch for good; dropped");
                self.backoff.reset();
                self.with_queue(move |queue| queue.refuse(ticket, &record)).await;
                Attempt::Settled
            }
            Verdict::FixSetup => {
                self.report(&format!("the server answers {}: {}", answer.status, answer.message));
                Attempt::Later(self.backoff.slow())
            }
            Verdict::Retry => {
                self.report(&format!("the server answers {}: {}", answer.status, answer.message));
                Attempt::Later(self.backoff.next(answer.retry_after))
            }
        }
    }

    /// Logs a new kind of trouble; the same again is counted only.
    fn report(&mut self, trouble: &str) {
        self.status.note_retry();
        if self.trouble.as_deref() != Some(trouble) {
            tracing::warn!(trouble, "cannot push; samples are kept in the queue and tried again");
            self.trouble = Some(trouble.to_owned());
        }
    }

    async fn bearer(&self) -> Result<Option<http::HeaderValue>, TokenError> {
        let Some(token) = &self.token else { return Ok(None) };
        let token = Arc::clone(token);
        let read =
            spawn_blocking(move || token.lock().unwrap_or_else(PoisonError::into_inner).bearer()).await;
        read.unwrap_or(Err(TokenError::Empty)).map(Some)
    }

    /// Runs `work` on the queue in a thread that may wait for the disk.
    async fn with_queue<T: Default + Send + 'static>(
        &self,
        work: impl FnOnce(&mut Queue) -> T + Send + 'static,
    ) -> T {
        let queue = Arc::clone(&self.queue);
        let done =
            spawn_blocking(move || work(&mut queue.lock().unwrap_or_else(PoisonError::into_inner))).await;
        // It fails only when the runtime is shut down, which ends this task too.
        done.unwrap_or_default()
    }
}

/// An error and its causes in one line.
fn describe(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
