//! The OpenAPI description of the Prometheus API, made from one table; a test holds the table and the routes together.
//!
//! Served where Prometheus serves its own. JSON is YAML, so both kinds of readers can read it.

mod endpoints;
mod schemas;

use axum::response::{IntoResponse as _, Response};
use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use endpoints::{Answer, ENDPOINTS, Endpoint, Kind, Param};

/// Refusals that every path may answer with.
const REFUSALS: &[u16] = &[400, 401, 403, 404, 408, 413, 500, 503];
/// More of them, of paths that evaluate queries.
const OF_QUERIES: &[u16] = &[422, 499];

/// `openapi.yaml`.
pub(crate) async fn openapi() -> Response {
    let text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    ([(CONTENT_TYPE, "application/yaml")], text).into_response()
}

/// The description.
pub(crate) fn document() -> Value {
    let mut paths = Map::new();
    for endpoint in ENDPOINTS {
        let operations = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        for method in endpoint.methods {
            operations[method.as_str().to_lowercase()] = operation(endpoint, method);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Crowsnest: the Prometheus HTTP API",
            "description": "As Prometheus 3 documents it; docs/api.md tells the differences.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        // Below the base path, wherever this document is found.
        "servers": [{"url": "../.."}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "crowsnest_session"},
            },
        },
    })
}

fn operation(endpoint: &Endpoint, method: &Method) -> Value {
    let mut operation = json!({
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "responses": responses(endpoint),
    });
    let (in_path, others): (Vec<&Param>, Vec<&Param>) =
        endpoint.params.iter().partition(|param| param.kind == Kind::PathName);
    let mut parameters: Vec<Value> = in_path.into_iter().map(|param| parameter(param, "path")).collect();
    if let Some(media_type) = endpoint.body {
        let schema = json!({"type": "string", "format": "binary"});
        operation["requestBody"] = json!({"required": true, "content": {media_type: {"schema": schema}}});
    } else if *method == Method::POST && !others.is_empty() {
        operation["requestBody"] = form(&others);
    } else {
        parameters.extend(others.into_iter().map(|param| parameter(param, "query")));
    }
    operation["parameters"] = parameters.into();
    operation
}

fn parameter(param: &Param, place: &str) -> Value {
    let mut parameter = json!({
        "name": param.name,
        "in": place,
        "required": param.required,
        "description": param.doc,
        "schema": param.kind.schema(),
    });
    if param.kind == Kind::Texts || param.kind == Kind::Selectors {
        parameter["explode"] = json!(true);
    }
    parameter
}

/// The parameters of a POST.
fn form(params: &[&Param]) -> Value {
    let properties: Map<String, Value> =
        params.iter().map(|param| (param.name.to_owned(), param.kind.schema())).collect();
    let required: Vec<&str> = params.iter().filter(|param| param.required).map(|param| param.name).collect();
    let schema = json!({"type": "object", "properties": properties, "required": required});
    json!({"required": !required.is_empty(), "content": {"application/x-www-form-urlencoded": {"schema": schema}}})
}

fn responses(endpoint: &Endpoint) -> Value {
    let mut responses = Map::new();
    let described = |content: Value| json!({"description": "The answer.", "content": content});
    match endpoint.answer {
        Answer::Data(schema) => {
            let reference = json!({"$ref": format!("#/components/schemas/{schema}")});
            let envelope = schemas::envelope(&reference);
            responses.insert("200".into(), described(json!({"application/json": {"schema": envelope}})));
        }
        Answer::Text(media_type) => {
            responses.insert("200".into(), described(json!({media_type: {"schema": {}}})));
        }
        Answer::Nothing => {
            responses.insert("204".into(), json!({"description": "Done."}));
        }
    }
    let nothing = [("/live", "As many listen as may."), ("/query_exemplars", "The query selects no series.")];
    if let Some((_, why)) = nothing.iter().find(|(end, _)| endpoint.path.ends_with(end)) {
        responses.insert("204".into(), json!({"description": why}));
    }
    let of_queries = if endpoint.evaluates { OF_QUERIES } else { &[] };
    let (media_type, schema) = match endpoint.path.starts_with("/api/v1/") {
        true => ("application/json", "Error"),
        false => ("application/problem+json", "Problem"),
    };
    let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
    for status in REFUSALS.iter().chain(of_queries) {
        let refusal = json!({"description": "Refused.", "content": {media_type: {"schema": schema}}});
        responses.insert(status.to_string(), refusal);
    }
    responses.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_that_is_named_is_there() {
        let document = document();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let text = document.to_string();
        let named = text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap());
        for name in named {
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
