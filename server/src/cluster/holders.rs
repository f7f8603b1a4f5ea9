//! Who may do something, as far as the one who asks may read it: with their own credential, and no other.

use crowsnest_api::access::{Right, Subjects};
use crowsnest_api::cluster::{Kind, Scope};
use crowsnest_rbac::{BindingObject, Credential, RoleObject, holders};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{As, Cluster, ClusterError, Form, Path};

const GROUP: &str = "rbac.authorization.k8s.io";
/// Objects in one page of their list, and pages that are read.
const PAGE: &str = "500";
const MAX_PAGES: usize = 20;

#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    metadata: PageMetadata,
    items: Vec<T>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PageMetadata {
    r#continue: String,
}

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
        let mut roles: Vec<RoleObject> = self.readable(credential, "clusterroles", &all, &mut unread).await?;
        let mut bindings: Vec<BindingObject> =
            self.readable(credential, "clusterrolebindings", &all, &mut unread).await?;
        if namespace.namespace().is_some() {
            roles.extend(self.readable(credential, "roles", namespace, &mut unread).await?);
            bindings.extend(self.readable(credential, "rolebindings", namespace, &mut unread).await?);
        }
        Ok(Subjects { subjects: holders(right, &bindings, &roles), unread })
    }

    /// All objects of a kind, or none and why.
    async fn readable<T: DeserializeOwned + Send + 'static>(
        &self,
        credential: &Credential,
        resource: &str,
        scope: &Scope,
        unread: &mut Vec<String>,
    ) -> Result<Vec<T>, ClusterError> {
        let kind =
            Kind::new(GROUP, "v1", resource).map_err(|error| ClusterError::Answer(error.to_string()))?;
        let mut objects = Vec::new();
        let mut next = String::new();
        for _ in 0..MAX_PAGES {
            let mut path = Path::list(&kind, scope).with("limit", PAGE);
            if !next.is_empty() {
                path = path.with("continue", &next);
            }
            let page: Page<T> = match self.get(As::User(credential), &path, Form::Whole).await {
                Ok(page) => page,
                Err(ClusterError::Refused(status)) if status.code == 403 => {
                    unread.push(status.message);
                    return Ok(Vec::new());
                }
                Err(error) => return Err(error),
            };
            objects.extend(page.items);
            next = page.metadata.r#continue;
            if next.is_empty() {
                return Ok(objects);
            }
        }
        unread.push(format!("there are more {resource} than {}", objects.len()));
        Ok(objects)
    }
}
