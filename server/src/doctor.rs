//! `crowsnest doctor`: looks at everything the server stands on, and says what is wrong with it and what to do.
//!
//! Only reads: files, the data folder (beside a running server, too), what the API server tells the server's own account, and what a
//! running server tells whoever holds the token. [`checks::CHECKS`] is the table of what is looked at.

mod agents;
mod bundle;
mod certificates;
mod checks;
mod cluster;
mod control;
mod disk;
mod failing;
mod finding;
mod folder;
mod mask;
mod named_files;
mod patient;
mod provisioning;
mod rights;
mod server;
mod settings;
mod store;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Serialize;

use crate::settings::ServeArgs;
use checks::CHECKS;
use finding::{Count, Finding};
use patient::Patient;

/// `crowsnest doctor`.
#[derive(Clone, Debug, Args)]
pub(crate) struct DoctorArgs {
    /// URL of a running server, to examine that as well [default: where the server of the data folder listens, if one runs]
    #[arg(long, env = "CROWSNEST_URL", value_name = "URL")]
    url: Option<String>,
    /// File with a bearer token of somebody who may look at everything there
    #[arg(long, env = "CROWSNEST_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// CA to trust there besides the system's, PEM
    #[arg(long, env = "CROWSNEST_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
    /// Write what somebody who helps has to know into this file, without secrets; there must be none of its name
    #[arg(long, value_name = "FILE.tar.zst")]
    bundle: Option<PathBuf>,
    /// File with log lines of the server, of which the last go into the bundle
    #[arg(long, value_name = "FILE", requires = "bundle")]
    log: Option<PathBuf>,
    #[command(flatten)]
    serve: ServeArgs,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    findings: &'a [Finding],
    count: Count,
}

/// Examines, prints, and writes the bundle if one is wanted.
///
/// # Errors
/// When anything failed, or the bundle cannot be written.
pub(crate) fn run(args: &DoctorArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let failed = runtime.block_on(async {
        let patient = Patient::admit(args).await;
        let findings = examine(&patient).await;
        let count = Count::of(&findings);
        print(&findings, count, args.json)?;
        if let Some(file) = &args.bundle {
            let bytes = bundle::write(file, &patient, &findings, args).await?;
            eprintln!("{bytes} bytes in {}; read it before you give it away", file.display());
        }
        anyhow::Ok(count.fail)
    })?;
    // Threads that wait for an answer that no longer matters do not hold up the end.
    runtime.shutdown_background();
    match failed {
        0 => Ok(()),
        1 => bail!("1 check failed"),
        many => bail!("{many} checks failed"),
    }
}

/// Everything that the checks find, in the order of the table.
async fn examine(patient: &Patient) -> Vec<Finding> {
    let mut findings = Vec::new();
    for check in CHECKS {
        let found = (check.run)(patient).await;
        debug_assert!(found.iter().all(|finding| finding.subject == check.subject), "{}", check.subject);
        findings.extend(found);
    }
    findings
}

fn print(findings: &[Finding], count: Count, json: bool) -> anyhow::Result<()> {
    use std::io::Write as _;

    let text = if json {
        let report = Report { version: env!("CARGO_PKG_VERSION"), findings, count };
        serde_json::to_string_pretty(&report)?
    } else {
        let lines = findings.iter().map(Finding::to_string);
        lines.chain([count.to_string()]).collect::<Vec<_>>().join("\n")
    };
    writeln!(std::io::stdout().lock(), "{text}").context("cannot write")
}
