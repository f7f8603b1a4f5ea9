//! Terminals: a process in a container, over a WebSocket of the browser's.
//!
//! The browser's side is `browser.rs`, the API server's `cluster/channels.rs`; `session.rs` carries between them, and `watch.rs` ends that
//! when the session or the right is gone. docs/terminals.md has the protocol.

mod browser;
mod session;
mod shells;
mod watch;

pub(crate) use session::{IsOwn, Terminal};
pub(crate) use watch::Owner;
