//! Where targets come from: the configuration itself, files, and HTTP.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crowsnest_api::{Labels, LabelsBuilder};
use crowsnest_yaml::{Fault, Faults, Fields, Node, load};

use super::{HttpConfig, http, within};
use crate::target::ADDRESS;

/// Discoveries that are read.
const READ: &[&str] = &["static_configs", "file_sd_configs", "http_sd_configs", "kubernetes_sd_configs"];
/// Discoveries that Prometheus has beside these.
const OTHERS: &[&str] = &[
    "azure_sd_configs",
    "consul_sd_configs",
    "digitalocean_sd_configs",
    "dns_sd_configs",
    "docker_sd_configs",
    "dockerswarm_sd_configs",
    "ec2_sd_configs",
    "eureka_sd_configs",
    "gce_sd_configs",
    "hetzner_sd_configs",
    "ionos_sd_configs",
    "kuma_sd_configs",
    "lightsail_sd_configs",
    "linode_sd_configs",
    "marathon_sd_configs",
    "nerve_sd_configs",
    "nomad_sd_configs",
    "openstack_sd_configs",
    "ovhcloud_sd_configs",
    "puppetdb_sd_configs",
    "scaleway_sd_configs",
    "serverset_sd_configs",
    "stackit_sd_configs",
    "triton_sd_configs",
    "uyuni_sd_configs",
    "vultr_sd_configs",
];
/// The most targets that one list may have.
const MAX_TARGETS: usize = 100_000;

/// Where the targets of a job come from.
#[derive(Clone, Debug, Default)]
pub struct Discoveries {
    /// Those that the configuration names.
    pub static_targets: Vec<Labels>,
    /// Files that name them.
    pub files: Vec<FileDiscovery>,
    /// URLs that do.
    pub urls: Vec<HttpDiscovery>,
    /// Objects of the cluster.
    pub kubernetes: Vec<KubernetesDiscovery>,
}

/// Files that name targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiscovery {
    /// Their paths; the last part may have a `*`.
    pub patterns: Vec<PathBuf>,
    /// How often they are looked at at least.
    pub refresh: Duration,
}

/// A URL that tells targets.
#[derive(Clone, Debug)]
pub struct HttpDiscovery {
    /// The URL.
    pub url: String,
    /// How often it is asked.
    pub refresh: Duration,
    /// How it is asked.
    pub http: HttpConfig,
}

/// What of a cluster is a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KubernetesRole {
    /// Kubelets.
    Node,
    /// Ports of pods.
    Pod,
    /// Ports of Services.
    Service,
    /// What is behind Services.
    Endpoints,
    /// The same, with the names of slices.
    EndpointSlice,
    /// Paths of Ingresses.
    Ingress,
}

const ROLES: &[(KubernetesRole, &str)] = &[
    (KubernetesRole::Node, "node"),
    (KubernetesRole::Pod, "pod"),
    (KubernetesRole::Service, "service"),
    (KubernetesRole::Endpoints, "endpoints"),
    (KubernetesRole::EndpointSlice, "endpointslice"),
    (KubernetesRole::Ingress, "ingress"),
];

/// Objects of the cluster that are targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesDiscovery {
    /// Which.
    pub role: KubernetesRole,
    /// The only namespaces; none are all.
    pub namespaces: Vec<String>,
    /// Which labels objects of that role have.
    pub label_selector: String,
    /// Which fields they have.
    pub field_selector: String,
}

/// The fields of a job that are discoveries.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    READ.iter().chain(OTHERS).copied()
}

impl Discoveries {
    pub(super) fn read(fields: Fields<'_>, folder: &Path, faults: &mut Faults) -> Self {
        for name in OTHERS.iter().filter(|name| fields.node(name).is_some()) {
            let instead = "have something write targets to files (file_sd_configs), or serve them over HTTP (http_sd_configs)";
            faults.add(fields.place(name), format!("{name} is not supported: {instead}"));
        }
        let mut found = Self::default();
        for node in fields.list("static_configs", faults) {
            read_group(node, &mut found.static_targets, faults);
        }
        for node in fields.list("file_sd_configs", faults) {
            found.files.push(read_files(node, folder, faults));
        }
        for node in fields.list("http_sd_configs", faults) {
            found.urls.push(read_url(node, folder, faults));
        }
        for node in fields.list("kubernetes_sd_configs", faults) {
            found.kubernetes.extend(read_kubernetes(node, faults));
        }
        found
    }
}

fn read_files(node: &Node, folder: &Path, faults: &mut Faults) -> FileDiscovery {
    let fields = Fields::of(node, "file_sd_config", &["files", "refresh_interval"], faults);
    let mut patterns = Vec::new();
    for (at, path) in fields.texts("files", faults) {
        let lower = path.to_lowercase();
        let ends = [".json", ".yml", ".yaml"].iter().any(|end| lower.ends_with(end));
        let folders = Path::new(path)
            .parent()
            .is_none_or(|parent| !parent.as_os_str().as_encoded_bytes().contains(&b'*'));
        if !ends || !folders {
            let why =
                if ends { "only its last part may have a *" } else { "it ends with .json, .yml or .yaml" };
            faults.add(at, format!("path name {path:?} is not valid for file discovery: {why}"));
            continue;
        }
        patterns.push(within(folder, path));
    }
    if fields.node("files").is_none() {
        faults.add(node.at, "file service discovery config must contain at least one path name");
    }
    let refresh = fields.duration("refresh_interval", faults).unwrap_or(Duration::from_secs(300));
    FileDiscovery { patterns, refresh }
}

