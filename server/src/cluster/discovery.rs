//! What a cluster has: the versions of a group, and what it calls the objects of a kind: from `apps/v1` and `Deployment` to
//! `apps.v1.deployments`.

use crowsnest_api::cluster::Kind;
use crowsnest_api::kinds::ServedKind;
use serde::Deserialize;

use super::{As, Cluster, ClusterError, Form, Path};

/// A kind as addresses have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) kind: Kind,
    pub(crate) namespaced: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Group {
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

impl Cluster {
    /// The versions of a group; none where there is no such group. The core group has one.
    pub(crate) async fn versions_of(&self, who: As<'_>, group: &str) -> Result<Vec<String>, ClusterError> {
        if group.is_empty() {
            return Ok(vec!["v1".to_owned()]);
        }
        if Kind::new(group, "v1", "x").is_err() {
            return Ok(Vec::new());
        }
        let group: Group = none_where_missing(self.get(who, &Path::group(group), Form::Whole).await)?;
        Ok(group.versions.into_iter().map(|version| version.version).collect())
    }

    /// The kinds that a cluster has of one version of a group, as `kind` and what addresses call it. Empty where it has none, or where
    /// the texts name no version.
    pub(crate) async fn kinds_of(
        &self,
        who: As<'_>,
        (group, version): (&str, &str),
    ) -> Result<Vec<(String, Resource)>, ClusterError> {
        let served = none_where_missing(self.resources(who, group, version).await)?;
        let of = |served: ServedKind| {
            let kind = Kind::new(&served.group, &served.version, &served.resource).ok()?;
            Some((served.kind, Resource { kind, namespaced: served.namespaced }))
        };
        Ok(served.into_iter().filter_map(of).collect())
    }
}

fn none_where_missing<T: Default>(answer: Result<T, ClusterError>) -> Result<T, ClusterError> {
    match answer {
        Err(ClusterError::Refused(status)) if status.code == 404 => Ok(T::default()),
        answer => answer,
    }
}
