//! Dashboards in ConfigMaps with the label `grafana_dashboard: "1"`, as Grafana's sidecar finds them; listed again and again with the server's own account.
//!
//! Every key is a dashboard, in the folder of the ConfigMap's namespace: who may read dashboards there sees it. What the annotation `grafana_folder` says is one
//! of its tags.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::cluster::{Kind, Scope};
use crowsnest_api::dashboards::Source;
use serde::Deserialize;
use tokio::sync::watch;
use tracing::{info, warn};

use super::{Dashboards, Given};
use crate::cluster::{Cluster, Path};
use crate::scraping::{ListError, PAGE, list_pages};

const LABEL: &str = "grafana_dashboard=1";
const FOLDER: &str = "grafana_folder";
/// ConfigMaps that are looked at.
const MOST: usize = 1_000;
/// How often they are listed.
const EVERY: Duration = Duration::from_secs(30);

/// A ConfigMap, as far as it is read.
#[derive(Debug, Deserialize)]
struct ConfigMap {
    metadata: Metadata,
    #[serde(default)]
    data: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(default)]
    namespace: String,
    name: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Keeps what ConfigMaps give until the server stops. What cannot be listed stays as it was, and why is told once.
pub(crate) async fn follow(
    dashboards: Arc<Dashboards>,
    cluster: Arc<Cluster>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut trouble = None::<String>;
    loop {
        let look = async {
            match list(&cluster).await {
                Ok(maps) => {
                    if trouble.take().is_some() {
                        info!("ConfigMaps with dashboards are listed again");
                    }
                    let before = dashboards.config_maps.lock().clone();
                    // Megabytes of JSON take their time.
                    let read = tokio::task::spawn_blocking(move || given(&maps, &before)).await;
                    if let Ok(given) = read {
                        *dashboards.config_maps.lock() = given;
                    }
                }
                Err(error) => {
                    let why = format!("{:#}", anyhow::Error::new(error));
                    if trouble.as_ref() != Some(&why) {
                        warn!(why, "cannot list ConfigMaps with dashboards; those of before stay");
                    }
                    trouble = Some(why);
                }
            }
            tokio::time::sleep(EVERY).await;
        };
        tokio::select! {
            () = look => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

async fn list(cluster: &Cluster) -> Result<Vec<ConfigMap>, ListError> {
    let everywhere: Scope = "-".parse().map_err(|_| ListError::Namespace("-".to_owned()))?;
    let of = Kind::new("", "v1", "configmaps").map_err(|_| ListError::Namespace("configmaps".to_owned()))?;
    let path = Path::list(&of, &everywhere).with("labelSelector", LABEL).with("limit", PAGE);
    list_pages::<ConfigMap>(cluster, &path, "configmaps", MOST + 1).await
}

/// What they give. One with a fault leaves what it gave before.
fn given(maps: &[ConfigMap], before: &Given) -> Given {
    let mut given = Given::default();
    for map in maps.iter().take(MOST) {
        let Metadata { namespace, name, annotations } = &map.metadata;
        let tag = annotations.get(FOLDER).map(String::as_str).filter(|folder| !folder.trim().is_empty());
        for (key, text) in &map.data {
            let place = format!("ConfigMap {namespace}/{name}, {key}");
            let faults = given.faults.len();
            given.take(&place, namespace, Source::ConfigMap, text, tag);
            if given.faults.len() > faults {
                given.keep(before, &place);
            }
        }
    }
    if maps.len() > MOST {
        given.fault(
            "ConfigMaps",
            format!("there are more than {MOST} with the label {LABEL}; the last ones are left out"),
        );
    }
    given
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(namespace: &str, name: &str, text: &str) -> ConfigMap {
        let map = json!({"metadata": {"namespace": namespace, "name": name, "annotations": {"grafana_folder": "Shops"}},
            "data": {"board.json": text}});
        serde_json::from_value(map).unwrap()
    }

    #[test]
    fn a_config_map_s_dashboard_is_in_its_namespace_and_a_fault_leaves_what_was_there() {
        let good = r#"{"uid": "u", "title": "A", "tags": ["own"], "panels": []}"#;
        let first = given(&[map("shop", "a", good)], &Given::default());
        let head = &first.list()[0].head;
        assert_eq!((head.uid.as_str(), head.folder.as_str()), ("u", "shop"));
        assert_eq!(head.tags, ["own", "Shops"]);
        let second = given(&[map("shop", "a", "{")], &first);
        assert_eq!(second.list().len(), 1);
        assert_eq!(second.faults[0].place, "ConfigMap shop/a, board.json");
        assert!(given(&[], &second).list().is_empty(), "what is gone is gone");
        let two = given(&[map("shop", "a", good), map("data", "b", good)], &Given::default());
        assert_eq!((two.list().len(), two.faults.len()), (1, 1), "two of one uid are a fault");
    }
}
