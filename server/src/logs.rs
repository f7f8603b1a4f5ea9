//! Logs of one or many containers, merged into one stream of server-sent events, or one file.
//!
//! Each container has a task that reads its log with the user's own credential (`source.rs`); `pods.rs` says which
//! containers there are. All put what they read into one bounded queue. The connection takes out of it as fast as the
//! browser reads, and so bounds them all, down to the kubelet: nothing is dropped on the way.

mod changes;
mod events;
mod file;
mod follow;
mod lines;
mod mark;
mod pods;
mod source;

pub(crate) use events::open;
pub(crate) use file::download;
pub(crate) use pods::Pods;

use crowsnest_api::logs::LogEvent;
use crowsnest_api::stream::EndReason;

use self::mark::{Key, Mark};

/// What the tasks of a stream tell it.
enum Told {
    /// An event.
    Event(String),
    /// Lines of a container, and where its log is once they have been told.
    Lines(String, Key, Mark),
    /// All has been told.
    Done,
    /// The session is over.
    SessionOver(EndReason),
}

/// Nobody listens any more.
#[derive(Debug)]
struct Unheard;

/// The fields `event` and `data` of an event.
fn written(event: &LogEvent) -> Option<String> {
    let data = event.data().ok()?;
    Some(format!("event: {}\ndata: {data}\n", event.name()))
}
