//! One attempt: a request, with the credentials that the configuration names.

use std::time::Duration;

use crowsnest_alerting::alertmanager::Integration;
use crowsnest_alerting::dispatch::{Notification, webhook};
use crowsnest_alerting::message::{self, Outgoing, Templates};
use crowsnest_alerting::yaml::Node;
use reqwest::{Certificate, Client, RequestBuilder, Url};

use super::deliver::Failure;
use crate::fetch::{Fetcher, identity};

/// How long an attempt may take whose integration does not say.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends a notification.
pub(super) async fn send(
    fetcher: &Fetcher,
    integration: &Integration,
    notification: &Notification,
    external_url: &str,
    templates: &Templates,
) -> Result<(), Failure> {
    if integration.kind == "webhook" {
        let url = secret(integration, "url")?;
        let max_alerts = integration.text("max_alerts").and_then(|text| text.parse().ok()).unwrap_or(0);
        let body = webhook::body(notification, external_url, max_alerts, webhook::Version::Classic);
        return post(fetcher, integration, &url, &[], body).await;
    }
    let secrets = |name: &str| {
        secret(integration, name).map_err(|failure| match failure {
            Failure::Passing(error) | Failure::Final(error) => error,
        })
    };
    let Outgoing { url, headers, body } =
        message::request(integration, notification, external_url, templates, &secrets)
            .map_err(Failure::Final)?;
    post(fetcher, integration, &url, &headers, body.to_string().into_bytes()).await
}

/// A setting, or what is in the file of the setting with `_file` behind its name.
fn secret(integration: &Integration, name: &str) -> Result<String, Failure> {
    if let Some(text) = integration.text(name) {
        return Ok(text.to_owned());
    }
    match integration.text(&format!("{name}_file")) {
        Some(path) => read(path),
        None => Err(Failure::Final(format!("there is no {name}"))),
    }
}

fn read(path: &str) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path);
    text.map(|text| text.trim().to_owned())
        .map_err(|error| Failure::Passing(format!("cannot read {path}: {error}")))
}

async fn post(
    fetcher: &Fetcher,
    integration: &Integration,
    url: &str,
    headers: &[(&'static str, String)],
    body: Vec<u8>,
) -> Result<(), Failure> {
    let http = integration.setting("http_config");
    let url: Url = url.parse().map_err(|_| Failure::Final("the URL is not one".to_owned()))?;
    let timeout = integration.text("timeout").and_then(|text| crowsnest_alerting::duration::parse(text).ok());
    let client =
        client(fetcher, http, &url, timeout.filter(|timeout| !timeout.is_zero()).unwrap_or(TIMEOUT)).await?;
    let mut request = client.post(url).header("Content-Type", "application/json").body(body);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let answer = authorised(http, request)?.send().await;
    let answer = answer.map_err(|error| Failure::Passing(in_one_line(error.without_url())))?;
    let status = answer.status();
    match status.as_u16() {
        200..=299 => Ok(()),
        429 | 500..=599 => Err(Failure::Passing(format!("unexpected status code {status}"))),
        _ => Err(Failure::Final(format!("unexpected status code {status}"))),
    }
}

async fn client(
    fetcher: &Fetcher,
    http: Option<&Node>,
    url: &Url,
    timeout: Duration,
) -> Result<Client, Failure> {
    let builder = fetcher.client(url).await.map_err(|error| Failure::Passing(error.to_string()))?;
    let mut builder = builder.timeout(timeout);
    if let Some(tls) = http.and_then(|http| http.get("tls_config")) {
        let wrong = |error: reqwest::Error| Failure::Final(in_one_line(error));
        if let Some(path) = tls.get("ca_file").and_then(Node::text) {
            let certificate = Certificate::from_pem(read(path)?.as_bytes()).map_err(wrong)?;
            builder = builder.add_root_certificate(certificate);
        }
        if let (Some(cert), Some(key)) =
            (tls.get("cert_file").and_then(Node::text), tls.get("key_file").and_then(Node::text))
        {
            let (cert, key) = (read(cert)?, read(key)?);
            let identity = identity(cert.as_bytes(), key.as_bytes()).map_err(Failure::Final)?;
            builder = builder.identity(identity);
        }
        if tls.get("insecure_skip_verify").and_then(Node::text) == Some("true") {
            builder = builder.danger_accept_invalid_certs(true);
        }
    }
    builder.build().map_err(|error| Failure::Final(in_one_line(error)))
}

/// The request with credentials.
fn authorised(http: Option<&Node>, request: RequestBuilder) -> Result<RequestBuilder, Failure> {
    let Some(http) = http else { return Ok(request) };
    let text = |node: &Node, name: &str| -> Result<Option<String>, Failure> {
        if let Some(text) = node.get(name).and_then(Node::text) {
            return Ok(Some(text.to_owned()));
        }
        node.get(&format!("{name}_file")).and_then(Node::text).map(read).transpose()
    };
    if let Some(basic) = http.get("basic_auth") {
        let user = text(basic, "username")?.unwrap_or_default();
        return Ok(request.basic_auth(user, text(basic, "password")?));
    }
    if let Some(authorization) = http.get("authorization") {
        let kind = authorization.get("type").and_then(Node::text).unwrap_or("Bearer");
        let credentials = text(authorization, "credentials")?.unwrap_or_default();
        return Ok(request.header("Authorization", format!("{kind} {credentials}")));
    }
    match text(http, "bearer_token")? {
        Some(token) => Ok(request.bearer_auth(token)),
        None => Ok(request),
    }
}

/// An error and its causes.
fn in_one_line(error: reqwest::Error) -> String {
    format!("{:#}", anyhow::Error::from(error))
}
