//! Ten thousand alerts that fire at once, grouped and routed to notifications, and a hundred silences against a thousand
//! alerts. `cargo bench --package crowsnest-alerting --bench dispatch`; `docs/alerting.md` has results.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should say where")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crowsnest_alerting::alertmanager::{Config, parse_matchers};
use crowsnest_alerting::dispatch::{Alert, Dispatcher, PostedAlert, Silence};
use crowsnest_api::{Labels, Timestamp};

const CONFIG: &str = "
route:
  receiver: all
  group_by: [alertname, namespace]
  group_wait: 10s
  routes:
  - {matchers: ['team=~\"team-[0-4]\"'], receiver: first, continue: true}
  - {matchers: ['severity=\"critical\"'], receiver: pager}
receivers:
- {name: all, webhook_configs: [{url: 'http://localhost/all'}]}
- {name: first, webhook_configs: [{url: 'http://localhost/first'}]}
- {name: pager, webhook_configs: [{url: 'http://localhost/pager'}]}
inhibit_rules:
- {source_matchers: ['severity=\"critical\"'], target_matchers: ['severity=\"warning\"'], equal: [namespace, pod]}
";

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const RUNS: usize = 5;

fn alert(number: usize) -> Alert {
    let labels = Labels::from_pairs([
        ("alertname", format!("Alert{}", number % 50)),
        ("namespace", format!("namespace-{}", number % 100)),
        ("pod", format!("pod-{number}")),
        ("severity", if number.is_multiple_of(7) { "critical" } else { "warning" }.to_owned()),
        ("team", format!("team-{}", number % 10)),
    ]);
    let posted = PostedAlert { labels, starts_at: Some(NOW), ..PostedAlert::default() };
    posted.into_alert(NOW, Duration::from_secs(300)).unwrap()
}

fn silence(number: usize) -> Silence {
    let pattern = match number % 3 {
        0 => format!("pod=\"pod-{}\"", number * 11),
        1 => format!("namespace=\"namespace-{number}\", team=~\"team-[13]\""),
        _ => format!("pod=~\"pod-{number}[0-9]\""),
    };
    Silence {
        id: format!("silence-{number}"),
        matchers: parse_matchers(&pattern).unwrap(),
        starts_at: NOW.minus(Duration::from_secs(60)),
        ends_at: NOW.plus(Duration::from_secs(3600)),
        updated_at: NOW,
        created_by: "bench".to_owned(),
        comment: String::new(),
    }
}

/// The fastest of some runs, and what the last one counted.
fn fastest(mut run: impl FnMut() -> usize) -> (Duration, usize) {
    let mut best = (Duration::MAX, 0);
    for _ in 0..RUNS {
        let started = Instant::now();
        let count = run();
        best = (best.0.min(started.elapsed()), count);
    }
    best
}

fn main() {
    let config = Arc::new(Config::parse(CONFIG).unwrap());
    let alerts: Vec<Alert> = (0..10_000).map(alert).collect();
    let (time, told) = fastest(|| {
        let mut dispatcher = Dispatcher::new(Arc::clone(&config));
        for alert in &alerts {
            dispatcher.put(alert.clone(), NOW);
        }
        let then = NOW.plus(Duration::from_secs(10));
        let mut told = 0;
        for flush in dispatcher.due(then) {
            let integrations = dispatcher.receiver(&flush.route.receiver).unwrap().integrations.clone();
            for integration in &integrations {
                if let Some(notification) = dispatcher.decide(&flush, integration, then) {
                    told += notification.alerts.len();
                    dispatcher.sent(&notification);
                }
            }
            dispatcher.flushed(&flush, true);
        }
        told
    });
    println!("10,000 alerts to notifications             {time:>10.1?}   {told} alerts told");

    let mut dispatcher = Dispatcher::new(config);
    for number in 0..100 {
        dispatcher.silences.insert(silence(number));
    }
    let labels: Vec<&Labels> = alerts.iter().take(1_000).map(|alert| &alert.labels).collect();
    let (time, muted) = fastest(|| {
        labels.iter().filter(|labels| dispatcher.silences.muting(labels, NOW).next().is_some()).count()
    });
    println!("1,000 alerts against 100 silences          {time:>10.1?}   {muted} muted");
}
