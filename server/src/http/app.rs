//! What handlers share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crowsnest_api::Timestamp;
use crowsnest_promql::{Engine, RangeCache, Receipts};
use tokio::sync::watch;

use super::ApiError;
use crate::api_v1::write::WriteGate;
use crate::audit::AuditLog;
use crate::auth::Auth;
use crate::clock;
use crate::cluster::Cluster;
use crate::config::Config;
use crate::control::ControlStore;
use crate::dashboards::Dashboards;
use crate::forward::Forwards;
use crate::gone::GonePods;
use crate::notices::Notices;
use crate::notifier::Notifier;
use crate::otlp::Deltas;
use crate::pushgateway::Gateway;
use crate::query_pool::QueryPool;
use crate::rules::Rules;
use crate::scraping::Scraping;
use crate::sources::watch::SourceWatch;
use crate::storage::Storage;
use crate::telemetry::Telemetry;
use crate::watching::Places;

/// Everything a handler may need.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) auth: Auth,
    /// The cluster, where there is one.
    pub(crate) cluster: Option<Arc<Cluster>>,
    pub(crate) audit: AuditLog,
    pub(crate) storage: Storage,
    /// Everything but samples.
    pub(crate) control: Arc<dyn ControlStore>,
    /// Pods that are gone, where pods are watched.
    pub(crate) gone: Option<Arc<GonePods>>,
    /// What was wrong with the control state that was found at the start, and has been set aside.
    pub(crate) control_damage: Option<String>,
    pub(crate) sources: SourceWatch,
    pub(crate) engine: Engine,
    /// Its answers to range queries.
    pub(crate) range_cache: RangeCache,
    /// For those who keep such answers themselves.
    pub(crate) receipts: Receipts,
    /// What is drawn.
    pub(crate) dashboards: Arc<Dashboards>,
    /// What is evaluated again and again.
    pub(crate) rules: Arc<Rules>,
    /// What the server scrapes itself.
    pub(crate) scraping: Arc<Scraping>,
    /// Who is told of alerts.
    pub(crate) notifier: Arc<Notifier>,
    pub(crate) pool: QueryPool,
    pub(crate) writes: WriteGate,
    /// What jobs that have ended have pushed.
    pub(crate) gateway: Gateway,
    /// What has come as deltas so far.
    pub(crate) deltas: tokio::sync::Mutex<Deltas>,
    pub(crate) telemetry: Telemetry,
    pub(crate) notices: Notices,
    /// When the server started.
    pub(crate) started: Timestamp,
    /// Places for streams.
    pub(crate) streams: Places,
    /// Places for terminals.
    pub(crate) terminals: Places,
    /// Places for pictures.
    pub(crate) pictures: Places,
    /// Ports that are open in browsers.
    pub(crate) forwards: Forwards,
    /// Turns true when the server is to stop.
    pub(crate) stop: watch::Sender<bool>,
    /// Whether the server has started and is not shutting down.
    pub(crate) ready: AtomicBool,
}

impl App {
    /// How much of the data folder is damaged, by kind.
    pub(crate) fn damage(&self) -> Damage {
        let store = self.storage.local.store_status();
        Damage {
            blocks: store.blocks_quarantined,
            log: store.wal_faults,
            control: u64::from(self.control_damage.is_some()),
        }
    }

    /// Reads users, ingest tokens, rules, scrape files, alertmanager.yml and dashboards again. Blocks the thread.
    ///
    /// # Errors
    /// What is wrong with them; what is wrong stays what it was.
    pub(crate) fn reload(&self) -> anyhow::Result<()> {
        let reloaded = self
            .auth
            .reload_files()
            .and_then(|()| self.rules.reload())
            .and_then(|()| self.scraping.reload())
            .and_then(|()| self.notifier.reload())
            .and_then(|()| self.dashboards.reload());
        self.notices.reloaded(reloaded.is_ok(), clock::now());
        reloaded
    }
}

/// Does `work` off the threads that serve requests.
pub(super) async fn blocking<T: Send + 'static>(
    app: &AppState,
    work: impl FnOnce(&App) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let app = AppState::clone(app);
    tokio::task::spawn_blocking(move || work(&app)).await.map_err(ApiError::internal)?
}

/// Counts of what is damaged: samples, sessions or silences may be missing. The rest is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Blocks that do not serve, or not in full.
    pub(crate) blocks: u64,
    /// Places in the log.
    pub(crate) log: u64,
    /// The control state.
    pub(crate) control: u64,
}

impl Damage {
    /// Whether there is any.
    pub(crate) fn any(self) -> bool {
        self.blocks + self.log + self.control > 0
    }
}

impl fmt::Display for Damage {
    /// `damaged: 2 blocks, 1 place in the log`; nothing when all is well.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            (self.blocks, "block", "blocks"),
            (self.log, "place in the log", "places in the log"),
            (self.control, "control state", "control states"),
        ];
        let mut separator = "damaged: ";
        for (count, one, several) in kinds.into_iter().filter(|(count, ..)| *count > 0) {
            write!(f, "{separator}{count} {}", if count == 1 { one } else { several })?;
            separator = ", ";
        }
        Ok(())
    }
}

/// The state of the axum router.
pub(crate) type AppState = Arc<App>;
