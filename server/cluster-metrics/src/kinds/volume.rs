//! PersistentVolumes, their claims, classes and attachments.

use serde::Deserialize;

use super::kept_as_read;
use super::limits::Amounts;
use super::node::Condition;
use crate::family::Family;
use crate::object::Identity;
use crate::rows::{Rows, truth};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Volume {
    spec: VolumeSpec,
    status: Phase,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Phase {
    phase: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct VolumeSpec {
    access_modes: Vec<Box<str>>,
    capacity: Amounts,
    claim_ref: Option<Reference>,
    storage_class_name: Box<str>,
    persistent_volume_reclaim_policy: Box<str>,
    volume_mode: Box<str>,
    #[serde(flatten)]
    source: Source,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    namespace: Box<str>,
    name: Box<str>,
}

/// Where a volume comes from, of which there is one.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Source {
    gce_persistent_disk: GcePersistentDisk,
    aws_elastic_block_store: AwsElasticBlockStore,
    azure_disk: AzureDisk,
    fc: FibreChannel,
    iscsi: Iscsi,
    local: Local,
    host_path: HostPath,
    nfs: Nfs,
    csi: Csi,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GcePersistentDisk {
    pd_name: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AwsElasticBlockStore {
    #[serde(rename = "volumeID")]
    volume_id: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AzureDisk {
    disk_name: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FibreChannel {
    wwids: Vec<Box<str>>,
    #[serde(rename = "targetWWNs")]
    target_wwns: Vec<Box<str>>,
    lun: Option<i32>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Iscsi {
    target_portal: Box<str>,
    iqn: Box<str>,
    lun: Option<i32>,
    initiator_name: Option<Box<str>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Local {
    path: Box<str>,
    fs_type: Option<Box<str>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HostPath {
    path: Box<str>,
    r#type: Option<Box<str>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Nfs {
    server: Box<str>,
    path: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Csi {
    driver: Box<str>,
    volume_handle: Box<str>,
}

fn volume_info(volume: &Volume, rows: &mut Rows<'_>) {
    let Source {
        gce_persistent_disk,
        aws_elastic_block_store,
        azure_disk,
        fc,
        iscsi,
        local,
        host_path,
        nfs,
        csi,
    } = &volume.spec.source;
    let number = |number: Option<i32>| number.map(|number| number.to_string()).unwrap_or_default();
    let text = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
    rows.info(&[
        ("storageclass", &volume.spec.storage_class_name),
        ("gce_persistent_disk_name", &gce_persistent_disk.pd_name),
        ("ebs_volume_id", &aws_elastic_block_store.volume_id),
        ("azure_disk_name", &azure_disk.disk_name),
        ("fc_wwids", &fc.wwids.join(",")),
        ("fc_lun", &number(fc.lun)),
        ("fc_target_wwns", &fc.target_wwns.join(",")),
        ("iscsi_target_portal", &iscsi.target_portal),
        ("iscsi_iqn", &iscsi.iqn),
        ("iscsi_lun", &number(iscsi.lun)),
        ("iscsi_initiator_name", &text(&iscsi.initiator_name)),
        ("nfs_server", &nfs.server),
        ("nfs_path", &nfs.path),
        ("csi_driver", &csi.driver),
        ("csi_volume_handle", &csi.volume_handle),
        ("local_path", &local.path),
        ("local_fs", &text(&local.fs_type)),
        ("host_path", &host_path.path),
        ("host_path_type", &text(&host_path.r#type)),
        ("reclaim_policy", &volume.spec.persistent_volume_reclaim_policy),
    ]);
}

kept_as_read!(
    Volume,
    Identity::Cluster("persistentvolume"),
    &[
        Family::gauge(
            "kube_persistentvolume_access_mode",
            "The access mode(s) specified by the persistent volume.",
            |_, volume, rows| access_modes(&volume.spec.access_modes, rows),
        ),
        Family::annotations("kube_persistentvolume_annotations"),
        Family::gauge(
            "kube_persistentvolume_capacity_bytes",
            "[STABLE] Persistentvolume capacity in bytes.",
            |_, volume, rows| rows.maybe(volume.spec.capacity.get("storage").map(|amount| amount.0)),
        ),
        Family::gauge(
            "kube_persistentvolume_claim_ref",
            "[STABLE] Information about the Persistent Volume Claim Reference.",
            |_, volume, rows| {
                if let Some(claim) = &volume.spec.claim_ref {
                    rows.info(&[("name", &claim.name), ("claim_namespace", &claim.namespace)]);
                }
            },
        ),
        Family::gauge("kube_persistentvolume_created", "Unix creation timestamp", |meta, _, rows| {
            rows.time(meta.created);
        }),
        Family::deleted("kube_persistentvolume_deletion_timestamp"),
        Family::gauge(
            "kube_persistentvolume_info",
            "[STABLE] Information about persistentvolume.",
            |_, volume, rows| volume_info(volume, rows),
        ),
        Family::labels("kube_persistentvolume_labels"),
        Family::gauge(
            "kube_persistentvolume_status_phase",
            "[STABLE] The phase indicates if a volume is available, bound to a claim, or released by a claim.",
            |_, volume, rows| {
                let phases = ["Pending", "Available", "Bound", "Released", "Failed"];
                if !volume.status.phase.is_empty() {
                    rows.each_of("phase", &phases, &volume.status.phase);
                }
            },
        ),
        Family::gauge(
            "kube_persistentvolume_volume_mode",
            "Volume Mode information for the PersistentVolume.",
            |_, volume, rows| rows.info(&[("volumemode", &volume.spec.volume_mode)]),
        ),
    ]
);

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Claim {
    spec: ClaimSpec,
    status: ClaimStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClaimSpec {
    access_modes: Vec<Box<str>>,
    resources: ClaimResources,
    storage_class_name: Option<Box<str>>,
    volume_mode: Box<str>,
    volume_name: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClaimResources {
    requests: Amounts,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClaimStatus {
    phase: Box<str>,
    conditions: Vec<Condition>,
}

kept_as_read!(
    Claim,
    Identity::Namespaced("persistentvolumeclaim"),
    &[
        Family::gauge(
            "kube_persistentvolumeclaim_access_mode",
            "[STABLE] The access mode(s) specified by the persistent volume claim.",
            |_, claim, rows| access_modes(&claim.spec.access_modes, rows),
        ),
        Family::annotations("kube_persistentvolumeclaim_annotations"),
        Family::gauge("kube_persistentvolumeclaim_created", "Unix creation timestamp", |meta, _, rows| {
            rows.time(meta.created);
        }),
        Family::deleted("kube_persistentvolumeclaim_deletion_timestamp"),
        Family::gauge(
            "kube_persistentvolumeclaim_info",
            "[STABLE] Information about persistent volume claim.",
            |_, claim, rows| {
                rows.info(&[
                    ("storageclass", claim.spec.storage_class_name.as_deref().unwrap_or_default()),
                    ("volumename", &claim.spec.volume_name),
                    ("volumemode", &claim.spec.volume_mode),
                ]);
            },
        ),
        Family::labels("kube_persistentvolumeclaim_labels"),
        Family::gauge(
            "kube_persistentvolumeclaim_resource_requests_storage_bytes",
            "[STABLE] The capacity of storage requested by the persistent volume claim.",
            |_, claim, rows| rows.maybe(claim.spec.resources.requests.get("storage").map(|amount| amount.0)),
        ),
        Family::gauge(
            "kube_persistentvolumeclaim_status_condition",
            "Information about status of different conditions of persistent volume claim.",
            |_, claim, rows| {
                for condition in &claim.status.conditions {
                    rows.status("status", &condition.status, &[("condition", &condition.r#type)]);
                }
            },
        ),
        Family::gauge(
            "kube_persistentvolumeclaim_status_phase",
            "[STABLE] The phase the persistent volume claim is currently in.",
            |_, claim, rows| {
                if !claim.status.phase.is_empty() {
                    rows.each_of("phase", &["Lost", "Bound", "Pending"], &claim.status.phase);
                }
            },
        ),
    ]
);

fn access_modes(modes: &[Box<str>], rows: &mut Rows<'_>) {
    for mode in modes {
        rows.info(&[("access_mode", mode)]);
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct StorageClass {
    provisioner: Box<str>,
    reclaim_policy: Option<Box<str>>,
    volume_binding_mode: Option<Box<str>>,
}

kept_as_read!(
    StorageClass,
    Identity::Cluster("storageclass"),
    &[
        Family::annotations("kube_storageclass_annotations"),
        Family::created("kube_storageclass_created"),
        Family::gauge(
            "kube_storageclass_info",
            "[STABLE] Information about storageclass.",
            |_, class, rows| {
                rows.info(&[
                    ("provisioner", &class.provisioner),
                    ("reclaim_policy", class.reclaim_policy.as_deref().unwrap_or("Delete")),
                    ("volume_binding_mode", class.volume_binding_mode.as_deref().unwrap_or("Immediate")),
                ]);
            }
        ),
        Family::labels("kube_storageclass_labels"),
    ]
);

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Attachment {
    spec: AttachmentSpec,
    status: AttachmentStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AttachmentSpec {
    attacher: Box<str>,
    node_name: Box<str>,
    source: AttachmentSource,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AttachmentSource {
    persistent_volume_name: Option<Box<str>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AttachmentStatus {
    attached: bool,
}

kept_as_read!(
    Attachment,
    Identity::Cluster("volumeattachment"),
    &[
        Family::gauge("kube_volumeattachment_created", "Unix creation timestamp", |meta, _, rows| {
            rows.time(meta.created);
        }),
        Family::gauge(
            "kube_volumeattachment_info",
            "Information about volumeattachment.",
            |_, attachment, rows| {
                rows.info(&[("attacher", &attachment.spec.attacher), ("node", &attachment.spec.node_name)]);
            }
        ),
        Family::labels("kube_volumeattachment_labels"),
        Family::gauge(
            "kube_volumeattachment_spec_source_persistentvolume",
            "PersistentVolume source reference.",
            |_, attachment, rows| {
                if let Some(name) = &attachment.spec.source.persistent_volume_name {
                    rows.info(&[("volumename", name)]);
                }
            },
        ),
        Family::gauge(
            "kube_volumeattachment_status_attached",
            "Information about volumeattachment.",
            |_, attachment, rows| rows.one(truth(attachment.status.attached)),
        ),
    ]
);
