//! What may stand in each part of a configuration, as tables.

use crate::yaml::{Content, Fault, Faults, Fields, Node};

/// A field and what it holds.
pub(super) type Field = (&'static str, Shape);

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// A text, often a template; numbers count as their digits.
    Text,
    /// A text that nobody may see.
    Secret,
    /// An http or https URL.
    Url,
    /// The path of a file, read when it is needed.
    File,
    /// A truth value.
    Flag,
    /// A whole number.
    Integer,
    /// A duration.
    Duration,
    /// A mapping from texts to texts.
    Texts,
    /// A mapping from names of headers, which are the same in capitals, to texts.
    Headers,
    /// `host:port`.
    HostPort,
    /// What e-mails of a group are gathered by.
    ThreadBy,
    /// A list of texts.
    List,
    /// A mapping with these fields.
    Record(&'static [Field]),
    /// A list of mappings with these fields.
    Records(&'static [Field]),
    /// Anything.
    Any,
}

use Shape::{
    Any, Duration, File, Flag, Headers, HostPort, Integer, List, Record, Records, Secret, Text, Texts,
    ThreadBy, Url,
};

/// TLS of a client.
pub(super) const TLS: &[Field] = &[
    ("ca", Text),
    ("ca_file", File),
    ("cert", Text),
    ("cert_file", File),
    ("key", Secret),
    ("key_file", File),
    ("ca_ref", Text),
    ("cert_ref", Text),
    ("key_ref", Text),
    ("server_name", Text),
    ("insecure_skip_verify", Flag),
    ("min_version", Text),
    ("max_version", Text),
];

/// How requests are made.
pub(super) const HTTP: &[Field] = &[
    (
        "basic_auth",
        Record(&[
            ("username", Text),
            ("username_file", File),
            ("username_ref", Text),
            ("password", Secret),
            ("password_file", File),
            ("password_ref", Text),
        ]),
    ),
    (
        "authorization",
        Record(&[
            ("type", Text),
            ("credentials", Secret),
            ("credentials_file", File),
            ("credentials_ref", Text),
        ]),
    ),
    ("oauth2", Any),
    ("bearer_token", Secret),
    ("bearer_token_file", File),
    ("tls_config", Record(TLS)),
    ("follow_redirects", Flag),
    ("enable_http2", Flag),
    ("proxy_url", Text),
    ("no_proxy", Text),
    ("proxy_from_environment", Flag),
    ("proxy_connect_header", Any),
    ("http_headers", Any),
];

const SLACK_FIELDS: &[Field] = &[("title", Text), ("value", Text), ("short", Flag)];
const SLACK_ACTIONS: &[Field] = &[
    ("type", Text),
    ("text", Text),
    ("url", Text),
    ("style", Text),
    ("name", Text),
    ("value", Text),
    ("confirm", Record(&[("text", Text), ("title", Text), ("ok_text", Text), ("dismiss_text", Text)])),
    ("msg", Text),
    ("msg_in_chat_window", Flag),
    ("msg_processing_type", Text),
];

/// What every receiver has.
pub(super) const COMMON: &[Field] = &[("send_resolved", Flag), ("http_config", Record(HTTP))];

pub(super) const WEBHOOK: &[Field] = &[
    ("url", Url),
    ("url_file", File),
    ("max_alerts", Integer),
    ("timeout", Duration),
    ("payload", Any),
    ("hmac", Record(HMAC)),
];

/// A signature over what is sent; ours, as Alertmanager has none.
const HMAC: &[Field] = &[("secret", Secret), ("secret_file", File), ("header", Text)];

/// Whether a chart of the alerts goes along; ours, as Alertmanager has none.
const CHART: Field = ("chart", Flag);

/// Ours, as Alertmanager has none.
pub(super) const NTFY: &[Field] = &[
    ("url", Url),
    ("topic", Text),
    ("token", Secret),
    ("token_file", File),
    ("title", Text),
    ("message", Text),
    ("priority", Text),
    ("click", Text),
    CHART,
];

/// Ours, as Alertmanager has none.
pub(super) const MATRIX: &[Field] = &[
    ("homeserver", Url),
    ("room_id", Text),
    ("access_token", Secret),
    ("access_token_file", File),
    ("message", Text),
    CHART,
];

pub(super) const SLACK: &[Field] = &[
    ("api_url", Url),
    ("api_url_file", File),
    ("app_token", Secret),
    ("app_token_file", File),
    ("app_url", Url),
    ("channel", Text),
    ("username", Text),
    ("color", Text),
    ("title", Text),
    ("title_link", Text),
    ("pretext", Text),
    ("text", Text),
    ("message_text", Text),
    ("fields", Records(SLACK_FIELDS)),
    ("short_fields", Flag),
    ("footer", Text),
    ("fallback", Text),
    ("callback_id", Text),
    ("icon_emoji", Text),
    ("icon_url", Text),
    ("image_url", Text),
    ("thumb_url", Text),
    ("link_names", Flag),
    ("mrkdwn_in", List),
    ("actions", Records(SLACK_ACTIONS)),
    ("timeout", Duration),
    ("update_message", Flag),
];

pub(super) const PAGERDUTY: &[Field] = &[
    ("service_key", Secret),
    ("service_key_file", File),
    ("routing_key", Secret),
    ("routing_key_file", File),
    ("url", Url),
    ("client", Text),
    ("client_url", Text),
    ("description", Text),
    ("details", Any),
    ("images", Records(&[("href", Text), ("src", Text), ("alt", Text)])),
    ("links", Records(&[("href", Text), ("text", Text)])),
    ("source", Text),
    ("severity", Text),
    ("class", Text),
    ("component", Text),
    ("group", Text),
    ("timeout", Duration),
];

pub(super) const OPSGENIE: &[Field] = &[
    ("api_key", Secret),
    ("api_key_file", File),
    ("api_url", Url),
    ("message", Text),
    ("description", Text),
    ("source", Text),
    ("details", Texts),
    ("entity", Text),
    ("responders", Records(&[("id", Text), ("name", Text), ("username", Text), ("type", Text)])),
    ("actions", Text),
    ("tags", Text),
    ("note", Text),
    ("priority", Text),
    ("update_alerts", Flag),
];

pub(super) const VICTOROPS: &[Field] = &[
    ("api_key", Secret),
    ("api_key_file", File),
    ("api_url", Url),
    ("routing_key", Text),
    ("message_type", Text),
    ("state_message", Text),
    ("entity_display_name", Text),
    ("monitoring_tool", Text),
    ("custom_fields", Texts),
];

pub(super) const TELEGRAM: &[Field] = &[
    ("api_url", Url),
    ("bot_token", Secret),
    ("bot_token_file", File),
    ("chat_id", Integer),
    ("chat_id_file", File),
    ("message_thread_id", Integer),
    ("message", Text),
    ("disable_notifications", Flag),
    ("parse_mode", Text),
    CHART,
];

pub(super) const DISCORD: &[Field] = &[
    ("webhook_url", Url),
    ("webhook_url_file", File),
    ("title", Text),
    ("message", Text),
    ("content", Text),
    ("username", Text),
    ("avatar_url", Text),
    CHART,
];

pub(super) const WEBEX: &[Field] = &[("api_url", Url), ("room_id", Text), ("message", Text)];

pub(super) const EMAIL: &[Field] = &[
    ("to", Text),
    ("from", Text),
    ("hello", Text),
    ("smarthost", HostPort),
    ("auth_username", Text),
    ("auth_password", Secret),
    ("auth_password_file", File),
    ("auth_secret", Secret),
    ("auth_secret_file", File),
    ("auth_identity", Text),
    ("headers", Headers),
    ("html", Text),
    ("text", Text),
    ("require_tls", Flag),
    ("tls_config", Record(TLS)),
    ("force_implicit_tls", Flag),
    ("threading", Record(&[("enabled", Flag), ("thread_by_date", ThreadBy)])),
    CHART,
];

pub(super) const PUSHOVER: &[Field] = &[
    ("user_key", Secret),
    ("user_key_file", File),
    ("token", Secret),
    ("token_file", File),
    ("title", Text),
    ("message", Text),
    ("url", Text),
    ("url_title", Text),
    ("device", Text),
    ("sound", Text),
    ("priority", Text),
    ("retry", Duration),
    ("expire", Duration),
    ("ttl", Duration),
    ("html", Flag),
    ("monospace", Flag),
    CHART,
];

pub(super) const TEAMS: &[Field] =
    &[("webhook_url", Url), ("webhook_url_file", File), ("title", Text), ("summary", Text), ("text", Text)];

pub(super) const ROCKETCHAT: &[Field] = &[
    ("api_url", Url),
    ("channel", Text),
    ("token", Secret),
    ("token_file", File),
    ("token_id", Secret),
    ("token_id_file", File),
    ("color", Text),
    ("title", Text),
    ("title_link", Text),
    ("text", Text),
    ("fields", Records(SLACK_FIELDS)),
    ("short_fields", Flag),
    ("emoji", Text),
    ("icon_url", Text),
    ("image_url", Text),
    ("thumb_url", Text),
    ("link_names", Flag),
    ("actions", Records(SLACK_ACTIONS)),
];

pub(super) const MATTERMOST: &[Field] = &[
    ("webhook_url", Url),
    ("webhook_url_file", File),
    ("channel", Text),
    ("username", Text),
    ("text", Text),
    ("icon_url", Text),
    ("icon_emoji", Text),
    ("attachments", Any),
    ("props", Any),
    ("priority", Any),
    ("type", Text),
];

pub(super) const SNS: &[Field] = &[
    ("api_url", Text),
    ("sigv4", Any),
    ("topic_arn", Text),
    ("phone_number", Text),
    ("target_arn", Text),
    ("subject", Text),
    ("message", Text),
    ("attributes", Texts),
];

pub(super) const WECHAT: &[Field] = &[
    ("api_secret", Secret),
    ("api_secret_file", File),
    ("corp_id", Text),
    ("message", Text),
    ("api_url", Url),
    ("to_user", Text),
    ("to_party", Text),
    ("to_tag", Text),
    ("agent_id", Text),
    ("message_type", Text),
];

pub(super) const JIRA: &[Field] = &[
    ("api_url", Url),
    ("api_type", Text),
    ("project", Text),
    ("summary", Any),
    ("description", Any),
    ("labels", List),
    ("priority", Text),
    ("issue_type", Text),
    ("reopen_transition", Text),
    ("resolve_transition", Text),
    ("wont_fix_resolution", Text),
    ("reopen_duration", Duration),
    ("fields", Any),
    ("custom_fields", Any),
];

pub(super) const INCIDENTIO: &[Field] = &[
    ("url", Url),
    ("url_file", File),
    ("alert_source_token", Secret),
    ("alert_source_token_file", File),
    ("max_alerts", Integer),
    ("timeout", Duration),
    ("metadata", Any),
];

pub(super) const GLOBAL: &[Field] = &[
    ("resolve_timeout", Duration),
    ("http_config", Record(HTTP)),
    ("smtp_from", Text),
    ("smtp_hello", Text),
    ("smtp_smarthost", HostPort),
    ("smtp_auth_username", Text),
    ("smtp_auth_password", Secret),
    ("smtp_auth_password_file", File),
    ("smtp_auth_secret", Secret),
    ("smtp_auth_secret_file", File),
    ("smtp_auth_identity", Text),
    ("smtp_require_tls", Flag),
    ("smtp_tls_config", Record(TLS)),
    ("smtp_force_implicit_tls", Flag),
    ("slack_api_url", Url),
    ("slack_api_url_file", File),
    ("slack_app_token", Secret),
    ("slack_app_token_file", File),
    ("slack_app_url", Url),
    ("pagerduty_url", Url),
    ("opsgenie_api_url", Url),
    ("opsgenie_api_key", Secret),
    ("opsgenie_api_key_file", File),
    ("victorops_api_url", Url),
    ("victorops_api_key", Secret),
    ("victorops_api_key_file", File),
    ("telegram_api_url", Url),
    ("telegram_bot_token", Secret),
    ("telegram_bot_token_file", File),
    ("webex_api_url", Url),
    ("wechat_api_url", Url),
    ("wechat_api_secret", Secret),
    ("wechat_api_secret_file", File),
    ("wechat_api_corp_id", Text),
    ("rocketchat_api_url", Url),
    ("rocketchat_token", Secret),
    ("rocketchat_token_file", File),
    ("rocketchat_token_id", Secret),
    ("rocketchat_token_id_file", File),
    ("mattermost_webhook_url", Url),
    ("mattermost_webhook_url_file", File),
    ("jira_api_url", Url),
];

/// Checks a mapping against tables, and that no field stands beside its `_file`.
pub(super) fn check<'n>(node: &'n Node, what: &str, tables: &[&[Field]], faults: &mut Faults) -> Fields<'n> {
    let all: Vec<&Field> = tables.iter().copied().flatten().collect();
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let fields = Fields::of(node, what, &names, faults);
    for (name, shape) in &all {
        check_shape(&fields, name, *shape, faults);
        if let Some(plain) = name.strip_suffix("_file")
            && matches!(shape, File)
            && fields.node(name).is_some()
            && fields.node(plain).is_some()
        {
            faults.add(fields.place(name), format!("at most one of {plain} & {name} must be configured"));
        }
    }
    fields
}

