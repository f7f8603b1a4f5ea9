//! What a folder takes on the disk.

use std::path::Path;

/// The bytes of all files in a folder and below.
pub(crate) fn bytes(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.metadata().unwrap() {
            folder if folder.is_dir() => bytes(&entry.path()),
            file => file.len(),
        })
        .sum()
}
