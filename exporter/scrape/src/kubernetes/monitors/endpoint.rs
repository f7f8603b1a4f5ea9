//! Endpoints of ServiceMonitors and PodMonitors: one job each.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::rules::{OwnRule, Rules};
use super::selector::{LabelSelector, NamespaceSelector};
use super::{
    MAX_ENDPOINTS, Monitor, MonitorFault, MonitorKind, Monitored, Pages, Times, read, read_access, set_scheme,
};
use crate::config::{Discoveries, KubernetesDiscovery, KubernetesRole, ScrapeJob};
use crate::job::{Honor, Job};

/// What is said of all endpoints.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    job_label: String,
    target_labels: Vec<String>,
    pod_target_labels: Vec<String>,
    #[serde(alias = "podMetricsEndpoints")]
    endpoints: Vec<Value>,
    selector: LabelSelector,
    namespace_selector: NamespaceSelector,
    #[serde(flatten)]
    pages: Pages,
}

/// An endpoint, but for credentials.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Endpoint {
    port: String,
    target_port: Option<Port>,
    port_number: Option<u16>,
    path: String,
    scheme: String,
    params: BTreeMap<String, Vec<String>>,
    #[serde(flatten)]
    times: Times,
    honor_labels: bool,
    honor_timestamps: Option<bool>,
    track_timestamps_staleness: bool,
    filter_running: Option<bool>,
    relabelings: Vec<OwnRule>,
    metric_relabelings: Vec<OwnRule>,
}

/// A port of a container.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Port {
    Number(u16),
    Name(String),
}

/// What differs between the two kinds.
struct Style {
    role: KubernetesRole,
    /// Whose labels are selected by, and looked at for the label `job`.
    selected: &'static str,
    /// What the list of endpoints is called.
    field: &'static str,
    /// The label that has the name of the port which `port` means.
    port_name: &'static str,
}

const SERVICE: Style = Style {
    role: KubernetesRole::Endpoints,
    selected: "service",
    field: "endpoints",
    port_name: "__meta_kubernetes_endpoint_port_name",
};
const POD: Style = Style {
    role: KubernetesRole::Pod,
    selected: "pod",
    field: "podMetricsEndpoints",
    port_name: CONTAINER_PORT_NAME,
};
const CONTAINER_PORT_NAME: &str = "__meta_kubernetes_pod_container_port_name";
const CONTAINER_PORT_NUMBER: &str = "__meta_kubernetes_pod_container_port_number";

pub(super) fn translate(monitor: &Monitor, kind: MonitorKind) -> Result<Monitored, MonitorFault> {
    let spec: Spec = read(&monitor.spec)?;
    let style = if kind == MonitorKind::Pod { POD } else { SERVICE };
    if spec.endpoints.len() > MAX_ENDPOINTS {
        return Err(MonitorFault::new(style.field, format!("more than {MAX_ENDPOINTS} endpoints")));
    }
    let mut found = Monitored::default();
    if monitor.spec.pointer("/attachMetadata/node").and_then(Value::as_bool) == Some(true) {
        let why = "labels of nodes are not there for rules; the rest goes on";
        found.faults.push(MonitorFault::new("attachMetadata", why));
    }
    let name = monitor.job_name(kind);
    for (at, value) in spec.endpoints.iter().enumerate() {
        let job = Job::new(format!("{name}/{at}"));
        match read_endpoint(value, job, &spec, &style, monitor) {
            Ok(job) => found.jobs.push(job),
            Err(fault) => found.faults.push(fault.within(&format!("{}[{at}]", style.field))),
        }
    }
    Ok(found)
}

