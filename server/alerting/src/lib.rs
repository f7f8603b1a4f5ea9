//! Alerting: rule files and their evaluation; routes, groups, silences and what is told of them; the template language.
//!
//! Synchronous and deterministic: time, queries and the network come in as values and small traits. Knows nothing of
//! HTTP, disks, or who is asking.

pub mod alertmanager;
pub mod dispatch;
pub mod evaluation;
mod json;
pub mod message;
pub mod rules;
pub mod template;
pub mod unit_test;

pub use crowsnest_yaml as yaml;
pub use crowsnest_yaml::duration;
