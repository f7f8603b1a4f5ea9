//! How a target is asked: whom we trust, who we are, and the request itself.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use crowsnest_scrape::config::{Authorization, Secret};
use crowsnest_scrape::{Scheme, Target};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HOST, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use openssl::ssl::{SslConnector, SslFiletype, SslVerifyMode};

use crate::connect::{ConnectError, Connection};
use crate::push::{TargetError, TokenError, TokenFile, client_tls};

/// Tells a target how long we wait, as Prometheus does.
const TIMEOUT_HEADER: &str = "x-prometheus-scrape-timeout-seconds";

/// How servers are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// By the certificate authorities of the system.
    System,
    /// By those in this file and no others.
    File(PathBuf),
    /// Not at all.
    Unverified,
}

/// Who we are.
pub(crate) enum Credential {
    /// Nobody.
    None,
    /// Whoever holds the token in a file.
    Bearer(Mutex<TokenFile>),
    /// As a configuration has it.
    Written(Authorization),
}

/// How the targets of a job are asked.
pub(crate) struct Access {
    pub(crate) trust: Trust,
    pub(crate) credential: Credential,
    /// Our certificate and its key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
}

/// Why no page came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    #[error("no bearer token")]
    Token(#[source] TokenError),
    #[error("cannot set up TLS")]
    Tls(#[source] TargetError),
    #[error("cannot connect")]
    Connect(#[source] std::io::Error),
    #[error("no TLS (certificate check: {0})")]
    Untrusted(&'static str, #[source] openssl::ssl::Error),
    #[error("the exchange broke off")]
    Http(#[source] hyper::Error),
    #[error("the path cannot stand in a request")]
    Path,
    #[error("cannot read {}", .0.display())]
    Secret(PathBuf, #[source] std::io::Error),
    #[error("the credentials cannot stand in a header")]
    Header,
    #[error("server returned HTTP status {0}")]
    Status(StatusCode),
}

impl From<ConnectError> for AccessError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Tcp(source) => Self::Connect(source),
            ConnectError::Tls(verification, source) => Self::Untrusted(verification, source),
            ConnectError::Http(source) => Self::Http(source),
        }
    }
}

/// The header `Authorization`; a secret in a file is read anew for each request.
fn written_header(written: &Authorization) -> Result<HeaderValue, AccessError> {
    let told = |secret: &Secret| match secret {
        Secret::Inline(text) => Ok(text.clone()),
        Secret::File(path) => std::fs::read_to_string(path)
            .map(|text| text.trim().to_owned())
            .map_err(|source| AccessError::Secret(path.clone(), source)),
    };
    let text = match written {
        Authorization::None => String::new(),
        Authorization::Basic(user, password) => {
            let pair = format!("{user}:{}", told(password)?);
            format!("Basic {}", openssl::base64::encode_block(pair.as_bytes()))
        }
        Authorization::Token(kind, token) => format!("{kind} {}", told(token)?),
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| AccessError::Header)?;
    value.set_sensitive(true);
    Ok(value)
}

impl Access {
    /// Without TLS of our own or credentials.
    pub(crate) const fn open() -> Self {
        Self { trust: Trust::System, credential: Credential::None, identity: None }
    }

    fn connector(&self) -> Result<SslConnector, AccessError> {
        let file = match &self.trust {
            Trust::File(path) => Some(path.as_path()),
            Trust::System | Trust::Unverified => None,
        };
        let mut builder = client_tls(file).map_err(AccessError::Tls)?;
        if self.trust == Trust::Unverified {
            builder.set_verify(SslVerifyMode::NONE);
        }
        if let Some((certificate, key)) = &self.identity {
            builder
                .set_certificate_chain_file(certificate)
                .and_then(|()| builder.set_private_key_file(key, SslFiletype::PEM))
                .map_err(|stack| AccessError::Tls(stack.into()))?;
        }
        Ok(builder.build())
    }

    fn authorization(&self) -> Result<Option<HeaderValue>, AccessError> {
        match &self.credential {
            Credential::None => Ok(None),
            Credential::Bearer(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.bearer().map(Some).map_err(AccessError::Token)
            }
            Credential::Written(written) => written_header(written).map(Some),
        }
    }

    /// A new connection to a target.
    async fn connect(&self, target: &Target) -> Result<Connection, AccessError> {
        let (host, port) = target.host_and_port();
        let connector = match target.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(self.connector()?),
        };
        let tls = connector.as_ref().map(|connector| (connector, host));
        Ok(Connection::open(host, port, tls).await?)
    }

    /// Asks for a target's page, over the connection that was kept if there is one; says what came, which may be an error page. On a
    /// kept connection that the target has closed meanwhile it is asked once more on a new one.
    pub(crate) async fn get(
        &self,
        target: &Target,
        accept: &str,
        kept: Option<Connection>,
    ) -> Result<(Response<Incoming>, Connection), AccessError> {
        let request = || self.request(target, accept);
        if let Some(mut kept) = kept
            && kept.requests.ready().await.is_ok()
            && let Ok(response) = kept.requests.send_request(request()?).await
        {
            return Ok((response, kept));
        }
        let mut fresh = self.connect(target).await?;
        let response = fresh.requests.send_request(request()?).await.map_err(AccessError::Http)?;
        Ok((response, fresh))
    }

    fn request(&self, target: &Target, accept: &str) -> Result<Request<Full<Bytes>>, AccessError> {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = target.path_and_query.parse().map_err(|_| AccessError::Path)?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(&target.address).map_err(|_| AccessError::Path)?);
        headers.insert(ACCEPT, HeaderValue::from_str(accept).map_err(|_| AccessError::Path)?);
        // On one machine compression costs more than it saves.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let agent = concat!("crowsnest-agent/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        if let Ok(timeout) = HeaderValue::from_str(&target.timeout.as_secs_f64().to_string()) {
            headers.insert(TIMEOUT_HEADER, timeout);
        }
        if let Some(authorization) = self.authorization()? {
            headers.insert(AUTHORIZATION, authorization);
        }
        Ok(request)
    }
}
