//! All logs of a stream: a task for each container that there is, and for each that comes while they are followed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::access::Right;
use crowsnest_api::logs::{LogEvent, LogQuestion, LogSource, MAX_SOURCES, Notice, SourceState};
use crowsnest_api::stream::EndReason;
use crowsnest_rbac::Credential;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::changes::tell_changes;
use super::mark::{Key, Marks};
use super::pods::{Container, Pods, Run};
use super::source::Source;
use super::{Told, Unheard, written};
use crate::cluster::{Cluster, ClusterError};
use crate::watching::Backoff;

/// How often it is asked whether the user may still read these logs; an answer counts for some seconds.
const ALLOWED_AGAIN: Duration = Duration::from_secs(3);
/// How often it is looked which pods there are although nothing has been told of them: the API server says then, too, whether the user's
/// credential still counts.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// What changes together is looked at together.
const SETTLE: Duration = Duration::from_millis(300);

/// Containers that are known, those that are gone included.
const MAX_KNOWN: usize = 4 * MAX_SOURCES;

/// What all logs of a stream need.
pub(super) struct Follow {
    pub(super) question: Arc<LogQuestion>,
    pub(super) pods: Pods,
    pub(super) cluster: Arc<Cluster>,
    pub(super) credential: Credential,
    pub(super) out: mpsc::Sender<Told>,
    /// How far each has been told before.
    pub(super) marks: Marks,
    pub(super) sources: HashMap<Key, Followed>,
    /// The number of the next one.
    pub(super) next: usize,
    pub(super) tasks: JoinSet<()>,
    /// Containers of which it was said that there is no place for them.
    pub(super) left_out: usize,
}

/// One that has a task.
pub(super) struct Followed {
    number: usize,
    pod: String,
    container: String,
    run: watch::Sender<Run>,
}

impl Follow {
    /// Runs until nobody listens, or all has been told; `first` is which containers there are at the beginning.
    pub(super) async fn run(mut self, first: Vec<Container>) {
        if self.run_to_the_end(first).await.is_ok() {
            self.out.send(Told::Done).await.ok();
        }
    }

    async fn run_to_the_end(&mut self, first: Vec<Container>) -> Result<(), Unheard> {
        self.take_note_of(first).await?;
        if !self.question.follow || self.question.previous {
            while self.tasks.join_next().await.is_some() {}
            return Ok(());
        }
        let changed = Arc::new(Notify::new());
        // It ends with this future.
        let mut watching = JoinSet::new();
        let (cluster, credential) = (Arc::clone(&self.cluster), self.credential.clone());
        watching.spawn(tell_changes(cluster, credential, self.pods.watched(), Arc::clone(&changed)));
        let (mut backoff, mut looked) = (Backoff::new(), Instant::now());
        loop {
            let is_told = tokio::select! {
                () = changed.notified() => true,
                () = tokio::time::sleep(ALLOWED_AGAIN) => false,
                () = self.out.closed() => return Err(Unheard),
            };
            if !self.is_allowed().await {
                return self.deny("you may not read these logs any more").await;
            }
            if !is_told && looked.elapsed() < LOOK_AGAIN {
                continue;
            }
            if is_told {
                tokio::time::sleep(SETTLE).await;
            }
            looked = Instant::now();
            match self.pods.look(&self.cluster, &self.credential).await {
                Ok(found) => {
                    backoff.reset();
                    self.take_note_of(found).await?;
                }
                Err(ClusterError::Refused(status)) if status.code == 401 => {
                    return self.tell(Told::SessionOver(EndReason::Expired)).await;
                }
                Err(ClusterError::Refused(status)) if status.code == 403 => {
                    return self.deny(&status.message).await;
                }
                // A pod of a StatefulSet comes back by the same name.
                Err(ClusterError::Refused(status)) if status.code == 404 => {
                    self.take_note_of(Vec::new()).await?;
                }
                // What is open stays open; each log says for itself when it breaks.
                Err(_) => tokio::time::sleep(backoff.wait(None)).await,
            }
        }
    }

