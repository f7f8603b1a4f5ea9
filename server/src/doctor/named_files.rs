//! Files that settings name: whether they are there, can be read, make sense, and are kept secret where they hold secrets.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crowsnest_rbac::{Authorities, DeniedCertificates, IngestTokens, StaticUsers};

use super::finding::Finding;
use super::patient::Patient;
use crate::cluster::ClusterSource;
use crate::config::Config;

pub(super) const SUBJECT: &str = "files";

/// A setting that names a file.
struct Named {
    setting: &'static str,
    path: fn(&Config) -> Option<PathBuf>,
    /// Whether it holds what others must not read.
    secret: bool,
    /// What is wrong with its content.
    fault: fn(&[u8]) -> Option<String>,
}

/// Certificates and keys have a check of their own.
const NAMED: &[Named] = &[
    Named {
        setting: "static-token-file",
        path: |config| config.static_token_file.clone(),
        secret: true,
        fault: |bytes| StaticUsers::parse(&text(bytes)).err().map(|error| error.to_string()),
    },
    Named {
        setting: "ingest-token-file",
        path: |config| config.ingest_token_file.clone(),
        secret: true,
        fault: |bytes| IngestTokens::parse(&text(bytes)).err().map(|error| error.to_string()),
    },
    Named {
        setting: "oidc-client-secret-file",
        path: |config| config.oidc.as_ref()?.client_secret_file.clone(),
        secret: true,
        fault: |bytes| text(bytes).trim().is_empty().then(|| "it is empty".to_owned()),
    },
    Named {
        setting: "oidc-ca-file",
        path: |config| config.oidc.as_ref()?.ca_file.clone(),
        secret: false,
        fault: |bytes| Authorities::parse(bytes).err(),
    },
    Named {
        setting: "client-ca",
        path: |config| config.client_ca.clone(),
        secret: false,
        fault: |bytes| Authorities::parse(bytes).err(),
    },
    Named {
        setting: "client-cert-deny-file",
        path: |config| config.client_cert_deny_file.clone(),
        secret: false,
        fault: |bytes| DeniedCertificates::parse(&text(bytes)).err(),
    },
    Named {
        setting: "kubeconfig",
        path: |config| match &config.cluster {
            Some(ClusterSource::Kubeconfig(file)) => Some(file.clone()),
            Some(ClusterSource::Pod) | None => None,
        },
        secret: true,
        // The check of the cluster reads it.
        fault: |_| None,
    },
    Named {
        setting: "tls-key",
        path: |config| config.tls_files.as_ref().map(|(_, key)| key.clone()),
        secret: true,
        fault: |_| None,
    },
];

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let Some(config) = patient.known.config() else { return Vec::new() };
    let named = NAMED.iter().filter_map(|named| Some((named, (named.path)(config)?)));
    named.flat_map(|(named, path)| examine(named, &path)).collect()
}

/// The files that hold secrets, for whoever must not give one away.
pub(super) fn secret_files(config: &Config) -> Vec<PathBuf> {
    NAMED.iter().filter(|named| named.secret).filter_map(|named| (named.path)(config)).collect()
}

fn examine(named: &Named, path: &Path) -> Vec<Finding> {
    let called = format!("--{} {}", named.setting, path.display());
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let remedy = "make it a file that the server's user may read";
            return vec![Finding::fail(SUBJECT, format!("{called}: {error}"), remedy)];
        }
    };
    let mut findings = Vec::new();
    if let Some(fault) = (named.fault)(&bytes) {
        findings.push(Finding::fail(SUBJECT, called.clone(), "correct it").quoting(fault));
    }
    let mode = fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o777).unwrap_or_default();
    if named.secret && mode & 0o007 != 0 {
        let what = format!("{called}: everybody on this machine may read it (mode {mode:03o})");
        findings.push(Finding::warn(SUBJECT, what, format!("chmod 640 {}", path.display())));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(SUBJECT, called));
    }
    findings
}

/// Text that is not UTF-8 has its own faults.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    fn named(setting: &str) -> &'static Named {
        NAMED.iter().find(|named| named.setting == setting).unwrap()
    }

    #[track_caller]
    fn check_file(setting: &str, content: &str, mode: u32, expected: &[(Level, &str)]) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let found = examine(named(setting), &path);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (finding, (level, words)) in found.iter().zip(expected) {
            assert!(finding.level == *level && finding.to_string().contains(words), "{finding}");
        }
    }

    const TOKEN: &str = "a-token-of-sixteen";

    #[test]
    fn a_file_that_is_right_and_private_is_fine() {
        check_file("ingest-token-file", TOKEN, 0o600, &[(Level::Ok, "--ingest-token-file")]);
        check_file("client-cert-deny-file", "# none\n", 0o644, &[(Level::Ok, "deny")]);
    }

    #[test]
    fn a_file_with_a_fault_fails_with_its_line() {
        check_file("ingest-token-file", "short", 0o600, &[(Level::Fail, "1: a token has 16")]);
        check_file("static-token-file", "- user: ann\n  role: king\n", 0o600, &[(Level::Fail, ":")]);
        check_file("oidc-client-secret-file", " \n", 0o600, &[(Level::Fail, "empty")]);
        check_file("client-ca", "no PEM", 0o644, &[(Level::Fail, "PEM")]);
        check_file("oidc-ca-file", "", 0o644, &[(Level::Fail, "PEM")]);
        check_file("client-cert-deny-file", "xyz", 0o644, &[(Level::Fail, "1: not a SHA-256")]);
    }

    #[test]
    fn secrets_that_everybody_may_read_are_told() {
        check_file("ingest-token-file", TOKEN, 0o644, &[(Level::Warn, "mode 644")]);
    }

    #[test]
    fn a_file_that_is_not_there_fails() {
        let found = examine(named("tls-key"), Path::new("/nowhere/key"));
        assert_eq!((found.len(), found[0].level), (1, Level::Fail));
    }
}
