//! What can go wrong between us and the API server.

use std::error::Error;
use std::time::Duration;

use crowsnest_api::changes::Cause;
use serde::Deserialize;

/// Causes of one refusal that are told.
const MAX_CAUSES: usize = 100;
/// The reason of a cause that is about a field which somebody else manages.
const CONFLICT: &str = "FieldManagerConflict";

/// Why a request to the API server came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClusterError {
    /// It answered, and said no.
    #[error("the Kubernetes API server refuses: {}", .0.message)]
    Refused(Status),
    /// It cannot be reached, or the connection broke.
    #[error("cannot reach the Kubernetes API server")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// It said nothing for too long.
    #[error("the Kubernetes API server did not answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// It said something that is not Kubernetes' API.
    #[error("the answer of the Kubernetes API server is not understood: {0}")]
    Answer(String),
}

/// A refusal of the API server, as it put it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Status {
    /// HTTP status.
    pub(crate) code: u16,
    /// For people.
    pub(crate) message: String,
    /// For programs, such as `Forbidden`.
    pub(crate) reason: String,
    details: Details,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    retry_after_seconds: Option<u64>,
    causes: Vec<Cause>,
}

impl Status {
    /// Reads the body of an answer with status `code`; one that is no Status is its own message.
    pub(crate) fn of(code: u16, body: &[u8]) -> Self {
        let told = serde_json::from_slice::<Self>(body).ok().filter(|status| !status.message.is_empty());
        told.map(|status| Self { code, ..status }).unwrap_or_else(|| {
            let text: String = String::from_utf8_lossy(body).trim().chars().take(500).collect();
            let message = if text.is_empty() { format!("HTTP status {code}") } else { text };
            Self { code, message, ..Self::default() }
        })
    }

    /// What the API server says to a credential that it does not know.
    pub(crate) fn unauthorized() -> Self {
        Self { code: 401, message: "Unauthorized".to_owned(), ..Self::default() }
    }

    /// What the API server would say to a question that makes no sense.
    pub(crate) fn bad_request(message: String) -> Self {
        Self { code: 400, message, ..Self::default() }
    }

    /// Whether a resource version is of no use any more: too old, or of a time before the API server lost its memory.
    pub(crate) fn is_gone(&self) -> bool {
        self.code == 410 || self.details.causes.iter().any(|cause| cause.reason == "ResourceVersionTooLarge")
    }

    /// The causes that it lists, at most [`MAX_CAUSES`]. Who manages a field that is in conflict, it says within a sentence only.
    pub(crate) fn causes(&self) -> Vec<Cause> {
        let told = self.details.causes.iter().take(MAX_CAUSES).cloned();
        told.map(|cause| Cause { manager: manager_of(&cause), ..cause }).collect()
    }

    /// When to try again, if it said so.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.details.retry_after_seconds.map(Duration::from_secs)
    }
}

impl ClusterError {
    /// The status of a refusal.
    pub(crate) const fn code(&self) -> Option<u16> {
        match self {
            Self::Refused(status) => Some(status.code),
            _ => None,
        }
    }

    /// What happened, with its cause, on one line for a user.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Refused(status) => status.message.clone(),
            Self::Unreachable(cause) => format!("{self}: {}", innermost(&**cause)),
            Self::TimedOut(_) | Self::Answer(_) => self.to_string(),
        }
    }
}

/// The name in quotes of `conflict with "kubectl" using apps/v1`, or with a subresource `… with subresource "scale" …`.
fn manager_of(cause: &Cause) -> Option<String> {
    let named = (cause.reason == CONFLICT).then(|| cause.message.split_once("conflict with \""))??;
    named.1.split_once('"').map(|(manager, _)| manager.to_owned())
}

/// The cause of all causes, which says most.
fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_the_api_server_said() {
        let body = br#"{"kind":"Status","status":"Failure","message":"pods is forbidden","reason":"Forbidden","code":403,
            "details":{"kind":"pods","retryAfterSeconds":3}}"#;
        let status = Status::of(403, body);
        assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"));
        assert_eq!(status.retry_after(), Some(Duration::from_secs(3)));
        assert_eq!(ClusterError::Refused(status).told(), "pods is forbidden");
    }

    #[test]
    fn conflicts_name_field_and_manager() {
        let body = br#"{"message":"Apply failed with 1 conflict","reason":"Conflict","details":{"causes":[{"reason":
            "FieldManagerConflict","message":"conflict with \"kubectl\" using apps/v1","field":".spec.replicas"}]}}"#;
        let causes = Status::of(409, body).causes();
        assert_eq!(causes[0].field, ".spec.replicas");
        assert_eq!(causes[0].manager.as_deref(), Some("kubectl"));
    }

    #[test]
    fn a_resource_version_is_gone_when_it_is_too_old_or_from_the_future() {
        let status = |code, body: &str| Status::of(code, body.as_bytes()).is_gone();
        assert!(status(410, "{}"));
        assert!(status(
            504,
            r#"{"message":"x","details":{"causes":[{"reason":"ResourceVersionTooLarge"}]}}"#
        ));
        assert!(!status(504, r#"{"message":"x"}"#));
    }

    #[test]
    fn what_a_proxy_says_is_told_in_short() {
        assert_eq!(Status::of(502, b"bad gateway\n").message, "bad gateway");
        assert_eq!(Status::of(502, b"").message, "HTTP status 502");
        assert_eq!(Status::of(500, &[b'x'; 10_000]).message.len(), 500);
    }

    #[test]
    fn an_unreachable_server_is_told_with_the_innermost_cause() {
        let cause = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = ClusterError::Unreachable(Box::new(std::io::Error::other(cause)));
        assert_eq!(error.told(), "cannot reach the Kubernetes API server: connection refused");
    }
}
