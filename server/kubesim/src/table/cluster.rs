//! The tables of everything that is neither a pod nor makes pods.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    AGE, Column, Columns, NAME,
    cells::{age, labels, number, or_none, scalar, selector, since},
    count, shown, wide,
};
use crate::object;

/// Name, cells of its own, age, and cells of wide tables.
fn around(object: &Value, now: Timestamp, own: Vec<Value>, wide: Vec<Value>) -> Vec<Value> {
    let mut cells = vec![object::name(object).into()];
    cells.extend(own);
    cells.push(age(object, now));
    cells.extend(wide);
    cells
}

pub(super) const TABLES: &[Columns] = &[
    Columns {
        resource: "nodes",
        columns: &[
            NAME,
            shown("Status"),
            shown("Roles"),
            AGE,
            shown("Version"),
            wide("Internal-IP"),
            wide("External-IP"),
            wide("OS-Image"),
            wide("Kernel-Version"),
            wide("Container-Runtime"),
        ],
        cells: node,
    },
    Columns {
        resource: "namespaces",
        columns: &[NAME, shown("Status"), AGE],
        cells: |object, now| {
            around(object, now, vec![object::text(object, &["status", "phase"]).into()], vec![])
        },
    },
    Columns {
        resource: "services",
        columns: &[
            NAME,
            shown("Type"),
            shown("Cluster-IP"),
            shown("External-IP"),
            shown("Port(s)"),
            AGE,
            wide("Selector"),
        ],
        cells: service,
    },
    Columns {
        resource: "endpoints",
        columns: &[NAME, shown("Endpoints"), AGE],
        cells: |object, now| {
            let addresses: Vec<&str> = object::list(object, &["subsets"])
                .iter()
                .flat_map(|subset| object::list(subset, &["addresses"]))
                .map(|address| object::text(address, &["ip"]))
                .collect();
            around(object, now, vec![or_none(addresses.join(","))], vec![])
        },
    },
    Columns {
        resource: "configmaps",
        columns: &[NAME, shown("Data"), AGE],
        cells: |object, now| around(object, now, vec![data_count(object)], vec![]),
    },
    Columns {
        resource: "secrets",
        columns: &[NAME, shown("Type"), shown("Data"), AGE],
        cells: |object, now| {
            around(object, now, vec![object::text(object, &["type"]).into(), data_count(object)], vec![])
        },
    },
    Columns {
        resource: "serviceaccounts",
        columns: &[NAME, AGE],
        cells: |object, now| around(object, now, vec![], vec![]),
    },
    Columns {
        resource: "persistentvolumes",
        columns: &[
            NAME,
            shown("Capacity"),
            shown("Access Modes"),
            shown("Reclaim Policy"),
            shown("Status"),
            shown("Claim"),
            shown("StorageClass"),
            shown("VolumeAttributesClass"),
            shown("Reason"),
            AGE,
            wide("VolumeMode"),
        ],
        cells: volume,
    },
    Columns {
        resource: "persistentvolumeclaims",
        columns: &[
            NAME,
            shown("Status"),
            shown("Volume"),
            shown("Capacity"),
            shown("Access Modes"),
            shown("StorageClass"),
            shown("VolumeAttributesClass"),
            AGE,
            wide("VolumeMode"),
        ],
        cells: claim,
    },
    Columns {
        resource: "resourcequotas",
        columns: &[NAME, shown("Request"), shown("Limit"), AGE],
        cells: quota,
    },
    Columns {
        resource: "events",
        columns: &[
            shown("Last Seen"),
            shown("Type"),
            shown("Reason"),
            shown("Object"),
            wide("Subobject"),
            wide("Source"),
            shown("Message"),
            wide("First Seen"),
            wide("Count"),
            Column { name: "Name", kind: "string", priority: 1 },
        ],
        cells: event,
    },
    Columns {
        resource: "ingresses.networking.k8s.io",
        columns: &[NAME, shown("Class"), shown("Hosts"), shown("Address"), shown("Ports"), AGE],
        cells: ingress,
    },
    Columns {
        resource: "ingressclasses.networking.k8s.io",
        columns: &[NAME, shown("Controller"), shown("Parameters"), AGE],
        cells: |object, now| {
            let parameters =
                object::at(object, &["spec", "parameters"]).map_or("<none>".to_owned(), |parameters| {
                    format!("{}/{}", object::text(parameters, &["kind"]), object::text(parameters, &["name"]))
                });
            around(
                object,
                now,
                vec![object::text(object, &["spec", "controller"]).into(), parameters.into()],
                vec![],
            )
        },
    },
    Columns {
        resource: "networkpolicies.networking.k8s.io",
        columns: &[NAME, shown("Pod-Selector"), AGE],
        cells: |object, now| around(object, now, vec![selector(object, &["spec", "podSelector"])], vec![]),
    },
    Columns {
        resource: "endpointslices.discovery.k8s.io",
        columns: &[NAME, shown("AddressType"), shown("Ports"), shown("Endpoints"), AGE],
        cells: slice,
    },
    Columns {
        resource: "storageclasses.storage.k8s.io",
        columns: &[
            NAME,
            shown("Provisioner"),
            shown("ReclaimPolicy"),
            shown("VolumeBindingMode"),
            shown("AllowVolumeExpansion"),
            AGE,
        ],
        cells: storage_class,
    },
    Columns {
        resource: "horizontalpodautoscalers.autoscaling",
        columns: &[
            NAME,
            shown("Reference"),
            shown("Targets"),
            shown("MinPods"),
            shown("MaxPods"),
            shown("Replicas"),
            AGE,
        ],
        cells: autoscaler,
    },
    Columns {
        resource: "poddisruptionbudgets.policy",
        columns: &[NAME, shown("Min Available"), shown("Max Unavailable"), count("Allowed Disruptions"), AGE],
        cells: |object, now| {
            let own = vec![
                scalar(object, &["spec", "minAvailable"], "N/A"),
                scalar(object, &["spec", "maxUnavailable"], "N/A"),
                number(object, &["status", "disruptionsAllowed"]),
            ];
            around(object, now, own, vec![])
        },
    },
    Columns { resource: "rolebindings.rbac.authorization.k8s.io", columns: BINDING, cells: binding },
    Columns { resource: "clusterrolebindings.rbac.authorization.k8s.io", columns: BINDING, cells: binding },
    Columns {
        resource: "priorityclasses.scheduling.k8s.io",
        columns: &[
            NAME,
            count("Value"),
            Column { name: "Global-Default", kind: "boolean", priority: 0 },
            AGE,
            shown("PreemptionPolicy"),
        ],
        cells: |object, now| {
            let global = object.get("globalDefault") == Some(&Value::Bool(true));
            let own = vec![number(object, &["value"]), global.into()];
            around(object, now, own, vec![object::text(object, &["preemptionPolicy"]).into()])
        },
    },
    Columns {
        resource: "leases.coordination.k8s.io",
        columns: &[NAME, shown("Holder"), AGE],
        cells: |object, now| {
            around(object, now, vec![object::text(object, &["spec", "holderIdentity"]).into()], vec![])
        },
    },
    Columns {
        resource: "apiservices.apiregistration.k8s.io",
        columns: &[NAME, shown("Service"), shown("Available"), AGE],
        cells: api_service,
    },
    Columns {
        resource: "certificatesigningrequests.certificates.k8s.io",
        columns: &[
            NAME,
            AGE,
            shown("SignerName"),
            shown("Requestor"),
            shown("RequestedDuration"),
            shown("Condition"),
        ],
        cells: signing_request,
    },
];

