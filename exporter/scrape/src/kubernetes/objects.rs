//! What of nodes, Services, EndpointSlices and Ingresses counts for discovery, and their labels.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use crowsnest_api::{INSTANCE, Labels, LabelsBuilder};
use serde::Deserialize;

use super::pod::{Meta, Pod, bracketed, pod_common, pod_port_labels};
use super::sanitised;
use crate::target::ADDRESS;

/// Which Service a slice belongs to.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Addresses of a node, the best first.
const NODE_ADDRESSES: &[&str] =
    &["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"];

/// A node.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Node {
    metadata: Meta,
    spec: NodeSpec,
    status: NodeStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeSpec {
    #[serde(rename = "providerID")]
    provider_id: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeStatus {
    addresses: Vec<NodeAddress>,
    daemon_endpoints: DaemonEndpoints,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NodeAddress {
    r#type: String,
    address: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DaemonEndpoints {
    kubelet_endpoint: DaemonEndpoint,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct DaemonEndpoint {
    port: u16,
}

/// A Service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Service {
    metadata: Meta,
    spec: ServiceSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ServiceSpec {
    r#type: String,
    #[serde(rename = "clusterIP")]
    cluster_ip: String,
    external_name: String,
    #[serde(rename = "loadBalancerIP")]
    load_balancer_ip: String,
    ports: Vec<ServicePort>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ServicePort {
    name: String,
    port: u16,
    protocol: String,
}

/// An EndpointSlice.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EndpointSlice {
    metadata: Meta,
    address_type: String,
    endpoints: Vec<Endpoint>,
    ports: Vec<EndpointPort>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Endpoint {
    addresses: Vec<String>,
    conditions: Conditions,
    hostname: String,
    node_name: String,
    zone: String,
    target_ref: TargetRef,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Conditions {
    ready: Option<bool>,
    serving: Option<bool>,
    terminating: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TargetRef {
    kind: String,
    name: String,
    namespace: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct EndpointPort {
    name: String,
    port: Option<u16>,
    protocol: String,
    app_protocol: String,
}

/// Endpoints, which slices have taken the place of and which are there still.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Endpoints {
    metadata: Meta,
    subsets: Vec<Subset>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Subset {
    addresses: Vec<SubsetAddress>,
    not_ready_addresses: Vec<SubsetAddress>,
    ports: Vec<EndpointPort>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SubsetAddress {
    ip: String,
    hostname: String,
    node_name: String,
    target_ref: TargetRef,
}

impl Endpoints {
    /// The same as slices, which are of the Service of that name.
    pub fn into_slices(self) -> Vec<EndpointSlice> {
        let Self { metadata, subsets } = self;
        let slice = |subset: Subset| {
            let endpoint = |address: SubsetAddress, ready| Endpoint {
                addresses: vec![address.ip],
                conditions: Conditions { ready: Some(ready), ..Conditions::default() },
                hostname: address.hostname,
                node_name: address.node_name,
                zone: String::new(),
                target_ref: address.target_ref,
            };
            let ready = subset.addresses.into_iter().map(|address| endpoint(address, true));
            let others = subset.not_ready_addresses.into_iter().map(|address| endpoint(address, false));
            EndpointSlice {
                metadata: metadata.clone(),
                address_type: String::new(),
                endpoints: ready.chain(others).collect(),
                ports: subset.ports,
            }
        };
        subsets.into_iter().map(slice).collect()
    }
}

/// An Ingress.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ingress {
    metadata: Meta,
    spec: IngressSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct IngressSpec {
    ingress_class_name: String,
    tls: Vec<IngressTls>,
    rules: Vec<IngressRule>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct IngressTls {
    hosts: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct IngressRule {
    host: String,
    http: IngressHttp,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct IngressHttp {
    paths: Vec<IngressPath>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct IngressPath {
    path: String,
}

/// Namespace and name.
pub type ObjectKey = (String, String);

impl Service {
    /// Who it is.
    pub fn key(&self) -> ObjectKey {
        (self.metadata.namespace.clone(), self.metadata.name.clone())
    }
}

impl Pod {
    /// Who it is.
    pub fn key(&self) -> ObjectKey {
        (self.metadata.namespace.clone(), self.metadata.name.clone())
    }
}

/// Labels whose names begin with that of a role.
struct Role<'l>(&'static str, &'l mut LabelsBuilder);

impl Role<'_> {
    fn set(&mut self, name: &str, value: &str) {
        self.1.set(format!("__meta_kubernetes_{}_{name}", self.0), value);
    }

    /// Labels and annotations of the object.
    fn meta(&mut self, meta: &Meta) {
        for (what, pairs) in [("label", &meta.labels), ("annotation", &meta.annotations)] {
            for (name, value) in pairs {
                let name = sanitised(name);
                self.set(&format!("{what}_{name}"), value);
                self.set(&format!("{what}present_{name}"), "true");
            }
        }
    }
}

fn namespaced(meta: &Meta) -> LabelsBuilder {
    let mut labels = LabelsBuilder::default();
    labels.set("__meta_kubernetes_namespace", meta.namespace.as_str());
    labels
}

/// The labels of a node, whose address is its kubelet's; none where it has no address.
pub fn node_labels(node: &Node) -> Option<Labels> {
    let mut labels = LabelsBuilder::default();
    let mut role = Role("node", &mut labels);
    role.set("name", &node.metadata.name);
    role.set("provider_id", &node.spec.provider_id);
    role.meta(&node.metadata);
    // Of several addresses of a type the first counts.
    for address in node.status.addresses.iter().rev() {
        role.set(&format!("address_{}", sanitised(&address.r#type)), &address.address);
    }
    let of = |kind: &&str| node.status.addresses.iter().find(|address| address.r#type == **kind);
    let address = NODE_ADDRESSES.iter().find_map(of)?;
    let port = node.status.daemon_endpoints.kubelet_endpoint.port;
    labels.set(ADDRESS, format!("{}:{port}", bracketed(&address.address)));
    labels.set(INSTANCE, node.metadata.name.as_str());
    Some(labels.build())
}

/// One label set for each port of a Service.
pub fn service_labels(service: &Service) -> Vec<Labels> {
    let (meta, spec) = (&service.metadata, &service.spec);
    let mut common = namespaced(meta);
    add_service(&mut common, service);
    let mut role = Role("service", &mut common);
    role.set("type", &spec.r#type);
    role.set("loadbalancer_ip", &spec.load_balancer_ip);
    if spec.r#type == "ExternalName" {
        role.set("external_name", &spec.external_name);
    } else {
        role.set("cluster_ip", &spec.cluster_ip);
    }
    let one = |port: &ServicePort| {
        let mut labels = common.clone();
        labels.set(ADDRESS, format!("{}.{}.svc:{}", meta.name, meta.namespace, port.port));
        let mut role = Role("service", &mut labels);
        role.set("port_name", &port.name);
        role.set("port_number", &port.port.to_string());
        role.set("port_protocol", if port.protocol.is_empty() { "TCP" } else { &port.protocol });
        labels.build()
    };
    spec.ports.iter().map(one).collect()
}

fn add_service(labels: &mut LabelsBuilder, service: &Service) {
    let mut role = Role("service", labels);
    role.set("name", &service.metadata.name);
    role.meta(&service.metadata);
}

/// One label set for each path of an Ingress.
pub fn ingress_labels(ingress: &Ingress) -> Vec<Labels> {
    let mut common = namespaced(&ingress.metadata);
    let mut role = Role("ingress", &mut common);
    role.set("name", &ingress.metadata.name);
    role.set("class_name", &ingress.spec.ingress_class_name);
    role.meta(&ingress.metadata);
    let mut found = Vec::new();
    for rule in &ingress.spec.rules {
        let secure = ingress.spec.tls.iter().flat_map(|tls| &tls.hosts).any(|host| covers(host, &rule.host));
        let paths: Vec<&str> = rule.http.paths.iter().map(|path| path.path.as_str()).collect();
        for path in if paths.is_empty() { vec!["/"] } else { paths } {
            let mut labels = common.clone();
            labels.set(ADDRESS, rule.host.as_str());
            let mut role = Role("ingress", &mut labels);
            role.set("scheme", if secure { "https" } else { "http" });
            role.set("host", &rule.host);
            role.set("path", if path.is_empty() { "/" } else { path });
            found.push(labels.build());
        }
    }
    found
}

/// Whether a host of a certificate, perhaps `*.example.org`, is this one.
fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest == domain),
        None => pattern == host,
    }
}

/// Which labels endpoints have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointStyle {
    /// Those of the role `endpoints`: `__meta_kubernetes_endpoints_…` and `…_endpoint_…`.
    Endpoints,
    /// Those of the role `endpointslice`.
    Slices,
}

/// One label set for each address and port of a slice, with those of its Service and of the pod behind it; and one for each other port
/// of that pod.
pub fn endpoint_labels(
    slice: &EndpointSlice,
    style: EndpointStyle,
    services: &BTreeMap<ObjectKey, impl Borrow<Service>>,
    pods: &BTreeMap<ObjectKey, impl Borrow<Pod>>,
) -> Vec<Labels> {
    let meta = &slice.metadata;
    let owner = match style {
        EndpointStyle::Endpoints => meta.name.clone(),
        EndpointStyle::Slices => meta.labels.get(SERVICE_NAME).cloned().unwrap_or_default(),
    };
    let service = services.get(&(meta.namespace.clone(), owner.clone()));
    let mut common = namespaced(meta);
    if let Some(service) = service {
        add_service(&mut common, service.borrow());
    }
    match style {
        EndpointStyle::Endpoints => {
            let mut role = Role("endpoints", &mut common);
            role.set("name", &owner);
            role.meta(meta);
        }
        EndpointStyle::Slices => {
            let mut role = Role("endpointslice", &mut common);
            role.set("name", &meta.name);
            role.set("address_type", &slice.address_type);
            role.meta(meta);
        }
    }
    let mut found = Vec::new();
    for endpoint in &slice.endpoints {
        let target = &endpoint.target_ref;
        let pod = if target.kind == "Pod" {
            pods.get(&(target.namespace.clone(), target.name.clone())).map(Borrow::borrow)
        } else {
            None
        };
        for address in &endpoint.addresses {
            let mut labels = common.clone();
            describe(&mut labels, endpoint, style);
            if let Some(pod) = pod {
                pod_common(pod, &mut labels);
            }
            let at = Place { slice, address, pod, style };
            at.add(&labels, &mut found);
        }
    }
    found
}

fn describe(labels: &mut LabelsBuilder, endpoint: &Endpoint, style: EndpointStyle) {
    let target = &endpoint.target_ref;
    let known = |condition: Option<bool>| condition.map_or("", |is| if is { "true" } else { "false" });
    match style {
        EndpointStyle::Endpoints => {
            let mut role = Role("endpoint", labels);
            role.set("ready", if endpoint.conditions.ready == Some(false) { "false" } else { "true" });
            role.set("hostname", &endpoint.hostname);
            role.set("node_name", &endpoint.node_name);
            role.set("address_target_kind", &target.kind);
            role.set("address_target_name", &target.name);
        }
        EndpointStyle::Slices => {
            let mut role = Role("endpointslice", labels);
            role.set("endpoint_conditions_ready", known(endpoint.conditions.ready));
            role.set("endpoint_conditions_serving", known(endpoint.conditions.serving));
            role.set("endpoint_conditions_terminating", known(endpoint.conditions.terminating));
            role.set("endpoint_hostname", &endpoint.hostname);
            role.set("endpoint_node_name", &endpoint.node_name);
            role.set("endpoint_zone", &endpoint.zone);
            role.set("address_target_kind", &target.kind);
            role.set("address_target_name", &target.name);
        }
    }
}

/// One address of a slice.
struct Place<'a> {
    slice: &'a EndpointSlice,
    address: &'a str,
    pod: Option<&'a Pod>,
    style: EndpointStyle,
}

impl Place<'_> {
    fn add(&self, common: &LabelsBuilder, found: &mut Vec<Labels>) {
        let numbers: Vec<u16> = self.slice.ports.iter().filter_map(|port| port.port).collect();
        for port in &self.slice.ports {
            let Some(number) = port.port else { continue };
            let mut labels = common.clone();
            labels.set(ADDRESS, format!("{}:{number}", bracketed(self.address)));
            let mut role = match self.style {
                EndpointStyle::Endpoints => Role("endpoint", &mut labels),
                EndpointStyle::Slices => Role("endpointslice", &mut labels),
            };
            role.set("port_name", &port.name);
            role.set("port_protocol", &port.protocol);
            if self.style == EndpointStyle::Slices {
                role.set("port", &number.to_string());
                role.set("port_app_protocol", &port.app_protocol);
            }
            if let Some(pod) = self.pod {
                pod_port_labels(pod, number, &mut labels);
            }
            found.push(labels.build());
        }
        // Ports of the pod that the Service does not have.
        for number in self.pod.map(Pod::ports).unwrap_or_default() {
            if let Some(pod) = self.pod.filter(|_| !numbers.contains(&number)) {
                let mut labels = common.clone();
                labels.set(ADDRESS, format!("{}:{number}", bracketed(self.address)));
                pod_port_labels(pod, number, &mut labels);
                found.push(labels.build());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;

    fn read<T: DeserializeOwned>(json: &str) -> T {
        serde_json::from_str(json).unwrap()
    }

    #[track_caller]
    fn check(labels: &Labels, expected: &[(&str, &str)]) {
        for (name, value) in expected {
            let full = if name.starts_with("__a") || *name == "instance" {
                (*name).to_owned()
            } else {
                format!("__meta_kubernetes_{name}")
            };
            assert_eq!(labels.get(&full).map_or("", |value| value.as_str()), *value, "{name} of {labels}");
        }
    }

    #[test]
    fn a_node_is_its_kubelet() {
        let node: Node = read(
            r#"{"metadata": {"name": "n1", "labels": {"topology.kubernetes.io/zone": "a"}}, "status": {
                "addresses": [{"type": "Hostname", "address": "h"}, {"type": "InternalIP", "address": "10.0.0.1"}, {"type": "InternalIP", "address": "fd00::1"}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}}}"#,
        );
        let labels = node_labels(&node).unwrap();
        check(
            &labels,
            &[
                ("__address__", "10.0.0.1:10250"),
                ("instance", "n1"),
                ("node_name", "n1"),
                ("node_address_InternalIP", "10.0.0.1"),
                ("node_label_topology_kubernetes_io_zone", "a"),
            ],
        );
        assert!(node_labels(&Node::default()).is_none());
    }

    #[test]
    fn a_service_has_a_label_set_for_each_port() {
        let service: Service = read(
            r#"{"metadata": {"name": "web", "namespace": "shop", "annotations": {"prometheus.io/probe": "true"}},
              "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.7", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}, {"port": 443}]}}"#,
        );
        let found = service_labels(&service);
        assert_eq!(found.len(), 2);
        check(
            &found[0],
            &[
                ("__address__", "web.shop.svc:80"),
                ("namespace", "shop"),
                ("service_name", "web"),
                ("service_annotation_prometheus_io_probe", "true"),
                ("service_port_name", "http"),
                ("service_port_number", "80"),
                ("service_type", "ClusterIP"),
                ("service_cluster_ip", "10.96.0.7"),
            ],
        );
    }

    #[test]
    fn endpoints_have_the_labels_of_their_service_and_their_pod() {
        let slice: EndpointSlice = read(
            r#"{"metadata": {"name": "web-x", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv4",
              "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
              "endpoints": [{"addresses": ["10.1.0.1"], "conditions": {"ready": true}, "nodeName": "n1",
                "targetRef": {"kind": "Pod", "name": "web-1", "namespace": "shop"}}]}"#,
        );
        let service: Service =
            read(r#"{"metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}}}"#);
        let pod: Pod = read(
            r#"{"metadata": {"name": "web-1", "namespace": "shop"}, "status": {"podIP": "10.1.0.1", "phase": "Running"},
              "spec": {"containers": [{"name": "nginx", "ports": [{"name": "web", "containerPort": 8080}, {"name": "metrics", "containerPort": 9113}]}]}}"#,
        );
        let key = |name: &str| ("shop".to_owned(), name.to_owned());
        let (services, pods) =
            (BTreeMap::from([(key("web"), service)]), BTreeMap::from([(key("web-1"), pod)]));
        let endpoints: Endpoints = read(
            r#"{"metadata": {"name": "web", "namespace": "shop"}, "subsets": [{"ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
              "addresses": [{"ip": "10.1.0.1", "nodeName": "n1", "targetRef": {"kind": "Pod", "name": "web-1", "namespace": "shop"}}]}]}"#,
        );
        let behind = endpoints.into_slices();
        let found = endpoint_labels(&behind[0], EndpointStyle::Endpoints, &services, &pods);
        let addresses: Vec<_> = found.iter().map(|labels| labels.get(ADDRESS).unwrap().as_str()).collect();
        assert_eq!(addresses, ["10.1.0.1:8080", "10.1.0.1:9113"]);
        check(
            &found[0],
            &[
                ("endpoints_name", "web"),
                ("endpoint_port_name", "http"),
                ("endpoint_ready", "true"),
                ("endpoint_node_name", "n1"),
                ("service_name", "web"),
                ("service_label_app", "web"),
                ("pod_name", "web-1"),
                ("pod_container_name", "nginx"),
                ("pod_container_port_name", "web"),
                ("endpoint_address_target_kind", "Pod"),
            ],
        );
        check(&found[1], &[("pod_container_port_name", "metrics"), ("endpoint_port_name", "")]);
        let found = endpoint_labels(&slice, EndpointStyle::Slices, &services, &BTreeMap::<_, Pod>::new());
        assert_eq!(found.len(), 1);
        check(
            &found[0],
            &[
                ("endpointslice_name", "web-x"),
                ("endpointslice_port", "8080"),
                ("endpointslice_endpoint_conditions_ready", "true"),
                ("endpointslice_label_kubernetes_io_service_name", "web"),
            ],
        );
    }

    #[test]
    fn an_ingress_has_a_label_set_for_each_path() {
        let ingress: Ingress = read(
            r#"{"metadata": {"name": "i", "namespace": "shop"}, "spec": {"ingressClassName": "nginx", "tls": [{"hosts": ["*.example.org"]}],
              "rules": [{"host": "a.example.org", "http": {"paths": [{"path": "/x"}, {"path": "/y"}]}}, {"host": "b.test"}]}}"#,
        );
        let found = ingress_labels(&ingress);
        assert_eq!(found.len(), 3);
        check(
            &found[1],
            &[("__address__", "a.example.org"), ("ingress_scheme", "https"), ("ingress_path", "/y")],
        );
        check(
            &found[2],
            &[("ingress_scheme", "http"), ("ingress_path", "/"), ("ingress_class_name", "nginx")],
        );
    }
}
