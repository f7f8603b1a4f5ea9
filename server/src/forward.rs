//! Ports of pods and Services, opened in the browser.
//!
//! What is there is somebody else's page, and it is shown below our own address. So it comes under a policy that makes it a stranger in the
//! browser (`http/security_headers.rs`): it has no origin, hence none of our cookies, and cannot read a page of ours. For the same reason its own
//! requests come without the session, and what lets them through is the address: 256 random bits, told to whoever may reach the port, good
//! for that port only, and as long as the session and the right to it last. `headers.rs` says what of a request and of an answer
//! passes, `rewrite.rs` keeps links below the address, `target.rs` finds the pod.

mod headers;
mod rewrite;
mod target;

pub(crate) use headers::{NotPassed, answered, asked, location};
pub(crate) use rewrite::{MAX_PAGE, Rewritten, rewrite};
pub(crate) use target::{Target, TargetError};

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

/// Of one session, and of all together.
const OF_ONE: usize = 16;
const OF_ALL: usize = 512;
/// One that has not been used for so long is gone.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// Requests under way through one of them.
const AT_ONCE: usize = 16;

/// A port that is open to whoever knows its name.
pub(crate) struct Forward {
    /// The session that it belongs to and ends with.
    pub(crate) session: String,
    pub(crate) target: Target,
    /// Turns of requests under way.
    pub(crate) at_once: Arc<Semaphore>,
    used: Mutex<Instant>,
}

/// All open ports, by name.
#[derive(Default)]
pub(crate) struct Forwards(Mutex<HashMap<String, Arc<Forward>>>);

impl Forwards {
    /// Opens a port under a name that nobody can guess. The session's oldest unused one makes room; `None` where there are too many of
    /// all sessions.
    pub(crate) fn open(&self, name: String, session: &str, target: Target, now: Instant) -> Option<()> {
        let mut all = self.0.lock();
        all.retain(|_, forward| !forward.is_idle(now));
        let mut own: Vec<(Instant, String)> = all
            .iter()
            .filter(|(_, forward)| forward.session == session)
            .map(|(name, forward)| (*forward.used.lock(), name.clone()))
            .collect();
        own.sort();
        let too_many = (own.len() + 1).saturating_sub(OF_ONE);
        for (_, name) in own.iter().take(too_many) {
            all.remove(name);
        }
        if all.len() >= OF_ALL {
            return None;
        }
        let forward = Forward {
            session: session.to_owned(),
            target,
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            used: Mutex::new(now),
        };
        all.insert(name, Arc::new(forward));
        Some(())
    }

    /// The port with this name, which is used now.
    pub(crate) fn find(&self, name: &str, now: Instant) -> Option<Arc<Forward>> {
        let mut all = self.0.lock();
        let forward = all.get(name)?;
        if forward.is_idle(now) {
            all.remove(name);
            return None;
        }
        *forward.used.lock() = now;
        Some(Arc::clone(forward))
    }

    /// Closes the ports of a session that is over.
    pub(crate) fn close(&self, session: &str) {
        self.0.lock().retain(|_, forward| forward.session != session);
    }
}

impl Forward {
    fn is_idle(&self, now: Instant) -> bool {
        now.saturating_duration_since(*self.used.lock()) >= IDLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target::of(&"core.v1.pods".parse().unwrap(), "shop", "web-1", 80, false).unwrap()
    }

    #[test]
    fn a_port_closes_for_idleness_and_with_its_session() {
        let (forwards, start) = (Forwards::default(), Instant::now());
        for (name, session) in [("a", "one"), ("b", "two")] {
            forwards.open(name.to_owned(), session, target(), start).unwrap();
        }
        assert!(forwards.find("a", start + IDLE - Duration::from_secs(1)).is_some());
        assert!(forwards.find("b", start + IDLE).is_none());
        assert!(forwards.find("a", start + IDLE).is_some(), "it was used meanwhile");
        assert!(forwards.find("c", start).is_none());
        forwards.close("one");
        assert!(forwards.find("a", start + IDLE).is_none());
    }

    #[test]
    fn one_session_makes_room_for_itself_and_all_together_are_bounded() {
        let (forwards, start) = (Forwards::default(), Instant::now());
        for number in 0..=OF_ONE {
            let at = start + Duration::from_secs(u64::try_from(number).unwrap());
            forwards.open(format!("own-{number}"), "one", target(), at).unwrap();
        }
        assert!(forwards.find("own-0", start).is_none());
        assert!(forwards.find("own-1", start).is_some());
        for number in 0..OF_ALL - OF_ONE {
            forwards.open(format!("{number}"), &format!("of {number}"), target(), start).unwrap();
        }
        assert!(forwards.open("more".to_owned(), "more", target(), start).is_none());
        let later = start + IDLE * 2;
        assert!(forwards.open("more".to_owned(), "more", target(), later).is_some());
    }
}
