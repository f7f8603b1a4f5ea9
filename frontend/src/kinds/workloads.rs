//! What keeps pods running: Deployments, ReplicaSets, StatefulSets, DaemonSets and ReplicationControllers.

use super::{Cell, Column, Group, KindRow, KindScope, Listing, Part, PodSpecAt};
use super::{cells, pods, selects};
use crate::charts;
use crate::cluster::object::{list, text};
use crate::cluster::workload;
use crate::components::IconName;
use crate::i18n::Msg;
use crate::json::Value;

/// Where a workload says what its pods are to be.
pub(super) const TEMPLATE: PodSpecAt = &["spec", "template", "spec"];

/// What lists of workloads need not hold on to: most of the pods' description.
pub(super) const DROPPED: &[&[&str]] = &[
    &["spec", "template", "metadata", "annotations"],
    &["spec", "template", "spec", "volumes"],
    &["spec", "template", "spec", "tolerations"],
    &["spec", "template", "spec", "affinity"],
    &["spec", "template", "spec", "topologySpreadConstraints"],
    &["spec", "template", "spec", "securityContext"],
    &["spec", "template", "spec", "initContainers"],
    &["spec", "template", "spec", "containers", "*", "env"],
    &["spec", "template", "spec", "containers", "*", "envFrom"],
    &["spec", "template", "spec", "containers", "*", "command"],
    &["spec", "template", "spec", "containers", "*", "args"],
    &["spec", "template", "spec", "containers", "*", "volumeMounts"],
    &["spec", "template", "spec", "containers", "*", "securityContext"],
    &["spec", "template", "spec", "containers", "*", "livenessProbe"],
    &["spec", "template", "spec", "containers", "*", "readinessProbe"],
    &["spec", "template", "spec", "containers", "*", "startupProbe"],
    &["spec", "volumeClaimTemplates"],
];
/// What the filter of a list of workloads looks at.
pub(super) const SEARCH: &[&[&str]] =
    &[&["metadata", "labels"], &["spec", "template", "spec", "containers", "*", "image"]];

const STATUS: Column = Column::words("status", Msg::ColumnStatus, |object| {
    let state = workload::state(object);
    Cell::Status(state.tone, state.word, state.note)
});
const READY: Column = Column::figure("ready", Msg::ColumnReady, |object| {
    let counts = workload::counts(object);
    Cell::Ratio(counts.ready, counts.desired)
});
const UPDATED: Column =
    Column::figure("updated", Msg::ColumnUpdated, |object| cells::count(workload::counts(object).updated))
        .wide();
const AVAILABLE: Column = Column::figure("available", Msg::ColumnAvailable, |object| {
    cells::number(workload::counts(object).available)
})
.wide();
const IMAGES: Column =
    Column::words("images", Msg::ColumnImages, |object| Cell::dim(&workload::images(object).join(", ")))
        .widest();
const SELECTOR: Column = Column::words("selector", Msg::ColumnSelector, |object| {
    Cell::dim(&selects::words(&selects::of_workload(object)))
})
.widest();

/// What the pages of all of them are made of.
static PARTS: &[Part] = &[
    Part::Charts(charts::PODS),
    Part::Pods,
    Part::Listing(&ROLLOUT),
    Part::Tree,
    Part::Conditions,
    Part::Events,
    Part::Labels,
    Part::PodSpec,
];

/// What all of them have in common.
const fn row(api: (&'static str, &'static str, &'static str), api_kind: &'static str, title: Msg) -> KindRow {
    KindRow {
        icon: IconName::Workload,
        order: "status",
        search: SEARCH,
        dropped: DROPPED,
        metrics: pods::METRICS,
        pods_named: "-[a-z0-9]{5}",
        tone: Some(|object| workload::state(object).tone),
        selects: Some(selects::of_workload),
        pod_spec: Some(TEMPLATE),
        parts: PARTS,
        ..KindRow::new(Group::Workloads, api, api_kind, KindScope::Namespaced, title)
    }
}

pub(super) static DEPLOYMENTS: KindRow = KindRow {
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        STATUS,
        READY,
        UPDATED,
        AVAILABLE,
        pods::CPU,
        pods::MEMORY,
        IMAGES,
        SELECTOR,
        Column::AGE,
    ],
    children: &["replicasets"],
    pods_named: "-[a-z0-9]+-[a-z0-9]{5}",
    ..row(("apps", "v1", "deployments"), "Deployment", Msg::Deployments)
};

pub(super) static REPLICA_SETS: KindRow = KindRow {
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        STATUS,
        READY,
        Column::words("owner", Msg::FactOwner, cells::owner).wide(),
        Column::figure("revision", Msg::ColumnRevision, |object| {
            let revision = text(object, &["metadata", "annotations", "deployment.kubernetes.io/revision"]);
            cells::count(revision.parse().ok())
        })
        .wide(),
        IMAGES,
        SELECTOR,
        Column::AGE,
    ],
    ..row(("apps", "v1", "replicasets"), "ReplicaSet", Msg::ReplicaSets)
};

pub(super) static STATEFUL_SETS: KindRow = KindRow {
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        STATUS,
        READY,
        UPDATED,
        Column::words("service", Msg::ServiceLabel, |object| {
            cells::link("services", object, text(object, &["spec", "serviceName"]))
        })
        .wide(),
        pods::CPU,
        pods::MEMORY,
        IMAGES,
        Column::AGE,
    ],
    pods_named: "-[0-9]+",
    parts: &[
        Part::Charts(charts::PODS),
        Part::Pods,
        Part::Listing(&ROLLOUT),
        Part::Tree,
        Part::Conditions,
        Part::Events,
        Part::Labels,
        Part::Listing(&CLAIM_TEMPLATES),
        Part::PodSpec,
    ],
    ..row(("apps", "v1", "statefulsets"), "StatefulSet", Msg::StatefulSets)
};

