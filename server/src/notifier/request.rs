//! A notification as an HTTP request, with the credentials that the configuration names.

use std::time::Duration;

use crowsnest_alerting::alertmanager::Integration;
use crowsnest_alerting::dispatch::{Notification, webhook};
use crowsnest_alerting::message::{self, Carriage, Sending, Templates};
use crowsnest_alerting::yaml::Node;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use parking_lot::Mutex;
use reqwest::{Certificate, Client, Method, RequestBuilder, StatusCode, Url};
use tracing::warn;

use super::deliver::Failure;
use super::prepared::{Answer, read, secret};
use super::told::{Shown, masked};
use crate::fetch::{Fetcher, identity};

/// How long an attempt may take whose integration does not say.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The header of a signature that has no other.
const SIGNATURE: &str = "X-Crowsnest-Signature";
/// How much of an answer is read.
const MOST_READ: usize = 4 << 10;

/// A request that is ready to be sent.
pub(super) struct Request<'a> {
    http: Option<&'a Node>,
    sending: Sending,
    /// What is sent after it, and may fail.
    after: Option<Carriage>,
    /// What it says, in a form that can be shown.
    text: Vec<u8>,
    timeout: Duration,
    /// Texts in it that nobody is to see.
    secrets: Vec<String>,
}

/// Prepares to tell an integration of a notification.
pub(super) fn prepare<'a>(
    integration: &'a Integration,
    notification: &Notification,
    external_url: &str,
    templates: &Templates,
    chart: Option<&[u8]>,
) -> Result<Request<'a>, Failure> {
    let secrets = Mutex::new(Vec::new());
    let read_secret = |name: &str| -> Result<String, Failure> {
        let secret = secret(integration, name)?;
        secrets.lock().push(secret.clone());
        Ok(secret)
    };
    if integration.kind == "webhook" {
        let url = read_secret("url")?;
        let max_alerts = integration.text("max_alerts").and_then(|text| text.parse().ok()).unwrap_or(0);
        let body = webhook::body(notification, external_url, max_alerts, webhook::Version::Classic);
        let headers = signature(integration, &body)?;
        let sending = Sending { method: "POST", url, headers, content_type: message::JSON.to_owned(), body };
        return Ok(Request::new(integration, sending, secrets.into_inner()));
    }
    let read_secret = |name: &str| {
        read_secret(name).map_err(|failure| match failure {
            Failure::Passing(error) | Failure::Final(error) => error,
        })
    };
    let plain = message::request(integration, notification, external_url, templates, &read_secret)
        .map_err(Failure::Final)?;
    let carried = chart.and_then(|png| message::carriage(integration.kind, &plain, png));
    let plain = plain.sending(message::method(integration.kind));
    let request = Request::new(integration, plain, secrets.into_inner());
    Ok(match carried {
        Some(Carriage::Within(sending)) => Request { sending, ..request },
        after => Request { after, ..request },
    })
}

impl<'a> Request<'a> {
    fn new(integration: &'a Integration, sending: Sending, secrets: Vec<String>) -> Self {
        let timeout = integration.text("timeout");
        let timeout = timeout.and_then(|text| crowsnest_alerting::duration::parse(text).ok());
        let timeout = timeout.filter(|timeout| !timeout.is_zero()).unwrap_or(TIMEOUT);
        let text = sending.body.clone();
        Self { http: integration.setting("http_config"), sending, after: None, text, timeout, secrets }
    }

    /// What of it can be shown.
    pub(super) fn shown(&self) -> Shown {
        Shown {
            target: target(&self.sending.url),
            payload: masked(&String::from_utf8_lossy(&self.text), &self.secrets),
        }
    }

    /// Sends it once.
    pub(super) async fn send(&self, fetcher: &Fetcher) -> (Answer, Result<(), Failure>) {
        match self.ask(fetcher, &self.sending).await {
            Ok((status, text)) => {
                let mut answer = Answer { status: Some(status.as_u16()), text: masked(&text, &self.secrets) };
                let result = judged(status);
                if let (Ok(()), Some(after)) = (&result, &self.after)
                    && let Err(Failure::Passing(why) | Failure::Final(why)) =
                        self.follow(fetcher, after).await
                {
                    let why = masked(&why, &self.secrets);
                    warn!(why, "a receiver has got a notification without its chart");
                    answer.text.push_str(&format!(" (without the chart: {why})"));
                }
                (answer, result)
            }
            Err(failure) => {
                let mut answer = Answer::none(&failure);
                answer.text = masked(&answer.text, &self.secrets);
                (answer, Err(failure))
            }
        }
    }

