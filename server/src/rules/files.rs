//! Rule files in a folder.

use std::path::Path;

use anyhow::Context as _;
use crowsnest_alerting::rules::RuleFile;
use crowsnest_promql::Engine;

use super::GroupKey;
use super::given::{Given, Groups};
use crate::config_folder::{YAML, or_faults, paths};

/// Reads every rule file in a folder and those below it. A folder that is not there holds none.
pub(super) fn read(folder: &Path, engine: &Engine) -> anyhow::Result<Groups> {
    let mut groups = Groups::new();
    let mut faults = Vec::new();
    for path in paths(folder, YAML)? {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
        match RuleFile::parse(&text, engine) {
            Ok(read) => {
                for group in read.groups {
                    let key = GroupKey { file: file.clone(), name: group.name.to_string() };
                    groups.insert(key, Given::unconfined(group));
                }
            }
            Err(found) => faults.extend(found.into_iter().map(|fault| format!("{file}:{fault}"))),
        }
    }
    or_faults(groups, faults)
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
