//! What receivers would be told of an alert, without telling them.

use std::sync::Arc;

use crowsnest_alerting::dispatch::{Alert, Dispatcher, Flush};
use crowsnest_api::Timestamp;
use crowsnest_api::rules::Rehearsed;

use super::Notifier;
use super::deliver::Failure;
use super::prepared::{Prepared, prepare};

/// Groups that an alert may come into.
const MOST_GROUPS: usize = 50;

impl Notifier {
    /// What each integration of each receiver would get of this alert if it fired now, alone, and nothing muted it.
    pub(crate) fn rehearse(&self, alert: Alert, now: Timestamp) -> Vec<Rehearsed> {
        let config = Arc::clone(self.dispatcher.lock().config());
        let templates = Arc::clone(&self.templates.lock());
        let mut stage = Dispatcher::new(config);
        stage.put(alert, now);
        let mut rehearsed = Vec::new();
        for _ in 0..MOST_GROUPS {
            let Some(at) = stage.next() else { break };
            for flush in stage.due(at) {
                let receiver = stage.receiver(&flush.route.receiver).cloned();
                let integrations = receiver.map(|receiver| receiver.integrations).unwrap_or_default();
                if integrations.is_empty() {
                    rehearsed
                        .push(Rehearsed { receiver: flush.route.receiver.clone(), ..Rehearsed::default() });
                }
                let flush = unmuted(&flush);
                for integration in &integrations {
                    let Some(notification) = stage.decide(&flush, integration, at) else {
                        continue;
                    };
                    let prepared = prepare(integration, &notification, &self.external_url, &templates, None);
                    let shown = prepared.as_ref().map(Prepared::shown);
                    let (target, payload, failed) = match shown {
                        Ok(shown) => (shown.target, shown.payload, false),
                        Err(Failure::Passing(error) | Failure::Final(error)) => {
                            (String::new(), error.clone(), true)
                        }
                    };
                    let receiver = flush.route.receiver.clone();
                    rehearsed.push(Rehearsed {
                        receiver,
                        kind: integration.kind.to_owned(),
                        target,
                        payload,
                        failed,
                    });
                }
            }
        }
        rehearsed
    }
}

/// The flush as it is at a time at which its route notifies.
fn unmuted(flush: &Flush) -> Flush {
    let mut route = (*flush.route).clone();
    route.mute_intervals.clear();
    route.active_intervals.clear();
    Flush { id: flush.id.clone(), route: Arc::new(route), at: flush.at, alerts: flush.alerts.clone() }
}
