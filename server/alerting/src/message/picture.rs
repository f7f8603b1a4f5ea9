//! How a picture goes along with a notification to those kinds of receivers that can carry one. E-mails have theirs in the sender's hands.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::Outgoing;
use crate::dispatch::Fingerprint;

/// What the picture's file is called.
const FILE: &str = "chart.png";
const PNG: &str = "image/png";
/// What most requests are.
pub const JSON: &str = "application/json";
/// The longest text that Telegram puts below a picture, in characters.
const CAPTION: usize = 1024;
/// The longest URL that proxies in front of ntfy take with their usual settings.
const LONGEST_URL: usize = 6_000;
/// The priority with which ntfy rings for nobody.
const QUIET: &str = "1";

/// A request that is made as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// `POST` or `PUT`.
    pub method: &'static str,
    /// Where to; may hold a secret.
    pub url: String,
    /// Headers beside the type of the content; may hold secrets.
    pub headers: Vec<(String, String)>,
    /// What the body is.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Outgoing {
    /// The request as it is made.
    pub fn sending(self, method: &'static str) -> Sending {
        let Self { url, headers, body } = self;
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Sending { method, url, headers, content_type: JSON.to_owned(), body: body.to_string().into_bytes() }
    }
}

/// How a picture travels.
#[derive(Clone, Debug, PartialEq)]
pub enum Carriage {
    /// In one request with the text, instead of the one without it.
    Within(Sending),
    /// By itself, after the text.
    After(Sending),
    /// It is uploaded after the text, and a second request tells of it: the one whose body has as `url` what the first one's answer calls `content_uri`.
    Uploaded {
        /// Takes the picture.
        upload: Sending,
        /// Tells of it, with an empty `url`.
        event: Outgoing,
    },
}

/// How a kind carries a picture along with a request without one.
pub(super) type Carry = fn(&Outgoing, &[u8]) -> Carriage;

/// The embed shows what the form attaches.
pub(super) fn discord(plain: &Outgoing, png: &[u8]) -> Carriage {
    let mut body = plain.body.clone();
    if let Some(embed) = body.pointer_mut("/embeds/0").and_then(Value::as_object_mut) {
        embed.insert("image".to_owned(), json!({"url": format!("attachment://{FILE}")}));
    }
    Carriage::Within(form(plain, &plain.url, &[("payload_json", JSON, body.to_string())], ("files[0]", png)))
}

/// A picture with the text below it; a text too long for that goes first.
pub(super) fn telegram(plain: &Outgoing, png: &[u8]) -> Carriage {
    let text = |name: &str| plain.body.get(name).and_then(Value::as_str).map(str::to_owned);
    let url = format!("{}/sendPhoto", plain.url.trim_end_matches("/sendMessage"));
    let mut fields = Vec::new();
    for name in ["chat_id", "message_thread_id", "disable_notification", "parse_mode"] {
        fields.extend(text(name).map(|text| (name, "", text)));
    }
    let caption = text("text").unwrap_or_default();
    if caption.chars().count() <= CAPTION {
        fields.push(("caption", "", caption));
        return Carriage::Within(form(plain, &url, &fields, ("photo", png)));
    }
    // One sound is enough.
    fields.retain(|(name, ..)| !matches!(*name, "parse_mode" | "disable_notification"));
    fields.push(("disable_notification", "", "true".to_owned()));
    Carriage::After(form(plain, &url, &fields, ("photo", png)))
}

pub(super) fn pushover(plain: &Outgoing, png: &[u8]) -> Carriage {
    let mut body = plain.body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.insert("attachment_base64".to_owned(), BASE64_STANDARD.encode(png).into());
        fields.insert("attachment_type".to_owned(), PNG.into());
    }
    Carriage::Within(Outgoing { body, ..plain.clone() }.sending("POST"))
}

/// The body is the file, and the text is in the address; a text too long for that goes first.
pub(super) fn ntfy(plain: &Outgoing, png: &[u8]) -> Carriage {
    let text = |name: &str| match plain.body.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        _ => String::new(),
    };
    let base = format!("{}/{}?filename={FILE}", plain.url, escaped(&text("topic")));
    let with = |names: &[&str]| {
        let there = names.iter().map(|name| (name, text(name))).filter(|(_, text)| !text.is_empty());
        there.fold(base.clone(), |url, (name, text)| format!("{url}&{name}={}", escaped(&text)))
    };
    let sending = |url: String| file(plain, "PUT", url, png);
    let whole = with(&["title", "message", "click", "priority", "tags"]);
    if whole.len() <= LONGEST_URL {
        return Carriage::Within(sending(whole));
    }
    Carriage::After(sending(format!("{}&priority={QUIET}", with(&["title"]))))
}

pub(super) fn matrix(plain: &Outgoing, png: &[u8]) -> Carriage {
    let server = plain.url.split("/_matrix/").next().unwrap_or_default();
    let upload = file(plain, "POST", format!("{server}/_matrix/media/v3/upload?filename={FILE}"), png);
    let event = Outgoing {
        // Whoever sends the same under the same name twice has sent it once.
        url: format!("{}-chart", plain.url),
        headers: plain.headers.clone(),
        body: json!({"msgtype": "m.image", "body": FILE, "url": "", "info": {"mimetype": PNG, "size": png.len()}}),
    };
    Carriage::Uploaded { upload, event }
}

/// `multipart/form-data` (RFC 7578) of texts, each with its type where it needs one, and of the picture.
fn form(plain: &Outgoing, url: &str, fields: &[(&str, &str, String)], (name, png): (&str, &[u8])) -> Sending {
    let texts: String = fields.iter().map(|(_, _, text)| text.as_str()).collect();
    let boundary = boundary(&texts, png);
    let mut body = Vec::with_capacity(png.len() + texts.len() + 1024);
    let mut part = |name: &str, more: String, content: &[u8]| {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    };
    for (name, kind, text) in fields {
        let kind = if kind.is_empty() { String::new() } else { format!("\r\nContent-Type: {kind}") };
        part(name, kind, text.as_bytes());
    }
    part(name, format!("; filename=\"{FILE}\"\r\nContent-Type: {PNG}"), png);
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let content_type = format!("multipart/form-data; boundary={boundary}");
    Sending { url: url.to_owned(), content_type, body, ..plain.clone().sending("POST") }
}

/// The picture by itself.
fn file(plain: &Outgoing, method: &'static str, url: String, png: &[u8]) -> Sending {
    Sending { url, content_type: PNG.to_owned(), body: png.to_vec(), ..plain.clone().sending(method) }
}

/// A text that is in neither of the parts.
fn boundary(texts: &str, png: &[u8]) -> String {
    let mut boundary = format!("crowsnest-{}", Fingerprint::of_text(texts));
    while texts.contains(&boundary) || png.windows(boundary.len()).any(|part| part == boundary.as_bytes()) {
        boundary = format!("crowsnest-{}", Fingerprint::of_text(&boundary));
    }
    boundary
}

/// As a part of an address.
pub(super) fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}
