//! What the server knows about a kind of object.

mod builtin;
mod events;
mod registry;

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
pub(crate) use registry::Registry;
use serde_json::{Map, Value};

use crate::{crd::CustomKind, object, status::qualified};

/// The verbs of a resource whose objects can be created, changed and watched.
pub(crate) const ALL_VERBS: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// A kind at one version: the unit that a request path names.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Empty for the core group.
    pub(crate) group: String,
    pub(crate) version: String,
    /// `Pod`
    pub(crate) kind: String,
    /// `PodList`
    pub(crate) list_kind: String,
    /// `pods`, as in paths.
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) namespaced: bool,
    pub(crate) verbs: Vec<&'static str>,
    pub(crate) subresources: Vec<Subresource>,
    /// The table of the store that holds the objects: the same for all versions of a kind.
    pub(crate) table: String,
    /// The `apiVersion` that objects are stored in.
    pub(crate) stored_as: String,
    /// Fields of the object beside `apiVersion`, `kind` and `metadata`; none = all are known.
    pub(crate) fields: Vec<&'static str>,
    /// What a CustomResourceDefinition adds.
    pub(crate) custom: Option<Arc<CustomKind>>,
}

/// A path below an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subresource {
    pub(crate) name: String,
    /// What is sent and answered there.
    pub(crate) kind: String,
    /// `(group, version)` of that kind, where it is not the parent's.
    pub(crate) group_version: Option<(String, String)>,
    pub(crate) verbs: Vec<&'static str>,
}

impl Kind {
    /// `apps/v1`, or `v1` in the core group.
    pub(crate) fn api_version(&self) -> String {
        group_version(&self.group, &self.version)
    }

    /// `deployments.apps`
    pub(crate) fn qualified(&self) -> String {
        qualified(&self.plural, &self.group)
    }

    pub(crate) fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|subresource| subresource.name == name)
    }

    /// The key of an object in its table: `shop/web`, or `node-1` where there is no namespace.
    pub(crate) fn key(&self, namespace: &str, name: &str) -> String {
        if self.namespaced { format!("{namespace}/{name}") } else { name.to_owned() }
    }

    /// Whether list items carry `apiVersion` and `kind`: only those of custom resources do.
    pub(crate) fn typed_items(&self) -> bool {
        self.custom.is_some()
    }

    /// The `storageVersionHash` of discovery.
    pub(crate) fn storage_version_hash(&self) -> String {
        let (group, version) = self.stored_as.split_once('/').unwrap_or(("", &self.stored_as));
        let digest = openssl::sha::sha256(format!("{group}/{version}/{}", self.kind).as_bytes());
        BASE64_STANDARD.encode(digest.get(..8).unwrap_or_default())
    }

    /// Whether updates count in `metadata.generation`.
    pub(crate) fn has_generation(&self) -> bool {
        self.custom.is_some() || builtin::WITH_GENERATION.contains(&self.plural.as_str())
    }

    /// A stored object as this version shows it.
    pub(crate) fn present(&self, stored: &Value) -> Value {
        let mut object = if self.table == "events" && self.group == "events.k8s.io" {
            events::to_new(stored)
        } else {
            stored.clone()
        };
        object::set(&mut object, &["apiVersion"], self.api_version());
        object::set(&mut object, &["kind"], self.kind.as_str());
        object
    }

    /// An object of this version as it is stored.
    pub(crate) fn to_stored(&self, object: Value) -> Value {
        let mut object = if self.table == "events" && self.group == "events.k8s.io" {
            events::to_core(&object)
        } else {
            object
        };
        object::set(&mut object, &["apiVersion"], self.stored_as.as_str());
        object::set(&mut object, &["kind"], self.kind.as_str());
        object
    }
}

/// `apps/v1`, or `v1` in the core group.
pub(crate) fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// `apps/v1` in two; the core group is empty.
pub(crate) fn split_group_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// Copies `fields` of one map under other names; what is absent stays absent.
fn rename(from: &Map<String, Value>, names: &[(&str, &str)]) -> Map<String, Value> {
    names.iter().filter_map(|(old, new)| Some(((*new).to_owned(), from.get(*old)?.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_storage_version_hash_is_that_of_kubernetes() {
        let registry = Registry::new();
        let pods = registry.find("", "v1", "pods").unwrap();
        assert_eq!(pods.storage_version_hash(), "xPOwRZ+Yhw8=");
    }

    #[test]
    fn every_builtin_kind_has_its_own_path() {
        let registry = Registry::new();
        let mut seen = std::collections::HashSet::new();
        for kind in registry.kinds() {
            assert!(
                seen.insert((kind.group.clone(), kind.version.clone(), kind.plural.clone())),
                "{}",
                kind.plural
            );
        }
    }
}
