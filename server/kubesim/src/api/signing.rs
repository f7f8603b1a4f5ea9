//! CertificateSigningRequests: who asks, who approves, and the certificate that follows.

use base64::{Engine, prelude::BASE64_STANDARD};
use openssl::{nid::Nid, x509::X509Req};
use serde_json::Value;

use super::Call;
use crate::{cluster::State, object, pki, status::ApiError};

const TABLE: &str = "certificatesigningrequests.certificates.k8s.io";
const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client";
const DEFAULT_SECONDS: i64 = 365 * 24 * 3600;

/// Notes who asks, and refuses requests that would make a superuser.
pub(super) fn prepare(call: &Call<'_>, object: &mut Value) -> Result<(), ApiError> {
    if call.kind.table != TABLE {
        return Ok(());
    }
    let user = &call.request.user;
    object::set(object, &["spec", "username"], user.name.as_str());
    object::set(object, &["spec", "groups"], user.groups.clone());
    if user.uid.is_empty() {
        object::remove(object, &["spec", "uid"]);
    } else {
        object::set(object, &["spec", "uid"], user.uid.as_str());
    }
    if user.extra.is_empty() {
        object::remove(object, &["spec", "extra"]);
    } else {
        object::set(object, &["spec", "extra"], user.to_value().get("extra").cloned().unwrap_or_default());
    }
    object::set_default(object, &["status"], serde_json::json!({}));
    let Some(request) = request_of(object) else { return Ok(()) };
    let asks_for_masters = request
        .subject_name()
        .entries_by_nid(Nid::ORGANIZATIONNAME)
        .any(|entry| entry.data().as_slice() == b"system:masters");
    if object::text(object, &["spec", "signerName"]) == CLIENT_SIGNER && asks_for_masters {
        let detail = format!("use of {CLIENT_SIGNER} signer with system:masters group is not allowed");
        let kind = call.kind;
        return Err(ApiError::forbidden(&kind.group, &kind.plural, object::name(object), &detail));
    }
    Ok(())
}

fn request_of(object: &Value) -> Option<X509Req> {
    let pem = BASE64_STANDARD.decode(object::text(object, &["spec", "request"])).ok()?;
    X509Req::from_pem(&pem).ok()
}

/// Dates the conditions that an approval brings.
pub(super) fn check_change(call: &Call<'_>, before: &Value, new: &mut Value) {
    if call.kind.table != TABLE || call.request.attributes.subresource != "approval" {
        return;
    }
    let now = call.cluster.now_text();
    let known = object::list(before, &["status", "conditions"]).to_vec();
    let conditions = object::map_mut(new, &["status"]).get_mut("conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten() {
        if !known.contains(condition) {
            object::set_default(condition, &["lastUpdateTime"], now.as_str());
            object::set_default(condition, &["lastTransitionTime"], now.as_str());
        }
    }
}

/// Signs a request once it is approved, as the controller of a real cluster does a moment later.
pub(super) fn follow_up(call: &Call<'_>, state: &mut State, stored: &Value) {
    let wanted = call.kind.table == TABLE
        && object::condition(stored, "Approved") == "True"
        && object::text(stored, &["status", "certificate"]).is_empty()
        && object::text(stored, &["spec", "signerName"]) == CLIENT_SIGNER;
    if !wanted {
        return;
    }
    let mut signed = stored.clone();
    match certificate(call, stored) {
        Ok(pem) => object::set(&mut signed, &["status", "certificate"], BASE64_STANDARD.encode(pem)),
        Err(problem) => {
            let now = call.cluster.now_text();
            let failure = serde_json::json!({
                "type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": problem,
                "lastUpdateTime": now, "lastTransitionTime": now,
            });
            let mut conditions = object::list(&signed, &["status", "conditions"]).to_vec();
            conditions.push(failure);
            object::set(&mut signed, &["status", "conditions"], conditions);
        }
    }
    state.put(call.kind, &call.key(), signed);
}

fn certificate(call: &Call<'_>, stored: &Value) -> Result<Vec<u8>, String> {
    let request = request_of(stored).ok_or("the request is no PEM-encoded PKCS #10")?;
    if !pki::is_self_signed(&request) {
        return Err("the request is not signed with its own key".to_owned());
    }
    let allowed = ["client auth", "digital signature", "key encipherment"];
    if object::texts(stored, &["spec", "usages"]).any(|usage| !allowed.contains(&usage)) {
        return Err("invalid usage for client certificate".to_owned());
    }
    let lasts = object::integer(stored, &["spec", "expirationSeconds"])
        .unwrap_or(DEFAULT_SECONDS)
        .min(DEFAULT_SECONDS);
    let now = call.cluster.now().as_second();
    let certificate =
        call.cluster.authority.sign(&request, now, lasts).map_err(|error| pki::describe(&error))?;
    certificate.to_pem().map_err(|error| pki::describe(&error))
}