fn read_endpoint(
    value: &Value,
    mut job: Job,
    spec: &Spec,
    style: &Style,
    monitor: &Monitor,
) -> Result<ScrapeJob, MonitorFault> {
    let http = read_access(value)?;
    let endpoint: Endpoint = read(value)?;
    spec.pages.set(&mut job)?;
    endpoint.times.set(&mut job)?;
    set_scheme(&mut job, &endpoint.scheme)?;
    if !endpoint.path.is_empty() {
        endpoint.path.clone_into(&mut job.metrics_path);
    }
    job.honor_labels = Honor::of(endpoint.honor_labels);
    job.honor_timestamps = Honor::of(endpoint.honor_timestamps.unwrap_or(true));
    job.track_timestamps_staleness = endpoint.track_timestamps_staleness;
    job.relabel = target_rules(&endpoint, spec, style, monitor)?.0;
    let mut metric_rules = Rules::default();
    metric_rules.add_own("metricRelabelings", &endpoint.metric_relabelings)?;
    job.metric_relabel = metric_rules.0;
    job.params = endpoint.params.into_iter().collect();
    let discovery = KubernetesDiscovery {
        role: style.role,
        namespaces: spec.namespace_selector.namespaces(&monitor.metadata.namespace),
        label_selector: String::new(),
        field_selector: String::new(),
    };
    let discoveries = Discoveries { kubernetes: vec![discovery], ..Discoveries::default() };
    Ok(ScrapeJob { job, http, discoveries })
}

/// Which of what is discovered are targets, and with which labels.
fn target_rules(
    endpoint: &Endpoint,
    spec: &Spec,
    style: &Style,
    monitor: &Monitor,
) -> Result<Rules, MonitorFault> {
    let mut rules = Rules::default();
    rules.copy("job", "__tmp_prometheus_job_name")?;
    if endpoint.filter_running != Some(false) {
        rules.drop(&["__meta_kubernetes_pod_phase".to_owned()], "(Failed|Succeeded)")?;
    }
    spec.selector.add(style.selected, &mut rules).map_err(|fault| fault.within("selector"))?;
    let port = endpoint.keep_port(style, &mut rules)?;
    if style.role == KubernetesRole::Endpoints {
        for (kind, label) in [("Node", "node"), ("Pod", "pod")] {
            let target = [
                "__meta_kubernetes_endpoint_address_target_kind",
                "__meta_kubernetes_endpoint_address_target_name",
            ];
            rules.compose(&target, &format!("{kind};(.*)"), label, "$1")?;
        }
        rules.copy("__meta_kubernetes_service_name", "service")?;
    }
    rules.copy("__meta_kubernetes_namespace", "namespace")?;
    rules.copy("__meta_kubernetes_pod_name", "pod")?;
    rules.copy("__meta_kubernetes_pod_container_name", "container")?;
    if style.role == KubernetesRole::Endpoints {
        rules.copy_labels("service", &spec.target_labels)?;
        rules.copy_labels("pod", &spec.pod_target_labels)?;
        rules.copy("__meta_kubernetes_service_name", "job")?;
    } else {
        rules.copy_labels("pod", &spec.pod_target_labels)?;
        rules.write("job", &format!("{}/{}", monitor.metadata.namespace, monitor.metadata.name))?;
    }
    if !spec.job_label.is_empty() {
        let name = crate::kubernetes::sanitised(&spec.job_label);
        rules.copy_present(&format!("__meta_kubernetes_{}_label_{name}", style.selected), "job")?;
    }
    if let Some(port) = port {
        rules.write("endpoint", &port)?;
    }
    rules.add_own("relabelings", &endpoint.relabelings)?;
    Ok(rules)
}

impl Endpoint {
    /// Keeps what is at this port, and gives the word for it. Names that are empty and the number 0 say nothing.
    fn keep_port(&self, style: &Style, rules: &mut Rules) -> Result<Option<String>, MonitorFault> {
        let by_name = |label, name: &str| (!name.is_empty()).then(|| (label, name.to_owned()));
        let by_number = |number: u16| (number != 0).then(|| (CONTAINER_PORT_NUMBER, number.to_string()));
        let of_pod = self.port_number.filter(|_| style.role == KubernetesRole::Pod);
        let of_container = || match self.target_port.as_ref()? {
            Port::Number(number) => by_number(*number),
            Port::Name(name) => by_name(CONTAINER_PORT_NAME, name),
        };
        let port =
            by_name(style.port_name, &self.port).or_else(|| of_pod.and_then(by_number)).or_else(of_container);
        let Some((label, word)) = port else { return Ok(None) };
        rules.keep_value(label, &word)?;
        Ok(Some(word))
    }
}
