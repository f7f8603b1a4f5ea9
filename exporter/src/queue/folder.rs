//! The queue's only way to the disk; tests put a failing one in its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A folder of numbered segment files and one cursor file.
pub trait Folder: Send {
    /// Numbers and lengths of the segments, in order of their numbers.
    fn list(&self) -> io::Result<Vec<(u64, u64)>>;
    /// Writes `bytes` at `offset`, the segment's end; makes the segment if there is none. May write a part and fail.
    fn append(&mut self, segment: u64, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Reads exactly `bytes.len()` bytes at `offset`.
    fn read(&self, segment: u64, offset: u64, bytes: &mut [u8]) -> io::Result<()>;
    /// Cuts a segment to `length`.
    fn truncate(&mut self, segment: u64, length: u64) -> io::Result<()>;
    /// Deletes a segment.
    fn remove(&mut self, segment: u64) -> io::Result<()>;
    /// The cursor file's bytes; none if there is no such file.
    fn read_cursor(&self) -> io::Result<Vec<u8>>;
    /// Overwrites the cursor file, whose length never changes.
    fn write_cursor(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Waits until a segment and the cursor are on the disk.
    fn sync(&mut self, segment: u64) -> io::Result<()>;
}

/// A folder of the file system, for one process at a time.
pub struct OsFolder {
    path: PathBuf,
    /// Holds the lock; the kernel frees it when the process ends in whatever way.
    _lock: File,
    /// The segment that was used last, kept open.
    open: Option<(u64, File)>,
    cursor: File,
}

/// A segment is called `00000000000000000007.queue`.
const SUFFIX: &str = ".queue";

impl OsFolder {
    /// Opens a folder, making it (and its parents) when there is none. Fails if another process uses it.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let lock = private().create(true).truncate(false).write(true).open(path.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => {
                io::Error::new(io::ErrorKind::WouldBlock, "another agent uses this queue folder")
            }
            fs::TryLockError::Error(error) => error,
        })?;
        let cursor =
            private().create(true).truncate(false).read(true).write(true).open(path.join("cursor"))?;
        Ok(Self { path: path.to_owned(), _lock: lock, open: None, cursor })
    }

    fn segment_path(&self, segment: u64) -> PathBuf {
        self.path.join(format!("{segment:020}{SUFFIX}"))
    }

    fn segment(&mut self, segment: u64) -> io::Result<&File> {
        let file = match self.open.take() {
            Some((number, file)) if number == segment => file,
            _ => private()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true)
                .open(self.segment_path(segment))?,
        };
        Ok(&self.open.insert((segment, file)).1)
    }
}

/// Bodies hold host names and mount points: nobody else needs to read them.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

impl Folder for OsFolder {
    fn list(&self) -> io::Result<Vec<(u64, u64)>> {
        let mut segments = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            if let Some(number) = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)?.parse().ok()) {
                segments.push((number, entry.metadata()?.len()));
            }
        }
        segments.sort_unstable();
        Ok(segments)
    }

    fn append(&mut self, segment: u64, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.segment(segment)?.write_all_at(bytes, offset)
    }

    fn read(&self, segment: u64, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        match &self.open {
            Some((number, file)) if *number == segment => file.read_exact_at(bytes, offset),
            _ => File::open(self.segment_path(segment))?.read_exact_at(bytes, offset),
        }
    }

    fn truncate(&mut self, segment: u64, length: u64) -> io::Result<()> {
        self.segment(segment)?.set_len(length)
    }

    fn remove(&mut self, segment: u64) -> io::Result<()> {
        self.open.take_if(|(number, _)| *number == segment);
        fs::remove_file(self.segment_path(segment))
    }

    fn read_cursor(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.path.join("cursor"))?.take(64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write_cursor(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.cursor.write_all_at(bytes, 0)?;
        self.cursor.flush()
    }

    fn sync(&mut self, segment: u64) -> io::Result<()> {
        self.segment(segment)?.sync_data()?;
        self.cursor.sync_data()
    }
}
