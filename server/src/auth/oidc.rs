//! Signing in at an OpenID Connect issuer, which the API server believes, too: its id-token becomes the user's bearer token there.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crowsnest_api::Timestamp;
use crowsnest_rbac::Secret;
use crowsnest_rbac::oidc::{Expected, JwkSet, OidcError, PendingLogin, Provider, verify_id_token};
use form_urlencoded::Serializer;
use http::header::{ACCEPT, CONTENT_TYPE};
use parking_lot::Mutex;
use reqwest::{Certificate, Client, Response, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::SignInFailure;
use crate::fetch::Fetcher;

/// Where issuers describe themselves.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";
/// One request to an issuer takes no longer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that is read.
const MAX_ANSWER: usize = 256 << 10;
/// How long configuration and keys count.
const KNOWN_FOR: Duration = Duration::from_secs(600);
/// How soon newer keys are asked for when none of the known ones has signed a token.
const KEYS_AGAIN: Duration = Duration::from_secs(10);

/// The issuer, and who we are there.
#[derive(Clone, Debug)]
pub(crate) struct OidcSettings {
    /// As the issuer names itself.
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// Public clients have none.
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Whom the issuer's certificate is signed by, beside the system's authorities.
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) scopes: Vec<String>,
}

/// Talks to the issuer.
pub(crate) struct Oidc {
    settings: OidcSettings,
    secret: Option<Secret>,
    authorities: Vec<Certificate>,
    fetcher: Fetcher,
    provider: Mutex<Option<(Instant, Arc<Provider>)>>,
    keys: Mutex<Option<(Instant, Arc<JwkSet>)>>,
}

/// What the token endpoint gives.
#[derive(Debug, Deserialize)]
pub(crate) struct Tokens {
    /// What the API server is shown.
    pub(crate) id_token: Secret,
    /// What newer ones can be had with.
    #[serde(default)]
    pub(crate) refresh_token: Option<Secret>,
}

/// What an issuer says when it refuses.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: String,
}

/// Why a request to the issuer came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OidcFailure {
    #[error(transparent)]
    Refused(#[from] OidcError),
    /// The issuer says no: a code is used up, a refresh token withdrawn.
    #[error("the issuer refuses: {0}")]
    Issuer(String),
    #[error("cannot ask the issuer: {0}")]
    Unreachable(String),
}

impl From<OidcFailure> for SignInFailure {
    fn from(failure: OidcFailure) -> Self {
        match failure {
            OidcFailure::Refused(OidcError::Configuration(_) | OidcError::Random)
            | OidcFailure::Unreachable(_) => Self::CannotAsk(failure.to_string()),
            OidcFailure::Refused(_) | OidcFailure::Issuer(_) => Self::Refused(failure.to_string()),
        }
    }
}

impl Oidc {
    /// Reads the files that the settings name; asks nobody yet, so that the issuer may be down.
    pub(crate) fn new(settings: OidcSettings, fetcher: Fetcher) -> anyhow::Result<Self> {
        let read =
            |file: &PathBuf| std::fs::read(file).with_context(|| format!("cannot read {}", file.display()));
        let secret = settings.client_secret_file.as_ref().map(read).transpose()?;
        let secret = secret.map(|bytes| {
            Secret::new(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned())
        });
        let authorities = match &settings.ca_file {
            Some(file) => Certificate::from_pem_bundle(&read(file)?)
                .with_context(|| format!("--oidc-ca-file {}", file.display()))?,
            None => Vec::new(),
        };
        let (provider, keys) = (Mutex::new(None), Mutex::new(None));
        Ok(Self { settings, secret, authorities, fetcher, provider, keys })
    }

