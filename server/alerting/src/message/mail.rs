//! E-mail: the parts of a message. How they are encoded and carried is the sender's matter.

use super::pagers::key;
use super::{Message, Secrets, Templates, data};
use crate::alertmanager::Integration;
use crate::dispatch::Notification;
use crate::template::Escape;
use crate::yaml::{Content, Node};

/// What stands where the configuration says nothing.
const SUBJECT: &str = r#"{{ template "email.default.subject" . }}"#;
const HTML: &str = r#"{{ template "email.default.html" . }}"#;

/// Digits of a group's digest in the name of its thread, as Alertmanager has them.
const THREAD_DIGITS: usize = 16;

/// A message to people, with its templates expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// One mailbox: `Alerts <am@example.org>`.
    pub from: String,
    /// Mailboxes, with commas between them.
    pub to: String,
    /// Headers by name: `Subject`, and what the configuration sets; `From` and `To` only where it sets them.
    pub headers: Vec<(String, String)>,
    /// The body for programs that show text.
    pub text: Option<String>,
    /// The body for programs that show HTML.
    pub html: Option<String>,
}

/// The message that tells an integration of the kind `email` of a notification.
///
/// # Errors
/// When a template fails.
pub fn mail(
    integration: &Integration,
    notification: &Notification,
    external_url: &str,
    templates: &Templates,
) -> Result<Mail, String> {
    let data = data::of(notification, external_url);
    let secrets: Secrets<'_> = &|name| Err(format!("no {name} is part of a message"));
    let message = Message { integration, notification, data: &data, templates, secrets };
    let mut headers = Vec::new();
    for (name, template) in own_headers(integration) {
        headers.push((name.to_owned(), message.expand(template, Escape::No)?));
    }
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Subject")) {
        headers.push(("Subject".to_owned(), message.expand(SUBJECT, Escape::No)?));
    }
    for (name, value) in threading(&message) {
        if !headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            headers.push((name.to_owned(), value));
        }
    }
    let some = |text: String| (!text.is_empty()).then_some(text);
    Ok(Mail {
        from: message.text("from", "")?,
        to: message.text("to", "")?,
        headers,
        text: some(message.text("text", "")?),
        html: some(message.html("html", HTML)?),
    })
}

/// Headers by which mail programs gather what is about one group, of one day unless `thread_by_date` is `none`: all of it answers a message that nobody has ever got.
fn threading(message: &Message<'_>) -> Vec<(&'static str, String)> {
    let threading = message.integration.setting("threading");
    let text = |name: &str| threading.and_then(|node| node.get(name)).and_then(Node::text);
    if !text("enabled").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return Vec::new();
    }
    let day = match text("thread_by_date") {
        Some("none") => String::new(),
        _ => jiff::Timestamp::from_millisecond(message.notification.at.millis())
            .map(|at| at.strftime("%Y-%m-%d").to_string())
            .unwrap_or_default(),
    };
    let group: String = key(message).chars().take(THREAD_DIGITS).collect();
    let root = format!("<alert-{group}-{day}@alertmanager>");
    vec![("References", root.clone()), ("In-Reply-To", root)]
}

/// Headers of the configuration, with their templates.
fn own_headers(integration: &Integration) -> impl Iterator<Item = (&str, &str)> {
    let entries = match integration.setting("headers").map(|node| &node.content) {
        Some(Content::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().filter_map(|entry| Some((entry.key.as_str(), entry.value.text()?)))
}
