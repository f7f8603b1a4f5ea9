//! `crowsnest restore`: makes a snapshot the samples of a data folder, while the server is stopped.

use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use crowsnest_tsdb::{Options, Tsdb};

use crate::clock;
use crate::control::SledStore;
use crate::data_dir::DataDir;

/// `crowsnest restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The snapshot: a folder in tsdb/snapshots of a data folder, or a copy of one
    #[arg(value_name = "DIR")]
    snapshot: PathBuf,
    /// Folder of ours that takes the samples; there must be none in it
    #[arg(long, env = "CROWSNEST_DATA_DIR", value_name = "DIR", default_value = "crowsnest-data")]
    data_dir: PathBuf,
}

/// Restores, opens what has been restored, and says what it is.
///
/// # Errors
/// When one of the folders cannot be used, there are samples already, or something in the snapshot is damaged; what is
/// intact has been restored then.
pub(crate) fn run(args: &RestoreArgs) -> anyhow::Result<()> {
    let is_snapshot = ["blocks", "wal"].iter().all(|part| args.snapshot.join(part).is_dir());
    ensure!(is_snapshot, "{} is not a snapshot: it has no folders blocks and wal", args.snapshot.display());
    let data_dir = DataDir::open(&args.data_dir)?;
    let folder = data_dir.subdir("tsdb")?;
    crowsnest_tsdb::restore(&args.snapshot, &folder).context("cannot restore")?;
    let manifest = SledStore::open(&data_dir.subdir("control")?)?.block_manifest()?;
    manifest.clear().context("cannot clear the block manifest")?;
    let (store, recovery) = Tsdb::open(&folder, manifest, Options::default(), clock::now())
        .context("cannot open the restored sample store")?;
    let status = store.store_status();
    println!("{} samples in the log, {} in {} blocks", recovery.samples, status.block_samples, status.blocks);
    let damaged = store.quarantined();
    store.close();
    for warning in &recovery.warnings {
        println!("{warning}");
    }
    if damaged.is_empty() {
        return Ok(());
    }
    let list: Vec<String> =
        damaged.iter().map(|block| format!("block {}: {}", block.block, block.reason)).collect();
    bail!("not everything in the snapshot is intact:\n  {}", list.join("\n  "))
}
