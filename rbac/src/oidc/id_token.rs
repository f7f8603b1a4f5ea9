//! Whether an id-token is good (OpenID Connect Core 1.0, 3.1.3.7).

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::OidcError;
use crate::equal_in_constant_time;

/// Signatures that count: those that whoever checks them could not have made.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// Seconds that the issuer's clock may differ from ours.
const LEEWAY_SECONDS: u64 = 60;

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who issued it.
    pub issuer: &'a str,
    /// Whom it is for.
    pub client_id: &'a str,
    /// Which login it belongs to; a renewed token belongs to none.
    pub nonce: Option<&'a str>,
}

/// What a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdToken {
    /// The issuer's name of the user.
    pub subject: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

/// Checks signature, issuer, audience, times and nonce. [`crate::install_crypto_provider`] must have been called.
///
/// # Errors
/// [`OidcError::Token`]; `Ok(None)` where none of the keys has signed it, which newer keys of the issuer's may have.
pub fn verify_id_token(
    token: &str,
    keys: &JwkSet,
    expected: Expected<'_>,
) -> Result<Option<IdToken>, OidcError> {
    let refused = |why: &str| Err(OidcError::Token(why.to_owned()));
    // `none` is no algorithm at all here.
    let Ok(header) = decode_header(token) else { return refused("it is no signed token") };
    if !ALGORITHMS.contains(&header.alg) {
        return refused("its algorithm is not one of public keys");
    }
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY_SECONDS;
    let candidates = keys.keys.iter().filter(|key| may_have_signed(key, header.kid.as_deref()));
    for key in candidates {
        // A key of another family, and one that cannot be read, have not signed it.
        let Ok(key) = DecodingKey::from_jwk(key) else { continue };
        if key.family() != header.alg.family() {
            continue;
        }
        match decode::<Claims>(token, &key, &validation) {
            Ok(data) => return judge(data.claims, expected).map(Some),
            Err(error) => match error.kind() {
                ErrorKind::InvalidSignature => {}
                ErrorKind::InvalidIssuer => return refused("another issuer made it"),
                ErrorKind::InvalidAudience => return refused("it is for somebody else"),
                ErrorKind::ExpiredSignature => return refused("it has expired"),
                _ => return refused("it is not what an id-token must be"),
            },
        }
    }
    Ok(None)
}

fn may_have_signed(key: &Jwk, kid: Option<&str>) -> bool {
    let is_named = kid.is_none_or(|kid| key.common.key_id.as_deref() == Some(kid));
    is_named && !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption))
}

