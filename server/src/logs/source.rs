//! The log of one container: read, and read again where that is broken or the container starts anew.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::cluster::{Kind, ObjectName, Scope};
use crowsnest_api::logs::{LogEvent, LogLine, LogLines, LogQuestion, LogSource, Since, SourceState};
use crowsnest_api::stream::EndReason;
use crowsnest_rbac::Credential;
use kube::client::Body;
use tokio::sync::{mpsc, watch};

use super::lines::Lines;
use super::mark::{Key, Mark, Skip};
use super::pods::{Run, Writes};
use super::{Told, Unheard, written};
use crate::cluster::{As, Cluster, ClusterError, Form, Path};
use crate::watching::Backoff;

/// A log that is not followed and breaks is read again so often.
const ATTEMPTS: u32 = 3;

/// What one log needs.
pub(super) struct Source {
    /// Its number in the stream.
    pub(super) number: usize,
    pub(super) key: Key,
    pub(super) pod: String,
    pub(super) container: String,
    pub(super) question: Arc<LogQuestion>,
    pub(super) cluster: Arc<Cluster>,
    pub(super) credential: Credential,
    /// Where what it reads goes. Bounded: when nobody takes anything out, the log waits, and with it the kubelet.
    pub(super) out: mpsc::Sender<Told>,
    /// How its container is doing.
    pub(super) run: watch::Receiver<Run>,
    /// Up to where everything has been told.
    pub(super) mark: Option<Mark>,
    pub(super) told: Option<(SourceState, Option<String>)>,
}

/// What comes after a log has been read, or has not.
enum Outcome {
    /// Nothing.
    Over,
    /// The same once more, after a wait.
    Again(Option<Duration>),
    /// All of it has been told; the next run of the container has this number.
    Ended(u64),
}

impl Source {
    /// Runs until nobody listens, or all has been told.
    pub(super) async fn follow(mut self) {
        // Whether anybody listens is all that can go wrong.
        self.read_runs().await.ok();
    }