fn check_shape(fields: &Fields<'_>, name: &str, shape: Shape, faults: &mut Faults) {
    match shape {
        Text | Secret | File => drop(fields.text(name, faults)),
        Url => drop(fields.parsed(name, url, faults)),
        Flag => drop(fields.flag(name, faults)),
        Integer => drop(fields.integer(name, faults)),
        Duration => drop(fields.parsed(name, duration, faults)),
        Texts => drop(fields.string_map(name, faults)),
        Headers => {
            let mut known = std::collections::BTreeSet::new();
            for (header, (entry, _)) in fields.string_map(name, faults) {
                if !known.insert(header.to_ascii_lowercase()) {
                    faults.add(entry.at, format!("duplicate header {header:?} in email config"));
                }
            }
        }
        HostPort => drop(fields.parsed(name, host_port, faults)),
        ThreadBy => drop(fields.parsed(name, thread_by, faults)),
        List => drop(fields.texts(name, faults)),
        Record(table) => {
            if let Some(node) = fields.node(name) {
                check(node, name, &[table], faults);
            }
        }
        Records(table) => {
            for node in fields.list(name, faults) {
                check(node, name, &[table], faults);
            }
        }
        Any => {}
    }
}

/// A URL with a host; a template inside is let be.
fn url(text: &str) -> Result<(), String> {
    // What was printed by Alertmanager for a secret is no URL, but is taken.
    if text == "<secret>" || text.contains("{{") {
        return Ok(());
    }
    let (scheme, rest) =
        text.split_once("://").ok_or_else(|| format!("unsupported scheme \"\" for URL {text:?}"))?;
    match scheme {
        "http" | "https" if rest.is_empty() || rest.starts_with(['/', ':']) => {
            Err("missing host for URL".to_owned())
        }
        "http" | "https" => Ok(()),
        other => Err(format!("unsupported scheme {other:?} for URL")),
    }
}

