//! Rules on the server: those that came with it, of `--provisioning` and of the cluster, evaluated on time, remembered through restarts.

mod alerts;
pub(crate) mod authors;
mod changing;
pub(crate) mod chart;
pub(crate) mod curated;
mod files;
mod given;
pub(crate) mod objects;
mod preview;
mod running;
pub(crate) mod sight;
mod store;
pub(crate) mod written;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crowsnest_alerting::evaluation::{GroupSnapshot, GroupView, Surroundings};
use crowsnest_alerting::rules::Group;
use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::{Control, Engine, Queryable};
use crowsnest_tsdb::Appender;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, watch};
use tracing::{info, warn};

pub(crate) use self::alerts::threshold;
use self::given::{Groups, Origin};
pub(crate) use self::objects::Fault;
use self::running::Running;
use self::store::AppendingRecorder;
use self::written::Written;
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
    /// Folder of rule files; without one there are none.
    pub(crate) folder: ConfigFolder,
    /// Which of those that came with the server are evaluated.
    pub(crate) curated: Vec<&'static str>,
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
    /// Those that users made.
    pub(crate) written: Written,
    /// Somebody has made or changed one.
    saved: Notify,
    /// What each origin gives. Held while groups are replaced.
    given: Mutex<BTreeMap<Origin, Groups>>,
    groups: Mutex<BTreeMap<GroupKey, Arc<Running>>>,
    /// What is wrong with objects of the cluster.
    faults: Mutex<Vec<Fault>>,
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
        let written =
            Written::open(Arc::clone(&control)).context("cannot read the rules that were made here")?;
        let rules = Self {
            settings,
            engine,
            queryable,
            recorder: AppendingRecorder(appender),
            control,
            notifier,
            written,
            saved: Notify::new(),
            given: Mutex::default(),
            groups: Mutex::default(),
            faults: Mutex::default(),
            changed: Notify::new(),
            stopping: Arc::default(),
            counters: Counters::default(),
        };
        rules.set(Origin::Curated, curated::groups(&rules.settings.curated, &rules.engine)?);
        rules.reload()?;
        rules.take_written();
        Ok(rules)
    }

    /// Reads all rule files again. When anything is wrong with any of them, nothing changes.
    ///
    /// # Errors
    /// What is wrong, with file, line and column.
    pub(crate) fn reload(&self) -> anyhow::Result<()> {
        let Some(folder) = self.settings.folder.begin() else { return Ok(()) };
        self.set(Origin::File, files::read(folder, &self.engine)?);
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

    /// What is wrong with rules that were read by themselves, and changed nothing therefore.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        self.faults.lock().clone()
    }

    /// How often a group is evaluated.
    pub(crate) fn interval(&self, group: &Group) -> Duration {
        group.interval.unwrap_or(self.settings.interval)
    }

    /// Labels of an alert of ours, as receivers are told them.
    pub(crate) fn told_labels(&self, labels: &Labels) -> Labels {
        alerts::told_labels(labels, &self.settings.external_labels)
    }

    /// Makes the groups of an origin these. Those that stay the same go on as if nothing had been.
    fn set(&self, origin: Origin, groups: Groups) {
        let mut given = self.given.lock();
        given.insert(origin, groups);
        // Of two with one name, which only a strange path makes, the later origin's counts.
        let wanted = given.values().flatten().map(|(key, given)| (key.clone(), given.clone())).collect();
        self.replace(wanted, clock::now());
    }

    fn replace(&self, wanted: Groups, now: Timestamp) {
        let mut groups = self.groups.lock();
        let mut before = std::mem::take(&mut *groups);
        for (key, given) in wanted {
            let interval = self.interval(&given.group);
            let running = match before.remove(&key) {
                Some(running) if running.given.is_same(&given) => running,
                Some(running) => Arc::new(running.with_rules_of(&key, given, interval, now)),
                None => {
                    let running = Running::new(&key, given, interval, now);
                    self.restore(&key, &running, now);
                    Arc::new(running)
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

    /// Takes up what is remembered of a group from before a restart.
    fn restore(&self, key: &GroupKey, running: &Running, now: Timestamp) {
        let kept = self.control.get(Collection::Alerts, &key.text()).map_err(anyhow::Error::from);
        let snapshot = kept.and_then(|kept| match kept {
            Some(json) => Ok(Some(serde_json::from_slice::<GroupSnapshot>(&json)?)),
            None => Ok(None),
        });
        match snapshot {
            Ok(Some(snapshot)) => running.restore(snapshot, now),
            Ok(None) => {}
            Err(error) => warn!(
                group = key.text(),
                err = &*error as &dyn std::error::Error,
                "cannot read what a group remembered; its alerts begin anew"
            ),
        }
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
        let confined = running.given.confinement.of(&*self.queryable);
        let around = Surroundings {
            engine: &self.engine,
            store: &confined,
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
