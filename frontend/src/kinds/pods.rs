//! Pods.

use crate::json::Value;

use super::{
    Amount, Cell, Column, FactText, Group, KindRow, KindScope, Metric, Natural, Part, Place, Source,
};
use crate::charts;
use crate::cluster::object::{namespace, text};
use crate::cluster::{owner, pod};
use crate::components::{IconName, Tone};
use crate::i18n::Msg;
use crate::router::Page;

/// What pods use of the processor, joined from the store.
pub(super) const CPU: Column = Column {
    id: "cpu",
    title: Msg::ColumnCpuCores.words(),
    source: Source::Joined("cpu", |value| Cell::Amount(Amount::Cores, value)),
    order: Natural::Largest,
    place: Place::Always,
};
/// What they use of memory.
pub(super) const MEMORY: Column = Column {
    id: "memory",
    title: Msg::ColumnMemory.words(),
    source: Source::Joined("memory", |value| Cell::Amount(Amount::Bytes, value)),
    order: Natural::Largest,
    place: Place::Always,
};
/// Both, for each pod.
pub(super) const METRICS: &[Metric] = &[
    Metric {
        id: "cpu",
        query: r#"sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{container!=""$ns$rows}[2m]))"#,
        labels: ("namespace", "pod"),
        has_curve: true,
    },
    Metric {
        id: "memory",
        // The series of a container that has ended stays for a while beside that of its successor.
        query: r#"sum by (namespace, pod) (max by (namespace, pod, container) (container_memory_working_set_bytes{container!=""$ns$rows}))"#,
        labels: ("namespace", "pod"),
        has_curve: true,
    },
];

pub(super) static PODS: KindRow = KindRow {
    one: Msg::PodOne.words(),
    what: Msg::PodsWord.words(),
    icon: IconName::Pods,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column {
            id: "status",
            title: Msg::ColumnStatus.words(),
            source: Source::Object(status),
            order: Natural::First,
            place: Place::Always,
        },
        Column {
            id: "ready",
            title: Msg::ColumnReady.words(),
            source: Source::Object(|pod| {
                let (ready, total) = pod::readiness(pod);
                Cell::Ratio(ready, total)
            }),
            order: Natural::Largest,
            place: Place::Always,
        },
        Column {
            id: "restarts",
            title: Msg::ColumnRestarts.words(),
            source: Source::Object(|pod| {
                let (count, last) = pod::restarts(pod);
                Cell::Restarts(count, last)
            }),
            order: Natural::Largest,
            place: Place::Wide,
        },
        CPU,
        MEMORY,
        Column {
            id: "node",
            title: Msg::NodeLabel.words(),
            source: Source::Object(|pod| match text(pod, &["spec", "nodeName"]) {
                "" => Cell::None,
                node => Cell::Link(node.to_owned(), Page::Node(node.to_owned())),
            }),
            order: Natural::First,
            place: Place::Wide,
        },
        Column {
            id: "ip",
            title: Msg::ColumnIp.words(),
            source: Source::Object(|pod| Cell::dim(text(pod, &["status", "podIP"]))),
            order: Natural::First,
            place: Place::Widest,
        },
        Column::AGE,
    ],
    order: "status",
    search: &[&["metadata", "labels"], &["status", "podIP"], &["spec", "containers", "*", "image"]],
    dropped: &[
        // Which claims a pod uses is kept.
        &["spec", "volumes", "*", "configMap"],
        &["spec", "volumes", "*", "csi"],
        &["spec", "volumes", "*", "downwardAPI"],
        &["spec", "volumes", "*", "emptyDir"],
        &["spec", "volumes", "*", "hostPath"],
        &["spec", "volumes", "*", "projected"],
        &["spec", "volumes", "*", "secret"],
        &["spec", "tolerations"],
        &["spec", "affinity"],
        &["spec", "topologySpreadConstraints"],
        &["spec", "securityContext"],
        &["spec", "containers", "*", "env"],
        &["spec", "containers", "*", "envFrom"],
        &["spec", "containers", "*", "command"],
        &["spec", "containers", "*", "args"],
        &["spec", "containers", "*", "volumeMounts"],
        &["spec", "containers", "*", "securityContext"],
        &["spec", "initContainers", "*", "env"],
        &["spec", "initContainers", "*", "command"],
        &["spec", "initContainers", "*", "args"],
        &["spec", "initContainers", "*", "volumeMounts"],
        &["spec", "initContainers", "*", "securityContext"],
    ],
    metrics: METRICS,
    tone: Some(tone),
    facts: &[
        (Msg::ColumnNamespace, |_, pod| Some(namespace(pod).to_owned().into())),
        (Msg::FactOwner, |_, pod| {
            let owner = owner::of(pod);
            (owner.kind != "Pod").then(|| format!("{} {}", owner.kind, owner.name).into())
        }),
        (Msg::NodeLabel, |_, pod| {
            let node = text(pod, &["spec", "nodeName"]);
            (!node.is_empty())
                .then(|| FactText { text: node.to_owned(), page: Some(Page::Node(node.to_owned())) })
        }),
        (Msg::ColumnIp, |_, pod| some(text(pod, &["status", "podIP"]))),
        (Msg::FactQos, |_, pod| some(text(pod, &["status", "qosClass"]))),
        (Msg::FactAccount, |_, pod| some(text(pod, &["spec", "serviceAccountName"]))),
    ],
    pod_spec: Some(&["spec"]),
    parts: &[
        Part::Charts(charts::POD),
        Part::Containers,
        Part::Conditions,
        Part::Events,
        Part::Labels,
        Part::Tree,
        Part::Reach,
        Part::PodSpec,
    ],
    ..KindRow::new(Group::Workloads, ("", "v1", "pods"), "Pod", KindScope::Namespaced, Msg::Pods)
};

