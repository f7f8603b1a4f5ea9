//! Storage: what pods claim, what there is, and what makes it.

use super::{Cell, Column, Group, KindRow, KindScope, Listing, Part, cells};
use crate::charts;
use crate::cluster::object::{at, list, pairs, text};
use crate::components::{IconName, Tone};
use crate::i18n::Msg;
use crate::json::Value;

const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

/// Kubernetes' phases of claims and volumes.
fn tone(object: &Value) -> Tone {
    match text(object, &["status", "phase"]) {
        _ if !text(object, &["metadata", "deletionTimestamp"]).is_empty() => Tone::Done,
        "Bound" | "Available" => Tone::Ok,
        "Pending" => Tone::Progress,
        "Released" => Tone::Warning,
        "Lost" | "Failed" => Tone::Critical,
        _ => Tone::Unknown,
    }
}

fn status(object: &Value) -> Cell {
    match text(object, &["status", "phase"]) {
        _ if tone(object) == Tone::Done => Cell::Status(Tone::Done, "Terminating".to_owned(), None),
        "" => Cell::None,
        phase => Cell::Status(tone(object), phase.to_owned(), None),
    }
}

const STATUS: Column = Column::words("status", Msg::ColumnStatus, status);
const ACCESS: Column = Column::words("access", Msg::ColumnAccessModes, |object| {
    Cell::text(&cells::access_modes(list(object, &["spec", "accessModes"])))
})
.wide();
const CLASS: Column = Column::words("class", Msg::StorageClassLabel, |object| {
    cells::link("storageclasses", object, text(object, &["spec", "storageClassName"]))
})
.wide();

pub(super) static CLAIMS: KindRow = KindRow {
    icon: IconName::Disk,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        STATUS,
        Column::words("volume", Msg::VolumeLabel, |claim| {
            cells::link("persistentvolumes", claim, text(claim, &["spec", "volumeName"]))
        }),
        Column::figure("capacity", Msg::ColumnCapacity, |claim| {
            let granted = text(claim, &["status", "capacity", "storage"]);
            let asked = text(claim, &["spec", "resources", "requests", "storage"]);
            cells::bytes(if granted.is_empty() { asked } else { granted })
        }),
        ACCESS,
        CLASS,
        Column::words("mode", Msg::ColumnVolumeMode, |claim| Cell::dim(text(claim, &["spec", "volumeMode"])))
            .widest(),
        Column::AGE,
    ],
    order: "status",
    search: &[&["metadata", "labels"]],
    tone: Some(tone),
    parts: &[Part::Charts(charts::CLAIM), Part::UsedBy, Part::Conditions, Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Storage,
        ("", "v1", "persistentvolumeclaims"),
        "PersistentVolumeClaim",
        KindScope::Namespaced,
        Msg::Claims,
    )
};

pub(super) static VOLUMES: KindRow = KindRow {
    icon: IconName::Disk,
    columns: &[
        Column::NAME,
        STATUS,
        Column::words("claim", Msg::ClaimLabel, |volume| {
            let of = |field| text(volume, &["spec", "claimRef", field]);
            match cells::link_in("persistentvolumeclaims", of("namespace"), of("name")) {
                Cell::Link(name, page) => Cell::Link(format!("{}/{name}", of("namespace")), page),
                other => other,
            }
        }),
        Column::figure("capacity", Msg::ColumnCapacity, |volume| {
            cells::bytes(text(volume, &["spec", "capacity", "storage"]))
        }),
        ACCESS,
        Column::words("reclaim", Msg::ColumnReclaim, |volume| {
            Cell::dim(text(volume, &["spec", "persistentVolumeReclaimPolicy"]))
        })
        .wide(),
        CLASS,
        Column::words("source", Msg::ColumnSource, |volume| Cell::dim(source(volume))).widest(),
        Column::words("reason", Msg::ColumnReason, |volume| Cell::dim(text(volume, &["status", "reason"])))
            .widest(),
        Column::AGE,
    ],
    order: "status",
    search: &[&["metadata", "labels"]],
    tone: Some(tone),
    parts: &[Part::Listing(&SOURCE), Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Storage,
        ("", "v1", "persistentvolumes"),
        "PersistentVolume",
        KindScope::Cluster,
        Msg::Volumes,
    )
};

