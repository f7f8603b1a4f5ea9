//! Those that wake people: PagerDuty, Opsgenie, VictorOps, Pushover.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{Message, Outgoing, cut};
use crate::yaml::{Content, Node};

/// What stands for a group with those who must recognise it: a digest of its key.
pub(super) fn key(message: &Message<'_>) -> String {
    Sha256::digest(message.notification.group_key.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A mapping of the settings with its templates expanded.
fn texts(message: &Message<'_>, name: &str) -> Result<Map<String, Value>, String> {
    let Some(Content::Map(entries)) = message.integration.setting(name).map(|node| &node.content) else {
        return Ok(Map::new());
    };
    let one = |entry: &crate::yaml::Entry| {
        let text = entry.value.text().unwrap_or_default();
        Ok((entry.key.clone(), Value::String(message.expand(text, crate::template::Escape::No)?)))
    };
    entries.iter().map(one).collect()
}

/// What PagerDuty is told beside the summary, unless the settings say otherwise.
const DETAILS: [(&str, &str); 4] = [
    ("firing", r#"{{ template "pagerduty.default.instances" .Alerts.Firing }}"#),
    ("num_firing", "{{ .Alerts.Firing | len }}"),
    ("num_resolved", "{{ .Alerts.Resolved | len }}"),
    ("resolved", r#"{{ template "pagerduty.default.instances" .Alerts.Resolved }}"#),
];

pub(super) fn pagerduty(message: &Message<'_>) -> Result<Outgoing, String> {
    let mut details = Map::new();
    for (name, text) in DETAILS {
        details.insert(name.to_owned(), Value::String(message.expand(text, crate::template::Escape::No)?));
    }
    details.extend(texts(message, "details")?);
    let summary = message.text("description", r#"{{ template "pagerduty.default.description" . }}"#)?;
    let client = message.text("client", r#"{{ template "pagerduty.default.client" . }}"#)?;
    let mut payload = Map::new();
    payload.insert("summary".to_owned(), Value::String(cut(&summary, 1024)));
    for (name, default) in
        [("source", client.as_str()), ("severity", "error"), ("class", ""), ("component", ""), ("group", "")]
    {
        let text = message.text(name, default)?;
        if !text.is_empty() {
            payload.insert(name.to_owned(), Value::String(text));
        }
    }
    payload.insert("custom_details".to_owned(), Value::Object(details));
    let mut body = json!({
        "routing_key": message.secret("routing_key").or_else(|_| message.secret("service_key"))?,
        "dedup_key": key(message),
        "event_action": if message.is_resolved() { "resolve" } else { "trigger" },
        "payload": payload,
        "client": client,
        "client_url": message.text("client_url", r#"{{ template "pagerduty.default.clientURL" . }}"#)?,
    });
    for list in ["images", "links"] {
        let expanded = records(message, list)?;
        if let Some(fields) = body.as_object_mut().filter(|_| !expanded.is_empty()) {
            fields.insert(list.to_owned(), Value::Array(expanded));
        }
    }
    let url = message.url("url", "https://events.pagerduty.com/v2/enqueue");
    Ok(Outgoing { url, headers: Vec::new(), body })
}

/// A list of mappings of the settings with its templates expanded.
fn records(message: &Message<'_>, name: &str) -> Result<Vec<Value>, String> {
    let Some(Content::List(nodes)) = message.integration.setting(name).map(|node| &node.content) else {
        return Ok(Vec::new());
    };
    let one = |node: &Node| {
        let Content::Map(entries) = &node.content else { return Ok(Value::Null) };
        let mut fields = Map::new();
        for entry in entries {
            let text = message.expand(entry.value.text().unwrap_or_default(), crate::template::Escape::No)?;
            fields.insert(entry.key.clone(), Value::String(text));
        }
        Ok(Value::Object(fields))
    };
    nodes.iter().map(one).collect()
}

pub(super) fn opsgenie(message: &Message<'_>) -> Result<Outgoing, String> {
    let base = message.url("api_url", "https://api.opsgenie.com");
    let headers = vec![("Authorization", format!("GenieKey {}", message.secret("api_key")?))];
    let source = message.text("source", r#"{{ template "opsgenie.default.source" . }}"#)?;
    let alias = key(message);
    if message.is_resolved() {
        let url = format!("{base}/v2/alerts/{alias}/close?identifierType=alias");
        return Ok(Outgoing { url, headers, body: json!({"source": source}) });
    }
    let mut details: Map<String, Value> = crate::dispatch::common_labels(&message.notification.alerts)
        .iter()
        .map(|label| (label.name.to_string(), Value::String(label.value.to_string())))
        .collect();
    details.extend(texts(message, "details")?);
    let text = message.text("message", r#"{{ template "opsgenie.default.message" . }}"#)?;
    let description = message.text("description", r#"{{ template "opsgenie.default.description" . }}"#)?;
    let mut body = json!({
        "alias": alias,
        "message": cut(&text, 130),
        "description": cut(&description, 15000),
        "details": details,
        "source": source,
    });
    if let Some(fields) = body.as_object_mut() {
        let responders = records(message, "responders")?;
        if !responders.is_empty() {
            fields.insert("responders".to_owned(), Value::Array(responders));
        }
        for list in ["tags", "actions"] {
            let text = message.text(list, "")?;
            let items: Vec<_> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
            if !items.is_empty() {
                fields.insert(list.to_owned(), json!(items));
            }
        }
        for name in ["note", "priority", "entity"] {
            let text = message.text(name, "")?;
            if !text.is_empty() {
                fields.insert(name.to_owned(), Value::String(text));
            }
        }
    }
    Ok(Outgoing { url: format!("{base}/v2/alerts"), headers, body })
}

pub(super) fn victorops(message: &Message<'_>) -> Result<Outgoing, String> {
    let base = message.url("api_url", "https://alert.victorops.com/integrations/generic/20131114/alert");
    let url = format!("{base}/{}/{}", message.secret("api_key")?, message.text("routing_key", "")?);
    let kind = match message.text("message_type", "CRITICAL")? {
        _ if message.is_resolved() => "RECOVERY".to_owned(),
        kind => kind,
    };
    let state = message.text("state_message", r#"{{ template "victorops.default.state_message" . }}"#)?;
    let mut body = texts(message, "custom_fields")?;
    for (name, text) in [
        (
            "entity_display_name",
            message
                .text("entity_display_name", r#"{{ template "victorops.default.entity_display_name" . }}"#)?,
        ),
        ("entity_id", key(message)),
        ("message_type", kind),
        (
            "monitoring_tool",
            message.text("monitoring_tool", r#"{{ template "victorops.default.monitoring_tool" . }}"#)?,
        ),
        ("state_message", cut(&state, 20480)),
    ] {
        body.insert(name.to_owned(), Value::String(text));
    }
    Ok(Outgoing { url, headers: Vec::new(), body: Value::Object(body) })
}

pub(super) fn pushover(message: &Message<'_>) -> Result<Outgoing, String> {
    let seconds = |name: &str, default: u64| {
        let text = message.integration.text(name);
        text.and_then(|text| crate::duration::parse(text).ok()).map_or(default, |duration| duration.as_secs())
    };
    let text = message.text("message", r#"{{ template "pushover.default.message" . }}"#)?;
    let text = if text.trim().is_empty() { "(no details)".to_owned() } else { text };
    let priority = message.text("priority", r#"{{ if eq .Status "firing" }}2{{ else }}0{{ end }}"#)?;
    let mut body = json!({
        "token": message.secret("token")?,
        "user": message.secret("user_key")?,
        "title": cut(&message.text("title", r#"{{ template "pushover.default.title" . }}"#)?, 250),
        "message": cut(&text, 1024),
        "url": cut(&message.text("url", r#"{{ template "pushover.default.url" . }}"#)?, 512),
        "priority": priority,
        "retry": seconds("retry", 60).to_string(),
        "expire": seconds("expire", 3600).to_string(),
    });
    if let Some(fields) = body.as_object_mut() {
        for name in ["device", "sound", "url_title"] {
            let text = message.text(name, "")?;
            if !text.is_empty() {
                fields.insert(name.to_owned(), Value::String(text));
            }
        }
    }
    Ok(Outgoing { url: "https://api.pushover.net/1/messages.json".to_owned(), headers: Vec::new(), body })
}
