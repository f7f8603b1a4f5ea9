//! A simulated cluster in this process.

use std::path::{Path, PathBuf};

use crowsnest_kubesim::{Chaos, KubeSim, Life, Options, Running};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::server::json;

/// A cluster that is there for as long as this is.
pub(crate) struct Sim {
    pub(crate) running: Running,
    // After the cluster, which needs it to the end.
    _runtime: Runtime,
    dir: tempfile::TempDir,
}

impl Sim {
    /// A cluster in which nothing happens by itself: no pods but those that tests make.
    pub(crate) fn still() -> Self {
        Self::start(Self::options())
    }

    /// What [`Sim::still`] is.
    pub(crate) fn options() -> Options {
        Options { life: Life::Still, objects: objects(), ..Options::default() }
    }

    /// Any cluster.
    pub(crate) fn start(options: Options) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let running = runtime.block_on(KubeSim::start(options)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("kubeconfig"), running.admin_kubeconfig().unwrap()).unwrap();
        Self { running, _runtime: runtime, dir }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        Path::new(self.dir.path()).join("kubeconfig")
    }

    /// A token of the account that may do everything.
    pub(crate) fn admin(&self) -> String {
        self.running.token("crowsnest", "admin-user", 3600).unwrap()
    }

    /// A token of the account that sees one namespace.
    pub(crate) fn viewer(&self) -> String {
        self.running.token("shop", "viewer", 3600).unwrap()
    }

    /// Sends a request to the API server itself, as the account that may do everything; it has to succeed.
    #[track_caller]
    pub(crate) fn ask(&self, method: reqwest::Method, path: &str, body: &Value) -> Value {
        let ca = reqwest::Certificate::from_pem(self.running.ca_pem().as_bytes()).unwrap();
        let client = reqwest::blocking::Client::builder().tls_certs_only([ca]).build().unwrap();
        let url = format!("{}{path}", self.running.url());
        let request = client.request(method, url).bearer_auth(self.admin()).json(body);
        let (status, answer) = json(request.send().unwrap());
        assert!((200..300).contains(&status), "{status} {answer}");
        answer
    }

    /// Creates an object.
    #[track_caller]
    pub(crate) fn create(&self, path: &str, object: &Value) -> Value {
        self.ask(reqwest::Method::POST, path, object)
    }

    /// Creates a pod.
    #[track_caller]
    pub(crate) fn create_pod(&self, namespace: &str, name: &str) -> Value {
        let pod = serde_json::json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": name}, "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{}"}},
            "spec": {"containers": [{"name": "main", "image": "example.org/main:1"}]},
        });
        self.create(&format!("/api/v1/namespaces/{namespace}/pods"), &pod)
    }

    /// Changes a label of a pod.
    #[track_caller]
    pub(crate) fn label_pod(&self, namespace: &str, name: &str, label: &str, value: &str) {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
        let mut pod = self.ask(reqwest::Method::GET, &path, &Value::Null);
        pod["metadata"]["labels"][label] = value.into();
        self.ask(reqwest::Method::PUT, &path, &pod);
    }

    /// Deletes an object.
    #[track_caller]
    pub(crate) fn delete(&self, path: &str) {
        let now = serde_json::json!({"gracePeriodSeconds": 0});
        self.ask(reqwest::Method::DELETE, path, &now);
    }

    /// Lets a pod end as `kubectl delete` does: in its own time.
    pub(crate) fn end(&self, path: &str) {
        self.ask(reqwest::Method::DELETE, path, &serde_json::json!({}));
    }

    /// Whether the API server can be reached.
    pub(crate) fn cut(&self, cut: bool) {
        self.running.set_chaos(Chaos { cut, ..Chaos::default() });
    }
}

/// Two namespaces with something in them, an account that may do everything, and one that may look at `shop`.
fn objects() -> Vec<Value> {
    let bound = |name: &str, namespace: &str, role: &str| {
        serde_json::json!({
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        })
    };
    let rbac = "rbac.authorization.k8s.io/v1";
    vec![
        object("v1", "Namespace", "", "crowsnest", &Value::Null),
        object("v1", "Namespace", "", "shop", &Value::Null),
        object("v1", "Namespace", "", "data", &Value::Null),
        object("v1", "ServiceAccount", "crowsnest", "admin-user", &Value::Null),
        object("v1", "ServiceAccount", "shop", "viewer", &Value::Null),
        object(
            rbac,
            "ClusterRoleBinding",
            "",
            "admin-user",
            &bound("admin-user", "crowsnest", "cluster-admin"),
        ),
        object(rbac, "RoleBinding", "shop", "viewer", &bound("viewer", "shop", "view")),
        object("v1", "Secret", "shop", "db-credentials", &serde_json::json!({"data": {"user": "c2hvcA=="}})),
        object("v1", "Service", "shop", "web", &serde_json::json!({"spec": {"ports": [{"port": 80}]}})),
        object("apps/v1", "Deployment", "shop", "web", &serde_json::json!({"spec": {"replicas": 0}})),
    ]
}

/// An object with these fields besides those that all have.
fn object(api_version: &str, kind: &str, namespace: &str, name: &str, fields: &Value) -> Value {
    let mut object = serde_json::json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.into();
    }
    for (field, value) in fields.as_object().into_iter().flatten() {
        object[field] = value.clone();
    }
    object
}
