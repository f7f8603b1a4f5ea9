//! Alerts on their way to Alertmanagers that route them in our stead (`--forward-alerts`): posted as Prometheus posts them, to each of them.
//!
//! What waits is an alert once, as it is now: while an Alertmanager is away, a repeat takes the place of what it repeats, and an end that of the
//! beginning before it, which nobody has heard of.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crowsnest_alerting::dispatch::webhook::rfc3339;
use crowsnest_alerting::dispatch::{Alert, Fingerprint};
use parking_lot::Mutex;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tracing::{info, warn};

use super::deliver::Failure;
use super::prepared::read;
use crate::fetch::Fetcher;
use crate::watching::Backoff;

/// Alerts in one request.
const BATCH: usize = 256;
/// Alerts that wait for one Alertmanager.
const MOST: usize = 10_000;
/// How long an attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Where an Alertmanager takes alerts, below its address.
const PATH: &str = "api/v2/alerts";

/// Where alerts are routed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forwarding {
    /// Addresses of Alertmanagers; where there is none, alerts are routed here.
    pub(crate) to: Vec<Url>,
    /// A bearer token for them.
    pub(crate) token_file: Option<PathBuf>,
}

/// The way to each.
pub(crate) struct Forwards(Vec<Arc<Way>>);

struct Way {
    /// Where alerts are posted.
    url: Url,
    token_file: Option<PathBuf>,
    fetcher: Fetcher,
    waiting: Mutex<Waiting>,
    changed: Notify,
    sent: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    /// In the order in which they came first.
    order: VecDeque<Fingerprint>,
    alerts: BTreeMap<Fingerprint, Alert>,
}

impl Waiting {
    /// Takes an alert in; gives one that is dropped for it.
    fn put(&mut self, alert: Alert) -> Option<Alert> {
        let fingerprint = alert.fingerprint();
        if self.alerts.insert(fingerprint, alert).is_none() {
            self.order.push_back(fingerprint);
        }
        let over = self.alerts.len() > MOST;
        over.then(|| self.order.pop_front()).flatten().and_then(|oldest| self.alerts.remove(&oldest))
    }

    /// Takes the oldest out.
    fn take(&mut self) -> Vec<Alert> {
        let count = self.order.len().min(BATCH);
        let oldest: Vec<Fingerprint> = self.order.drain(..count).collect();
        oldest.iter().filter_map(|fingerprint| self.alerts.remove(fingerprint)).collect()
    }

    /// Puts those back that nothing newer is known of.
    fn put_back(&mut self, alerts: Vec<Alert>) {
        for alert in alerts.into_iter().rev() {
            let fingerprint = alert.fingerprint();
            if let std::collections::btree_map::Entry::Vacant(place) = self.alerts.entry(fingerprint) {
                place.insert(alert);
                self.order.push_front(fingerprint);
            }
        }
    }
}

impl Forwards {
    pub(super) fn new(forwarding: &Forwarding, fetcher: &Fetcher) -> Self {
        let way = |address: &Url| {
            let mut url = address.clone();
            url.set_path(&format!("{}/{PATH}", address.path().trim_end_matches('/')));
            Arc::new(Way {
                url,
                token_file: forwarding.token_file.clone(),
                fetcher: fetcher.clone(),
                waiting: Mutex::default(),
                changed: Notify::new(),
                sent: AtomicU64::new(0),
                dropped: AtomicU64::new(0),
            })
        };
        Self(forwarding.to.iter().map(way).collect())
    }

    /// Whether alerts are routed here.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where alerts are posted.
    pub(crate) fn urls(&self) -> impl Iterator<Item = &Url> {
        self.0.iter().map(|way| &way.url)
    }

    /// Alerts that were taken, and those that were dropped.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let sum = |count: fn(&Way) -> &AtomicU64| {
            self.0.iter().map(|way| count(way).load(Ordering::Relaxed)).sum::<u64>()
        };
        (sum(|way| &way.sent), sum(|way| &way.dropped))
    }

    pub(super) fn put(&self, alert: &Alert) {
        for way in &self.0 {
            if way.waiting.lock().put(alert.clone()).is_some() {
                way.dropped.fetch_add(1, Ordering::Relaxed);
            }
            way.changed.notify_one();
        }
    }

    /// Posts what waits, until the server stops. One that is away holds up no other.
    pub(crate) async fn run(&self, stopped: &watch::Receiver<bool>) {
        let mut ways = tokio::task::JoinSet::new();
        for way in &self.0 {
            ways.spawn(Arc::clone(way).run(stopped.clone()));
        }
        while ways.join_next().await.is_some() {}
    }
}

