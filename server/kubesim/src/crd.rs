//! Kinds that CustomResourceDefinitions add.

pub(crate) mod schema;

use std::sync::Arc;

use serde_json::Value;

use crate::{
    kind::{Kind, Subresource},
    object,
    status::qualified,
};

/// The table that definitions are stored in.
pub(crate) const TABLE: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// The verbs of a custom resource, in the order in which discovery has them.
const VERBS: &[&str] = &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

/// What a definition says about one version of its kind.
#[derive(Debug)]
pub(crate) struct CustomKind {
    pub(crate) schema: Value,
    /// `additionalPrinterColumns`
    pub(crate) columns: Vec<Value>,
    /// JSON paths that field selectors may name.
    pub(crate) selectable_fields: Vec<String>,
    pub(crate) scale: Option<Scale>,
}

/// Where a custom resource keeps its replica counts, as field names from its root.
#[derive(Debug, PartialEq)]
pub(crate) struct Scale {
    pub(crate) spec_replicas: Vec<String>,
    pub(crate) status_replicas: Vec<String>,
    pub(crate) selector: Vec<String>,
}

/// The kinds of a definition: one for each version that is served.
pub(crate) fn kinds(definition: &Value) -> Vec<Kind> {
    let group = object::text(definition, &["spec", "group"]);
    let names = |field: &str| object::text(definition, &["spec", "names", field]).to_owned();
    let words = |field: &str| -> Vec<String> {
        object::texts(definition, &["spec", "names", field]).map(str::to_owned).collect()
    };
    let versions = object::list(definition, &["spec", "versions"]);
    let storage = versions
        .iter()
        .find(|version| version.get("storage") == Some(&Value::Bool(true)))
        .map_or("v1", |version| object::text(version, &["name"]));
    versions
        .iter()
        .filter(|version| version.get("served") == Some(&Value::Bool(true)))
        .map(|version| Kind {
            group: group.to_owned(),
            version: object::text(version, &["name"]).to_owned(),
            kind: names("kind"),
            list_kind: or(names("listKind"), || format!("{}List", names("kind"))),
            plural: names("plural"),
            singular: or(names("singular"), || names("kind").to_lowercase()),
            short_names: words("shortNames"),
            categories: words("categories"),
            namespaced: object::text(definition, &["spec", "scope"]) != "Cluster",
            verbs: VERBS.to_vec(),
            subresources: subresources(version, &names("kind")),
            table: qualified(&names("plural"), group),
            stored_as: crate::kind::group_version(group, storage),
            fields: Vec::new(),
            custom: Some(Arc::new(custom(version))),
        })
        .collect()
}

fn or(text: String, fallback: impl FnOnce() -> String) -> String {
    if text.is_empty() { fallback() } else { text }
}

fn subresources(version: &Value, kind: &str) -> Vec<Subresource> {
    let has = |name: &str| object::at(version, &["subresources", name]).is_some();
    let verbs = vec!["get", "patch", "update"];
    let mut subresources = Vec::new();
    if has("status") {
        subresources.push(Subresource {
            name: "status".to_owned(),
            kind: kind.to_owned(),
            group_version: None,
            verbs: verbs.clone(),
        });
    }
    if has("scale") {
        subresources.push(Subresource {
            name: "scale".to_owned(),
            kind: "Scale".to_owned(),
            group_version: Some(("autoscaling".to_owned(), "v1".to_owned())),
            verbs,
        });
    }
    subresources
}

fn custom(version: &Value) -> CustomKind {
    let path = |field: &str| -> Vec<String> {
        object::text(version, &["subresources", "scale", field])
            .split('.')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    CustomKind {
        schema: object::at(version, &["schema", "openAPIV3Schema"]).cloned().unwrap_or_default(),
        columns: object::list(version, &["additionalPrinterColumns"]).to_vec(),
        selectable_fields: object::list(version, &["selectableFields"])
            .iter()
            .map(|field| object::text(field, &["jsonPath"]).to_owned())
            .collect(),
        scale: object::at(version, &["subresources", "scale"]).map(|_| Scale {
            spec_replicas: path("specReplicasPath"),
            status_replicas: path("statusReplicasPath"),
            selector: path("labelSelectorPath"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_definition_gives_a_kind_for_each_served_version() {
        let kinds = kinds(&json!({"spec": {"group": "example.org", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [
                {"name": "v1", "served": true, "storage": true, "subresources": {"scale":
                    {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"}}},
                {"name": "v0", "served": false}]}}));
        assert_eq!(kinds.len(), 1);
        assert_eq!(kinds[0].list_kind, "WidgetList");
        assert_eq!(kinds[0].custom.as_ref().unwrap().scale.as_ref().unwrap().spec_replicas, ["spec", "size"]);
    }
}
