//! What the API server asks of a server behind it: which kinds there are. The page, and everything below it, is one object of a
//! kind that is no kind.

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use serde_json::{Value, json};

/// Our group among the API server's.
const GROUP: &str = "ui.crowsnest.dev";

/// `/apis/ui.crowsnest.dev`: the versions of our group.
pub(super) async fn group() -> Json<Value> {
    let version = json!({"groupVersion": format!("{GROUP}/v1"), "version": "v1"});
    Json(json!({
        "kind": "APIGroup", "apiVersion": "v1", "name": GROUP, "versions": [version], "preferredVersion": version,
    }))
}

/// `/apis/ui.crowsnest.dev/v1`: the kinds of it. The API server asks this again and again, to see whether we are there.
pub(super) async fn kinds() -> Json<Value> {
    Json(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": format!("{GROUP}/v1"),
        "resources": [{
            "name": "web", "singularName": "", "namespaced": false, "kind": "Web",
            "verbs": ["get", "list", "create", "update", "patch", "delete"],
        }],
    }))
}

/// The page's address without the slash at its end. A redirect would be refused by the API server.
pub(super) fn onward() -> Response {
    let page = "<!doctype html>\n<meta http-equiv=\"refresh\" content=\"0; url=web/\">\n<a href=\"web/\">Crowsnest</a>\n";
    let mut response = page.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}
