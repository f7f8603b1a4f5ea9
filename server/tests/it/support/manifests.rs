//! The files under `deploy/`, the schemas that Kubernetes publishes, and a client that applies.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use reqwest::blocking::Client;
use reqwest::{Certificate, Identity, Method};
use serde_json::Value;

use super::cluster::Sim;
use super::server::json;
use super::tools;

/// What an API server calls the kinds that we ship: `apiVersion`, kind, plural.
const PLURALS: &[(&str, &str, &str)] = &[
    ("apiregistration.k8s.io/v1", "APIService", "apiservices"),
    ("apps/v1", "DaemonSet", "daemonsets"),
    ("apps/v1", "StatefulSet", "statefulsets"),
    ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings"),
    ("rbac.authorization.k8s.io/v1", "Role", "roles"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
    ("v1", "ConfigMap", "configmaps"),
    ("v1", "Namespace", "namespaces"),
    ("v1", "Secret", "secrets"),
    ("v1", "Service", "services"),
    ("v1", "ServiceAccount", "serviceaccounts"),
];

/// A file of `deploy/`.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)
}

/// The manifests of `deploy/`, by name.
pub(crate) fn all() -> Vec<String> {
    let entries = std::fs::read_dir(file("")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".yaml")).collect();
    names.sort();
    names
}

/// The objects in a manifest.
pub(crate) fn objects(name: &str) -> Vec<Value> {
    objects_of(&std::fs::read_to_string(file(name)).unwrap())
}

/// The objects in the text of a manifest.
pub(crate) fn objects_of(text: &str) -> Vec<Value> {
    // A comment may stand before the first object.
    text.split("\n---\n").map(|document| serde_saphyr::from_str(document).unwrap()).collect()
}

/// The objects of a kind in a manifest.
pub(crate) fn of_kind(name: &str, kind: &str) -> Vec<Value> {
    objects(name).into_iter().filter(|object| object["kind"] == kind).collect()
}

/// The pod templates in a manifest, with the names of what they are of.
pub(crate) fn pods(name: &str) -> Vec<(String, Value)> {
    let with_pods = objects(name).into_iter().filter(|object| object["spec"]["template"].is_object());
    with_pods
        .map(|object| {
            (
                object["metadata"]["name"].as_str().unwrap().to_owned(),
                object["spec"]["template"]["spec"].clone(),
            )
        })
        .collect()
}

/// The arguments of a pod's only container, as `--name` and value.
pub(crate) fn arguments(pod: &Value) -> Vec<String> {
    let arguments = pod["containers"][0]["args"].as_array().unwrap();
    arguments.iter().map(|argument| argument.as_str().unwrap().to_owned()).collect()
}

/// Applies a manifest: with `kubectl apply` where there is one, and as it does where there is none.
pub(crate) fn apply(sim: &Sim, name: &str) {
    if tools::is_there("kubectl") {
        let cache = tempfile::tempdir().unwrap();
        let output = tools::command("kubectl")
            .arg(format!("--kubeconfig={}", sim.kubeconfig().display()))
            .arg(format!("--cache-dir={}", cache.path().display()))
            .args(["apply", "--validate=false", "-f"])
            .arg(file(name))
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    for object in objects(name) {
        apply_object(sim, &object);
    }
}

/// Server-side apply, as an administrator.
pub(crate) fn apply_object(sim: &Sim, object: &Value) {
    let (status, answer) = json(
        administrator(sim)
            .request(Method::PATCH, format!("{}?fieldManager=test", url(sim, object)))
            .header("content-type", "application/apply-patch+yaml")
            .body(object.to_string())
            .send()
            .unwrap(),
    );
    assert!((200..300).contains(&status), "{} {}: {answer}", object["kind"], object["metadata"]["name"]);
}

/// What the cluster has of an object, with the status of the answer.
pub(crate) fn get(sim: &Sim, object: &Value) -> (u16, Value) {
    json(administrator(sim).get(url(sim, object)).send().unwrap())
}

/// Where an object is.
fn url(sim: &Sim, object: &Value) -> String {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("/apiVersion"), text("/kind"));
    let row = PLURALS.iter().find(|row| (row.0, row.1) == (version, kind));
    let Some((_, _, plural)) = row else { panic!("what is the plural of {version} {kind}?") };
    let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
    let namespace = match text("/metadata/namespace") {
        "" => String::new(),
        namespace => format!("/namespaces/{namespace}"),
    };
    format!("{}{root}{namespace}/{plural}/{}", sim.running.url(), text("/metadata/name"))
}

