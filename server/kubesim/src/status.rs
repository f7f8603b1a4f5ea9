//! `metav1.Status`: how the API server says no, in the words that clients parse.

use http::StatusCode;
use serde_json::{Map, Value, json};

/// A refusal. Becomes a `Status` object with the HTTP status of its code.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ApiError {
    pub(crate) code: StatusCode,
    /// One of the `StatusReason` words; empty is left out.
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) details: Option<Value>,
    /// Seconds for the `Retry-After` header.
    pub(crate) retry_after: Option<u32>,
}

/// One problem with one field, of a 422 answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cause {
    pub(crate) reason: &'static str,
    pub(crate) field: String,
    pub(crate) message: String,
}

impl Cause {
    pub(crate) fn required(field: impl Into<String>, detail: &str) -> Cause {
        let message =
            if detail.is_empty() { "Required value".to_owned() } else { format!("Required value: {detail}") };
        Cause { reason: "FieldValueRequired", field: field.into(), message }
    }

    /// `value` as JSON writes it: text in quotes, numbers bare.
    pub(crate) fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Cause {
        Cause {
            reason: "FieldValueInvalid",
            field: field.into(),
            message: format!("Invalid value: {value}: {detail}"),
        }
    }

    pub(crate) fn with_reason(mut self, reason: &'static str) -> Cause {
        self.reason = reason;
        self
    }

    pub(crate) fn not_supported(field: impl Into<String>, value: &Value, supported: &[Value]) -> Cause {
        let words: Vec<String> = supported.iter().map(Value::to_string).collect();
        Cause {
            reason: "FieldValueNotSupported",
            field: field.into(),
            message: format!("Unsupported value: {value}: supported values: {}", words.join(", ")),
        }
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Cause {
        Cause {
            reason: "FieldValueDuplicate",
            field: field.into(),
            message: format!("Duplicate value: {value}"),
        }
    }

    pub(crate) fn not_found(field: impl Into<String>, value: &Value) -> Cause {
        Cause { reason: "FieldValueNotFound", field: field.into(), message: format!("Not found: {value}") }
    }

    pub(crate) fn forbidden(field: impl Into<String>, detail: &str) -> Cause {
        Cause { reason: "FieldValueForbidden", field: field.into(), message: format!("Forbidden: {detail}") }
    }
}

impl ApiError {
    fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> ApiError {
        ApiError { code, reason, message: message.into(), details: None, retry_after: None }
    }

    fn about(mut self, group: &str, kind: &str, name: &str) -> ApiError {
        self.details = Some(Value::Object(details(group, kind, name)));
        self
    }

    pub(crate) fn with_details(mut self, details: Value) -> ApiError {
        self.details = Some(details);
        self
    }

    /// 404 for an object. `resource` is the plural.
    pub(crate) fn not_found(group: &str, resource: &str, name: &str) -> ApiError {
        let message = format!("{} \"{name}\" not found", qualified(resource, group));
        ApiError::new(StatusCode::NOT_FOUND, "NotFound", message).about(group, resource, name)
    }

