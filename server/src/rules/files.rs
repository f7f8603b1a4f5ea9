//! Rule files in a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use crowsnest_alerting::rules::{Group, RuleFile};
use crowsnest_promql::Engine;

use super::GroupKey;

/// How deep folders may be nested.
const MAX_DEPTH: usize = 8;
/// How many files there may be.
const MAX_FILES: usize = 10_000;
/// How many faults are told; whoever mends these will be told of others.
const MAX_TOLD: usize = 20;

/// What changes when a file does.
pub(super) type Stamp = Vec<(PathBuf, Option<SystemTime>, u64)>;

/// What the folder looks like. One that cannot be read looks empty.
pub(super) fn stamp(folder: &Path) -> Stamp {
    let paths = paths(folder).unwrap_or_default();
    let one = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok();
        let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
        (path, modified, metadata.map_or(0, |metadata| metadata.len()))
    };
    paths.into_iter().map(one).collect()
}

/// Reads every rule file in a folder and those below it. A folder that is not there holds none.
pub(super) fn read(folder: &Path, engine: &Engine) -> anyhow::Result<BTreeMap<GroupKey, Arc<Group>>> {
    let mut groups = BTreeMap::new();
    let mut faults = Vec::new();
    for path in paths(folder)? {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
        match RuleFile::parse(&text, engine) {
            Ok(read) => {
                for group in read.groups {
                    let key = GroupKey { file: file.clone(), name: group.name.to_string() };
                    groups.insert(key, Arc::new(group));
                }
            }
            Err(found) => faults.extend(found.into_iter().map(|fault| format!("{file}:{fault}"))),
        }
    }
    match faults.len() {
        0 => Ok(groups),
        count => {
            faults.truncate(MAX_TOLD);
            let more = count - faults.len();
            let more = if more > 0 { format!("\nand {more} more") } else { String::new() };
            bail!("{}{more}", faults.join("\n"))
        }
    }
}

/// Paths of rule files, sorted. Names that begin with a dot are left out: Kubernetes keeps the versions of a ConfigMap in
/// such folders, and links to the newest one's files beside them.
fn paths(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if folder.exists() {
        collect(folder, MAX_DEPTH, &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        let is_yaml = path.extension().is_some_and(|kind| kind == "yml" || kind == "yaml");
        if is_hidden {
            continue;
        }
        if path.is_dir() && depth > 0 {
            collect(&path, depth - 1, found)?;
        } else if is_yaml && path.is_file() {
            if found.len() >= MAX_FILES {
                bail!("more than {MAX_FILES} rule files in {}", folder.display());
            }
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "groups: [{name: g, rules: [{record: a, expr: b}]}]\n";

    #[test]
    fn a_folder_is_read_with_those_below_it_and_without_what_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        for below in ["team", ".hidden"] {
            std::fs::create_dir(folder.path().join(below)).unwrap();
            std::fs::write(folder.path().join(below).join("r.yaml"), GOOD).unwrap();
        }
        std::fs::write(folder.path().join("a.yml"), GOOD).unwrap();
        std::fs::write(folder.path().join("notes.txt"), "x").unwrap();
        let files = read(folder.path(), &Engine::default()).unwrap();
        assert_eq!(files.len(), 2);
        assert!(read(&folder.path().join("absent"), &Engine::default()).unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_with_any_file_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.yml"), GOOD).unwrap();
        std::fs::write(folder.path().join("b.yml"), "groups: [{name: g, rules: [{record: a}]}]\n").unwrap();
        let error = read(folder.path(), &Engine::default()).err().unwrap().to_string();
        assert!(
            error.contains("b.yml:1:28: group \"g\", rule 1, \"a\": field 'expr' must be set"),
            "{error}"
        );
    }
}
