//! The one door to the file system: what the store needs of a disk, so that tests can hand it a failing one.

#[cfg(any(test, fuzzing))]
#[cfg_attr(fuzzing, expect(dead_code, reason = "nothing fails there"))]
#[expect(clippy::unwrap_used, reason = "a test fails where it stands")]
pub(crate) mod faulty;
mod real;

use std::io;
use std::path::Path;
use std::sync::Arc;

pub(crate) use real::RealDisk;

/// The immutable content of a file.
pub(crate) type FileBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A file in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileEntry {
    pub(crate) name: String,
    pub(crate) bytes: u64,
}

/// Files and folders. A name is durable after [`Disk::sync_dir`], content after [`WriteFile::sync`].
pub(crate) trait Disk: Send + Sync {
    /// Makes a folder and its parents durable; no error when it exists.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;
    /// The plain files of a folder, sorted by name.
    fn list(&self, dir: &Path) -> io::Result<Vec<FileEntry>>;
    /// A new, empty file; an error when the name is taken.
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>>;
    /// A file's content as a stream.
    fn read(&self, path: &Path) -> io::Result<Box<dyn io::Read + Send>>;
    /// A file's content, all at once. The file must not change any more.
    fn map(&self, path: &Path) -> io::Result<FileBytes>;
    /// Of a file or a folder.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Another name for a file that does not change any more, or a synced copy of it where there are no such names.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Takes the lock file `path` for as long as the answer lives; `WouldBlock` when somebody else holds it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>>;
}

/// A file being written from its beginning to its end.
pub(crate) trait WriteFile: Send {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns once everything written is on the disk (`fdatasync`). After an error nothing is known about what was
    /// written since the last success: the file must not be written again.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file back to `len` bytes; the next write goes there.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
}