    /// 404 for a path that is no resource.
    pub(crate) fn no_such_resource() -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "NotFound", "the server could not find the requested resource")
            .with_details(json!({}))
    }

    pub(crate) fn method_not_allowed() -> ApiError {
        let message = "the server does not allow this method on the requested resource";
        ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message).with_details(json!({}))
    }

    pub(crate) fn already_exists(group: &str, resource: &str, name: &str) -> ApiError {
        let message = format!("{} \"{name}\" already exists", qualified(resource, group));
        ApiError::new(StatusCode::CONFLICT, "AlreadyExists", message).about(group, resource, name)
    }

    pub(crate) fn conflict(group: &str, resource: &str, name: &str, detail: &str) -> ApiError {
        let message =
            format!("Operation cannot be fulfilled on {} \"{name}\": {detail}", qualified(resource, group));
        ApiError::new(StatusCode::CONFLICT, "Conflict", message).about(group, resource, name)
    }

    /// 409 of server-side apply: another manager owns what this one wants to set.
    pub(crate) fn apply_conflict(message: String, causes: &[Value]) -> ApiError {
        ApiError::new(StatusCode::CONFLICT, "Conflict", message).with_details(json!({ "causes": causes }))
    }

    /// 422 with its causes. `kind` is the kind, not the plural.
    pub(crate) fn invalid(group: &str, kind: &str, name: &str, causes: &[Cause]) -> ApiError {
        let mut lines: Vec<String> = Vec::new();
        for cause in causes {
            let line = format!("{}: {}", cause.field, cause.message);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let problems = match lines.as_slice() {
            [only] => only.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let message = format!("{} \"{name}\" is invalid: {problems}", qualified(kind, group));
        let mut about = details(group, kind, name);
        let causes: Vec<Value> = causes
            .iter()
            .map(|cause| json!({"reason": cause.reason, "message": cause.message, "field": cause.field}))
            .collect();
        about.insert("causes".to_owned(), Value::Array(causes));
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message).with_details(Value::Object(about))
    }

    /// 422 of a patch that cannot be carried out; the server keeps the reason to itself.
    pub(crate) fn unprocessable_patch() -> ApiError {
        let message = "the server rejected our request due to an error in our request";
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message).with_details(json!({}))
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(crate) fn unauthorized() -> ApiError {
        ApiError::new(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized")
    }

    /// 403 for an object or a resource; `detail` says who may not do what.
    pub(crate) fn forbidden(group: &str, resource: &str, name: &str, detail: &str) -> ApiError {
        let subject = match (resource.is_empty(), name.is_empty()) {
            (true, _) => String::new(),
            (false, true) => format!("{} is ", qualified(resource, group)),
            (false, false) => format!("{} \"{name}\" is ", qualified(resource, group)),
        };
        ApiError::new(StatusCode::FORBIDDEN, "Forbidden", format!("{subject}forbidden: {detail}"))
            .about(group, resource, name)
    }

    pub(crate) fn unsupported_media_type(accepted: &[&str]) -> ApiError {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
    }

    pub(crate) fn not_acceptable(accepted: &[&str]) -> ApiError {
        let message = format!("only the following media types are accepted: {}", accepted.join(", "));
        ApiError::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message)
    }

    pub(crate) fn too_large(limit: usize) -> ApiError {
        let message = format!("Request entity too large: limit is {limit}");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
    }

    /// 410: the asked-for history is gone. The client lists again.
    pub(crate) fn expired(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::GONE, "Expired", message)
    }

    /// 504: a resourceVersion from the future.
    pub(crate) fn too_large_resource_version(asked: u64, current: u64) -> ApiError {
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let cause = json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
        let mut error = ApiError::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message)
            .with_details(json!({"causes": [cause], "retryAfterSeconds": 1}));
        error.retry_after = Some(1);
        error
    }

    /// 500 of a watch that begins with the state where the storage does not tell how far it is.
    pub(crate) fn no_progress() -> ApiError {
        let message = "a watch stream was requested by the client but the required storage feature RequestWatchProgress is disabled";
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }

    /// 429 of an eviction that a disruption budget does not allow.
    pub(crate) fn disruption_budget(detail: &str) -> ApiError {
        let message = "Cannot evict pod as it would violate the pod's disruption budget.";
        let cause = json!({"reason": "DisruptionBudget", "message": detail});
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message)
            .with_details(json!({ "causes": [cause] }))
    }

    /// 500 with a message and no reason, as errors that the API server did not expect come out.
    pub(crate) fn unexpected(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "", message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
    }

    /// The `Status` object.
    pub(crate) fn to_value(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code.as_u16(),
        });
        if let Value::Object(fields) = &mut status {
            if !self.reason.is_empty() {
                fields.insert("reason".to_owned(), self.reason.into());
            }
            if let Some(details) = &self.details {
                fields.insert("details".to_owned(), details.clone());
            }
        }
        status
    }
}

/// `deployments.apps`, or `pods` in the core group.
pub(crate) fn qualified(resource: &str, group: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

fn details(group: &str, kind: &str, name: &str) -> Map<String, Value> {
    [("name", name), ("group", group), ("kind", kind)]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(field, value)| (field.to_owned(), value.into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cause_stands_alone_and_several_in_brackets() {
        let color = Cause::not_supported("spec.color", &json!("green"), &[json!("red"), json!("blue")]);
        let size = Cause::required("spec.size", "");
        let one = ApiError::invalid("example.org", "Widget", "w", std::slice::from_ref(&size));
        assert_eq!(one.message, "Widget.example.org \"w\" is invalid: spec.size: Required value");
        let two = ApiError::invalid("example.org", "Widget", "w", &[color, size]);
        assert_eq!(
            two.message,
            "Widget.example.org \"w\" is invalid: [spec.color: Unsupported value: \"green\": supported values: \
             \"red\", \"blue\", spec.size: Required value]"
        );
    }

    #[test]
    fn the_core_group_is_not_named() {
        let error = ApiError::not_found("", "pods", "none");
        assert_eq!(error.message, "pods \"none\" not found");
        assert_eq!(error.details, Some(json!({"name": "none", "kind": "pods"})));
    }
}
