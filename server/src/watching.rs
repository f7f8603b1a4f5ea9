//! Watches of one browser, merged into one stream of server-sent events.
//!
//! Each watch is a task that asks the API server with the user's own credential. All put what they find into one bounded
//! queue; the connection takes out of it as fast as the browser reads, and so bounds them all. Nothing is shared between
//! users.

mod backoff;
mod batch;
mod one;
mod places;
mod position;
mod upstream;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crowsnest_api::cluster::WatchTarget;
use crowsnest_api::stream::{End, EndReason, StreamEvent};
use crowsnest_rbac::Credential;
use futures_util::stream::{self, Stream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

use crate::cluster::Cluster;
use one::Watch;
use position::Positions;

pub(crate) use backoff::Backoff;
pub(crate) use places::{Place, Places};

/// Events that wait for the browser to read.
const QUEUE: usize = 2;
/// How often something is sent, whatever happens.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often it is looked whether the session is over.
pub(crate) const LOOK: Duration = Duration::from_secs(2);
/// The beginning of a stream: when to come back after a cut, in milliseconds.
pub(crate) const BEGINNING: &str = "retry: 2000\n\n";

/// Whose stream it is, and until when.
pub(crate) struct Subscriber {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) credential: Credential,
    /// Why the session is over, once it is.
    pub(crate) end: Box<dyn Fn() -> Option<EndReason> + Send + Sync>,
    /// Ends the session whose credential is worth nothing any more.
    pub(crate) expire: Box<dyn Fn() + Send + Sync>,
    /// Turns true when the server stops.
    pub(crate) stopped: watch::Receiver<bool>,
}

/// What a watch tells its stream. A position is where the watch is once this has been told.
enum Told {
    Event(usize, Written, Option<String>),
    Position(usize, Option<String>),
    SessionOver(EndReason),
}

/// The fields `event` and `data` of an event, as they are sent.
struct Written(String);

impl Written {
    fn of(event: &StreamEvent) -> Option<Self> {
        let data = event.data().ok()?;
        Some(Self(format!("event: {}\ndata: {data}\n", event.name())))
    }
}

/// What a stream watches.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Watches {
    /// In the order of their numbers.
    pub(crate) targets: Vec<WatchTarget>,
    /// Those of which whoever asks has nothing: they begin with a list, whatever the position says.
    pub(crate) anew: Vec<usize>,
}

/// A stream of watches, going on after `last_event_id` if there is one; it gives its place back at its end.
pub(crate) fn open(
    subscriber: Subscriber,
    place: Place,
    Watches { targets, anew }: Watches,
    last_event_id: Option<&str>,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let mut positions = Positions::start(&targets).resume(last_event_id.unwrap_or_default());
    for watch in anew {
        positions.set(watch, None);
    }
    let (out, told) = mpsc::channel(QUEUE);
    let lists = Arc::new(Semaphore::new(1));
    let mut watches = JoinSet::new();
    for (number, target) in targets.into_iter().enumerate() {
        let watch = Watch {
            number,
            target,
            cluster: Arc::clone(&subscriber.cluster),
            credential: subscriber.credential.clone(),
            out: out.clone(),
            lists: Arc::clone(&lists),
            position: positions.of(number),
        };
        watches.spawn(watch.run());
    }
    // With this sender the queue stays open when all watches have failed, and so does the stream.
    let merged = Merged {
        told,
        _out: out,
        _watches: watches,
        _place: place,
        sent_id: String::new(),
        positions,
        heartbeat: every(HEARTBEAT),
        look: every(LOOK),
        subscriber,
        phase: Phase::Beginning,
    };
    stream::unfold(merged, |mut merged| async { merged.next().await.map(|bytes| (Ok(bytes), merged)) })
}

/// Waits until the server stops.
pub(crate) async fn stop(stopped: &mut watch::Receiver<bool>) {
    // An error means that the server is gone altogether.
    stopped.wait_for(|stop| *stop).await.map(drop).ok();
}

/// Waits until the session is over, and says why.
pub(crate) async fn ended(
    look: &mut Interval,
    end: &(dyn Fn() -> Option<EndReason> + Send + Sync),
) -> EndReason {
    loop {
        look.tick().await;
        if let Some(reason) = end() {
            return reason;
        }
    }
}

/// Ticks; the first one after a period.
pub(crate) fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Beginning,
    Running,
    Over,
}

/// All watches of a stream; they end with it.
struct Merged {
    told: mpsc::Receiver<Told>,
    _out: mpsc::Sender<Told>,
    _watches: JoinSet<()>,
    _place: Place,
    positions: Positions,
    /// The id that the browser has.
    sent_id: String,
    heartbeat: Interval,
    look: Interval,
    subscriber: Subscriber,
    phase: Phase,
}

impl Merged {
    /// What is sent next; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        match self.phase {
            Phase::Over => return None,
            Phase::Beginning => {
                self.phase = Phase::Running;
                return Some(Bytes::from_static(BEGINNING.as_bytes()));
            }
            Phase::Running => {}
        }
        loop {
            tokio::select! {
                biased;
                () = stop(&mut self.subscriber.stopped) => return None,
                reason = ended(&mut self.look, &self.subscriber.end) => return self.end(reason),
                told = self.told.recv() => match told? {
                    Told::Event(watch, written, position) => {
                        self.positions.set(watch, position);
                        return Some(self.event(&written));
                    }
                    Told::Position(watch, position) => self.positions.set(watch, position),
                    Told::SessionOver(reason) => {
                        (self.subscriber.expire)();
                        return self.end(reason);
                    }
                },
                _ = self.heartbeat.tick() => return Some(self.beat()),
            }
        }
    }

    fn event(&mut self, Written(fields): &Written) -> Bytes {
        self.sent_id = self.positions.id();
        Bytes::from(format!("id: {}\n{fields}\n", self.sent_id))
    }

    /// A comment; where bookmarks have moved a position, its id, which reaches the browser without an event.
    fn beat(&mut self) -> Bytes {
        let id = self.positions.id();
        if id == self.sent_id {
            return Bytes::from_static(b":\n\n");
        }
        let beat = format!(":\nid: {id}\n\n");
        self.sent_id = id;
        Bytes::from(beat)
    }

    fn end(&mut self, reason: EndReason) -> Option<Bytes> {
        self.phase = Phase::Over;
        Written::of(&StreamEvent::End(End { reason })).map(|written| self.event(&written))
    }
}
