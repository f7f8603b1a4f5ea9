//! EndpointSlices, and the Endpoints before them: where the pods behind a Service are.

use serde_json::{Value, json};

use super::{Step, pods};
use crate::object;

const TABLE: &str = "endpointslices.discovery.k8s.io";
const ENDPOINTS: &str = "endpoints";

pub(super) fn run(step: &mut Step<'_>) {
    for (_, service) in step.all("services") {
        let selector = object::string_map(&service, &["spec", "selector"]);
        if selector.is_empty() || object::is_terminating(&service) {
            continue;
        }
        let mut behind: Vec<_> = step
            .within(pods::TABLE, object::namespace(&service))
            .into_iter()
            .filter(|(_, pod)| {
                let labels = object::labels(pod);
                !object::text(pod, &["status", "podIP"]).is_empty()
                    && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
                    && !matches!(object::text(pod, &["status", "phase"]), "Succeeded" | "Failed")
            })
            .collect();
        behind.sort_by(|a, b| a.0.cmp(&b.0));
        let endpoints: Vec<Value> = behind.iter().map(|(_, pod)| endpoint(pod)).collect();
        let ports = ports(&service, behind.first().map(|(_, pod)| pod.as_ref()));
        write_endpoints(step, &service, &endpoints, &ports);
        let known = step.owned(TABLE, &service).into_iter().next();
        match known {
            Some((key, slice)) => {
                let mut slice = slice.as_ref().clone();
                object::set(&mut slice, &["endpoints"], endpoints);
                object::set(&mut slice, &["ports"], ports);
                step.write(TABLE, &key, slice);
            }
            None => {
                let name = format!("{}-{}", object::name(&service), step.state.random.suffix(5));
                let slice = json!({
                    "metadata": {
                        "name": name, "namespace": object::namespace(&service),
                        "labels": {
                            "kubernetes.io/service-name": object::name(&service),
                            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                        },
                    },
                    "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
                });
                step.create(TABLE, Some(&service), slice);
            }
        }
    }
}

/// The older form of the same, which old clients read.
fn write_endpoints(step: &mut Step<'_>, service: &Value, endpoints: &[Value], ports: &[Value]) {
    let addresses = |ready: bool| -> Vec<Value> {
        endpoints
            .iter()
            .filter(|endpoint| object::at(endpoint, &["conditions", "ready"]) == Some(&ready.into()))
            .map(|endpoint| {
                json!({"ip": endpoint["addresses"][0], "nodeName": endpoint["nodeName"], "targetRef": endpoint["targetRef"]})
            })
            .collect()
    };
    let mut subset = json!({ "ports": ports });
    for (field, addresses) in [("addresses", addresses(true)), ("notReadyAddresses", addresses(false))] {
        if !addresses.is_empty() {
            object::set(&mut subset, &[field], addresses);
        }
    }
    let subsets = if endpoints.is_empty() { json!([]) } else { json!([subset]) };
    let (namespace, name) = (object::namespace(service), object::name(service));
    let key = format!("{namespace}/{name}");
    match step.state.store.get(ENDPOINTS, &key) {
        Some(known) => {
            let mut known = known.as_ref().clone();
            object::set(&mut known, &["subsets"], subsets);
            step.write(ENDPOINTS, &key, known);
        }
        None => {
            let labels = object::at(service, &["metadata", "labels"]).cloned().unwrap_or_else(|| json!({}));
            let metadata = json!({"name": name, "namespace": namespace, "labels": labels});
            step.create(ENDPOINTS, None, json!({"metadata": metadata, "subsets": subsets}));
        }
    }
}

fn endpoint(pod: &Value) -> Value {
    let ready = pods::is_ready(pod) && !object::is_terminating(pod);
    json!({
        "addresses": [object::text(pod, &["status", "podIP"])],
        "conditions": {"ready": ready, "serving": pods::is_ready(pod), "terminating": object::is_terminating(pod)},
        "nodeName": object::text(pod, &["spec", "nodeName"]),
        "targetRef": {
            "kind": "Pod", "namespace": object::namespace(pod), "name": object::name(pod), "uid": object::uid(pod),
        },
    })
}

/// The ports of a Service as its pods have them: a named target port is looked up in their containers.
fn ports(service: &Value, pod: Option<&Value>) -> Vec<Value> {
    let named = |name: &str| {
        pod.into_iter()
            .flat_map(|pod| object::list(pod, &["spec", "containers"]))
            .flat_map(|container| object::list(container, &["ports"]))
            .find(|port| object::text(port, &["name"]) == name)
            .and_then(|port| object::integer(port, &["containerPort"]))
    };
    object::list(service, &["spec", "ports"])
        .iter()
        .map(|port| {
            let number = match port.get("targetPort") {
                Some(Value::String(name)) => named(name),
                Some(number) => number.as_i64(),
                None => object::integer(port, &["port"]),
            };
            json!({"name": object::text(port, &["name"]), "protocol": object::text(port, &["protocol"]), "port": number})
        })
        .collect()
}
