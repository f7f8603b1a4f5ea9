//! Rules on the server: read from `--provisioning`, evaluated on time, remembered through restarts.

mod alerts;
mod files;
mod running;
pub(crate) mod sight;
mod store;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crowsnest_alerting::evaluation::{GroupSnapshot, GroupState, GroupView, Surroundings};
use crowsnest_alerting::rules::Group;
use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::{Control, Engine, Queryable};
use crowsnest_tsdb::Appender;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, watch};
use tracing::{info, warn};

use self::running::Running;
use self::store::AppendingRecorder;
use crate::clock;
use crate::config_folder::ConfigFolder;
use crate::control::{Collection, ControlStore};
use crate::notifier::Notifier;

/// How many groups are evaluated at once.
const AT_ONCE: usize = 4;
/// How long the server sleeps at most, so that a clock that is set does not leave rules waiting.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// Where a group comes from, and its name: together they are who it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupKey {
    /// Path of the file.
    pub(crate) file: String,
    pub(crate) name: String,
}

impl GroupKey {
    /// What it is called among Prometheus's series and in control state.
    pub(crate) fn text(&self) -> String {
        format!("{};{}", self.file, self.name)
    }
}

/// What rules are evaluated with.
pub(crate) struct RuleSettings {
    /// Folder of rule files; without one there are no rules.
    pub(crate) folder: ConfigFolder,
    /// How often groups are evaluated that do not say.
    pub(crate) interval: Duration,
    pub(crate) external_labels: Labels,
    pub(crate) external_url: String,
}

/// All groups.
pub(crate) struct Rules {
    settings: RuleSettings,
    engine: Engine,
    queryable: Arc<dyn Queryable>,
    recorder: AppendingRecorder,
    control: Arc<dyn ControlStore>,
    notifier: Arc<Notifier>,
    groups: Mutex<BTreeMap<GroupKey, Arc<Running>>>,
    changed: Notify,
    stopping: Arc<AtomicBool>,
    pub(crate) counters: Counters,
}

/// What has happened.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) evaluations: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) missed: AtomicU64,
}

impl Rules {
    /// Reads the rules for the first time, and goes on from what was remembered.
    ///
    /// # Errors
    /// When control state cannot be read, or anything is wrong with a rule file.
    pub(crate) fn open(
        settings: RuleSettings,
        engine: Engine,
        queryable: Arc<dyn Queryable>,
        appender: Arc<dyn Appender>,
        control: Arc<dyn ControlStore>,
        notifier: Arc<Notifier>,
    ) -> anyhow::Result<Self> {
        let rules = Self {
            settings,
            engine,
            queryable,
            recorder: AppendingRecorder(appender),
            control,
            notifier,
            groups: Mutex::default(),
            changed: Notify::new(),
            stopping: Arc::default(),
            counters: Counters::default(),
        };
        rules.reload()?;
        rules.restore(clock::now())?;
        Ok(rules)
    }

    /// Reads all rule files again. When anything is wrong with any of them, nothing changes.
    ///
    /// # Errors
    /// What is wrong, with file, line and column.
    pub(crate) fn reload(&self) -> anyhow::Result<()> {
        let Some(folder) = self.settings.folder.begin() else { return Ok(()) };
        self.replace(files::read(folder, &self.engine)?, clock::now());
        Ok(())
    }

    /// Reads rule files again if any has changed, and says in the log what is wrong with them.
    pub(crate) fn reload_if_changed(&self) {
        if !self.settings.folder.has_changed() {
            return;
        }
        match self.reload() {
            Ok(()) => info!(groups = self.groups.lock().len(), "read rules again"),
            Err(error) => {
                warn!(err = &*error as &dyn std::error::Error, "cannot read rules; the old ones stay");
            }
        }
    }

    /// Every group as it was left by its last evaluation, in order of files, then of names.
    pub(crate) fn list(&self) -> Vec<(GroupKey, Arc<GroupView>)> {
        let groups = self.groups.lock();
        groups.iter().map(|(key, running)| (key.clone(), running.view())).collect()
    }

    /// How often a group is evaluated.
    pub(crate) fn interval(&self, group: &Group) -> Duration {
        group.interval.unwrap_or(self.settings.interval)
    }

    /// Labels of an alert of ours, as receivers are told them.
    pub(crate) fn told_labels(&self, labels: &Labels) -> Labels {
        alerts::told_labels(labels, &self.settings.external_labels)
    }

