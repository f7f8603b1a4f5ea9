//! What a cluster has: the versions of a group, and what it calls the objects of a kind: from `apps/v1` and `Deployment` to
//! `apps.v1.deployments`.

use crowsnest_api::cluster::Kind;
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

#[derive(Default, Deserialize)]
#[serde(default)]
struct Kinds {
    resources: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    /// The plural, or `plural/subresource`.
    name: String,
    kind: String,
    #[serde(default)]
    namespaced: bool,
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
        // Whatever could lead to another path is no name.
        if Kind::new(group, version, "x").is_err() {
            return Ok(Vec::new());
        }
        let path = Path::kinds(group, version);
        let kinds: Kinds = none_where_missing(self.get(who, &path, Form::Whole).await)?;
        Ok(kinds.resources.into_iter().filter_map(|row| row.read(group, version)).collect())
    }
}

fn none_where_missing<T: Default>(answer: Result<T, ClusterError>) -> Result<T, ClusterError> {
    match answer {
        Err(ClusterError::Refused(status)) if status.code == 404 => Ok(T::default()),
        answer => answer,
    }
}

impl Row {
    /// Nothing for what lies below objects: its name has a slash, so that it is no name of a kind.
    fn read(self, group: &str, version: &str) -> Option<(String, Resource)> {
        let kind = Kind::new(group, version, &self.name).ok()?;
        Some((self.kind, Resource { kind, namespaced: self.namespaced }))
    }
}
