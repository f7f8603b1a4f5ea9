//! The table of kinds.

mod batch;
mod certificates;
mod config;
mod limits;
mod namespace;
mod network;
mod node;
mod pod;
mod replicas;
mod scaling;
mod service;
mod volume;
mod workload;

pub(crate) use pod::PodSpecs;

use crate::object::{Form, Kind};

/// Every kind that has families, by its group and plural.
pub const KINDS: &[Kind] = &[
    Kind::of::<config::ConfigMap>(["", "v1", "configmaps"], "*v1.ConfigMap", Form::Metadata),
    Kind::of::<service::Endpoints>(["", "v1", "endpoints"], "*v1.Endpoints", Form::Whole),
    Kind::of::<limits::LimitRange>(["", "v1", "limitranges"], "*v1.LimitRange", Form::Whole),
    Kind::of::<namespace::Namespace>(["", "v1", "namespaces"], "*v1.Namespace", Form::Whole),
    Kind::of::<node::Node>(["", "v1", "nodes"], "*v1.Node", Form::Whole),
    Kind::of::<volume::Claim>(["", "v1", "persistentvolumeclaims"], "*v1.PersistentVolumeClaim", Form::Whole),
    Kind::of::<volume::Volume>(["", "v1", "persistentvolumes"], "*v1.PersistentVolume", Form::Whole),
    Kind::of::<pod::Pod>(["", "v1", "pods"], "*v1.Pod", Form::Whole),
    Kind::of::<replicas::Controller>(
        ["", "v1", "replicationcontrollers"],
        "*v1.ReplicationController",
        Form::Whole,
    ),
    Kind::of::<limits::ResourceQuota>(["", "v1", "resourcequotas"], "*v1.ResourceQuota", Form::Whole),
    Kind::of::<config::Secret>(["", "v1", "secrets"], "*v1.Secret", Form::Row),
    Kind::of::<service::Service>(["", "v1", "services"], "*v1.Service", Form::Whole),
    Kind::of::<workload::DaemonSet>(["apps", "v1", "daemonsets"], "*v1.DaemonSet", Form::Whole),
    Kind::of::<workload::Deployment>(["apps", "v1", "deployments"], "*v1.Deployment", Form::Whole),
    Kind::of::<replicas::ReplicaSet>(["apps", "v1", "replicasets"], "*v1.ReplicaSet", Form::Whole),
    Kind::of::<workload::StatefulSet>(["apps", "v1", "statefulsets"], "*v1.StatefulSet", Form::Whole),
    Kind::of::<scaling::Autoscaler>(
        ["autoscaling", "v2", "horizontalpodautoscalers"],
        "*v2.HorizontalPodAutoscaler",
        Form::Whole,
    ),
    Kind::of::<batch::CronJob>(["batch", "v1", "cronjobs"], "*v1.CronJob", Form::Whole),
    Kind::of::<batch::Job>(["batch", "v1", "jobs"], "*v1.Job", Form::Whole),
    Kind::of::<certificates::SigningRequest>(
        ["certificates.k8s.io", "v1", "certificatesigningrequests"],
        "*v1.CertificateSigningRequest",
        Form::Whole,
    ),
    Kind::of::<network::IngressClass>(
        ["networking.k8s.io", "v1", "ingressclasses"],
        "*v1.IngressClass",
        Form::Whole,
    ),
    Kind::of::<network::Ingress>(["networking.k8s.io", "v1", "ingresses"], "*v1.Ingress", Form::Whole),
    Kind::of::<network::NetworkPolicy>(
        ["networking.k8s.io", "v1", "networkpolicies"],
        "*v1.NetworkPolicy",
        Form::Whole,
    ),
    Kind::of::<scaling::DisruptionBudget>(
        ["policy", "v1", "poddisruptionbudgets"],
        "*v1.PodDisruptionBudget",
        Form::Whole,
    ),
    Kind::of::<volume::StorageClass>(
        ["storage.k8s.io", "v1", "storageclasses"],
        "*v1.StorageClass",
        Form::Whole,
    ),
    Kind::of::<volume::Attachment>(
        ["storage.k8s.io", "v1", "volumeattachments"],
        "*v1.VolumeAttachment",
        Form::Whole,
    ),
];

/// Implements [`Body`](crate::object::Body) for a body that is kept as it is read.
macro_rules! kept_as_read {
    ($body:ty, $identity:expr, $families:expr) => {
        impl $crate::object::Body for $body {
            type Raw = Self;
            const IDENTITY: $crate::object::Identity = $identity;
            const FAMILIES: &'static [$crate::family::Family<Self>] = $families;

            fn keep(raw: Self, _: &mut $crate::object::Projector) -> Self {
                raw
            }
        }
    };
}
use kept_as_read;

#[cfg(test)]
mod tests;
