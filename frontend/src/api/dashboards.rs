//! Dashboards, and the answers to the queries of their panels.

use crowsnest_api::answers::{Answer, Questions, read};
use crowsnest_api::dashboards::{Listing, Made, Making, Opened, Saving, Version};
use crowsnest_api::events::{Event, Events};
use crowsnest_dashboards::marks::EventsAsked;
use serde::de::DeserializeOwned;
use web_sys::AbortSignal;

use super::{ApiError, Client, Refusal};
use crate::router::encode;

const PATH: &str = "api/crowsnest/v1/dashboards";
const JSON: &str = "application/json";

/// All that the user may see.
pub(crate) async fn fetch_dashboards(client: Client, abort: AbortSignal) -> Result<Listing, ApiError> {
    client.get(PATH, "", Some(&abort)).await
}

/// One of them, of a version where one is asked for.
pub(crate) async fn fetch_dashboard(
    client: Client,
    uid: &str,
    version: Option<u64>,
    abort: Option<&AbortSignal>,
) -> Result<Opened, ApiError> {
    let query = version.map(|version| format!("version={version}")).unwrap_or_default();
    client.get(&format!("{PATH}/{}", encode(uid)), &query, abort).await
}

/// The versions that are kept of one, the latest first.
pub(crate) async fn fetch_versions(
    client: Client,
    uid: &str,
    abort: &AbortSignal,
) -> Result<Vec<Version>, ApiError> {
    client.get(&format!("{PATH}/{}/versions", encode(uid)), "", Some(abort)).await
}

/// Makes one of a text, or says what would become of it.
pub(crate) async fn make_dashboard(client: Client, making: &Making) -> Result<Made, Refusal> {
    send(client, "POST", PATH, making).await
}

/// Saves a new version.
pub(crate) async fn save_dashboard(client: Client, uid: &str, saving: &Saving) -> Result<Made, Refusal> {
    send(client, "PUT", &format!("{PATH}/{}", encode(uid)), saving).await
}

/// Deletes one with all its versions.
pub(crate) async fn delete_dashboard(client: Client, uid: &str) -> Result<(), Refusal> {
    client.send("DELETE", &format!("{PATH}/{}", encode(uid)), "", "").await.map(drop)
}

/// Gives a star to one, or takes it away.
pub(crate) async fn set_star(client: Client, uid: &str, starred: bool) -> Result<(), Refusal> {
    let method = if starred { "PUT" } else { "DELETE" };
    client.send(method, &format!("{PATH}/{}/star", encode(uid)), "", "").await.map(drop)
}

/// The answers to queries, in any order.
pub(crate) async fn fetch_answers(
    client: Client,
    questions: &Questions,
    abort: &AbortSignal,
) -> Result<Vec<Answer>, ApiError> {
    let body = client.post_for_bytes("api/crowsnest/v1/answers", questions, abort).await?;
    read(&body).ok_or(ApiError::Unreadable)
}

/// What happened in the cluster, as far as the user may read it.
pub(crate) async fn fetch_events(
    client: Client,
    asked: &EventsAsked,
    abort: &AbortSignal,
) -> Result<Vec<Event>, ApiError> {
    let (from, to) = asked.range;
    let places = asked.namespaces.iter().map(|namespace| format!("&in={}", encode(namespace)));
    let kind = if asked.with_normal { "" } else { "&type=Warning" };
    let query = format!("from={from}&to={to}{kind}{}", places.collect::<String>());
    let found: Events = client.get("api/crowsnest/v1/events", &query, Some(abort)).await?;
    Ok(found.events)
}

/// Sends JSON, and reads what comes back.
pub(super) async fn send<T: DeserializeOwned>(
    client: Client,
    method: &str,
    path: &str,
    body: &impl serde::Serialize,
) -> Result<T, Refusal> {
    let body = serde_json::to_string(body).unwrap_or_default();
    let text = client.send(method, path, JSON, &body).await?;
    serde_json::from_str(&text).map_err(|_| Refusal { error: ApiError::Unreadable, causes: Vec::new() })
}
