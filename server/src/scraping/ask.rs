//! Asking a target, or whoever tells of targets, with the credentials of its job.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crowsnest_scrape::config::{Authorization, HttpConfig, Secret};
use parking_lot::Mutex;
use reqwest::{Certificate, Client, RequestBuilder, Response, Url};

use super::Tools;
use crate::fetch::{FetchError, identity};

/// How long a host's addresses are used before they are looked up again.
const FRESH: Duration = Duration::from_secs(120);
/// Certificates, keys and secrets are far shorter; this is a guard against naming the wrong file.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// How something is asked; one host only.
pub(super) struct Asker {
    tools: Arc<Tools>,
    http: HttpConfig,
    client: Mutex<Option<(Instant, Client)>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("cannot read {path}: {why}")]
    File { path: String, why: String },
    #[error("{0}")]
    Http(String),
    #[error("server returned HTTP status {0}")]
    Status(reqwest::StatusCode),
}

impl From<reqwest::Error> for AskError {
    fn from(error: reqwest::Error) -> Self {
        // The URL is known, and may hold a secret.
        let error = error.without_url();
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::Http(text)
    }
}

impl Asker {
    pub(super) fn new(tools: Arc<Tools>, http: HttpConfig) -> Self {
        Self { tools, http, client: Mutex::default() }
    }

    /// Asks for a page; what came is one that answers with success.
    pub(super) async fn get(&self, url: &Url, headers: &[(&str, &str)]) -> Result<Response, AskError> {
        let client = self.client(url).await?;
        let mut request = self.authorised(client.get(url.clone()))?;
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await;
        if answer.is_err() {
            // Its address may be another by now.
            *self.client.lock() = None;
        }
        let answer = answer?;
        if answer.status() == reqwest::StatusCode::OK {
            Ok(answer)
        } else {
            Err(AskError::Status(answer.status()))
        }
    }

    async fn client(&self, url: &Url) -> Result<Client, AskError> {
        let kept = self.client.lock().as_ref().filter(|(made, _)| made.elapsed() < FRESH).cloned();
        if let Some((_, client)) = kept {
            return Ok(client);
        }
        let mut builder = self.tools.fetcher.client(url).await?.pool_max_idle_per_host(1);
        let tls = &self.http.tls;
        if let Some(path) = &tls.ca {
            builder = builder.tls_certs_only(Certificate::from_pem_bundle(&read(path)?)?);
        }
        if let Some((cert, key)) = &tls.identity {
            builder = builder.identity(identity(&read(cert)?, &read(key)?).map_err(AskError::Http)?);
        }
        if tls.insecure_skip_verify {
            builder = builder.danger_accept_invalid_certs(true);
        }
        let client = builder.build()?;
        *self.client.lock() = Some((Instant::now(), client.clone()));
        Ok(client)
    }

    fn authorised(&self, request: RequestBuilder) -> Result<RequestBuilder, AskError> {
        Ok(match &self.http.authorization {
            Authorization::None => request,
            Authorization::Basic(user, password) => request.basic_auth(user, Some(told(password)?)),
            Authorization::Token(kind, token) => {
                request.header("Authorization", format!("{kind} {}", told(token)?))
            }
        })
    }
}

/// What a secret is now.
fn told(secret: &Secret) -> Result<String, AskError> {
    match secret {
        Secret::Inline(text) => Ok(text.clone()),
        Secret::File(path) => Ok(String::from_utf8_lossy(&read(path)?).trim().to_owned()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, AskError> {
    let failed = |why: String| AskError::File { path: path.display().to_string(), why };
    let metadata = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
    if metadata.len() > MAX_FILE_BYTES {
        return Err(failed(format!("it has more than {MAX_FILE_BYTES} bytes")));
    }
    std::fs::read(path).map_err(|error| failed(error.to_string()))
}