/// What the signature says nothing about.
fn judge(claims: Claims, expected: Expected<'_>) -> Result<IdToken, OidcError> {
    let refused = |why: &str| Err(OidcError::Token(why.to_owned()));
    let shared = matches!(&claims.aud, Audience::Several(all) if all.len() > 1);
    let named = matches!(&claims.aud, Audience::One(one) if one == expected.client_id)
        || matches!(&claims.aud, Audience::Several(all) if all.iter().any(|one| one == expected.client_id));
    if !named {
        return refused("it is for somebody else");
    }
    match claims.azp.as_deref() {
        Some(azp) if azp != expected.client_id => return refused("somebody else asked for it"),
        None if shared => return refused("it does not say who asked for it"),
        _ => {}
    }
    if let Some(nonce) = expected.nonce
        && !claims.nonce.is_some_and(|told| equal_in_constant_time(&told, nonce))
    {
        return refused("it belongs to another login");
    }
    Ok(IdToken { subject: claims.sub })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use openssl::pkey::{PKey, Private};
    use openssl::rsa::Rsa;
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://id.example";

    struct Issuer {
        key: PKey<Private>,
        keys: JwkSet,
    }

    impl Issuer {
        fn new() -> Self {
            crate::install_crypto_provider();
            let rsa = Rsa::generate(2048).unwrap();
            let part = |number: &openssl::bn::BigNumRef| URL_SAFE_NO_PAD.encode(number.to_vec());
            let key = json!({"kty": "RSA", "kid": "a", "use": "sig", "alg": "RS256", "n": part(rsa.n()), "e": part(rsa.e())});
            let keys = serde_json::from_value(json!({"keys": [key]})).unwrap();
            Self { key: PKey::from_rsa(rsa).unwrap(), keys }
        }

        fn sign(&self, claims: &Value, kid: &str) -> String {
            let key = EncodingKey::from_rsa_der(&self.key.rsa().unwrap().private_key_to_der().unwrap());
            let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::RS256) };
            encode(&header, claims, &key).unwrap()
        }

        fn verify(&self, token: &str) -> Result<Option<IdToken>, OidcError> {
            let expected = Expected { issuer: ISSUER, client_id: "crowsnest", nonce: Some("n") };
            verify_id_token(token, &self.keys, expected)
        }
    }

    fn now() -> u64 {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
    }

    fn claims(more: &Value) -> Value {
        let mut claims = json!({"iss": ISSUER, "aud": "crowsnest", "sub": "ann", "nonce": "n", "iat": now(), "exp": now() + 600});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    #[test]
    fn a_good_token_names_its_user() {
        let issuer = Issuer::new();
        for more in [
            json!({}),
            json!({"aud": ["crowsnest"]}),
            json!({"aud": ["crowsnest", "other"], "azp": "crowsnest"}),
        ] {
            let told = issuer.verify(&issuer.sign(&claims(&more), "a"));
            assert_eq!(told, Ok(Some(IdToken { subject: "ann".to_owned() })), "{more}");
        }
    }

    #[test]
    fn a_token_that_says_something_else_is_refused_and_told_why() {
        let issuer = Issuer::new();
        for (more, why) in [
            (json!({"nonce": "other"}), "another login"),
            (json!({"nonce": null}), "another login"),
            (json!({"aud": "other"}), "somebody else"),
            (json!({"aud": ["crowsnest", "other"]}), "who asked"),
            (json!({"azp": "other"}), "somebody else asked"),
            (json!({"iss": "https://evil.example"}), "another issuer"),
            (json!({"exp": now() - 120}), "expired"),
            (json!({"nbf": now() + 600}), "must be"),
            (json!({"sub": null}), "must be"),
        ] {
            let told = issuer.verify(&issuer.sign(&claims(&more), "a")).unwrap_err().to_string();
            assert!(told.contains(why), "{more}: {told}");
        }
    }

    #[test]
    fn keys_of_others_have_signed_nothing() {
        let (issuer, other) = (Issuer::new(), Issuer::new());
        assert_eq!(issuer.verify(&other.sign(&claims(&json!({})), "a")), Ok(None));
        assert_eq!(issuer.verify(&issuer.sign(&claims(&json!({})), "b")), Ok(None));
    }

    #[test]
    fn no_signature_and_one_made_with_the_public_key_are_refused() {
        let issuer = Issuer::new();
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let body = part(&claims(&json!({})));
        for header in [json!({"alg": "none"}), json!({"alg": "None", "kid": "a"})] {
            assert!(issuer.verify(&format!("{}.{body}.", part(&header))).is_err());
        }
        let public = issuer.key.public_key_to_pem().unwrap();
        let header = Header { kid: Some("a".to_owned()), ..Header::new(Algorithm::HS256) };
        let confused = encode(&header, &claims(&json!({})), &EncodingKey::from_secret(&public)).unwrap();
        let told = issuer.verify(&confused).unwrap_err().to_string();
        assert!(told.contains("algorithm"), "{told}");
        // Nor where somebody has put a symmetric key among the issuer's.
        let symmetric = json!({"keys": [{"kty": "oct", "kid": "a", "k": URL_SAFE_NO_PAD.encode(&public)}]});
        let keys: JwkSet = serde_json::from_value(symmetric).unwrap();
        let expected = Expected { issuer: ISSUER, client_id: "crowsnest", nonce: Some("n") };
        assert!(verify_id_token(&confused, &keys, expected).is_err());
    }
}
