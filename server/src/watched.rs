//! A file that is read again when it changes.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use parking_lot::Mutex;

/// Files larger than this are refused: neither users nor tokens take that much.
const MAX_BYTES: u64 = 4 << 20;

/// Turns a file's text into a value; errors begin with the line.
pub(crate) type Parse<T> = fn(&str) -> Result<T, String>;

/// The last good value of a file.
pub(crate) struct Watched<T> {
    path: PathBuf,
    parse: Parse<T>,
    value: ArcSwap<T>,
    /// What the file looked like when it was last read; `None` when it could not be looked at.
    seen: Mutex<Option<Stamp>>,
}

/// What changes when a file does, be it written in place, renamed over, or a symlink that now leads elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    inode: u64,
    bytes: u64,
}

impl<T> Watched<T> {
    /// Reads the file for the first time; it must be good now.
    pub(crate) fn open(path: &Path, parse: Parse<T>) -> anyhow::Result<Self> {
        let stamp = stamp(path)?;
        let value = read(path, parse)?;
        Ok(Self {
            path: path.to_owned(),
            parse,
            value: ArcSwap::from_pointee(value),
            seen: Mutex::new(Some(stamp)),
        })
    }

    /// The newest good value.
    pub(crate) fn get(&self) -> Arc<T> {
        self.value.load_full()
    }

    /// Reads the file again; on an error the value stays what it was.
    pub(crate) fn reload(&self) -> anyhow::Result<()> {
        let stamp = stamp(&self.path)?;
        *self.seen.lock() = Some(stamp);
        self.value.store(Arc::new(read(&self.path, self.parse)?));
        Ok(())
    }

    /// Reads the file again if it has changed; says whether it had. A bad or missing file is told about once per change.
    pub(crate) fn reload_if_changed(&self) -> anyhow::Result<bool> {
        let stamp = match stamp(&self.path) {
            Ok(stamp) => Some(stamp),
            Err(error) => return if self.seen.lock().take().is_some() { Err(error) } else { Ok(false) },
        };
        let changed = stamp != *self.seen.lock();
        if changed {
            self.reload()?;
        }
        Ok(changed)
    }

    /// Which file this is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn stamp(path: &Path) -> anyhow::Result<Stamp> {
    let metadata = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(metadata.len() <= MAX_BYTES, "{} has more than {MAX_BYTES} bytes", path.display());
    Ok(Stamp { modified: metadata.modified().ok(), inode: metadata.ino(), bytes: metadata.len() })
}

fn read<T>(path: &Path, parse: Parse<T>) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).map_err(|error| anyhow::anyhow!("{}:{error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<u32, String> {
        text.trim().parse().map_err(|error| format!("1: {error}"))
    }

    #[test]
    fn a_changed_file_is_read_again_and_a_bad_one_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("number");
        std::fs::write(&path, "1").unwrap();
        let watched = Watched::open(&path, parse).unwrap();
        assert!(!watched.reload_if_changed().unwrap());

        std::fs::write(&path, "22").unwrap();
        assert!(watched.reload_if_changed().unwrap());
        assert_eq!(*watched.get(), 22);

        std::fs::write(&path, "bad").unwrap();
        let error = watched.reload_if_changed().unwrap_err().to_string();
        assert!(error.contains("number:1: "), "{error}");
        assert!(!watched.reload_if_changed().unwrap(), "the same mistake is told once");
        assert_eq!(*watched.get(), 22);
    }

    #[test]
    fn a_missing_file_is_told_about_once_and_read_when_it_is_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("number");
        std::fs::write(&path, "1").unwrap();
        let watched = Watched::open(&path, parse).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(watched.reload_if_changed().is_err());
        assert!(!watched.reload_if_changed().unwrap());
        assert_eq!(*watched.get(), 1);
        std::fs::write(&path, "2").unwrap();
        assert!(watched.reload_if_changed().unwrap());
        assert_eq!(*watched.get(), 2);
    }
}
