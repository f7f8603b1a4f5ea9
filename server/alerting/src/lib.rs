//! Alerting: the template language of rules and notifications.
//!
//! Synchronous and deterministic: time, queries and the network come in as values and small traits. Knows nothing of
//! HTTP, disks, or who is asking.

pub mod duration;
mod json;
pub mod template;
