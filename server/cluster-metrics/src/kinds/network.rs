//! Ingresses, IngressClasses and NetworkPolicies.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::kept_as_read;
use crate::family::Family;
use crate::object::{Body, Identity, Projector};
use crate::rows::Rows;

/// How the class was named before there was a field for it.
const CLASS: &str = "kubernetes.io/ingress.class";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawIngress {
    metadata: Annotations,
    spec: IngressSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Annotations {
    annotations: BTreeMap<String, Box<str>>,
}

pub(crate) struct Ingress {
    class: Box<str>,
    spec: IngressSpec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct IngressSpec {
    ingress_class_name: Option<Box<str>>,
    rules: Vec<IngressRule>,
    tls: Vec<IngressTls>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IngressRule {
    host: Box<str>,
    http: IngressHttp,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IngressHttp {
    paths: Vec<IngressPath>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct IngressPath {
    path: Box<str>,
    path_type: Box<str>,
    backend: Backend,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Backend {
    service: Option<BackendService>,
    resource: Option<BackendResource>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BackendService {
    name: Box<str>,
    port: BackendPort,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BackendPort {
    name: Box<str>,
    number: u16,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct BackendResource {
    api_group: Box<str>,
    kind: Box<str>,
    name: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct IngressTls {
    hosts: Vec<Box<str>>,
    secret_name: Box<str>,
}

impl Body for Ingress {
    type Raw = RawIngress;
    const IDENTITY: Identity = Identity::Namespaced("ingress");
    const FAMILIES: &'static [Family<Self>] = INGRESS;

    fn keep(mut raw: RawIngress, _: &mut Projector) -> Self {
        let class = raw.spec.ingress_class_name.take().or_else(|| raw.metadata.annotations.remove(CLASS));
        Self { class: class.unwrap_or_else(|| "_default".into()), spec: raw.spec }
    }
}

const INGRESS: &[Family<Ingress>] = &[
    Family::annotations("kube_ingress_annotations"),
    Family::created("kube_ingress_created"),
    Family::gauge("kube_ingress_info", "[STABLE] Information about ingress.", |_, ingress, rows| {
        rows.info(&[("ingressclass", &ingress.class)]);
    }),
    Family::labels("kube_ingress_labels"),
    Family::resource_version(
        "kube_ingress_metadata_resource_version",
        "Resource version representing a specific version of ingress.",
    ),
    Family::gauge(
        "kube_ingress_path",
        "[STABLE] Ingress host, paths and backend service information.",
        |_, ingress, rows| {
            for rule in &ingress.spec.rules {
                rule.http.paths.iter().for_each(|path| path_row(&rule.host, path, rows));
            }
        },
    ),
    Family::gauge(
        "kube_ingress_tls",
        "[STABLE] Ingress TLS host and secret information.",
        |_, ingress, rows| {
            for tls in &ingress.spec.tls {
                for host in &tls.hosts {
                    rows.info(&[("tls_host", host), ("secret", &tls.secret_name)]);
                }
            }
        },
    ),
];

fn path_row(host: &str, path: &IngressPath, rows: &mut Rows<'_>) {
    let begin = [("host", host), ("path", &*path.path), ("path_type", &*path.path_type)];
    let mut labels = begin.to_vec();
    let number;
    if let Some(service) = &path.backend.service {
        number = service.port.number.to_string();
        let port = if service.port.name.is_empty() { &number } else { &*service.port.name };
        labels.extend([("service_name", &*service.name), ("service_port", port)]);
    } else if let Some(resource) = &path.backend.resource {
        labels.extend([
            ("resource_api_group", &*resource.api_group),
            ("resource_kind", &*resource.kind),
            ("resource_name", &*resource.name),
        ]);
    }
    rows.info(&labels);
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct IngressClass {
    spec: ClassSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClassSpec {
    controller: Box<str>,
}

kept_as_read!(
    IngressClass,
    Identity::Cluster("ingressclass"),
    &[
        Family::annotations("kube_ingressclass_annotations"),
        Family::gauge("kube_ingressclass_created", "Unix creation timestamp", |meta, _, rows| {
            rows.time(meta.created);
        }),
        Family::gauge("kube_ingressclass_info", "Information about ingressclass.", |_, class, rows| {
            rows.info(&[("controller", &class.spec.controller)]);
        }),
        Family::labels("kube_ingressclass_labels"),
    ]
);

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct NetworkPolicy {
    spec: PolicySpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PolicySpec {
    egress: Vec<serde::de::IgnoredAny>,
    ingress: Vec<serde::de::IgnoredAny>,
}

kept_as_read!(
    NetworkPolicy,
    Identity::Namespaced("networkpolicy"),
    &[
        Family::annotations("kube_networkpolicy_annotations"),
        Family::gauge(
            "kube_networkpolicy_created",
            "Unix creation timestamp of network policy",
            |meta, _, rows| {
                rows.time(meta.created);
            }
        ),
        Family::labels("kube_networkpolicy_labels"),
        Family::gauge(
            "kube_networkpolicy_spec_egress_rules",
            "Number of egress rules on the networkpolicy",
            |_, policy, rows| rows.one(policy.spec.egress.len() as f64),
        ),
        Family::gauge(
            "kube_networkpolicy_spec_ingress_rules",
            "Number of ingress rules on the networkpolicy",
            |_, policy, rows| rows.one(policy.spec.ingress.len() as f64),
        ),
    ]
);