pub(super) static DAEMON_SETS: KindRow = KindRow {
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        STATUS,
        READY,
        UPDATED,
        AVAILABLE,
        pods::CPU,
        pods::MEMORY,
        Column::words("nodes", Msg::ColumnNodeSelector, |object| {
            Cell::dim(&cells::pairs_text(object, &["spec", "template", "spec", "nodeSelector"]))
        })
        .widest(),
        IMAGES,
        Column::AGE,
    ],
    ..row(("apps", "v1", "daemonsets"), "DaemonSet", Msg::DaemonSets)
};

pub(super) static REPLICATION_CONTROLLERS: KindRow = KindRow {
    columns: &[Column::NAME, Column::NAMESPACE, STATUS, READY, IMAGES, SELECTOR, Column::AGE],
    ..row(("", "v1", "replicationcontrollers"), "ReplicationController", Msg::ReplicationControllers)
};

/// How far a rollout is, and by what rules it goes.
static ROLLOUT: Listing =
    Listing { title: Msg::RolloutTitle, heads: &[Msg::ColumnName, Msg::ColumnValue], read: rollout };

fn rollout(object: &Value) -> Vec<Vec<Cell>> {
    let counts = workload::counts(object);
    let of = |path: &[&str]| cells::scalar(object, path);
    let lines = [
        (Msg::RolloutDesired, cells::number(counts.desired)),
        (Msg::ColumnUpdated, cells::count(counts.updated)),
        (Msg::ColumnReady, cells::number(counts.ready)),
        (Msg::ColumnAvailable, cells::number(counts.available)),
        (
            Msg::ColumnRevision,
            Cell::text(text(object, &["metadata", "annotations", "deployment.kubernetes.io/revision"])),
        ),
        (Msg::RolloutCurrentRevision, of(&["status", "currentRevision"])),
        (Msg::RolloutUpdateRevision, of(&["status", "updateRevision"])),
        (Msg::RolloutStrategy, strategy(object)),
        (Msg::RolloutSurge, of(&["spec", "strategy", "rollingUpdate", "maxSurge"])),
        (Msg::RolloutUnavailable, of(&["spec", "strategy", "rollingUpdate", "maxUnavailable"])),
        (Msg::RolloutUnavailable, of(&["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"])),
        (Msg::RolloutPartition, of(&["spec", "updateStrategy", "rollingUpdate", "partition"])),
        (Msg::RolloutPodManagement, of(&["spec", "podManagementPolicy"])),
        (Msg::RolloutMinReady, of(&["spec", "minReadySeconds"])),
        (Msg::RolloutDeadline, of(&["spec", "progressDeadlineSeconds"])),
        (Msg::RolloutHistory, of(&["spec", "revisionHistoryLimit"])),
        (Msg::ColumnSelector, Cell::text(&selects::words(&selects::of_workload(object)))),
    ];
    lines
        .into_iter()
        .filter(|(_, cell)| *cell != Cell::None)
        .map(|(title, cell)| vec![Cell::Label(title), cell])
        .collect()
}

fn strategy(object: &Value) -> Cell {
    let of = |field| text(object, &["spec", field, "type"]);
    Cell::text(
        [of("strategy"), of("updateStrategy")].into_iter().find(|word| !word.is_empty()).unwrap_or_default(),
    )
}

/// The claims that each pod of a StatefulSet gets.
static CLAIM_TEMPLATES: Listing = Listing {
    title: Msg::ClaimTemplates,
    heads: &[Msg::ColumnName, Msg::ColumnCapacity, Msg::ColumnAccessModes, Msg::StorageClassLabel],
    read: |object| {
        let claim = |one: &Value| {
            let class = text(one, &["spec", "storageClassName"]);
            vec![
                Cell::text(text(one, &["metadata", "name"])),
                cells::bytes(text(one, &["spec", "resources", "requests", "storage"])),
                Cell::text(&cells::access_modes(list(one, &["spec", "accessModes"]))),
                cells::link("storageclasses", object, class),
            ]
        };
        list(object, &["spec", "volumeClaimTemplates"]).iter().map(claim).collect()
    },
};

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;
    use crate::components::Tone;

    #[test]
    fn a_deployment_fills_its_row() {
        let object = json!({
            "metadata": {"name": "web", "namespace": "shop", "generation": 3},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}},
                "template": {"spec": {"containers": [{"image": "nginx:1.27"}]}}},
            "status": {"observedGeneration": 3, "replicas": 3, "readyReplicas": 3, "updatedReplicas": 3, "availableReplicas": 3},
        });
        let cells = DEPLOYMENTS.cells(&object);
        let cell = |id| DEPLOYMENTS.column(id).and_then(|at| cells.get(at)).unwrap();
        assert_eq!(cell("status"), &Cell::Status(Tone::Ok, "Available".into(), None));
        assert_eq!(cell("ready"), &Cell::Ratio(3, 3));
        assert_eq!(cell("images"), &Cell::Dim("nginx:1.27".into()));
        assert_eq!(cell("selector"), &Cell::Dim("app=web".into()));
        let told = rollout(&object);
        assert_eq!(told.first(), Some(&vec![Cell::Label(Msg::RolloutDesired), Cell::Count(3)]));
    }

    #[test]
    fn each_claim_of_a_stateful_set_is_a_line() {
        let object = json!({"metadata": {"namespace": "data"}, "spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}});
        let lines = (CLAIM_TEMPLATES.read)(&object);
        assert_eq!(lines.first().and_then(|line| line.get(2)), Some(&Cell::Text("RWO".into())));
    }
}
