//! The stream of events that a browser reads.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use crowsnest_api::logs::{Done, LogEvent, LogQuestion};
use crowsnest_api::stream::End;
use futures_util::stream::{self, Stream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Interval;

use super::follow::Follow;
use super::mark::Marks;
use super::pods::{Container, Pods};
use super::{Told, written};
use crate::cluster::ClusterError;
use crate::watching::{BEGINNING, HEARTBEAT, LOOK, Place, Subscriber, ended, every, stop};

/// Events that wait for the browser to read: each has at most a quarter of a megabyte, and one line.
const QUEUE: usize = 2;

/// The logs of `question`, going on after `last_event_id` if there is one; the stream gives its place back at its end.
pub(crate) async fn open(
    subscriber: Subscriber,
    place: Place,
    question: LogQuestion,
    pods: Pods,
    last_event_id: Option<&str>,
) -> Result<impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static, ClusterError> {
    let first = pods.look(&subscriber.cluster, &subscriber.credential).await?;
    let events = Events::begin(subscriber, place, question, pods, first, last_event_id);
    Ok(stream::unfold(events, |mut events| async { events.next().await.map(|bytes| (Ok(bytes), events)) }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Beginning,
    Running,
    Over,
}

struct Events {
    told: mpsc::Receiver<Told>,
    _tasks: JoinSet<()>,
    _place: Place,
    marks: Marks,
    heartbeat: Interval,
    look: Interval,
    subscriber: Subscriber,
    phase: Phase,
}

impl Events {
    fn begin(
        subscriber: Subscriber,
        place: Place,
        question: LogQuestion,
        pods: Pods,
        first: Vec<Container>,
        last_event_id: Option<&str>,
    ) -> Self {
        let start = Marks::start(&question);
        let marks = last_event_id.map_or_else(|| start.clone(), |id| start.clone().resume(id));
        let (out, told) = mpsc::channel(QUEUE);
        let follow = Follow {
            question: Arc::new(question),
            pods,
            cluster: Arc::clone(&subscriber.cluster),
            credential: subscriber.credential.clone(),
            out,
            marks: marks.clone(),
            sources: HashMap::new(),
            next: 0,
            tasks: JoinSet::new(),
            left_out: 0,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(follow.run(first));
        Self {
            told,
            _tasks: tasks,
            _place: place,
            marks,
            heartbeat: every(HEARTBEAT),
            look: every(LOOK),
            subscriber,
            phase: Phase::Beginning,
        }
    }

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
        tokio::select! {
            biased;
            () = stop(&mut self.subscriber.stopped) => None,
            reason = ended(&mut self.look, &self.subscriber.end) => self.last(&LogEvent::End(End { reason })),
            told = self.told.recv() => match told? {
                Told::Event(fields) => Some(self.event(&fields)),
                Told::Lines(fields, key, mark) => {
                    self.marks.set(key, mark);
                    Some(self.event(&fields))
                }
                Told::Done => self.last(&LogEvent::Done(Done {})),
                Told::SessionOver(reason) => {
                    (self.subscriber.expire)();
                    self.last(&LogEvent::End(End { reason }))
                }
            },
            _ = self.heartbeat.tick() => Some(Bytes::from_static(b":\n\n")),
        }
    }

    fn event(&self, fields: &str) -> Bytes {
        Bytes::from(format!("id: {}\n{fields}\n", self.marks.id()))
    }

    fn last(&mut self, event: &LogEvent) -> Option<Bytes> {
        self.phase = Phase::Over;
        written(event).map(|fields| self.event(&fields))
    }
}