const BINDING: &[Column] =
    &[NAME, shown("Role"), AGE, wide("Users"), wide("Groups"), wide("ServiceAccounts")];

fn node(object: &Value, now: Timestamp) -> Vec<Value> {
    let mut status = match object::condition(object, "Ready") {
        "True" => "Ready",
        "" => "Unknown",
        _ => "NotReady",
    }
    .to_owned();
    if object::at(object, &["spec", "unschedulable"]) == Some(&Value::Bool(true)) {
        status.push_str(",SchedulingDisabled");
    }
    let roles: Vec<String> = object::labels(object)
        .into_keys()
        .filter_map(|label| label.strip_prefix("node-role.kubernetes.io/").map(str::to_owned))
        .collect();
    let address = |wanted: &str| -> Value {
        let found = object::list(object, &["status", "addresses"])
            .iter()
            .find(|address| object::text(address, &["type"]) == wanted)
            .map_or("", |address| object::text(address, &["address"]));
        or_none(found)
    };
    let info = |field: &str| object::text(object, &["status", "nodeInfo", field]);
    let unknown = |text: &str| -> Value { if text.is_empty() { "<unknown>".into() } else { text.into() } };
    let kernel = match info("architecture") {
        "" => info("kernelVersion").to_owned(),
        architecture => format!("{} ({architecture})", info("kernelVersion")),
    };
    vec![
        object::name(object).into(),
        status.into(),
        or_none(roles.join(",")),
        age(object, now),
        info("kubeletVersion").into(),
        address("InternalIP"),
        address("ExternalIP"),
        unknown(info("osImage")),
        unknown(&kernel),
        unknown(info("containerRuntimeVersion")),
    ]
}

