//! One flush of a group: every integration of its receiver is told, each for itself, again when it fails.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crowsnest_alerting::alertmanager::Integration;
use crowsnest_alerting::dispatch::{Flush, Notification};
use crowsnest_api::alerts::Delivery;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::prepared::{Answer, Prepared, prepare};
use super::{Notifier, kept};
use crate::chance::fraction;
use crate::clock;

/// How long to wait before a second attempt, how much longer before each other, and how long at most.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const GROWTH: f64 = 1.5;
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// How much of a wait is chance.
const JITTER: f64 = 0.5;
/// A flush has at least this long.
const SHORTEST_DEADLINE: Duration = Duration::from_secs(10);

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// It may go better next time.
    Passing(String),
    /// The receiver will not have it.
    Final(String),
}

impl Notifier {
    pub(super) async fn deliver(self: Arc<Self>, flush: Flush, stopped: watch::Receiver<bool>) {
        let flush = Arc::new(flush);
        let receiver = self.dispatcher.lock().receiver(&flush.route.receiver).cloned();
        let mut attempts = JoinSet::new();
        for integration in receiver.into_iter().flat_map(|receiver| receiver.integrations) {
            let (notifier, flush, stopped) = (Arc::clone(&self), Arc::clone(&flush), stopped.clone());
            attempts.spawn(async move { notifier.tell(&flush, &integration, stopped).await });
        }
        let mut went_well = true;
        while let Some(told) = attempts.join_next().await {
            went_well &= told.unwrap_or(false);
        }
        self.dispatcher.lock().flushed(&flush, went_well);
        self.changed.notify_one();
    }

    /// Tells one integration what there is to tell; false when it could not be told.
    async fn tell(&self, flush: &Flush, integration: &Integration, stopped: watch::Receiver<bool>) -> bool {
        let Some(notification) = self.dispatcher.lock().decide(flush, integration, clock::now()) else {
            return true;
        };
        if !notification.alerts.is_empty() && !self.send(flush, integration, &notification, stopped).await {
            return false;
        }
        let (key, entry) = self.dispatcher.lock().sent(&notification);
        let control = Arc::clone(&self.control);
        let kept = tokio::task::spawn_blocking(move || kept::log(&*control, &key, &entry)).await;
        if let Ok(Err(error)) = kept {
            warn!(
                err = &*error as &dyn std::error::Error,
                "cannot keep what was told; after a restart it may be told again"
            );
        }
        true
    }

    async fn send(
        &self,
        flush: &Flush,
        integration: &Integration,
        notification: &Notification,
        mut stopped: watch::Receiver<bool>,
    ) -> bool {
        let mut wait = FIRST_WAIT;
        let mut number = None;
        let mut chart = self.studio.chart(integration, notification).await;
        let deadline = Instant::now() + flush.route.group_interval.max(SHORTEST_DEADLINE);
        loop {
            let templates = Arc::clone(&self.templates.lock());
            let prepared =
                prepare(integration, notification, &self.external_url, &templates, chart.as_deref());
            let shown = prepared.as_ref().map(Prepared::shown).unwrap_or_default();
            let number = *number.get_or_insert_with(|| self.told.begin(notification, integration, shown));
            let (answer, result) = match prepared {
                Ok(prepared) => self.attempt(&prepared, deadline).await,
                Err(failure) => (Answer::none(&failure), Err(failure)),
            };
            // The chart may be what it does not like; the words matter more.
            let had_chart = result.is_err() && chart.take().is_some();
            let is_refused = matches!(result, Err(Failure::Final(_)));
            let is_over = match &result {
                Err(Failure::Final(_)) if had_chart => false,
                Ok(()) | Err(Failure::Final(_)) => true,
                Err(Failure::Passing(_)) => Instant::now() + wait >= deadline,
            };
            let outcome = match &result {
                Ok(()) => Delivery::Sent,
                Err(_) if is_over => Delivery::Failed,
                Err(_) => Delivery::Trying,
            };
            self.note(number, outcome, answer).await;
            let Err(Failure::Passing(error) | Failure::Final(error)) = result else {
                self.sent.fetch_add(1, Ordering::Relaxed);
                debug!(receiver = notification.receiver, kind = integration.kind, "notified");
                return true;
            };
            self.failed.fetch_add(1, Ordering::Relaxed);
            warn!(
                receiver = notification.receiver,
                kind = integration.kind,
                group = notification.group_key,
                error,
                gives_up = is_over,
                "cannot notify"
            );
            if is_over {
                return false;
            }
            if had_chart && is_refused {
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(with_jitter(wait)) => {}
                _ = stopped.wait_for(|stop| *stop) => return false,
            }
            wait = wait.mul_f64(GROWTH).min(LONGEST_WAIT);
        }
    }

    async fn attempt(&self, prepared: &Prepared<'_>, deadline: Instant) -> (Answer, Result<(), Failure>) {
        let left = deadline.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left, prepared.send(&self.fetcher)).await {
            Ok(attempted) => attempted,
            Err(_) => {
                let failure = Failure::Final("no answer until the group is due again".to_owned());
                (Answer::none(&failure), Err(failure))
            }
        }
    }

    /// Notes how a try ended, in the file, too, where it was the last.
    async fn note(&self, number: u64, outcome: Delivery, answer: Answer) {
        let (told, now) = (Arc::clone(&self.told), clock::now());
        let noted = tokio::task::spawn_blocking(move || told.tried(number, now, outcome, answer)).await;
        if let Err(error) = noted {
            warn!(err = &error as &dyn std::error::Error, "cannot note what a receiver said");
        }
    }
}

/// A wait of this length, or somewhat shorter or longer.
fn with_jitter(wait: Duration) -> Duration {
    wait.mul_f64(1.0 - JITTER + 2.0 * JITTER * fraction())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_differ_by_half_at_most() {
        for _ in 0..100 {
            let wait = with_jitter(Duration::from_secs(2));
            assert!((Duration::from_secs(1)..=Duration::from_secs(3)).contains(&wait), "{wait:?}");
        }
    }
}
