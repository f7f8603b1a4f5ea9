//! Whether a terminal may go on: the API server looks at the right when it begins, and never again.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::access::Right;
use crowsnest_api::stream::EndReason;
use crowsnest_api::terminal::TerminalEnd;
use crowsnest_rbac::Credential;
use tokio::time::Instant;

use crate::cluster::{Cluster, ClusterError};
use crate::watching::{self, every};

/// How often it is looked whether the session is over.
const LOOK: Duration = Duration::from_secs(1);
/// How often the API server is asked whether the user still has the right.
const ASK: Duration = Duration::from_secs(5);
/// So long it may be that nobody can be asked; then the right counts as gone.
const UNKNOWN: Duration = Duration::from_secs(30);

/// Whose terminal it is, or whose connection to a port, and until when.
pub(crate) struct Owner {
    pub(crate) cluster: Arc<Cluster>,
    /// The credential that the session has now: it may get a newer one.
    pub(crate) credential: Box<dyn Fn() -> Credential + Send + Sync>,
    /// Why the session is over, once it is.
    pub(crate) end: Box<dyn Fn() -> Option<EndReason> + Send + Sync>,
    /// What is needed to go on.
    pub(crate) right: Right,
}

impl Owner {
    /// Waits until what it is may not go on, and says why. A question about the right that takes its time does not hold up the look at the session.
    pub(crate) async fn ended(&self) -> TerminalEnd {
        let mut look = every(LOOK);
        tokio::select! {
            reason = watching::ended(&mut look, &self.end) => reason.into(),
            end = self.right_is_gone() => end,
        }
    }

    async fn right_is_gone(&self) -> TerminalEnd {
        let (mut ask, mut known) = (every(ASK), Instant::now());
        loop {
            ask.tick().await;
            match self.cluster.may_now(&(self.credential)(), &self.right).await {
                Ok(true) => known = Instant::now(),
                Ok(false) => return TerminalEnd::Denied,
                Err(ClusterError::Refused(status)) if status.code == 401 => return TerminalEnd::Expired,
                Err(_) if known.elapsed() >= UNKNOWN => return TerminalEnd::Denied,
                Err(_) => {}
            }
        }
    }
}