    /// What people know the issuer by.
    pub(crate) fn name(&self) -> String {
        let url = Url::parse(&self.settings.issuer).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| self.settings.issuer.clone())
    }

    /// Begins a login that comes back to a page; says where the browser is to go.
    pub(crate) async fn begin(
        &self,
        redirect_uri: String,
        now: Timestamp,
    ) -> Result<(PendingLogin, String), OidcFailure> {
        let provider = self.provider().await?;
        let login = PendingLogin::begin(redirect_uri, now)?;
        let url = login.url(&provider, &self.settings.client_id, &self.settings.scopes.join(" "));
        Ok((login, url))
    }

    /// Ends a login: the code becomes tokens, which are checked.
    pub(crate) async fn finish(
        &self,
        login: &PendingLogin,
        code: &str,
        state: &str,
        iss: Option<&str>,
        now: Timestamp,
    ) -> Result<Tokens, OidcFailure> {
        let provider = self.provider().await?;
        login.check_return(&provider, state, iss, now)?;
        self.tokens(&provider, login.exchange(code), Some(login.nonce())).await
    }

    /// Newer tokens for somebody who has signed in before.
    pub(crate) async fn renew(&self, refresh: &Secret) -> Result<Tokens, OidcFailure> {
        let provider = self.provider().await?;
        let form =
            vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", refresh.reveal().to_owned())];
        self.tokens(&provider, form, None).await
    }

    async fn tokens(
        &self,
        provider: &Provider,
        mut form: Vec<(&'static str, String)>,
        nonce: Option<&str>,
    ) -> Result<Tokens, OidcFailure> {
        let client_id = &self.settings.client_id;
        let (client, url) = self.client(&provider.token_endpoint).await?;
        let mut request = client.post(url);
        match &self.secret {
            Some(secret) if !provider.wants_secret_in_form() => {
                // RFC 6749, 2.3.1: both are form-encoded before they become user name and password.
                let encoded =
                    |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                request = request.basic_auth(encoded(client_id), Some(encoded(secret.reveal())));
            }
            Some(secret) => {
                form.push(("client_id", client_id.clone()));
                form.push(("client_secret", secret.reveal().to_owned()));
            }
            None => form.push(("client_id", client_id.clone())),
        }
        let request = request
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(encoded(&form));
        let tokens: Tokens = answer(request.send().await.map_err(unreachable)?).await?;
        self.check(provider, &tokens, nonce).await?;
        Ok(tokens)
    }

    /// Whether the id-token is the issuer's, for us, and for this login.
    async fn check(
        &self,
        provider: &Provider,
        tokens: &Tokens,
        nonce: Option<&str>,
    ) -> Result<(), OidcFailure> {
        let expected = Expected { issuer: &self.settings.issuer, client_id: &self.settings.client_id, nonce };
        for may_be_older_than in [KNOWN_FOR, KEYS_AGAIN] {
            let keys = self.keys(provider, may_be_older_than).await?;
            if verify_id_token(tokens.id_token.reveal(), &keys, expected)?.is_some() {
                return Ok(());
            }
        }
        Err(OidcError::Token("none of the issuer's keys has signed it".to_owned()).into())
    }

    async fn provider(&self) -> Result<Arc<Provider>, OidcFailure> {
        if let Some((at, provider)) = &*self.provider.lock()
            && at.elapsed() < KNOWN_FOR
        {
            return Ok(Arc::clone(provider));
        }
        let issuer = &self.settings.issuer;
        let url = format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/'));
        let provider = Arc::new(Provider::parse(&self.get(&url).await?, issuer)?);
        *self.provider.lock() = Some((Instant::now(), Arc::clone(&provider)));
        Ok(provider)
    }

    async fn keys(&self, provider: &Provider, fresh: Duration) -> Result<Arc<JwkSet>, OidcFailure> {
        if let Some((at, keys)) = &*self.keys.lock()
            && at.elapsed() < fresh
        {
            return Ok(Arc::clone(keys));
        }
        let keys: JwkSet = serde_json::from_slice(&self.get(&provider.jwks_uri).await?)
            .map_err(|error| OidcError::Configuration(format!("its keys: {error}")))?;
        let keys = Arc::new(keys);
        *self.keys.lock() = Some((Instant::now(), Arc::clone(&keys)));
        Ok(keys)
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, OidcFailure> {
        let (client, url) = self.client(url).await?;
        let response =
            client.get(url).header(ACCEPT, "application/json").send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(OidcFailure::Unreachable(format!("HTTP status {}", response.status().as_u16())));
        }
        body(response).await
    }

    /// A client for one URL, which leaves through the one place that guards what leaves.
    async fn client(&self, url: &str) -> Result<(Client, Url), OidcFailure> {
        let url = Url::parse(url).map_err(|error| OidcFailure::Unreachable(error.to_string()))?;
        let builder = self.fetcher.client(&url).await;
        let builder = builder.map_err(|error| OidcFailure::Unreachable(error.to_string()))?;
        let client = builder.timeout(TIMEOUT).tls_certs_merge(self.authorities.iter().cloned()).build();
        Ok((client.map_err(unreachable)?, url))
    }
}

fn encoded(form: &[(&'static str, String)]) -> String {
    let mut body = Serializer::new(String::new());
    body.extend_pairs(form);
    body.finish()
}

async fn answer<T: DeserializeOwned>(response: Response) -> Result<T, OidcFailure> {
    let status = response.status();
    let body = body(response).await?;
    if status.is_success() {
        return serde_json::from_slice(&body)
            .map_err(|_| OidcFailure::Issuer("its answer holds no id_token".to_owned()));
    }
    let told: Refusal = serde_json::from_slice(&body).unwrap_or_default();
    if status.is_server_error() || told.error.is_empty() {
        return Err(OidcFailure::Unreachable(format!("HTTP status {}", status.as_u16())));
    }
    let why = [told.error, told.error_description].join(" ");
    Err(OidcFailure::Issuer(why.trim().chars().filter(|letter| !letter.is_control()).take(200).collect()))
}

async fn body(mut response: Response) -> Result<Vec<u8>, OidcFailure> {
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await.map_err(unreachable)? {
        bytes.extend_from_slice(&part);
        if bytes.len() > MAX_ANSWER {
            return Err(OidcFailure::Unreachable(format!("it answers with more than {MAX_ANSWER} bytes")));
        }
    }
    Ok(bytes)
}

/// The cause without the URL, in which a code may stand.
fn unreachable(error: reqwest::Error) -> OidcFailure {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    OidcFailure::Unreachable(cause.to_string())
}
