//! What goes wrong, and how it is told: Prometheus's envelope under `/api/v1`, `application/problem+json` elsewhere.
//!
//! Handlers return an [`ApiError`]; only this file turns it into a body, and into a log line when it is our fault.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use crowsnest_api::Problem;
use crowsnest_api::changes::Cause;
use crowsnest_api::prometheus::{self, ErrorType};
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode, Version};
use tracing::{error, warn};

use crate::cluster::Status;

/// Kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    BadRequest,
    NoCredentials,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    RequestTimeout,
    TooLarge,
    UnsupportedMediaType,
    MisdirectedRequest,
    Execution,
    TooManyRequests,
    Canceled,
    /// What is off by configuration. Prometheus tells it with a status that blames itself.
    Disabled,
    /// What Prometheus has a path for and no more, told as an internal error.
    NotImplemented,
    Internal,
    BadGateway,
    Unavailable,
    QueryTimeout,
}

/// One row a kind: HTTP status, Prometheus's word, problem title.
const KINDS: &[(ErrorKind, u16, ErrorType, &str)] = &[
    (ErrorKind::BadRequest, 400, ErrorType::BadData, "Bad request"),
    (ErrorKind::NoCredentials, 401, ErrorType::Unauthorized, "Not signed in"),
    (ErrorKind::Forbidden, 403, ErrorType::Unauthorized, "Not allowed"),
    (ErrorKind::NotFound, 404, ErrorType::NotFound, "Not found"),
    (ErrorKind::MethodNotAllowed, 405, ErrorType::BadData, "Method not allowed"),
    (ErrorKind::Conflict, 409, ErrorType::BadData, "Changed meanwhile"),
    (ErrorKind::RequestTimeout, 408, ErrorType::Timeout, "Request took too long"),
    (ErrorKind::TooLarge, 413, ErrorType::BadData, "Request too large"),
    (ErrorKind::UnsupportedMediaType, 415, ErrorType::BadData, "Unsupported media type"),
    (ErrorKind::MisdirectedRequest, 421, ErrorType::BadData, "Wrong host"),
    (ErrorKind::Execution, 422, ErrorType::Execution, "Query failed"),
    (ErrorKind::TooManyRequests, 429, ErrorType::Unavailable, "Too many requests"),
    (ErrorKind::Canceled, 499, ErrorType::Canceled, "Cancelled"),
    (ErrorKind::Internal, 500, ErrorType::Internal, "Internal error"),
    (ErrorKind::NotImplemented, 500, ErrorType::Internal, "Not implemented"),
    (ErrorKind::Disabled, 500, ErrorType::Unavailable, "Switched off"),
    (ErrorKind::BadGateway, 502, ErrorType::Unavailable, "Bad answer from the Kubernetes API server"),
    (ErrorKind::Unavailable, 503, ErrorType::Unavailable, "Not available now"),
    (ErrorKind::QueryTimeout, 503, ErrorType::Timeout, "Query took too long"),
];

impl ErrorKind {
    fn row(self) -> (StatusCode, ErrorType, &'static str) {
        KINDS.iter().find(|(kind, ..)| *kind == self).map_or(
            (StatusCode::INTERNAL_SERVER_ERROR, ErrorType::Internal, "Internal error"),
            |(_, status, error_type, title)| {
                (
                    StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                    *error_type,
                    *title,
                )
            },
        )
    }

    fn of(status: StatusCode) -> Self {
        let known = KINDS.iter().find(|(_, code, ..)| *code == status.as_u16()).map(|(kind, ..)| *kind);
        known.unwrap_or(if status.is_client_error() { Self::BadRequest } else { Self::Internal })
    }
}

/// An error with a message for the user and, where it is our fault, a cause for the log.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    kind: ErrorKind,
    /// What the Kubernetes API server gave, where it is passed on.
    relayed: Option<Box<Relayed>>,
    message: String,
    cause: Option<Arc<anyhow::Error>>,
    retry_after: Option<Duration>,
    closes: bool,
    /// What the answer says beside its body.
    headers: Option<Box<HeaderMap>>,
}

/// A refusal of the Kubernetes API server.
#[derive(Clone, Debug)]
struct Relayed {
    status: StatusCode,
    reason: String,
    causes: Vec<Cause>,
}

