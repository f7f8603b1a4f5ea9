//! What no recording shows: flows over several requests, and watches that end badly.

use crowsnest_kubesim::{Chaos, ClientCertificate, DemoSize, KubeSim, Life, Options, Running};
use futures_util::StreamExt;
use openssl::{hash::MessageDigest, pkey::PKey, rsa::Rsa, x509::X509ReqBuilder};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client, Request},
    replay::backend,
};

/// A quiet demo cluster: its objects, and nobody who acts on them.
struct Cluster {
    running: Running,
    client: Client,
}

const CONFIG_MAPS: &str = "/api/v1/namespaces/shop/configmaps";

impl Cluster {
    async fn start() -> Cluster {
        Cluster::start_with(Options { life: Life::Still, ..Options::demo(DemoSize::default()) }).await
    }

    async fn start_with(options: Options) -> Cluster {
        let running = KubeSim::start(options).await.unwrap();
        let client = Client::new(&running);
        Cluster { running, client }
    }

    async fn send(&self, sender: &str, method: &str, path: &str, body: Value) -> Answer {
        let media_type = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let request = Request {
            sender,
            method,
            path,
            headers: vec![("Content-Type".to_owned(), media_type.to_owned())],
            body: if body.is_null() { String::new() } else { body.to_string() },
        };
        self.client.send(request).await.unwrap()
    }

    /// Sends as the administrator and expects success.
    async fn admin(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.send("admin", method, path, body).await;
        assert!(answer.status < 300, "{method} {path}: {}", answer.text());
        answer.body()
    }

    /// The types of a watch's events.
    async fn watch(&self, path: &str) -> Vec<(String, Value)> {
        let answer = self.send("admin", "GET", path, Value::Null).await;
        answer
            .text()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|event| (event["type"].as_str().unwrap_or_default().to_owned(), event["object"].clone()))
            .collect()
    }
}

#[tokio::test]
async fn a_signed_certificate_signs_in() {
    let cluster = Cluster::start().await;
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut request = X509ReqBuilder::new().unwrap();
    let mut name = openssl::x509::X509NameBuilder::new().unwrap();
    name.append_entry_by_text("O", "devs").unwrap();
    name.append_entry_by_text("CN", "bob").unwrap();
    request.set_subject_name(&name.build()).unwrap();
    request.set_pubkey(&key).unwrap();
    request.sign(&key, MessageDigest::sha256()).unwrap();
    let encode = openssl::base64::encode_block;
    let requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    let mut made = cluster
        .admin(
            "POST",
            requests,
            json!({
                "metadata": {"name": "bob"},
                "spec": {"request": encode(&request.build().to_pem().unwrap()), "usages": ["client auth"],
                    "signerName": "kubernetes.io/kube-apiserver-client"},
            }),
        )
        .await;
    made["status"] = json!({"conditions": [{"type": "Approved", "status": "True", "reason": "test"}]});
    cluster.admin("PUT", &format!("{requests}/bob/approval"), made).await;
    let issued = cluster.admin("GET", &format!("{requests}/bob"), Value::Null).await;
    let pem = openssl::base64::decode_block(issued["status"]["certificate"].as_str().unwrap()).unwrap();
    let certificate = ClientCertificate {
        certificate_pem: String::from_utf8(pem).unwrap(),
        key_pem: String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap(),
    };
    let who = Request {
        sender: "bob",
        method: "POST",
        path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        headers: Vec::new(),
        body: "{}".to_owned(),
    };
    let answer = cluster.client.send_with(&certificate, who).await.unwrap().body();
    assert_eq!(answer["status"]["userInfo"]["username"], "bob");
    assert_eq!(answer["status"]["userInfo"]["groups"], json!(["devs", "system:authenticated"]));
}

#[tokio::test]
async fn the_viewer_reads_one_namespace_and_no_secrets() {
    let cluster = Cluster::start().await;
    for (path, expected) in [
        ("/apis/apps/v1/namespaces/shop/deployments", 200),
        ("/apis/apps/v1/namespaces/data/statefulsets", 403),
        ("/api/v1/namespaces/shop/secrets", 403),
        ("/api/v1/nodes", 403),
    ] {
        assert_eq!(cluster.send("viewer", "GET", path, Value::Null).await.status, expected, "{path}");
    }
    assert_eq!(
        cluster.send("viewer", "POST", CONFIG_MAPS, json!({"metadata": {"name": "x"}})).await.status,
        403
    );
    assert_eq!(cluster.send("admin-user", "GET", "/api/v1/nodes", Value::Null).await.status, 200);
}

