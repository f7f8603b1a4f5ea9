//! Notifications on the server: alerts come in from rules and senders, and go out to receivers, on time.

mod deliver;
pub(crate) mod forward;
mod kept;
mod mail;
mod picture;
mod prepared;
mod rehearse;
mod request;
pub(crate) mod sight;
mod source;
mod told;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{anyhow, bail};
use crowsnest_alerting::dispatch::{Alert, Dispatcher, Forgotten, Silence, SilenceError};
use crowsnest_alerting::message::Templates;
use crowsnest_api::Timestamp;
use crowsnest_api::alerts::RoutingSource;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tracing::{info, warn};

use self::forward::{Forwarding, Forwards};
use self::kept::Kept;
pub(crate) use self::kept::new_id;
pub(crate) use self::picture::Illustrate;
use self::picture::Studio;
use self::source::{Source, Sources};
pub(crate) use self::source::{TypeError, Typed};
pub(crate) use self::told::ToldLog;
use crate::clock;
use crate::control::{Collection, ControlStore};
use crate::fetch::Fetcher;

/// How long to sleep at most, so that a clock that is set keeps nobody waiting.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
/// How often what is over is forgotten.
const COLLECT_INTERVAL: Duration = Duration::from_mins(15);

/// Routes alerts, and sends notifications.
pub(crate) struct Notifier {
    sources: Sources,
    /// Those who route alerts in our stead.
    pub(crate) forwards: Forwards,
    /// The address under which people reach the server.
    external_url: String,
    dispatcher: Mutex<Dispatcher>,
    templates: Mutex<Arc<Templates>>,
    /// The configuration as it was read.
    read: Mutex<Source>,
    control: Arc<dyn ControlStore>,
    fetcher: Fetcher,
    /// What receivers were told, and what they said.
    pub(crate) told: Arc<ToldLog>,
    changed: Notify,
    /// Where charts that go along are drawn.
    pub(crate) studio: Studio,
    /// Notifications sent.
    pub(crate) sent: AtomicU64,
    /// Attempts to send that failed.
    pub(crate) failed: AtomicU64,
}

impl Notifier {
    /// Reads the configuration, and takes up what was known before a restart.
    ///
    /// # Errors
    /// When anything is wrong with the configuration, or control state cannot be read.
    pub(crate) fn open(
        file: Option<PathBuf>,
        forwarding: &Forwarding,
        external_url: String,
        control: Arc<dyn ControlStore>,
        fetcher: Fetcher,
        told: ToldLog,
    ) -> anyhow::Result<Self> {
        let forwards = Forwards::new(forwarding, &fetcher);
        if let (Some(file), false) = (file.as_ref().filter(|file| file.exists()), forwards.is_empty()) {
            bail!(
                "alerts are routed by {} or by those of --forward-alerts: take away one of them",
                file.display()
            );
        }
        let sources = Sources::open(file, !forwards.is_empty(), &*control)?;
        let read = sources.read()?;
        let (config, templates) = sources.parse(&read)?;
        let mut dispatcher = Dispatcher::new(Arc::new(config));
        kept::restore(&*control, &mut dispatcher)?;
        Ok(Self {
            sources,
            forwards,
            external_url,
            dispatcher: Mutex::new(dispatcher),
            templates: Mutex::new(Arc::new(templates)),
            read: Mutex::new(read),
            control,
            fetcher,
            told: Arc::new(told),
            changed: Notify::new(),
            studio: Studio::default(),
            sent: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        })
    }

    /// Reads the configuration again; when anything is wrong with it, nothing changes.
    ///
    /// # Errors
    /// What is wrong, with file, line and column.
    pub(crate) fn reload(&self) -> anyhow::Result<()> {
        let read = self.sources.read()?;
        let (config, templates) = self.sources.parse(&read)?;
        *self.templates.lock() = Arc::new(templates);
        *self.read.lock() = read;
        self.dispatcher.lock().reconfigure(Arc::new(config), clock::now());
        self.changed.notify_one();
        Ok(())
    }

    /// Reads the configuration again if it has changed, and says in the log what is wrong with it.
    pub(crate) fn reload_if_changed(&self) {
        let Ok(read) = self.sources.read() else { return };
        if read == *self.read.lock() {
            return;
        }
        match self.reload() {
            Ok(()) => info!(source = ?read.who, "read who is told of alerts again"),
            Err(error) => {
                // Told once: this text is known to be wrong.
                *self.read.lock() = read;
                warn!(
                    err = &*error as &dyn std::error::Error,
                    "cannot read alertmanager.yml; the old one stays"
                );
            }
        }
    }