/// Fields of a volume's description that are no source.
const NO_SOURCE: &[&str] = &["claimRef", "capacity", "nodeAffinity"];

/// What a volume is: `csi`, `nfs`, `hostPath`.
fn source(volume: &Value) -> &str {
    let fields = at(volume, &["spec"]).and_then(Value::as_object).into_iter().flatten();
    let mut sources = fields.filter(|(name, value)| value.as_object().is_some() && !NO_SOURCE.contains(name));
    sources.next().map_or("", |(name, _)| name)
}

/// Where a volume's bytes are.
static SOURCE: Listing = Listing {
    title: Msg::ColumnSource,
    heads: &[Msg::ColumnName, Msg::ColumnValue],
    read: |volume| {
        let kind = source(volume);
        let fields = at(volume, &["spec", kind]).and_then(Value::as_object).into_iter().flatten();
        let line = |(name, value): (&str, &Value)| {
            let words = cells::scalar_text(value);
            (!words.is_empty()).then(|| vec![Cell::Text(format!("{kind}.{name}")), Cell::Text(words)])
        };
        fields.filter_map(line).collect()
    },
};

pub(super) static CLASSES: KindRow = KindRow {
    icon: IconName::Disk,
    columns: &[
        Column::NAME,
        Column::words("provisioner", Msg::ColumnProvisioner, |class| {
            Cell::text(text(class, &["provisioner"]))
        }),
        Column::words("default", Msg::ColumnDefault, |class| {
            cells::scalar(class, &["metadata", "annotations", DEFAULT])
        }),
        Column::words("reclaim", Msg::ColumnReclaim, |class| Cell::dim(text(class, &["reclaimPolicy"])))
            .wide(),
        Column::words("binding", Msg::ColumnBinding, |class| Cell::dim(text(class, &["volumeBindingMode"])))
            .wide(),
        Column::words("expansion", Msg::ColumnExpansion, |class| {
            cells::scalar(class, &["allowVolumeExpansion"])
        })
        .widest(),
        Column::AGE,
    ],
    search: &[&["metadata", "labels"]],
    parts: &[Part::Listing(&PARAMETERS), Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Storage,
        ("storage.k8s.io", "v1", "storageclasses"),
        "StorageClass",
        KindScope::Cluster,
        Msg::StorageClasses,
    )
};

static PARAMETERS: Listing = Listing {
    title: Msg::ParametersTitle,
    heads: &[Msg::ColumnName, Msg::ColumnValue],
    read: |class| {
        let line = |(name, value): (&str, &str)| vec![Cell::Text(name.to_owned()), Cell::text(value)];
        pairs(class, &["parameters"]).map(line).collect()
    },
};

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;
    use crate::router::Page;

    #[test]
    fn a_volume_tells_what_it_is_and_leads_to_its_claim() {
        let volume = json!({"spec": {"capacity": {"storage": "1Gi"}, "nfs": {"server": "nfs.example.org", "path": "/x"},
            "claimRef": {"namespace": "data", "name": "reports"}}, "status": {"phase": "Released"}});
        let cells = VOLUMES.cells(&volume);
        let cell = |id| VOLUMES.column(id).and_then(|at| cells.get(at)).unwrap();
        let page = Page::Object("persistentvolumeclaims", "data".into(), "reports".into());
        assert_eq!(cell("claim"), &Cell::Link("data/reports".into(), page));
        assert_eq!(
            (cell("source"), cell("status")),
            (&Cell::Dim("nfs".into()), &Cell::Status(Tone::Warning, "Released".into(), None))
        );
        assert_eq!((SOURCE.read)(&volume).len(), 2);
    }
}
