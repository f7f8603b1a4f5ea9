//! Where the host's files are, and how they are read: whole, bounded, with errors that name the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::collector::CollectError;

/// Longest file that is read; `/proc/stat` of a machine with thousands of interrupts is about 100 KiB.
const MAX_FILE_BYTES: u64 = 4 << 20;
/// Longest line of a file that is walked over.
const MAX_LINE_BYTES: u64 = 4 << 10;

/// The host's file trees; other folders than the usual ones in a container, and in tests.
#[derive(Clone, Debug)]
pub struct Host {
    /// Where procfs is mounted.
    pub procfs: PathBuf,
    /// Where sysfs is mounted.
    pub sysfs: PathBuf,
    /// Where the host's `/` is mounted; mount points are reported without this prefix.
    pub rootfs: PathBuf,
    /// Where udev keeps its database, `/run/udev/data`.
    pub udev_data: PathBuf,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            procfs: "/proc".into(),
            sysfs: "/sys".into(),
            rootfs: "/".into(),
            udev_data: "/run/udev/data".into(),
        }
    }
}

impl Host {
    /// The text of a file below procfs.
    pub fn read_proc(&self, relative: &str) -> Result<SourceFile, CollectError> {
        SourceFile::read(self.procfs.join(relative))
    }

    /// The text of a file below sysfs.
    pub fn read_sys(&self, relative: &str) -> Result<SourceFile, CollectError> {
        SourceFile::read(self.sysfs.join(relative))
    }

    /// The text of a file below the host's root.
    pub fn read_root(&self, relative: &str) -> Result<SourceFile, CollectError> {
        SourceFile::read(self.rootfs.join(relative))
    }

    /// Hands the lines of a file below procfs to `each`, one after the other; for files that grow with the machine's
    /// work. Lines are cut at 4 KiB.
    pub fn walk_proc(&self, relative: &str, mut each: impl FnMut(&str)) -> Result<(), CollectError> {
        let path = self.procfs.join(relative);
        let failed = |source| CollectError::Read { path: path.clone(), source };
        let mut reader = BufReader::with_capacity(64 << 10, File::open(&path).map_err(failed)?);
        let mut line = Vec::new();
        loop {
            line.clear();
            if (&mut reader).take(MAX_LINE_BYTES).read_until(b'\n', &mut line).map_err(failed)? == 0 {
                return Ok(());
            }
            each(&String::from_utf8_lossy(&line));
        }
    }

    /// The trimmed text of a file below sysfs; `None` where it cannot be read.
    pub fn sys_text(&self, relative: &str) -> Option<String> {
        let file = self.read_sys(relative).ok()?;
        let mut text = file.text;
        text.truncate(text.trim_end().len());
        Some(if text.starts_with(char::is_whitespace) { text.trim_start().to_owned() } else { text })
    }

    /// The names in a folder below sysfs, sorted.
    pub fn list_sys(&self, relative: &str) -> Result<Vec<String>, CollectError> {
        list(&self.sysfs.join(relative))
    }

    /// The names in a folder below procfs, sorted.
    pub fn list_proc(&self, relative: &str) -> Result<Vec<String>, CollectError> {
        list(&self.procfs.join(relative))
    }
}

/// The names in a folder, sorted.
fn list(path: &Path) -> Result<Vec<String>, CollectError> {
    let failed = |source| CollectError::Read { path: path.to_owned(), source };
    let mut names = Vec::new();
    for entry in path.read_dir().map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// A file's text and path; the path is for errors.
#[derive(Debug)]
pub struct SourceFile {
    /// Where the text comes from.
    pub path: PathBuf,
    /// The whole text; bytes that are not UTF-8 are replaced.
    pub text: String,
}

impl SourceFile {
    /// Reads a file of at most 4 MiB.
    pub fn read(path: PathBuf) -> Result<Self, CollectError> {
        match read_bounded(&path) {
            Ok(text) => Ok(Self { path, text }),
            Err(source) => Err(CollectError::Read { path, source }),
        }
    }

    /// The lines that hold anything.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter(|line| !line.trim().is_empty())
    }

    /// The text without surrounding blanks, for files that hold one value.
    pub fn value(&self) -> &str {
        self.text.trim()
    }

    /// `text` as a number, or an error that names this file.
    pub fn number<T: FromStr>(&self, text: &str) -> Result<T, CollectError> {
        text.parse().map_err(|_| self.unexpected(&format!("{text:?} in place of a number")))
    }

    /// The error for content that is not what the kernel documents.
    pub fn unexpected(&self, found: &str) -> CollectError {
        CollectError::Format { path: self.path.clone(), found: found.chars().take(120).collect() }
    }
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}
