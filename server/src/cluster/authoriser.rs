//! What a user of the cluster may do here: what Kubernetes' access rules say.

use std::sync::Arc;

use crowsnest_api::access::{Own, Right};
use crowsnest_rbac::{Access, Authoriser, Caller, Credential, Refusal, Role, RoleAuthoriser, Verdict};

use super::Cluster;

/// The API group of our own objects. Nothing is registered under it; roles can name it all the same.
pub(crate) const OWN_GROUP: &str = "crowsnest.dev";
/// The namespace of what belongs to no other.
const OWN_NAMESPACE: &str = "crowsnest";

/// Asks the API server, with the user's own credential, for what static users have roles for.
pub(crate) struct ClusterAuthoriser(pub(crate) Arc<Cluster>);

/// What users of the cluster need for what static users have a role for.
pub(crate) struct OwnRow {
    pub(crate) what: Own,
    pub(crate) access: Access,
    /// What a user must be allowed to do, all of it.
    pub(crate) rights: &'static [Right],
    /// How that is said.
    needs: &'static str,
}

/// One row for what only rights give.
pub(crate) static OWN_RIGHTS: &[OwnRow] = &[
    // Whoever sees all nodes and all pods sees all metrics.
    OwnRow {
        what: Own::View,
        access: Access::Role(Role::Viewer),
        rights: &[Right::to("get", "", "nodes", ""), Right::to("list", "", "pods", "")],
        needs: "the rights to get nodes and to list pods in the whole cluster",
    },
    OwnRow {
        what: Own::Edit,
        access: Access::Role(Role::Editor),
        rights: &[Right::to("update", OWN_GROUP, "dashboards", OWN_NAMESPACE)],
        needs: "the right to update dashboards.crowsnest.dev in namespace crowsnest",
    },
    OwnRow {
        what: Own::Administer,
        access: Access::Role(Role::Admin),
        rights: &[Right::to("update", OWN_GROUP, "settings", OWN_NAMESPACE)],
        needs: "the right to update settings.crowsnest.dev in namespace crowsnest",
    },
    // Agents push with the tokens of their ServiceAccount.
    OwnRow {
        what: Own::Push,
        access: Access::Ingest,
        rights: &[Right::to("create", OWN_GROUP, "metrics", OWN_NAMESPACE)],
        needs: "the right to create metrics.crowsnest.dev in namespace crowsnest, or an ingest token",
    },
];

impl Authoriser for ClusterAuthoriser {
    fn authorise<'a>(&'a self, caller: &'a Caller, access: Access) -> Verdict<'a> {
        let credential = match caller {
            Caller::User { identity, .. } => identity.credential(),
            _ => None,
        };
        let row = OWN_RIGHTS.iter().find(|row| row.access == access);
        match (row, credential) {
            (Some(row), Some(credential)) => Box::pin(self.decide(caller, credential, row)),
            _ => RoleAuthoriser.authorise(caller, access),
        }
    }
}

impl ClusterAuthoriser {
    async fn decide(
        &self,
        caller: &Caller,
        credential: &Credential,
        row: &'static OwnRow,
    ) -> Result<(), Refusal> {
        for right in row.rights {
            match self.0.may(credential, right).await {
                Ok(true) => {}
                Ok(false) => return Err(Refusal::Forbidden { who: caller.describe(), needs: row.needs }),
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
            assert_eq!(OWN_RIGHTS.iter().filter(|row| row.access == access).count(), 1, "{access:?}");
        }
    }
}
