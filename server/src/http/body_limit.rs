//! How large a request's body may be.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt as _, Limited};

use super::{ApiError, ErrorKind};

/// Bytes of a refused body that are read and thrown away, so that a client which sends before it listens gets its
/// answer and the connection stays good. Past them the connection is closed.
const DRAINED: u64 = 64 << 20;

/// Middleware of one route, whose bodies have at most `limit` bytes. A body that says it has more is refused at once;
/// one that does not say is cut off when it has.
pub(super) async fn check(
    State(limit): State<usize>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let length =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if let Some(length) =
        length.filter(|length| usize::try_from(*length).map_or(true, |length| length > limit))
    {
        let message = format!("the request's body has {length} bytes; at most {limit} are allowed here");
        let error = ApiError::new(ErrorKind::TooLarge, message);
        let drained = length <= DRAINED && drain(request.into_body()).await;
        return Err(if drained { error } else { error.closing() });
    }
    Ok(next.run(request.map(|body| Body::new(Limited::new(body, limit)))).await)
}

/// Whether a body came to its end.
async fn drain(mut body: Body) -> bool {
    while let Some(frame) = body.frame().await {
        if frame.is_err() {
            return false;
        }
    }
    true
}
