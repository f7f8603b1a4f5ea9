//! What a pod is to be, as tables: from a pod itself, or from the template of a workload.

use crate::json::Value;

use super::{Cell, cells, selects};
use crate::cluster::object::{at, integer, is_true, list, text};
use crate::i18n::Msg;

/// A table out of a pod's description.
pub(crate) struct PodListing {
    pub(crate) title: Msg,
    pub(crate) heads: &'static [Msg],
    /// Lines, from the namespace and the description.
    pub(crate) read: fn(&str, &Value) -> Vec<Vec<Cell>>,
    /// Whether the page of a pod itself has it too: its containers are told with their states there.
    pub(crate) of_pods: bool,
}

pub(crate) static LISTINGS: &[PodListing] = &[
    PodListing {
        title: Msg::Containers,
        heads: &[
            Msg::ColumnName,
            Msg::ColumnImage,
            Msg::ColumnPorts,
            Msg::ColumnRequests,
            Msg::ColumnLimits,
            Msg::ColumnCommand,
        ],
        read: containers,
        of_pods: false,
    },
    PodListing {
        title: Msg::EnvironmentTitle,
        heads: &[Msg::ColumnContainer, Msg::ColumnName, Msg::ColumnValue],
        read: environment,
        of_pods: true,
    },
    PodListing {
        title: Msg::VolumesTitle,
        heads: &[Msg::VolumeLabel, Msg::ColumnSource, Msg::ColumnMountedAt],
        read: volumes,
        of_pods: true,
    },
    PodListing {
        title: Msg::ProbesTitle,
        heads: &[Msg::ColumnContainer, Msg::ColumnProbe, Msg::ColumnCheck, Msg::ColumnTiming],
        read: probes,
        of_pods: true,
    },
    PodListing {
        title: Msg::SchedulingTitle,
        heads: &[Msg::ColumnName, Msg::ColumnValue],
        read: scheduling,
        of_pods: true,
    },
];

/// All containers, those that run first and end included.
fn all_containers(spec: &Value) -> impl Iterator<Item = &Value> {
    list(spec, &["initContainers"]).iter().chain(list(spec, &["containers"]))
}

fn containers(_: &str, spec: &Value) -> Vec<Vec<Cell>> {
    let line = |one: &Value| {
        let ports = list(one, &["ports"]).iter().filter_map(|port| integer(port, &["containerPort"]));
        let ports: Vec<String> = ports.map(|port| port.to_string()).collect();
        let command = [cells::texts(one, &["command"]), cells::texts(one, &["args"])];
        vec![
            Cell::text(text(one, &["name"])),
            Cell::text(text(one, &["image"])),
            Cell::text(&ports.join(", ")),
            Cell::text(&cells::pairs_text(one, &["resources", "requests"])),
            Cell::text(&cells::pairs_text(one, &["resources", "limits"])),
            Cell::dim(command.join(" ").replace(", ", " ").trim()),
        ]
    };
    all_containers(spec).map(line).collect()
}

fn environment(namespace: &str, spec: &Value) -> Vec<Vec<Cell>> {
    all_containers(spec)
        .flat_map(|container| {
            let name = || Cell::dim(text(container, &["name"]));
            let sources = list(container, &["envFrom"]).iter().map(move |one| {
                let prefix = text(one, &["prefix"]);
                vec![name(), Cell::Text(format!("{prefix}*")), all_of(namespace, one)]
            });
            let own = list(container, &["env"]).iter().map(move |one| {
                let value = at(one, &["valueFrom"]).map(|from| value_from(namespace, from));
                vec![
                    name(),
                    Cell::text(text(one, &["name"])),
                    value.unwrap_or_else(|| Cell::text(text(one, &["value"]))),
                ]
            });
            sources.chain(own)
        })
        .collect()
}

/// Where all keys of something become variables.
fn all_of(namespace: &str, from: &Value) -> Cell {
    let of = |field, id, kind: &str| {
        let name = text(from, &[field, "name"]);
        (!name.is_empty()).then(|| labelled(kind, cells::link_in(id, namespace, name)))
    };
    of("configMapRef", "configmaps", "ConfigMap")
        .or_else(|| of("secretRef", "secrets", "Secret"))
        .unwrap_or_default()
}

