//! Rooms and channels: Slack, Mattermost, Rocket.Chat, Discord, Teams, Telegram, Webex, Matrix, ntfy.

use serde_json::{Value, json};

use super::{Message, Outgoing, cut};
use crate::yaml::{Content, Node};

const TITLE: &str = r#"{{ template "slack.default.title" . }}"#;
const LINK: &str = r#"{{ template "slack.default.titlelink" . }}"#;
const COLOUR: &str = r#"{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}"#;
/// The longest title that Slack shows.
const SLACK_TITLE: usize = 1024;

/// A JSON object of the pairs; those with an empty text are left out.
fn object(pairs: Vec<(&str, String)>) -> serde_json::Map<String, Value> {
    let there = pairs.into_iter().filter(|(_, text)| !text.is_empty());
    there.map(|(name, text)| (name.to_owned(), Value::String(text))).collect()
}

/// The fields of an attachment.
fn fields(message: &Message<'_>) -> Result<Vec<Value>, String> {
    let Some(Content::List(nodes)) = message.integration.setting("fields").map(|node| &node.content) else {
        return Ok(Vec::new());
    };
    let is_short = message.flag("short_fields", false);
    let one = |node: &Node| {
        let text = |name: &str| {
            let text = node.get(name).and_then(Node::text).unwrap_or_default();
            message.expand(text, crate::template::Escape::No)
        };
        let short = node.get("short").and_then(Node::text).map_or(is_short, |text| text == "true");
        Ok(json!({"title": text("title")?, "value": text("value")?, "short": short}))
    };
    nodes.iter().map(one).collect()
}

