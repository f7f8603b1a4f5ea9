//! Field selectors: `spec.nodeName=node-1,status.phase!=Running`.

use serde_json::Value;

use crate::{kind::Kind, object, status::ApiError};

/// Fields beside name and namespace that each kind can be selected by.
const FIELDS: &[(&str, &[&str])] = &[
    (
        "pods",
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    ),
    (
        "events",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
    ),
    ("nodes", &["spec.unschedulable"]),
    ("namespaces", &["status.phase"]),
    ("secrets", &["type"]),
    ("services", &["spec.clusterIP", "spec.type"]),
    ("replicationcontrollers", &["status.replicas"]),
    ("replicasets", &["status.replicas"]),
    ("jobs", &["status.successful"]),
    ("certificatesigningrequests", &["spec.signerName"]),
];

/// What fields must be like.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FieldSelector(Vec<(String, Comparison, String)>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equal,
    NotEqual,
}

impl FieldSelector {
    /// Reads the text of a `fieldSelector` parameter for a kind; an empty text selects everything.
    pub(crate) fn parse(text: &str, kind: &Kind) -> Result<FieldSelector, ApiError> {
        let mut terms = Vec::new();
        for term in text.split(',').filter(|term| !term.is_empty()) {
            let (field, comparison, value) = if let Some((field, value)) = term.split_once("!=") {
                (field, Comparison::NotEqual, value)
            } else if let Some((field, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
                (field, Comparison::Equal, value)
            } else {
                return Err(ApiError::bad_request(format!(
                    "invalid selector: '{term}'; can't understand '{term}'"
                )));
            };
            if !is_supported(kind, field) {
                return Err(ApiError::bad_request(format!("field label not supported: {field}")));
            }
            terms.push((field.to_owned(), comparison, value.to_owned()));
        }
        Ok(FieldSelector(terms))
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a stored object is selected.
    pub(crate) fn matches(&self, stored: &Value) -> bool {
        self.0.iter().all(|(field, comparison, wanted)| {
            let equal = &value_of(stored, field) == wanted;
            equal == (*comparison == Comparison::Equal)
        })
    }
}

fn is_supported(kind: &Kind, field: &str) -> bool {
    if matches!(field, "metadata.name" | "metadata.namespace") {
        return field == "metadata.name" || kind.namespaced;
    }
    if let Some(custom) = &kind.custom {
        return custom.selectable_fields.iter().any(|path| path.trim_start_matches('.') == field);
    }
    FIELDS.iter().any(|(plural, fields)| *plural == kind.plural && fields.contains(&field))
}

fn value_of(stored: &Value, field: &str) -> String {
    let path: Vec<&str> = match field {
        "source" => vec!["source", "component"],
        "status.successful" => vec!["status", "succeeded"],
        _ => field.split('.').collect(),
    };
    match object::at(stored, &path) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None if matches!(field, "spec.unschedulable" | "spec.hostNetwork") => {
            "false".to_owned()
        }
        Some(Value::Null) | None if field.starts_with("status.replicas") || field == "status.successful" => {
            "0".to_owned()
        }
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::Registry;

    #[test]
    fn a_field_is_compared_with_its_text() {
        let pods = Registry::new().find("", "v1", "pods").unwrap();
        let selector = FieldSelector::parse("spec.nodeName=a,status.phase!=Running", &pods).unwrap();
        assert!(selector.matches(&json!({"spec": {"nodeName": "a"}, "status": {"phase": "Pending"}})));
        assert!(!selector.matches(&json!({"spec": {"nodeName": "a"}, "status": {"phase": "Running"}})));
        let unscheduled = FieldSelector::parse("spec.nodeName=", &pods).unwrap();
        assert!(unscheduled.matches(&json!({"spec": {}})));
    }

    #[test]
    fn a_field_that_cannot_be_selected_by_is_refused() {
        let pods = Registry::new().find("", "v1", "pods").unwrap();
        let error = FieldSelector::parse("spec.nope=1", &pods).unwrap_err();
        assert_eq!(error.message, "field label not supported: spec.nope");
    }
}
