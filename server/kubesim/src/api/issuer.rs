//! `/kubesim/issuer`: whose id-tokens are taken, as `--oidc-issuer-url` and `--oidc-client-id` of a real API server say, for tests that
//! see the server from outside.

use http::Method;
use serde_json::{Value, json};

use super::Reply;
use crate::{access, cluster::Cluster, identity::oidc::Issuer, object, request::Request, status::ApiError};

/// Where it is.
pub(super) const PATH: &str = "/kubesim/issuer";

/// What the body has: the issuer, its client, and the RSA key that signs, PEM.
const FIELDS: [&str; 3] = ["issuer", "client_id", "key"];

/// Takes the tokens of another issuer.
pub(super) fn answer(cluster: &Cluster, request: &Request) -> Result<Reply, ApiError> {
    access::authorize(cluster, &cluster.lock().store, &request.user, &request.attributes)?;
    if request.method != Method::PUT {
        return Err(ApiError::method_not_allowed());
    }
    let refused = |problem: String| ApiError::bad_request(format!("{PATH}: {problem}"));
    let wish: Value = serde_json::from_slice(&request.body).map_err(|error| refused(error.to_string()))?;
    let [issuer, client_id, key] = FIELDS.map(|field| object::text(&wish, &[field]));
    let taken = Issuer::new(issuer, client_id, key).map_err(|error| refused(error.to_string()))?;
    *cluster.issuer.lock() = Some(taken);
    Ok(Reply::ok(json!({"issuer": issuer})))
}
