//! The `crowsnest` binary: server, demo and command-line client.
//!
//! Only this file and what it calls at start-up read flags, environment and signals.

mod alertmanager_api;
mod api_v1;
mod audit;
mod auth;
mod chance;
mod check_files;
mod cli;
mod client;
mod clock;
mod cluster;
mod config;
mod control;
mod data_dir;
mod demo;
mod external_url;
mod fetch;
mod http;
mod import;
mod listen;
mod logging;
mod mint;
mod notices;
mod notifier;
mod query_pool;
mod report;
mod restore;
mod rules;
mod serve;
mod settings;
mod short_memory;
mod sources;
mod storage;
mod telemetry;
mod test_files;
mod units;
mod watched;
mod watching;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    crowsnest_rbac::install_crypto_provider();
    match cli::run(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crowsnest: {error:#}");
            ExitCode::FAILURE
        }
    }
}
