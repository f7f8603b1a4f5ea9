//! Alerting against recordings and files of real systems.
//!
//! They are found in `CROWSNEST_CORPUS`, or beside the repository in `../shared/corpus`; without them these tests say
//! so and pass.

#![expect(clippy::unwrap_used, reason = "the lint exempts test functions, but not what they call")]

mod alertmanager_files;
mod amtool;
mod captures;
mod corpus;
mod own_receivers;
mod pictures;
mod rule_files;
mod rule_tests;
mod template_truth;
