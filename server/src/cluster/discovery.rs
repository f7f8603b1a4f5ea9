//! What a cluster calls the objects of a kind: from `apps/v1` and `Deployment` to `apps.v1.deployments`.

use crowsnest_api::cluster::Kind;
use crowsnest_rbac::Credential;
use serde::Deserialize;

use super::{As, Cluster, ClusterError, Form, Path};

/// A kind as addresses have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) kind: Kind,
    pub(crate) namespaced: bool,
}

#[derive(Deserialize)]
struct Kinds {
    #[serde(default)]
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
    /// The kinds that a cluster has of one `apiVersion`, as `kind` and what addresses call it. Empty where it has none, or where the
    /// text names no version.
    pub(crate) async fn kinds_of(
        &self,
        credential: &Credential,
        api_version: &str,
    ) -> Result<Vec<(String, Resource)>, ClusterError> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        // Whatever could lead to another path is no name.
        if Kind::new(group, version, "x").is_err() {
            return Ok(Vec::new());
        }
        let path = Path::kinds(group, version);
        match self.get::<Kinds>(As::User(credential), &path, Form::Whole).await {
            Ok(kinds) => Ok(kinds.resources.into_iter().filter_map(|row| row.read(group, version)).collect()),
            Err(ClusterError::Refused(status)) if status.code == 404 => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

impl Row {
    /// Nothing for what lies below objects: its name has a slash, so that it is no name of a kind.
    fn read(self, group: &str, version: &str) -> Option<(String, Resource)> {
        let kind = Kind::new(group, version, &self.name).ok()?;
        Some((self.kind, Resource { kind, namespaced: self.namespaced }))
    }
}
