//! What rules there are, by where they come from.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_alerting::rules::Group;
use crowsnest_promql::Confinement;

use super::GroupKey;

/// Where groups come from. Each origin is replaced as a whole, and by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// They came with the server.
    Curated,
    /// Files of `--provisioning`.
    File,
    /// `PrometheusRule` objects of the cluster.
    Object,
    /// Made here by users.
    Written,
}

/// A group, and what its rules may see.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) group: Arc<Group>,
    pub(super) confinement: Confinement,
}

impl Given {
    /// One whose rules see everything.
    pub(super) fn unconfined(group: Group) -> Self {
        Self { group: Arc::new(group), confinement: Confinement::none() }
    }

    /// Whether the same comes of evaluating either.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let matchers = |given: &Self| {
            let all = given.confinement.matchers().iter().map(ToString::to_string);
            all.collect::<Vec<_>>()
        };
        self.group.is_same(&other.group) && matchers(self) == matchers(other)
    }
}

/// Groups by who they are.
pub(super) type Groups = BTreeMap<GroupKey, Given>;
