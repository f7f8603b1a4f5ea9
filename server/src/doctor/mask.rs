//! Takes secrets out of texts: those that are known, wherever they stand, and whatever looks like one.
//!
//! Two nets, because each has holes. What is *known* is read from the files, variables and keys that hold secrets, and found in any
//! text. What *looks like* one is found without knowing it: keys in PEM, tokens, passwords in URLs, values of keys named so.

mod likely;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use self::likely::{ALONE, NAMED, URLS, hide_likely, names_file};
use super::named_files::secret_files;
use super::patient::Patient;
use crate::config_folder::{YAML, paths};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What stands where a secret was.
const MASKED: &str = "<masked>";
/// Shorter texts stand everywhere by chance.
const SHORTEST: usize = 6;
/// Files with secrets are small.
const MAX_FILE: u64 = 4 << 20;

/// Knows what must not be told.
pub(super) struct Mask {
    /// The longest first: one may be part of another.
    known: Vec<String>,
}

impl Mask {
    /// Reads everything that holds secrets, as far as we may.
    pub(super) fn of(patient: &Patient, token_file: Option<&Path>) -> Self {
        let mut known = BTreeSet::new();
        let mut files: Vec<PathBuf> = token_file.map(Path::to_owned).into_iter().collect();
        if let Some(config) = patient.known.config() {
            files.extend(secret_files(config));
            files.extend(config.provisioning.iter().flat_map(|folder| configured(folder)));
        }
        for file in &files {
            learn_file(file, &mut known);
        }
        for key in
            ["keys/session.key", "keys/session-before.key", "tls/ca.key", "tls/ca-next.key", "tls/server.key"]
        {
            learn_key(&patient.data_dir.join(key), &mut known);
        }
        learn_environment(std::env::vars(), &mut known);
        Self::knowing(known)
    }

    fn knowing(known: BTreeSet<String>) -> Self {
        let mut known: Vec<String> = known.into_iter().filter(|secret| secret.len() >= SHORTEST).collect();
        known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { known }
    }

    /// The text without secrets.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.known {
            if text.contains(secret) {
                text = text.replace(secret, MASKED);
            }
        }
        hide_likely(&text)
    }

    /// Whether something that is known is in these bytes: the last look before they are written.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        self.known.iter().any(|secret| text.contains(secret))
    }
}

/// Files of `--provisioning` that may have secrets in them.
fn configured(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![folder.join("alertmanager.yml")];
    files.extend(paths(&folder.join("scrape"), YAML).unwrap_or_default());
    files
}

/// Learns the secrets in a file: each line of a list of tokens, values of keys that are named so, files that these name.
fn learn_file(file: &Path, known: &mut BTreeSet<String>) {
    let Some(text) = read(file) else { return };
    let is_list = !text.contains(": ") && !text.contains(":\n");
    if is_list {
        known.extend(text.lines().map(|line| line.trim().to_owned()));
    }
    for captures in NAMED.captures_iter(&text).chain(URLS.captures_iter(&text)) {
        let (Some(key), Some(value)) = (captures.get(1), captures.get(2)) else { continue };
        let value = unquoted(value.as_str());
        if names_file(key.as_str()) {
            let path = file.parent().unwrap_or(Path::new(".")).join(value);
            known.extend(read(&path).map(|text| text.trim().to_owned()));
        } else {
            known.insert(value.to_owned());
        }
    }
    known.extend(ALONE.iter().flat_map(|net| net.find_iter(&text)).map(|found| found.as_str().to_owned()));
}

/// A key as it may be written: as lines of PEM, in base64, in hexadecimal digits.
fn learn_key(file: &Path, known: &mut BTreeSet<String>) {
    let Ok(bytes) = fs::read(file) else { return };
    if let Ok(pem) = std::str::from_utf8(&bytes) {
        known.extend(
            pem.lines().filter(|line| line.len() > 20 && !line.starts_with("-----")).map(str::to_owned),
        );
        return;
    }
    known.insert(STANDARD.encode(&bytes));
    known.insert(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
}

fn learn_environment(variables: impl Iterator<Item = (String, String)>, known: &mut BTreeSet<String>) {
    let secret = variables.filter(|(name, _)| is_secret_name(name) && !names_file(name));
    known.extend(secret.map(|(_, value)| value));
}

fn read(file: &Path) -> Option<String> {
    let metadata = fs::metadata(file).ok()?;
    if metadata.len() > MAX_FILE || !metadata.is_file() {
        return None;
    }
    fs::read_to_string(file).ok()
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "password",
        "passwd",
        "secret",
        "token",
        "credential",
        "api_key",
        "apikey",
        "private_key",
        "cookie",
        "authorization",
    ]
    .iter()
    .any(|word| name.contains(word))
}

fn unquoted(value: &str) -> &str {
    value.trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_are_hidden_wherever_they_stand() {
        let mask = Mask::knowing(["correct horse".to_owned(), "correct".to_owned(), "abc".to_owned()].into());
        assert_eq!(
            mask.hide("x=correct horse!abc"),
            "x=<masked>!abc",
            "short ones stand everywhere by chance"
        );
        assert!(mask.is_in(b"\xffcorrect horse") && !mask.is_in(b"nothing"));
    }

    #[test]
    fn secrets_are_learnt_from_lists_configurations_keys_and_variables() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let mut known = BTreeSet::new();
        learn_file(&write("tokens", b"first-token\n# a note\nsecond-token\n"), &mut known);
        write("behind", b"in-a-file-of-its-own\n");
        let alertmanager = b"receivers:\n- slack_configs: [{api_url: 'https://chat.example/T0/xyz'}]\n- opsgenie_configs: [{api_key: genie-key}]\n- webhook_configs: [{url: http://a/b?c}]\nglobal: {smtp_auth_password_file: behind}\n";
        learn_file(&write("alertmanager.yml", alertmanager), &mut known);
        learn_key(&write("session.key", &[0xff, 0xfe, 0xfd, 0x00, 0xff, 0x01]), &mut known);
        let environment =
            [("MY_PASSWORD", "from-environment"), ("CROWSNEST_TOKEN_FILE", "/a/path"), ("HOME", "/root")];
        learn_environment(environment.map(|(a, b)| (a.to_owned(), b.to_owned())).into_iter(), &mut known);
        for secret in [
            "first-token",
            "second-token",
            "https://chat.example/T0/xyz",
            "genie-key",
            "http://a/b?c",
            "in-a-file-of-its-own",
            "fffefd00ff01",
            "//79AP8B",
            "from-environment",
        ] {
            assert!(known.contains(secret), "{secret}: {known:?}");
        }
        assert!(!known.contains("/a/path") && !known.contains("/root"));
    }
}
