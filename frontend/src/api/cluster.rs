//! The cluster, asked once: its lists come over the stream.

use crowsnest_api::cluster::Namespaces;
use crowsnest_api::session::Session;
use web_sys::AbortSignal;

use super::{ApiError, Client};

/// Which namespaces the user has a use for.
pub(crate) async fn fetch_namespaces(client: Client, abort: AbortSignal) -> Result<Namespaces, ApiError> {
    client.get("api/crowsnest/v1/namespaces", "", Some(&abort)).await
}

/// Notices a session that has ended: the client turns to the sign-in page when the answer is 401.
pub(crate) async fn ask_whether_signed_in(client: Client) {
    // Any other answer changes nothing.
    let _ = client.get::<Session>(super::session::PATH, "", None).await;
}