/// A host, in brackets where it is an address of IPv6, and a port; or nothing.
fn host_port(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let (host, port) =
        text.rsplit_once(':').ok_or_else(|| format!("address {text}: missing port in address"))?;
    if port.is_empty() {
        return Err(format!("address {text:?}: port cannot be empty"));
    }
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    if host.contains(':') && !is_bracketed {
        return Err(format!("address {text}: too many colons in address"));
    }
    Ok(())
}

/// Whether a day's e-mails are gathered, or all of them.
fn thread_by(text: &str) -> Result<(), String> {
    match text {
        "" | "daily" | "none" => Ok(()),
        _ => Err("threading.thread_by_date must be either 'none' or 'daily'".to_owned()),
    }
}

/// Prometheus's durations, and Go's for those fields that take them.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    crate::duration::parse(text).map_err(|error| error.to_string())
}

/// Whether a table, or one inside it, has a secret of this name.
pub(super) fn has_secret(table: &[Field], name: &str) -> bool {
    table.iter().any(|(known, shape)| match shape {
        Secret => *known == name,
        Record(inner) | Records(inner) => has_secret(inner, name),
        _ => false,
    })
}

/// Which of some fields are there.
pub(super) fn has_any(fields: &Fields<'_>, names: &[&str]) -> bool {
    names
        .iter()
        .any(|name| fields.node(name).is_some_and(|node| node.content != Content::Scalar(String::new())))
}

/// A note on something that has no effect.
pub(super) fn note(notes: &mut Vec<Fault>, node: &Node, what: String) {
    notes.push(Fault::new(node.at, what));
}
