//! Asking the API server who somebody is and what they may do, with that somebody's own credential.

use std::sync::Arc;
use std::time::Instant;

use crowsnest_api::access::{Right, Rule};
use crowsnest_api::cluster::Scope;
use crowsnest_rbac::Credential;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{As, Cluster, ClusterError, Path};

/// Rights that one caller asks about, of which so many at once.
const AT_ONCE: usize = 8;
/// A namespace that cannot exist: names begin with a letter or digit.
const NOWHERE: &str = "-";

/// Who the API server says a credential belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    /// Kubernetes' name of the user.
    pub(crate) user: String,
    /// The user's groups.
    pub(crate) groups: Vec<String>,
}

/// What a SelfSubjectRulesReview says: every rule that gives the caller something in a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct RulesThere {
    #[serde(rename = "resourceRules")]
    pub(crate) rules: Vec<Rule>,
    /// Whether an authoriser could not list what it allows.
    pub(crate) incomplete: bool,
    /// What that one said.
    pub(crate) evaluation_error: String,
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
        let allowed = self.may_now(credential, right).await?;
        self.rights.remember(question, allowed, Instant::now());
        Ok(allowed)
    }

    /// The same, asked anew: for what must not outlast a right by the time for which answers count.
    pub(crate) async fn may_now(&self, credential: &Credential, right: &Right) -> Result<bool, ClusterError> {
        self.may_as(As::User(credential), right).await
    }

    /// Whether whoever asks may do something.
    pub(crate) async fn may_as(&self, who: As<'_>, right: &Right) -> Result<bool, ClusterError> {
        let attributes = json!({"resourceAttributes": {
            "verb": right.verb, "group": right.group, "resource": right.resource,
            "subresource": right.subresource, "namespace": right.namespace, "name": right.name,
        }});
        self.review_self(who, attributes).await
    }

    /// Whether whoever asks may get what is at a path that is no object's.
    pub(crate) async fn may_get(&self, who: As<'_>, path: &str) -> Result<bool, ClusterError> {
        self.review_self(who, json!({"nonResourceAttributes": {"verb": "get", "path": path}})).await
    }

    async fn review_self(&self, who: As<'_>, spec: Value) -> Result<bool, ClusterError> {
        let _turn = self.reviews.acquire().await;
        let path = Path::fixed("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec,
        });
        let reviewed: Reviewed<Decision> = self.create(who, &path, &review).await?;
        Ok(reviewed.status.allowed)
    }

    /// Whether somebody who is not here may do something, asked with the server's own account, which needs the right to.
    pub(crate) async fn may_somebody(
        &self,
        user: &str,
        groups: &[String],
        right: &Right,
    ) -> Result<bool, ClusterError> {
        let _turn = self.reviews.acquire().await;
        let path = Path::fixed("/apis/authorization.k8s.io/v1/subjectaccessreviews");
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": user, "groups": groups, "resourceAttributes": {
                "verb": right.verb, "group": right.group, "resource": right.resource,
                "subresource": right.subresource, "namespace": right.namespace, "name": right.name,
            }},
        });
        let reviewed: Reviewed<Decision> = self.create(As::Server, &path, &review).await?;
        Ok(reviewed.status.allowed)
    }

    /// The same of several rights, some at a time.
    pub(crate) async fn may_each(
        &self,
        credential: &Credential,
        rights: &[Right],
    ) -> Result<Vec<bool>, ClusterError> {
        let asked = stream::iter(rights.to_vec())
            .map(|right| async move { self.may(credential, &right).await })
            .buffered(AT_ONCE);
        asked.try_collect().await
    }

    /// Everything that the owner of a credential may do in a namespace. The answer counts for some seconds.
    pub(crate) async fn rules_in(
        &self,
        credential: &Credential,
        namespace: &Scope,
    ) -> Result<Arc<RulesThere>, ClusterError> {
        // The API server wants a namespace; one that cannot be there has the rules that hold in all.
        let asked = namespace.namespace().unwrap_or(NOWHERE).to_owned();
        let question = (credential.fingerprint(), asked.clone());
        if let Some(known) = self.rules.recall(&question, Instant::now()) {
            return Ok(known);
        }
        let rules = Arc::new(self.rules_of(As::User(credential), &asked).await?);
        self.rules.remember(question, Arc::clone(&rules), Instant::now());
        Ok(rules)
    }

    /// Everything that whoever asks may do in a namespace, asked anew.
    pub(crate) async fn rules_of(&self, who: As<'_>, namespace: &str) -> Result<RulesThere, ClusterError> {
        let _turn = self.reviews.acquire().await;
        let path = Path::fixed("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews");
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace},
        });
        let reviewed: Reviewed<RulesThere> = self.create(who, &path, &review).await?;
        Ok(reviewed.status)
    }
}
