//! The Kubernetes API server, asked in the name of whoever asks us.
//!
//! Three ways lead there. One carries the server's own credential, for what the server does by itself, and for users whom it has
//! the right to impersonate. One carries none, and each request brings the token of the user it is made for. Users with client
//! certificates have connections of their own. So a client certificate or token of the server's can never widen what a user sees. Objects stay JSON; nothing here knows what a pod is.

mod about;
mod address;
mod authoriser;
mod certificates;
mod channels;
mod connect;
mod discovery;
mod error;
mod events;
mod follow;
mod holders;
mod kinds;
mod namespaces;
mod nodes;
mod openapi;
mod pages;
mod port;
mod recent;
mod request;
mod review;
mod sight;
mod table;
mod trim;
mod trust;
mod watch;

pub(crate) use about::{SeenByServer, ahead};
pub(crate) use authoriser::{ClusterAuthoriser, OWN_GROUP, OWN_RIGHTS};
pub(crate) use certificates::{seen, shown_by};
pub(crate) use channels::{FromProcess, Heard, ToProcess, accept_key};
pub(crate) use connect::ClusterSource;
pub(crate) use discovery::Resource;
pub(crate) use error::{ClusterError, Status};
pub(crate) use events::Gravity;
pub(crate) use follow::{Event, Followed, Positioned};
pub(crate) use openapi::NoSchema;
pub(crate) use port::PortConnection;
pub(crate) use request::{As, Change, Form, Path};
pub(crate) use review::{RulesThere, Who};
pub(crate) use table::{Rows, RowsPage};
pub(crate) use trim::{Managers, is_secret, trim_listed, trim_object};
pub(crate) use trust::{ExtensionAuthentication, PAGE, RESOURCE_METRICS};
pub(crate) use watch::{JsonLines, WatchLine};

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crowsnest_api::access::Right;
use crowsnest_api::cluster::Namespaces;
use crowsnest_api::kinds::ServedKinds;
use kube::Client;
use tokio::sync::Semaphore;

use self::connect::Bare;
use crate::short_memory::ShortMemory;

/// How long an answer about a right counts. No longer than half a minute, or a right that was taken away would stay.
const RIGHTS_LAST: Duration = Duration::from_secs(20);
/// Answers about rights that are remembered.
const MAX_RIGHTS: usize = 16_384;
/// Lists of everything that somebody may do in a namespace, of which each may be long.
const MAX_RULES: usize = 128;
/// How long a list of namespaces counts.
const NAMESPACES_LAST: Duration = Duration::from_secs(5);
/// Lists of namespaces that are remembered.
const MAX_NAMESPACES: usize = 256;
/// How long what the API server serves counts. A new CustomResourceDefinition is seen after that.
const KINDS_LAST: Duration = Duration::from_secs(20);
/// Answers of that sort that are remembered; each has some tens of kilobytes.
const MAX_SERVED: usize = 64;
/// How long a description of a group is kept; it is asked for by its hash, so it is never an old one.
const SCHEMAS_LAST: Duration = Duration::from_secs(10 * 60);
/// Descriptions that are kept, of which the largest has a megabyte.
const MAX_SCHEMAS: usize = 24;
/// Users that are remembered.
const MAX_USERS: usize = 4096;
/// How long a user's own connections are used before new ones are made; open watches keep theirs.
const CONNECTIONS_LAST: Duration = Duration::from_secs(10 * 60);
/// Users whose own connections are kept.
const MAX_CERTIFIED: usize = 256;
/// Reviews under way at once; whoever sends nonsense in bulk is no burden to the API server.
const REVIEWS_AT_ONCE: usize = 16;

/// The cluster that the server looks at.
pub(crate) struct Cluster {
    /// With the server's own credential.
    own: Client,
    /// Without any.
    bare: Client,
    /// What connections of users are made of.
    source: Bare,
    /// Clients with the certificates of users, by fingerprint.
    certified: ShortMemory<String, Client>,
    /// Answers about rights, by the credential's fingerprint.
    rights: ShortMemory<(String, Right), bool>,
    /// Everything that somebody may do in a namespace, by the credential's fingerprint.
    rules: ShortMemory<(String, String), Arc<RulesThere>>,
    /// Whom credentials belong to, by fingerprint.
    users: ShortMemory<String, Who>,
    /// Namespaces that users have a use for, by fingerprint.
    namespaces: ShortMemory<String, Namespaces>,
    /// What the API server serves to users, by fingerprint.
    served: ShortMemory<String, Arc<ServedKinds>>,
    /// Where the API server describes its groups, by the credential's fingerprint.
    described: ShortMemory<String, Arc<openapi::Index>>,
    /// What it says there, by the address, which has the document's hash in it.
    schemas: ShortMemory<String, Bytes>,
    reviews: Semaphore,
}

impl Cluster {
    /// The certificates that the API server is known by, PEM, if it is not known by the system's.
    pub(crate) fn authority(&self) -> Option<Vec<u8>> {
        self.source.authority()
    }

    /// Reads where and what the API server is; asks it nothing yet, so that it may be down.
    pub(crate) async fn connect(source: &ClusterSource) -> anyhow::Result<Self> {
        let (own, source) = connect::connect(source).await?;
        Ok(Self {
            own,
            bare: source.client()?,
            source,
            certified: ShortMemory::new(CONNECTIONS_LAST, MAX_CERTIFIED),
            rights: ShortMemory::new(RIGHTS_LAST, MAX_RIGHTS),
            rules: ShortMemory::new(RIGHTS_LAST, MAX_RULES),
            users: ShortMemory::new(RIGHTS_LAST, MAX_USERS),
            namespaces: ShortMemory::new(NAMESPACES_LAST, MAX_NAMESPACES),
            served: ShortMemory::new(KINDS_LAST, MAX_SERVED),
            described: ShortMemory::new(KINDS_LAST, MAX_SERVED),
            schemas: ShortMemory::new(SCHEMAS_LAST, MAX_SCHEMAS),
            reviews: Semaphore::new(REVIEWS_AT_ONCE),
        })
    }
}