/// Where one value comes from.
fn value_from(namespace: &str, from: &Value) -> Cell {
    let keyed = |field, id, kind: &str| {
        let (name, key) = (text(from, &[field, "name"]), text(from, &[field, "key"]));
        (!key.is_empty()).then(|| match labelled(kind, cells::link_in(id, namespace, name)) {
            Cell::Link(words, page) => Cell::Link(format!("{words}: {key}"), page),
            Cell::Text(words) => Cell::Text(format!("{words}: {key}")),
            other => other,
        })
    };
    let plain = |field, key| Some(text(from, &[field, key])).filter(|text| !text.is_empty()).map(Cell::text);
    keyed("configMapKeyRef", "configmaps", "ConfigMap")
        .or_else(|| keyed("secretKeyRef", "secrets", "Secret"))
        .or_else(|| plain("fieldRef", "fieldPath"))
        .or_else(|| plain("resourceFieldRef", "resource"))
        .unwrap_or_default()
}

fn labelled(kind: &str, cell: Cell) -> Cell {
    match cell {
        Cell::Link(name, page) => Cell::Link(format!("{kind} {name}"), page),
        Cell::Text(name) => Cell::Text(format!("{kind} {name}")),
        other => other,
    }
}

/// Kinds of volumes that name an object: field, field of the name, kind, its name in addresses.
const NAMED: &[(&str, &str, &str, &str)] = &[
    ("configMap", "name", "ConfigMap", "configmaps"),
    ("secret", "secretName", "Secret", "secrets"),
    ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim", "persistentvolumeclaims"),
];

fn volumes(namespace: &str, spec: &Value) -> Vec<Vec<Cell>> {
    let mounts = |volume: &str| {
        let mounted = all_containers(spec).flat_map(|container| {
            list(container, &["volumeMounts"]).iter().filter(|one| text(one, &["name"]) == volume).map(
                |one| {
                    let readonly = if is_true(one, &["readOnly"]) { " (ro)" } else { "" };
                    format!("{}: {}{readonly}", text(container, &["name"]), text(one, &["mountPath"]))
                },
            )
        });
        mounted.collect::<Vec<_>>().join(", ")
    };
    let line = |one: &Value| {
        let name = text(one, &["name"]);
        vec![Cell::text(name), volume_source(namespace, one), Cell::dim(&mounts(name))]
    };
    list(spec, &["volumes"]).iter().map(line).collect()
}

fn volume_source(namespace: &str, volume: &Value) -> Cell {
    for (field, name, kind, id) in NAMED {
        let name = text(volume, &[field, name]);
        if !name.is_empty() {
            return labelled(kind, cells::link_in(id, namespace, name));
        }
    }
    let fields = volume.as_object().into_iter().flatten();
    let mut kinds = fields.filter(|(name, _)| *name != "name");
    kinds.next().map_or(Cell::None, |(kind, value)| {
        let detail = ["path", "driver", "medium", "server"]
            .into_iter()
            .find_map(|field| Some(text(value, &[field])).filter(|text| !text.is_empty()));
        Cell::Text(detail.map_or_else(|| kind.to_owned(), |detail| format!("{kind} {detail}")))
    })
}

fn probes(_: &str, spec: &Value) -> Vec<Vec<Cell>> {
    const PROBES: &[(&str, &str)] =
        &[("startupProbe", "startup"), ("readinessProbe", "readiness"), ("livenessProbe", "liveness")];
    all_containers(spec)
        .flat_map(|container| {
            PROBES.iter().filter_map(move |(field, word)| {
                let probe = at(container, &[field])?;
                Some(vec![
                    Cell::dim(text(container, &["name"])),
                    Cell::text(word),
                    Cell::Text(check(probe)),
                    Cell::dim(&timing(probe)),
                ])
            })
        })
        .collect()
}

