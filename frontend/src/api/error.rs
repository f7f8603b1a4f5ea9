//! What can go wrong between a click and its answer.

use crowsnest_api::Problem;
use crowsnest_api::prometheus::{ErrorType, Response};
use serde::de::IgnoredAny;

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ApiError {
    /// The server could not be reached.
    Unreachable,
    /// 401: there is no session, or no longer.
    SignedOut,
    /// 403, with what the server said about it.
    Denied(String),
    /// The query itself is wrong or failed; the text is the server's, and may hold a position.
    Query(String),
    /// Any other refusal, with its status and what the server said.
    Refused { status: u16, message: String },
    /// The answer is not what this version understands.
    Unreadable,
    /// The page no longer wants the answer.
    Aborted,
}

impl ApiError {
    /// The error that an answer with a status other than 2xx means.
    ///
    /// The body is in one of two shapes, Prometheus's or `application/problem+json`; a proxy between us and the server
    /// may send a third, of which only the status counts.
    pub(crate) fn of_response(status: u16, body: &str) -> Self {
        if status == 401 {
            return Self::SignedOut;
        }
        let (message, of_query) = match serde_json::from_str::<Response<IgnoredAny>>(body) {
            Ok(Response::Error { error_type, error }) => {
                let of_query = matches!(
                    error_type,
                    ErrorType::BadData | ErrorType::Execution | ErrorType::Timeout | ErrorType::Canceled
                );
                (error, of_query)
            }
            _ => match serde_json::from_str::<Problem>(body) {
                Ok(problem) => (problem.detail.unwrap_or(problem.title), false),
                // Alertmanager says it as a text.
                Err(_) => (serde_json::from_str(body).unwrap_or_else(|_| format!("HTTP {status}")), false),
            },
        };
        match status {
            403 => Self::Denied(message),
            _ if of_query => Self::Query(message),
            502..=504 if body.is_empty() => Self::Unreachable,
            _ => Self::Refused { status, message },
        }
    }

    /// What the server says in a body about why it refuses; empty where it says nothing that is understood.
    pub(crate) fn detail(body: &str) -> String {
        let problem = serde_json::from_str::<Problem>(body).ok();
        problem.map(|problem| problem.detail.unwrap_or(problem.title)).unwrap_or_default()
    }

    /// What the server said, where it said something.
    pub(crate) fn said(&self) -> Option<&str> {
        match self {
            Self::Denied(why) | Self::Query(why) | Self::Refused { message: why, .. } => Some(why),
            Self::Unreachable | Self::SignedOut | Self::Unreadable | Self::Aborted => None,
        }
    }

    /// Whether asking again may help without anybody changing anything.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            Self::SignedOut | Self::Denied(_) | Self::Query(_) | Self::Unreadable | Self::Aborted => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, expected: &ApiError) {
        assert_eq!(ApiError::of_response(status, body), *expected);
    }

    #[test]
    fn a_wrong_query_is_told_from_a_refusal() {
        let body = r#"{"status":"error","errorType":"bad_data","error":"1:5: parse error: unexpected end of input"}"#;
        check(400, body, &ApiError::Query("1:5: parse error: unexpected end of input".into()));
        let body = r#"{"status":"error","errorType":"internal","error":"disk full"}"#;
        check(500, body, &ApiError::Refused { status: 500, message: "disk full".into() });
    }

    #[test]
    fn a_problem_gives_its_detail_or_its_title() {
        let body = r#"{"status":403,"title":"forbidden","detail":"get nodes"}"#;
        check(403, body, &ApiError::Denied("get nodes".into()));
        let body = r#""silence not found""#;
        check(404, body, &ApiError::Refused { status: 404, message: "silence not found".into() });
        let body = r#"{"status":413,"title":"too large"}"#;
        check(413, body, &ApiError::Refused { status: 413, message: "too large".into() });
    }

    #[test]
    fn what_a_proxy_says_in_its_own_shape_leaves_the_status() {
        check(500, "<html>", &ApiError::Refused { status: 500, message: "HTTP 500".into() });
        check(502, "", &ApiError::Unreachable);
        check(401, "<html>", &ApiError::SignedOut);
    }

    #[test]
    fn only_passing_troubles_are_tried_again() {
        assert!(ApiError::Unreachable.may_pass());
        assert!(ApiError::Refused { status: 503, message: String::new() }.may_pass());
        assert!(!ApiError::Refused { status: 400, message: String::new() }.may_pass());
        assert!(!ApiError::Query(String::new()).may_pass());
    }
}