/// A client that may do everything, before any account is there.
pub(crate) fn administrator(sim: &Sim) -> Client {
    let root = sim.running.client_certificate("root", &["system:masters"]).unwrap();
    let identity =
        Identity::from_pkcs8_pem(root.certificate_pem.as_bytes(), root.key_pem.as_bytes()).unwrap();
    let ca = Certificate::from_pem(sim.running.ca_pem().as_bytes()).unwrap();
    Client::builder().tls_certs_only([ca]).identity(identity).build().unwrap()
}

/// The schemas of an API server, by group, version and kind.
pub(crate) struct Schemas {
    /// Every schema by its name; groups agree on those that they share.
    by_name: BTreeMap<String, Value>,
}

impl Schemas {
    /// Those of the recorded API server, if they are here.
    pub(crate) fn recorded() -> Option<Self> {
        let corpus = std::env::var_os("CROWSNEST_CORPUS")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"), PathBuf::from);
        let Ok(files) = std::fs::read_dir(corpus.join("apiserver/openapi")) else {
            println!("corpus absent: set CROWSNEST_CORPUS to check manifests against recorded schemas");
            return None;
        };
        let mut by_name = BTreeMap::new();
        for file in files.map(|file| file.unwrap().path()) {
            if file.extension().is_some_and(|end| end == "gz") {
                let mut text = String::new();
                let compressed = std::fs::File::open(&file).unwrap();
                flate2::read::GzDecoder::new(compressed).read_to_string(&mut text).unwrap();
                let mut document: Value = serde_json::from_str(&text).unwrap();
                let Value::Object(schemas) = document["components"]["schemas"].take() else { continue };
                by_name.extend(schemas);
            }
        }
        Some(Self { by_name })
    }

    /// What an API server would not take of an object, unknown fields included.
    pub(crate) fn faults(&self, object: &Value) -> Vec<String> {
        let (group, version) = match object["apiVersion"].as_str().unwrap_or_default().split_once('/') {
            Some((group, version)) => (group, version),
            None => ("", object["apiVersion"].as_str().unwrap_or_default()),
        };
        let is_of = |schema: &Value| {
            let kinds = schema["x-kubernetes-group-version-kind"].as_array();
            kinds.into_iter().flatten().any(|kind| {
                kind["group"] == group && kind["version"] == version && kind["kind"] == object["kind"]
            })
        };
        let mut faults = Vec::new();
        match self.by_name.values().find(|schema| is_of(schema)) {
            Some(schema) => self.check(schema, object, "", &mut faults),
            None => faults.push(format!("there is no kind {} {}", object["apiVersion"], object["kind"])),
        }
        faults
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            return self.check(&self.by_name[name], value, at, faults);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return parts.iter().for_each(|part| self.check(part, value, at, faults));
        }
        if let Some(ways) = schema["oneOf"].as_array() {
            let fits = |way: &Value| {
                let mut faults = Vec::new();
                self.check(way, value, at, &mut faults);
                faults.is_empty()
            };
            if !ways.iter().any(fits) {
                faults.push(format!("{at}: {value} is of no type that may stand here"));
            }
            return;
        }
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            faults.push(format!("{at}: {value} is none of {words:?}"));
        }
        let is_right = match schema["type"].as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            _ => true,
        };
        if !is_right {
            return faults.push(format!("{at}: {value} is no {}", schema["type"]));
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            self.check(&schema["items"], item, &format!("{at}[{index}]"), faults);
        }
        let Some(fields) = value.as_object() else { return };
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(required) {
                faults.push(format!("{at}.{required} is missing"));
            }
        }
        for (name, field) in fields {
            let of_field = schema["properties"].get(name).or(schema.get("additionalProperties"));
            match of_field {
                Some(of_field) => self.check(of_field, field, &format!("{at}.{name}"), faults),
                None => faults.push(format!("{at}.{name} is no field")),
            }
        }
    }
}
