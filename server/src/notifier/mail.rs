//! A notification as an e-mail, sent the way Alertmanager sends it: `STARTTLS` unless the configuration does without, TLS from the
//! beginning on port 465, and the first way to sign in that the server offers and the configuration has a secret for.

use std::time::{Duration, SystemTime};

use crowsnest_alerting::alertmanager::Integration;
use crowsnest_alerting::dispatch::Notification;
use crowsnest_alerting::message::{self, Mail, Templates};
use crowsnest_alerting::yaml::Node;
use lettre::Message;
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Mailboxes, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, Identity, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use super::deliver::Failure;
use super::prepared::{Answer, read, secret};
use super::told::{Shown, masked};
use crate::fetch::Fetcher;

mod sign_in;

/// The name by which a page shows the chart, and that of its file.
const CHART_ID: &str = "chart.png@crowsnest";
const CHART_FILE: &str = "chart.png";
/// How long an attempt may take.
const TIMEOUT: Duration = Duration::from_mins(1);
/// The port at which TLS is there from the beginning.
const IMPLICIT_TLS: u16 = 465;

/// An e-mail that is ready to be sent.
pub(super) struct Letter<'a> {
    integration: &'a Integration,
    mail: Mail,
    message: Message,
    host: String,
    port: u16,
    sign_in: Option<sign_in::SignIn>,
}

impl<'a> Letter<'a> {
    pub(super) fn new(
        integration: &'a Integration,
        notification: &Notification,
        external_url: &str,
        templates: &Templates,
        chart: Option<&[u8]>,
    ) -> Result<Self, Failure> {
        let mail =
            message::mail(integration, notification, external_url, templates).map_err(Failure::Final)?;
        let at = Duration::from_millis(u64::try_from(notification.at.millis()).unwrap_or(0));
        let message = composed(&mail, SystemTime::UNIX_EPOCH + at, chart).map_err(Failure::Final)?;
        let smarthost = integration.text("smarthost").unwrap_or_default();
        let wrong = || Failure::Final(format!("the smarthost {smarthost:?} is not host:port"));
        let (host, port) = smarthost.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { integration, mail, message, host, port, sign_in: sign_in::SignIn::of(integration)? })
    }

    /// What of it can be shown.
    pub(super) fn shown(&self) -> Shown {
        let Mail { from, to, headers, text, html } = &self.mail;
        let mut payload = format!("From: {from}\nTo: {to}\n");
        for (name, value) in headers {
            payload.push_str(&format!("{name}: {value}\n"));
        }
        for body in [text, html].into_iter().flatten() {
            payload.push_str(&format!("\n{body}"));
        }
        Shown {
            target: format!("smtp://{}:{}", self.host, self.port),
            payload: masked(&payload, &self.secrets()),
        }
    }

    /// Sends it once.
    pub(super) async fn send(&self, fetcher: &Fetcher) -> (Answer, Result<(), Failure>) {
        let passing = || Failure::Passing(format!("no answer within {} s", TIMEOUT.as_secs()));
        let tried = tokio::time::timeout(TIMEOUT, self.talk(fetcher)).await;
        match tried.unwrap_or_else(|_| Err(passing())) {
            Ok((code, text)) => (Answer { status: code.parse().ok(), text }, Ok(())),
            Err(failure) => {
                let mut answer = Answer::none(&failure);
                answer.text = masked(&answer.text, &self.secrets());
                (answer, Err(failure))
            }
        }
    }

    /// One conversation with the server: its last code and words.
    async fn talk(&self, fetcher: &Fetcher) -> Result<(String, String), Failure> {
        let hello = ClientId::Domain(self.integration.text("hello").unwrap_or("localhost").to_owned());
        let addresses = fetcher.addresses(&self.host, self.port).await;
        let addresses = addresses.map_err(|error| Failure::Passing(error.to_string()))?;
        let is_tls_at_once = match self.integration.text("force_implicit_tls") {
            Some(text) => text.eq_ignore_ascii_case("true"),
            None => self.port == IMPLICIT_TLS,
        };
        let tls = if is_tls_at_once { Some(self.tls()?) } else { None };
        let connected =
            AsyncSmtpConnection::connect_tokio1(&*addresses, Some(TIMEOUT), &hello, tls, None).await;
        let mut server = connected.map_err(failure)?;
        let requires_tls = self.integration.text("require_tls").is_none_or(|text| text != "false");
        if requires_tls && !server.is_encrypted() {
            if !server.can_starttls() {
                let host = &self.host;
                return Err(Failure::Passing(format!(
                    "'require_tls' is true (default) but {host:?} does not advertise the STARTTLS extension"
                )));
            }
            server.starttls(self.tls()?, &hello).await.map_err(failure)?;
        }
        if let Some(sign_in) = &self.sign_in {
            sign_in.with(&mut server, &hello, &self.host).await?;
        }
        let sent = server.send(self.message.envelope(), &self.message.formatted()).await.map_err(failure)?;
        // It has been taken; whether the server takes leave, too, does not matter.
        drop(server.quit().await);
        Ok((sent.code().to_string(), sent.message().collect::<Vec<_>>().join(" ")))
    }

    fn tls(&self) -> Result<TlsParameters, Failure> {
        let settings = self.integration.setting("tls_config");
        let text = |name: &str| settings.and_then(|node| node.get(name)).and_then(Node::text);
        let pem = |name: &str| match (text(name), text(&format!("{name}_file"))) {
            (Some(text), _) => Ok(Some(text.to_owned())),
            (None, Some(path)) => read(path).map(Some),
            (None, None) => Ok(None),
        };
        let wrong = |error: SmtpError| Failure::Final(format!("tls_config cannot be used: {error}"));
        let mut tls = TlsParameters::builder(text("server_name").unwrap_or(&self.host).to_owned());
        if let Some(ca) = pem("ca")? {
            tls = tls.add_root_certificate(Certificate::from_pem(ca.as_bytes()).map_err(wrong)?);
        }
        if let (Some(cert), Some(key)) = (pem("cert")?, pem("key")?) {
            tls = tls.identify_with(Identity::from_pem(cert.as_bytes(), key.as_bytes()).map_err(wrong)?);
        }
        if text("insecure_skip_verify") == Some("true") {
            tls = tls.dangerous_accept_invalid_certs(true).dangerous_accept_invalid_hostnames(true);
        }
        tls.build().map_err(wrong)
    }

    fn secrets(&self) -> Vec<String> {
        self.sign_in.iter().flat_map(sign_in::SignIn::secrets).collect()
    }
}