fn service(object: &Value, now: Timestamp) -> Vec<Value> {
    let kind = object::text(object, &["spec", "type"]);
    let mut external: Vec<String> =
        object::texts(object, &["spec", "externalIPs"]).map(str::to_owned).collect();
    match kind {
        "ExternalName" => external.push(object::text(object, &["spec", "externalName"]).to_owned()),
        "LoadBalancer" => {
            let ingress = object::list(object, &["status", "loadBalancer", "ingress"]);
            external.extend(ingress.iter().map(|entry| match object::text(entry, &["ip"]) {
                "" => object::text(entry, &["hostname"]).to_owned(),
                ip => ip.to_owned(),
            }));
            if external.is_empty() {
                external.push("<pending>".to_owned());
            }
        }
        _ => {}
    }
    let ports: Vec<String> = object::list(object, &["spec", "ports"])
        .iter()
        .map(|port| {
            let number = object::integer(port, &["port"]).unwrap_or(0);
            let protocol = object::text(port, &["protocol"]);
            match object::integer(port, &["nodePort"]) {
                Some(node) => format!("{number}:{node}/{protocol}"),
                None => format!("{number}/{protocol}"),
            }
        })
        .collect();
    let own = vec![
        kind.into(),
        or_none(object::text(object, &["spec", "clusterIP"])),
        or_none(external.join(",")),
        or_none(ports.join(",")),
    ];
    around(object, now, own, vec![labels(object, &["spec", "selector"])])
}

fn data_count(object: &Value) -> Value {
    let count = |field: &str| object.get(field).and_then(Value::as_object).map_or(0, serde_json::Map::len);
    (count("data") + count("binaryData")).into()
}

/// `RWO,ROX`
fn access_modes(object: &Value, path: &[&str]) -> Value {
    let modes: Vec<&str> = object::texts(object, path)
        .map(|mode| match mode {
            "ReadWriteOnce" => "RWO",
            "ReadOnlyMany" => "ROX",
            "ReadWriteMany" => "RWX",
            "ReadWriteOncePod" => "RWOP",
            other => other,
        })
        .collect();
    modes.join(",").into()
}

fn attributes_class(object: &Value) -> Value {
    match object::text(object, &["spec", "volumeAttributesClassName"]) {
        "" => "<unset>".into(),
        class => class.into(),
    }
}

fn volume(object: &Value, now: Timestamp) -> Vec<Value> {
    let claim = object::at(object, &["spec", "claimRef"]).map_or(String::new(), |claim| {
        format!("{}/{}", object::text(claim, &["namespace"]), object::text(claim, &["name"]))
    });
    let own = vec![
        object::text(object, &["spec", "capacity", "storage"]).into(),
        access_modes(object, &["spec", "accessModes"]),
        object::text(object, &["spec", "persistentVolumeReclaimPolicy"]).into(),
        object::text(object, &["status", "phase"]).into(),
        claim.into(),
        object::text(object, &["spec", "storageClassName"]).into(),
        attributes_class(object),
        object::text(object, &["status", "reason"]).into(),
    ];
    around(object, now, own, vec![object::text(object, &["spec", "volumeMode"]).into()])
}

