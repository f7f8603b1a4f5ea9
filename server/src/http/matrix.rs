//! Five sorts of users before every route of the table, every kind and every verb: each answer is compared with what the API server
//! itself says to that user, and none tells of what its reader may not see.
//!
//! All of it walks the route table or the cluster's own list of kinds, so that later ones join by themselves.

use std::collections::HashMap;
use std::time::Duration;

use axum::Router;
use crowsnest_api::access::{Answers, MAX_RIGHTS, Right};
use crowsnest_api::changes::Report;
use crowsnest_api::remote_write::{LabelPair, TimeSeries, WireSample, WriteRequest};
use crowsnest_kubesim::{KubeSim, Options, Running};
use crowsnest_rbac::Access;
use futures_util::StreamExt as _;
use http::{Method, StatusCode, header};
use prost::Message as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::AppState;
use super::routes::{ROUTES, Route};
use super::surface::{INGEST, ask, ask_with, composed, path_of, users_in};
use crate::clock;
use crate::cluster::OWN_RIGHTS;
use crate::listen::{Peer, Transport};
use crate::settings::{AuthMode, Settings};

/// The users, and what each is bound to: a ClusterRole, and where (empty is everywhere).
const USERS: &[(&str, &str, &[&str])] = &[
    ("root", "cluster-admin", &[""]),
    ("viewer", "view", &[""]),
    ("editor", "edit", &["shop"]),
    ("meter", "metrics-only", &[""]),
    ("nobody", "", &[]),
];
const VERBS: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
/// What is below objects and worth a right of its own.
const BELOW: &[(&str, &str, &str)] = &[
    ("", "pods", "exec"),
    ("", "pods", "log"),
    ("", "nodes", "proxy"),
    ("", "serviceaccounts", "token"),
    ("apps", "deployments", "scale"),
    ("certificates.k8s.io", "certificatesigningrequests", "approval"),
];
/// In a name of everything that a user without rights must never read.
const CANARY: &str = "7f3acanary";

/// Rules of which one names a namespace that only some may see.
fn canary_rules() -> String {
    format!(
        "groups: [{{name: g, rules: [{{alert: All, expr: up == 0}}, \
         {{alert: One, expr: 'up{{namespace=\"ns-{CANARY}\"}} == 0'}}]}}]\n"
    )
}

/// A server over a cluster with these users.
pub(super) struct Scene {
    sim: Running,
    api: reqwest::Client,
    admin: String,
    pub(super) app: AppState,
    pub(super) surface: Router,
    pub(super) users: Vec<(&'static str, String)>,
    decided: HashMap<(String, String), bool>,
    _dir: tempfile::TempDir,
}

impl Scene {
    pub(super) async fn new() -> Self {
        let sim = KubeSim::start(Options { objects: objects(), ..Options::default() }).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let kubeconfig = dir.path().join("kubeconfig");
        std::fs::write(&kubeconfig, sim.admin_kubeconfig().unwrap()).unwrap();
        let rules = dir.path().join("provisioning/rules");
        std::fs::create_dir_all(&rules).unwrap();
        std::fs::write(rules.join("rules.yml"), canary_rules()).unwrap();
        let settings = Settings {
            auth: Some(AuthMode::Kube),
            kubeconfig: Some(kubeconfig),
            provisioning: Some(dir.path().join("provisioning")),
            static_token_file: None,
            ..users_in(dir.path())
        };
        let (app, surface) = composed(dir.path(), settings).await;
        let ca = reqwest::Certificate::from_pem(sim.ca_pem().as_bytes()).unwrap();
        let api = reqwest::Client::builder().tls_certs_only([ca]).build().unwrap();
        let users = USERS.iter().map(|(user, ..)| (*user, sim.token("data", user, 3600).unwrap())).collect();
        let admin = sim.token("data", "root", 3600).unwrap();
        Self { sim, api, admin, app, surface, users, decided: HashMap::new(), _dir: dir }
    }