#[tokio::test]
async fn the_initial_events_end_with_a_marked_bookmark() {
    let cluster = Cluster::start().await;
    let events = cluster
        .watch(&format!(
            "{CONFIG_MAPS}?watch=1&timeoutSeconds=1&sendInitialEvents=true&allowWatchBookmarks=true\
             &resourceVersionMatch=NotOlderThan"
        ))
        .await;
    assert_eq!(events[0].0, "ADDED");
    let (kind, last) = events.last().unwrap();
    assert_eq!(kind, "BOOKMARK");
    assert_eq!(last["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

#[tokio::test]
async fn a_watch_from_before_the_history_is_told_to_list_again() {
    let options = Options { history: 3, ..Options::demo(DemoSize::default()) };
    let cluster = Cluster::start_with(Options { life: Life::Still, ..options }).await;
    for number in 0..6 {
        cluster.admin("POST", CONFIG_MAPS, json!({"metadata": {"name": format!("c{number}")}})).await;
    }
    let events = cluster.watch(&format!("{CONFIG_MAPS}?watch=1&resourceVersion=1&timeoutSeconds=1")).await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].0.as_str(), &events[0].1["code"]), ("ERROR", &json!(410)));
}

#[tokio::test]
async fn pages_of_a_list_hold_together_while_it_changes() {
    let cluster = Cluster::start().await;
    for name in ["a", "b", "c"] {
        cluster.admin("POST", CONFIG_MAPS, json!({"metadata": {"name": name, "labels": {"t": "1"}}})).await;
    }
    let first = cluster.admin("GET", &format!("{CONFIG_MAPS}?labelSelector=t&limit=2"), Value::Null).await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    cluster.admin("DELETE", &format!("{CONFIG_MAPS}/c"), Value::Null).await;
    let second = cluster
        .admin("GET", &format!("{CONFIG_MAPS}?labelSelector=t&limit=2&continue={token}"), Value::Null)
        .await;
    assert_eq!(second["items"][0]["metadata"]["name"], "c");
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
}

#[tokio::test]
async fn an_object_with_a_finalizer_waits_for_it() {
    let cluster = Cluster::start().await;
    let path = format!("{CONFIG_MAPS}/held");
    let metadata = json!({"name": "held", "finalizers": ["example.org/hold"]});
    cluster.admin("POST", CONFIG_MAPS, json!({ "metadata": metadata })).await;
    let deleted = cluster.admin("DELETE", &path, Value::Null).await;
    assert!(deleted["metadata"]["deletionTimestamp"].is_string());
    cluster.admin("PATCH", &path, json!({"metadata": {"finalizers": null}})).await;
    assert_eq!(cluster.send("admin", "GET", &path, Value::Null).await.status, 404);
}

#[tokio::test]
async fn what_an_object_owns_goes_with_it_unless_orphaned() {
    let cluster = Cluster::start().await;
    for (policy, expected) in [("Background", 404), ("Orphan", 200)] {
        let owner = cluster.admin("POST", CONFIG_MAPS, json!({"metadata": {"name": "owner"}})).await;
        let reference = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]});
        let metadata = json!({"name": "owned", "ownerReferences": [reference]});
        cluster.admin("POST", CONFIG_MAPS, json!({ "metadata": metadata })).await;
        cluster
            .admin("DELETE", &format!("{CONFIG_MAPS}/owner?propagationPolicy={policy}"), Value::Null)
            .await;
        let left = cluster.send("admin", "GET", &format!("{CONFIG_MAPS}/owned"), Value::Null).await;
        assert_eq!(left.status, expected, "{policy}");
    }
}

