//! Asking a target, or whoever tells of targets, with the credentials of its job.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crowsnest_scrape::config::{Authorization, HttpConfig, Redirects, Secret};
use parking_lot::Mutex;
use reqwest::header::LOCATION;
use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode, Url};

use super::Tools;
use crate::fetch::{FetchError, identity};

/// How long a host's addresses are used before they are looked up again.
const FRESH: Duration = Duration::from_secs(120);
/// Certificates, keys and secrets are far shorter; this is a guard against naming the wrong file.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// How often an answer may lead elsewhere.
const MAX_REDIRECTS: usize = 10;

/// How something is asked.
pub(super) struct Asker {
    tools: Arc<Tools>,
    http: HttpConfig,
    /// One for each host on the way to the page, with when it was made.
    clients: Mutex<HashMap<String, (Instant, Client)>>,
}

/// Whose host is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Host {
    /// The one that was named: it gets to know who asks.
    Named,
    /// Another, to which that one led.
    Other,
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
    Status(StatusCode),
    #[error("stopped after {MAX_REDIRECTS} redirects")]
    Redirects,
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
        Self { tools, http, clients: Mutex::default() }
    }

    /// Asks for a page; what came is one that answers with success. Every host on the way has to be one where we may go, and only the one
    /// that was named is shown a credential.
    pub(super) async fn get(&self, url: &Url, headers: &[(&str, &str)]) -> Result<Response, AskError> {
        let mut next = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let host = if next.origin() == url.origin() { Host::Named } else { Host::Other };
            let answer = self.ask(&next, host, headers).await?;
            match led_to(&answer, &next) {
                Some(elsewhere) if self.http.redirects == Redirects::Follow => next = elsewhere,
                _ if answer.status() == StatusCode::OK => return Ok(answer),
                _ => return Err(AskError::Status(answer.status())),
            }
        }
        Err(AskError::Redirects)
    }

    async fn ask(&self, url: &Url, host: Host, headers: &[(&str, &str)]) -> Result<Response, AskError> {
        let client = self.client(url, host).await?;
        let mut request = client.get(url.clone());
        if host == Host::Named {
            request = self.authorised(request)?;
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await;
        if answer.is_err() {
            // Its address may be another by now.
            self.clients.lock().remove(&url.origin().ascii_serialization());
        }
        Ok(answer?)
    }

    async fn client(&self, url: &Url, host: Host) -> Result<Client, AskError> {
        let origin = url.origin().ascii_serialization();
        let kept = self.clients.lock().get(&origin).filter(|(made, _)| made.elapsed() < FRESH).cloned();
        if let Some((_, client)) = kept {
            return Ok(client);
        }
        let mut builder = self.tools.fetcher.client(url).await?.pool_max_idle_per_host(1);
        let tls = &self.http.tls;
        if let Some(path) = &tls.ca {
            builder = builder.tls_certs_only(Certificate::from_pem_bundle(&read(path)?)?);
        }
        if let Some((cert, key)) = tls.identity.as_ref().filter(|_| host == Host::Named) {
            builder = builder.identity(identity(&read(cert)?, &read(key)?).map_err(AskError::Http)?);
        }
        if tls.insecure_skip_verify {
            builder = builder.danger_accept_invalid_certs(true);
        }
        let client = builder.build()?;
        let mut clients = self.clients.lock();
        // Where it led before, it need not lead again.
        clients.retain(|_, (made, _)| made.elapsed() < FRESH);
        if clients.len() <= MAX_REDIRECTS {
            clients.insert(origin, (Instant::now(), client.clone()));
        }
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

/// Where an answer leads, if it does.
fn led_to(answer: &Response, from: &Url) -> Option<Url> {
    let leads = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = answer.headers().get(LOCATION).filter(|_| leads)?;
    from.join(location.to_str().ok()?).ok()
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