    async fn read_runs(&mut self) -> Result<(), Unheard> {
        let (mut backoff, mut attempts, mut from) = (Backoff::new(), 0, 0);
        loop {
            let run = self.run.borrow_and_update().clone();
            let (number, writes) = match run {
                Run::Number(number, writes) if number >= from => (number, writes),
                Run::Gone => return self.tell_state(SourceState::Gone, None).await,
                Run::None(why) => {
                    self.tell_state(SourceState::Waiting, Some(why).filter(|why| !why.is_empty())).await?;
                    if !self.question.follow {
                        return Ok(());
                    }
                    self.wait_for_change().await?;
                    continue;
                }
                Run::Number(..) => {
                    self.wait_for_change().await?;
                    continue;
                }
            };
            let before = self.mark;
            match self.read(number, writes).await? {
                Outcome::Over => return Ok(()),
                Outcome::Ended(next) => {
                    from = next;
                    self.tell_state(SourceState::Ended, None).await?;
                    if !self.question.follow || self.question.previous {
                        return Ok(());
                    }
                }
                Outcome::Again(wait) => {
                    attempts += 1;
                    if !self.question.follow && attempts >= ATTEMPTS {
                        return Ok(());
                    }
                    if self.mark != before {
                        backoff.reset();
                    }
                    let wait = backoff.wait(wait);
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        changed = self.wait_for_change() => changed?,
                    }
                }
            }
        }
    }

    /// Reads one log to its end.
    async fn read(&mut self, number: u64, writes: Writes) -> Result<Outcome, Unheard> {
        let path = self.path();
        let response = self.cluster.open(As::User(&self.credential), &path, Form::Whole).await;
        let mut lines = match response {
            Ok(response) => Lines::new(response.into_body()),
            Err(error) => return self.explain(&error).await,
        };
        self.tell_state(SourceState::Open, None).await?;
        let mut skip = self.mark.map(Skip::to);
        loop {
            match self.next_lines(&mut lines).await? {
                Ok(Some(some)) => self.tell_lines(some, &mut skip).await?,
                // The connection broke: the rest is read on another one.
                Err(error) => {
                    self.tell_state(SourceState::Failed, Some(error.told())).await?;
                    return Ok(Outcome::Again(None));
                }
                Ok(None) => break,
            }
        }
        let is_all = !self.question.follow || writes == Writes::NoMore || self.question.limit_bytes.is_some();
        // One that writes on may have been cut by whoever is in between, or has ended just now.
        Ok(if is_all { Outcome::Ended(number + 1) } else { Outcome::Again(None) })
    }

    async fn next_lines(
        &self,
        lines: &mut Lines<Body>,
    ) -> Result<Result<Option<Vec<LogLine>>, ClusterError>, Unheard> {
        tokio::select! {
            lines = lines.next() => Ok(lines),
            () = self.out.closed() => Err(Unheard),
        }
    }

    /// Where the log is, from the mark on if there is one.
    fn path(&self) -> Path {
        let question = &self.question;
        let mut path = log_path(&question.of.scope, &self.pod, &self.container).with("timestamps", "true");
        if question.follow && !question.previous {
            path = path.with("follow", "true");
        }
        if question.previous {
            path = path.with("previous", "true");
        }
        if let Some(limit) = question.limit_bytes {
            path = path.with("limitBytes", &limit.to_string());
        }
        if let Some(since) = self.mark.and_then(Mark::second) {
            return path.with("sinceTime", &since);
        }
        if let Some(tail) = question.tail {
            path = path.with("tailLines", &tail.to_string());
        }
        since(path, question.since.as_ref())
    }

    async fn tell_lines(&mut self, mut lines: Vec<LogLine>, skip: &mut Option<Skip>) -> Result<(), Unheard> {
        lines.retain(|line| {
            let Ok(time) = line.t.parse::<jiff::Timestamp>() else { return true };
            if skip.as_mut().is_some_and(|skip| skip.has_told(time)) {
                return false;
            }
            self.mark = Some(Mark::after(self.mark, time));
            true
        });
        if lines.is_empty() {
            return Ok(());
        }
        let event = LogEvent::Lines(LogLines { source: self.number, lines });
        match (written(&event), self.mark) {
            (Some(written), Some(mark)) => self.tell(Told::Lines(written, self.key.clone(), mark)).await,
            (Some(written), None) => self.tell(Told::Event(written)).await,
            (None, _) => Ok(()),
        }
    }

    /// What to say about a refusal, and what to do.
    async fn explain(&mut self, error: &ClusterError) -> Result<Outcome, Unheard> {
        let message = Some(error.told());
        let (state, next) = match error {
            ClusterError::Refused(status) => match status.code {
                401 => {
                    self.tell(Told::SessionOver(EndReason::Expired)).await?;
                    return Ok(Outcome::Over);
                }
                403 => (SourceState::Denied, Outcome::Over),
                // The container has not started, whatever its status says.
                400 => (SourceState::Waiting, Outcome::Again(None)),
                404 => (SourceState::Gone, Outcome::Again(None)),
                _ => (SourceState::Failed, Outcome::Again(status.retry_after())),
            },
            ClusterError::Unreachable(_) | ClusterError::TimedOut(_) | ClusterError::Answer(_) => {
                (SourceState::Failed, Outcome::Again(None))
            }
        };
        self.tell_state(state, message).await?;
        Ok(next)
    }

    async fn tell_state(&mut self, state: SourceState, message: Option<String>) -> Result<(), Unheard> {
        if self.told.as_ref().is_some_and(|told| *told == (state, message.clone())) {
            return Ok(());
        }
        self.told = Some((state, message.clone()));
        let (pod, container) = (self.pod.clone(), self.container.clone());
        let event = LogEvent::Source(LogSource { source: self.number, pod, container, state, message });
        match written(&event) {
            Some(written) => self.tell(Told::Event(written)).await,
            None => Ok(()),
        }
    }

    async fn tell(&self, told: Told) -> Result<(), Unheard> {
        self.out.send(told).await.map_err(|_| Unheard)
    }

    async fn wait_for_change(&mut self) -> Result<(), Unheard> {
        tokio::select! {
            // Whoever would tell of changes is gone only when the stream is.
            changed = self.run.changed() => changed.map_err(|_| Unheard),
            () = self.out.closed() => Err(Unheard),
        }
    }
}

/// The log of a container.
pub(super) fn log_path(scope: &Scope, pod: &str, container: &str) -> Path {
    let path = match (Kind::new("", "v1", "pods"), pod.parse::<ObjectName>()) {
        (Ok(pods), Ok(pod)) => Path::object(&pods, scope, &pod),
        // No pod has such a name, and no API server answers to such a path.
        _ => Path::nowhere(),
    };
    path.below("log").with("container", container)
}

/// The same from a time on.
pub(super) fn since(path: Path, since: Option<&Since>) -> Path {
    match since {
        Some(Since::Seconds(seconds)) => path.with("sinceSeconds", &seconds.to_string()),
        Some(Since::Time(time)) => path.with("sinceTime", time),
        None => path,
    }
}