    /// Begins to read the logs of containers that are new, and tells the others how they are doing.
    async fn take_note_of(&mut self, found: Vec<Container>) -> Result<(), Unheard> {
        for (key, source) in &self.sources {
            if !found.iter().any(|container| container.key == *key) {
                source.set(Run::Gone);
            }
        }
        // One that comes back soon is known; of long ago, nothing is.
        if self.sources.len() > MAX_KNOWN {
            self.sources.retain(|key, _| found.iter().any(|container| container.key == *key));
        }
        let mut left_out = 0;
        for container in found {
            match self.sources.get(&container.key) {
                Some(source) => source.set(container.run),
                None if self.tasks.len() >= MAX_SOURCES => left_out += 1,
                None => self.begin(container),
            }
            // Those whose logs are over make room.
            while self.tasks.try_join_next().is_some() {}
        }
        if left_out > self.left_out {
            let message = format!("{MAX_SOURCES} containers have a place here; {left_out} more are left out");
            let notice = LogEvent::Notice(Notice { message, left_out });
            self.tell_event(&notice).await?;
        }
        self.left_out = left_out;
        Ok(())
    }

    fn begin(&mut self, container: Container) {
        let Container { key, pod, name, run } = container;
        let number = self.next;
        self.next += 1;
        let (sender, receiver) = watch::channel(run);
        let source = Source {
            number,
            key: key.clone(),
            pod: pod.clone(),
            container: name.clone(),
            question: Arc::clone(&self.question),
            cluster: Arc::clone(&self.cluster),
            credential: self.credential.clone(),
            out: self.out.clone(),
            run: receiver,
            mark: self.marks.get(&key),
            told: None,
        };
        self.tasks.spawn(source.follow());
        self.sources.insert(key, Followed { number, pod, container: name, run: sender });
    }

    /// Whether the user still has the right to read these logs: the API server itself asks at the beginning of each alone. Where that
    /// cannot be asked, they go on.
    async fn is_allowed(&self) -> bool {
        let namespace = self.question.of.scope.namespace().unwrap_or_default().to_owned();
        let all = Right::to("get", "", "pods", "").below("log").within(namespace);
        if self.cluster.may(&self.credential, &all).await.unwrap_or(true) {
            return true;
        }
        let mut pods: Vec<&str> = self.sources.values().map(|source| source.pod.as_str()).collect();
        pods.sort_unstable();
        pods.dedup();
        for pod in &pods {
            let one = all.clone().named((*pod).to_owned());
            if !self.cluster.may(&self.credential, &one).await.unwrap_or(true) {
                return false;
            }
        }
        !pods.is_empty()
    }

    /// Ends all logs: what was open at the time the right was taken away would stay open.
    async fn deny(&mut self, message: &str) -> Result<(), Unheard> {
        self.tasks.abort_all();
        while self.tasks.join_next().await.is_some() {}
        let mut sources: Vec<&Followed> = self.sources.values().collect();
        sources.sort_unstable_by_key(|source| source.number);
        let denied = sources.into_iter().map(|source| {
            LogEvent::Source(LogSource {
                source: source.number,
                pod: source.pod.clone(),
                container: source.container.clone(),
                state: SourceState::Denied,
                message: Some(message.to_owned()),
            })
        });
        for event in denied.collect::<Vec<_>>() {
            self.tell_event(&event).await?;
        }
        Ok(())
    }

    async fn tell_event(&self, event: &LogEvent) -> Result<(), Unheard> {
        match written(event) {
            Some(written) => self.tell(Told::Event(written)).await,
            None => Ok(()),
        }
    }

    async fn tell(&self, told: Told) -> Result<(), Unheard> {
        self.out.send(told).await.map_err(|_| Unheard)
    }
}

impl Followed {
    fn set(&self, run: Run) {
        self.run.send_if_modified(|before| {
            let differs = *before != run;
            *before = run;
            differs
        });
    }
}
