//! The command line: one subcommand a job.

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::serve;
use crate::settings::ServeArgs;

/// Metrics store, PromQL, user interface and sign-in for one cluster, in one process.
#[derive(Debug, Parser)]
#[command(name = "crowsnest", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server until it is told to stop.
    Serve(Box<ServeArgs>),
    /// Prints the version.
    Version,
}

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(args) => {
            let config = Config::resolve(args.load()?)?;
            serve::run(config)
        }
        Command::Version => {
            println!("crowsnest {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
    }
}
