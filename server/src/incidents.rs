//! What happens in the cluster as alerts: Kubernetes events, and objects that come, change and go. `events.yml` of `--provisioning` says of which somebody is told.
//!
//! What happens is a moment and no state: its alert fires for a while after the last such moment, and then ends by itself.

mod config;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;
use tracing::{info, warn};

use self::config::Incidents;
use crate::cluster::Cluster;
use crate::notifier::Notifier;

/// What the file is called in the folder of `--provisioning`.
pub(crate) const FILE: &str = "events.yml";
/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(2);

/// What is wrong with such a file, a line each, with line and column.
pub(crate) fn faults_of(text: &str) -> Vec<String> {
    let faults = Incidents::parse(text).err().unwrap_or_default();
    faults.lines().map(str::to_owned).collect()
}

/// Watches what the file says until the server stops. A file that is wrong changes nothing, and why is told once.
pub(crate) async fn follow(
    file: PathBuf,
    cluster: Arc<Cluster>,
    notifier: Arc<Notifier>,
    mut stopped: Receiver<bool>,
) {
    let mut read = String::new();
    let mut watches = JoinSet::new();
    loop {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        if text != read {
            match Incidents::parse(&text) {
                Ok(incidents) => {
                    watches.shutdown().await;
                    for (kind, sought) in incidents.by_kind() {
                        watches.spawn(watch::run(kind, sought, Arc::clone(&cluster), Arc::clone(&notifier)));
                    }
                    info!(watches = watches.len(), "read events.yml");
                }
                Err(why) => {
                    warn!(file = %file.display(), why, "cannot read what is told of events; that of before stays");
                }
            }
            read = text;
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}
