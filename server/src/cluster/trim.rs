//! Leaving out of objects what nobody looks at, and what nobody should see in passing.

use crowsnest_api::changes::HIDDEN;
use crowsnest_api::cluster::Kind;
use serde_json::Value;

use super::Form;
use super::table::CELLS;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Whether objects of a kind hold secrets, which are fetched one by one and never listed.
pub(crate) fn is_secret(kind: &Kind) -> bool {
    kind.group().is_empty() && kind.resource() == "secrets"
}

impl Form {
    /// How objects of a kind are listed.
    pub(crate) fn of_list(kind: &Kind) -> Self {
        if is_secret(kind) { Self::MetadataList } else { Self::Whole }
    }

    /// How objects of a kind are watched.
    pub(crate) fn of_watch(kind: &Kind) -> Self {
        if is_secret(kind) { Self::Metadata } else { Self::Whole }
    }
}

/// Whether an object comes with who manages which of its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Managers {
    Hidden,
    Shown,
}

/// An object by itself: without who manages which field unless that is asked for, and of a secret the names of its values only,
/// each of which is told by itself (see `http/reveal.rs`).
pub(crate) fn trim_object(kind: &Kind, object: &mut Value, managers: Managers) {
    if managers == Managers::Hidden {
        remove_managed_fields(object);
    }
    if is_secret(kind) {
        remove_last_applied(object);
        hide_values(object);
    }
}

fn hide_values(object: &mut Value) {
    for field in ["data", "stringData"] {
        if let Some(values) = object.get_mut(field).and_then(Value::as_object_mut) {
            values.values_mut().for_each(|value| *value = HIDDEN.into());
        }
    }
}

/// An object among others: without the copy of itself as well, and of a secret nothing but its metadata, whatever the
/// API server has sent.
pub(crate) fn trim_listed(kind: &Kind, object: &mut Value) {
    remove_managed_fields(object);
    remove_last_applied(object);
    if is_secret(kind)
        && let Some(fields) = object.as_object_mut()
    {
        fields.retain(|name, _| matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "type" | CELLS));
    }
}

fn remove_managed_fields(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}

fn remove_last_applied(object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) else { return };
    annotations.remove(LAST_APPLIED);
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object() -> Value {
        json!({"metadata": {"name": "x", "managedFields": [{}], "annotations": {LAST_APPLIED: "{…}"}},
            "data": {"key": "dmFsdWU="}, "stringData": {"key": "value"}, "immutable": true})
    }

    #[test]
    fn a_listed_object_has_neither_managers_nor_a_copy_of_itself() {
        let mut listed = object();
        trim_listed(&"core.v1.configmaps".parse().unwrap(), &mut listed);
        assert_eq!(listed["metadata"], json!({"name": "x"}));
        assert_eq!(listed["data"], json!({"key": "dmFsdWU="}));
    }

    #[test]
    fn a_listed_secret_is_its_metadata_even_if_the_api_server_sent_all_of_it() {
        let mut listed = object();
        trim_listed(&"core.v1.secrets".parse().unwrap(), &mut listed);
        assert_eq!(listed, json!({"metadata": {"name": "x"}}));
    }

    #[test]
    fn an_object_by_itself_keeps_what_was_applied_unless_it_is_a_secret() {
        let mut one = object();
        trim_object(&"core.v1.configmaps".parse().unwrap(), &mut one, Managers::Hidden);
        assert_eq!(one["metadata"], json!({"name": "x", "annotations": {LAST_APPLIED: "{…}"}}));
        let mut secret = object();
        trim_object(&"core.v1.secrets".parse().unwrap(), &mut secret, Managers::Shown);
        assert_eq!(secret["metadata"], json!({"name": "x", "managedFields": [{}]}));
    }

    #[test]
    fn of_a_secret_by_itself_the_names_of_values_are_shown() {
        let mut secret = object();
        trim_object(&"core.v1.secrets".parse().unwrap(), &mut secret, Managers::Hidden);
        assert_eq!(
            (&secret["data"], &secret["stringData"]),
            (&json!({"key": HIDDEN}), &json!({"key": HIDDEN}))
        );
    }
}
