//! What an issuer says of itself (OpenID Connect Discovery 1.0).

use serde::Deserialize;

use super::OidcError;

/// How a client shows its secret where the issuer does not say.
const BASIC: &str = "client_secret_basic";
const POST: &str = "client_secret_post";

/// As much of `.well-known/openid-configuration` as a login needs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Provider {
    /// Who it is; equal to what it was asked by, letter by letter.
    pub issuer: String,
    /// Where browsers go.
    pub authorization_endpoint: String,
    /// Where codes become tokens.
    pub token_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Provider {
    /// Reads the configuration of an issuer.
    ///
    /// # Errors
    /// When it is another's, or sends anybody somewhere without TLS that the issuer itself has.
    pub fn parse(json: &[u8], issuer: &str) -> Result<Self, OidcError> {
        let told: Self =
            serde_json::from_slice(json).map_err(|error| OidcError::Configuration(error.to_string()))?;
        if told.issuer != issuer {
            let why = format!("it says that it is {:?}, and was asked as {issuer:?}", told.issuer);
            return Err(OidcError::Configuration(why));
        }
        for url in [&told.authorization_endpoint, &told.token_endpoint, &told.jwks_uri] {
            let is_safe =
                url.starts_with("https://") || !issuer.starts_with("https://") && url.starts_with("http://");
            if !is_safe {
                return Err(OidcError::Configuration(format!("{url:?} is no https URL")));
            }
        }
        Ok(told)
    }

    /// Whether the client's secret goes into the form and not into the header.
    pub fn wants_secret_in_form(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        let has = |method: &str| methods.iter().any(|known| known == method);
        has(POST) && !has(BASIC)
    }

    /// Whether an answer names the issuer that was asked; it need not where the issuer does not promise to.
    pub(super) fn is_answer_of(&self, iss: Option<&str>) -> bool {
        iss.map_or(!self.authorization_response_iss_parameter_supported, |iss| iss == self.issuer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Provider, OidcError> {
        Provider::parse(json.as_bytes(), "https://id.example")
    }

    const GOOD: &str = r#"{"issuer": "https://id.example", "authorization_endpoint": "https://id.example/a",
        "token_endpoint": "https://id.example/t", "jwks_uri": "https://keys.example/k", "more": [1]}"#;

    #[test]
    fn an_issuer_that_says_it_is_another_or_leaves_tls_is_not_used() {
        assert!(parse(GOOD).is_ok());
        assert!(parse(&GOOD.replace("\"https://id.example\"", "\"https://id.example/\"")).is_err());
        assert!(parse(&GOOD.replace("https://keys.example", "http://keys.example")).is_err());
        assert!(parse(&GOOD.replace("https://id.example/a", "javascript:alert(1)")).is_err());
        assert!(parse("{}").is_err());
    }

    #[test]
    fn the_secret_goes_where_the_issuer_wants_it() {
        assert!(!parse(GOOD).unwrap().wants_secret_in_form());
        let with = |methods: &str| {
            let more = format!(r#""token_endpoint_auth_methods_supported": {methods}, "more""#);
            parse(&GOOD.replace("\"more\"", &more)).unwrap().wants_secret_in_form()
        };
        assert!(with(r#"["client_secret_post"]"#));
        assert!(!with(r#"["client_secret_post", "client_secret_basic"]"#));
    }
}