fn claim(object: &Value, now: Timestamp) -> Vec<Value> {
    let bound = !object::text(object, &["spec", "volumeName"]).is_empty();
    let phase = if object::is_terminating(object) {
        "Terminating"
    } else {
        object::text(object, &["status", "phase"])
    };
    let own = vec![
        phase.into(),
        object::text(object, &["spec", "volumeName"]).into(),
        if bound { object::text(object, &["status", "capacity", "storage"]) } else { "" }.into(),
        if bound { access_modes(object, &["status", "accessModes"]) } else { "".into() },
        object::text(object, &["spec", "storageClassName"]).into(),
        attributes_class(object),
    ];
    around(object, now, own, vec![object::text(object, &["spec", "volumeMode"]).into()])
}

fn quota(object: &Value, now: Timestamp) -> Vec<Value> {
    let used = object::string_map(object, &["status", "used"]);
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    for (resource, hard) in object::string_map(object, &["status", "hard"]) {
        let used = used.get(&resource).map_or("0", String::as_str);
        let text = format!("{resource}: {used}/{hard}");
        if resource.starts_with("limits") { limits.push(text) } else { requests.push(text) }
    }
    around(object, now, vec![requests.join(", ").into(), limits.join(", ").into()], vec![])
}

fn event(object: &Value, now: Timestamp) -> Vec<Value> {
    let or_event_time = |field: &str| -> Value {
        let time = match object::text(object, &[field]) {
            "" => object::text(object, &["eventTime"]),
            time => time,
        };
        since(time, now).into()
    };
    let last = match object::text(object, &["series", "lastObservedTime"]) {
        "" => or_event_time("lastTimestamp"),
        time => since(time, now).into(),
    };
    let component = match object::text(object, &["source", "component"]) {
        "" => object::text(object, &["reportingComponent"]),
        component => component,
    };
    let instance = match object::text(object, &["source", "host"]) {
        "" => object::text(object, &["reportingInstance"]),
        host => host,
    };
    let source = if instance.is_empty() { component.to_owned() } else { format!("{component}, {instance}") };
    let about = format!(
        "{}/{}",
        object::text(object, &["involvedObject", "kind"]).to_lowercase(),
        object::text(object, &["involvedObject", "name"])
    );
    let count = object::integer(object, &["series", "count"]).or_else(|| object::integer(object, &["count"]));
    vec![
        last,
        object::text(object, &["type"]).into(),
        object::text(object, &["reason"]).into(),
        about.into(),
        object::text(object, &["involvedObject", "fieldPath"]).into(),
        source.into(),
        object::text(object, &["message"]).trim().into(),
        or_event_time("firstTimestamp"),
        count.unwrap_or(1).into(),
        object::name(object).into(),
    ]
}

fn ingress(object: &Value, now: Timestamp) -> Vec<Value> {
    let hosts: Vec<&str> = object::list(object, &["spec", "rules"])
        .iter()
        .map(|rule| object::text(rule, &["host"]))
        .filter(|host| !host.is_empty())
        .collect();
    let hosts = if hosts.is_empty() { "*".to_owned() } else { hosts.join(",") };
    let addresses: Vec<&str> = object::list(object, &["status", "loadBalancer", "ingress"])
        .iter()
        .map(|entry| match object::text(entry, &["ip"]) {
            "" => object::text(entry, &["hostname"]),
            ip => ip,
        })
        .collect();
    let ports = if object::list(object, &["spec", "tls"]).is_empty() { "80" } else { "80, 443" };
    let class = match object::text(object, &["spec", "ingressClassName"]) {
        "" => object::text(object, &["metadata", "annotations", "kubernetes.io/ingress.class"]),
        class => class,
    };
    around(object, now, vec![or_none(class), hosts.into(), addresses.join(",").into(), ports.into()], vec![])
}

fn slice(object: &Value, now: Timestamp) -> Vec<Value> {
    let ports: Vec<String> = object::list(object, &["ports"])
        .iter()
        .map(|port| object::integer(port, &["port"]).map_or("*".to_owned(), |port| port.to_string()))
        .collect();
    let ports = if ports.is_empty() { "<unset>".to_owned() } else { ports.join(",") };
    let addresses: Vec<&str> = object::list(object, &["endpoints"])
        .iter()
        .flat_map(|endpoint| object::texts(endpoint, &["addresses"]))
        .collect();
    let addresses = if addresses.is_empty() { "<unset>".to_owned() } else { addresses.join(",") };
    around(
        object,
        now,
        vec![object::text(object, &["addressType"]).into(), ports.into(), addresses.into()],
        vec![],
    )
}