#[tokio::test]
async fn a_new_definition_serves_its_kind_at_once() {
    let cluster = Cluster::start().await;
    let definition = json!({
        "metadata": {"name": "gadgets.example.com"},
        "spec": {"group": "example.com", "scope": "Cluster", "names": {"plural": "gadgets", "kind": "Gadget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "properties": {"spec": {"type": "object", "properties": {
                    "level": {"type": "integer", "maximum": 3, "default": 1}}}}}}}]},
    });
    let made =
        cluster.admin("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition).await;
    assert_eq!(made["status"]["conditions"][1]["type"], "Established");
    let gadgets = "/apis/example.com/v1/gadgets";
    let gadget = cluster
        .admin(
            "POST",
            gadgets,
            json!({"apiVersion": "example.com/v1", "kind": "Gadget",
        "metadata": {"name": "g"}, "spec": {"extra": true}}),
        )
        .await;
    assert_eq!(gadget["spec"], json!({"level": 1}));
    let refused =
        cluster.send("admin", "PATCH", &format!("{gadgets}/g"), json!({"spec": {"level": 9}})).await;
    assert_eq!(refused.status, 422);
    let definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.example.com";
    cluster.admin("DELETE", definition, Value::Null).await;
    assert_eq!(cluster.send("admin", "GET", gadgets, Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_namespace_brings_an_account_and_takes_everything_with_it() {
    let cluster = Cluster::start().await;
    cluster.admin("POST", "/api/v1/namespaces", json!({"metadata": {"name": "new"}})).await;
    cluster.admin("GET", "/api/v1/namespaces/new/serviceaccounts/default", Value::Null).await;
    let token = cluster
        .admin("POST", "/api/v1/namespaces/new/serviceaccounts/default/token", json!({"spec": {}}))
        .await;
    assert!(token["status"]["token"].is_string());
    cluster.admin("DELETE", "/api/v1/namespaces/new", Value::Null).await;
    assert_eq!(cluster.send("admin", "GET", "/api/v1/namespaces/new", Value::Null).await.status, 404);
    let answer = cluster
        .send("admin", "POST", "/api/v1/namespaces/new/configmaps", json!({"metadata": {"name": "x"}}))
        .await;
    assert_eq!(answer.body()["message"], "namespaces \"new\" not found");
}

#[tokio::test]
async fn shutting_down_ends_watches() {
    let cluster = Cluster::start().await;
    let Cluster { running, client } = cluster;
    let request = Request {
        sender: "admin",
        method: "GET",
        path: "/api/v1/pods?watch=1",
        headers: Vec::new(),
        body: String::new(),
    };
    let ((), _) = tokio::join!(
        async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            running.shutdown().await;
        },
        client.send(request)
    );
}

#[tokio::test]
async fn kubelets_tell_what_their_pods_use_and_say() {
    let cluster = Cluster::start_with(Options::demo(DemoSize::default())).await;
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    let page = cluster.send("admin", "GET", "/api/v1/nodes/demo-1/proxy/metrics/cadvisor", Value::Null).await;
    assert!(page.text().contains("container_cpu_usage_seconds_total{"), "{}", page.text());
    assert_eq!(
        cluster.send("viewer", "GET", "/api/v1/nodes/demo-1/proxy/metrics", Value::Null).await.status,
        403
    );
    let pods =
        cluster.admin("GET", "/api/v1/namespaces/shop/pods?labelSelector=app%3Dcart", Value::Null).await;
    let pod = pods["items"][0]["metadata"]["name"].as_str().unwrap();
    let log =
        cluster.send("viewer", "GET", &format!("/api/v1/namespaces/shop/pods/{pod}/log"), Value::Null).await;
    assert!(log.text().starts_with("level=info msg=\"starting\""), "{}", log.text());
}

#[tokio::test]
async fn a_websocket_reaches_pods_and_nodes_and_ends_with_a_cut() {
    let cluster = Cluster::start().await;
    let certificate = cluster.running.client_certificate("backend", &[]).unwrap();
    let backend = backend::start(&certificate).await;
    cluster.running.route("10.1.2.3:8443", backend);
    cluster.running.route("10.9.9.9:9443", backend);
    let pod = json!({"metadata": {"name": "web"},
        "spec": {"containers": [{"name": "web", "image": "web", "ports": [{"containerPort": 8443}]}]}});
    cluster.admin("POST", "/api/v1/namespaces/shop/pods", pod).await;
    let status = json!({"status": {"podIP": "10.1.2.3"}});
    cluster.admin("PATCH", "/api/v1/namespaces/shop/pods/web/status", status).await;
    let status = json!({"status": {"addresses": [{"type": "InternalIP", "address": "10.9.9.9"}]}});
    cluster.admin("PATCH", "/api/v1/nodes/demo-1/status", status).await;
    let mut sockets = Vec::new();
    for path in [
        "/api/v1/namespaces/shop/pods/https:web:/proxy/ws",
        "/api/v1/namespaces/shop/pods/https:web:8443/proxy/ws",
        "/api/v1/nodes/https:demo-1:9443/proxy/ws",
    ] {
        let (headers, body) = (Vec::new(), String::new());
        let request = Request { sender: "admin", method: "GET", path, headers, body };
        let (head, opened) = cluster.client.upgrade(request).await.unwrap();
        let mut socket = opened.unwrap_or_else(|refusal| panic!("{path}: {}: {refusal:?}", head.status));
        let said: Value =
            serde_json::from_str(socket.next().await.unwrap().unwrap().to_text().unwrap()).unwrap();
        assert_eq!(said["path"], "/ws", "{path}");
        sockets.push(socket);
    }
    cluster.running.set_chaos(Chaos { cut: true, ..Chaos::default() });
    for mut socket in sockets {
        assert!(socket.next().await.is_none_or(|last| last.is_err()));
    }
}

#[tokio::test]
async fn chaos_cuts_and_mends() {
    let cluster = Cluster::start().await;
    let request = || Request {
        sender: "admin",
        method: "GET",
        path: "/api/v1/nodes",
        headers: Vec::new(),
        body: String::new(),
    };
    cluster.running.set_chaos(Chaos { cut: true, ..Chaos::default() });
    assert!(cluster.client.send(request()).await.is_err());
    cluster.running.set_chaos(Chaos { errors_per_thousand: 1000, ..Chaos::default() });
    assert_eq!(cluster.client.send(request()).await.unwrap().status, 500);
    cluster.running.set_chaos(Chaos::default());
    assert_eq!(cluster.client.send(request()).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_switch_is_turned_from_outside_by_administrators_only() {
    const SWITCH: &str = "/kubesim/chaos";
    let cluster = Cluster::start().await;
    let cut = json!({"cut": true});
    assert_eq!(cluster.send("viewer", "PUT", SWITCH, cut.clone()).await.status, 403);
    let refused = cluster.send("admin", "PUT", SWITCH, json!({"latency": 1})).await;
    assert_eq!(refused.status, 400, "{}", refused.text());

    let drop = json!({"drop_watches": true});
    let watch = cluster.watch("/api/v1/nodes?watch=1&timeoutSeconds=600");
    tokio::pin!(watch);
    // Nothing tells when the watch has begun, so it is dropped until it ends.
    let events = loop {
        tokio::select! {
            shown = cluster.admin("PUT", SWITCH, drop.clone()) => {
                assert_eq!(shown, json!({"latency_ms": 0, "errors_per_thousand": 0, "cut": false}));
            }
            events = &mut watch => break events,
        }
    };
    assert_eq!(events.len(), 5, "as many as there are nodes");

    let shown = cluster.send("admin-user", "PUT", SWITCH, cut).await;
    assert_eq!(shown.body()["cut"], true);
    let nodes = Request {
        sender: "admin",
        method: "GET",
        path: "/api/v1/nodes",
        headers: Vec::new(),
        body: String::new(),
    };
    assert!(cluster.client.send(nodes).await.is_err());
    assert_eq!(cluster.send("admin-user", "GET", SWITCH, Value::Null).await.body()["cut"], true);
    cluster.admin("PUT", SWITCH, json!({})).await;
    cluster.admin("GET", "/api/v1/nodes", Value::Null).await;
}

#[tokio::test]
async fn a_kubeconfig_signs_in_as_its_account() {
    let cluster = Cluster::start().await;
    for (namespace, name) in [("crowsnest", "admin-user"), ("shop", "viewer")] {
        let text = cluster.running.kubeconfig(namespace, name, 3600).unwrap();
        let (_, rest) = text.split_once("token: ").unwrap();
        let token = rest.lines().next().unwrap();
        let headers = vec![("Authorization".to_owned(), format!("Bearer {token}"))];
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let request = Request { sender: "token", method: "POST", path, headers, body: "{}".to_owned() };
        let answer = cluster.client.send(request).await.unwrap().body();
        let user = format!("system:serviceaccount:{namespace}:{name}");
        assert_eq!(answer["status"]["userInfo"]["username"], user.as_str());
        assert!(text.contains(&format!("namespace: {namespace}\n")), "{text}");
    }
    assert!(cluster.running.kubeconfig("shop", "nobody", 60).is_err());
}
