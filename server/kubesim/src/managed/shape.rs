//! How lists and maps of an object merge: as wholes, as sets, or item by item under a key.
//!
//! Built-in kinds are described by one table of field names, custom resources by their schema.

use serde_json::Value;

use crate::{kind::Kind, object};

/// How a list merges.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ListShape<'s> {
    /// As one value.
    Atomic,
    /// Each item is its own key.
    Set,
    /// Items with equal values of these fields are the same item.
    Keyed(Vec<&'s str>),
}

/// One list of the built-in kinds.
struct Rule {
    /// The field that the list is in (for items of a list: that list); `*` is any.
    parent: &'static str,
    field: &'static str,
    /// The key of strategic merge patches; empty where the list is replaced.
    patch_key: &'static str,
    /// The keys of server-side apply, a comma between them; empty where the list is one value, `=` for a set.
    apply_keys: &'static str,
}

const fn rule(
    parent: &'static str,
    field: &'static str,
    patch_key: &'static str,
    apply_keys: &'static str,
) -> Rule {
    Rule { parent, field, patch_key, apply_keys }
}

/// The first row that fits holds. `=` as patch key is a list of plain values that merges as a set.
const LISTS: &[Rule] = &[
    rule("*", "containers", "name", "name"),
    rule("*", "initContainers", "name", "name"),
    rule("*", "ephemeralContainers", "name", "name"),
    rule("*", "volumes", "name", "name"),
    rule("*", "env", "name", "name"),
    rule("*", "volumeMounts", "mountPath", "mountPath"),
    rule("*", "volumeDevices", "devicePath", "devicePath"),
    rule("*", "imagePullSecrets", "name", "name"),
    rule("*", "hostAliases", "ip", "ip"),
    rule("*", "topologySpreadConstraints", "topologyKey", "topologyKey,whenUnsatisfiable"),
    rule("*", "resourceClaims", "name", "name"),
    rule("*", "schedulingGates", "name", "name"),
    rule("*", "hostIPs", "", ""),
    rule("*", "podIPs", "ip", "ip"),
    rule("*", "conditions", "type", "type"),
    rule("*", "addresses", "type", "type"),
    rule("*", "taints", "key", ""),
    rule("*", "podCIDRs", "=", "="),
    rule("*", "finalizers", "=", "="),
    rule("*", "ownerReferences", "uid", "uid"),
    rule("*", "secrets", "name", "name"),
    rule("*", "webhooks", "name", "name"),
    rule("*", "sysctls", "", ""),
    rule("*", "images", "", ""),
    rule("containers", "ports", "containerPort", "containerPort,protocol"),
    rule("initContainers", "ports", "containerPort", "containerPort,protocol"),
    rule("ephemeralContainers", "ports", "containerPort", "containerPort,protocol"),
    rule("spec", "ports", "port", "port,protocol"),
    rule("sources", "items", "", ""),
];

/// Maps of the built-in kinds that are one value.
const ATOMIC_MAPS: &[&str] = &[
    "selector",
    "matchLabels",
    "nodeSelector",
    "podSelector",
    "namespaceSelector",
    "labelSelector",
    "roleRef",
    "scaleTargetRef",
    "claimRef",
    "secretKeyRef",
    "configMapKeyRef",
    "fieldRef",
    "resourceFieldRef",
    "involvedObject",
    "targetRef",
    "dataSource",
    "nodeSelectorTerms",
];

/// Where in an object a walk is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape<'s> {
    /// In a built-in kind, at a field of a field.
    BuiltIn { parent: &'s str, field: &'s str },
    /// In a custom resource, at this schema.
    Custom(Option<&'s Value>),
}

