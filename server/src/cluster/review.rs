//! Asking the API server who somebody is and what they may do, with that somebody's own credential.

use std::time::Instant;

use crowsnest_rbac::Credential;
use serde::Deserialize;
use serde_json::json;

use super::{As, Cluster, ClusterError, Path};

/// Who the API server says a credential belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    /// Kubernetes' name of the user.
    pub(crate) user: String,
    /// The user's groups.
    pub(crate) groups: Vec<String>,
}

/// Something that one may or may not do. Fields are as in a SelfSubjectAccessReview; an empty namespace means all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Right {
    pub(crate) verb: &'static str,
    pub(crate) group: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) namespace: String,
}

#[derive(Deserialize)]
struct Reviewed<T> {
    status: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subject {
    user_info: UserInfo,
}

#[derive(Deserialize)]
struct UserInfo {
    #[serde(default)]
    username: String,
    #[serde(default)]
    groups: Vec<String>,
}

#[derive(Deserialize)]
struct Decision {
    #[serde(default)]
    allowed: bool,
}

impl Cluster {
    /// Who a credential belongs to. A good answer counts for some seconds, so that a program which sends its token with
    /// each request does not have each reviewed.
    pub(crate) async fn who_is(&self, credential: &Credential) -> Result<Who, ClusterError> {
        let fingerprint = credential.fingerprint();
        if let Some(known) = self.users.recall(&fingerprint, Instant::now()) {
            return Ok(known);
        }
        let _turn = self.reviews.acquire().await;
        let path = Path::fixed("/apis/authentication.k8s.io/v1/selfsubjectreviews");
        let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let reviewed: Reviewed<Subject> = self.create(As::User(credential), &path, &review).await?;
        let UserInfo { username, groups } = reviewed.status.user_info;
        if username.is_empty() || username == "system:anonymous" {
            return Err(ClusterError::Answer("it names nobody".to_owned()));
        }
        let who = Who { user: username, groups };
        self.users.remember(fingerprint, who.clone(), Instant::now());
        Ok(who)
    }

    /// Whether the owner of a credential may do something. The answer counts for some seconds.
    pub(crate) async fn may(&self, credential: &Credential, right: &Right) -> Result<bool, ClusterError> {
        let question = (credential.fingerprint(), right.clone());
        if let Some(known) = self.rights.recall(&question, Instant::now()) {
            return Ok(known);
        }
        let _turn = self.reviews.acquire().await;
        let path = Path::fixed("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": right.verb, "group": right.group, "resource": right.resource, "namespace": right.namespace,
            }},
        });
        let reviewed: Reviewed<Decision> = self.create(As::User(credential), &path, &review).await?;
        self.rights.remember(question, reviewed.status.allowed, Instant::now());
        Ok(reviewed.status.allowed)
    }
}
