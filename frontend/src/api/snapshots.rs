//! Dashboards with the numbers that they had.

use crowsnest_api::snapshots::{Listed, Making, Opened};
use web_sys::AbortSignal;

use super::{ApiError, Client, Refusal};
use crate::router::encode;

const PATH: &str = "api/crowsnest/v1/snapshots";

/// Those that the user may read, the newest first.
pub(crate) async fn fetch_snapshots(client: Client, abort: AbortSignal) -> Result<Vec<Listed>, ApiError> {
    client.get(PATH, "", Some(&abort)).await
}

/// One with its data.
pub(crate) async fn fetch_snapshot(client: Client, id: &str, abort: AbortSignal) -> Result<Opened, ApiError> {
    client.get(&format!("{PATH}/{}", encode(id)), "", Some(&abort)).await
}

/// Keeps one.
pub(crate) async fn make_snapshot(client: Client, making: &Making) -> Result<Listed, Refusal> {
    super::dashboards::send(client, "POST", PATH, making).await
}

/// Deletes one.
pub(crate) async fn delete_snapshot(client: Client, id: &str) -> Result<(), Refusal> {
    client.send("DELETE", &format!("{PATH}/{}", encode(id)), "", "").await.map(drop)
}
