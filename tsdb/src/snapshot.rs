//! Snapshots: the store as it is at one moment, in a folder beside it. Blocks and log segments that have ended never change, so
//! that their files are linked, not copied; a snapshot takes no room until the store lets go of what is in it.
//!
//! A snapshot is a folder as `Tsdb::open` takes it, without a manifest, which is rebuilt from the blocks.

use std::path::{Path, PathBuf};

use crate::db::Tsdb;
use crate::disk::{Disk, RealDisk};
use crate::report::{MaintainError, OpenError};

/// Where snapshots are in the folder of a store.
const FOLDER: &str = "snapshots";

/// What becomes of the samples that are in no block yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newest {
    /// They are in the snapshot, as a log.
    Included,
    /// They are left out.
    LeftOut,
}

impl Tsdb {
    /// Makes a snapshot of everything acknowledged so far in `snapshots/<name>`, and says where that is. Appends and queries go
    /// on. While it is being made its name ends in `.tmp`. Blocks that cannot be opened are not in it. `name` must be new, and
    /// the name of a file.
    ///
    /// # Errors
    /// When a folder, link or file cannot be made, or the name is taken.
    pub fn snapshot(&self, name: &str, newest: Newest) -> Result<PathBuf, MaintainError> {
        // Nothing is removed as long as this is held.
        let _maintenance = self.maintenance.lock();
        let disk = self.blocks.disk();
        let (folder, unfinished) = (self.dir.join(FOLDER), self.dir.join(FOLDER).join(format!("{name}.tmp")));
        let (blocks, log) = (unfinished.join("blocks"), unfinished.join("wal"));
        for dir in [&folder, &unfinished, &blocks, &log] {
            disk.create_dir(dir).map_err(failed("create", dir))?;
        }
        if newest == Newest::Included {
            let sealed = self.committer.wal().seal();
            link(disk, &sealed.segments, &log)?;
            let end = log.join(sealed.end_name);
            let written = disk.create(&end).and_then(|mut file| {
                file.write_all(&sealed.end)?;
                file.sync()
            });
            written.map_err(failed("write", &end))?;
        }
        link(disk, &self.blocks.files(), &blocks)?;
        for dir in [&blocks, &log, &unfinished] {
            disk.sync_dir(dir).map_err(failed("sync", dir))?;
        }
        let finished = folder.join(name);
        disk.rename(&unfinished, &finished).map_err(failed("rename", &unfinished))?;
        disk.sync_dir(&folder).map_err(failed("sync", &folder))?;
        Ok(finished)
    }
}

/// Makes the snapshot `from` the content of the folder `to`, in which there may be no samples. The snapshot stays as it is. The
/// manifest that belongs to `to` must be empty.
///
/// # Errors
/// When one of the folders cannot be used, or `to` holds samples already.
pub fn restore(from: &Path, to: &Path) -> Result<(), OpenError> {
    let disk = RealDisk;
    for (part, extension) in [("blocks", ".block"), ("wal", ".wal")] {
        let (from, to) = (from.join(part), to.join(part));
        let io_error = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Io { path, source }
        };
        let files = disk.list(&from).map_err(io_error(&from))?;
        disk.create_dir(&to).map_err(io_error(&to))?;
        if !disk.list(&to).map_err(io_error(&to))?.is_empty() {
            return Err(OpenError::NotEmpty(to));
        }
        for file in files.iter().filter(|file| file.name.ends_with(extension)) {
            let source = from.join(&file.name);
            disk.link(&source, &to.join(&file.name)).map_err(io_error(&source))?;
        }
        disk.sync_dir(&to).map_err(io_error(&to))?;
    }
    Ok(())
}

fn link(disk: &dyn Disk, files: &[PathBuf], into: &Path) -> Result<(), MaintainError> {
    for file in files {
        let name = file.file_name().unwrap_or_default();
        disk.link(file, &into.join(name)).map_err(failed("link", file))?;
    }
    Ok(())
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> MaintainError {
    let path = path.to_owned();
    move |source| MaintainError::Io { action, path, source }
}
