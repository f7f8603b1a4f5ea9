//! What the server says about itself, for the foot of the side bar.

use serde::Deserialize;
use web_sys::AbortSignal;

use super::{ApiError, Client};
use crowsnest_api::prometheus::Response;

/// Version and size of the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServerFacts {
    pub(crate) version: String,
    /// Series in memory.
    pub(crate) series: Option<u64>,
}

#[derive(Deserialize)]
struct BuildInfo {
    version: String,
}

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

/// Reads the facts. A server that keeps its size to itself is not an error.
pub(crate) async fn fetch_server(client: Client, abort: AbortSignal) -> Result<ServerFacts, ApiError> {
    let build = client.get::<Response<BuildInfo>>("api/v1/status/buildinfo", "", Some(&abort)).await?;
    let tsdb = client.get::<Response<TsdbStatus>>("api/v1/status/tsdb", "limit=1", Some(&abort)).await;
    let Response::Success { data: build, .. } = build else { return Err(ApiError::Unreadable) };
    let series = match tsdb {
        Ok(Response::Success { data, .. }) => Some(data.head_stats.num_series),
        _ => None,
    };
    Ok(ServerFacts { version: build.version, series })
}
