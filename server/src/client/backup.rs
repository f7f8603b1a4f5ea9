//! `crowsnest backup`.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;

use super::ServerArgs;
use crate::backup;

/// `crowsnest backup`.
#[derive(Clone, Debug, Args)]
pub(crate) struct BackupArgs {
    /// The file to write, such as samples.tar.zst; there must be none of its name
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Take it from this data folder, whose server is stopped, instead of from a server
    #[arg(long, value_name = "DIR", conflicts_with_all = ["url", "token_file"])]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Writes what the server sends or the data folder has, and gives the file its name once it is whole.
///
/// # Errors
/// When the server refuses or breaks off, or the file cannot be written; nothing is left then.
pub(crate) fn run(args: &BackupArgs) -> anyhow::Result<()> {
    ensure!(!args.file.exists(), "{} is there already", args.file.display());
    let mut unfinished = args.file.clone().into_os_string();
    unfinished.push(".tmp");
    let unfinished = PathBuf::from(unfinished);
    let written = create(&unfinished)
        .and_then(|file| match &args.data_dir {
            Some(folder) => pack(folder, &file),
            None => fetch(args, file),
        })
        .and_then(|bytes| Ok((bytes, fs::rename(&unfinished, &args.file)?)));
    match written {
        Ok((bytes, ())) => {
            println!("{bytes} bytes in {}", args.file.display());
            Ok(())
        }
        Err(error) => {
            // What is said is why it could not be written.
            fs::remove_file(&unfinished).ok();
            Err(error)
        }
    }
}

/// Samples are for those who may see them.
fn create(path: &Path) -> anyhow::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.with_context(|| format!("cannot write {}", path.display()))
}

fn pack(folder: &Path, file: &File) -> anyhow::Result<u64> {
    backup::pack_stopped(folder, file)?;
    file.sync_all().context("cannot write the backup")?;
    Ok(file.metadata()?.len())
}

fn fetch(args: &BackupArgs, mut file: File) -> anyhow::Result<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = args.server.connect()?;
        let mut bytes = 0;
        server
            .download("api/crowsnest/v1/backup", |piece| {
                bytes += piece.len() as u64;
                file.write_all(piece).context("cannot write the backup")
            })
            .await?;
        file.sync_all().context("cannot write the backup")?;
        Ok(bytes)
    })
}
