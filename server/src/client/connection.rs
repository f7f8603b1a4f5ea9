//! One HTTPS request to a server, the certificate verified.

use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, Request, StatusCode, Uri, request};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use openssl::ssl::{SslConnector, SslMethod};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_openssl::SslStream;

/// The largest answer that is read.
const MAX_ANSWER: usize = 256 << 20;
/// Connecting and the handshake take no longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// An answer that is read at once takes no longer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Something that can carry a connection.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What a server has answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A server, and as whom to ask it.
pub(crate) struct Server {
    base: Uri,
    token: Option<String>,
    tls: SslConnector,
}

impl Server {
    /// Reads the files; connects to nothing yet.
    pub(crate) fn new(url: &str, token_file: Option<&Path>, ca: Option<&Path>) -> anyhow::Result<Self> {
        let base: Uri = url.parse().with_context(|| format!("--url {url:?} is not a URL"))?;
        let host = base.host().unwrap_or_default();
        let loopback = host == "localhost" || bare(host).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        match base.scheme_str() {
            Some("https") => {}
            Some("http") if loopback => {}
            Some("http") => bail!("--url {url}: plain HTTP would show the token to the network; use https"),
            _ => bail!("--url {url:?} is not an http or https URL"),
        }
        let token = token_file
            .map(|path| {
                let text = std::fs::read_to_string(path);
                text.with_context(|| format!("cannot read the token in {}", path.display()))
            })
            .transpose()?
            .map(|text| text.trim().to_owned());
        let mut tls = SslConnector::builder(SslMethod::tls_client())?;
        if let Some(ca) = ca {
            tls.set_ca_file(ca).with_context(|| format!("cannot read the CA in {}", ca.display()))?;
        }
        Ok(Self { base, token, tls: tls.build() })
    }

    /// Gets what is at `path` below the base, whatever the status says.
    ///
    /// # Errors
    /// When the server cannot be reached, cannot be trusted, or says nothing for too long.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        let request = self.request(Method::GET, path)?.header(ACCEPT, "*/*");
        let asked = async {
            let (response, running) = self.send(request, String::new()).await?;
            let (head, body) = response.into_parts();
            let body = read(body).await?;
            running.abort();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        let answered = tokio::time::timeout(ANSWER_TIMEOUT, asked).await;
        answered.with_context(|| format!("no answer to {path} within {} s", ANSWER_TIMEOUT.as_secs()))?
    }

    /// Whom a connection goes to, where that is over TLS: name or address, and port.
    pub(crate) fn tls_address(&self) -> Option<(String, u16)> {
        let is_tls = self.base.scheme_str() == Some("https");
        let host = bare(self.base.host()?).to_owned();
        is_tls.then(|| (host, self.base.port_u16().unwrap_or(443)))
    }

    /// Posts a form to `path` below the base and gives back the body, whatever the status says.
    pub(super) async fn post_form(&self, path: &str, form: String) -> anyhow::Result<Vec<u8>> {
        let request = self.request(Method::POST, path)?.header(ACCEPT, "application/json");
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let (response, running) = self.send(request, form).await?;
        let body = read(response.into_body()).await?;
        running.abort();
        Ok(body)
    }

    /// Posts JSON to `path` below the base and gives back the body of the answer.
    ///
    /// # Errors
    /// When the server refuses, in its words.
    pub(super) async fn post_json(&self, path: &str, body: String) -> anyhow::Result<Vec<u8>> {
        let request = self.request(Method::POST, path)?.header(CONTENT_TYPE, "application/json");
        let (response, running) = self.send(request, body).await?;
        let status = response.status();
        let body = read(response.into_body()).await?;
        running.abort();
        if !status.is_success() {
            bail!("the server answers {status}: {}", String::from_utf8_lossy(&body).trim());
        }
        Ok(body)
    }

    /// Gets what is at `path` below the base, however large, and gives it to `take` piece by piece.
    ///
    /// # Errors
    /// When the server refuses, or the answer breaks off.
    pub(super) async fn download(
        &self,
        path: &str,
        mut take: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let request = self.request(Method::GET, path)?;
        let (response, running) = self.send(request, String::new()).await?;
        let status = response.status();
        let mut body = response.into_body();
        if !status.is_success() {
            let why = read(body).await?;
            bail!("the server answers {status}: {}", String::from_utf8_lossy(&why).trim());
        }
        while let Some(frame) = body.frame().await {
            let frame = frame.context("the server broke off")?;
            frame.data_ref().map_or(Ok(()), |piece| take(piece))?;
        }
        running.abort();
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> anyhow::Result<request::Builder> {
        let authority = self.base.authority().context("--url has no host")?.as_str();
        let base = self.base.path().trim_end_matches('/');
        let request = Request::builder().method(method).uri(format!("{base}/{path}")).header(HOST, authority);
        Ok(match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        })
    }

    /// Connects, sends, and gives back the answer's head with its body to come, and what keeps the connection going.
    async fn send(
        &self,
        request: request::Builder,
        body: String,
    ) -> anyhow::Result<(http::Response<Incoming>, JoinHandle<hyper::Result<()>>)> {
        let request =
            request.body(body).context("the request cannot be written (is the token one line of text?)")?;
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, self.connect()).await;
        let host = self.base.host().unwrap_or_default();
        let stream = stream.with_context(|| format!("connecting to {host} took too long"))??;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let running = tokio::spawn(connection);
        let response = sender.send_request(request).await.context("the server did not answer")?;
        ensure!(!response.status().is_redirection(), "the server redirects; is --url complete?");
        Ok((response, running))
    }

    async fn connect(&self) -> anyhow::Result<Box<dyn Stream>> {
        let host = self.base.host().unwrap_or_default();
        let secure = self.base.scheme_str() == Some("https");
        let port = self.base.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let tcp = TcpStream::connect((bare(host), port)).await;
        let tcp = tcp.with_context(|| format!("cannot connect to {host}:{port}"))?;
        if !secure {
            return Ok(Box::new(tcp));
        }
        let ssl = self.tls.configure()?.into_ssl(bare(host))?;
        let mut stream = SslStream::new(ssl, tcp)?;
        Pin::new(&mut stream).connect().await.with_context(|| {
            format!("cannot trust {host}:{port}; --ca names the CA that signed its certificate")
        })?;
        Ok(Box::new(stream))
    }
}

/// A whole body.
async fn read(body: Incoming) -> anyhow::Result<Vec<u8>> {
    let body = Limited::new(body, MAX_ANSWER).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("cannot read the answer: {error}"))?;
    Ok(body.to_bytes().to_vec())
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for (url, good) in [
            ("https://nest.example/p/", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost", true),
            ("http://nest.example", false),
            ("ftp://nest.example", false),
            ("nest.example", false),
        ] {
            assert_eq!(Server::new(url, None, None).is_ok(), good, "{url}");
        }
    }
}
