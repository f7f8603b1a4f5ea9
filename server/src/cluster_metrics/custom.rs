//! Custom resources that families are configured for: which of their kinds the API server serves, looked for again and again.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_cluster_metrics::{CustomState, Kind, Served};
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

use super::{AllWatched, Watching};
use crate::cluster::{As, Cluster, ClusterError};

/// How often it is looked for kinds that were not served before.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Looks for the kinds, and watches those that it finds for as long as it runs.
pub(super) struct CustomKinds {
    pub(super) state: CustomState,
    pub(super) cluster: Arc<Cluster>,
    pub(super) watching: Watching,
    pub(super) watched: Arc<Mutex<AllWatched>>,
}

impl CustomKinds {
    /// Runs until it is dropped.
    pub(super) async fn run(self) {
        let mut watches = JoinSet::new();
        let mut known: HashSet<[String; 3]> = HashSet::new();
        let (mut told, mut told_missing) = (false, Vec::new());
        loop {
            match self.served().await {
                Ok(served) => {
                    let kinds = self.state.kinds(&served);
                    for kind in kinds.into_iter().filter(|kind| known.insert(key(kind))) {
                        info!(kind = &*kind.go_type, "metrics are made of a custom resource");
                        let watched = self.watching.watch(&kind, &mut watches);
                        self.watched.lock().kinds.push(Arc::new(watched));
                    }
                    told = false;
                    let missing = self.state.missing(&served);
                    if missing != told_missing {
                        info!(
                            kinds = missing.join(", "),
                            "no metrics are made of kinds that the cluster does not have"
                        );
                        told_missing = missing;
                    }
                }
                Err(error) if told => debug!(reason = error.told(), "cannot ask which kinds are served"),
                Err(error) => {
                    warn!(
                        reason = error.told(),
                        "no metrics are made of custom resources yet: cannot ask which are served"
                    );
                    told = true;
                }
            }
            self.watched.lock().is_complete = true;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What the API server serves of the groups that are configured.
    async fn served(&self) -> Result<Vec<Served>, ClusterError> {
        let mut served = Vec::new();
        for (group, versions) in self.state.groups() {
            let versions = match versions {
                Some(versions) => versions.into_iter().map(str::to_owned).collect(),
                None => self.cluster.versions_of(As::Server, group).await?,
            };
            for version in versions {
                let kinds = self.cluster.kinds_of(As::Server, (group, &version)).await?;
                served.extend(kinds.into_iter().map(|(kind, resource)| Served {
                    group: group.to_owned(),
                    version: version.clone(),
                    kind,
                    resource: resource.kind.resource().to_owned(),
                }));
            }
        }
        Ok(served)
    }
}

fn key(kind: &Kind) -> [String; 3] {
    [&kind.group, &kind.version, &kind.resource].map(ToString::to_string)
}
