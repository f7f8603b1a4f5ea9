//! The server as its users meet it: the real binary, real TLS, a folder of its own.
#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test, what cannot go on fails")]

mod admin;
mod agent;
mod api;
mod asking;
mod bad_requests;
mod certificates;
mod check_files;
mod clients;
mod cluster_metrics;
mod cluster_sign_in;
mod command_line;
mod crash;
mod demo;
mod deploy;
mod import;
mod incidents;
mod mint;
mod notifications;
mod objects;
mod prometheus_peer;
mod pushing;
mod rules;
mod sessions;
mod sign_in;
mod silence;
mod start;
mod support;
mod synced;
mod test_files;
mod vouched;
mod watching;