    /// Whether somebody has said who is told of alerts.
    pub(crate) fn is_routed(&self) -> bool {
        self.read.lock().who != RoutingSource::Nobody
    }

    /// Who says who is told, and what was typed here.
    pub(crate) fn routing(&self) -> (RoutingSource, Option<Typed>) {
        (self.read.lock().who, self.sources.typed.lock().clone())
    }

    /// Has what somebody types count from now on; gives its version.
    pub(crate) fn save_routing(&self, typed: Typed) -> Result<u64, TypeError> {
        let version = self.sources.save(typed, &*self.control)?;
        self.reload().map_err(|error| TypeError::Wrong(format!("{error:#}")))?;
        Ok(version)
    }

    /// The state, to be looked at.
    pub(crate) fn dispatcher(&self) -> MutexGuard<'_, Dispatcher> {
        self.dispatcher.lock()
    }

    /// Takes alerts.
    pub(crate) fn take(&self, alerts: impl IntoIterator<Item = Alert>, now: Timestamp) {
        let mut dispatcher = self.dispatcher.lock();
        for alert in alerts {
            self.forwards.put(&alert);
            dispatcher.put(alert, now);
        }
        drop(dispatcher);
        self.changed.notify_one();
    }

    /// Makes or changes a silence, durably, and gives its id.
    pub(crate) fn silence(
        &self,
        silence: Silence,
        now: Timestamp,
    ) -> anyhow::Result<Result<String, SilenceError>> {
        let mut dispatcher = self.dispatcher.lock();
        let changed = match dispatcher.silences.set(silence, new_id()?, now) {
            Ok(changed) => changed,
            Err(error) => return Ok(Err(error)),
        };
        for id in &changed {
            if let Some(silence) = dispatcher.silences.get(id) {
                Kept::of(silence).put(&*self.control)?;
            }
        }
        changed.last().cloned().map(Ok).ok_or_else(|| anyhow!("a silence without an id"))
    }

    /// Ends a silence, durably.
    pub(crate) fn expire(&self, id: &str, now: Timestamp) -> anyhow::Result<Result<(), SilenceError>> {
        let mut dispatcher = self.dispatcher.lock();
        match dispatcher.silences.expire(id, now) {
            Err(error) => Ok(Err(error)),
            Ok(None) => Ok(Ok(())),
            Ok(Some(id)) => {
                if let Some(silence) = dispatcher.silences.get(&id) {
                    Kept::of(silence).put(&*self.control)?;
                }
                Ok(Ok(()))
            }
        }
    }

    /// Notifies when it is time to, until `stopped`, or has others do it. What is under way then has a moment to end.
    pub(crate) async fn run(self: Arc<Self>, stopped: watch::Receiver<bool>) {
        tokio::join!(self.forwards.run(&stopped), self.dispatch(stopped.clone()));
    }

    async fn dispatch(self: &Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let mut deliveries = JoinSet::new();
        let mut collected = clock::now();
        loop {
            let now = clock::now();
            for flush in self.dispatcher.lock().due(now) {
                deliveries.spawn(Arc::clone(self).deliver(flush, stopped.clone()));
            }
            while deliveries.try_join_next().is_some() {}
            if collected.plus(COLLECT_INTERVAL) < now {
                collected = now;
                self.collect(now);
            }
            let next = self.dispatcher.lock().next();
            let wait =
                next.map_or(i64::MAX, |next| next.millis().saturating_sub(clock::now().millis()).max(0));
            let wait = Duration::from_millis(wait.unsigned_abs()).min(LONGEST_SLEEP);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.changed.notified() => {}
                _ = stopped.wait_for(|stop| *stop) => break,
            }
        }
        while deliveries.join_next().await.is_some() {}
    }

    fn collect(&self, now: Timestamp) {
        let Forgotten { logged, silences } = self.dispatcher.lock().collect(now);
        let logged = logged.into_iter().map(|key| (Collection::Notifications, key));
        let silences = silences.into_iter().map(|id| (Collection::Silences, id));
        for (collection, key) in logged.chain(silences) {
            if let Err(error) = self.control.delete(collection, &key) {
                warn!(key, err = &error as &dyn std::error::Error, "cannot forget what is over");
            }
        }
    }
}
