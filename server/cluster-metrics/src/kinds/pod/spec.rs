//! What the pods of one template have in common.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::Claim;
use crate::pool::{Pool, Word};
use crate::quantity::Quantity;

/// Specifications, each once.
pub(crate) type PodSpecs = Pool<Arc<PodSpec>>;

/// `spec`. What differs between the pods of a template is taken out before it is kept: the node and the claims.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PodSpec {
    node_name: Box<str>,
    volumes: Vec<RawVolume>,
    pub(super) host_network: bool,
    pub(super) priority_class_name: Box<str>,
    pub(super) restart_policy: Box<str>,
    pub(super) runtime_class_name: Option<Box<str>>,
    pub(super) scheduler_name: Box<str>,
    pub(super) service_account_name: Box<str>,
    pub(super) overhead: BTreeMap<Box<str>, Quantity>,
    pub(super) tolerations: Vec<Toleration>,
    pub(super) containers: Vec<ContainerSpec>,
    pub(super) init_containers: Vec<ContainerSpec>,
}

/// A container of the template.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ContainerSpec {
    pub(super) name: Box<str>,
    pub(super) image: Box<str>,
    pub(super) restart_policy: Option<Box<str>>,
    pub(super) resources: Resources,
}

/// What a container asks for.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct Resources {
    pub(super) requests: BTreeMap<Box<str>, Quantity>,
    pub(super) limits: BTreeMap<Box<str>, Quantity>,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Toleration {
    pub(super) key: Box<str>,
    pub(super) operator: Box<str>,
    pub(super) value: Box<str>,
    pub(super) effect: Box<str>,
    pub(super) toleration_seconds: Option<i64>,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawVolume {
    name: Box<str>,
    persistent_volume_claim: Option<RawClaim>,
    ephemeral: Option<Ephemeral>,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawClaim {
    claim_name: Box<str>,
    read_only: bool,
}

/// The template of a claim that is made for the pod; nothing in it matters.
#[derive(Debug, PartialEq, Eq, Hash, Deserialize)]
struct Ephemeral {}

impl PodSpec {
    /// The node that the pod is on.
    pub(super) fn take_node(&mut self, words: &mut Pool<Word>) -> Word {
        words.word(&std::mem::take(&mut self.node_name))
    }

    /// The volumes that are claims.
    pub(super) fn take_claims(&mut self, words: &mut Pool<Word>) -> Box<[Claim]> {
        let volumes = std::mem::take(&mut self.volumes);
        let claims = volumes.into_iter().filter_map(|volume| {
            let ephemeral = volume.ephemeral.is_some();
            let claim = match volume.persistent_volume_claim {
                Some(claim) => claim,
                None if ephemeral => RawClaim::default(),
                None => return None,
            };
            let (volume, read_only) = (words.word(&volume.name), claim.read_only);
            Some(Claim { volume, claim: claim.claim_name, ephemeral, read_only })
        });
        claims.collect()
    }
}
