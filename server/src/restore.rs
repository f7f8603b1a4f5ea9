//! `crowsnest restore`: makes a backup or a snapshot the samples and control state of a data folder, while the server is stopped.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use crowsnest_tsdb::{Options, Tsdb};

use crate::backup::{self, control};
use crate::clock;
use crate::control::SledStore;
use crate::data_dir::DataDir;

/// `crowsnest restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// A file that crowsnest backup has written, - for the standard input; or a snapshot, a folder in tsdb/snapshots of a data folder or a copy of one
    #[arg(value_name = "FILE|DIR")]
    from: PathBuf,
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
    let data_dir = DataDir::open(&args.data_dir)?;
    // Nothing is made before the archive has been read to its end.
    let is_archive = args.from.is_file() || args.from == Path::new(backup::STDIN);
    let unpacked = is_archive.then(|| backup::unpack(&args.from, &data_dir)).transpose()?;
    let snapshot = unpacked.as_ref().unwrap_or(&args.from);
    let is_snapshot = backup::PARTS.iter().all(|part| snapshot.join(part).is_dir());
    ensure!(
        is_snapshot,
        "{} is neither a backup nor a snapshot: it has no folders blocks and wal",
        snapshot.display()
    );
    let records = control::read(snapshot)?;
    let folder = data_dir.subdir("tsdb")?;
    crowsnest_tsdb::restore(snapshot, &folder).context("cannot restore")?;
    let store_of_control = SledStore::open(&data_dir.subdir("control")?)?;
    say(&records.put(&store_of_control)?);
    if let Some(unpacked) = &unpacked {
        // Its files are in both places.
        fs::remove_dir_all(unpacked).with_context(|| format!("cannot remove {}", unpacked.display()))?;
    }
    let manifest = store_of_control.block_manifest()?;
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

fn say(control: &control::Restored) {
    match control {
        control::Restored::None => println!("no control state is in it"),
        control::Restored::Left => {
            println!("dashboards, rules and silences that are there already were left as they are");
        }
        control::Restored::Records(count) => println!("{count} records of control state"),
    }
}
