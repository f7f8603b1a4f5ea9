//! Bodies that are made while they are sent.

use std::error::Error;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};

/// A body of these parts. What compresses it asks once more after the last part, which unfolded streams take for a fault of the caller's.
pub(crate) fn streamed<S, E>(parts: S) -> Body
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    Body::from_stream(parts.fuse())
}
