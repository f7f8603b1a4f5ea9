//! Who may do something, as far as the one who asks may read it: with their own credential, and no other.

use crowsnest_api::access::{Right, Subjects};
use crowsnest_api::cluster::{Kind, Scope};
use crowsnest_rbac::{BindingObject, Credential, RoleObject, holders};
use serde::de::DeserializeOwned;

use super::{Cluster, ClusterError};

const GROUP: &str = "rbac.authorization.k8s.io";
/// Pages that are read of a list.
const MAX_PAGES: usize = 20;

impl Cluster {
    /// Who has a right, through bindings of the cluster and of the right's namespace.
    ///
    /// # Errors
    /// When the API server cannot be asked. What it does not let this user read is told in the answer.
    pub(crate) async fn holders(
        &self,
        credential: &Credential,
        right: &Right,
        namespace: &Scope,
    ) -> Result<Subjects, ClusterError> {
        let mut unread = Vec::new();
        let all = Scope::CLUSTER;
        let mut roles: Vec<RoleObject> =
            self.of_access(credential, "clusterroles", &all, &mut unread).await?;
        let mut bindings: Vec<BindingObject> =
            self.of_access(credential, "clusterrolebindings", &all, &mut unread).await?;
        if namespace.namespace().is_some() {
            roles.extend(self.of_access(credential, "roles", namespace, &mut unread).await?);
            bindings.extend(self.of_access(credential, "rolebindings", namespace, &mut unread).await?);
        }
        Ok(Subjects { subjects: holders(right, &bindings, &roles), unread })
    }

    /// All objects of a kind of the group, or none and why.
    async fn of_access<T: DeserializeOwned + Send + 'static>(
        &self,
        credential: &Credential,
        resource: &str,
        scope: &Scope,
        unread: &mut Vec<String>,
    ) -> Result<Vec<T>, ClusterError> {
        let kind =
            Kind::new(GROUP, "v1", resource).map_err(|error| ClusterError::Answer(error.to_string()))?;
        self.readable(credential, (&kind, scope, ""), MAX_PAGES, unread).await
    }
}