    fn replace(&self, wanted: BTreeMap<GroupKey, Arc<Group>>, now: Timestamp) {
        let mut groups = self.groups.lock();
        let mut before = std::mem::take(&mut *groups);
        for (key, group) in wanted {
            let running = match before.remove(&key) {
                Some(running) if running.view().group.is_same(&group) => running,
                Some(running) => {
                    let interval = self.interval(&group);
                    Arc::new(running.with_rules_of(&key, group, interval, now))
                }
                None => {
                    let interval = self.interval(&group);
                    Arc::new(Running::new(&key, GroupState::new(group), interval, now))
                }
            };
            groups.insert(key, running);
        }
        drop(groups);
        for (key, gone) in before {
            if let Some(state) = gone.take()
                && let Err(error) = state.end(now, &self.recorder)
            {
                warn!(group = key.text(), error, "cannot end the series of a group that is gone");
            }
            self.forget(&key);
        }
        self.changed.notify_one();
    }

    fn restore(&self, now: Timestamp) -> anyhow::Result<()> {
        let kept = self.control.list(Collection::Alerts).context("cannot read what alerts there were")?;
        let groups = self.groups.lock();
        let mut by_text: BTreeMap<String, &Arc<Running>> =
            groups.iter().map(|(key, running)| (key.text(), running)).collect();
        for (key, json) in kept {
            let Some(running) = by_text.remove(&key) else { continue };
            match serde_json::from_slice::<GroupSnapshot>(&json) {
                Ok(snapshot) => running.restore(snapshot, now),
                Err(error) => {
                    warn!(
                        group = key,
                        err = &error as &dyn std::error::Error,
                        "what a group remembered is damaged"
                    );
                }
            }
        }
        Ok(())
    }

    fn forget(&self, key: &GroupKey) {
        if let Err(error) = self.control.delete(Collection::Alerts, &key.text()) {
            warn!(
                group = key.text(),
                err = &error as &dyn std::error::Error,
                "cannot forget a group's alerts"
            );
        }
    }

    /// Evaluates groups when they are due, until `stopped`. What runs then is told to end.
    pub(crate) async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            let (due, sleep) = self.due(clock::now());
            for (key, running, slot) in due {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                let rules = Arc::clone(&self);
                tokio::task::spawn_blocking(move || {
                    rules.evaluate(&key, &running, slot);
                    drop(place);
                    rules.changed.notify_one();
                });
            }
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                () = self.changed.notified() => {}
                _ = stopped.wait_for(|stop| *stop) => break,
            }
        }
        self.stopping.store(true, Ordering::Relaxed);
        // Those that run end soon, and nothing is lost.
        drop(places.acquire_many(u32::try_from(AT_ONCE).unwrap_or(1)).await);
    }

    /// Groups to evaluate now, each with its timestamp; and how long there is nothing else to do.
    fn due(&self, now: Timestamp) -> (Vec<(GroupKey, Arc<Running>, Timestamp)>, Duration) {
        let groups = self.groups.lock();
        let mut due = Vec::new();
        let mut sleep = LONGEST_SLEEP;
        for (key, running) in groups.iter() {
            match running.due(now) {
                Ok((slot, missed)) => {
                    self.counters.missed.fetch_add(missed, Ordering::Relaxed);
                    due.push((key.clone(), Arc::clone(running), slot));
                }
                Err(wait) => sleep = sleep.min(wait),
            }
        }
        (due, sleep)
    }

    fn evaluate(&self, key: &GroupKey, running: &Running, at: Timestamp) {
        let stopping = Arc::clone(&self.stopping);
        let control = move || {
            let began = Instant::now();
            Control::new(Arc::clone(&stopping), move || began.elapsed())
        };
        let around = Surroundings {
            engine: &self.engine,
            store: &*self.queryable,
            recorder: &self.recorder,
            control: &control,
            external_labels: &self.settings.external_labels,
            external_url: &self.settings.external_url,
            query_offset: Duration::ZERO,
        };
        let Some(outcome) = running.evaluate(at, &around) else { return };
        self.counters.evaluations.fetch_add(outcome.rules, Ordering::Relaxed);
        self.counters.failures.fetch_add(outcome.failed, Ordering::Relaxed);
        let told = outcome.due.into_iter().map(|alert| alerts::told(alert, &self.settings));
        self.notifier.take(told, clock::now());
        if let Some(snapshot) = outcome.snapshot {
            let kept = serde_json::to_vec(&snapshot)
                .map_err(anyhow::Error::from)
                .and_then(|json| Ok(self.control.put(Collection::Alerts, &key.text(), &json)?));
            if let Err(error) = kept {
                warn!(
                    group = key.text(),
                    err = &*error as &dyn std::error::Error,
                    "cannot remember a group's alerts; a restart will not know them"
                );
            }
        }
    }
}
