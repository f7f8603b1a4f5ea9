//! What the server says about itself, for the foot of the side bar.

use crowsnest_api::prometheus::Response;
use serde::Deserialize;
use web_sys::AbortSignal;

use super::{ApiError, Client};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TsdbStatus {
    head_stats: HeadStats,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeadStats {
    num_series: u64,
}

/// How many series the server holds in memory.
pub(crate) async fn fetch_series_count(client: Client, abort: AbortSignal) -> Result<u64, ApiError> {
    match client.get::<Response<TsdbStatus>>("api/v1/status/tsdb", "limit=1", Some(&abort)).await? {
        Response::Success { data, .. } => Ok(data.head_stats.num_series),
        Response::Error { .. } => Err(ApiError::Unreadable),
    }
}
