//! Receivers that Alertmanager does not have, and those of its kinds of which there is no recording.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_alerting::alertmanager::Config;
use crowsnest_alerting::dispatch::{Dispatcher, PostedAlert};
use crowsnest_alerting::message::{Mail, Outgoing, Templates, mail, method, request};
use crowsnest_api::{Labels, Timestamp};

/// The request that a receiver with this integration gets of a page.
pub(crate) fn made(kind: &str, settings: &str) -> Outgoing {
    let text = format!(
        "route: {{receiver: a, group_by: [alertname]}}\nreceivers: [{{name: a, {kind}_configs: [{settings}]}}]\n"
    );
    let mut dispatcher = Dispatcher::new(Arc::new(Config::parse(&text).unwrap()));
    let now = Timestamp::from_millis(1_790_000_000_000);
    let posted = PostedAlert {
        labels: Labels::from_pairs([("alertname", "Full"), ("pod", "web-1")]),
        ..PostedAlert::default()
    };
    dispatcher.put(posted.into_alert(now, Duration::from_mins(5)).unwrap(), now);
    let later = now.plus(Duration::from_secs(30));
    let flush = dispatcher.due(later).remove(0);
    let integration = &dispatcher.receiver("a").unwrap().integrations[0];
    let notification = dispatcher.decide(&flush, integration, later).unwrap();
    let secrets = |name: &str| integration.text(name).map(str::to_owned).ok_or_else(|| format!("no {name}"));
    request(integration, &notification, "http://x", &Templates::new([]).unwrap(), &secrets).unwrap()
}

#[test]
fn ntfy_gets_a_topic_a_title_and_a_priority() {
    let Outgoing { url, headers, body } = made("ntfy", "{topic: ops, token: tk_1, url: 'http://n/'}");
    assert_eq!((url.as_str(), method("ntfy")), ("http://n", "POST"));
    assert_eq!(headers, [("Authorization", "Bearer tk_1".to_owned())]);
    assert_eq!((&body["topic"], &body["priority"]), (&"ops".into(), &4.into()));
    assert!(body["title"].as_str().unwrap().contains("[FIRING:1] Full"), "{body}");
    assert!(body["message"].as_str().unwrap().contains("web-1"), "{body}");
    assert!(made("ntfy", "{topic: ops}").headers.is_empty());
}

#[test]
fn matrix_gets_a_message_under_a_name_of_its_own() {
    let settings = "{homeserver: 'http://m', room_id: '!a:m', access_token: s}";
    let Outgoing { url, headers, body } = made("matrix", settings);
    assert!(url.starts_with("http://m/_matrix/client/v3/rooms/%21a%3Am/send/m.room.message/"), "{url}");
    assert_eq!(method("matrix"), "PUT");
    assert_eq!(headers, [("Authorization", "Bearer s".to_owned())]);
    assert!(body["body"].as_str().unwrap().contains("[FIRING:1] Full"), "{body}");
    // The same told again is the same event.
    assert_eq!(made("matrix", settings).url, url);
}

#[test]
fn teams_old_webhooks_get_a_card() {
    let Outgoing { body, .. } = made("msteams", "{webhook_url: 'http://t'}");
    assert_eq!((&body["@type"], &body["themeColor"]), (&"MessageCard".into(), &"8C1A1A".into()));
    assert!(body["title"].as_str().unwrap().contains("Full"), "{body}");
}

/// The e-mail of an integration with these settings, about an alert that looks like markup.
fn letter(settings: &str) -> Mail {
    let text = format!(
        "route: {{receiver: a}}\nreceivers: [{{name: a, email_configs: [{{to: 'a@x', from: b@x, smarthost: 'x:25', {settings}}}]}}]\n"
    );
    let mut dispatcher = Dispatcher::new(Arc::new(Config::parse(&text).unwrap()));
    let now = Timestamp::from_millis(1_790_000_000_000);
    let posted = PostedAlert {
        labels: Labels::from_pairs([("alertname", "Full"), ("pod", "<b>web</b>")]),
        annotations: [
            ("action".into(), "Do".to_owned()),
            ("runbook_url".into(), "javascript:alert(1)".to_owned()),
            ("summary".into(), "Full".to_owned()),
        ]
        .into(),
        ..PostedAlert::default()
    };
    dispatcher.put(posted.into_alert(now, Duration::from_mins(5)).unwrap(), now);
    let flush = dispatcher.due(now.plus(Duration::from_secs(30))).remove(0);
    let integration = &dispatcher.receiver("a").unwrap().integrations[0];
    let notification = dispatcher.decide(&flush, integration, now).unwrap();
    mail(integration, &notification, "http://x", &Templates::new([]).unwrap()).unwrap()
}

#[test]
fn what_an_alert_says_is_text_in_an_e_mail_and_never_markup() {
    let made = letter(
        "text: '{{ .CommonLabels.pod }}', headers: {subject: 'Look at {{ .CommonLabels.pod }}', X-Team: ops}",
    );
    let headers = [("subject", "Look at <b>web</b>"), ("X-Team", "ops")];
    assert_eq!(made.headers, headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(made.text.as_deref(), Some("<b>web</b>"));
    let html = made.html.unwrap();
    assert!(html.contains("&lt;b&gt;web&lt;/b&gt;") && !html.contains("<b>web"), "{html}");
    assert!(!html.contains("href=\"javascript:"), "{html}");
    let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}: {html}"));
    assert!(place(">Full</p>") < place("action:</span> Do"), "what is wrong comes before what to do");
}

#[test]
fn e_mails_about_a_group_are_one_conversation_where_that_is_asked_for() {
    let thread = |settings: &str| {
        let made = letter(settings);
        let found =
            |name: &str| made.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        (found("References"), found("In-Reply-To"))
    };
    // The digest of the group's key, `{}:{}`.
    let root = |day: &str| Some(format!("<alert-cc9772a1ec901d26-{day}@alertmanager>"));
    assert_eq!(
        thread("threading: {enabled: true, thread_by_date: daily}"),
        (root("2026-09-21"), root("2026-09-21"))
    );
    assert_eq!(thread("threading: {enabled: true, thread_by_date: none}"), (root(""), root("")));
    assert_eq!(thread("threading: {enabled: true}"), (root("2026-09-21"), root("2026-09-21")));
    assert_eq!(thread("threading: {enabled: false, thread_by_date: daily}"), (None, None));
    refused(
        "smarthost: 'mail:25', threading: {enabled: true, thread_by_date: weekly}",
        "must be either 'none' or 'daily'",
    );
}

#[track_caller]
fn refused(settings: &str, expected: &str) {
    let text = format!(
        "route: {{receiver: a}}\nreceivers: [{{name: a, email_configs: [{{to: a@x, from: b@x, {settings}}}]}}]\n"
    );
    let faults = Config::parse(&text).err().unwrap();
    assert!(faults.iter().any(|fault| fault.to_string().contains(expected)), "{faults:?}");
}

#[test]
fn a_smarthost_without_a_port_and_a_header_twice_are_refused() {
    refused("smarthost: mail", "missing port");
    refused("smarthost: 'mail:'", "port cannot be empty");
    refused("smarthost: 'fe80::1:25'", "too many colons");
    refused("smarthost: 'mail:25', headers: {To: x, to: y}", "duplicate header");
    refused("headers: {X: y}", "no global SMTP smarthost set");
}
