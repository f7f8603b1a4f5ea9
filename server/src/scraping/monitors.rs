//! `ServiceMonitor`, `PodMonitor` and `Probe` objects of the cluster, listed again and again: what they mean is scraped, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crowsnest_api::cluster::{Kind, Scope};
use crowsnest_scrape::config::ScrapeJob;
use crowsnest_scrape::kubernetes::{Monitor, MonitorKind};
use tracing::{info, warn};

use super::Wanted;
use super::kubernetes::{ListError, PAGE, list_pages};
use crate::cluster::{Cluster, ClusterError, Path};

const GROUP: &str = "monitoring.coreos.com";
/// Objects of one kind, and jobs of all of them, that are looked at.
const MAX_OBJECTS: usize = 2_000;
const MAX_JOBS: usize = 2_000;

/// The objects that were there when they were last listed.
#[derive(Default)]
pub(super) struct Monitors {
    known: BTreeMap<Key, Known>,
    /// Why a kind cannot be listed, so that it is told once.
    trouble: BTreeMap<MonitorKind, String>,
    /// The kinds that have more objects than are looked at.
    cut: BTreeSet<MonitorKind>,
    /// Whether it has been told that something is left out.
    is_full: bool,
}

/// Kind, namespace and name.
type Key = (MonitorKind, String, String);

/// What an object says, and means.
struct Known {
    text: Arc<str>,
    jobs: Vec<Arc<ScrapeJob>>,
}

impl Monitors {
    /// Lists all kinds. What cannot be listed stays as it was.
    pub(super) async fn refresh(&mut self, cluster: &Cluster) {
        for kind in MonitorKind::ALL {
            match list(cluster, kind).await {
                Ok(objects) => {
                    if self.trouble.remove(&kind).is_some() {
                        info!(
                            resource = kind.resource(),
                            "objects that say what is scraped are listed again"
                        );
                    }
                    self.set(kind, objects);
                }
                Err(error) => {
                    let why = format!("{:#}", anyhow::Error::new(error));
                    if self.trouble.get(&kind) != Some(&why) {
                        let resource = kind.resource();
                        warn!(resource, why, "cannot list what says what is scraped; that of before stays");
                    }
                    self.trouble.insert(kind, why);
                }
            }
        }
    }

    /// Makes the objects of a kind these. What has not changed is not read again.
    fn set(&mut self, kind: MonitorKind, objects: Vec<Monitor>) {
        let mut there = BTreeSet::new();
        if objects.len() > MAX_OBJECTS {
            self.cut.insert(kind);
        } else {
            self.cut.remove(&kind);
        }
        for object in objects.into_iter().take(MAX_OBJECTS) {
            let key = (kind, object.metadata.namespace.clone(), object.metadata.name.clone());
            let text: Arc<str> = object.spec.to_string().into();
            there.insert(key.clone());
            if self.known.get(&key).is_none_or(|known| known.text != text) {
                let jobs = translate(&object, kind);
                self.known.insert(key, Known { text, jobs });
            }
        }
        self.known.retain(|key, _| key.0 != kind || there.contains(key));
    }

    /// The jobs of all objects, by name.
    pub(super) fn wanted(&mut self) -> BTreeMap<String, Wanted> {
        let all = self.known.values().flat_map(|known| known.jobs.iter().map(|job| (job, &known.text)));
        let one = |(job, text): (&Arc<ScrapeJob>, &Arc<str>)| {
            (job.job.name.clone(), Wanted { job: Arc::clone(job), text: Arc::clone(text) })
        };
        let wanted: BTreeMap<_, _> = all.clone().take(MAX_JOBS).map(one).collect();
        let is_full = all.count() > MAX_JOBS || !self.cut.is_empty();
        if is_full && !self.is_full {
            let why = format!("more than {MAX_OBJECTS} objects of a kind, or {MAX_JOBS} jobs of all");
            warn!(why, "not all that objects say is scraped; the last ones are left out");
        }
        self.is_full = is_full;
        wanted
    }
}

/// The jobs of an object; what of it cannot be had is told.
fn translate(object: &Monitor, kind: MonitorKind) -> Vec<Arc<ScrapeJob>> {
    let found = object.translate(kind);
    let (namespace, name) = (&object.metadata.namespace, &object.metadata.name);
    for fault in found.faults {
        warn!(resource = kind.resource(), namespace, name, why = %fault, "not all that an object says can be scraped");
    }
    found.jobs.into_iter().map(Arc::new).collect()
}

async fn list(cluster: &Cluster, kind: MonitorKind) -> Result<Vec<Monitor>, ListError> {
    let resource = kind.resource();
    let everywhere: Scope = "-".parse().map_err(|_| ListError::Namespace("-".to_owned()))?;
    let of = Kind::new(GROUP, "v1", resource).map_err(|_| ListError::Namespace(resource.to_owned()))?;
    let path = Path::list(&of, &everywhere).with("limit", PAGE);
    match list_pages::<Monitor>(cluster, &path, resource, MAX_OBJECTS + 1).await {
        // Not every cluster has every kind.
        Err(ListError::Cluster { source: ClusterError::Refused(status), .. }) if status.code == 404 => {
            Ok(Vec::new())
        }
        listed => listed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(name: &str, endpoints: &Value) -> Monitor {
        let object = json!({"metadata": {"name": name, "namespace": "n"}, "spec": {"endpoints": endpoints}});
        serde_json::from_value(object).unwrap()
    }

    fn jobs(monitors: &mut Monitors) -> BTreeMap<String, Arc<ScrapeJob>> {
        monitors.wanted().into_iter().map(|(name, wanted)| (name, wanted.job)).collect()
    }

    #[test]
    fn an_object_that_changes_is_read_again_and_no_other_is() {
        let mut monitors = Monitors::default();
        let (a, odd) = (object("a", &json!([{}, {}])), object("odd", &json!([{"basicAuth": {"x": "y"}}])));
        monitors.set(MonitorKind::Service, vec![a.clone(), object("b", &json!([{}])), odd.clone()]);
        monitors.set(MonitorKind::Pod, vec![object("a", &json!([{}]))]);
        let before = jobs(&mut monitors);
        let names: Vec<&str> = before.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["podMonitor/n/a/0", "serviceMonitor/n/a/0", "serviceMonitor/n/a/1", "serviceMonitor/n/b/0"]
        );
        monitors.set(MonitorKind::Service, vec![a, object("b", &json!([{"path": "/x"}])), odd]);
        let after = jobs(&mut monitors);
        let same = |name: &str| Arc::ptr_eq(&before[name], &after[name]);
        assert!(same("serviceMonitor/n/a/0") && same("podMonitor/n/a/0") && !same("serviceMonitor/n/b/0"));
        monitors.set(MonitorKind::Service, Vec::new());
        assert_eq!(jobs(&mut monitors).len(), 1);
    }

    #[test]
    fn there_are_no_more_jobs_than_are_looked_at() {
        let mut monitors = Monitors::default();
        let endpoints = json!(vec![json!({}); 100]);
        monitors.set(MonitorKind::Service, (0..30).map(|at| object(&format!("m{at}"), &endpoints)).collect());
        assert_eq!(monitors.wanted().len(), MAX_JOBS);
    }
}
