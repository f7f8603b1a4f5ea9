//! The cluster that the recordings were made with, as far as the recordings show it.

use std::{sync::Arc, time::Duration};

use crowsnest_kubesim::{Clock, KubeSim, Options, Progress, Running};
use serde_json::{Value, json};

use super::{
    backend,
    corpus::{Corpus, Exchange},
};
use crate::client::{Client, Request};

/// The revision at which the lists were recorded.
pub(crate) const REVISION: u64 = 648;
/// The time at which the lists were recorded.
const NOW: &str = "2026-11-21T08:01:06Z";

/// Where the recorded backend was.
const BACKEND: &str = "10.200.0.2:8443";

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
        // A minute, by the clock of the backend.
        request_timeout: backend::EVENT_INTERVAL * 60,
        // What was recorded had other storage than etcd.
        progress: Progress::Untold,
        ..Options::default()
    };
    let running = KubeSim::start(options).await.unwrap();
    let client = Client::new(&running);
    running.route(BACKEND, backend::start(&running.client_certificate("backend", &[]).unwrap()).await);
    Simulated { running, client }
}

/// Makes the backend ready, and lets its Service call its port `name`.
async fn name_port(simulated: &Simulated, name: &str) {
    let port = |number: u16| {
        let mut port = json!({"protocol": "TCP", "port": number});
        if !name.is_empty() {
            port["name"] = name.into();
        }
        port
    };
    let mut of_service = port(443);
    of_service["targetPort"] = 8443.into();
    let endpoint = json!({"addresses": ["10.200.0.2"], "conditions": {"ready": true}});
    let slice = "/apis/discovery.k8s.io/v1/namespaces/crowsnest/endpointslices/crowsnest-95wpg";
    for (path, body) in [
        ("/api/v1/namespaces/crowsnest/services/crowsnest", json!({"spec": {"ports": [of_service]}})),
        (slice, json!({"endpoints": [endpoint], "ports": [port(8443)]})),
    ] {
        carry_out(simulated, vec![("PATCH", path.to_owned(), body)]).await;
    }
}

/// Lets the backend serve the group `ui.crowsnest.dev`.
async fn serve_group(simulated: &Simulated) {
    let spec = json!({"group": "ui.crowsnest.dev", "version": "v1", "groupPriorityMinimum": 100,
        "versionPriority": 10, "insecureSkipTLSVerify": true,
        "service": {"namespace": "crowsnest", "name": "crowsnest", "port": 443}});
    let service = json!({"metadata": {"name": "v1.ui.crowsnest.dev"}, "spec": spec});
    let services = "/apis/apiregistration.k8s.io/v1/apiservices";
    carry_out(simulated, vec![("POST", services.to_owned(), service)]).await;
}

/// Brings about what the controllers of the recorded cluster had done in the meantime, which are not simulated.
pub(crate) async fn before(simulated: &Simulated, recording: &str, exchange: &Exchange) {
    let pods = "/api/v1/namespaces/shop/pods";
    match (recording, exchange.name.as_str()) {
        // The Deployment controller has said what it was about …
        ("writes", "restart by annotation" | "delete foreground") => {
            let told = json!({"status": exchange.body["status"]});
            let status =
                "/apis/apps/v1/namespaces/shop/deployments/web/status?fieldManager=kube-controller-manager";
            carry_out(simulated, vec![("PATCH", status.to_owned(), told)]).await;
        }
        // … the rollout has made a new pod …
        ("writes", "evict, dry run") => {
            let pod = json!({"metadata": {"name": "web-57887d66bf-hwgnt", "labels": {"app": "web"}},
                "spec": {"containers": [{"name": "nginx", "image": "nginx:1.28"}]}});
            carry_out(simulated, vec![("POST", pods.to_owned(), pod)]).await;
        }
        // … and is about to end an old one.
        ("writes", "evict web-6579c74864-gdfvx") => {
            carry_out(simulated, vec![("DELETE", format!("{pods}/web-6579c74864-gdfvx"), Value::Null)]).await;
        }
        // The Service of the first recordings had a port without a name, that of the lists has one.
        ("service-proxy", "GET as alice, by client certificate") => name_port(simulated, "").await,
        ("service-proxy", "where the Service names its port \"https\": GET /") => {
            name_port(simulated, "https").await;
        }
        ("aggregated-api", "GET web/index as alice")
        | ("streams-90s", "aggregated, resource and name only") => {
            name_port(simulated, "https").await;
            serve_group(simulated).await;
        }
        ("streams-90s", "service proxy") => name_port(simulated, "").await,
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
