//! The command line: one subcommand a job.

use clap::{Parser, Subcommand};

use crate::auth::p12;
use crate::blocks::BlocksArgs;
use crate::check_files::CheckArgs;
use crate::client::{BackupArgs, QueryArgs, RenderArgs};
use crate::config::Config;
use crate::doctor::DoctorArgs;
use crate::import::ImportArgs;
use crate::mint::CertArgs;
use crate::restore::RestoreArgs;
use crate::settings::ServeArgs;
use crate::test_files::TestArgs;
use crate::{blocks, check_files, client, demo, doctor, import, mint, restore, serve, test_files};

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
    /// Runs the server with a simulated Kubernetes cluster, and an agent that watches this machine.
    ///
    /// Takes the flags of serve. Everything is kept in ./crowsnest-demo unless --data-dir says otherwise.
    Demo(Box<ServeArgs>),
    /// Asks a server a PromQL query and prints the answer.
    Query(QueryArgs),
    /// Draws a dashboard, or one of its panels, as PNG or SVG with a server's data.
    Render(RenderArgs),
    /// Writes all samples of a running server into one file, which restore takes.
    Backup(BackupArgs),
    /// Checks files of configuration; needs no server.
    #[command(subcommand)]
    Check(CheckArgs),
    /// Runs test files; needs no server.
    #[command(subcommand)]
    Test(TestArgs),
    /// Looks into the blocks and the log of a data folder, beside a running server, too.
    Blocks(BlocksArgs),
    /// Looks at everything the server stands on, and says what is wrong with it and what to do.
    ///
    /// Takes the flags of serve, to know what is to be examined; changes nothing. Can be used beside a running server and without one.
    Doctor(Box<DoctorArgs>),
    /// Takes over the samples of another store, while the server is stopped.
    #[command(subcommand)]
    Import(ImportArgs),
    /// Makes a backup or a snapshot the samples of a data folder, while the server is stopped.
    Restore(RestoreArgs),
    /// Client certificates for people.
    #[command(subcommand)]
    Cert(CertArgs),
    /// Prints the version.
    Version,
    /// Opens the PKCS #12 file on standard input for the server that runs this.
    #[command(name = p12::SUBCOMMAND, hide = true)]
    OpenP12,
}

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(args) => serve::run(Config::resolve(args.load()?)?),
        Command::Demo(args) => demo::run(args.load()?),
        Command::Query(args) => client::query(&args),
        Command::Render(args) => client::render(&args),
        Command::Backup(args) => client::backup(&args),
        Command::Check(args) => check_files::run(&args),
        Command::Test(args) => test_files::run(&args),
        Command::Blocks(args) => blocks::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Cert(args) => mint::run(args),
        Command::OpenP12 => p12::open_standard_input(),
        Command::Version => {
            println!("crowsnest {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed_and_every_flag_is_explained() {
        let mut command = Cli::command();
        command.build();
        command.clone().debug_assert();
        for subcommand in command.get_subcommands() {
            for flag in subcommand.get_arguments() {
                assert!(flag.get_help().is_some(), "{} {}", subcommand.get_name(), flag.get_id());
            }
        }
    }

    #[test]
    fn every_setting_is_a_flag_and_a_variable_of_the_same_name() {
        let mut command = Cli::command();
        command.build();
        let serve = command.find_subcommand("serve").unwrap();
        for flag in serve.get_arguments().filter(|flag| !matches!(flag.get_id().as_str(), "help" | "version"))
        {
            let long = flag.get_long().unwrap();
            let expected = format!("CROWSNEST_{}", long.replace('-', "_").to_uppercase());
            assert_eq!(flag.get_env().unwrap().to_str(), Some(expected.as_str()), "--{long}");
        }
    }
}
