//! What the API server says its kinds are made of: OpenAPI v3, a document a version of a group.
//!
//! A document is asked for as the user, and kept by its address, which has its hash in it: whoever can name the hash has been told it by the
//! API server. Of a document only the types are kept; its paths are most of it, and nobody here reads them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use crowsnest_api::cluster::Kind;
use crowsnest_rbac::Credential;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{As, Cluster, ClusterError, Form, Path};

/// The most bytes that a description has without its paths.
const MAX_SCHEMA: usize = 4 << 20;
/// Groups that an index has at most; a cluster with many operators has a hundred.
const MAX_GROUPS: usize = 2000;

/// Where each version of a group is described.
#[derive(Deserialize)]
pub(super) struct Index {
    paths: HashMap<String, Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    #[serde(rename = "serverRelativeURL")]
    address: String,
}

#[derive(Deserialize, Serialize)]
struct Document {
    components: Components,
}

#[derive(Deserialize, Serialize)]
struct Components {
    #[serde(default)]
    schemas: Option<Box<RawValue>>,
}

/// Why there is no description.
#[derive(Debug)]
pub(crate) enum NoSchema {
    /// The API server has none of this group.
    NotThere,
    Cluster(ClusterError),
}

impl From<ClusterError> for NoSchema {
    fn from(error: ClusterError) -> Self {
        Self::Cluster(error)
    }
}

impl Cluster {
    /// The types of a version of a group, as `{"components":{"schemas":{…}}}`, and their hash.
    pub(crate) async fn schema(
        &self,
        credential: &Credential,
        group: &str,
        version: &str,
    ) -> Result<(Bytes, String), NoSchema> {
        // Any resource will do: the names of group and version are checked with it.
        Kind::new(group, version, "x").map_err(|_| NoSchema::NotThere)?;
        let index = self.index(credential).await?;
        let name =
            if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
        let address = &index.paths.get(&name).ok_or(NoSchema::NotThere)?.address;
        let (_, hash) = address.split_once("?hash=").ok_or(NoSchema::NotThere)?;
        if !hash.bytes().all(|byte| byte.is_ascii_alphanumeric()) || hash.is_empty() || hash.len() > 256 {
            return Err(ClusterError::Answer("its index of descriptions has no hash".to_owned()).into());
        }
        let kept = (name, hash.to_owned());
        let key = format!("{}?{}", kept.0, kept.1);
        if let Some(known) = self.schemas.recall(&key, Instant::now()) {
            return Ok((known, kept.1));
        }
        let path = Path::openapi(&kept.0).with("hash", &kept.1);
        let bytes = self.get_bytes(As::User(credential), &path, Form::Whole).await?;
        let trimmed = tokio::task::spawn_blocking(move || trim(&bytes));
        let trimmed = trimmed.await.unwrap_or_else(|error| Err(ClusterError::Answer(error.to_string())))?;
        self.schemas.remember(key, trimmed.clone(), Instant::now());
        Ok((trimmed, kept.1))
    }

    async fn index(&self, credential: &Credential) -> Result<Arc<Index>, ClusterError> {
        let fingerprint = credential.fingerprint();
        if let Some(known) = self.described.recall(&fingerprint, Instant::now()) {
            return Ok(known);
        }
        let mut index: Index =
            self.get(As::User(credential), &Path::fixed("/openapi/v3"), Form::Whole).await?;
        if index.paths.len() > MAX_GROUPS {
            return Err(ClusterError::Answer("its index of descriptions is too long".to_owned()));
        }
        index.paths.shrink_to_fit();
        let index = Arc::new(index);
        self.described.remember(fingerprint, Arc::clone(&index), Instant::now());
        Ok(index)
    }
}

/// A document without its paths.
fn trim(document: &[u8]) -> Result<Bytes, ClusterError> {
    let wrong = |error: serde_json::Error| ClusterError::Answer(error.to_string());
    let document: Document = serde_json::from_slice(document).map_err(wrong)?;
    let trimmed = serde_json::to_vec(&document).map_err(wrong)?;
    if trimmed.len() > MAX_SCHEMA {
        return Err(ClusterError::Answer(format!("a description has more than {MAX_SCHEMA} bytes")));
    }
    Ok(trimmed.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_kept_without_its_paths() {
        let document = br#"{"openapi":"3.0.0","paths":{"/x":{}},"components":{"schemas":{"a.B":{"type":"object"}},"securitySchemes":{}}}"#;
        let trimmed = trim(document).unwrap();
        assert_eq!(&*trimmed, br#"{"components":{"schemas":{"a.B":{"type":"object"}}}}"#);
        assert!(trim(b"<html>").is_err());
    }
}
