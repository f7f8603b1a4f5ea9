//! Alerting rules that are made here.

use crowsnest_api::rules::{Asking, Preview, Rules, Saved, Saving};
use web_sys::AbortSignal;

use super::{ApiError, Client, Refusal};
use crate::router::encode;

const PATH: &str = "api/crowsnest/v1/rules";

/// Those that the user may read, and what is wrong with objects that are rules.
pub(crate) async fn fetch_written_rules(client: Client, abort: AbortSignal) -> Result<Rules, ApiError> {
    client.get(PATH, "", Some(&abort)).await
}

/// Makes a rule, or with an id a new version of one.
pub(crate) async fn save_rule(client: Client, id: &str, saving: &Saving) -> Result<Saved, Refusal> {
    match id {
        "" => super::dashboards::send(client, "POST", PATH, saving).await,
        id => super::dashboards::send(client, "PUT", &format!("{PATH}/{}", encode(id)), saving).await,
    }
}

/// Deletes one.
pub(crate) async fn delete_rule(client: Client, id: &str) -> Result<(), Refusal> {
    client.send("DELETE", &format!("{PATH}/{}", encode(id)), "", "").await.map(drop)
}

/// What would have come of a rule; or in words what is wrong with it.
pub(crate) async fn preview_rule(
    client: Client,
    asking: &Asking,
    abort: &AbortSignal,
) -> Result<Result<Preview, String>, ApiError> {
    match client.post_for_bytes(&format!("{PATH}/preview"), asking, abort).await {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Ok).map_err(|_| ApiError::Unreadable),
        Err(ApiError::Query(message) | ApiError::Refused { status: 400, message }) => Ok(Err(message)),
        Err(error) => Err(error),
    }
}
