//! The texts of notifications, and the requests that carry them to each kind of receiver.

mod chat;
mod data;
mod mail;
mod pagers;
mod picture;
mod text;

use crowsnest_api::Timestamp;
pub use mail::{Mail, mail};
pub use picture::{Carriage, JSON, Sending};
use serde_json::Value as Json;

use crate::alertmanager::Integration;
use crate::dispatch::Notification;
use crate::template::{Escape, ExecError, Host, Limits, ParseError, Template, Value, alertmanager, common};

/// Templates of notifications: those that every configuration can call, and its own.
#[derive(Clone)]
pub struct Templates(Template);

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Templates")
    }
}

impl Templates {
    /// With templates from files: names and texts.
    ///
    /// # Errors
    /// When one of them cannot be parsed; the message has Go's words and place.
    pub fn new<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<Self, String> {
        let mut template = Template::new(&[common::FUNCTIONS, alertmanager::FUNCTIONS]);
        let mut add = |name: &str, text: &str| {
            template.add(name, text).map_err(|error: ParseError| error.describe(name, text))
        };
        add("default.tmpl", text::DEFINITIONS)?;
        add("mail.tmpl", text::MAIL)?;
        for (name, text) in files {
            add(name, text)?;
        }
        Ok(Self(template))
    }
}

/// A request that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// Where to; may hold a secret.
    pub url: String,
    /// Headers beside those of every request; may hold secrets.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Json,
}

/// Reads a setting that may be in a file.
pub type Secrets<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// How a kind of receivers is told.
struct Kind {
    name: &'static str,
    method: &'static str,
    request: fn(&Message<'_>) -> Result<Outgoing, String>,
    /// How it carries a picture, if it can.
    carry: Option<picture::Carry>,
}

const KINDS: &[Kind] = &[
    Kind { name: "discord", method: "POST", request: chat::discord, carry: Some(picture::discord) },
    Kind { name: "matrix", method: "PUT", request: chat::matrix, carry: Some(picture::matrix) },
    Kind { name: "mattermost", method: "POST", request: chat::mattermost, carry: None },
    Kind { name: "msteams", method: "POST", request: chat::old_teams, carry: None },
    Kind { name: "msteamsv2", method: "POST", request: chat::teams, carry: None },
    Kind { name: "ntfy", method: "POST", request: chat::ntfy, carry: Some(picture::ntfy) },
    Kind { name: "opsgenie", method: "POST", request: pagers::opsgenie, carry: None },
    Kind { name: "pagerduty", method: "POST", request: pagers::pagerduty, carry: None },
    Kind { name: "pushover", method: "POST", request: pagers::pushover, carry: Some(picture::pushover) },
    Kind { name: "rocketchat", method: "POST", request: chat::rocketchat, carry: None },
    Kind { name: "slack", method: "POST", request: chat::slack, carry: None },
    Kind { name: "telegram", method: "POST", request: chat::telegram, carry: Some(picture::telegram) },
    Kind { name: "victorops", method: "POST", request: pagers::victorops, carry: None },
    Kind { name: "webex", method: "POST", request: chat::webex, carry: None },
];

/// The method with which a kind of integrations is told.
pub fn method(kind: &str) -> &'static str {
    KINDS.iter().find(|known| known.name == kind).map_or("POST", |known| known.method)
}

/// How a kind of integrations carries a picture along with a request that has none; `None` where it cannot.
pub fn carriage(kind: &str, plain: &Outgoing, png: &[u8]) -> Option<Carriage> {
    let carry = KINDS.iter().find(|known| known.name == kind)?.carry?;
    Some(carry(plain, png))
}

/// The request that tells an integration of a notification.
///
/// # Errors
/// When a template fails, a secret cannot be read, or the kind is not sent.
pub fn request(
    integration: &Integration,
    notification: &Notification,
    external_url: &str,
    templates: &Templates,
    secrets: Secrets<'_>,
) -> Result<Outgoing, String> {
    let kind = KINDS.iter().find(|kind| kind.name == integration.kind);
    let kind =
        kind.ok_or_else(|| format!("notifications of the kind {} are not sent yet", integration.kind))?;
    let data = data::of(notification, external_url);
    let message = Message { integration, notification, data: &data, templates, secrets };
    (kind.request)(&message)
}

/// A notification on its way to an integration.
struct Message<'a> {
    integration: &'a Integration,
    notification: &'a Notification,
    data: &'a Value,
    templates: &'a Templates,
    secrets: Secrets<'a>,
}

struct At(Timestamp);

impl Host for At {
    fn now(&self) -> (i64, i32) {
        let millis = self.0.millis();
        (millis.div_euclid(1000), i32::try_from(millis.rem_euclid(1000)).unwrap_or(0) * 1_000_000)
    }
}

impl Message<'_> {
    /// A setting with its templates expanded; `default` where it is not there.
    fn text(&self, name: &str, default: &str) -> Result<String, String> {
        self.expand(self.integration.text(name).unwrap_or(default), Escape::No)
    }

    /// The same with what actions print escaped for HTML.
    fn html(&self, name: &str, default: &str) -> Result<String, String> {
        self.expand(self.integration.text(name).unwrap_or(default), Escape::Html)
    }

    fn expand(&self, text: &str, escape: Escape) -> Result<String, String> {
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        let mut template = self.templates.0.clone();
        template.add("", text).map_err(|error| error.describe("", text))?;
        let expanded = template.execute("", self.data, &At(self.notification.at), Limits::default(), escape);
        expanded.map_err(|error: ExecError| error.to_string())
    }

    fn secret(&self, name: &str) -> Result<String, String> {
        (self.secrets)(name)
    }

    /// A URL of the settings, without a slash at its end.
    fn url(&self, name: &str, default: &str) -> String {
        self.integration.text(name).unwrap_or(default).trim_end_matches('/').to_owned()
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        self.integration.text(name).map_or(default, |text| text.eq_ignore_ascii_case("true"))
    }

    fn is_resolved(&self) -> bool {
        self.notification.alerts.iter().all(|alert| alert.is_resolved(self.notification.at))
    }
}

/// At most so many characters; where some are cut, three dots say so.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}
