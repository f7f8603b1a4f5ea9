//! Real dashboards, imported and compared with what they say.
//!
//! They are found in `CROWSNEST_CORPUS`, or beside the repository in `../shared/corpus`; without them these tests say
//! so in one line and pass.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the lints exempt test functions, but not what they call"
)]

mod corpus;
mod dashboards;
mod hostile;
mod panels;
