//! Whether a terminal may go on: the API server looks at the right when it begins, and never again.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::access::Right;
use crowsnest_api::stream::EndReason;
use crowsnest_api::terminal::TerminalEnd;
use crowsnest_rbac::Credential;
use tokio::time::Instant;

use crate::cluster::{Cluster, ClusterError};
use crate::watching::every;

/// How often it is looked whether the session is over.
const LOOK: Duration = Duration::from_secs(1);
/// How often the API server is asked whether the user still has the right.
const ASK: Duration = Duration::from_secs(5);
/// So long it may be that nobody can be asked; then the right counts as gone.
const UNKNOWN: Duration = Duration::from_secs(30);

/// Whose terminal it is, and until when.
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
    /// Waits until the terminal may not go on, and says why.
    pub(super) async fn ended(&self) -> TerminalEnd {
        let (mut look, mut ask) = (every(LOOK), every(ASK));
        let mut known = Instant::now();
        loop {
            tokio::select! {
                _ = look.tick() => if let Some(reason) = (self.end)() {
                    return reason.into();
                },
                _ = ask.tick() => match self.cluster.may_now(&(self.credential)(), &self.right).await {
                    Ok(true) => known = Instant::now(),
                    Ok(false) => return TerminalEnd::Denied,
                    Err(ClusterError::Refused(status)) if status.code == 401 => return TerminalEnd::Expired,
                    Err(_) if known.elapsed() >= UNKNOWN => return TerminalEnd::Denied,
                    Err(_) => {}
                },
            }
        }
    }
}
