//! `PrometheusRule` objects of the cluster, watched with the server's own account: their groups are evaluated, too.
//!
//! What an object says is about its namespace alone: its rules see no other's series, and what they give is labelled with it. Objects of
//! `crowsnest` and of the namespaces that `--rules-from` names see everything.

mod known;

use std::sync::Arc;
use std::time::Duration;

use crowsnest_alerting::rules::RuleFile;
use crowsnest_api::cluster::{Kind, Scope};
use parking_lot::Mutex;
use tokio::sync::watch;
use tracing::{info, warn};

pub(crate) use self::known::Fault;
use self::known::{Known, MOST, Object, Parse};
use super::Rules;
use super::given::{Groups, Origin};
use crate::cluster::{Cluster, ClusterError, Event, Followed, Path, Status};
use crate::scraping::PAGE;

const RESOURCE: &str = "prometheusrules";
/// How often it is tried again what is not allowed, or a kind that the cluster does not have.
const REFUSED_RETRY: Duration = Duration::from_secs(30);

/// Evaluates what objects say until the server stops. What cannot be listed stays as it was, and why is told once.
pub(crate) async fn follow(
    rules: Arc<Rules>,
    cluster: Arc<Cluster>,
    rules_from: Vec<String>,
    mut stopped: watch::Receiver<bool>,
) {
    let followed = Objects {
        rules,
        cluster: Arc::clone(&cluster),
        known: Arc::new(Mutex::new(Known::new(rules_from))),
        trouble: None,
    };
    tokio::select! {
        () = cluster.follow(followed) => {}
        _ = stopped.wait_for(|stop| *stop) => {}
    }
}

/// The watch of the objects.
struct Objects {
    rules: Arc<Rules>,
    cluster: Arc<Cluster>,
    known: Arc<Mutex<Known>>,
    /// What was said of why they are not read.
    trouble: Option<String>,
}

impl Objects {
    /// Changes what is known, and has the groups evaluated that come of it. Megabytes of rules take their time.
    async fn change(&self, change: impl FnOnce(&mut Known, Parse<'_>) + Send + 'static) {
        let (rules, known) = (Arc::clone(&self.rules), Arc::clone(&self.known));
        let changed = tokio::task::spawn_blocking(move || {
            let mut known = known.lock();
            change(&mut known, &|text| RuleFile::parse(text, &rules.engine));
            let faults = known.faults();
            let before = std::mem::replace(&mut *rules.faults.lock(), faults.clone());
            for fault in faults.iter().filter(|fault| !before.contains(fault)) {
                warn!(
                    place = fault.place,
                    why = fault.message,
                    "what this says about rules is not evaluated"
                );
            }
            rules.set(Origin::Object, known.groups());
        });
        if let Err(error) = changed.await {
            warn!(err = &error as &dyn std::error::Error, "cannot read PrometheusRules");
        }
    }
}

impl Followed for Objects {
    fn what(&self) -> String {
        RESOURCE.to_owned()
    }

    fn path(&self) -> Result<Path, ClusterError> {
        let wrong = || ClusterError::Answer(format!("no such kind: {RESOURCE}"));
        let everywhere: Scope = "-".parse().map_err(|_| wrong())?;
        let kind = Kind::new("monitoring.coreos.com", "v1", RESOURCE).map_err(|_| wrong())?;
        Ok(Path::list(&kind, &everywhere))
    }

    async fn list(&mut self) -> Result<String, ClusterError> {
        let path = self.path()?.with("limit", PAGE);
        let (objects, position) = self.cluster.list_all::<Object>(&path, MOST + 1).await?;
        if self.trouble.take().is_some() {
            info!("PrometheusRules are read again");
        }
        self.change(|known, parse| known.become_these(objects, parse)).await;
        position.after()
    }

    async fn take(&mut self, event: Event, object: &[u8]) -> Result<(), ClusterError> {
        let object: Object =
            serde_json::from_slice(object).map_err(|error| ClusterError::Answer(error.to_string()))?;
        self.change(move |known, parse| match event {
            Event::Added | Event::Modified => known.put(object, parse),
            Event::Deleted => known.remove(&object.metadata),
        })
        .await;
        Ok(())
    }

    fn refused(&mut self, status: &Status) -> Duration {
        // Not every cluster has the kind; where it is no more, neither are its objects.
        if status.code == 404 {
            let (rules, known) = (Arc::clone(&self.rules), Arc::clone(&self.known));
            let mut known = known.lock();
            if known.forget() {
                rules.faults.lock().clear();
                rules.set(Origin::Object, Groups::new());
            }
        } else if self.trouble.as_ref() != Some(&status.message) {
            warn!(why = status.message, "cannot list and watch PrometheusRules; those of before stay");
            self.trouble = Some(status.message.clone());
        }
        REFUSED_RETRY
    }
}
