//! A login that has begun and not yet come back.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crowsnest_api::Timestamp;
use serde::{Deserialize, Serialize};

use super::{OidcError, Provider};
use crate::{Secret, equal_in_constant_time, random_token};

/// How long somebody may take at the issuer.
pub const PENDING_LIFETIME: Duration = Duration::from_secs(600);

/// What is remembered between leaving for the issuer and coming back. It goes, sealed, into a cookie of the browser that left, so that no other
/// browser can come back in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingLogin {
    state: String,
    nonce: String,
    verifier: Secret,
    redirect_uri: String,
    began: Timestamp,
}

impl PendingLogin {
    /// A login that will come back to this page.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn begin(redirect_uri: String, now: Timestamp) -> Result<Self, OidcError> {
        let random = || random_token().map_err(|_| OidcError::Random);
        let (state, nonce, verifier) = (random()?, random()?, Secret::new(random()?));
        Ok(Self { state, nonce, verifier, redirect_uri, began: now })
    }

    /// Where the browser goes.
    pub fn url(&self, provider: &Provider, client_id: &str, scopes: &str) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(openssl::sha::sha256(self.verifier.reveal().as_bytes()));
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", scopes)
            .append_pair("state", &self.state)
            .append_pair("nonce", &self.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let endpoint = &provider.authorization_endpoint;
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        format!("{endpoint}{joint}{query}")
    }

    /// Whether this is the login that has come back.
    ///
    /// # Errors
    /// When it is another, comes from another issuer, or took too long.
    pub fn check_return(
        &self,
        provider: &Provider,
        state: &str,
        iss: Option<&str>,
        now: Timestamp,
    ) -> Result<(), OidcError> {
        if !equal_in_constant_time(state, &self.state) || now >= self.began.plus(PENDING_LIFETIME) {
            return Err(OidcError::NotBegun);
        }
        if provider.is_answer_of(iss) { Ok(()) } else { Err(OidcError::OtherIssuer) }
    }

    /// The form that the token endpoint gets for a code; the client shows who it is beside it.
    pub fn exchange(&self, code: &str) -> Vec<(&'static str, String)> {
        vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", self.redirect_uri.clone()),
            ("code_verifier", self.verifier.reveal().to_owned()),
        ]
    }

    /// What the id-token must repeat.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(promises: bool) -> Provider {
        let json = serde_json::json!({
            "issuer": "https://id.example", "authorization_endpoint": "https://id.example/a?p=1",
            "token_endpoint": "https://id.example/t", "jwks_uri": "https://id.example/k",
            "authorization_response_iss_parameter_supported": promises,
        });
        Provider::parse(json.to_string().as_bytes(), "https://id.example").unwrap()
    }

    #[test]
    fn a_login_comes_back_to_the_browser_that_began_it_in_time_and_from_its_issuer() {
        let now = Timestamp::from_millis(0);
        let login = PendingLogin::begin("https://h/p/".to_owned(), now).unwrap();
        let check = |promises: bool, state: &str, iss: Option<&str>, after: Duration| {
            login.check_return(&provider(promises), state, iss, now.plus(after))
        };
        let (state, none) = (login.state.clone(), Duration::ZERO);
        assert_eq!(check(false, &state, None, none), Ok(()));
        assert_eq!(check(true, &state, Some("https://id.example"), none), Ok(()));
        assert_eq!(check(false, "", None, none), Err(OidcError::NotBegun));
        assert_eq!(check(false, &state, None, PENDING_LIFETIME), Err(OidcError::NotBegun));
        assert_eq!(check(false, &state, Some("https://evil.example"), none), Err(OidcError::OtherIssuer));
        assert_eq!(check(true, &state, None, none), Err(OidcError::OtherIssuer));
    }

    #[test]
    fn the_browser_carries_the_challenge_and_never_the_verifier() {
        let login = PendingLogin::begin("https://h/p/".to_owned(), Timestamp::from_millis(0)).unwrap();
        let url = login.url(&provider(false), "crowsnest", "openid email");
        assert!(url.starts_with("https://id.example/a?p=1&response_type=code&client_id=crowsnest&"), "{url}");
        assert!(url.contains("redirect_uri=https%3A%2F%2Fh%2Fp%2F&scope=openid+email&"), "{url}");
        assert!(url.ends_with("&code_challenge_method=S256") && !url.contains(login.verifier.reveal()));
        let other = PendingLogin::begin("https://h/p/".to_owned(), Timestamp::from_millis(0)).unwrap();
        assert!(other.state != login.state && other.nonce != login.nonce && other.verifier != login.verifier);
    }
}