/// `GET :8080/healthz`, `exec cat /tmp/x`, `TCP :5432`.
fn check(probe: &Value) -> String {
    let port = |path: &[&str]| at(probe, path).map(cells::scalar_text).unwrap_or_default();
    if at(probe, &["httpGet"]).is_some() {
        let scheme = text(probe, &["httpGet", "scheme"]).to_lowercase();
        let scheme = if scheme.is_empty() { "http" } else { &scheme };
        return format!(
            "GET {scheme}://:{}{}",
            port(&["httpGet", "port"]),
            text(probe, &["httpGet", "path"])
        );
    }
    if at(probe, &["exec"]).is_some() {
        return format!("exec {}", cells::texts(probe, &["exec", "command"]).replace(", ", " "));
    }
    if at(probe, &["grpc"]).is_some() {
        return format!("gRPC :{} {}", port(&["grpc", "port"]), text(probe, &["grpc", "service"]))
            .trim_end()
            .to_owned();
    }
    format!("TCP :{}", port(&["tcpSocket", "port"]))
}

/// kubectl's words: `delay 5s, every 10s, timeout 1s, 1 to succeed, 3 to fail`.
fn timing(probe: &Value) -> String {
    let number = |field, otherwise| integer(probe, &[field]).unwrap_or(otherwise);
    format!(
        "delay={}s period={}s timeout={}s #success={} #failure={}",
        number("initialDelaySeconds", 0),
        number("periodSeconds", 10),
        number("timeoutSeconds", 1),
        number("successThreshold", 1),
        number("failureThreshold", 3),
    )
}

fn scheduling(namespace: &str, spec: &Value) -> Vec<Vec<Cell>> {
    let mut lines = Vec::new();
    let mut add = |title: Msg, cell: Cell| {
        if cell != Cell::None {
            lines.push(vec![Cell::Label(title), cell]);
        }
    };
    add(Msg::FactAccount, cells::link_in("serviceaccounts", namespace, text(spec, &["serviceAccountName"])));
    add(Msg::PriorityLabel, cells::link_in("priorityclasses", "", text(spec, &["priorityClassName"])));
    add(Msg::RestartPolicy, Cell::text(text(spec, &["restartPolicy"])));
    add(Msg::GracePeriod, cells::scalar(spec, &["terminationGracePeriodSeconds"]));
    add(Msg::ColumnNodeSelector, Cell::text(&cells::pairs_text(spec, &["nodeSelector"])));
    for one in list(spec, &["tolerations"]) {
        add(Msg::Toleration, Cell::Text(toleration(one)));
    }
    for term in affinities(spec) {
        add(Msg::Affinity, Cell::Text(term));
    }
    for one in list(spec, &["topologySpreadConstraints"]) {
        let skew = integer(one, &["maxSkew"]).unwrap_or(1);
        let rule = text(one, &["whenUnsatisfiable"]);
        add(Msg::Spread, Cell::Text(format!("{} max skew {skew}, {rule}", text(one, &["topologyKey"]))));
    }
    lines
}

/// `key=value:NoExecute for 300s`, as kubectl tells it.
fn toleration(one: &Value) -> String {
    let (key, value, effect) = (text(one, &["key"]), text(one, &["value"]), text(one, &["effect"]));
    let key = match (key, text(one, &["operator"])) {
        ("", _) => "*".to_owned(),
        (key, "Exists") => key.to_owned(),
        (key, _) => format!("{key}={value}"),
    };
    let effect = if effect.is_empty() { String::new() } else { format!(":{effect}") };
    let wait =
        integer(one, &["tolerationSeconds"]).map(|seconds| format!(" for {seconds}s")).unwrap_or_default();
    format!("{key}{effect}{wait}")
}

