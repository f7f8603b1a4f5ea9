//! What of Kubernetes is a target: the kubelet's pages; pods, nodes and all else, with the labels that Prometheus's discovery gives
//! them; the convention of annotations; and the objects of prometheus-operator.

mod annotations;
mod kubelet;
mod monitors;
mod objects;
mod pod;

pub use annotations::{annotated, annotated_job};
pub use kubelet::{Drops, KUBELET, Kubelet, kubelet_jobs, kubelet_target};
pub use monitors::{Monitor, MonitorFault, MonitorKind, Monitored};
pub use objects::{
    EndpointSlice, EndpointStyle, Endpoints, Ingress, Node, ObjectKey, Service, endpoint_labels,
    ingress_labels, node_labels, service_labels,
};
pub use pod::{ListMeta, Meta, ObjectList, Pod, PodList, pod_labels};

/// A name as part of a label's name: whatever is no letter, digit or underscore becomes an underscore.
fn sanitised(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
