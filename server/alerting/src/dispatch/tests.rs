//! Dispatching in time.

use std::time::Duration;

use super::*;

const CONFIG: &str = "route:
  receiver: all
  group_by: [alertname, cluster]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 1h
  routes:
  - receiver: 'a.b'
    matchers: ['team=\"a\"']
  - receiver: night
    matchers: ['team=\"n\"']
    mute_time_intervals: [always]
receivers:
- name: all
  webhook_configs: [{url: 'http://x'}]
- name: a.b
  webhook_configs: [{url: 'http://x', send_resolved: false}]
- name: night
  webhook_configs: [{url: 'http://x'}]
time_intervals:
- name: always
  time_intervals: [{years: ['1900:3000']}]
inhibit_rules:
- source_matchers: [severity=\"critical\"]
  target_matchers: [severity=\"warning\"]
  equal: [cluster]
";

struct Scene {
    dispatcher: Dispatcher,
    now: i64,
}

impl Scene {
    fn new() -> Self {
        Self { dispatcher: Dispatcher::new(Arc::new(Config::parse(CONFIG).unwrap())), now: 1_700_000_000 }
    }

    fn at(&self, offset: i64) -> Timestamp {
        Timestamp::from_millis((self.now + offset) * 1000)
    }

    /// An alert that started now, and ends after an offset, or is not said to end.
    fn put(&mut self, labels: &[(&str, &str)], ends: Option<i64>) {
        let now = self.at(0);
        let labels = Labels::from_pairs(labels.iter().copied());
        let known =
            self.dispatcher.alerts.all().find(|alert| alert.labels == labels).map(|alert| alert.starts_at);
        let posted = PostedAlert {
            labels,
            starts_at: Some(known.unwrap_or(now)),
            ends_at: ends.map(|offset| self.at(offset)),
            ..PostedAlert::default()
        };
        let alert = posted.into_alert(now, Duration::from_hours(10)).unwrap();
        self.dispatcher.put(alert, now);
    }

    /// Lets time pass, and gives what is told: receiver, reason, and how many alerts.
    fn pass(&mut self, seconds: i64) -> Vec<(String, &'static str, usize)> {
        self.now += seconds;
        let now = self.at(0);
        let mut told = Vec::new();
        for flush in self.dispatcher.due(now) {
            let integrations = self.dispatcher.receiver(&flush.route.receiver).unwrap().integrations.clone();
            for integration in &integrations {
                if let Some(notification) = self.dispatcher.decide(&flush, integration, now) {
                    self.dispatcher.sent(&notification);
                    let count = notification.alerts.len();
                    told.push((notification.receiver, notification.reason.words(), count));
                }
            }
            self.dispatcher.flushed(&flush, true);
        }
        told
    }
}

fn told(receiver: &str, why: &'static str, alerts: usize) -> Vec<(String, &'static str, usize)> {
    vec![(receiver.to_owned(), why, alerts)]
}

#[test]
fn a_group_waits_gathers_repeats_and_ends() {
    let mut scene = Scene::new();
    scene.put(&[("alertname", "A"), ("i", "1")], None);
    assert!(scene.pass(9).is_empty());
    scene.put(&[("alertname", "A"), ("i", "2")], None);
    assert_eq!(scene.pass(1), told("all", "first notification", 2));
    assert!(scene.pass(60).is_empty(), "nothing is new");
    scene.put(&[("alertname", "A"), ("i", "3")], None);
    assert_eq!(scene.pass(60), told("all", "new alerts added", 3));
    scene.put(&[("alertname", "A"), ("i", "1")], Some(0));
    assert_eq!(scene.pass(60), told("all", "some alerts resolved", 3));
    assert!(scene.pass(60).is_empty());
    assert_eq!(scene.pass(3600), told("all", "repeat interval elapsed", 2));
    scene.put(&[("alertname", "A"), ("i", "2")], Some(0));
    scene.put(&[("alertname", "A"), ("i", "3")], Some(0));
    assert_eq!(scene.pass(60), told("all", "all alerts resolved", 2));
    assert!(scene.dispatcher.groups().is_empty());
    assert_eq!(scene.dispatcher.next(), None);
}

#[test]
fn who_does_not_want_to_hear_of_ends_is_told_of_what_fires_again() {
    let mut scene = Scene::new();
    let labels = [("alertname", "A"), ("team", "a")];
    scene.put(&labels, None);
    assert_eq!(scene.pass(10), told("a.b", "first notification", 1));
    scene.put(&labels, Some(0));
    assert_eq!(scene.pass(60), told("a.b", "all alerts resolved", 0));
    scene.put(&labels, None);
    assert_eq!(scene.pass(60), told("a.b", "new alerts added", 1));
}

#[test]
fn a_flush_that_fails_is_made_again_after_the_interval() {
    let mut scene = Scene::new();
    scene.put(&[("alertname", "A")], None);
    scene.now += 10;
    let flush = scene.dispatcher.due(scene.at(0)).remove(0);
    assert!(scene.dispatcher.due(scene.at(1000)).is_empty(), "one at a time");
    scene.dispatcher.flushed(&flush, false);
    assert_eq!(scene.pass(60), told("all", "first notification", 1));
}

#[test]
fn alerts_are_muted_by_others_by_silences_and_by_the_time() {
    let mut scene = Scene::new();
    scene.put(&[("alertname", "W"), ("cluster", "c"), ("severity", "warning")], None);
    scene.put(&[("alertname", "C"), ("cluster", "c"), ("severity", "critical")], None);
    scene.put(&[("alertname", "N"), ("team", "n")], None);
    scene.put(&[("alertname", "S"), ("x", "y")], None);
    let silence = Silence {
        id: String::new(),
        matchers: crate::alertmanager::parse_matchers("x=y").unwrap(),
        starts_at: scene.at(0),
        ends_at: scene.at(100),
        updated_at: scene.at(0),
        created_by: "ann".into(),
        comment: "why".into(),
    };
    let now = scene.at(0);
    let ids = scene.dispatcher.silences.set(silence, "id".into(), now).unwrap();
    assert_eq!(ids, ["id"]);
    assert_eq!(scene.pass(10), told("all", "first notification", 1));
    scene.dispatcher.silences.expire("id", scene.at(0)).unwrap();
    assert_eq!(scene.pass(60), told("all", "first notification", 1));
}

#[test]
fn silences_change_in_place_only_as_alertmanager_lets_them() {
    let mut silences = Silences::default();
    let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
    let silence = |id: &str, matcher: &str, starts: i64, ends: i64| Silence {
        id: id.into(),
        matchers: crate::alertmanager::parse_matchers(matcher).unwrap(),
        starts_at: at(starts),
        ends_at: at(ends),
        updated_at: at(0),
        created_by: String::new(),
        comment: String::new(),
    };
    assert_eq!(silences.set(silence("", "a=b", 10, 100), "1".into(), at(20)).unwrap(), ["1"]);
    assert_eq!(silences.get("1").unwrap().starts_at, at(20), "it cannot begin in the past");
    assert_eq!(silences.set(silence("1", "a=b", 20, 200), "2".into(), at(30)).unwrap(), ["1"]);
    assert_eq!(silences.set(silence("1", "a=c", 20, 200), "2".into(), at(40)).unwrap(), ["1", "2"]);
    assert_eq!(silences.get("1").unwrap().state(at(40)), SilenceState::Expired);
    assert_eq!(silences.set(silence("9", "a=c", 20, 200), "3".into(), at(40)), Err(SilenceError::NotFound));
    assert!(silences.set(silence("", "a=", 20, 200), "3".into(), at(40)).is_err());
    assert!(silences.set(silence("", "a=b", 20, 30), "3".into(), at(40)).is_err());
    let labels = Labels::from_pairs([("a", "c")]);
    assert_eq!(silences.muting(&labels, at(50)).count(), 1);
}

#[test]
fn a_webhook_is_told_as_alertmanager_tells_it() {
    let config = "route: {receiver: all, group_by: [alertname, cluster], routes: [{receiver: all, matchers: ['severity=~\"critical|warning\"']}]}\nreceivers: [{name: all, webhook_configs: [{url: 'http://x'}]}]\n";
    let mut dispatcher = Dispatcher::new(Arc::new(Config::parse(config).unwrap()));
    let now: jiff::Timestamp = "2026-11-21T07:41:10Z".parse().unwrap();
    let now = Timestamp::from_millis(now.as_millisecond());
    let labels = [("alertname", "NodeDown"), ("cluster", "c1"), ("instance", "n3"), ("severity", "warning")];
    let posted = PostedAlert {
        labels: Labels::from_pairs(labels),
        annotations: [("summary".into(), "n3".to_owned())].into(),
        ..PostedAlert::default()
    };
    dispatcher.put(posted.into_alert(now, Duration::from_mins(5)).unwrap(), now);
    let later = now.plus(Duration::from_secs(30));
    let flush = dispatcher.due(later).remove(0);
    let integration = dispatcher.receiver("all").unwrap().integrations[0].clone();
    let notification = dispatcher.decide(&flush, &integration, later).unwrap();
    let body = webhook::body(&notification, "http://vm:19093", 0, webhook::Version::Classic);
    let expected = r#"{"receiver":"all","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"NodeDown","cluster":"c1","instance":"n3","severity":"warning"},"annotations":{"summary":"n3"},"startsAt":"2026-11-21T07:41:10Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"5c34c4b361d9e9f5"}],"groupLabels":{"alertname":"NodeDown","cluster":"c1"},"commonLabels":{"alertname":"NodeDown","cluster":"c1","instance":"n3","severity":"warning"},"commonAnnotations":{"summary":"n3"},"externalURL":"http://vm:19093","version":"4","groupKey":"{}/{severity=~\"critical|warning\"}:{alertname=\"NodeDown\", cluster=\"c1\"}","truncatedAlerts":0}"#;
    assert_eq!(String::from_utf8(body).unwrap(), format!("{expected}\n"));
}

#[test]
fn it_is_told_which_way_an_alert_goes_and_what_keeps_its_receivers_from_hearing_of_it() {
    let mut scene = Scene::new();
    let labels = [("alertname", "A"), ("team", "a"), ("cluster", "c")];
    scene.put(&labels, None);
    let alert = Labels::from_pairs(labels);
    let now = scene.at(0);
    let steps: Vec<_> =
        scene.dispatcher.walk(&alert).iter().map(|step| (step.depth, step.is_taken)).collect();
    // The route of the night is not looked at: the first that takes it does not continue.
    assert_eq!(steps, [(0, true), (1, true)]);
    let ways = scene.dispatcher.ways(&alert, &scene.dispatcher.mutes(now));
    let [way] = ways.as_slice() else { panic!("{ways:?}") };
    assert_eq!(
        (way.route.receiver.as_str(), &*way.group_key),
        ("a.b", "{}/{team=\"a\"}:{alertname=\"A\", cluster=\"c\"}")
    );
    assert_eq!(way.group, Some(Standing { alerts: 1, next: scene.at(10), is_new: true }));
    assert!(!way.told[0].has_alert);
    scene.pass(10);
    let now = scene.at(0);
    let ways = scene.dispatcher.ways(&alert, &scene.dispatcher.mutes(now));
    assert!(ways[0].told[0].has_alert && ways[0].told[0].logged.unwrap().at == now);
    let night = Labels::from_pairs([("team", "n")]);
    assert_eq!(scene.dispatcher.walk(&night).len(), 3);
    let ways = scene.dispatcher.ways(&night, &scene.dispatcher.mutes(now));
    assert_eq!((ways[0].group, &*ways[0].muted_by), (None, &["always".to_owned()][..]));
}