/// Every rule of affinity as one line.
fn affinities(spec: &Value) -> Vec<String> {
    let mut all = Vec::new();
    let nodes = ["affinity", "nodeAffinity"];
    let path = [nodes[0], nodes[1], "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
    for term in list(spec, &path) {
        all.push(format!("node required: {}", expressions(term)));
    }
    for one in list(spec, &[nodes[0], nodes[1], "preferredDuringSchedulingIgnoredDuringExecution"]) {
        let weight = integer(one, &["weight"]).unwrap_or(0);
        all.push(format!(
            "node preferred ({weight}): {}",
            expressions(one.get("preference").unwrap_or(&Value::Null))
        ));
    }
    for (field, word) in [("podAffinity", "near pods"), ("podAntiAffinity", "apart from pods")] {
        for one in list(spec, &["affinity", field, "requiredDuringSchedulingIgnoredDuringExecution"]) {
            all.push(format!("{word}, required: {}", pod_term(one)));
        }
        for one in list(spec, &["affinity", field, "preferredDuringSchedulingIgnoredDuringExecution"]) {
            let weight = integer(one, &["weight"]).unwrap_or(0);
            let term = one.get("podAffinityTerm").unwrap_or(&Value::Null);
            all.push(format!("{word}, preferred ({weight}): {}", pod_term(term)));
        }
    }
    all
}

fn expressions(term: &Value) -> String {
    let expression = |one: &Value| {
        let values = cells::texts(one, &["values"]);
        format!("{} {} {values}", text(one, &["key"]), text(one, &["operator"])).trim_end().to_owned()
    };
    let all = list(term, &["matchExpressions"]).iter().chain(list(term, &["matchFields"]));
    all.map(expression).collect::<Vec<_>>().join(", ")
}

fn pod_term(term: &Value) -> String {
    let selector = at(term, &["labelSelector"]).map(selects::read).unwrap_or_default();
    format!("{} by {}", selects::words(&selector), text(term, &["topologyKey"]))
}

/// The description of pods in an object.
pub(crate) fn spec_of<'v>(object: &'v Value, path: &[&str]) -> &'v Value {
    at(object, path).unwrap_or(&Value::Null)
}

/// The claims that a pod uses.
pub(crate) fn claims(pod: &Value) -> impl Iterator<Item = &str> {
    list(pod, &["spec", "volumes"])
        .iter()
        .map(|volume| text(volume, &["persistentVolumeClaim", "claimName"]))
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;
    use crate::router::Page;

    fn spec() -> Value {
        json!({
            "containers": [{
                "name": "web", "image": "nginx", "command": ["nginx", "-g"], "resources": {"limits": {"memory": "1Gi"}},
                "env": [
                    {"name": "MODE", "value": "fast"},
                    {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
                    {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ],
                "envFrom": [{"configMapRef": {"name": "settings"}, "prefix": "APP_"}],
                "volumeMounts": [{"name": "conf", "mountPath": "/etc/web", "readOnly": true}],
                "readinessProbe": {"httpGet": {"port": "http", "path": "/ready"}, "periodSeconds": 5},
            }],
            "volumes": [{"name": "conf", "configMap": {"name": "web"}}, {"name": "tmp", "emptyDir": {"medium": "Memory"}}],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
            "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}]}},
        })
    }

    fn words(lines: &[Vec<Cell>]) -> Vec<String> {
        lines.iter().map(|line| line.iter().map(Cell::words).collect::<Vec<_>>().join("|")).collect()
    }

    #[test]
    fn variables_lead_to_where_their_values_are() {
        let lines = environment("shop", &spec());
        assert_eq!(
            words(&lines),
            [
                "web|APP_*|ConfigMap settings",
                "web|MODE|fast",
                "web|PASSWORD|Secret db: password",
                "web|POD|metadata.name"
            ]
        );
        let secret = Page::Object("secrets", "shop".into(), "db".into());
        assert_eq!(
            lines.get(2).and_then(|line| line.get(2)),
            Some(&Cell::Link("Secret db: password".into(), secret))
        );
    }

    #[test]
    fn volumes_say_what_they_are_and_where_they_are_mounted() {
        let lines = words(&volumes("shop", &spec()));
        assert_eq!(lines, ["conf|ConfigMap web|web: /etc/web (ro)", "tmp|emptyDir Memory|"]);
    }

    #[test]
    fn probes_and_rules_of_placement_are_told_as_kubectl_tells_them() {
        let lines = words(&probes("", &spec()));
        assert_eq!(
            lines,
            ["web|readiness|GET http://:http/ready|delay=0s period=5s timeout=1s #success=1 #failure=3"]
        );
        let lines = words(&scheduling("shop", &spec()));
        assert!(lines.contains(&"|node.kubernetes.io/not-ready:NoExecute for 300s".to_owned()), "{lines:?}");
        assert!(
            lines
                .iter()
                .any(|line| line.contains("apart from pods, required: app=web by kubernetes.io/hostname"))
        );
    }

    #[test]
    fn every_line_has_a_cell_for_each_head() {
        for listing in LISTINGS {
            for spec in [spec(), json!(null)] {
                assert!((listing.read)("shop", &spec).iter().all(|line| line.len() == listing.heads.len()));
            }
        }
    }
}