impl Way {
    async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let mut backoff = Backoff::new();
        let mut is_troubled = false;
        loop {
            let batch = self.waiting.lock().take();
            if batch.is_empty() {
                tokio::select! {
                    () = self.changed.notified() => continue,
                    _ = stopped.wait_for(|stop| *stop) => return,
                }
            }
            let url = self.url.as_str();
            match self.post(&batch).await {
                Ok(()) => {
                    if std::mem::take(&mut is_troubled) {
                        info!(url, "an Alertmanager takes alerts again");
                    }
                    self.sent.fetch_add(batch.len() as u64, Ordering::Relaxed);
                    backoff.reset();
                }
                Err(Failure::Final(why)) => {
                    warn!(url, why, alerts = batch.len(), "an Alertmanager refuses alerts; they are dropped");
                    self.dropped.fetch_add(batch.len() as u64, Ordering::Relaxed);
                }
                Err(Failure::Passing(why)) => {
                    if !std::mem::replace(&mut is_troubled, true) {
                        warn!(url, why, "an Alertmanager takes no alerts; they wait");
                    }
                    self.waiting.lock().put_back(batch);
                    tokio::select! {
                        () = tokio::time::sleep(backoff.wait(None)) => {}
                        _ = stopped.wait_for(|stop| *stop) => return,
                    }
                }
            }
        }
    }

    async fn post(&self, alerts: &[Alert]) -> Result<(), Failure> {
        let client = self.fetcher.client(&self.url).await;
        let client = client.map_err(|error| Failure::Passing(error.to_string()))?.timeout(TIMEOUT).build();
        let client = client.map_err(|error| Failure::Final(error.to_string()))?;
        let mut request = client.post(self.url.clone());
        if let Some(file) = &self.token_file {
            request = request.bearer_auth(read(&file.display().to_string())?);
        }
        let body: Vec<Value> = alerts.iter().map(as_posted).collect();
        let answer = request.json(&body).send().await;
        let answer = answer
            .map_err(|error| Failure::Passing(format!("{:#}", anyhow::Error::from(error.without_url()))))?;
        let status = answer.status();
        match status.as_u16() {
            200..=299 => Ok(()),
            // What is wrong with an alert stays wrong; rights and paths may be put right.
            400 | 413 | 422 => Err(Failure::Final(format!("unexpected status code {status}"))),
            _ => Err(Failure::Passing(format!("unexpected status code {status}"))),
        }
    }
}

/// An alert as `POST /api/v2/alerts` has it.
fn as_posted(alert: &Alert) -> Value {
    json!({
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": rfc3339(alert.starts_at),
        "endsAt": rfc3339(alert.ends_at),
        "generatorURL": alert.generator_url,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crowsnest_api::{Labels, Timestamp};

    use super::*;

    fn alert(name: &str, ends: i64) -> Alert {
        Alert {
            labels: Labels::from_pairs([("alertname", name)]),
            annotations: BTreeMap::from([("summary".into(), "it is".to_owned())]),
            starts_at: Timestamp::from_millis(1000),
            ends_at: Timestamp::from_millis(ends),
            updated_at: Timestamp::from_millis(1000),
            generator_url: "http://x/graph".to_owned(),
            timed_out: false,
        }
    }

    #[test]
    fn what_waits_is_an_alert_once_as_it_is_now() {
        let mut waiting = Waiting::default();
        for one in [alert("a", 5000), alert("b", 5000), alert("a", 6000)] {
            assert_eq!(waiting.put(one), None);
        }
        let batch = waiting.take();
        assert_eq!(batch, [alert("a", 6000), alert("b", 5000)]);
        // While they were on their way, one of them ended.
        waiting.put(alert("b", 2000));
        waiting.put_back(batch);
        assert_eq!(waiting.take(), [alert("a", 6000), alert("b", 2000)]);
        assert!(waiting.take().is_empty());
    }

    #[test]
    fn the_oldest_gives_way_when_too_many_wait() {
        let mut waiting = Waiting::default();
        let dropped: Vec<_> = (0..=MOST).filter_map(|n| waiting.put(alert(&n.to_string(), 5000))).collect();
        assert_eq!(dropped, [alert("0", 5000)]);
        assert_eq!((waiting.take().len(), waiting.alerts.len()), (BATCH, MOST - BATCH));
    }

    #[test]
    fn an_alert_is_posted_as_prometheus_posts_it() {
        let expected = json!({
            "labels": {"alertname": "a"}, "annotations": {"summary": "it is"},
            "startsAt": "1970-01-01T00:00:01Z", "endsAt": "1970-01-01T00:00:05Z", "generatorURL": "http://x/graph",
        });
        assert_eq!(as_posted(&alert("a", 5000)), expected);
    }
}
