//! A file that only grows, one JSON object a line: two halves of bounded size, for their owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::warn;

use crate::data_dir::DataDir;

/// What is read of it at once.
const MAX_READ: u64 = 256 << 10;

/// The newest half, open for writing; the older one has `.1` behind its name.
pub(crate) struct Journal {
    path: PathBuf,
    /// What it is to people: `the audit log`.
    what: &'static str,
    /// Past this size a file becomes the older half.
    max_bytes: u64,
    file: Mutex<(File, u64)>,
}

impl Journal {
    /// Opens it, or begins it.
    pub(crate) fn open(
        data_dir: &DataDir,
        name: &str,
        what: &'static str,
        max_bytes: u64,
    ) -> anyhow::Result<Self> {
        let path = data_dir.join(name);
        let file = open(&path, what)?;
        let bytes = file.metadata().with_context(|| format!("cannot look at {}", path.display()))?.len();
        Ok(Self { path, what, max_bytes, file: Mutex::new((file, bytes)) })
    }

    /// Writes a line; what cannot be written is told to the log and keeps nobody from anything. Blocks the thread.
    pub(crate) fn note(&self, line: &impl Serialize) {
        if let Err(error) = self.write(line) {
            warn!(what = self.what, err = &*error as &dyn std::error::Error, "cannot write a line");
        }
    }

    fn write(&self, line: &impl Serialize) -> anyhow::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        let mut file = self.file.lock();
        if file.1 >= self.max_bytes {
            let mut older = self.path.clone().into_os_string();
            older.push(".1");
            fs::rename(&self.path, older)?;
            *file = (open(&self.path, self.what)?, 0);
        }
        file.0.write_all(&bytes)?;
        file.1 += bytes.len() as u64;
        Ok(())
    }

    /// The newest lines, the oldest of them first. Blocks the thread.
    pub(crate) fn newest<T: DeserializeOwned>(&self) -> Vec<T> {
        let mut tail = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            let begin = file.metadata()?.len().saturating_sub(MAX_READ);
            file.seek(SeekFrom::Start(begin))?;
            file.take(MAX_READ).read_to_end(&mut tail)
        });
        if let Err(error) = read {
            warn!(what = self.what, err = &error as &dyn std::error::Error, "cannot read");
        }
        // The first line may be a part of one, which is none.
        tail.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }
}

fn open(path: &Path, what: &str) -> anyhow::Result<File> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    file.with_context(|| format!("cannot open {what} {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_becomes_the_older_half() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(&dir.path().join("data")).unwrap();
        let journal = Journal::open(&data_dir, "x.log", "the log", 7).unwrap();
        for line in ["one", "two", "three"] {
            journal.note(&line);
        }
        assert_eq!(journal.newest::<String>(), ["three"]);
        assert_eq!(fs::read_to_string(data_dir.join("x.log.1")).unwrap(), "\"one\"\n\"two\"\n");
    }
}
