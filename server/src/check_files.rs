//! `crowsnest check`: says of configuration what the server would say of it.

use std::path::Path;

use clap::Subcommand;
use crowsnest_alerting::alertmanager::Config;
use crowsnest_alerting::rules::{RuleFile, duplicates};
use crowsnest_promql::Engine;
use crowsnest_scrape::config::ScrapeFile;

use crate::report::{FilesArgs, Report};

/// What kind of files.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum CheckArgs {
    /// Rule files of Prometheus, and PrometheusRule objects
    Rules(FilesArgs),
    /// Configurations of Alertmanager
    Alertmanager(FilesArgs),
    /// Files with `scrape_configs` of Prometheus
    Scrape(FilesArgs),
}

/// Reads the files and prints the report.
///
/// # Errors
/// When anything is wrong with a file.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    match args {
        CheckArgs::Rules(args) => args.report(check_rules),
        CheckArgs::Alertmanager(args) => args.report(check_alertmanager),
        CheckArgs::Scrape(args) => args.report(check_scrape),
    }
}

/// A file counts once, as right or wrong; everything that is wrong with it is told. Rules that write the same series
/// are told about, and nothing fails for them, as with promtool.
fn check_rules(report: &mut Report, path: &Path, text: &str) {
    match RuleFile::parse(text, &Engine::default()) {
        Ok(file) => {
            report.pass();
            for note in &file.notes {
                report.note(path, note.at, note.message.clone());
            }
            for pair in duplicates(&file.groups) {
                let (again, first) = (pair.again, pair.first);
                let what = format!("duplicate rule: {} is also at {}", again.name(), first.at);
                report.note(path, again.at, what);
            }
        }
        Err(faults) => report.fail_once(path, faults),
    }
}

fn check_alertmanager(report: &mut Report, path: &Path, text: &str) {
    match Config::parse(text) {
        Ok(config) => {
            report.pass();
            for note in config.notes {
                report.note(path, note.at, note.message);
            }
        }
        Err(faults) => report.fail_once(path, faults),
    }
}

fn check_scrape(report: &mut Report, path: &Path, text: &str) {
    match ScrapeFile::parse(text, path.parent().unwrap_or(Path::new("."))) {
        Ok(_) => report.pass(),
        Err(faults) => report.fail_once(path, faults),
    }
}
