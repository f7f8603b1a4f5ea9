//! What happens in the cluster as alerts: Kubernetes events, and objects that come, change and go. `events.yml` of `--provisioning` says of which somebody is told.
//!
//! What happens is a moment and no state: its alert fires for a while after the last such moment, and then ends by itself.

mod config;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::cluster::Kind;
use tokio::sync::watch::Receiver;
use tokio::task::{AbortHandle, JoinSet};
use tracing::{info, warn};

use self::config::{Incidents, Sought};
use self::watch::KindWatch;
use crate::cluster::{Cluster, ClusterSource};
use crate::notifier::Notifier;

/// What the file is called in the folder of `--provisioning`.
pub(crate) const FILE: &str = "events.yml";
/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(2);
/// How often in a row the file has to be missing: programs that write files anew take the old one away first.
const GONE_AFTER: u32 = 2;

/// What is wrong with such a file, a line each, with line and column.
pub(crate) fn faults_of(text: &str) -> Vec<String> {
    let faults = Incidents::parse(text).err().unwrap_or_default();
    faults.lines().map(str::to_owned).collect()
}

/// Where the cluster is that the file is about.
pub(crate) enum Where {
    /// The server knows it already.
    Known(Arc<Cluster>),
    /// It is asked for when there is a file.
    At(ClusterSource),
    /// There is none.
    Nowhere,
}

impl Where {
    async fn cluster(&mut self) -> Option<Arc<Cluster>> {
        if let Self::At(source) = self {
            match Cluster::connect(source).await {
                Ok(cluster) => *self = Self::Known(Arc::new(cluster)),
                Err(error) => {
                    warn!(err = &*error as &dyn std::error::Error, "cannot reach the cluster of events.yml");
                }
            }
        }
        match self {
            Self::Known(cluster) => Some(Arc::clone(cluster)),
            Self::At(_) => None,
            Self::Nowhere => {
                warn!("events.yml is about a cluster, and there is none: give --kubeconfig FILE");
                None
            }
        }
    }
}

/// Watches what the file says until the server stops, from when it appears until it goes. A file that is wrong changes nothing, and why is told once.
pub(crate) async fn follow(
    file: PathBuf,
    mut place: Where,
    notifier: Arc<Notifier>,
    mut stopped: Receiver<bool>,
) {
    let mut text = Text { file: file.clone(), read: String::new(), missing: 0 };
    let mut watches = Watches { notifier, tasks: JoinSet::new(), running: Vec::new() };
    loop {
        if let Some(text) = text.changed() {
            match Incidents::parse(&text) {
                Ok(incidents) => {
                    let wanted = incidents.by_kind();
                    // Without anything to watch there is no need for a cluster.
                    let cluster = if wanted.is_empty() { None } else { place.cluster().await };
                    watches.set(wanted, cluster.as_ref());
                    info!(watches = watches.running.len(), "read events.yml");
                }
                Err(why) => {
                    warn!(file = %file.display(), why, "cannot read what is told of events; that of before stays");
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// What the file says.
struct Text {
    file: PathBuf,
    read: String,
    missing: u32,
}

impl Text {
    /// The text, where it is another one than before; a file that is gone says nothing.
    fn changed(&mut self) -> Option<String> {
        let text = match std::fs::read_to_string(&self.file) {
            Ok(text) => {
                self.missing = 0;
                text
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.missing = self.missing.saturating_add(1);
                if self.missing < GONE_AFTER {
                    return None;
                }
                String::new()
            }
            // It may be there again at the next look.
            Err(_) => return None,
        };
        (text != self.read).then(|| {
            self.read.clone_from(&text);
            text
        })
    }
}

/// The watch of each kind.
struct Watches {
    notifier: Arc<Notifier>,
    tasks: JoinSet<()>,
    running: Vec<(Kind, Vec<Sought>, AbortHandle)>,
}

impl Watches {
    /// Makes the watches these. One that stays as it was goes on, and misses nothing.
    fn set(&mut self, wanted: Vec<(Kind, Vec<Sought>)>, cluster: Option<&Arc<Cluster>>) {
        self.running.retain(|(kind, sought, task)| {
            let stays = wanted.iter().any(|one| (&one.0, &one.1) == (kind, sought));
            if !stays {
                task.abort();
            }
            stays
        });
        while self.tasks.try_join_next().is_some() {}
        let Some(cluster) = cluster else { return };
        for (kind, sought) in wanted {
            if self.running.iter().any(|(known, ..)| *known == kind) {
                continue;
            }
            let watch = KindWatch {
                kind: kind.clone(),
                sought: sought.clone(),
                cluster: Arc::clone(cluster),
                notifier: Arc::clone(&self.notifier),
                is_refused: false,
            };
            let cluster = Arc::clone(cluster);
            let task = self.tasks.spawn(async move { cluster.follow(watch).await });
            self.running.push((kind, sought, task));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_written_anew_is_no_file_that_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        let mut text = Text { file: file.clone(), read: String::new(), missing: 0 };
        assert_eq!(text.changed(), None, "there has been none");
        std::fs::write(&file, "events: []").unwrap();
        assert_eq!(text.changed().as_deref(), Some("events: []"));
        assert_eq!(text.changed(), None);
        std::fs::remove_file(&file).unwrap();
        assert_eq!(text.changed(), None, "it may be on its way");
        assert_eq!(text.changed().as_deref(), Some(""));
        std::fs::write(&file, "events: []").unwrap();
        assert_eq!(text.changed().as_deref(), Some("events: []"));
    }
}
