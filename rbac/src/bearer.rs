//! What a bearer token says about itself, which is not proof of anything.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crowsnest_api::Timestamp;
use serde::Deserialize;

/// The longest token that is looked at; tokens of identity providers that list many groups have some kilobytes.
pub const MAX_BEARER_BYTES: usize = 16 << 10;

/// Claims of a JWT, read without checking its signature: to tell when a token that the API server has accepted will
/// end, and why one that it has refused may have been refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BearerClaims {
    /// When it ends; `None` if it does not say.
    pub expires: Option<Timestamp>,
    /// Namespace and name of the ServiceAccount that it says it belongs to.
    pub service_account: Option<(String, String)>,
}

#[derive(Deserialize)]
struct Payload {
    exp: Option<f64>,
    sub: Option<String>,
}

impl BearerClaims {
    /// The claims; `None` for text that is no JWT.
    pub fn peek(token: &str) -> Option<Self> {
        if token.len() > MAX_BEARER_BYTES {
            return None;
        }
        let mut parts = token.split('.');
        let (Some(_), Some(payload), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        let payload: Payload = serde_json::from_slice(&payload).ok()?;
        // The year 9999 is far enough away for any token, and within what a time can be written as.
        let expires = payload.exp.filter(|exp| exp.is_finite()).map(|exp| exp.clamp(0.0, 253_402_300_799.0));
        let service_account = payload.sub.as_deref().and_then(service_account);
        Some(Self {
            #[expect(clippy::cast_possible_truncation, reason = "clamped above")]
            expires: expires.map(|seconds| Timestamp::from_millis((seconds * 1000.0) as i64)),
            service_account: service_account.map(|(namespace, name)| (namespace.to_owned(), name.to_owned())),
        })
    }
}

/// Namespace and name in the user name of a ServiceAccount.
pub fn service_account(user: &str) -> Option<(&str, &str)> {
    user.strip_prefix("system:serviceaccount:")?.split_once(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(payload: &str) -> String {
        format!("{}.{}.sig", URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn a_service_accounts_token_says_when_it_ends_and_whose_it_is() {
        let token = jwt(r#"{"exp":1700000000,"sub":"system:serviceaccount:shop:viewer","aud":["x"]}"#);
        let claims = BearerClaims::peek(&token).unwrap();
        assert_eq!(claims.expires, Some(Timestamp::from_millis(1_700_000_000_000)));
        assert_eq!(claims.service_account, Some(("shop".into(), "viewer".into())));
    }

    #[test]
    fn a_token_that_says_nothing_is_still_a_token() {
        assert_eq!(BearerClaims::peek(&jwt("{}")), Some(BearerClaims::default()));
        let odd = BearerClaims::peek(&jwt(r#"{"exp":1e300,"sub":"ann"}"#)).unwrap();
        assert!(odd.expires.is_some() && odd.service_account.is_none());
    }

    #[test]
    fn other_text_is_no_jwt() {
        for text in ["", "abc", "a.b.c", "..", &jwt("{}").repeat(2), &jwt("[1]"), &"x".repeat(1 << 20)] {
            assert_eq!(BearerClaims::peek(text), None, "{text}");
        }
    }
}
