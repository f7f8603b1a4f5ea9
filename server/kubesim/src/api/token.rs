//! The `token` subresource of ServiceAccounts, and reviews of tokens.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Call, Reply, body, create};
use crate::{
    access,
    clock::seconds,
    cluster::State,
    identity::token::{Claims, ISSUER},
    managed::{self, Operation},
    object,
    status::{ApiError, Cause},
};

const DEFAULT_SECONDS: i64 = 3600;
const SHORTEST_SECONDS: i64 = 600;
const LONGEST_SECONDS: i64 = 1 << 32;

/// Answers a TokenRequest.
pub(super) fn create(call: &Call<'_>, state: &mut State) -> Result<Reply, ApiError> {
    let mut request = body::parse(call.request, "TokenRequest")?;
    let account = call.stored(state)?;
    let lasts = object::integer(&request, &["spec", "expirationSeconds"]).unwrap_or(DEFAULT_SECONDS);
    let refuse = |detail: &str| {
        let cause = Cause::invalid("spec.expirationSeconds", &json!(lasts), detail);
        Err(ApiError::invalid("authentication.k8s.io", "TokenRequest", "", &[cause]))
    };
    if lasts < SHORTEST_SECONDS {
        return refuse("may not specify a duration less than 10 minutes");
    }
    if lasts > LONGEST_SECONDS {
        return refuse("may not specify a duration larger than 2^32 seconds");
    }
    let mut audiences: Vec<String> =
        object::texts(&request, &["spec", "audiences"]).map(str::to_owned).collect();
    if audiences.is_empty() {
        audiences.push(ISSUER.to_owned());
    }
    let now = call.cluster.now();
    let claims = Claims {
        namespace: object::namespace(&account).to_owned(),
        service_account: object::name(&account).to_owned(),
        uid: object::uid(&account).to_owned(),
        id: state.random.uid(),
        audiences: audiences.clone(),
        issued: now.as_second(),
        expires: now.as_second() + lasts,
    };
    let token = call
        .cluster
        .tokens
        .sign(&claims)
        .map_err(|error| ApiError::unexpected(crate::pki::describe(&error)))?;
    object::set_default(&mut request, &["kind"], "TokenRequest");
    object::set_default(&mut request, &["apiVersion"], "authentication.k8s.io/v1");
    let mut manager = create::manager(call, Operation::Update);
    manager.api_version = object::text(&request, &["apiVersion"]).to_owned();
    managed::record_update(call.kind, &Value::Null, &mut request, &manager, &call.cluster.now_text());
    for field in ["name", "namespace", "uid"] {
        object::set(&mut request, &["metadata", field], object::text(&account, &["metadata", field]));
    }
    object::set(&mut request, &["metadata", "creationTimestamp"], call.cluster.now_text());
    object::set(&mut request, &["spec", "audiences"], audiences);
    object::set(&mut request, &["spec", "expirationSeconds"], lasts);
    object::set_default(&mut request, &["spec", "boundObjectRef"], Value::Null);
    let ends = now + jiff::SignedDuration::from_secs(lasts);
    object::set(&mut request, &["status"], json!({"token": token, "expirationTimestamp": seconds(ends)}));
    Ok(Reply::json(StatusCode::CREATED, request))
}

/// The status of a TokenReview.
pub(super) fn review(call: &Call<'_>, review: &Value) -> Value {
    let wanted: Vec<&str> = object::texts(review, &["spec", "audiences"]).collect();
    let refused = json!({"user": {}, "error": "invalid bearer token"});
    let Some((user, claims)) = access::token_user(call.cluster, object::text(review, &["spec", "token"]))
    else {
        return refused;
    };
    let audiences: Vec<&str> = claims
        .audiences
        .iter()
        .map(String::as_str)
        .filter(|audience| if wanted.is_empty() { *audience == ISSUER } else { wanted.contains(audience) })
        .collect();
    if audiences.is_empty() {
        return refused;
    }
    json!({"authenticated": true, "user": user.to_value(), "audiences": audiences})
}
