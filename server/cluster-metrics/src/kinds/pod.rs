//! Pods. There are many, so what is kept of each is small: all that pods of one template have in common is kept once.

mod container;
mod container_id;
mod families;
mod spec;

use std::sync::Arc;

use serde::Deserialize;

use crate::family::Family;
use crate::object::{Body, Identity, Projector};
use crate::pool::Word;
use crate::when::When;
use container::{ContainerStatus, RawStatus};
use spec::PodSpec;
pub(crate) use spec::PodSpecs;

/// A pod as it is read.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawPod {
    spec: PodSpec,
    status: RawPodStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawPodStatus {
    phase: String,
    reason: String,
    qos_class: String,
    start_time: When,
    #[serde(rename = "hostIP")]
    host_ip: String,
    #[serde(rename = "podIP")]
    pod_ip: String,
    #[serde(rename = "podIPs")]
    pod_ips: Vec<RawAddress>,
    conditions: Vec<RawCondition>,
    container_statuses: Vec<RawStatus>,
    init_container_statuses: Vec<RawStatus>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawAddress {
    ip: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawCondition {
    r#type: String,
    status: String,
    reason: String,
    last_transition_time: When,
}

/// A pod as it is kept.
pub(crate) struct Pod {
    spec: Arc<PodSpec>,
    node: Word,
    host_ip: Word,
    /// The first is the pod's own.
    ips: Box<[Box<str>]>,
    phase: Word,
    reason: Word,
    qos_class: Word,
    started: When,
    scheduled: Condition,
    initialized: Condition,
    containers_ready: Condition,
    ready: Condition,
    /// Why the pod is being disrupted.
    disruption: Word,
    /// Volumes that are claims, which the pods of a StatefulSet do not have in common.
    claims: Box<[Claim]>,
    containers: Box<[ContainerStatus]>,
    init_containers: Box<[ContainerStatus]>,
}

/// A condition that may not be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Condition {
    status: Status,
    since: When,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Status {
    /// The pod does not have the condition.
    #[default]
    Absent,
    True,
    False,
    Unknown,
}

/// A volume that is a claim.
#[derive(Debug)]
struct Claim {
    volume: Word,
    claim: Box<str>,
    ephemeral: bool,
    read_only: bool,
}

impl Status {
    fn of(text: &str) -> Self {
        match text {
            "True" => Self::True,
            "False" => Self::False,
            _ => Self::Unknown,
        }
    }

    /// As Kubernetes writes it.
    const fn text(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Absent | Self::Unknown => "Unknown",
        }
    }
}

impl RawPodStatus {
    fn condition(&self, kind: &str) -> Condition {
        let found = self.conditions.iter().find(|condition| condition.r#type == kind);
        let of = |raw: &RawCondition| Condition {
            status: Status::of(&raw.status),
            since: raw.last_transition_time,
        };
        found.map(of).unwrap_or_default()
    }

    /// Why the pod is being disrupted, if it is.
    fn disruption(&self) -> &str {
        let disrupted = |raw: &&RawCondition| raw.r#type == "DisruptionTarget" && raw.status == "True";
        self.conditions.iter().find(disrupted).map_or("", |raw| &raw.reason)
    }

    fn ips(&self) -> Box<[Box<str>]> {
        let given: Vec<&str> = self.pod_ips.iter().map(|address| address.ip.as_str()).collect();
        let all = if given.is_empty() { vec![self.pod_ip.as_str()] } else { given };
        all.into_iter().filter(|ip| !ip.is_empty()).map(Box::from).collect()
    }
}

impl Body for Pod {
    type Raw = RawPod;
    const IDENTITY: Identity = Identity::WithUid("pod");
    const FAMILIES: &'static [Family<Self>] = families::FAMILIES;

    fn keep(RawPod { mut spec, status }: RawPod, projector: &mut Projector) -> Self {
        let (scheduled, initialized) = (status.condition("PodScheduled"), status.condition("Initialized"));
        let (containers_ready, ready) = (status.condition("ContainersReady"), status.condition("Ready"));
        let words = &mut projector.words;
        Self {
            node: spec.take_node(words),
            host_ip: words.word(&status.host_ip),
            ips: status.ips(),
            phase: words.word(&status.phase),
            reason: words.word(&status.reason),
            qos_class: words.word(&status.qos_class),
            started: status.start_time,
            scheduled,
            initialized,
            containers_ready,
            ready,
            disruption: words.word(status.disruption()),
            claims: spec.take_claims(words),
            containers: ContainerStatus::all(&status.container_statuses, words),
            init_containers: ContainerStatus::all(&status.init_container_statuses, words),
            spec: projector.pod_specs.share(spec),
        }
    }
}
