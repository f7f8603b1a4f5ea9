//! A copy of a folder for whoever cannot look without writing, such as sled.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;

/// A copy of a folder of files, for its owner only, that goes when this does.
pub(crate) struct FolderCopy(PathBuf);

impl FolderCopy {
    /// Copies into the folder for temporary files (`TMPDIR`).
    ///
    /// # Errors
    /// When the folder cannot be read, or there is no room for the copy.
    pub(crate) fn of(folder: &Path) -> anyhow::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("crowsnest-copy-{}-{number}", std::process::id());
        let copy = Self(std::env::temp_dir().join(name));
        copy_folder(folder, &copy.0)
            .with_context(|| format!("cannot copy {} to {}", folder.display(), copy.0.display()))?;
        Ok(copy)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for FolderCopy {
    fn drop(&mut self) {
        // What is left behind is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
