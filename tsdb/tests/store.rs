//! The store from outside: what goes in comes out, across restarts, and what is refused says why.

#[path = "store/appending.rs"]
mod appending;
#[path = "store/caching.rs"]
mod caching;
#[path = "store/concurrency.rs"]
mod concurrency;
#[path = "store/corpus.rs"]
mod corpus;
#[path = "store/kill.rs"]
mod kill;
#[path = "store/support.rs"]
mod support;
#[path = "store/upgrade.rs"]
mod upgrade;