pub(super) fn slack(message: &Message<'_>) -> Result<Outgoing, String> {
    let token = message.secret("app_token").ok();
    let (url, headers) = match &token {
        Some(token) => {
            let url = message.url("app_url", "https://slack.com/api/chat.postMessage");
            (url, vec![("Authorization", format!("Bearer {token}"))])
        }
        None => (message.secret("api_url")?, Vec::new()),
    };
    let mut attachment = serde_json::Map::new();
    for (name, default) in [
        ("title", TITLE),
        ("title_link", LINK),
        ("pretext", r#"{{ template "slack.default.pretext" . }}"#),
        ("text", r#"{{ template "slack.default.text" . }}"#),
        ("fallback", r#"{{ template "slack.default.fallback" . }}"#),
        ("callback_id", r#"{{ template "slack.default.callbackid" . }}"#),
        ("image_url", ""),
        ("thumb_url", ""),
        ("footer", r#"{{ template "slack.default.footer" . }}"#),
        ("color", COLOUR),
    ] {
        let text = message.text(name, default)?;
        let is_always_there = matches!(name, "text" | "callback_id" | "footer");
        if !text.is_empty() || is_always_there {
            attachment.insert(
                name.to_owned(),
                Value::String(cut(&text, if name == "title" { SLACK_TITLE } else { usize::MAX })),
            );
        }
    }
    let fields = fields(message)?;
    if !fields.is_empty() {
        attachment.insert("fields".to_owned(), Value::Array(fields));
    }
    attachment.insert("mrkdwn_in".to_owned(), json!(["fallback", "pretext", "text"]));
    let mut body = object(vec![
        ("channel", message.text("channel", "")?),
        ("username", message.text("username", r#"{{ template "slack.default.username" . }}"#)?),
        ("icon_emoji", message.text("icon_emoji", "")?),
        ("icon_url", message.text("icon_url", "")?),
    ]);
    if message.flag("link_names", false) {
        body.insert("link_names".to_owned(), Value::Bool(true));
    }
    body.insert("attachments".to_owned(), json!([attachment]));
    Ok(Outgoing { url, headers, body: Value::Object(body) })
}

pub(super) fn rocketchat(message: &Message<'_>) -> Result<Outgoing, String> {
    let attachment = object(vec![
        ("title", message.text("title", TITLE)?),
        ("title_link", message.text("title_link", LINK)?),
        ("text", message.text("text", "")?),
        ("color", message.text("color", r#"{{ if eq .Status "firing" }}red{{ else }}green{{ end }}"#)?),
        ("image_url", message.text("image_url", "")?),
        ("thumb_url", message.text("thumb_url", "")?),
    ]);
    let mut body = object(vec![
        ("channel", message.text("channel", "")?),
        ("emoji", message.text("emoji", "")?),
        ("avatar", message.text("icon_url", "")?),
    ]);
    body.insert("attachments".to_owned(), json!([attachment]));
    let headers =
        vec![("X-Auth-Token", message.secret("token")?), ("X-User-Id", message.secret("token_id")?)];
    let url = format!("{}/api/v1/chat.postMessage", message.url("api_url", "https://open.rocket.chat"));
    Ok(Outgoing { url, headers, body: Value::Object(body) })
}

pub(super) fn mattermost(message: &Message<'_>) -> Result<Outgoing, String> {
    let body = object(vec![
        ("channel", message.text("channel", "")?),
        ("username", message.text("username", r#"{{ template "mattermost.default.username" . }}"#)?),
        ("text", message.text("text", r#"{{ template "mattermost.default.text" . }}"#)?),
        ("icon_url", message.text("icon_url", "")?),
        ("icon_emoji", message.text("icon_emoji", "")?),
    ]);
    Ok(Outgoing { url: message.secret("webhook_url")?, headers: Vec::new(), body: Value::Object(body) })
}

/// Red and green, as Discord counts colours.
const DISCORD_COLOURS: [u32; 2] = [0x0099_2d22, 0x002e_cc71];

pub(super) fn discord(message: &Message<'_>) -> Result<Outgoing, String> {
    let title = message.text("title", r#"{{ template "discord.default.title" . }}"#)?;
    let text = message.text("message", r#"{{ template "discord.default.message" . }}"#)?;
    let [red, green] = DISCORD_COLOURS;
    let colour = if message.is_resolved() { green } else { red };
    let mut body = serde_json::Map::new();
    let content = message.text("content", r#"{{ template "discord.default.content" . }}"#)?;
    body.insert("content".to_owned(), Value::String(cut(&content, 2000)));
    body.insert(
        "embeds".to_owned(),
        json!([{"title": cut(&title, 256), "description": cut(&text, 4096), "color": colour}]),
    );
    body.extend(object(vec![
        ("username", message.text("username", "")?),
        ("avatar_url", message.text("avatar_url", "")?),
    ]));
    Ok(Outgoing { url: message.secret("webhook_url")?, headers: Vec::new(), body: Value::Object(body) })
}

pub(super) fn teams(message: &Message<'_>) -> Result<Outgoing, String> {
    let title = message.text("title", r#"{{ template "msteamsv2.default.title" . }}"#)?;
    let text = message.text("text", r#"{{ template "msteamsv2.default.text" . }}"#)?;
    let colour = if message.is_resolved() { "good" } else { "attention" };
    let body = json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": [
                    {"type": "TextBlock", "text": title, "weight": "Bolder", "size": "Medium", "wrap": true, "style": "heading", "color": colour},
                    {"type": "TextBlock", "text": text, "wrap": true},
                ],
                "msteams": {"width": "full"},
            },
        }],
    });
    Ok(Outgoing { url: message.secret("webhook_url")?, headers: Vec::new(), body })
}

pub(super) fn telegram(message: &Message<'_>) -> Result<Outgoing, String> {
    let mode = message.integration.text("parse_mode").unwrap_or("HTML");
    let default = r#"{{ template "telegram.default.message" . }}"#;
    let text =
        if mode == "HTML" { message.html("message", default)? } else { message.text("message", default)? };
    let mut body = object(vec![("chat_id", message.secret("chat_id")?)]);
    body.insert("disable_web_page_preview".to_owned(), json!("true"));
    if message.flag("disable_notifications", false) {
        body.insert("disable_notification".to_owned(), json!("true"));
    }
    body.extend(object(vec![
        ("message_thread_id", message.integration.text("message_thread_id").unwrap_or_default().to_owned()),
        ("parse_mode", mode.to_owned()),
        ("text", cut(&text, 4096)),
    ]));
    let url = format!(
        "{}/bot{}/sendMessage",
        message.url("api_url", "https://api.telegram.org"),
        message.secret("bot_token")?
    );
    Ok(Outgoing { url, headers: Vec::new(), body: Value::Object(body) })
}

pub(super) fn webex(message: &Message<'_>) -> Result<Outgoing, String> {
    let text = message.text("message", r#"{{ template "webex.default.message" . }}"#)?;
    let room = message.text("room_id", "")?;
    let url = message.url("api_url", "https://webexapis.com/v1/messages");
    Ok(Outgoing { url, headers: Vec::new(), body: json!({"markdown": cut(&text, 7439), "roomId": room}) })
}

/// Red and green, as cards of Teams' old webhooks have them.
const CARD_COLOURS: [&str; 2] = ["8C1A1A", "2DC72D"];

pub(super) fn old_teams(message: &Message<'_>) -> Result<Outgoing, String> {
    let [red, green] = CARD_COLOURS;
    let body = json!({
        "@context": "http://schema.org/extensions",
        "@type": "MessageCard",
        "title": message.text("title", r#"{{ template "msteams.default.title" . }}"#)?,
        "summary": message.text("summary", r#"{{ template "msteams.default.summary" . }}"#)?,
        "text": message.text("text", r#"{{ template "msteams.default.text" . }}"#)?,
        "themeColor": if message.is_resolved() { green } else { red },
    });
    Ok(Outgoing { url: message.secret("webhook_url")?, headers: Vec::new(), body })
}

/// What ntfy shows as a red and as a green mark.
const NTFY_TAGS: [&str; 2] = ["rotating_light", "white_check_mark"];

pub(super) fn ntfy(message: &Message<'_>) -> Result<Outgoing, String> {
    let [red, green] = NTFY_TAGS;
    let (tag, usual) = if message.is_resolved() { (green, "3") } else { (red, "4") };
    let priority = message.text("priority", usual)?;
    let priority: u8 = priority.trim().parse().map_err(|_| {
        format!("priority {priority:?} is none: write a number from 1 to 5, or a template that gives one")
    })?;
    let mut body = object(vec![
        ("topic", message.text("topic", "")?),
        ("title", cut(&message.text("title", r#"{{ template "ntfy.default.title" . }}"#)?, 250)),
        ("message", cut(&message.text("message", r#"{{ template "ntfy.default.message" . }}"#)?, 4096)),
        ("click", message.text("click", "")?),
    ]);
    body.insert("priority".to_owned(), json!(priority));
    body.insert("tags".to_owned(), json!([tag]));
    let token = message.secret("token").ok();
    let headers = token.map(|token| ("Authorization", format!("Bearer {token}"))).into_iter().collect();
    let url = message.url("url", "https://ntfy.sh");
    Ok(Outgoing { url, headers, body: Value::Object(body) })
}

pub(super) fn matrix(message: &Message<'_>) -> Result<Outgoing, String> {
    let text = message.text("message", r#"{{ template "matrix.default.message" . }}"#)?;
    let room = message.text("room_id", "")?;
    // Whoever sends the same under the same name twice has sent it once.
    let name = crate::dispatch::Fingerprint::of_text(&format!(
        "{} {} {}",
        message.notification.log_key,
        message.notification.at.millis(),
        text
    ));
    let room = super::picture::escaped(&room);
    let url = format!(
        "{}/_matrix/client/v3/rooms/{room}/send/m.room.message/{name}",
        message.url("homeserver", "")
    );
    let headers = vec![("Authorization", format!("Bearer {}", message.secret("access_token")?))];
    Ok(Outgoing { url, headers, body: json!({"msgtype": "m.text", "body": cut(&text, 30_000)}) })
}