fn storage_class(object: &Value, now: Timestamp) -> Vec<Value> {
    let annotation = ["metadata", "annotations", "storageclass.kubernetes.io/is-default-class"];
    let name = if object::text(object, &annotation) == "true" {
        format!("{} (default)", object::name(object))
    } else {
        object::name(object).to_owned()
    };
    let expands = object.get("allowVolumeExpansion") == Some(&Value::Bool(true));
    vec![
        name.into(),
        object::text(object, &["provisioner"]).into(),
        object::text(object, &["reclaimPolicy"]).into(),
        object::text(object, &["volumeBindingMode"]).into(),
        expands.into(),
        age(object, now),
    ]
}

fn autoscaler(object: &Value, now: Timestamp) -> Vec<Value> {
    let target = |field: &str| object::text(object, &["spec", "scaleTargetRef", field]);
    let current = object::list(object, &["status", "currentMetrics"]);
    let targets: Vec<String> = object::list(object, &["spec", "metrics"])
        .iter()
        .enumerate()
        .map(|(index, metric)| {
            let name = object::text(metric, &["resource", "name"]);
            let wanted = object::integer(metric, &["resource", "target", "averageUtilization"]);
            let now = current
                .get(index)
                .and_then(|metric| object::integer(metric, &["resource", "current", "averageUtilization"]))
                .map_or("<unknown>".to_owned(), |value| format!("{value}%"));
            match wanted {
                Some(wanted) => format!("{name}: {now}/{wanted}%"),
                None => {
                    format!("{name}: {now}/{}", object::text(metric, &["resource", "target", "averageValue"]))
                }
            }
        })
        .collect();
    let own = vec![
        format!("{}/{}", target("kind"), target("name")).into(),
        or_none(targets.join(", ")),
        scalar(object, &["spec", "minReplicas"], "<unset>"),
        number(object, &["spec", "maxReplicas"]),
        number(object, &["status", "currentReplicas"]),
    ];
    around(object, now, own, vec![])
}

fn binding(object: &Value, now: Timestamp) -> Vec<Value> {
    let subjects = |kind: &str| -> Value {
        let names: Vec<String> = object::list(object, &["subjects"])
            .iter()
            .filter(|subject| object::text(subject, &["kind"]) == kind)
            .map(|subject| match object::text(subject, &["namespace"]) {
                "" => object::text(subject, &["name"]).to_owned(),
                namespace => format!("{namespace}/{}", object::text(subject, &["name"])),
            })
            .collect();
        names.join(", ").into()
    };
    let role = format!(
        "{}/{}",
        object::text(object, &["roleRef", "kind"]),
        object::text(object, &["roleRef", "name"])
    );
    around(
        object,
        now,
        vec![role.into()],
        vec![subjects("User"), subjects("Group"), subjects("ServiceAccount")],
    )
}

fn api_service(object: &Value, now: Timestamp) -> Vec<Value> {
    let service = object::at(object, &["spec", "service"]).map_or("Local".to_owned(), |service| {
        format!("{}/{}", object::text(service, &["namespace"]), object::text(service, &["name"]))
    });
    let available = match object::condition(object, "Available") {
        "" => "Unknown",
        status => status,
    };
    around(object, now, vec![service.into(), available.into()], vec![])
}

fn signing_request(object: &Value, now: Timestamp) -> Vec<Value> {
    let mut condition: Vec<&str> = object::list(object, &["status", "conditions"])
        .iter()
        .map(|condition| object::text(condition, &["type"]))
        .collect();
    if condition.is_empty() {
        condition.push("Pending");
    }
    if !object::text(object, &["status", "certificate"]).is_empty() {
        condition.push("Issued");
    }
    let lasts = object::integer(object, &["spec", "expirationSeconds"])
        .map_or("<none>".to_owned(), super::cells::duration);
    vec![
        object::name(object).into(),
        age(object, now),
        object::text(object, &["spec", "signerName"]).into(),
        object::text(object, &["spec", "username"]).into(),
        lasts.into(),
        condition.join(",").into(),
    ]
}
