//! E-mail: the parts of a message. How they are encoded and carried is the sender's matter.

use super::{Message, Secrets, Templates, data};
use crate::alertmanager::Integration;
use crate::dispatch::Notification;
use crate::template::Escape;
use crate::yaml::Content;

/// What stands where the configuration says nothing.
const SUBJECT: &str = r#"{{ template "email.default.subject" . }}"#;
const HTML: &str = r#"{{ template "email.default.html" . }}"#;

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
    let some = |text: String| (!text.is_empty()).then_some(text);
    Ok(Mail {
        from: message.text("from", "")?,
        to: message.text("to", "")?,
        headers,
        text: some(message.text("text", "")?),
        html: some(message.html("html", HTML)?),
    })
}

/// Headers of the configuration, with their templates.
fn own_headers(integration: &Integration) -> impl Iterator<Item = (&str, &str)> {
    let entries = match integration.setting("headers").map(|node| &node.content) {
        Some(Content::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().filter_map(|entry| Some((entry.key.as_str(), entry.value.text()?)))
}
