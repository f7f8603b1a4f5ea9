//! What the server wants its operator to know: few standing facts, each true or not.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crowsnest_api::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};

/// Who may listen at once; Prometheus's `--web.max-notifications-subscribers`.
const MAX_LISTENERS: usize = 16;
/// Changes that a slow listener may be behind; a slower one misses the oldest.
const MAX_BEHIND: usize = 64;

/// In Prometheus's words, which its interface looks for.
pub(crate) const RELOAD_FAILED: &str = "Configuration reload has failed.";
/// Told to those who listen while the server stops.
pub(crate) const SHUTTING_DOWN: &str = "Prometheus is shutting down and gracefully stopping all operations.";

/// Told while the data folder is one that is not kept.
pub(crate) const EPHEMERAL: &str =
    "The data folder is not kept: samples, rules and sessions are lost when the server's pod goes away.";

/// Told while something in the data folder is damaged.
pub(crate) const DAMAGED: &str =
    "Files in the data folder are damaged: samples may be missing. crowsnest blocks --verify names them.";

/// A fact, or the end of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Notice {
    pub(crate) text: &'static str,
    /// When it came to be, or ended.
    pub(crate) since: Timestamp,
    pub(crate) active: bool,
}

/// How the last reload of files went; the start counts as one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reload {
    /// When it last succeeded.
    pub(crate) at: Timestamp,
    pub(crate) success: bool,
}

/// The facts that hold.
#[derive(Debug)]
pub(crate) struct Notices {
    state: Mutex<State>,
    listeners: Arc<Semaphore>,
}

#[derive(Debug)]
struct State {
    active: BTreeMap<&'static str, Notice>,
    reload: Reload,
    /// Gone once the server stops, which ends every subscription.
    changes: Option<broadcast::Sender<Notice>>,
}

impl Notices {
    /// Of a server that starts now.
    pub(crate) fn new(now: Timestamp) -> Self {
        let state = State {
            active: BTreeMap::new(),
            reload: Reload { at: now, success: true },
            changes: Some(broadcast::channel(MAX_BEHIND).0),
        };
        Self { state: Mutex::new(state), listeners: Arc::new(Semaphore::new(MAX_LISTENERS)) }
    }

    /// Those that hold.
    pub(crate) fn active(&self) -> Vec<Notice> {
        self.state.lock().active.values().copied().collect()
    }

    /// How the last reload went.
    pub(crate) fn last_reload(&self) -> Reload {
        self.state.lock().reload
    }

    /// Notes a fact that holds until the end.
    pub(crate) fn stand(&self, text: &'static str, now: Timestamp) {
        self.state.lock().set(Notice { text, since: now, active: true });
    }

    /// Notes how a reload of files went.
    pub(crate) fn reloaded(&self, success: bool, now: Timestamp) {
        let mut state = self.state.lock();
        state.reload.success = success;
        if success {
            state.reload.at = now;
        }
        state.set(Notice { text: RELOAD_FAILED, since: now, active: !success });
    }

    /// Tells those who listen that the server stops, and lets them go.
    pub(crate) fn close(&self, now: Timestamp) {
        let mut state = self.state.lock();
        state.set(Notice { text: SHUTTING_DOWN, since: now, active: true });
        state.changes = None;
    }

    /// What holds, and from then on every change. `None` when as many listen as may, or the server stops.
    pub(crate) fn subscribe(&self) -> Option<Subscription> {
        let permit = Arc::clone(&self.listeners).try_acquire_owned().ok()?;
        let state = self.state.lock();
        let changes = state.changes.as_ref()?.subscribe();
        Some(Subscription { first: state.active.values().copied().collect(), changes, _permit: permit })
    }
}

impl State {
    fn set(&mut self, notice: Notice) {
        let known = self.active.contains_key(notice.text);
        if known == notice.active {
            return;
        }
        if notice.active {
            self.active.insert(notice.text, notice);
        } else {
            self.active.remove(notice.text);
        }
        if let Some(changes) = &self.changes {
            // An error means that nobody listens.
            changes.send(notice).ok();
        }
    }
}

/// Somebody who listens.
pub(crate) struct Subscription {
    first: VecDeque<Notice>,
    changes: broadcast::Receiver<Notice>,
    _permit: OwnedSemaphorePermit,
}

impl Subscription {
    /// Waits for the next notice; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Notice> {
        if let Some(notice) = self.first.pop_front() {
            return Some(notice);
        }
        loop {
            match self.changes.recv().await {
                Ok(notice) => return Some(notice),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn a_failed_reload_stands_until_one_succeeds() {
        let notices = Notices::new(at(0));
        notices.reloaded(false, at(1));
        notices.reloaded(false, at(2));
        assert_eq!(notices.active(), [Notice { text: RELOAD_FAILED, since: at(1), active: true }]);
        assert_eq!(notices.last_reload(), Reload { at: at(0), success: false });
        notices.reloaded(true, at(3));
        assert!(notices.active().is_empty());
        assert_eq!(notices.last_reload(), Reload { at: at(3), success: true });
    }

    #[tokio::test]
    async fn listeners_hear_what_holds_then_what_changes_then_the_end() {
        let notices = Notices::new(at(0));
        notices.reloaded(false, at(1));
        let mut listener = notices.subscribe().unwrap();
        notices.reloaded(true, at(2));
        notices.close(at(3));
        let mut heard = Vec::new();
        while let Some(notice) = listener.next().await {
            heard.push((notice.text, notice.since, notice.active));
        }
        let expected =
            [(RELOAD_FAILED, at(1), true), (RELOAD_FAILED, at(2), false), (SHUTTING_DOWN, at(3), true)];
        assert_eq!(heard, expected);
        assert!(notices.subscribe().is_none());
    }

    #[test]
    fn no_more_listen_than_may() {
        let notices = Notices::new(at(0));
        let mut listeners: Vec<_> = (0..MAX_LISTENERS).map(|_| notices.subscribe().unwrap()).collect();
        assert!(notices.subscribe().is_none());
        listeners.pop();
        assert!(notices.subscribe().is_some());
    }
}
