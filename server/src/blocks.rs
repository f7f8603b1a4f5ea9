//! `crowsnest blocks`: what a data folder holds, whether it is whole, what takes the room, and the samples themselves.
//!
//! Only reads, and needs no lock: it can be used beside a running server.

mod catalogue;
mod print;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use crowsnest_api::Timestamp;
use crowsnest_promql::{Matcher, PatternBudget, parse_matchers};
use crowsnest_tsdb::{Extract, Fault, Inspection};

use crate::api_v1::parse_time;
pub(crate) use catalogue::Catalogue;

/// How many entries `--top` lists when it is not told.
const TOP: &str = "20";

/// `crowsnest blocks`.
#[derive(Debug, Args)]
pub(crate) struct BlocksArgs {
    /// A data folder, a snapshot in it, or a copy of either
    #[arg(value_name = "DIR", default_value = "crowsnest-data")]
    dir: PathBuf,
    /// Read every byte and name each fault with its file and place; fails when there is any
    #[arg(long, conflicts_with_all = ["dump", "top"])]
    verify: bool,
    /// Print samples, file by file as they lie there
    #[arg(long, conflicts_with = "top")]
    dump: bool,
    /// With --dump: only series that this selector matches, such as 'up{job="node"}'
    #[arg(long = "match", value_name = "SELECTOR", requires = "dump", value_parser = parse_selector)]
    matchers: Option<Selector>,
    /// With --dump: not before this time, RFC 3339 or seconds
    #[arg(long, value_name = "TIME", requires = "dump", value_parser = parse_bound)]
    start: Option<Timestamp>,
    /// With --dump: not after this time
    #[arg(long, value_name = "TIME", requires = "dump", value_parser = parse_bound)]
    end: Option<Timestamp>,
    /// The most costly metrics and labels
    #[arg(long, value_name = "COUNT", num_args = 0..=1, default_missing_value = TOP)]
    top: Option<usize>,
    /// Print JSON: one object, with --dump one a line
    #[arg(long)]
    json: bool,
}

/// The matchers of a selector.
#[derive(Clone, Debug)]
struct Selector(Vec<Matcher>);

fn parse_selector(text: &str) -> Result<Selector, String> {
    parse_matchers(text, &mut PatternBudget::default()).map(Selector).map_err(|error| error.to_string())
}

fn parse_bound(text: &str) -> Result<Timestamp, String> {
    parse_time(text).ok_or_else(|| "not a time: RFC 3339 or seconds since 1970".to_owned())
}

/// Prints what was asked for.
///
/// # Errors
/// When there is no store in the folder, it cannot be read, or anything in it is damaged; what is intact has been printed.
pub(crate) fn run(args: &BlocksArgs) -> anyhow::Result<()> {
    let folder = store_folder(&args.dir)?;
    let inspection = Inspection::new(&folder);
    let faults = match args.top {
        _ if args.verify => verify(args, &inspection)?,
        _ if args.dump => dump(args, &inspection)?,
        Some(top) => {
            let costs = inspection.costs(top)?;
            show(&if args.json { print::costs_as_json(&costs)? } else { print::costs(&costs) })?;
            costs.faults
        }
        None => summarise(args, &inspection)?,
    };
    if faults.is_empty() {
        return Ok(());
    }
    if !args.json || args.dump {
        for fault in &faults {
            eprintln!("{fault}");
        }
    }
    bail!("{} in {}", count(faults.len(), "fault"), folder.display())
}

/// Where the store is in `dir`: in `tsdb` of a data folder, or right here.
fn store_folder(dir: &Path) -> anyhow::Result<PathBuf> {
    let holds_a_store = |dir: &Path| ["blocks", "wal"].iter().all(|part| dir.join(part).is_dir());
    let candidates = [dir.join("tsdb"), dir.to_owned()];
    let found = candidates.into_iter().find(|candidate| holds_a_store(candidate));
    ensure!(dir.is_dir(), "{} is not a folder", dir.display());
    found.with_context(|| format!("no store in {}: it has no folders blocks and wal", dir.display()))
}

fn summarise(args: &BlocksArgs, inspection: &Inspection) -> anyhow::Result<Vec<Fault>> {
    let contents = inspection.contents()?;
    let mut faults = contents.faults.clone();
    let catalogue = Catalogue::read(&args.dir, inspection);
    faults.extend(catalogue.faults());
    show(&if args.json {
        print::contents_as_json(&contents, &faults)?
    } else {
        format!("{}{catalogue}", print::contents(&contents))
    })?;
    Ok(faults)
}

fn verify(args: &BlocksArgs, inspection: &Inspection) -> anyhow::Result<Vec<Fault>> {
    let contents = inspection.contents()?;
    let mut faults = inspection.verify()?;
    faults.extend(Catalogue::read(&args.dir, inspection).faults());
    show(&if args.json {
        print::faults_as_json(&faults)?
    } else {
        let (blocks, segments) = (contents.blocks.len(), contents.segments.len());
        format!(
            "{} and {} read, {} found\n",
            count(blocks, "block"),
            count(segments, "log segment"),
            count(faults.len(), "fault")
        )
    })?;
    Ok(faults)
}

fn dump(args: &BlocksArgs, inspection: &Inspection) -> anyhow::Result<Vec<Fault>> {
    let matchers = args.matchers.as_ref().map_or(&[][..], |Selector(matchers)| matchers);
    let (start, end) = (args.start.unwrap_or(Timestamp::MIN), args.end.unwrap_or(Timestamp::MAX));
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut file = String::new();
    let faults = inspection.dump(&Extract { matchers, start, end }, &mut |dumped| {
        if args.json {
            return print::dumped_as_json(&mut out, dumped);
        }
        if file != dumped.file {
            dumped.file.clone_into(&mut file);
            writeln!(out, "# {file}")?;
        }
        print::dumped(&mut out, dumped)
    });
    out.flush().context("cannot write")?;
    Ok(faults?)
}

fn show(text: &str) -> anyhow::Result<()> {
    io::stdout().lock().write_all(text.as_bytes()).context("cannot write")
}

/// `1 fault`, `2 faults`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