    /// Sends what comes after the text.
    async fn follow(&self, fetcher: &Fetcher, after: &Carriage) -> Result<(), Failure> {
        match after {
            Carriage::Within(sending) | Carriage::After(sending) => {
                judged(self.ask(fetcher, sending).await?.0)
            }
            Carriage::Uploaded { upload, event } => {
                let (status, text) = self.ask(fetcher, upload).await?;
                judged(status)?;
                let answer: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
                let Some(place) = answer.get("content_uri").cloned() else {
                    return Err(Failure::Final("the answer to the upload has no content_uri".to_owned()));
                };
                let mut event = event.clone();
                if let Some(fields) = event.body.as_object_mut() {
                    fields.insert("url".to_owned(), place);
                }
                judged(self.ask(fetcher, &event.sending("PUT")).await?.0)
            }
        }
    }

    async fn ask(&self, fetcher: &Fetcher, sending: &Sending) -> Result<(StatusCode, String), Failure> {
        let url: Url = sending.url.parse().map_err(|_| Failure::Final("the URL is not one".to_owned()))?;
        let method = Method::from_bytes(sending.method.as_bytes()).unwrap_or(Method::POST);
        let client = client(fetcher, self.http, &url, self.timeout).await?;
        let request = client.request(method, url).header("Content-Type", &sending.content_type);
        let mut request = request.body(sending.body.clone());
        for (name, value) in &sending.headers {
            request = request.header(name, value);
        }
        let answer = authorised(self.http, request)?.send().await;
        let mut answer = answer.map_err(|error| Failure::Passing(in_one_line(error.without_url())))?;
        // Of what it says the beginning is enough; that there is no more does not matter.
        let mut text = Vec::new();
        while text.len() < MOST_READ
            && let Ok(Some(part)) = answer.chunk().await
        {
            text.extend_from_slice(&part);
        }
        text.truncate(MOST_READ);
        Ok((answer.status(), String::from_utf8_lossy(&text).into_owned()))
    }
}

/// Whether a receiver has taken what it was sent.
fn judged(status: StatusCode) -> Result<(), Failure> {
    let failed = format!("unexpected status code {status}");
    match status.as_u16() {
        200..=299 => Ok(()),
        429 | 500..=599 => Err(Failure::Passing(failed)),
        _ => Err(Failure::Final(failed)),
    }
}

/// Where a request goes; the rest may be secret.
fn target(url: &str) -> String {
    url.parse::<Url>().map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

/// The header that says who has sent a body, where the integration has a secret for that: `sha256=` and the digits of its HMAC.
fn signature(integration: &Integration, body: &[u8]) -> Result<Vec<(String, String)>, Failure> {
    let Some(hmac) = integration.setting("hmac") else { return Ok(Vec::new()) };
    let text = |name: &str| hmac.get(name).and_then(Node::text);
    let secret = match (text("secret"), text("secret_file")) {
        (Some(secret), _) => secret.to_owned(),
        (None, Some(path)) => read(path)?,
        (None, None) => return Err(Failure::Final("hmac has neither secret nor secret_file".to_owned())),
    };
    let signed = || -> Result<Vec<u8>, openssl::error::ErrorStack> {
        let key = PKey::hmac(secret.as_bytes())?;
        Signer::new(MessageDigest::sha256(), &key)?.sign_oneshot_to_vec(body)
    };
    let digest = signed().map_err(|error| Failure::Final(format!("cannot sign: {error}")))?;
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(vec![(text("header").unwrap_or(SIGNATURE).to_owned(), format!("sha256={digits}"))])
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

#[cfg(test)]
mod tests {
    use crowsnest_alerting::alertmanager::Config;

    use super::*;

    #[track_caller]
    fn check(hmac: &str, body: &[u8], expected: &[(&str, &str)]) {
        let text = format!(
            "route: {{receiver: a}}\nreceivers: [{{name: a, webhook_configs: [{{url: 'http://x', {hmac}}}]}}]\n"
        );
        let config = Config::parse(&text).unwrap();
        let signed = signature(&config.receivers[0].integrations[0], body).unwrap();
        let signed: Vec<_> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(signed, expected);
    }

    /// The secret, the body and the digits are those of GitHub's documentation of its webhooks.
    #[test]
    fn a_webhook_with_a_secret_is_signed_as_github_signs_its_own() {
        let digits = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let secret = "secret: \"It's a Secret to Everybody\"";
        check(&format!("hmac: {{{secret}}}"), b"Hello, World!", &[(SIGNATURE, digits)]);
        let other = format!("hmac: {{{secret}, header: X-Hub-Signature-256}}");
        check(&other, b"Hello, World!", &[("X-Hub-Signature-256", digits)]);
        check("", b"Hello, World!", &[]);
    }
}
