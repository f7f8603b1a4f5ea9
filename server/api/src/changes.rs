//! Changing the cluster: bodies of `/api/crowsnest/v1/objects/…`, `apply` and `reveal`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Problem;

/// In place of a value of a Secret. No base64, so that an API server refuses it should it ever come back.
pub const HIDDEN: &str = "\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}";
/// Objects that one request may bring.
pub const MAX_OBJECTS: usize = 200;
/// Who manages the fields that are set through us, unless somebody says another name.
pub const FIELD_MANAGER: &str = "crowsnest";

/// One of the reasons for a refusal, as the API server lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cause {
    /// For programs, such as `FieldManagerConflict` or `FieldValueInvalid`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// For people.
    pub message: String,
    /// The field, such as `.spec.replicas`; empty where it is about none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// Of a conflict: who manages the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
}

/// How far a request with many objects came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// Nothing is changed: it was a trial, or the trial before it failed.
    Nothing,
    /// Some objects are changed, then one failed.
    Some,
    /// All are as they were sent.
    All,
}

/// What became, or would become, of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was not there.
    Created,
    /// It was there and is another now.
    Configured,
    /// It was there and is the same.
    Unchanged,
    /// It cannot be tried before an object above it is there: its namespace, or the definition of its kind.
    Waits,
    /// It was refused.
    Failed,
    /// One before it failed.
    Untried,
}

/// `POST apply`: what became of each object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Whether nothing was to be changed.
    pub dry_run: bool,
    /// How far it came.
    pub extent: Extent,
    /// In the order of the text.
    pub results: Vec<ObjectResult>,
}

/// One object of [`Report`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectResult {
    /// Where the object begins in the text, counted from 1.
    pub line: usize,
    /// Its `kind`.
    pub kind: String,
    /// Its namespace; empty for what has none.
    pub namespace: String,
    /// Its name; empty until the API server gives it one.
    pub name: String,
    /// Its kind as addresses have it, such as `apps.v1.deployments`, where the cluster knows it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<Problem>,
    /// What it was, without who manages its fields.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Value>,
    /// What it is, or would be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Value>,
}

/// `POST reveal/{namespace}/{name}?key=…`: one value of a Secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revealed {
    /// The value in base64, as the Secret has it.
    pub value: String,
}
