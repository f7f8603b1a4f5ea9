//! Alerting: rule files, their evaluation, and the template language of rules and notifications.
//!
//! Synchronous and deterministic: time, queries and the network come in as values and small traits. Knows nothing of
//! HTTP, disks, or who is asking.

pub mod duration;
pub mod evaluation;
mod json;
pub mod rules;
pub mod template;
pub mod unit_test;
pub mod yaml;
