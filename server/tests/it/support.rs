//! Starts servers, speaks to them, and pushes to them.

pub(crate) mod cluster;
pub(crate) mod helm;
pub(crate) mod installed;
pub(crate) mod issuer;
pub(crate) mod manifests;
pub(crate) mod push;
pub(crate) mod server;
pub(crate) mod stream;
pub(crate) mod terminal;
pub(crate) mod tools;

use std::time::{Duration, Instant};

pub(crate) use push::{body, series};
pub(crate) use server::Server;

/// Asks again until there is an answer, for as long as a loaded machine may need.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "gave up waiting for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
