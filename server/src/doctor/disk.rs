//! The file system below the data folder.

use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::finding::Finding;
use super::patient::Patient;
use crate::units::format_bytes;

pub(super) const SUBJECT: &str = "disk";

const MIB: u64 = 1 << 20;
/// Below this the next block can hardly be written.
const LEAST: u64 = 128 * MIB;
/// Below this, or below a twentieth, it is time to do something.
const LITTLE: u64 = 1024 * MIB;
const LITTLE_SHARE: u64 = 20;

/// What a file system tells.
#[derive(Clone, Copy, Debug)]
struct Room {
    bytes: u64,
    free: u64,
    inodes: u64,
    free_inodes: u64,
}

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let keep = patient.known.config().and_then(|config| config.retention_bytes);
    let existing = patient.data_dir.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    // Of a relative path the last ancestor is the empty one.
    let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
    match statvfs(existing) {
        Ok(told) => {
            let block = told.fragment_size();
            let room = Room {
                bytes: told.blocks().saturating_mul(block),
                free: told.blocks_available().saturating_mul(block),
                inodes: told.files(),
                free_inodes: told.files_available(),
            };
            judge(&existing.display().to_string(), room, keep)
        }
        Err(error) => {
            let what = format!("{}: {error}", existing.display());
            vec![Finding::fail(SUBJECT, what, "see whether the volume is mounted")]
        }
    }
}

fn judge(path: &str, room: Room, keep: Option<u64>) -> Vec<Finding> {
    let Room { bytes, free, inodes, free_inodes } = room;
    let shown = |bytes: u64| format_bytes(bytes / MIB * MIB);
    let what = format!("{path}: {} of {} free", shown(free), shown(bytes));
    let remedy = "make room, or set --retention-size";
    let mut findings = vec![if free < LEAST {
        Finding::fail(SUBJECT, what, remedy)
    } else if free < LITTLE || free < bytes / LITTLE_SHARE {
        Finding::warn(SUBJECT, what, remedy)
    } else {
        Finding::ok(SUBJECT, what)
    }];
    // Some file systems have no such limit and say 0.
    if inodes > 0 && free_inodes < inodes / 100 {
        let what = format!("{path}: {free_inodes} of {inodes} inodes free");
        findings.push(Finding::warn(SUBJECT, what, "remove files, or make the file system with more inodes"));
    }
    if let Some(keep) = keep.filter(|keep| *keep > bytes) {
        let what = format!("--retention-size {} is more than the whole file system has", format_bytes(keep));
        findings.push(Finding::warn(SUBJECT, what, "set it to four fifths of the volume"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    const GIB: u64 = 1 << 30;

    #[track_caller]
    fn check_room(free: u64, free_inodes: u64, keep: Option<u64>, levels: &[Level]) {
        let room = Room { bytes: 100 * GIB, free, inodes: 1000, free_inodes };
        let found = judge("/data", room, keep);
        assert_eq!(found.iter().map(|finding| finding.level).collect::<Vec<_>>(), levels, "{found:?}");
    }

    #[test]
    fn little_room_is_told_before_there_is_none() {
        check_room(50 * GIB, 900, None, &[Level::Ok]);
        check_room(4 * GIB, 900, None, &[Level::Warn]);
        check_room(100 * MIB, 900, None, &[Level::Fail]);
    }

    #[test]
    fn inodes_and_a_limit_beyond_the_disk_are_told() {
        check_room(50 * GIB, 9, None, &[Level::Ok, Level::Warn]);
        check_room(50 * GIB, 900, Some(200 * GIB), &[Level::Ok, Level::Warn]);
        check_room(50 * GIB, 900, Some(80 * GIB), &[Level::Ok]);
    }

    #[test]
    fn a_file_system_without_inodes_has_none_to_spare() {
        let room = Room { bytes: 100 * GIB, free: 50 * GIB, inodes: 0, free_inodes: 0 };
        assert_eq!(judge("/data", room, None).len(), 1);
    }
}
