//! Which namespaces somebody has a use for.

use std::time::Instant;

use crowsnest_api::access::Right;
use crowsnest_api::cluster::{Kind, Namespaces, Scope};
use crowsnest_rbac::{Credential, service_account};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;

use super::{As, Cluster, ClusterError, Form, Path};

/// Pages of the list of namespaces that are read.
const MAX_PAGES: usize = 20;
/// Namespaces that somebody who may not list them is asked about, one by one.
const MAX_CANDIDATES: usize = 500;
/// Of these, how many at once.
const AT_ONCE: usize = 8;
/// Stands for the server's own list in the memory, where fingerprints are hexadecimal.
const OWN: &str = "own";

#[derive(Deserialize)]
struct Named {
    metadata: Name,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

impl Cluster {
    /// All namespaces for somebody who may list them; for others those in which they may list pods. The answer counts for
    /// some seconds.
    pub(crate) async fn namespaces(
        &self,
        user: &str,
        credential: &Credential,
    ) -> Result<Namespaces, ClusterError> {
        let fingerprint = credential.fingerprint();
        if let Some(known) = self.namespaces.recall(&fingerprint, Instant::now()) {
            return Ok(known);
        }
        let found = match self.list_names(As::User(credential)).await {
            Ok(names) => Namespaces { all: true, names },
            Err(error) if error.code() == Some(403) => {
                Namespaces { all: false, names: self.namespaces_with_pods(user, credential).await? }
            }
            Err(error) => return Err(error),
        };
        self.namespaces.remember(fingerprint, found.clone(), Instant::now());
        Ok(found)
    }

    /// Those in which somebody may list pods, of the namespaces that the server knows and that of the account itself.
    pub(super) async fn namespaces_with_pods(
        &self,
        user: &str,
        credential: &Credential,
    ) -> Result<Vec<String>, ClusterError> {
        let mut candidates = self.own_list().await;
        candidates.extend(service_account(user).map(|(namespace, _)| namespace.to_owned()));
        candidates.sort();
        candidates.dedup();
        let asked = stream::iter(candidates.into_iter().take(MAX_CANDIDATES)).map(|namespace| async move {
            let right = Right::to("list", "", "pods", "").within(namespace.clone());
            let allowed = self.may(credential, &right).await?;
            Ok(allowed.then_some(namespace))
        });
        let answers: Vec<Option<String>> = asked.buffered(AT_ONCE).try_collect().await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// The names that the server itself may list; none where it may not. They are candidates and no answer to anybody.
    async fn own_list(&self) -> Vec<String> {
        if let Some(known) = self.namespaces.recall(&OWN.to_owned(), Instant::now()) {
            return known.names;
        }
        let names = match self.list_names(As::Server).await {
            Ok(names) => names,
            Err(error) => {
                tracing::debug!(
                    reason = error.told(),
                    "cannot list namespaces with the server's own credential"
                );
                return Vec::new();
            }
        };
        let known = Namespaces { all: true, names: names.clone() };
        self.namespaces.remember(OWN.to_owned(), known, Instant::now());
        names
    }

    async fn list_names(&self, who: As<'_>) -> Result<Vec<String>, ClusterError> {
        let kind =
            Kind::new("", "v1", "namespaces").map_err(|error| ClusterError::Answer(error.to_string()))?;
        let list = Path::list(&kind, &Scope::CLUSTER);
        let (found, _) = self.list::<Named>(who, list, Form::MetadataList, MAX_PAGES).await?;
        let mut names: Vec<String> = found.into_iter().map(|item| item.metadata.name).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }
}
