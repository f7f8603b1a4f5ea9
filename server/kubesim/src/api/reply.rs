//! What goes back to the client.

use http::{StatusCode, header};
use serde_json::Value;

use super::{log::Follow, watch::Events};
use crate::{
    encode::{Form, form},
    kind::Kind,
    port_forward::PortForward,
    proxy::Forward,
    request::Request,
    session::Session,
    status::ApiError,
    table,
};

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) code: StatusCode,
    /// Empty where there is no content.
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(header::HeaderName, String)>,
    pub(crate) body: Body,
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Body {
    Json(Value),
    Text(String),
    /// A watch: events until it ends.
    Events(Box<Events>),
    /// A log that is followed.
    Log(Box<Follow>),
    /// The connection becomes a session.
    Session(Box<Session>),
    /// The connection leads to ports of a pod.
    PortForward(Box<PortForward>),
    /// Somebody else answers; what else the reply has does not count.
    Forward(Box<Forward>),
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
/// What logs are.
pub(super) const PLAIN: &str = "text/plain";

impl Reply {
    pub(crate) fn json(code: StatusCode, value: Value) -> Reply {
        Reply { code, content_type: JSON, headers: Vec::new(), body: Body::Json(value) }
    }

    /// 200 with JSON that has been written already.
    pub(crate) fn json_text(text: String) -> Reply {
        Reply { code: StatusCode::OK, content_type: JSON, headers: Vec::new(), body: Body::Text(text) }
    }

    pub(crate) fn ok(value: Value) -> Reply {
        Reply::json(StatusCode::OK, value)
    }

    pub(crate) fn text(code: StatusCode, text: impl Into<String>) -> Reply {
        Reply {
            code,
            content_type: TEXT,
            headers: vec![(header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned())],
            body: Body::Text(text.into()),
        }
    }

    /// What Go's HTTP server says about a path that nothing handles.
    pub(crate) fn not_found_page() -> Reply {
        Reply::text(StatusCode::NOT_FOUND, "404 page not found\n")
    }

    pub(crate) fn events(events: Events) -> Reply {
        Reply::body(Body::Events(Box::new(events)))
    }

    pub(crate) fn body(body: Body) -> Reply {
        Reply { code: StatusCode::OK, content_type: JSON, headers: Vec::new(), body }
    }

    pub(crate) fn error(error: &ApiError) -> Reply {
        let mut reply = Reply::json(error.code, error.to_value());
        if error.code == StatusCode::FORBIDDEN {
            reply.headers.push((header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()));
        }
        if let Some(seconds) = error.retry_after {
            reply.headers.push((header::RETRY_AFTER, seconds.to_string()));
        }
        reply
    }

    /// One object, in the form that the client accepts. `stored` is as it is in the store.
    pub(crate) fn object(
        code: StatusCode,
        request: &Request,
        kind: &Kind,
        stored: &Value,
        now: jiff::Timestamp,
    ) -> Result<Reply, ApiError> {
        let value = match form(request)? {
            Form::Object => kind.present(stored),
            Form::Metadata => table::partial(stored),
            Form::Table(include) => serde_json::json!({
                "kind": "Table", "apiVersion": "meta.k8s.io/v1",
                "metadata": {"resourceVersion": crate::object::text(stored, &["metadata", "resourceVersion"])},
                "columnDefinitions": table::definitions(kind),
                "rows": [table::row(kind, stored, include, now)],
            }),
        };
        Ok(Reply::json(code, value))
    }

    /// Adds a `Warning` header for each text.
    pub(crate) fn with_warnings(mut self, warnings: &[String]) -> Reply {
        for warning in warnings {
            let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
            self.headers.push((header::WARNING, format!("299 - \"{quoted}\"")));
        }
        self
    }
}