fn some(text: &str) -> Option<FactText> {
    (!text.is_empty()).then(|| text.to_owned().into())
}

fn tone(pod: &Value) -> Tone {
    pod::tone(pod, &pod::status(pod))
}

/// kubectl's word, and what it leaves open: that a pod which runs is not ready, that one which waits has no node.
fn status(pod: &Value) -> Cell {
    let word = pod::status(pod);
    let tone = pod::tone(pod, &word);
    let note = match (word.as_str(), tone) {
        ("Running", Tone::Warning) => Some(Msg::StatusNotReady),
        ("Pending", Tone::Warning) => Some(Msg::StatusUnschedulable),
        _ => None,
    };
    Cell::Status(tone, word, note)
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn a_pod_fills_its_row() {
        let pod = json!({
            "metadata": {"name": "web-1", "namespace": "shop", "creationTimestamp": "1970-01-01T00:00:01Z"},
            "spec": {"nodeName": "demo-1", "containers": [{"name": "web"}]},
            "status": {"phase": "Running", "podIP": "10.0.0.9",
                "containerStatuses": [{"name": "web", "ready": false, "restartCount": 2, "state": {"running": {}}}]},
        });
        let cells = PODS.cells(&pod);
        let cell = |id| PODS.column(id).and_then(|at| cells.get(at)).unwrap();
        assert_eq!(cell("name"), &Cell::Name("web-1".into()));
        assert_eq!(cell("namespace"), &Cell::Dim("shop".into()));
        assert_eq!(cell("status"), &Cell::Status(Tone::Warning, "Running".into(), Some(Msg::StatusNotReady)));
        assert_eq!(cell("ready"), &Cell::Ratio(0, 1));
        assert_eq!(cell("restarts"), &Cell::Restarts(2, None));
        assert_eq!(cell("cpu"), &Cell::None);
        assert_eq!(cell("node"), &Cell::Link("demo-1".into(), Page::Node("demo-1".into())));
        assert_eq!(cell("age"), &Cell::Age(1_000));
    }
}