/// Refused for good is what the server answers with a code of 500 and more.
#[expect(clippy::needless_pass_by_value, reason = "it is what errors are mapped with")]
fn failure(error: SmtpError) -> Failure {
    if error.is_permanent() { Failure::Final(error.to_string()) } else { Failure::Passing(error.to_string()) }
}

/// The parts put together and encoded.
fn composed(mail: &Mail, date: SystemTime, chart: Option<&[u8]>) -> Result<Message, String> {
    let mailboxes = |what: &str, text: &str| -> Result<Vec<Mailbox>, String> {
        let parsed: Mailboxes = text.parse().map_err(|error| format!("{what} {text:?}: {error}"))?;
        Ok(parsed.into_iter().collect())
    };
    let from = mailboxes("from", &mail.from)?;
    let [sender] = from.as_slice() else {
        return Err(format!("must be exactly one 'from' address (got: {})", from.len()));
    };
    let to = mailboxes("to", &mail.to)?;
    let receivers = to.iter().map(|mailbox| mailbox.email.clone()).collect();
    let envelope = Envelope::new(Some(sender.email.clone()), receivers);
    let mut builder = Message::builder()
        .envelope(envelope.map_err(|error| format!("to {:?}: {error}", mail.to))?)
        .from(sender.clone())
        .date(date)
        .message_id(None);
    for mailbox in to {
        builder = builder.to(mailbox);
    }
    for (name, value) in &mail.headers {
        let header =
            HeaderName::new_from_ascii(name.clone()).map_err(|_| format!("{name:?} is no header"))?;
        let in_one_line = value.replace(['\r', '\n'], " ");
        builder = builder.raw_header(HeaderValue::new(header, in_one_line));
    }
    builder.multipart(body(mail, chart)).map_err(|error| error.to_string())
}

/// Text and HTML, of which a program shows the one that it can; with the chart inside the page, or beside a text that has no page.
fn body(mail: &Mail, chart: Option<&[u8]>) -> MultiPart {
    let part = |text: &str, kind| SinglePart::builder().header::<ContentType>(kind).body(text.to_owned());
    let text = mail.text.as_ref().map(|text| part(text, ContentType::TEXT_PLAIN));
    let png = chart.and_then(|png| Some((png.to_vec(), ContentType::parse("image/png").ok()?)));
    match (&mail.html, text, png) {
        (Some(html), text, Some((png, kind))) => {
            let page = part(&with_chart(html), ContentType::TEXT_HTML);
            let inline = Attachment::new_inline_with_name(CHART_ID.to_owned(), CHART_FILE.to_owned());
            let page = MultiPart::related().singlepart(page).singlepart(inline.body(png, kind));
            match text {
                Some(text) => MultiPart::alternative().singlepart(text).multipart(page),
                None => page,
            }
        }
        (None, text, Some((png, kind))) => {
            let text = text.unwrap_or_else(|| SinglePart::plain(String::new()));
            let file = Attachment::new(CHART_FILE.to_owned()).body(png, kind);
            MultiPart::mixed().singlepart(text).singlepart(file)
        }
        (html, text, None) => {
            let html = html.as_ref().map(|html| part(html, ContentType::TEXT_HTML));
            let mut parts = text.into_iter().chain(html);
            let first = parts.next().unwrap_or_else(|| SinglePart::plain(String::new()));
            parts.fold(MultiPart::alternative().singlepart(first), MultiPart::singlepart)
        }
    }
}

/// A page with the chart at its end, unless it shows it already.
fn with_chart(html: &str) -> String {
    let source = format!("cid:{CHART_ID}");
    if html.contains(&source) {
        return html.to_owned();
    }
    let image = format!("<p><img src=\"{source}\" alt=\"\" style=\"max-width:100%\" width=\"800\"></p>");
    match html.rfind("</body>") {
        Some(end) => {
            let (page, rest) = html.split_at(end);
            format!("{page}{image}{rest}")
        }
        None => format!("{html}{image}"),
    }
}

#[cfg(test)]
mod tests;
