//! Notifications on the server: alerts come in from rules and senders, and go out to receivers, on time.

mod deliver;
mod kept;
mod mail;
mod picture;
mod prepared;
mod rehearse;
mod request;
pub(crate) mod sight;
mod told;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use crowsnest_alerting::alertmanager::Config;
use crowsnest_alerting::dispatch::{Alert, Dispatcher, Forgotten, Silence, SilenceError};
use crowsnest_alerting::message::Templates;
use crowsnest_api::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tracing::{info, warn};

use self::kept::Kept;
pub(crate) use self::kept::new_id;
pub(crate) use self::picture::Illustrate;
use self::picture::Studio;
pub(crate) use self::told::ToldLog;
use crate::clock;
use crate::control::{Collection, ControlStore};
use crate::fetch::Fetcher;

/// What routes alerts as long as nobody says how: to nobody.
const NOBODY: &str = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";
/// How long to sleep at most, so that a clock that is set keeps nobody waiting.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
/// How often what is over is forgotten.
const COLLECT_INTERVAL: Duration = Duration::from_mins(15);

/// Routes alerts, and sends notifications.
pub(crate) struct Notifier {
    /// `alertmanager.yml`.
    file: Option<PathBuf>,
    /// The address under which people reach the server.
    external_url: String,
    dispatcher: Mutex<Dispatcher>,
    templates: Mutex<Arc<Templates>>,
    /// The text of the configuration.
    text: Mutex<String>,
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
        external_url: String,
        control: Arc<dyn ControlStore>,
        fetcher: Fetcher,
        told: ToldLog,
    ) -> anyhow::Result<Self> {
        let text = read(file.as_ref())?;
        let (config, templates) = parse(file.as_ref(), &text)?;
        let mut dispatcher = Dispatcher::new(Arc::new(config));
        kept::restore(&*control, &mut dispatcher)?;
        Ok(Self {
            file,
            external_url,
            dispatcher: Mutex::new(dispatcher),
            templates: Mutex::new(Arc::new(templates)),
            text: Mutex::new(text),
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
        let text = read(self.file.as_ref())?;
        let (config, templates) = parse(self.file.as_ref(), &text)?;
        *self.templates.lock() = Arc::new(templates);
        *self.text.lock() = text;
        self.dispatcher.lock().reconfigure(Arc::new(config), clock::now());
        self.changed.notify_one();
        Ok(())
    }

    /// Reads the configuration again if it has changed, and says in the log what is wrong with it.
    pub(crate) fn reload_if_changed(&self) {
        let Ok(text) = read(self.file.as_ref()) else { return };
        if text == *self.text.lock() {
            return;
        }
        match self.reload() {
            Ok(()) => info!("read alertmanager.yml again"),
            Err(error) => {
                // Told once: this text is known to be wrong.
                *self.text.lock() = text;
                warn!(
                    err = &*error as &dyn std::error::Error,
                    "cannot read alertmanager.yml; the old one stays"
                );
            }
        }
    }

    /// Whether somebody has said who is told of alerts.
    pub(crate) fn is_routed(&self) -> bool {
        *self.text.lock() != NOBODY
    }

    /// The state, to be looked at.
    pub(crate) fn dispatcher(&self) -> MutexGuard<'_, Dispatcher> {
        self.dispatcher.lock()
    }

    /// Takes alerts.
    pub(crate) fn take(&self, alerts: impl IntoIterator<Item = Alert>, now: Timestamp) {
        let mut dispatcher = self.dispatcher.lock();
        for alert in alerts {
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

    /// Notifies when it is time to, until `stopped`. What is under way then has a moment to end.
    pub(crate) async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let mut deliveries = JoinSet::new();
        let mut collected = clock::now();
        loop {
            let now = clock::now();
            for flush in self.dispatcher.lock().due(now) {
                deliveries.spawn(Arc::clone(&self).deliver(flush, stopped.clone()));
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

fn read(file: Option<&PathBuf>) -> anyhow::Result<String> {
    match file {
        Some(file) if file.exists() => {
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
        }
        _ => Ok(NOBODY.to_owned()),
    }
}

/// The configuration, and the templates that it names, which are relative to it.
fn parse(file: Option<&PathBuf>, text: &str) -> anyhow::Result<(Config, Templates)> {
    let name = file.map(|file| file.display().to_string()).unwrap_or_default();
    let config = Config::parse(text).map_err(|faults| {
        let told: Vec<_> = faults.iter().take(20).map(|fault| format!("{name}:{fault}")).collect();
        anyhow!(told.join("\n"))
    })?;
    let folder = file.and_then(|file| file.parent()).unwrap_or(Path::new(""));
    let mut files = Vec::new();
    for pattern in &config.templates {
        let paths = glob::glob(&folder.join(pattern).display().to_string());
        for path in paths.with_context(|| format!("{name}: templates: {pattern}"))? {
            let path = path.with_context(|| format!("{name}: templates: {pattern}"))?;
            let text = std::fs::read_to_string(&path);
            files.push((
                path.display().to_string(),
                text.with_context(|| format!("cannot read {}", path.display()))?,
            ));
        }
    }
    let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let templates = Templates::new(files).map_err(|error| anyhow!("{name}: {error}"))?;
    Ok((config, templates))
}
