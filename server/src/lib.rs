//! The `crowsnest` program: server, demo and command-line client.
//!
//! Only this file and what it calls at start-up read flags, environment and signals. It is a library so that `fuzz/` can reach its
//! parsers; the program itself is `main.rs`.

mod alertmanager_api;
mod api_v1;
mod audit;
mod auth;
mod backup;
mod blocks;
mod bootstrap;
mod chance;
mod check_files;
mod cli;
mod client;
mod clock;
mod cluster;
mod cluster_metrics;
mod config;
mod config_folder;
mod control;
mod dashboards;
mod data_dir;
mod demo;
mod doctor;
mod external_url;
mod fetch;
mod folder_copy;
mod forward;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gone;
mod http;
mod import;
mod incidents;
mod influx;
mod journal;
mod listen;
mod logging;
mod logs;
mod metrics_api;
mod mint;
mod minting;
mod native;
mod notices;
mod notifier;
mod otlp;
mod pushgateway;
mod query_pool;
mod render;
mod report;
mod restore;
mod rules;
mod scraping;
mod serve;
mod settings;
mod short_memory;
mod sources;
mod storage;
mod telemetry;
mod terminal;
mod test_files;
mod units;
mod watched;
mod watching;

use std::process::ExitCode;

use clap::Parser as _;

/// Does what the command line says; the exit status is for the caller's caller.
pub fn main() -> ExitCode {
    use_an_arena_a_processor();
    crowsnest_rbac::install_crypto_provider();
    match cli::run(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crowsnest: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the C library's allocator keep as many arenas as there are processors. By default it keeps eight times as many, and
/// what one of them has freed is of no use to the others: under pushes that doubled the server's memory.
#[cfg(target_env = "gnu")]
fn use_an_arena_a_processor() {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // SAFETY: called first thing in main, while there is one thread; mallopt has no other precondition.
    unsafe {
        nix::libc::mallopt(nix::libc::M_ARENA_MAX, i32::try_from(processors).unwrap_or(i32::MAX));
    }
}

#[cfg(not(target_env = "gnu"))]
fn use_an_arena_a_processor() {}
