//! What a caller may do with the server's own objects, which are in folders: namespaces, and `crowsnest` for the whole cluster.

use std::collections::BTreeSet;

use crowsnest_api::access::Right;
use crowsnest_rbac::{Access, Caller, Role};

use super::objects::Viewer;
use super::{ApiError, AppState, ErrorKind};
use crate::auth::Identified;
use crate::cluster::OWN_GROUP;

/// What editors among the static users do not change, as the ClusterRoles of the manifest have it.
const OF_ADMINS: &[&str] = &["notificationpolicies"];

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    List,
    Create,
    Update,
    Delete,
}

impl Verb {
    const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// What a static user needs for it.
    fn role(self, resource: &str) -> Role {
        match self {
            Self::Get | Self::List => Role::Viewer,
            Self::Create | Self::Update | Self::Delete if OF_ADMINS.contains(&resource) => Role::Admin,
            Self::Create | Self::Update | Self::Delete => Role::Editor,
        }
    }
}

/// A caller, what they ask for, and who says what they may do.
pub(crate) struct Reader {
    /// Dashboards or silences, as rights name them.
    resource: &'static str,
    caller: Caller,
    user: String,
    /// A user of the cluster, whose rights its API server knows.
    viewer: Option<Viewer>,
}

impl Reader {
    pub(crate) fn of(
        app: &AppState,
        identified: &Identified,
        resource: &'static str,
    ) -> Result<Self, ApiError> {
        let caller = identified.caller.clone();
        let Caller::User { identity, .. } = &caller else {
            return Err(ApiError::new(ErrorKind::Forbidden, format!("{resource} are for users")));
        };
        let viewer = match identity.credential() {
            Some(_) => Some(Viewer::of(app, identified)?),
            None => None,
        };
        Ok(Self { resource, user: identity.user.clone(), caller, viewer })
    }

    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// Those of `folders` in which the caller may do it.
    pub(crate) async fn folders(
        &self,
        app: &AppState,
        verb: Verb,
        folders: &[String],
    ) -> Result<BTreeSet<String>, ApiError> {
        let all = || folders.iter().cloned().collect();
        let Some(viewer) = &self.viewer else {
            let verdict =
                app.auth.authoriser.authorise(&self.caller, Access::Role(verb.role(self.resource))).await;
            return Ok(if verdict.is_ok() { all() } else { BTreeSet::new() });
        };
        let right = Right::to(verb.name(), OWN_GROUP, self.resource, "");
        let asked = async {
            // Most may do it everywhere or nowhere: one question instead of one a folder.
            if folders.len() > 1 && viewer.cluster.may(&viewer.credential, &right).await? {
                return Ok(vec![true; folders.len()]);
            }
            let rights: Vec<Right> =
                folders.iter().map(|folder| right.clone().within(folder.clone())).collect();
            viewer.cluster.may_each(&viewer.credential, &rights).await
        };
        match asked.await {
            Ok(answers) => {
                let allowed = folders.iter().zip(answers).filter(|(_, allowed)| *allowed);
                Ok(allowed.map(|(folder, _)| folder.clone()).collect())
            }
            Err(error) => Err(viewer.refused(app, error).await),
        }
    }

    /// Whether the caller may do it in `folder`.
    pub(crate) async fn may(&self, app: &AppState, verb: Verb, folder: &str) -> Result<bool, ApiError> {
        Ok(!self.folders(app, verb, &[folder.to_owned()]).await?.is_empty())
    }

    /// Refuses unless the caller may do it in `folder`.
    pub(crate) async fn must(&self, app: &AppState, verb: Verb, folder: &str) -> Result<(), ApiError> {
        if self.may(app, verb, folder).await? {
            return Ok(());
        }
        let needs = match (&self.viewer, verb.role(self.resource)) {
            (Some(_), _) => {
                format!("the right to {} {}.{OWN_GROUP} in namespace {folder}", verb.name(), self.resource)
            }
            (None, Role::Viewer) => "the role viewer".to_owned(),
            (None, _) => "the role editor".to_owned(),
        };
        Err(ApiError::new(ErrorKind::Forbidden, format!("{} may not do this; it needs {needs}", self.user)))
    }
}
