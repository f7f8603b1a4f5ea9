//! Requests to receivers beside those that a real Alertmanager made.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_alerting::alertmanager::Config;
use crowsnest_alerting::dispatch::{Dispatcher, Flush, PostedAlert};
use crowsnest_alerting::message::{Templates, mail, request};
use crowsnest_api::{Labels, Timestamp};
use serde_json::Value;

use crate::corpus;

/// Path, headers and body of a recorded request.
fn recorded(name: &str) -> Option<(String, Vec<String>, Value)> {
    let text = corpus::read(&format!("alertmanager/captures/{name}.txt"))?;
    let (head, body) = text.split_once("\n\n").or_else(|| text.split_once("\r\n\r\n")).unwrap();
    let mut lines = head.lines();
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    Some((path, lines.map(str::to_owned).collect(), serde_json::from_str(body.trim()).unwrap()))
}

/// The alert of the recordings whose numbers are given, as it was posted.
fn node_down() -> PostedAlert {
    let labels = [("alertname", "NodeDown"), ("cluster", "c1"), ("instance", "n3"), ("severity", "warning")];
    PostedAlert {
        labels: Labels::from_pairs(labels),
        annotations: [("summary".into(), "n3".to_owned())].into(),
        ..PostedAlert::default()
    }
}

/// The group of that alert, as it is told.
fn flushed(text: &str) -> (Dispatcher, Flush, Timestamp) {
    let mut dispatcher = Dispatcher::new(Arc::new(Config::parse(text).unwrap()));
    let now = Timestamp::from_millis(1_790_000_000_000);
    dispatcher.put(node_down().into_alert(now, Duration::from_mins(5)).unwrap(), now);
    let later = now.plus(Duration::from_secs(30));
    let flush = dispatcher.due(later).remove(0);
    (dispatcher, flush, later)
}

#[test]
fn receivers_are_told_what_a_real_alertmanager_told_them() {
    let Some(text) = corpus::read("alertmanager/captures/am.yml") else { return };
    let (dispatcher, flush, later) = flushed(&text);
    let templates = Templates::new([]).unwrap();
    for (kind, name) in [
        ("slack", "14-slack"),
        ("pagerduty", "04-pagerduty"),
        ("opsgenie", "06-opsgenie"),
        ("victorops", "17-victorops"),
        ("telegram", "16-telegram"),
        ("discord", "15-discord"),
        ("webex", "01-webex"),
    ] {
        let (path, headers, body) = recorded(name).unwrap();
        let receiver = dispatcher.receiver("all").unwrap();
        let integration = receiver.integrations.iter().find(|one| one.kind == kind).unwrap();
        let notification = dispatcher.decide(&flush, integration, later).unwrap();
        let secrets =
            |name: &str| integration.text(name).map(str::to_owned).ok_or_else(|| format!("no {name}"));
        let made = request(integration, &notification, "http://vm:19093", &templates, &secrets).unwrap();
        assert_eq!(made.body, body, "{kind}");
        assert_eq!(made.url, format!("http://127.0.0.1:19999{path}"), "{kind}");
        for (name, value) in made.headers {
            assert!(headers.contains(&format!("{name}: {value}")), "{kind}: {name}");
        }
    }
}

#[test]
fn an_e_mail_has_the_subject_and_the_mailboxes_that_a_real_alertmanager_gave_it() {
    let (Some(text), Some(recorded)) =
        (corpus::read("alertmanager/captures/am.yml"), corpus::read("alertmanager/captures/13-email.txt"))
    else {
        return;
    };
    let (dispatcher, flush, later) = flushed(&text);
    let receiver = dispatcher.receiver("all").unwrap();
    let integration = receiver.integrations.iter().find(|one| one.kind == "email").unwrap();
    let notification = dispatcher.decide(&flush, integration, later).unwrap();
    let made = mail(integration, &notification, "http://vm:19093", &Templates::new([]).unwrap()).unwrap();
    for (name, value) in [("Subject", &made.headers[0].1), ("To", &made.to), ("From", &made.from)] {
        assert!(recorded.contains(&format!("{name}: {value}")), "{name}: {value}");
    }
    let html = made.html.unwrap();
    for part in [
        "1 firing",
        "NodeDown",
        "instance=<b style=\"color:#1f2530\">n3</b>",
        "http://vm:19093/#/alerts?receiver=all",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert_eq!(made.text, None);
}