impl ApiError {
    /// What the caller is told.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// An error that is explained to the user by `message`.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            relayed: None,
            message: message.into(),
            cause: None,
            retry_after: None,
            closes: false,
            headers: None,
        }
    }

    /// What the Kubernetes API server said to a request of this user's, passed on as it is.
    pub(crate) fn relayed(told: Status) -> Self {
        let status = StatusCode::from_u16(told.code).unwrap_or(StatusCode::BAD_GATEWAY);
        let causes = told.causes();
        let relayed = Relayed { status, reason: told.reason, causes };
        Self { relayed: Some(Box::new(relayed)), ..Self::new(ErrorKind::BadGateway, told.message) }
    }

    /// The request is malformed.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadRequest, message)
    }

    /// Our fault: the cause goes to the log, the user learns the request's id from the header.
    pub(crate) fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(
            ErrorKind::Internal,
            "something went wrong on our side; the log has it under this request's id",
        )
        .caused_by(cause)
    }

    /// The same with a cause for the log.
    pub(crate) fn caused_by(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(Arc::new(cause.into()));
        self
    }

    /// The same with a hint when to try again.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The same, and the connection ends with it, since part of the request has not been read.
    pub(crate) fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// The same with headers of its own.
    pub(crate) fn carrying(mut self, headers: HeaderMap) -> Self {
        self.headers = (!headers.is_empty()).then(|| Box::new(headers));
        self
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = self.headers.as_deref().cloned().unwrap_or_default();
        if let Some(wait) = self.retry_after {
            headers
                .insert(RETRY_AFTER, HeaderValue::from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)));
        }
        if self.kind == ErrorKind::NoCredentials {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"crowsnest\""));
        }
        headers
    }

    fn row(&self) -> (StatusCode, ErrorType, &'static str) {
        let (status, error_type, title) = self.kind.row();
        match self.relayed.as_ref().map(|relayed| relayed.status) {
            None => (status, error_type, title),
            Some(relayed) => (relayed, error_type, relayed.canonical_reason().unwrap_or(title)),
        }
    }

    /// The status that it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        self.row().0
    }

    /// The error as the caller reads it.
    pub(crate) fn problem(&self) -> Problem {
        let (status, _, title) = self.row();
        let (reason, causes) = match &self.relayed {
            Some(relayed) => (relayed.reason.clone(), relayed.causes.clone()),
            None => Default::default(),
        };
        let detail = (!self.message.is_empty()).then(|| self.message.clone());
        Problem { status: status.as_u16(), title: title.to_owned(), detail, reason, causes }
    }

    fn log(&self) {
        let status = self.status();
        match &self.cause {
            Some(cause) if self.kind == ErrorKind::Internal => {
                error!(err = &**cause.as_ref() as &dyn std::error::Error, "request failed");
            }
            Some(cause) => {
                warn!(
                    status = status.as_u16(),
                    err = &**cause.as_ref() as &dyn std::error::Error,
                    "request refused"
                );
            }
            None => {}
        }
    }

    fn render(&self, style: Style) -> Response {
        let (status, error_type, _) = self.row();
        let mut response = match style {
            Style::Prometheus => {
                let body: prometheus::Response<()> =
                    prometheus::Response::Error { error_type, error: self.message.clone() };
                (status, Json(body)).into_response()
            }
            Style::Problem => {
                let mut response = (status, Json(self.problem())).into_response();
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
                response
            }
        };
        response.headers_mut().extend(self.headers());
        response
    }
}

/// The status alone: [`shape`] adds the body, since only it knows which shape the path wants.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.row().0.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// On a response whose body is what it is to be, error or not: [`shape`] lets it pass.
#[derive(Clone, Copy)]
pub(crate) struct KeepsBody;

#[derive(Clone, Copy)]
enum Style {
    Prometheus,
    Problem,
}

/// Middleware: gives every error its body. Errors of axum and tower-http (no such route, body too large, …) become
/// [`ApiError`]s here.
pub(super) async fn shape(request: Request, next: Next) -> Response {
    let style = if request.uri().path().starts_with("/api/v1/") { Style::Prometheus } else { Style::Problem };
    let version = request.version();
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.extensions().get::<KeepsBody>().is_some() {
        return response;
    }
    let told = response.extensions().get::<ApiError>().cloned();
    let unread = told.as_ref().map_or(status == StatusCode::PAYLOAD_TOO_LARGE, |told| told.closes);
    let error = told.unwrap_or_else(|| ApiError::new(ErrorKind::of(status), stock_message(status)));
    error.log();
    let mut shaped = error.render(style);
    if unread && version < Version::HTTP_2 {
        // What is left of the body is in the way of a next request.
        shaped.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if let Some(allow) = response.headers().get(http::header::ALLOW) {
        shaped.headers_mut().insert(http::header::ALLOW, allow.clone());
    }
    shaped
}

fn stock_message(status: StatusCode) -> &'static str {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => "this path does not answer to this method",
        StatusCode::PAYLOAD_TOO_LARGE => "the request's body is larger than this path allows",
        StatusCode::REQUEST_TIMEOUT => "the request took too long",
        StatusCode::INTERNAL_SERVER_ERROR => {
            "something went wrong on our side; the log has it under this request's id"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row_with_a_valid_status() {
        for (kind, status, _, title) in KINDS {
            assert_eq!(KINDS.iter().filter(|(other, ..)| other == kind).count(), 1);
            assert!(StatusCode::from_u16(*status).is_ok() && !title.is_empty());
        }
    }

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds() {
        let error = ApiError::new(ErrorKind::Unavailable, "").retry_after(Duration::from_millis(1200));
        assert_eq!(error.headers()[RETRY_AFTER], "2");
    }
}
