//! What receivers were told and what they said: the last of it in memory, more of it in a file.

use std::collections::VecDeque;

use crowsnest_alerting::alertmanager::Integration;
use crowsnest_alerting::dispatch::Notification;
use crowsnest_api::Timestamp;
use crowsnest_api::alerts::{self as wire, Delivery};
use parking_lot::Mutex;

use super::prepared::Answer;
use crate::data_dir::DataDir;
use crate::journal::Journal;

/// Where it is in the data folder.
const FILE: &str = "notifications.log";
/// Past this size a file becomes the older half.
const MAX_FILE: u64 = 4 << 20;
/// How many notifications are remembered.
const MOST: usize = 500;
/// Alerts of a notification that are named.
const MOST_ALERTS: usize = 100;
/// The longest payload, and the longest answer.
const MAX_PAYLOAD: usize = 8 << 10;
const MAX_ANSWER: usize = 512;
/// What stands for a secret.
const MASK: &str = "***";

/// Notifications in order of their beginnings.
pub(crate) struct ToldLog {
    entries: Mutex<Entries>,
    journal: Option<Journal>,
}

#[derive(Default)]
struct Entries {
    /// The number of the first.
    first: u64,
    of: VecDeque<wire::Notification>,
}

/// What is sent, as it can be shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) target: String,
    pub(super) payload: String,
}

impl ToldLog {
    /// Opens the file, and takes up its end.
    pub(crate) fn open(data_dir: &DataDir) -> anyhow::Result<Self> {
        let journal = Journal::open(data_dir, FILE, "the log of notifications", MAX_FILE)?;
        let kept = journal.newest::<wire::Notification>();
        let of = kept.into_iter().rev().take(MOST).rev().collect();
        Ok(Self { entries: Mutex::new(Entries { first: 0, of }), journal: Some(journal) })
    }

    /// All that is remembered, the newest first.
    pub(crate) fn newest(&self) -> Vec<wire::Notification> {
        self.entries.lock().of.iter().rev().cloned().collect()
    }

    /// A notification is about to be sent; gives its number.
    pub(super) fn begin(
        &self,
        notification: &Notification,
        integration: &Integration,
        Shown { target, payload }: Shown,
    ) -> u64 {
        let alerts = notification.alerts.iter();
        let entry = wire::Notification {
            at: notification.at.seconds(),
            receiver: notification.receiver.clone(),
            kind: integration.kind.to_owned(),
            index: integration.index,
            group_key: notification.group_key.clone(),
            reason: notification.reason.words().to_owned(),
            firing: alerts.clone().filter(|alert| !alert.is_resolved(notification.at)).count(),
            alerts: alerts.map(|alert| alert.labels.clone()).take(MOST_ALERTS).collect(),
            target,
            payload: cut(payload, MAX_PAYLOAD),
            ..wire::Notification::default()
        };
        let mut entries = self.entries.lock();
        entries.of.push_back(entry);
        if entries.of.len() > MOST {
            entries.of.pop_front();
            entries.first += 1;
        }
        entries.first + entries.of.len() as u64 - 1
    }

    /// A try of the notification of a number has ended. Writes to the file when it was the last one.
    pub(super) fn tried(&self, number: u64, now: Timestamp, result: Delivery, answer: Answer) {
        let mut entries = self.entries.lock();
        let at = number.checked_sub(entries.first).and_then(|at| usize::try_from(at).ok());
        let Some(entry) = at.and_then(|at| entries.of.get_mut(at)) else { return };
        entry.tries += 1;
        entry.last_try = now.seconds();
        entry.result = result;
        entry.status = answer.status;
        entry.answer = cut(answer.text, MAX_ANSWER);
        let done = (result != Delivery::Trying).then(|| entry.clone());
        drop(entries);
        if let (Some(entry), Some(journal)) = (done, &self.journal) {
            journal.note(&entry);
        }
    }
}

/// The text without any of the secrets.
pub(super) fn masked(text: &str, secrets: &[String]) -> String {
    let mut masked = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        masked = masked.replace(secret.as_str(), MASK);
    }
    masked
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crowsnest_alerting::alertmanager::Config;
    use crowsnest_alerting::dispatch::{Dispatcher, PostedAlert};
    use crowsnest_api::Labels;

    use super::*;

    const CONFIG: &str = "route: {receiver: a, group_wait: 0s}\nreceivers: [{name: a, webhook_configs: [{url: 'http://x'}]}]\n";

    /// A notification, as it comes about.
    fn notification(now: Timestamp) -> (Notification, Integration) {
        let config = Config::parse(CONFIG).unwrap();
        let integration = config.receivers.first().unwrap().integrations.first().unwrap().clone();
        let mut dispatcher = Dispatcher::new(Arc::new(config));
        let posted =
            PostedAlert { labels: Labels::from_pairs([("alertname", "A")]), ..PostedAlert::default() };
        dispatcher.put(posted.into_alert(now, std::time::Duration::from_secs(60)).unwrap(), now);
        let flush = dispatcher.due(now).remove(0);
        (dispatcher.decide(&flush, &integration, now).unwrap(), integration)
    }

    #[test]
    fn tries_are_counted_and_the_log_survives_a_restart_and_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(&dir.path().join("data")).unwrap();
        let log = ToldLog::open(&data_dir).unwrap();
        let now = Timestamp::from_millis(5000);
        let (notification, integration) = notification(now);
        let begin = || log.begin(&notification, &integration, Shown::default());
        let number = begin();
        let answer = |status, text: &str| Answer { status: Some(status), text: text.to_owned() };
        log.tried(number, now, Delivery::Trying, answer(503, "busy"));
        log.tried(number, now, Delivery::Sent, answer(200, &"x".repeat(1000)));
        let newest = log.newest();
        let [told] = newest.as_slice() else { panic!("{newest:?}") };
        assert_eq!((told.tries, told.result, told.status, told.firing), (2, Delivery::Sent, Some(200), 1));
        assert!(told.answer.len() < 600);
        assert_eq!(ToldLog::open(&data_dir).unwrap().newest(), newest);
        for _ in 0..MOST + 1 {
            begin();
        }
        assert_eq!(log.newest().len(), MOST);
        // Of what is forgotten nothing is told any more.
        log.tried(number, now, Delivery::Failed, answer(500, ""));
        assert!(log.newest().iter().all(|told| told.tries == 0));
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let secrets = ["abc".to_owned(), String::new()];
        assert_eq!(masked("key=abc, again abc", &secrets), "key=***, again ***");
    }
}
