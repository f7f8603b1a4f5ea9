//! `*.prom` files that other programs write: their metrics become this machine's.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crowsnest_scrape::Family;
use crowsnest_scrape::text::{Limits, parse};

use super::{Collect, CollectError, Settings};
use crate::host::Host;

/// Bytes of one file.
const MAX_BYTES: u64 = 4 << 20;
/// Files that are read.
const MAX_FILES: usize = 1000;

pub(super) struct Textfile {
    /// Folders; the last part may hold `*`, which stands for any characters.
    folders: Vec<PathBuf>,
}

impl Textfile {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { folders: settings.textfile_folders.clone() }
    }
}

impl Collect for Textfile {
    fn collect(&mut self, _: &Host) -> Result<Vec<Family>, CollectError> {
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut times =
            Family::gauge("node_textfile_mtime_seconds", "Unixtime mtime of textfiles successfully read.");
        let mut failed = false;
        for path in self.files(&mut failed) {
            match read(&path) {
                Ok((found, modified)) => {
                    for family in found {
                        merge(&mut families, family);
                    }
                    times.push(&[("file", &path.to_string_lossy())], modified);
                }
                Err(err) => {
                    failed = true;
                    tracing::debug!(file = %path.display(), err, "text file left out");
                }
            }
        }
        let error = Family::gauge(
            "node_textfile_scrape_error",
            "1 if there was an error opening or reading a file, 0 otherwise",
        );
        let mut all: Vec<Family> = families.into_values().collect();
        all.extend([times, error.with(&[], if failed { 1.0 } else { 0.0 })]);
        Ok(all)
    }
}

impl Textfile {
    /// The `*.prom` files of all folders, in order.
    fn files(&self, failed: &mut bool) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for folder in self.folders.iter().flat_map(|folder| matching(folder)) {
            let Ok(entries) = fs::read_dir(&folder) else {
                *failed = true;
                tracing::debug!(folder = %folder.display(), "folder of text files cannot be read");
                continue;
            };
            let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
            files.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "prom")));
        }
        files.sort();
        files.dedup();
        if files.len() > MAX_FILES {
            *failed = true;
            files.truncate(MAX_FILES);
        }
        files
    }
}

/// The folder itself, or those that it stands for.
fn matching(folder: &Path) -> Vec<PathBuf> {
    let (Some(parent), Some(pattern)) = (folder.parent(), folder.file_name().and_then(|name| name.to_str()))
    else {
        return vec![folder.to_owned()];
    };
    if !pattern.contains('*') {
        return vec![folder.to_owned()];
    }
    let entries = fs::read_dir(parent).into_iter().flatten();
    let named = entries.filter_map(|entry| entry.ok());
    named
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| is_match(pattern, name)))
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect()
}

/// Whether `name` is `pattern`, in which `*` stands for any characters.
fn is_match(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// The families of a file and when it was written. Samples may not carry times: they would be old each time.
fn read(path: &Path) -> Result<(Vec<Family>, f64), String> {
    let describe = |error: io::Error| error.to_string();
    let file = File::open(path).map_err(describe)?;
    let meta = file.metadata().map_err(describe)?;
    if !meta.is_file() || meta.len() > MAX_BYTES {
        return Err(format!("not a file of at most {MAX_BYTES} bytes"));
    }
    let modified = meta.modified().map_err(describe)?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(describe)?;
    let families = parse(&bytes, Limits::default()).map_err(|error| error.to_string())?;
    if families.iter().flat_map(|family| &family.samples).any(|sample| sample.timestamp.is_some()) {
        return Err("samples with timestamps".to_owned());
    }
    Ok((families, modified.as_secs_f64()))
}

/// The first file's type and help count; a series that an earlier file has already is left out.
fn merge(families: &mut BTreeMap<String, Family>, mut family: Family) {
    if family.help.is_empty() {
        family.help = "Metric read from a text file.".into();
    }
    match families.get_mut(family.name.as_str()) {
        Some(first) => {
            family.samples.retain(|sample| first.samples.iter().all(|known| known.labels != sample.labels));
            first.samples.append(&mut family.samples);
        }
        None => {
            families.insert(family.name.to_string(), family);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        assert!(is_match("*_files", "two_files") && is_match("a*b*c", "a-b-b-c") && is_match("a*", "a"));
        assert!(!is_match("*_files", "files") && !is_match("a*b", "acb-") && !is_match("a", "ab"));
    }
}