fn read_url(node: &Node, folder: &Path, faults: &mut Faults) -> HttpDiscovery {
    let known: Vec<&str> =
        ["url", "refresh_interval", "enable_http2"].into_iter().chain(http::FIELDS.iter().copied()).collect();
    let fields = Fields::of(node, "http_sd_config", &known, faults);
    let check = |text: &str| {
        if text.starts_with("http://") || text.starts_with("https://") {
            Ok(text.to_owned())
        } else {
            Err("URL scheme must be 'http' or 'https'")
        }
    };
    let url = fields.parsed("url", check, faults).unwrap_or_default();
    if fields.node("url").is_none() {
        faults.add(node.at, "URL is missing");
    }
    let refresh = fields.duration("refresh_interval", faults).unwrap_or(Duration::from_secs(60));
    HttpDiscovery { url, refresh, http: HttpConfig::read(fields, folder, faults) }
}

fn read_kubernetes(node: &Node, faults: &mut Faults) -> Option<KubernetesDiscovery> {
    let elsewhere = ["api_server", "kubeconfig_file", "attach_metadata"];
    let known: Vec<&str> = ["role", "namespaces", "selectors", "enable_http2"]
        .into_iter()
        .chain(elsewhere)
        .chain(http::FIELDS.iter().copied())
        .collect();
    let fields = Fields::of(node, "kubernetes_sd_config", &known, faults);
    for name in elsewhere.iter().chain(http::FIELDS).filter(|name| fields.node(name).is_some()) {
        let instead = "the cluster is the server's own, asked with its own credential";
        faults.add(fields.place(name), format!("{name} is not supported: {instead}"));
    }
    let role = |text: &str| {
        let found = ROLES.iter().find(|(_, word)| *word == text.to_lowercase());
        found.map(|(role, _)| *role).ok_or_else(|| format!("unknown Kubernetes SD role {text:?}"))
    };
    if fields.node("role").is_none() {
        faults.add(node.at, "role missing (one of: pod, service, endpoints, endpointslice, node, ingress)");
    }
    let role = fields.parsed("role", role, faults)?;
    let mut found = KubernetesDiscovery {
        role,
        namespaces: Vec::new(),
        label_selector: String::new(),
        field_selector: String::new(),
    };
    if let Some(node) = fields.node("namespaces") {
        let fields = Fields::of(node, "namespaces", &["own_namespace", "names"], faults);
        if fields.flag("own_namespace", faults) == Some(true) {
            faults.add(fields.place("own_namespace"), "own_namespace is not supported: write it into names");
        }
        found.namespaces = fields.texts("names", faults).iter().map(|(_, name)| (*name).to_owned()).collect();
    }
    for node in fields.list("selectors", faults) {
        let fields = Fields::of(node, "selector", &["role", "label", "field"], faults);
        let of = fields.text("role", faults).unwrap_or_default();
        if ROLES.iter().all(|(known, word)| *known != role || *word != of) {
            faults.add(
                node.at,
                format!("{role:?} role supports only selectors of its own objects here, not of {of:?}"),
            );
        }
        fields.text("label", faults).unwrap_or_default().clone_into(&mut found.label_selector);
        fields.text("field", faults).unwrap_or_default().clone_into(&mut found.field_selector);
    }
    Some(found)
}

/// Reads a list of groups of targets, as files and URLs have them: JSON or YAML, `[{targets: […], labels: {…}}]`.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn read_groups(text: &str) -> Result<Vec<Labels>, Vec<Fault>> {
    let documents = load(text).map_err(|fault| vec![fault])?;
    let mut faults = Faults::default();
    let mut targets = Vec::new();
    for document in &documents {
        match &document.content {
            crowsnest_yaml::Content::Null => {}
            crowsnest_yaml::Content::List(groups) => {
                for group in groups {
                    read_group(group, &mut targets, &mut faults);
                }
            }
            _ => faults
                .add(document.at, format!("expected a list of target groups, found {}", document.kind())),
        }
    }
    faults.or(targets)
}

fn read_group(node: &Node, targets: &mut Vec<Labels>, faults: &mut Faults) {
    let fields = Fields::of(node, "target group", &["targets", "labels"], faults);
    let mut labels = LabelsBuilder::default();
    for (name, (_, value)) in fields.string_map("labels", faults) {
        labels.set(name, value);
    }
    for (at, target) in fields.texts("targets", faults) {
        if targets.len() >= MAX_TARGETS {
            faults.add(at, format!("more than {MAX_TARGETS} targets"));
            return;
        }
        let mut labels = labels.clone();
        labels.set(ADDRESS, target);
        targets.push(labels.build());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_targets_are_json_or_yaml() {
        let shown = |text: &str| {
            read_groups(text).map(|targets| targets.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let expected =
            vec![r#"{__address__="a:1", env="x"}"#.to_owned(), r#"{__address__="b:1", env="x"}"#.to_owned()];
        assert_eq!(shown(r#"[{"targets": ["a:1", "b:1"], "labels": {"env": "x"}}]"#), Ok(expected.clone()));
        assert_eq!(shown("- targets: [a:1, b:1]\n  labels:\n    env: x\n"), Ok(expected));
        assert_eq!(shown("[]"), Ok(vec![]));
        let wrong = shown("- targets: x\n").unwrap_err();
        assert_eq!(wrong[0].to_string(), "1:12: cannot unmarshal !!str into targets, which is a list");
        assert!(shown("{}").is_err());
    }
}
