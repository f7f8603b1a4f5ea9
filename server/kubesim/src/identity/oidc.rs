//! Tokens of an OpenID Connect issuer, as an API server with `--oidc-issuer-url` and `--oidc-client-id` takes them.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{PKey, Public},
    sign::Verifier,
};
use serde_json::Value;

use super::{AUTHENTICATED, User};
use crate::object;

/// An issuer with one RSA key.
#[derive(Debug)]
pub(crate) struct Issuer {
    url: String,
    client_id: String,
    key: PKey<Public>,
}

impl Issuer {
    pub(crate) fn new(url: &str, client_id: &str, key_pem: &str) -> Result<Issuer, ErrorStack> {
        let key = PKey::public_key_from_pem(key_pem.as_bytes())?;
        Ok(Issuer { url: url.to_owned(), client_id: client_id.to_owned(), key })
    }

    /// Whose token it is, if it is this issuer's, for this client, and good at `now`. The name is `ISSUER#SUB`, as without
    /// `--oidc-username-claim`; groups come from the claim `groups`.
    pub(crate) fn user(&self, token: &str, now: i64) -> Option<User> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let decoded = |part: &str| -> Option<Value> {
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        if object::text(&decoded(header)?, &["alg"]) != "RS256" {
            return None;
        }
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        let mut verifier = Verifier::new(MessageDigest::sha256(), &self.key).ok()?;
        if !verifier.verify_oneshot(&signature, signed.as_bytes()).ok()? {
            return None;
        }
        let claims = decoded(payload)?;
        let is_for_us = object::text(&claims, &["aud"]) == self.client_id
            || object::texts(&claims, &["aud"]).any(|audience| audience == self.client_id);
        let is_good = object::text(&claims, &["iss"]) == self.url
            && is_for_us
            && now < object::integer(&claims, &["exp"])?;
        let mut groups: Vec<String> = object::texts(&claims, &["groups"]).map(str::to_owned).collect();
        groups.push(AUTHENTICATED.to_owned());
        let name = format!("{}#{}", self.url, object::text(&claims, &["sub"]));
        is_good.then(|| User { name, groups, ..User::default() })
    }
}
