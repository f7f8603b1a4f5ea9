//! Services and Endpoints.

use serde::Deserialize;

use super::kept_as_read;
use crate::family::Family;
use crate::object::Identity;
use crate::rows::word;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Service {
    spec: ServiceSpec,
    status: ServiceStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ServiceSpec {
    r#type: Box<str>,
    #[serde(rename = "clusterIP")]
    cluster_ip: Box<str>,
    external_name: Box<str>,
    external_traffic_policy: Box<str>,
    #[serde(rename = "loadBalancerIP")]
    load_balancer_ip: Box<str>,
    #[serde(rename = "externalIPs")]
    external_ips: Vec<Box<str>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ServiceStatus {
    load_balancer: LoadBalancer,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LoadBalancer {
    ingress: Vec<LoadBalancerIngress>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LoadBalancerIngress {
    ip: Box<str>,
    hostname: Box<str>,
}

kept_as_read!(
    Service,
    Identity::WithUid("service"),
    &[
        Family::annotations("kube_service_annotations"),
        Family::created("kube_service_created"),
        Family::deleted("kube_service_deletion_timestamp"),
        Family::gauge("kube_service_info", "[STABLE] Information about service.", |_, service, rows| {
            let spec = &service.spec;
            rows.info(&[
                ("cluster_ip", &spec.cluster_ip),
                ("external_name", &spec.external_name),
                ("external_traffic_policy", &spec.external_traffic_policy),
                ("load_balancer_ip", &spec.load_balancer_ip),
            ]);
        }),
        Family::labels("kube_service_labels"),
        Family::gauge(
            "kube_service_spec_external_ip",
            "[STABLE] Service external ips. One series for each ip",
            |_, service, rows| {
                for ip in &service.spec.external_ips {
                    rows.info(&[("external_ip", ip)]);
                }
            },
        ),
        Family::gauge("kube_service_spec_type", "[STABLE] Type about service.", |_, service, rows| {
            rows.info(&[("type", &service.spec.r#type)]);
        }),
        Family::gauge(
            "kube_service_status_load_balancer_ingress",
            "[STABLE] Service load balancer ingress status",
            |_, service, rows| {
                for ingress in &service.status.load_balancer.ingress {
                    rows.info(&[("ip", &ingress.ip), ("hostname", &ingress.hostname)]);
                }
            },
        ),
    ]
);

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Endpoints {
    subsets: Vec<Subset>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Subset {
    addresses: Vec<Address>,
    not_ready_addresses: Vec<Address>,
    ports: Vec<Port>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Address {
    ip: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Port {
    name: Box<str>,
    protocol: Box<str>,
    port: u16,
}

kept_as_read!(
    Endpoints,
    Identity::Namespaced("endpoint"),
    &[
        Family::gauge(
            "kube_endpoint_address",
            "[STABLE] Information about Endpoint available and non available addresses.",
            |_, endpoints, rows| {
                for subset in &endpoints.subsets {
                    for (addresses, ready) in
                        [(&subset.addresses, true), (&subset.not_ready_addresses, false)]
                    {
                        for (address, port) in addresses
                            .iter()
                            .flat_map(|address| subset.ports.iter().map(move |port| (address, port)))
                        {
                            rows.info(&[
                                ("port_protocol", &port.protocol),
                                ("port_number", &port.port.to_string()),
                                ("port_name", &port.name),
                                ("ip", &address.ip),
                                ("ready", word(ready)),
                            ]);
                        }
                    }
                }
            },
        ),
        Family::annotations("kube_endpoint_annotations"),
        Family::created("kube_endpoint_created"),
        Family::gauge("kube_endpoint_info", "[STABLE] Information about endpoint.", |_, _, rows| rows
            .one(1.0)),
        Family::labels("kube_endpoint_labels"),
        Family::gauge(
            "kube_endpoint_ports",
            "[STABLE] Information about the Endpoint ports.",
            |_, endpoints, rows| {
                for port in endpoints.subsets.iter().flat_map(|subset| &subset.ports) {
                    rows.info(&[
                        ("port_name", &port.name),
                        ("port_protocol", &port.protocol),
                        ("port_number", &port.port.to_string()),
                    ]);
                }
            },
        ),
    ]
);
