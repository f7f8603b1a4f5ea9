//! The simulated API server, seen from the outside.

#![expect(clippy::unwrap_used, reason = "the lint exempts test functions, but not what they call")]

mod behaviour;
mod client;
mod kube_rs;
mod replay;
mod tools;
