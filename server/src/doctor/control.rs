//! Control state in sled: sessions, silences, dashboards, the block manifest.

use std::fs;
use std::path::Path;

use super::finding::{Finding, many};
use super::patient::Patient;
use crate::control::{Examined, SledStore};
use crate::folder_copy::FolderCopy;
use crate::units::format_bytes;

pub(super) const SUBJECT: &str = "control state";
/// It is made for less than this; beyond, something fills it.
const LARGE: u64 = 64 << 20;

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let folder = patient.data_dir.join("control");
    let mut findings = set_aside(&patient.data_dir);
    if !folder.is_dir() {
        return findings;
    }
    findings.extend(size(bytes_of(&folder)));
    if patient.in_use {
        let what = "a running server has it open; it has read it as a whole when it started";
        findings.push(Finding::ok(SUBJECT, what));
        return findings;
    }
    findings.push(match FolderCopy::of(&folder) {
        Ok(copy) => judge(SledStore::examine(copy.path())),
        Err(error) => {
            let what = format!("it was not examined: {error:#}");
            Finding::warn(SUBJECT, what, "TMPDIR names a folder with room for a copy of it")
        }
    });
    findings
}

/// Copies that a server could not read, and put out of its way.
fn set_aside(data_dir: &Path) -> Vec<Finding> {
    let entries = fs::read_dir(data_dir).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut aside: Vec<String> = names.filter(|name| name.starts_with("control.damaged-")).collect();
    aside.sort();
    let told = |name: String| {
        let what = format!(
            "{name} was damaged, and set aside: sessions, silences and dashboards of before are in it"
        );
        Finding::warn(
            SUBJECT,
            what,
            "see what was lost, restore a copy of control/ if you have one, then remove it",
        )
    };
    aside.into_iter().map(told).collect()
}

fn size(bytes: u64) -> Option<Finding> {
    (bytes > LARGE).then(|| {
        let what = format!("it takes {}", format_bytes(bytes >> 20 << 20));
        Finding::warn(SUBJECT, what, "tell the developers what is stored: it should stay below 64MiB")
    })
}

fn judge(examined: Result<Examined, String>) -> Finding {
    match examined {
        Ok(Examined { records, damaged_snapshot: false }) => {
            Finding::ok(SUBJECT, format!("{}, all readable", many(records, "record")))
        }
        Ok(Examined { damaged_snapshot: true, .. }) => Finding::warn(
            SUBJECT,
            "sled's snapshot is damaged; nothing is lost",
            "the server makes it anew from its log when it starts",
        ),
        Err(why) => Finding::fail(
            SUBJECT,
            format!("it is damaged: {why}"),
            "copy control/ away now; a server that starts begins another, without sessions, silences, dashboards and rules made in the interface",
        ),
    }
}

fn bytes_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_of(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::{Collection, ControlStore as _};
    use crate::doctor::finding::Level;

    #[test]
    fn what_was_set_aside_is_told() {
        let dir = tempfile::tempdir().unwrap();
        assert!(set_aside(dir.path()).is_empty());
        fs::create_dir(dir.path().join("control.damaged-1")).unwrap();
        assert!(set_aside(dir.path())[0].what.starts_with("control.damaged-1"));
    }

    #[test]
    fn control_state_that_grows_beyond_measure_is_told() {
        assert!(size(LARGE).is_none());
        assert_eq!(size(100 << 20).unwrap().what, "it takes 100MiB");
    }

    #[test]
    fn a_database_is_read_as_a_whole_and_a_damaged_one_fails() {
        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open(dir.path()).unwrap();
        store.put(Collection::Silences, "a", b"1").unwrap();
        drop(store);
        let copy = FolderCopy::of(dir.path()).unwrap();
        let found = judge(SledStore::examine(copy.path()));
        assert_eq!((found.level, found.what.as_str()), (Level::Ok, "1 record, all readable"));

        let copy = FolderCopy::of(dir.path()).unwrap();
        for file in ["conf", "db"] {
            let path = copy.path().join(file);
            let length = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
            fs::write(path, vec![0x5a; length]).unwrap();
        }
        assert_eq!(judge(SledStore::examine(copy.path())).level, Level::Fail);
    }
}