    /// What the API server says to a GET with this token.
    async fn theirs(&self, path: &str, token: &str) -> (u16, Value) {
        let request = self.api.get(format!("{}{path}", self.sim.url())).bearer_auth(token);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    /// Whether the API server lets a user do something: its own SubjectAccessReview.
    async fn may(&mut self, user: &str, right: &Right) -> bool {
        let question = (user.to_owned(), right.to_string());
        if let Some(known) = self.decided.get(&question) {
            return *known;
        }
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {
                "user": format!("system:serviceaccount:data:{user}"),
                "groups": ["system:serviceaccounts", "system:serviceaccounts:data", "system:authenticated"],
                "resourceAttributes": {
                    "verb": right.verb, "group": right.group, "resource": right.resource,
                    "subresource": right.subresource, "namespace": right.namespace, "name": right.name,
                },
            },
        });
        let url = format!("{}/apis/authorization.k8s.io/v1/subjectaccessreviews", self.sim.url());
        let response = self.api.post(url).bearer_auth(&self.admin).json(&review).send().await.unwrap();
        let answer: Value = response.json().await.unwrap();
        let allowed = answer["status"]["allowed"].as_bool().unwrap();
        self.decided.insert(question, allowed);
        allowed
    }

    /// Every kind that can be listed: group, version, plural, whether it is in namespaces.
    async fn kinds(&self) -> Vec<(String, String, String, bool)> {
        let mut roots = vec![(String::new(), "v1".to_owned(), "/api/v1".to_owned())];
        for group in self.theirs("/apis", &self.admin).await.1["groups"].as_array().unwrap() {
            let version = group["preferredVersion"]["groupVersion"].as_str().unwrap();
            let (name, short) = version.split_once('/').unwrap();
            roots.push((name.to_owned(), short.to_owned(), format!("/apis/{version}")));
        }
        let mut kinds = Vec::new();
        for (group, version, root) in roots {
            for kind in self.theirs(&root, &self.admin).await.1["resources"].as_array().unwrap() {
                let (name, verbs) = (kind["name"].as_str().unwrap(), kind["verbs"].as_array().unwrap());
                if !name.contains('/') && verbs.contains(&json!("list")) {
                    kinds.push((group.clone(), version.clone(), name.to_owned(), kind["namespaced"] == true));
                }
            }
        }
        assert!(kinds.len() > 30, "{}", kinds.len());
        kinds
    }
}

fn object(api_version: &str, kind: &str, namespace: &str, name: &str, more: &Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.into();
    }
    for (field, value) in more.as_object().into_iter().flatten() {
        object[field] = value.clone();
    }
    object
}

/// The users with their bindings, two namespaces that some of them see, and the canary's.
fn objects() -> Vec<Value> {
    const RBAC: &str = "rbac.authorization.k8s.io/v1";
    let none = Value::Null;
    let rule =
        |resource: &str, verb: &str| json!({"apiGroups": [""], "resources": [resource], "verbs": [verb]});
    let metrics = json!({"rules": [rule("nodes", "get"), rule("pods", "list")]});
    let editors = json!({"rules": [{"apiGroups": ["crowsnest.dev"], "resources": ["alertrules", "dashboards", "silences"], "verbs": ["get", "list", "create", "update", "delete"]}]});
    let mut editor = object(RBAC, "ClusterRole", "", "crowsnest-editor", &editors);
    editor["metadata"]["labels"] = json!({"rbac.authorization.k8s.io/aggregate-to-edit": "true"});
    // What is aggregated is so with the next change of a role; the editor has it from the beginning.
    let own_objects = json!({
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "crowsnest-editor"},
        "subjects": [{"kind": "ServiceAccount", "name": "editor", "namespace": "data"}],
    });
    let canary = format!("ns-{CANARY}");
    let mut objects = vec![
        object("v1", "Namespace", "", "crowsnest", &none),
        object("v1", "Namespace", "", "shop", &none),
        object("v1", "Namespace", "", "data", &none),
        object("v1", "Namespace", "", &canary, &none),
        object("v1", "Pod", "shop", "web", &none),
        object("v1", "Pod", &canary, &format!("pod-{CANARY}"), &none),
        object("v1", "Secret", &canary, &format!("secret-{CANARY}"), &none),
        object("v1", "ConfigMap", &canary, &format!("map-{CANARY}"), &none),
        object("v1", "Node", "", &format!("node-{CANARY}"), &none),
        object(RBAC, "ClusterRole", "", "metrics-only", &metrics),
        object(RBAC, "RoleBinding", "shop", "own-objects", &own_objects),
        editor,
    ];
    for (user, role, namespaces) in USERS {
        objects.push(object("v1", "ServiceAccount", "data", user, &none));
        let binding = json!({
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": user, "namespace": "data"}],
        });
        for namespace in *namespaces {
            let kind = if namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
            objects.push(object(RBAC, kind, namespace, &format!("of-{user}"), &binding));
        }
    }
    objects
}

