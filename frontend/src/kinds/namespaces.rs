//! Namespaces.

use super::{Amount, Cell, Column, Group, KindRow, KindScope, Metric, Natural, Part, Place, Source};
use crate::charts;
use crate::cluster::object::text;
use crate::components::{IconName, Tone};
use crate::i18n::Msg;

pub(super) static NAMESPACES: KindRow = KindRow {
    one: Msg::NamespaceOne.words(),
    what: Msg::NamespacesWord.words(),
    icon: IconName::Namespaces,
    columns: &[
        Column::NAME,
        Column {
            id: "status",
            title: Msg::ColumnStatus.words(),
            source: Source::Object(|namespace| match text(namespace, &["status", "phase"]) {
                "" => Cell::None,
                phase => Cell::Status(tone(phase), phase.to_owned(), None),
            }),
            order: Natural::First,
            place: Place::Always,
        },
        Column {
            id: "pods",
            title: Msg::Pods.words(),
            source: Source::Joined("pods", |value| Cell::Count(value as i64)),
            order: Natural::Largest,
            place: Place::Always,
        },
        amount("cpu", Msg::ColumnCpu, Amount::Cores, Place::Always),
        amount("cpu-requests", Msg::ColumnCpuRequests, Amount::Cores, Place::Wide),
        amount("cpu-limits", Msg::ColumnCpuLimits, Amount::Cores, Place::Wide),
        amount("memory", Msg::ColumnMemory, Amount::Bytes, Place::Always),
        amount("memory-requests", Msg::ColumnMemoryRequests, Amount::Bytes, Place::Wide),
        amount("memory-limits", Msg::ColumnMemoryLimits, Amount::Bytes, Place::Wide),
        Column::AGE,
    ],
    metrics: &[
        Metric {
            id: "cpu",
            query: r#"sum by (namespace) (rate(container_cpu_usage_seconds_total{container!=""$ns}[2m]))"#,
            labels: ("", "namespace"),
            has_curve: false,
        },
        Metric {
            id: "memory",
            query: r#"sum by (namespace) (max by (namespace, pod, container) (container_memory_working_set_bytes{container!=""$ns}))"#,
            labels: ("", "namespace"),
            has_curve: false,
        },
    ],
    order: "name",
    search: &[&["metadata", "labels"]],
    tone: Some(|namespace| tone(text(namespace, &["status", "phase"]))),
    parts: &[Part::Charts(charts::NAMESPACE), Part::Labels],
    ..KindRow::new(Group::Cluster, ("", "v1", "namespaces"), "Namespace", KindScope::Cluster, Msg::Namespaces)
};

/// What the pods of a namespace use, ask for, or may take.
const fn amount(id: &'static str, title: Msg, of: Amount, place: Place) -> Column {
    let source = match of {
        Amount::Cores => Source::Joined(id, |value| Cell::Amount(Amount::Cores, value)),
        _ => Source::Joined(id, |value| Cell::Amount(Amount::Bytes, value)),
    };
    Column { id, title: title.words(), source, order: Natural::Largest, place }
}

fn tone(phase: &str) -> Tone {
    match phase {
        "Active" => Tone::Ok,
        "Terminating" => Tone::Done,
        _ => Tone::Unknown,
    }
}
