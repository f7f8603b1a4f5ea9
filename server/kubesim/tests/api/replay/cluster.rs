//! The cluster that the recordings were made with, as far as the recordings show it.

use std::{sync::Arc, time::Duration};

use crowsnest_kubesim::{Clock, KubeSim, Options, Running};
use serde_json::{Value, json};

use super::corpus::{Corpus, Exchange};
use crate::client::{Client, Request};

/// The revision at which the lists were recorded.
pub(crate) const REVISION: u64 = 648;
/// The time at which the lists were recorded.
const NOW: &str = "2026-11-21T08:01:06Z";

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> jiff::Timestamp {
        NOW.parse().unwrap()
    }
}

/// A running cluster and someone to talk to it.
pub(crate) struct Simulated {
    pub(crate) running: Running,
    pub(crate) client: Client,
}

/// Starts the recorded cluster.
pub(crate) async fn start(corpus: &Corpus) -> Simulated {
    let mut objects: Vec<Value> = Vec::new();
    for list in corpus.exchanges("lists") {
        // The other form of events is made from the stored one, and metadata alone is no object.
        if list.path.starts_with("/apis/events.k8s.io") || list.name == "metadata only" {
            continue;
        }
        let kind = list.body["kind"].as_str().unwrap().trim_end_matches("List").to_owned();
        for item in list.body["items"].as_array().unwrap() {
            let mut object = item.clone();
            object["kind"] = kind.as_str().into();
            object["apiVersion"] = list.body["apiVersion"].clone();
            objects.push(object);
        }
    }
    // Not in the lists, but in what an access review says.
    objects.push(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "viewer", "namespace": "shop", "resourceVersion": "640"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "ServiceAccount", "name": "viewer", "namespace": "shop"}],
    }));
    let options = Options {
        objects,
        resource_version: REVISION,
        clock: Arc::new(Fixed),
        seed: Some(1),
        ..Options::default()
    };
    let running = KubeSim::start(options).await.unwrap();
    let client = Client::new(&running);
    Simulated { running, client }
}

/// Brings about what the controllers of the recorded cluster had done in the meantime, which are not simulated.
pub(crate) async fn before(simulated: &Simulated, recording: &str, exchange: &Exchange) {
    let pods = "/api/v1/namespaces/shop/pods";
    match (recording, exchange.name.as_str()) {
        // The rollout has made a new pod …
        ("writes", "evict, dry run") => {
            let pod = json!({"metadata": {"name": "web-57887d66bf-hwgnt", "labels": {"app": "web"}},
                "spec": {"containers": [{"name": "nginx", "image": "nginx:1.28"}]}});
            carry_out(simulated, vec![("POST", pods.to_owned(), pod)]).await;
        }
        // … and is about to end an old one.
        ("writes", "evict web-6579c74864-gdfvx") => {
            carry_out(simulated, vec![("DELETE", format!("{pods}/web-6579c74864-gdfvx"), Value::Null)]).await;
        }
        _ => {}
    }
}

/// The changes that were made while a watch was recorded.
pub(crate) fn changes_during(watch: &str) -> Vec<(&'static str, String, Value)> {
    if !matches!(watch, "added, modified, deleted" | "leaving a label selector shows as DELETED") {
        return Vec::new();
    }
    let all = "/api/v1/namespaces/shop/configmaps".to_owned();
    let one = format!("{all}/w1");
    vec![
        ("POST", all, json!({"metadata": {"name": "w1", "labels": {"a": "b"}}, "data": {"k": "v"}})),
        ("PATCH", one.clone(), json!({"data": {"k": "2"}})),
        ("PATCH", one.clone(), json!({"metadata": {"labels": {"a": "c"}}})),
        ("DELETE", one, Value::Null),
    ]
}

/// Makes changes as the administrator, once a watch that was started at the same time has begun.
pub(crate) async fn carry_out(simulated: &Simulated, changes: Vec<(&'static str, String, Value)>) {
    if changes.len() > 1 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for (method, path, body) in changes {
        let content_type =
            if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let request = Request {
            sender: "admin",
            method,
            path: &path,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body: if body.is_null() { String::new() } else { body.to_string() },
        };
        let answer = simulated.client.send(request).await.unwrap();
        assert!(answer.status < 300, "{method} {path}: {}", answer.text());
    }
}
