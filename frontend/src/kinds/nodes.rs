//! Nodes.

use super::{
    Amount, Cell, Column, FactText, Group, KindRow, KindScope, Metric, Natural, Part, Place, Source,
};
use crate::cluster::node;
use crate::cluster::object::text;
use crate::components::IconName;
use crate::i18n::Msg;

pub(super) static NODES: KindRow = KindRow {
    one: Msg::NodeOne.words(),
    what: Msg::NodesWord.words(),
    icon: IconName::Nodes,
    columns: &[
        Column::NAME,
        Column {
            id: "status",
            title: Msg::ColumnStatus.words(),
            source: Source::Object(|node| {
                let word = node::status(node);
                let word = match node::troubles(node).first() {
                    Some(trouble) if trouble.reason != "NotReady" => trouble.reason.clone(),
                    _ => word,
                };
                Cell::Status(node::tone(node), word, None)
            }),
            order: Natural::First,
            place: Place::Always,
        },
        Column {
            id: "roles",
            title: Msg::ColumnRoles.words(),
            source: Source::Object(|node| Cell::dim(&node::roles(node).join(", "))),
            order: Natural::First,
            place: Place::Wide,
        },
        Column {
            id: "cpu",
            title: Msg::ColumnCpu.words(),
            source: Source::Joined("cpu", |value| Cell::Amount(Amount::Share, value)),
            order: Natural::Largest,
            place: Place::Always,
        },
        Column {
            id: "memory",
            title: Msg::ColumnMemory.words(),
            source: Source::Joined("memory", |value| Cell::Amount(Amount::Share, value)),
            order: Natural::Largest,
            place: Place::Always,
        },
        Column {
            id: "disk",
            title: Msg::ColumnDisk.words(),
            source: Source::Joined("disk", |value| Cell::Amount(Amount::Share, value)),
            order: Natural::Largest,
            place: Place::Always,
        },
        Column {
            id: "load",
            title: Msg::ColumnLoad.words(),
            source: Source::Joined("load", |value| Cell::Amount(Amount::Number, value)),
            order: Natural::Largest,
            place: Place::Widest,
        },
        Column {
            id: "pods",
            title: Msg::Pods.words(),
            source: Source::Joined("pods", |value| Cell::Count(value as i64)),
            order: Natural::Largest,
            place: Place::Wide,
        },
        Column {
            id: "version",
            title: Msg::ColumnVersion.words(),
            source: Source::Object(|node| Cell::dim(text(node, &["status", "nodeInfo", "kubeletVersion"]))),
            order: Natural::First,
            place: Place::Wide,
        },
        Column {
            id: "ip",
            title: Msg::ColumnIp.words(),
            source: Source::Object(|node| Cell::dim(node::address(node, "InternalIP"))),
            order: Natural::First,
            place: Place::Widest,
        },
        Column::AGE,
    ],
    order: "status",
    search: &[&["metadata", "labels"], &["status", "nodeInfo", "osImage"]],
    dropped: &[&["status", "images"], &["status", "volumesInUse"], &["status", "volumesAttached"]],
    metrics: &[
        Metric {
            id: "cpu",
            query: r#"1 - avg by (node) (rate(node_cpu_seconds_total{job="node-exporter",mode="idle"$rows}[2m]))"#,
            labels: ("", "node"),
            has_curve: true,
        },
        Metric {
            id: "memory",
            query: r#"1 - sum by (node) (node_memory_MemAvailable_bytes{job="node-exporter"$rows}) / sum by (node) (node_memory_MemTotal_bytes)"#,
            labels: ("", "node"),
            has_curve: true,
        },
        Metric {
            id: "disk",
            query: r#"max by (node) (1 - node_filesystem_avail_bytes{job="node-exporter",fstype!~"tmpfs|ramfs|devtmpfs|squashfs|iso9660|overlay"} / (node_filesystem_size_bytes > 0))"#,
            labels: ("", "node"),
            has_curve: false,
        },
        Metric {
            id: "load",
            query: r#"max by (node) (node_load5{job="node-exporter"})"#,
            labels: ("", "node"),
            has_curve: false,
        },
    ],
    tone: Some(node::tone),
    facts: &[
        (Msg::ColumnRoles, |_, node| some(&node::roles(node).join(", "))),
        (Msg::ColumnIp, |_, node| some(node::address(node, "InternalIP"))),
        (Msg::FactSystem, |_, node| some(text(node, &["status", "nodeInfo", "osImage"]))),
        (Msg::FactKernel, |_, node| some(text(node, &["status", "nodeInfo", "kernelVersion"]))),
        (Msg::FactRuntime, |_, node| some(text(node, &["status", "nodeInfo", "containerRuntimeVersion"]))),
        (Msg::FactKubelet, |_, node| some(text(node, &["status", "nodeInfo", "kubeletVersion"]))),
    ],
    parts: &[
        Part::NodeResources,
        Part::Events,
        Part::Conditions,
        Part::NodePods,
        Part::MachineCharts,
        Part::Labels,
    ],
    ..KindRow::new(Group::Cluster, ("", "v1", "nodes"), "Node", KindScope::Cluster, Msg::Nodes)
};

fn some(text: &str) -> Option<FactText> {
    (!text.is_empty()).then(|| text.to_owned().into())
}
