//! Who pushes samples.

use crowsnest_api::sources::Sources;
use web_sys::AbortSignal;

use super::{ApiError, Client};

/// Everybody who pushes, and what was refused.
pub(crate) async fn fetch_sources(client: Client, abort: AbortSignal) -> Result<Sources, ApiError> {
    client.get("api/crowsnest/v1/sources", "", Some(&abort)).await
}
