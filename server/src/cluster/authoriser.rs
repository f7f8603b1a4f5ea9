//! What a user of the cluster may do here: what Kubernetes' access rules say.

use std::sync::Arc;

use crowsnest_rbac::{Access, Authoriser, Caller, Credential, Refusal, Role, RoleAuthoriser, Verdict};

use super::{Cluster, Right};

/// The API group of our own objects. Nothing is registered under it; roles can name it all the same.
const OWN_GROUP: &str = "crowsnest.dev";
/// The namespace of what belongs to no other.
const OWN_NAMESPACE: &str = "crowsnest";

/// Asks the API server, with the user's own credential, for what static users have roles for.
pub(crate) struct ClusterAuthoriser(pub(crate) Arc<Cluster>);

/// What a right is about: verb, group, resource, namespace.
type Asked = [&'static str; 4];

/// One row for what only rights give: what a user must be allowed to do, all of it, and how that is said.
const RIGHTS: &[(Access, &[Asked], &str)] = &[
    // Whoever sees all nodes and all pods sees all metrics.
    (
        Access::Role(Role::Viewer),
        &[["get", "", "nodes", ""], ["list", "", "pods", ""]],
        "the rights to get nodes and to list pods in the whole cluster",
    ),
    (
        Access::Role(Role::Editor),
        &[["update", OWN_GROUP, "dashboards", OWN_NAMESPACE]],
        "the right to update dashboards.crowsnest.dev in namespace crowsnest",
    ),
    (
        Access::Role(Role::Admin),
        &[["update", OWN_GROUP, "settings", OWN_NAMESPACE]],
        "the right to update settings.crowsnest.dev in namespace crowsnest",
    ),
    // Agents push with the tokens of their ServiceAccount.
    (
        Access::Ingest,
        &[["create", OWN_GROUP, "metrics", OWN_NAMESPACE]],
        "the right to create metrics.crowsnest.dev in namespace crowsnest, or an ingest token",
    ),
];

impl Authoriser for ClusterAuthoriser {
    fn authorise<'a>(&'a self, caller: &'a Caller, access: Access) -> Verdict<'a> {
        let credential = match caller {
            Caller::User { identity, .. } => identity.credential(),
            _ => None,
        };
        let row = RIGHTS.iter().find(|(other, ..)| *other == access);
        match (row, credential) {
            (Some((_, rights, needs)), Some(credential)) => {
                Box::pin(self.decide(caller, credential, rights, needs))
            }
            _ => RoleAuthoriser.authorise(caller, access),
        }
    }
}

impl ClusterAuthoriser {
    async fn decide(
        &self,
        caller: &Caller,
        credential: &Credential,
        rights: &[Asked],
        needs: &'static str,
    ) -> Result<(), Refusal> {
        for [verb, group, resource, namespace] in rights {
            let right = Right { verb, group, resource, namespace: (*namespace).to_owned() };
            match self.0.may(credential, &right).await {
                Ok(true) => {}
                Ok(false) => return Err(Refusal::Forbidden { who: caller.describe(), needs }),
                Err(error) if error.code() == Some(401) => return Err(Refusal::BadCredentials),
                Err(error) => {
                    return Err(Refusal::CannotTell { who: caller.describe(), why: error.told() });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_and_pushing_have_one_row() {
        let roles = [Role::Viewer, Role::Editor, Role::Admin].map(Access::Role);
        for access in roles.into_iter().chain([Access::Ingest]) {
            assert_eq!(RIGHTS.iter().filter(|(other, ..)| *other == access).count(), 1, "{access:?}");
        }
    }
}
