//! The data folder: whose it is, who may enter it, whether a server uses it, and the keys in it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use nix::unistd::{AccessFlags, access, geteuid};

use super::finding::Finding;
use super::patient::Patient;

pub(super) const SUBJECT: &str = "data folder";

/// Keys, with their length in bytes where it is fixed, as seen from the data folder.
const KEYS: &[(&str, Option<u64>)] = &[
    ("keys/session.key", Some(64)),
    ("keys/session-before.key", Some(64)),
    ("tls/ca.key", None),
    ("tls/ca-next.key", None),
    ("tls/server.key", None),
];

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let path = &patient.data_dir;
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            return vec![Finding::fail(
                SUBJECT,
                format!("{shown} is not a folder"),
                "choose another --data-dir",
            )];
        }
        Err(error) => {
            let what = format!("{shown}: {error}");
            let remedy = "give --data-dir; the server makes the folder when it starts first";
            return vec![Finding::warn(SUBJECT, what, remedy)];
        }
    };
    let mut findings = Vec::new();
    let used = if patient.in_use { "a running server has it" } else { "no server runs on it" };
    findings.push(Finding::ok(SUBJECT, format!("{shown}: {used}")));
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        let what = format!("{shown}: everybody on this machine may enter it (mode {mode:03o})");
        findings.push(Finding::warn(SUBJECT, what, format!("chmod o-rwx {shown}")));
    }
    if metadata.uid() != geteuid().as_raw() && !geteuid().is_root() {
        let what = format!("{shown} belongs to user {}, and this is user {}", metadata.uid(), geteuid());
        findings.push(Finding::warn(SUBJECT, what, "examine it as the server's user"));
    }
    if access(path, AccessFlags::W_OK).is_err() {
        let what = format!("{shown} cannot be written");
        findings.push(Finding::fail(
            SUBJECT,
            what,
            "let the server's user write it, on a file system that is not read-only",
        ));
    }
    findings.extend(KEYS.iter().flat_map(|(name, bytes)| key(&path.join(name), *bytes)));
    findings
}

/// What is wrong with a key that is there.
fn key(path: &Path, bytes: Option<u64>) -> Vec<Finding> {
    let Ok(metadata) = fs::metadata(path) else { return Vec::new() };
    let shown = path.display();
    let mut findings = Vec::new();
    let mode = metadata.permissions().mode() & 0o777;
    // A volume's group, as fsGroup has it, may read keys; everybody may not.
    if mode & 0o007 != 0 {
        let what = format!("{shown}: everybody on this machine may read this key (mode {mode:03o})");
        findings.push(Finding::fail(
            SUBJECT,
            what,
            format!("chmod 600 {shown}, and make another key: it may be known"),
        ));
    }
    if let Some(wanted) = bytes.filter(|wanted| *wanted != metadata.len()) {
        let what = format!("{shown} has {} bytes instead of {wanted}", metadata.len());
        findings.push(Finding::fail(SUBJECT, what, "remove it to make a new key; this ends all sessions"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    #[track_caller]
    fn check_key(length: usize, mode: u32, expected: &[&str]) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.key");
        fs::write(&path, vec![7; length]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let found = key(&path, Some(64));
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (finding, words) in found.iter().zip(expected) {
            assert!(finding.level == Level::Fail && finding.what.contains(words), "{finding}");
        }
    }

    #[test]
    fn keys_have_their_length_and_are_for_few() {
        check_key(64, 0o600, &[]);
        check_key(64, 0o640, &[]);
        check_key(64, 0o644, &["everybody"]);
        check_key(63, 0o600, &["63 bytes instead of 64"]);
    }
}
