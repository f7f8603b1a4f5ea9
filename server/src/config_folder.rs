//! A folder of files of configuration with those below it, and whether anything in it has changed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use parking_lot::Mutex;

/// How deep folders may be nested.
const MAX_DEPTH: usize = 8;
/// How many files there may be.
const MAX_FILES: usize = 10_000;
/// How many faults are told; whoever mends these will be told of others.
const MAX_TOLD: usize = 20;

/// How the names of files end that hold YAML, and of those that hold JSON.
pub(crate) const YAML: &[&str] = &["yml", "yaml"];
pub(crate) const JSON: &[&str] = &["json"];

/// A folder of files that is read again when something in it changes; without one there is nothing to read.
pub(crate) struct ConfigFolder {
    path: Option<PathBuf>,
    ends: &'static [&'static str],
    /// What it looked like when it was last read.
    seen: Mutex<Option<Stamp>>,
}

impl ConfigFolder {
    pub(crate) fn new(path: Option<PathBuf>, ends: &'static [&'static str]) -> Self {
        Self { path, ends, seen: Mutex::default() }
    }

    /// The folder, for somebody who is going to read it: what it looks like now is known from here on.
    pub(crate) fn begin(&self) -> Option<&Path> {
        let path = self.path.as_deref()?;
        *self.seen.lock() = Some(stamp(path, self.ends));
        Some(path)
    }

    /// Whether it looks other than when it was last read.
    pub(crate) fn has_changed(&self) -> bool {
        self.path.as_deref().is_some_and(|path| *self.seen.lock() != Some(stamp(path, self.ends)))
    }
}

/// What changes when a file does.
pub(crate) type Stamp = Vec<(PathBuf, Option<SystemTime>, u64)>;

/// What the folder looks like. One that cannot be read looks empty.
fn stamp(folder: &Path, ends: &[&str]) -> Stamp {
    stamp_files(paths(folder, ends).unwrap_or_default())
}

/// What these files look like.
pub(crate) fn stamp_files(paths: Vec<PathBuf>) -> Stamp {
    let one = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok();
        let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
        (path, modified, metadata.map_or(0, |metadata| metadata.len()))
    };
    paths.into_iter().map(one).collect()
}

/// The value, or all that is wrong with files, of which each line begins with `FILE:LINE:COLUMN`.
pub(crate) fn or_faults<T>(value: T, mut faults: Vec<String>) -> anyhow::Result<T> {
    match faults.len() {
        0 => Ok(value),
        count => {
            faults.truncate(MAX_TOLD);
            let more = count - faults.len();
            let more = if more > 0 { format!("\nand {more} more") } else { String::new() };
            bail!("{}{more}", faults.join("\n"))
        }
    }
}

/// Paths of files whose names end so, sorted; a folder that is not there holds none. Names that begin with a dot are left out: Kubernetes keeps the
/// versions of a ConfigMap in such folders, and links to the newest one's files beside them.
pub(crate) fn paths(folder: &Path, ends: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if folder.exists() {
        collect(folder, ends, MAX_DEPTH, &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, ends: &[&str], depth: usize, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        let is_wanted = path.extension().is_some_and(|end| ends.iter().any(|wanted| end == *wanted));
        if is_hidden {
            continue;
        }
        if path.is_dir() && depth > 0 {
            collect(&path, ends, depth - 1, found)?;
        } else if is_wanted && path.is_file() {
            if found.len() >= MAX_FILES {
                bail!("more than {MAX_FILES} files in {}", folder.display());
            }
            found.push(path);
        }
    }
    Ok(())
}
