//! Credentials to take away.

use crowsnest_api::credentials::{MintRequest, Minted};

use super::{ApiError, Client};

/// Has the cluster sign a client certificate.
pub(crate) async fn mint(client: Client, asked: &MintRequest) -> Result<Minted, ApiError> {
    let text = client.post("api/crowsnest/v1/certificates", asked).await?;
    serde_json::from_str(&text).map_err(|_| ApiError::Unreadable)
}

/// The user's own credential as a kubeconfig.
pub(crate) async fn fetch_kubeconfig(client: Client) -> Result<String, ApiError> {
    client.post("api/crowsnest/v1/kubeconfig", &()).await
}
