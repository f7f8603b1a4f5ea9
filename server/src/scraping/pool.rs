//! The targets of one job: those that discovery names and relabelling leaves, each with a task of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_api::Labels;
use crowsnest_scrape::config::ScrapeJob;
use crowsnest_scrape::{Job, ScrapeError, Target};
use parking_lot::Mutex;
use tokio::sync::watch;
use tracing::warn;

use super::discover::Discovery;
use super::task::Task;
use super::{Health, TargetState, Tools};

/// What relabelling dropped is told of so many.
const MAX_DROPPED: usize = 100;

/// Why something ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It does not.
    NotYet,
    /// It is no more: its series end.
    Gone,
    /// The server stops.
    Stopped,
}

/// A job at work.
pub(super) struct Pool {
    scrape_job: Arc<ScrapeJob>,
    job: Arc<Job>,
    tools: Arc<Tools>,
    targets: Mutex<BTreeMap<Key, Running>>,
    dropped: Mutex<(Vec<Labels>, u64)>,
}

/// What a target is known by: its URL, its labels, and whether there are too many.
type Key = (String, Labels, bool);

struct Running {
    target: Target,
    health: Arc<Mutex<Health>>,
    ending: watch::Sender<Ending>,
}

impl Pool {
    pub(super) fn new(scrape_job: Arc<ScrapeJob>, tools: Arc<Tools>) -> Self {
        let job = Arc::new(scrape_job.job.clone());
        Self { scrape_job, job, tools, targets: Mutex::default(), dropped: Mutex::default() }
    }

    /// Discovers and scrapes until told to end.
    pub(super) async fn run(self: Arc<Self>, mut told: watch::Receiver<Ending>) {
        let mut discovery = Discovery::new(&self.scrape_job.discoveries, &self.tools);
        loop {
            let targets = discovery.targets().await;
            self.set(targets);
            let next = async {
                match discovery.wait() {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = next => {}
                _ = told.wait_for(|ending| *ending != Ending::NotYet) => break,
            }
        }
        let ending = *told.borrow();
        for (_, running) in std::mem::take(&mut *self.targets.lock()) {
            running.ending.send_replace(ending);
        }
    }

    /// Makes the targets those that were discovered.
    fn set(&self, discovered: Vec<Labels>) {
        let (mut kept, mut dropped, mut count) = (BTreeMap::new(), Vec::new(), 0_u64);
        for labels in discovered {
            match Target::new(&self.job, &labels) {
                Ok(Some(target)) => {
                    kept.insert((target.url(), target.labels.clone()), target);
                }
                Ok(None) => {
                    count += 1;
                    if dropped.len() < MAX_DROPPED {
                        dropped.push(labels);
                    }
                }
                Err(error) => {
                    warn!(job = self.job.name, target = %labels, err = &error as &dyn std::error::Error, "this is no target");
                }
            }
        }
        *self.dropped.lock() = (dropped, count);
        let (limit, number) = (self.job.limits.targets, kept.len() as u64);
        let fails = (limit > 0 && number > limit).then_some(ScrapeError::Targets { targets: number, limit });
        let mut running = self.targets.lock();
        let wanted: BTreeMap<Key, Target> = kept
            .into_iter()
            .map(|((url, labels), target)| ((url, labels, fails.is_some()), target))
            .collect();
        running.retain(|key, running| {
            let stays = wanted.contains_key(key);
            if !stays {
                running.ending.send_replace(Ending::Gone);
            }
            stays
        });
        for (key, target) in wanted {
            running.entry(key).or_insert_with(|| self.start(target, fails.clone()));
        }
    }

    fn start(&self, target: Target, fails: Option<ScrapeError>) -> Running {
        let (ending, told) = watch::channel(Ending::NotYet);
        let health = Arc::new(Mutex::new(Health::default()));
        let task = Task::new(
            Arc::clone(&self.job),
            target.clone(),
            &self.scrape_job.http,
            Arc::clone(&self.tools),
            Arc::clone(&health),
            fails,
        );
        tokio::spawn(task.run(told));
        Running { target, health, ending }
    }

    /// Every target, by URL.
    pub(super) fn targets(&self) -> Vec<TargetState> {
        let state = |running: &Running| TargetState {
            pool: self.job.name.clone(),
            target: running.target.clone(),
            health: running.health.lock().clone(),
        };
        self.targets.lock().values().map(state).collect()
    }

    /// What relabelling has dropped: some of it, and how much there is.
    pub(super) fn dropped(&self) -> (Vec<Labels>, u64) {
        self.dropped.lock().clone()
    }
}
