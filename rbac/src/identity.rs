//! Who is asking.

use serde::{Deserialize, Serialize};

use crate::Credential;

/// What a static user may do. Each role may do what the one before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees metrics, dashboards and settings.
    Viewer,
    /// Changes dashboards, rules and silences.
    Editor,
    /// Changes the server: reload, deletion, users.
    Admin,
}

/// Somebody who has proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user's name.
    pub user: String,
    /// The groups the user is in.
    pub groups: Vec<String>,
    /// What the user may do.
    pub rights: Rights,
}

impl Identity {
    /// What to ask the API server with on this user's behalf; only Kubernetes' own users have it.
    pub const fn credential(&self) -> Option<&Credential> {
        match &self.rights {
            Rights::Role(_) => None,
            Rights::Cluster(credential) => Some(credential),
        }
    }
}

/// Where it is written what a user may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rights {
    /// In the list of static users.
    Role(Role),
    /// In the cluster; its API server is asked with this credential.
    Cluster(Credential),
}

/// How a user proved who they are, which decides what a mutation must carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// A token in the request's own `Authorization` header. No browser adds that by itself.
    Bearer,
    /// The session cookie, which browsers add to every request.
    Session {
        /// The session's id.
        id: String,
    },
    /// Nothing: the server runs with `--auth none`, on loopback.
    Open,
}

/// Who sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// No credentials at all.
    Anonymous,
    /// Credentials that are wrong, expired or revoked.
    Unknown,
    /// A sender of samples.
    Pusher {
        /// What tells this sender from others; derived from the token, and safe to log and store.
        name: String,
    },
    /// A person, or a program with a person's token.
    User {
        /// Who.
        identity: Identity,
        /// How that was shown.
        via: Via,
    },
}

impl Caller {
    /// Who that is, in a message.
    pub fn describe(&self) -> String {
        match self {
            Self::Anonymous | Self::Unknown => "nobody".to_owned(),
            Self::Pusher { .. } => "an ingest token".to_owned(),
            Self::User { identity, .. } => format!("user {:?}", identity.user),
        }
    }
}
