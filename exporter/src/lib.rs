//! The node agent: reads the host's counters, pushes them, keeps what it could not push, serves them as `/metrics`.
//!
//! Knows procfs and sysfs, the targets that it scrapes, one folder and one server; no PromQL, no store. The way of a sample:
//! [`collector`] → [`Gatherer`] → [`Batcher`] → [`queue`] → [`push`]. A library so that its parts can be tested; the
//! binary adds flags, signals and the log.

mod agent;
mod batch;
mod clock;
pub mod collector;
mod connect;
mod deadline;
mod gather;
mod host;
mod options;
pub mod push;
pub mod queue;
mod scraping;
mod serve;
mod status;

pub use agent::{Config, Destination, PushConfig, QueuePlace, run};
pub use batch::Batcher;
pub use gather::{Gatherer, Wanted};
pub use host::{Host, SourceFile};
pub use options::{LogFormat, Options};
pub use scraping::ScrapeConfig;
pub use serve::Security;
pub use status::PushStatus;
