//! ServiceAccount tokens: signed JSON Web Tokens (ES256) that say whose they are and until when.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use openssl::{
    bn::BigNum,
    ecdsa::EcdsaSig,
    error::ErrorStack,
    pkey::{PKey, Private},
    sha::sha256,
};
use serde_json::{Value, json};

use crate::object;

/// Who issues tokens, and whom they are for when nobody else is named.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc";

/// Signs and reads tokens.
#[derive(Debug)]
pub(crate) struct TokenSigner {
    key: PKey<Private>,
}

/// What a token says. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Claims {
    pub(crate) namespace: String,
    pub(crate) service_account: String,
    pub(crate) uid: String,
    pub(crate) id: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) issued: i64,
    pub(crate) expires: i64,
}

impl TokenSigner {
    pub(crate) fn new(key: PKey<Private>) -> TokenSigner {
        TokenSigner { key }
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, ErrorStack> {
        let header = json!({"alg": "ES256", "typ": "JWT"});
        let payload = json!({
            "iss": ISSUER,
            "aud": claims.audiences,
            "sub": format!("system:serviceaccount:{}:{}", claims.namespace, claims.service_account),
            "iat": claims.issued,
            "nbf": claims.issued,
            "exp": claims.expires,
            "jti": claims.id,
            "kubernetes.io": {
                "namespace": claims.namespace,
                "serviceaccount": {"name": claims.service_account, "uid": claims.uid},
            },
        });
        let signed = format!(
            "{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(header.to_string()),
            BASE64_URL_SAFE_NO_PAD.encode(payload.to_string())
        );
        let key = self.key.ec_key()?;
        let signature = EcdsaSig::sign(&sha256(signed.as_bytes()), &key)?;
        let mut bytes = signature.r().to_vec_padded(32)?;
        bytes.extend(signature.s().to_vec_padded(32)?);
        Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What a token says, if this signer signed it and it is valid at `now`.
    pub(crate) fn verify(&self, token: &str, now: i64) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (_, payload) = signed.split_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        let (r, s) = signature.split_at_checked(32)?;
        let signature =
            EcdsaSig::from_private_components(BigNum::from_slice(r).ok()?, BigNum::from_slice(s).ok()?)
                .ok()?;
        let key = self.key.ec_key().ok()?;
        let is_signed = signature.verify(&sha256(signed.as_bytes()), &key);
        // A refusal leaves its reason in this thread's queue, where the next connection's TLS takes it for its own and ends.
        drop(ErrorStack::get());
        if !is_signed.ok()? {
            return None;
        }
        let payload: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        let account = ["kubernetes.io", "serviceaccount"];
        let claims = Claims {
            namespace: object::text(&payload, &["kubernetes.io", "namespace"]).to_owned(),
            service_account: object::text(object::at(&payload, &account)?, &["name"]).to_owned(),
            uid: object::text(object::at(&payload, &account)?, &["uid"]).to_owned(),
            id: object::text(&payload, &["jti"]).to_owned(),
            audiences: object::texts(&payload, &["aud"]).map(str::to_owned).collect(),
            issued: object::integer(&payload, &["iat"])?,
            expires: object::integer(&payload, &["exp"])?,
        };
        (now < claims.expires).then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki;

    fn claims() -> Claims {
        Claims {
            namespace: "shop".to_owned(),
            service_account: "viewer".to_owned(),
            uid: "u".to_owned(),
            id: "j".to_owned(),
            audiences: vec![ISSUER.to_owned()],
            issued: 100,
            expires: 700,
        }
    }

    #[test]
    fn a_token_is_valid_until_it_expires() {
        let signer = TokenSigner::new(pki::new_key().unwrap());
        let token = signer.sign(&claims()).unwrap();
        assert_eq!(signer.verify(&token, 699), Some(claims()));
        assert_eq!(signer.verify(&token, 700), None);
    }

    #[test]
    fn a_token_of_another_signer_is_not_valid() {
        let token = TokenSigner::new(pki::new_key().unwrap()).sign(&claims()).unwrap();
        assert_eq!(TokenSigner::new(pki::new_key().unwrap()).verify(&token, 200), None);
        assert_eq!(TokenSigner::new(pki::new_key().unwrap()).verify("x.y.z", 200), None);
    }
}
