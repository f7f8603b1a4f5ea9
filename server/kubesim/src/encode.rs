//! Which form of an answer a client accepts: objects, tables, or metadata alone.

use crate::{request::Request, status::ApiError, table::Include};

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    Object,
    Table(Include),
    Metadata,
}

const SERVED: &[&str] = &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/// The first form in `Accept` that can be served.
pub(crate) fn form(request: &Request) -> Result<Form, ApiError> {
    let accept = request.header("accept");
    if accept.is_empty() {
        return Ok(Form::Object);
    }
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        if !matches!(media_type, "application/json" | "application/*" | "*/*") {
            continue;
        }
        let parameter = |name: &str| {
            range.split(';').skip(1).find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let is_meta =
            parameter("g") == Some("meta.k8s.io") && matches!(parameter("v"), Some("v1" | "v1beta1"));
        match parameter("as") {
            None => return Ok(Form::Object),
            Some("Table") if is_meta => {
                return Ok(Form::Table(match request.query.non_empty("includeObject") {
                    Some("None") => Include::None,
                    Some("Object") => Include::Object,
                    _ => Include::Metadata,
                }));
            }
            Some("PartialObjectMetadataList" | "PartialObjectMetadata") if is_meta => {
                return Ok(Form::Metadata);
            }
            Some(_) => {}
        }
    }
    Err(ApiError::not_acceptable(SERVED))
}

/// Whether `Accept` asks for the aggregated form of discovery first.
pub(crate) fn wants_aggregated_discovery(accept: &str) -> bool {
    accept.split(',').next().is_some_and(|range| {
        range.contains("g=apidiscovery.k8s.io")
            && range.contains("v=v2")
            && range.contains("as=APIGroupDiscoveryList")
    })
}
