//! The session token: a JWT in the cookie that names a session and proves that this server named it.
//!
//! It carries no rights: those come from the session's record, which sign-out deletes.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

const ISSUER: &str = "crowsnest";
const AUDIENCE: &str = "crowsnest-session";
/// Seconds that the clocks of two replicas may differ.
const LEEWAY_SECONDS: u64 = 30;
/// Characters of a signature, 32 bytes in base64 without padding.
const SIGNATURE_CHARS: usize = 43;

/// What a session token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user's name.
    pub sub: String,
    /// The session's id.
    pub sid: String,
    /// When it was issued, in seconds since the epoch.
    pub iat: i64,
    /// When it ends, in seconds since the epoch.
    pub exp: i64,
}

/// A token could not be made, or is not one of ours.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Signing failed.
    #[error("cannot sign a session token")]
    Sign(#[source] jsonwebtoken::errors::Error),
    /// Malformed, expired, meant for somebody else, or signed with another key or algorithm.
    #[error("not a valid session token")]
    Verify(#[source] jsonwebtoken::errors::Error),
}

/// Signs and verifies session tokens: HS256 and nothing else.
pub struct SessionTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

#[derive(Serialize, Deserialize)]
struct FullClaims {
    iss: String,
    aud: String,
    #[serde(flatten)]
    claims: Claims,
}

impl SessionTokens {
    /// Tokens under this key. [`crate::install_crypto_provider`] must have been called.
    pub fn new(key: &[u8; 32]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = LEEWAY_SECONDS;
        Self { encoding: EncodingKey::from_secret(key), decoding: DecodingKey::from_secret(key), validation }
    }

    /// The token that says `claims`.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn sign(&self, claims: Claims) -> Result<String, TokenError> {
        let full = FullClaims { iss: ISSUER.to_owned(), aud: AUDIENCE.to_owned(), claims };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &full, &self.encoding).map_err(TokenError::Sign)
    }

    /// What `token` says, if it is one of ours and still good by the system's clock.
    ///
    /// # Errors
    /// When it is not.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        // The comparison below us panics when the lengths differ.
        if token.rsplit('.').next().is_none_or(|signature| signature.len() != SIGNATURE_CHARS) {
            return Err(TokenError::Verify(ErrorKind::InvalidSignature.into()));
        }
        jsonwebtoken::decode::<FullClaims>(token, &self.decoding, &self.validation)
            .map(|data| data.claims.claims)
            .map_err(TokenError::Verify)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn tokens() -> SessionTokens {
        crate::install_crypto_provider();
        SessionTokens::new(&[1; 32])
    }

    /// The year 2100.
    const LATER: i64 = 4_102_444_800;

    fn claims(exp: i64) -> Claims {
        Claims { sub: "ann".into(), sid: "s1".into(), iat: 0, exp }
    }

    #[test]
    fn a_token_says_what_was_signed() {
        let tokens = tokens();
        assert_eq!(tokens.verify(&tokens.sign(claims(LATER)).unwrap()).unwrap(), claims(LATER));
    }

    #[test]
    fn expired_foreign_and_changed_tokens_are_refused() {
        let tokens = tokens();
        let good = tokens.sign(claims(LATER)).unwrap();
        let foreign = SessionTokens::new(&[2; 32]).sign(claims(LATER)).unwrap();
        let expired = tokens.sign(claims(1_000_000)).unwrap();
        let mut changed = good;
        changed.pop();
        for token in [&foreign, &expired, &changed, "", "a.b.c"] {
            assert!(tokens.verify(token).is_err(), "{token}");
        }
    }

    #[test]
    fn a_token_without_a_signature_or_with_another_algorithm_is_refused() {
        let tokens = tokens();
        let good = tokens.sign(claims(LATER)).unwrap();
        let payload = good.split('.').nth(1).unwrap();
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        assert!(tokens.verify(&format!("{header}.{payload}.")).is_err());
        let key = EncodingKey::from_secret(&[1; 32]);
        let full = FullClaims { iss: ISSUER.into(), aud: AUDIENCE.into(), claims: claims(LATER) };
        let hs512 = jsonwebtoken::encode(&Header::new(Algorithm::HS512), &full, &key).unwrap();
        assert!(tokens.verify(&hs512).is_err());
    }

    #[test]
    fn a_token_with_a_signature_of_any_other_length_is_refused() {
        let tokens = tokens();
        let good = tokens.sign(claims(LATER)).unwrap();
        let (signed, signature) = good.rsplit_once('.').unwrap();
        assert_eq!(signature.len(), SIGNATURE_CHARS);
        for length in 0..2 * SIGNATURE_CHARS {
            let signature: String = signature.chars().cycle().take(length).collect();
            let other = format!("{signed}.{signature}");
            assert_eq!(tokens.verify(&other).is_ok(), length == SIGNATURE_CHARS, "{length}");
        }
    }

    #[test]
    fn a_token_for_another_audience_is_refused() {
        let tokens = tokens();
        let full = FullClaims { iss: ISSUER.into(), aud: "somebody-else".into(), claims: claims(LATER) };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &full, &tokens.encoding).unwrap();
        assert!(tokens.verify(&token).is_err());
    }
}
