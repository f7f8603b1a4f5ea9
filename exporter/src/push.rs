//! Sending the queue to the server: in order, one request at a time, backing off while the server is away.

mod backoff;
mod connection;
mod target;
mod token;
mod v2;
mod verdict;

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until, timeout_at};

pub use connection::{Answer, SendError, Version};
pub use target::{ClientIdentity, PlainHttp, Target, TargetError};
pub(crate) use target::{client_tls, is_loopback};
pub use token::{TokenError, TokenFile};

use crate::queue::{Queue, Record, Ticket};
use crate::status::PushStatus;
use backoff::Backoff;
use bytes::Bytes;
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
    dialect: Dialect,
    backoff: Backoff,
    /// What was logged last, so that an outage is one line and not one a retry.
    trouble: Option<String>,
}

/// Which version is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// This one, as somebody said or as the receiver has shown.
    Known(Version),
    /// 2.0 until the receiver shows that it does not understand it.
    Trying,
}

/// What became of one attempt.
enum Attempt {
    /// The record is out of the queue.
    Settled,
    /// Try again at once, in another version.
    Again,
    /// Try again after this long.
    Later(Duration),
}

impl Pusher {
    /// A pusher that sends `queue` to `target`, in one version or in the newest that the receiver takes.
    pub fn new(
        queue: SharedQueue,
        added: Arc<Notify>,
        target: Target,
        token: Option<TokenFile>,
        version: Option<Version>,
        status: Arc<PushStatus>,
    ) -> Self {
        Self {
            queue,
            added,
            client: Client::new(target),
            token: token.map(|token| Arc::new(Mutex::new(token))),
            status,
            dialect: version.map_or(Dialect::Trying, Dialect::Known),
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
            Some(Attempt::Settled | Attempt::Again) => {}
            Some(Attempt::Later(delay)) => sleep_until(Instant::now() + delay).await,
        }
    }

    /// Sends until the queue is empty or something fails.
    async fn drain(&mut self) {
        while let Some(Attempt::Settled | Attempt::Again) = self.attempt().await {}
    }

    async fn attempt(&mut self) -> Option<Attempt> {
        let wanted = self.dialect.version();
        let front = move |queue: &mut Queue| {
            let (ticket, record) = queue.front()?;
            let (version, body) = in_version(wanted, &record);
            Some((ticket, record, version, body))
        };
        let (ticket, record, version, body) = self.with_queue(front).await?;
        let result = match self.bearer().await {
            Ok(token) => self.client.post(version, body, token.as_ref()).await,
            Err(error) => Err(SendError::Token(error)),
        };
        Some(match result {
            Ok(answer) if self.dialect.is_foreign_to(&answer) => {
                self.status.note_answer(answer.status.as_u16());
                tracing::info!(
                    status = answer.status.as_u16(),
                    "the server does not take remote write 2.0; going on with 1.0"
                );
                self.dialect = Dialect::Known(Version::One);
                Attempt::Again
            }
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
            self.dialect = Dialect::Known(self.dialect.version());
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

impl Dialect {
    fn version(self) -> Version {
        match self {
            Self::Known(version) => version,
            Self::Trying => Version::Two,
        }
    }

    /// Whether the answer shows that the receiver does not understand 2.0. 415 says so; one of 1.0 that looks at no header
    /// finds nothing in the body that it knows, and accepts or refuses that. Who understands says how much was stored.
    fn is_foreign_to(self, answer: &Answer) -> bool {
        let status = answer.status.as_u16();
        self == Self::Trying && !answer.counts && matches!(status, 200..=299 | 400 | 415)
    }
}

/// The body in the wanted version, or as it is where it cannot be told otherwise.
fn in_version(wanted: Version, record: &Record) -> (Version, Bytes) {
    let body = match wanted {
        Version::One => None,
        Version::Two => v2::from_v1(&record.body),
    };
    match body {
        Some(body) => (Version::Two, body.into()),
        None => (Version::One, record.body.clone()),
    }
}

/// An error and its causes in one line.
pub(crate) fn describe(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
