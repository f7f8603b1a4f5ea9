//! What handlers share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::auth::Auth;
use crate::config::Config;

/// Everything a handler may need.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) auth: Auth,
    /// Whether the server has started and is not shutting down.
    pub(crate) ready: AtomicBool,
}

/// The state of the axum router.
pub(crate) type AppState = Arc<App>;