impl<'s> Shape<'s> {
    /// The root of a kind's objects.
    pub(crate) fn of(kind: &'s Kind) -> Shape<'s> {
        match &kind.custom {
            Some(custom) => Shape::Custom(Some(&custom.schema)),
            None => Shape::BuiltIn { parent: "", field: "" },
        }
    }

    /// The shape of a field.
    pub(crate) fn child<'a>(self, name: &'a str) -> Shape<'a>
    where
        's: 'a,
    {
        match self {
            Shape::BuiltIn { field, .. } => Shape::BuiltIn { parent: field, field: name },
            Shape::Custom(_) if name == "metadata" => Shape::BuiltIn { parent: "", field: "metadata" },
            Shape::Custom(schema) => Shape::Custom(schema.and_then(|schema| {
                object::at(schema, &["properties", name]).or_else(|| schema.get("additionalProperties"))
            })),
        }
    }

    /// The shape of a list's items.
    pub(crate) fn item(self) -> Shape<'s> {
        match self {
            Shape::BuiltIn { .. } => self,
            Shape::Custom(schema) => Shape::Custom(schema.and_then(|schema| schema.get("items"))),
        }
    }

    /// Whether a map here is one value.
    pub(crate) fn is_atomic_map(self) -> bool {
        match self {
            Shape::BuiltIn { field, .. } => ATOMIC_MAPS.contains(&field),
            Shape::Custom(schema) => {
                schema.is_some_and(|schema| object::text(schema, &["x-kubernetes-map-type"]) == "atomic")
            }
        }
    }

    /// How server-side apply merges a list here.
    pub(crate) fn list(self) -> ListShape<'s> {
        match self {
            Shape::BuiltIn { parent, field } => {
                match find(parent, field).map_or("", |rule| rule.apply_keys) {
                    "" => ListShape::Atomic,
                    "=" => ListShape::Set,
                    keys => ListShape::Keyed(keys.split(',').collect()),
                }
            }
            Shape::Custom(None) => ListShape::Atomic,
            Shape::Custom(Some(schema)) => match object::text(schema, &["x-kubernetes-list-type"]) {
                "map" => ListShape::Keyed(object::texts(schema, &["x-kubernetes-list-map-keys"]).collect()),
                "set" => ListShape::Set,
                _ => ListShape::Atomic,
            },
        }
    }

    /// The key that a strategic merge patch merges a list here by.
    pub(crate) fn patch_list(self) -> ListShape<'s> {
        match self {
            Shape::BuiltIn { parent, field } => match find(parent, field).map_or("", |rule| rule.patch_key) {
                "" => ListShape::Atomic,
                "=" => ListShape::Set,
                key => ListShape::Keyed(vec![key]),
            },
            Shape::Custom(_) => ListShape::Atomic,
        }
    }
}

fn find(parent: &str, field: &str) -> Option<&'static Rule> {
    LISTS.iter().find(|rule| rule.field == field && (rule.parent == "*" || rule.parent == parent))
}

/// The path element of an item of a keyed list. Keys that the item does not have are left out, but for `protocol`,
/// whose default everybody relies on.
pub(crate) fn key_element(item: &Value, keys: &[&str]) -> String {
    let mut element = serde_json::Map::new();
    for key in keys {
        match item.get(*key) {
            Some(value) => element.insert((*key).to_owned(), value.clone()),
            None if *key == "protocol" => element.insert("protocol".to_owned(), "TCP".into()),
            None => None,
        };
    }
    format!("k:{}", Value::Object(element))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ports_are_keyed_by_where_they_are() {
        let root = Shape::BuiltIn { parent: "", field: "" };
        let service = root.child("spec").child("ports");
        assert_eq!(service.list(), ListShape::Keyed(vec!["port", "protocol"]));
        let container = root.child("spec").child("containers").item().child("ports");
        assert_eq!(container.patch_list(), ListShape::Keyed(vec!["containerPort"]));
        assert_eq!(root.child("endpoints").child("ports").list(), ListShape::Atomic);
    }

    #[test]
    fn a_key_without_protocol_is_that_of_tcp() {
        let element = key_element(&json!({"port": 80}), &["port", "protocol"]);
        assert_eq!(element, r#"k:{"port":80,"protocol":"TCP"}"#);
    }
}
