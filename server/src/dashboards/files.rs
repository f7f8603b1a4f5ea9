//! Dashboards in the provisioning folder.

use std::path::Path;

use anyhow::Context as _;
use crowsnest_api::cluster::Scope;
use crowsnest_api::dashboards::Source;

use super::{Given, OWN_FOLDER};
use crate::config_folder::{JSON, paths};

/// Longer files are not looked at; the import has the same limit.
const MAX_BYTES: u64 = 8 << 20;

/// Reads every file below `folder` into `given`. One that has a fault leaves what it gave `before`.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn read(folder: &Path, before: &Given, given: &mut Given) -> anyhow::Result<()> {
    for path in paths(folder, JSON)? {
        let place = path.display().to_string();
        let faults = given.faults.len();
        match text_of(&path) {
            Ok(text) => given.take(&place, &folder_of(folder, &path), Source::File, &text, None),
            Err(error) => given.fault(&place, format!("{error:#}")),
        }
        if given.faults.len() > faults {
            given.keep(before, &place);
        }
    }
    Ok(())
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::metadata(path).context("cannot look at the file")?.len();
    anyhow::ensure!(bytes <= MAX_BYTES, "the file has {bytes} bytes, at most {MAX_BYTES} are read");
    std::fs::read_to_string(path).context("cannot read the file")
}

/// The folder right below the provisioning folder, where it can be the name of one; `crowsnest` otherwise.
fn folder_of(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).ok().and_then(|below| below.parent()?.iter().next()?.to_str());
    let named = below.and_then(|name| name.parse::<Scope>().ok()?.namespace().map(str::to_owned));
    named.unwrap_or_else(|| OWN_FOLDER.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_files_are_those_of_the_disk_and_a_fault_keeps_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("shop")).unwrap();
        std::fs::create_dir(dir.path().join("Not A Name")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("a.json", r#"{"uid": "a", "title": "A", "panels": []}"#);
        write("shop/b.json", r#"{"uid": "b", "title": "B", "panels": []}"#);
        write("Not A Name/c.json", r#"{"uid": "c", "title": "C", "panels": []}"#);
        let mut first = Given::default();
        read(dir.path(), &Given::default(), &mut first).unwrap();
        let folders: Vec<_> =
            first.list().iter().map(|found| (found.head.uid.clone(), found.head.folder.clone())).collect();
        let own = |uid: &str, folder: &str| (uid.to_owned(), folder.to_owned());
        assert_eq!(folders, [own("a", "crowsnest"), own("b", "shop"), own("c", "crowsnest")]);

        write("a.json", "{");
        std::fs::remove_file(dir.path().join("shop/b.json")).unwrap();
        let mut second = Given::default();
        read(dir.path(), &first, &mut second).unwrap();
        let uids: Vec<_> = second.list().iter().map(|found| found.head.uid.clone()).collect();
        assert_eq!(uids, ["a", "c"]);
        assert_eq!(second.faults.len(), 1);
    }
}
