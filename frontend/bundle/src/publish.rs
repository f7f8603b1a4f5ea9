//! Swapping the finished bundle into place, and knowing whether there is anything to do at all.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::compress::CompressedFile;

/// Whether `out` holds a bundle made from inputs with this fingerprint.
pub(crate) fn is_current(out: &Path, fingerprint: &str) -> bool {
    let stamp = fs::read_to_string(beside(out, ".stamp"));
    out.join("index.html").is_file() && stamp.is_ok_and(|stamp| stamp == fingerprint)
}

/// Writes the bundle next to `out` and renames it into place: whoever reads the folder sees the old bundle or the
/// new one, never a mixture. The stamp goes first and comes last, so that an interrupted run is done again.
pub(crate) fn replace(out: &Path, files: &[CompressedFile], fingerprint: &str) -> Result<()> {
    let (fresh, old, stamp) = (beside(out, ".new"), beside(out, ".old"), beside(out, ".stamp"));
    remove(&fresh)?;
    remove(&old)?;
    for file in files {
        write(&fresh, &file.file.path, &file.file.content)?;
        for (extension, content) in [("br", &file.brotli), ("gz", &file.gzip)] {
            if let Some(content) = content {
                write(&fresh, &format!("{}.{extension}", file.file.path), content)?;
            }
        }
    }
    remove(&stamp)?;
    if out.exists() {
        rename(out, &old)?;
    }
    rename(&fresh, out)?;
    fs::write(&stamp, fingerprint).with_context(|| format!("cannot write {}", stamp.display()))?;
    remove(&old)
}

/// `path` with `suffix` after its last part: in the same folder, so that a rename stays on one file system.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn write(folder: &Path, path: &str, content: &[u8]) -> Result<()> {
    let path = folder.join(path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    }
    fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("cannot rename {} to {}", from.display(), to.display()))
}

/// Removes a file or folder that may not be there.
fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else if path.exists() {
        fs::remove_file(path)
    } else {
        Ok(())
    };
    removed.with_context(|| format!("cannot remove {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets::Asset;

    fn bundle(page: &str) -> Vec<CompressedFile> {
        vec![CompressedFile {
            file: Asset { path: "index.html".to_owned(), content: page.as_bytes().to_vec() },
            brotli: Some(b"br".to_vec()),
            gzip: None,
        }]
    }

    #[test]
    fn a_replaced_bundle_leaves_nothing_of_the_old_one() {
        let folder = std::env::temp_dir().join(format!("crowsnest-bundle-publish-{}", std::process::id()));
        let out = folder.join("dist");
        fs::create_dir_all(out.join("assets")).unwrap();
        fs::write(out.join("assets/old.js"), "old").unwrap();

        assert!(!is_current(&out, "one"));
        replace(&out, &bundle("first"), "one").unwrap();
        assert!(is_current(&out, "one") && !is_current(&out, "two"));
        assert!(!out.join("assets").exists());

        replace(&out, &bundle("second"), "two").unwrap();
        assert_eq!(fs::read_to_string(out.join("index.html")).unwrap(), "second");
        assert!(out.join("index.html.br").is_file() && !out.join("index.html.gz").exists());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "the bundle and its stamp, no debris");
        fs::remove_dir_all(&folder).unwrap();
    }
}
