//! What handlers share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crowsnest_api::Timestamp;
use crowsnest_promql::Engine;
use tokio::sync::watch;

use crate::api_v1::write::WriteGate;
use crate::audit::AuditLog;
use crate::auth::Auth;
use crate::clock;
use crate::config::Config;
use crate::notices::Notices;
use crate::notifier::Notifier;
use crate::query_pool::QueryPool;
use crate::rules::Rules;
use crate::sources::watch::SourceWatch;
use crate::storage::Storage;
use crate::telemetry::Telemetry;
use crate::watching::Places;

/// Everything a handler may need.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) auth: Auth,
    pub(crate) audit: AuditLog,
    pub(crate) storage: Storage,
    pub(crate) sources: SourceWatch,
    pub(crate) engine: Engine,
    /// What is evaluated again and again.
    pub(crate) rules: Arc<Rules>,
    /// Who is told of alerts.
    pub(crate) notifier: Arc<Notifier>,
    pub(crate) pool: QueryPool,
    pub(crate) writes: WriteGate,
    pub(crate) telemetry: Telemetry,
    pub(crate) notices: Notices,
    /// When the server started.
    pub(crate) started: Timestamp,
    /// Places for streams.
    pub(crate) streams: Places,
    /// Turns true when the server is to stop.
    pub(crate) stop: watch::Sender<bool>,
    /// Whether the server has started and is not shutting down.
    pub(crate) ready: AtomicBool,
}

impl App {
    /// Reads users, ingest tokens, rules and alertmanager.yml again. Blocks the thread.
    ///
    /// # Errors
    /// What is wrong with them; what is wrong stays what it was.
    pub(crate) fn reload(&self) -> anyhow::Result<()> {
        let reloaded =
            self.auth.reload_files().and_then(|()| self.rules.reload()).and_then(|()| self.notifier.reload());
        self.notices.reloaded(reloaded.is_ok(), clock::now());
        reloaded
    }
}

/// The state of the axum router.
pub(crate) type AppState = Arc<App>;