#[tokio::test(flavor = "multi_thread")]
async fn five_users_see_of_every_kind_what_the_api_server_shows_them() {
    let scene = Scene::new().await;
    let mut allowed = 0;
    for (group, version, plural, namespaced) in scene.kinds().await {
        let root = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{group}") };
        let kind = format!("{}.{version}.{plural}", if group.is_empty() { "core" } else { &group });
        let places: &[&str] = if namespaced { &["-", "shop", "data"] } else { &["-"] };
        for place in places {
            let within = if *place == "-" { String::new() } else { format!("/namespaces/{place}") };
            for name in ["", "/none"] {
                if namespaced && *place == "-" && !name.is_empty() {
                    continue;
                }
                for (user, token) in &scene.users {
                    let (theirs, _) =
                        scene.theirs(&format!("{root}/{version}{within}/{plural}{name}"), token).await;
                    let path = format!("/api/crowsnest/v1/objects/{kind}/{place}{name}");
                    let (ours, _) = ask(&scene.surface, &Method::GET, &path, Some(token)).await;
                    assert_eq!(ours.as_u16(), theirs, "{user} {path}");
                    allowed += u32::from(theirs == 200);
                }
            }
        }
    }
    assert!(allowed > 100, "only {allowed} answers were more than a refusal");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_users_are_told_of_every_kind_and_verb_what_the_api_server_decides() {
    let mut scene = Scene::new().await;
    let mut rights = Vec::new();
    for (group, _, plural, namespaced) in scene.kinds().await {
        for verb in VERBS {
            for place in if namespaced { &["", "shop"][..] } else { &[""] } {
                rights.push(format!("{verb},{group},{plural},{place}"));
            }
        }
    }
    for (group, plural, below) in BELOW {
        rights
            .extend(["get", "create", "update"].map(|verb| format!("{verb},{group},{plural}/{below},shop")));
    }
    let rights: Vec<Right> = rights.iter().map(|right| right.parse().unwrap()).collect();
    for (user, token) in scene.users.clone() {
        for some in rights.chunks(MAX_RIGHTS) {
            let of: Vec<String> = some.iter().map(|right| format!("of={right}")).collect();
            let path = format!("/api/crowsnest/v1/access/check?{}", of.join("&"));
            let (status, body) = ask(&scene.surface, &Method::GET, &path, Some(&token)).await;
            assert_eq!(status, StatusCode::OK, "{body}");
            let answers: Answers = serde_json::from_str(&body).unwrap();
            assert_eq!(answers.allowed.len(), some.len());
            for (right, told) in some.iter().zip(answers.allowed) {
                assert_eq!(told, scene.may(user, right).await, "{user} {right}");
            }
        }
    }
}

/// What a route of objects is sent, and the right to `x` in `shop` that the API server wants for it.
#[derive(Clone, Copy, Default)]
struct Sent {
    verb: &'static str,
    /// The API group; empty is the core.
    group: &'static str,
    /// The kind; empty is pods.
    of: &'static str,
    /// The namespace; empty is `shop`.
    place: &'static str,
    below: &'static str,
    query: &'static str,
    media_type: &'static str,
    body: &'static str,
}

fn sent(route: &Route) -> Option<Sent> {
    const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containers":[{"name":"x","image":"x"}]}}"#;
    const JSON: &str = "application/json";
    let path = route.path.strip_prefix("/api/crowsnest/v1/").unwrap_or(route.path);
    let plain = Sent { media_type: JSON, body: POD, ..Sent::default() };
    Some(match (path, route.method.as_str()) {
        ("objects/{kind}/{namespace}", "GET") => Sent { verb: "list", ..Sent::default() },
        ("objects/{kind}/{namespace}", "POST") => Sent { verb: "create", ..plain },
        ("objects/{kind}/{namespace}/{name}", "GET") => Sent { verb: "get", ..Sent::default() },
        ("objects/{kind}/{namespace}/{name}", "DELETE") => Sent { verb: "delete", ..Sent::default() },
        ("objects/{kind}/{namespace}/{name}", "PUT") => Sent { verb: "update", ..plain },
        ("objects/{kind}/{namespace}/{name}", "PATCH") => {
            Sent { verb: "patch", media_type: "application/merge-patch+json", body: "{}", ..plain }
        }
        ("objects/{kind}/{namespace}/{name}", "POST") => Sent {
            verb: "create",
            below: "eviction",
            query: "?subresource=eviction",
            body: r#"{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"x","namespace":"shop"}}"#,
            ..plain
        },
        ("reveal/{namespace}/{name}", "POST") => {
            Sent { verb: "get", of: "secrets", query: "?key=password", ..Sent::default() }
        }
        ("gone/{namespace}/{name}", "GET") => Sent { verb: "get", ..Sent::default() },
        ("/alertmanager/api/v2/silences", "POST") => Sent {
            verb: "create",
            group: "crowsnest.dev",
            of: "silences",
            body: r#"{"matchers":[{"name":"namespace","value":"shop","isRegex":false}],"createdBy":"x","comment":"x","startsAt":"2030-01-01T00:00:00Z","endsAt":"2040-01-01T00:00:00Z"}"#,
            ..plain
        },
        ("dashboards", "POST") => Sent {
            verb: "create",
            group: "crowsnest.dev",
            of: "dashboards",
            place: "crowsnest",
            body: r#"{"text":"{\"title\":\"x\",\"panels\":[]}","dryRun":true}"#,
            ..plain
        },
        ("rules", "POST") => Sent {
            verb: "create",
            group: "crowsnest.dev",
            of: "alertrules",
            body: r#"{"folder":"shop","rule":{"alert":"x","expr":"up{"}}"#,
            ..plain
        },
        ("snapshots", "POST") => Sent {
            verb: "create",
            group: "crowsnest.dev",
            of: "dashboards",
            place: "crowsnest",
            body: r#"{"hours":1,"snapshot":{"dashboard":{"title":"x","panels":[]}}}"#,
            ..plain
        },
        ("bootstrap-tokens", "POST") => {
            Sent { verb: "create", of: "secrets", place: "kube-system", body: r#"{"hours":1}"#, ..plain }
        }
        _ => return None,
    })
}

/// The right that the API server must give for a route to answer; several, of which all are needed.
fn behind(route: &Route) -> Vec<Right> {
    match route.access {
        Access::Public | Access::Series | Access::ApiServer => Vec::new(),
        // These go on to the API server, which decides.
        Access::User => sent(route).map_or_else(Vec::new, |sent| {
            let or = |text: &'static str, usual| if text.is_empty() { usual } else { text };
            let right = Right::to(sent.verb, sent.group, or(sent.of, "pods"), or(sent.place, "shop"));
            vec![if matches!(sent.verb, "list" | "create") && sent.below.is_empty() {
                right
            } else {
                right.named("x").below(sent.below)
            }]
        }),
        access => OWN_RIGHTS.iter().find(|row| row.access == access).unwrap().rights.to_vec(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_users_use_every_route_that_the_api_server_gives_them_the_rights_for_and_no_other() {
    let mut scene = Scene::new().await;
    let mut refused = 0;
    for (user, token) in scene.users.clone() {
        for route in ROUTES {
            // No right gives what only the API server gets.
            let mut expected = route.access != Access::ApiServer;
            for right in behind(route) {
                expected &= scene.may(user, &right).await;
            }
            let sent = sent(route).unwrap_or_default();
            let path = format!("{}{}", path_of(route), sent.query);
            let body = (sent.media_type, sent.body);
            let (status, body) = ask_with(&scene.surface, &route.method, &path, Some(&token), body).await;
            let allowed = !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            // A sign-in without a credential is refused for that.
            if route.access != Access::Public {
                assert_eq!(allowed, expected, "{user} {} {path}: {status} {body}", route.method);
            }
            refused += u32::from(!allowed);
        }
    }
    assert!(refused > 50, "only {refused} were refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_five_users_apply_is_refused_object_by_object_where_the_api_server_refuses_it() {
    let mut scene = Scene::new().await;
    let text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: shop}}\n---\n\
        {apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: data}}\n---\n\
        {apiVersion: v1, kind: Namespace, metadata: {name: x}}\n";
    let path = "/api/crowsnest/v1/apply?dryRun=All";
    let body = ("application/yaml", text);
    for (user, token) in scene.users.clone() {
        let (status, body) = ask_with(&scene.surface, &Method::POST, path, Some(&token), body).await;
        assert_eq!(status, StatusCode::OK, "{user}: {body}");
        let report: Report = serde_json::from_str(&body).unwrap();
        let places = [("configmaps", "shop"), ("configmaps", "data"), ("namespaces", "")];
        assert_eq!(report.results.len(), places.len());
        for ((resource, namespace), result) in places.into_iter().zip(report.results) {
            let allowed = scene.may(user, &Right::to("patch", "", resource, namespace)).await;
            assert_eq!(
                result.problem.is_none(),
                allowed,
                "{user} {resource} {namespace}: {:?}",
                result.problem
            );
        }
    }
}

/// Selectors and functions that have told too much elsewhere.
const QUERIES: &[&str] = &[
    r#"{__name__=~".+"}"#,
    r#"count by (namespace, pod) ({__name__=~".+"})"#,
    r#"absent(pods_here{pod="none"})"#,
    r#"group({namespace=~".*canary"})"#,
    r#"label_join({__name__=~".+"}, "all", "/", "namespace", "pod")"#,
    r#"topk(100, {__name__!="x"})"#,
    r#"count_values("v", {__name__=~".+"})"#,
];

/// What a path is asked with: nothing, and whatever it might take.
fn questions(route: &Route) -> Vec<String> {
    let mut path = path_of(route);
    if route.path.ends_with("/label/{name}/values") {
        path = "/api/v1/label/namespace/values".to_owned();
    }
    let mut questions = vec![path.clone()];
    for query in QUERIES {
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let end = clock::now().millis() / 1000 + 60;
        questions.push(format!(
            "{path}?query={query}&match[]={query}&start={}&end={end}&time={}&step=15s&stats=all&limit=1000",
            end - 600,
            end - 60
        ));
    }
    for of in ["core.v1.pods/-", "core.v1.namespaces/-", "core.v1.secrets/-"] {
        questions.push(format!("{path}?kind=watch&of={of}"));
    }
    questions.extend(["list,,pods", "get,,nodes"].map(|of| format!("{path}?of={of}")));
    if route.path.ends_with("/objects/{kind}/{namespace}") {
        let kinds = ["pods", "secrets", "configmaps", "namespaces", "nodes", "events"];
        questions.extend(kinds.map(|kind| format!("/api/crowsnest/v1/objects/core.v1.{kind}/-")));
    }
    questions
}

/// All that an answer says; of a stream what comes in its first moments.
async fn said(surface: &Router, method: &Method, path: &str, token: &str) -> String {
    let peer = Peer { address: ([127, 0, 0, 1], 1).into(), transport: Transport::Tls };
    let request = http::Request::builder().method(method).uri(path).extension(peer);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    let response = surface.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    let mut text = format!("{:?}", response.headers());
    let mut body = response.into_body().into_data_stream();
    while let Ok(Some(Ok(part))) = tokio::time::timeout(Duration::from_millis(300), body.next()).await {
        text.push_str(&String::from_utf8_lossy(&part));
    }
    text
}

/// An alert of a namespace that only some may see, and two silences: of that namespace, and of all that is called so.
async fn alert_canary(scene: &Scene, root: &str) {
    let alerts = json!([
        {"labels": {"alertname": "Here", "namespace": "shop"}},
        {"labels": {"alertname": "Here", "namespace": format!("ns-{CANARY}"), "pod": format!("pod-{CANARY}")}},
        {"labels": {"alertname": format!("Only{CANARY}")}},
    ]);
    let silence = |name: &str, value: &str| {
        json!({
            "matchers": [{"name": name, "value": value, "isRegex": false}, {"name": "pod", "value": format!("pod-{CANARY}"), "isRegex": false}],
            "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2040-01-01T00:00:00Z", "createdBy": CANARY, "comment": CANARY,
        })
    };
    let sent = [
        ("alerts", INGEST, alerts),
        ("silences", root, silence("namespace", &format!("ns-{CANARY}"))),
        ("silences", root, silence("alertname", "Here")),
    ];
    for (what, token, body) in sent {
        let path = format!("/alertmanager/api/v2/{what}");
        let body = ("application/json", &*body.to_string());
        let (status, body) = ask_with(&scene.surface, &Method::POST, &path, Some(token), body).await;
        assert_eq!(status, StatusCode::OK, "{what}: {body}");
    }
}

async fn push_canary(scene: &Scene) {
    let label = |name: &str, value: String| LabelPair { name: name.into(), value };
    let series = |name: &str, namespace: String| TimeSeries {
        labels: vec![
            label("__name__", name.to_owned()),
            label("instance", "i".to_owned()),
            label("job", "test".to_owned()),
            label("namespace", namespace.clone()),
            label("pod", format!("pod-of-{namespace}")),
        ],
        samples: vec![WireSample { value: 1.0, timestamp: clock::now().millis() }],
        histograms: Vec::new(),
    };
    let timeseries = vec![
        series("pods_here", "shop".to_owned()),
        series("pods_here", format!("ns-{CANARY}")),
        series(&format!("only_{CANARY}_total"), format!("ns-{CANARY}")),
    ];
    let body = WriteRequest { timeseries, metadata: vec![] }.encode_to_vec();
    let body = snap::raw::Encoder::new().compress_vec(&body).unwrap();
    let peer = Peer { address: ([127, 0, 0, 1], 1).into(), transport: Transport::Tls };
    let request = http::Request::post("/api/v1/write").extension(peer);
    let request = request
        .header(header::AUTHORIZATION, format!("Bearer {INGEST}"))
        .header(header::CONTENT_TYPE, "application/x-protobuf")
        .header(header::CONTENT_ENCODING, "snappy")
        .body(axum::body::Body::from(body))
        .unwrap();
    assert_eq!(scene.surface.clone().oneshot(request).await.unwrap().status(), StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_tells_anybody_the_name_of_a_namespace_that_they_may_not_see() {
    let scene = Scene::new().await;
    push_canary(&scene).await;
    let token = |user: &str| scene.users.iter().find(|(name, _)| *name == user).unwrap().1.clone();
    let (root, others) = (token("root"), ["editor", "nobody"].map(|user| (user, token(user))));
    alert_canary(&scene, &root).await;
    let mut sung = 0;
    for route in ROUTES {
        // Whoever ends their sessions or the server's work tells nothing by it.
        if route.effect == crowsnest_rbac::Effect::Changes && route.access == Access::Ingest {
            continue;
        }
        for path in questions(route) {
            // First somebody who may see it, so that whatever is kept for them is there to be given away.
            let all = said(&scene.surface, &route.method, &path, &root).await;
            sung += u32::from(all.contains(CANARY));
            for (user, token) in &others {
                let text = said(&scene.surface, &route.method, &path, token).await;
                assert!(!text.contains(CANARY), "{user} {} {path}: {text}", route.method);
            }
        }
    }
    assert!(sung > 30, "only {sung} answers told the administrator; the test looks in the wrong places");
}
