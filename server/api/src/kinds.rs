//! Which kinds of objects an API server serves, and the columns of its own tables.

use serde::{Deserialize, Serialize};

/// Kinds that one answer tells of at most.
pub const MAX_KINDS: usize = 2_000;

/// `GET /api/crowsnest/v1/kinds`: what the API server serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedKinds {
    /// By group and resource.
    pub kinds: Vec<ServedKind>,
    /// What could not be asked for: groups whose own server does not answer. Left out where nothing is missing.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub missing: Vec<String>,
}

/// One kind of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServedKind {
    /// The API group; empty for the core group.
    #[serde(default)]
    pub group: String,
    /// The plural name, such as `deployments`.
    pub resource: String,
    /// The version that the API server prefers.
    pub version: String,
    /// The other versions in which it is served.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub versions: Vec<String>,
    /// What one of them is called, such as `Deployment`.
    pub kind: String,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// What can be done with it, such as `list`.
    pub verbs: Vec<String>,
    /// Such as `deploy`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub short_names: Vec<String>,
    /// Such as `all`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub categories: Vec<String>,
    /// What is below its objects, such as `scale`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub subresources: Vec<String>,
}

/// A page of a list in the API server's own columns: `objects/{kind}/{namespace}?as=table`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TablePage {
    /// In their order.
    pub columns: Vec<TableColumn>,
    /// Each with `metadata`, and `cells` by the names of their columns.
    pub items: Vec<serde_json::Value>,
    /// With what the next page is asked for; left out at the end.
    #[serde(rename = "continue", skip_serializing_if = "String::is_empty", default)]
    pub next: String,
}

/// A column of such a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableColumn {
    /// Its head.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// `name` for the one with names; most often empty.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub format: String,
    /// What it tells.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub description: String,
    /// 0 for what is always shown; more for what wide tables show.
    #[serde(default)]
    pub priority: i32,
}
