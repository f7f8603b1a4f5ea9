//! The demo's ingest token, and its user for those who want no cluster; made once and kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use crowsnest_rbac::{Digest, random_token};

use crate::data_dir::write_private;

/// The demo's only user.
const USER: &str = "admin";

/// How to get in, and how the agent does.
pub(super) struct Credentials {
    pub(super) token: String,
    pub(super) users_file: PathBuf,
    pub(super) ingest_file: PathBuf,
    /// What the administrator's p12 file is opened with.
    pub(super) p12_password: String,
}

impl Credentials {
    /// Those of the last run, or new ones.
    pub(super) fn keep(folder: &Path) -> anyhow::Result<Self> {
        let token = secret(&folder.join("token"))?;
        let ingest_file = folder.join("ingest-token");
        secret(&ingest_file)?;
        let users_file = folder.join("users.yaml");
        let digest = Digest::of(token.as_bytes()).to_hex();
        let users = format!("- user: {USER}\n  groups: [demo]\n  role: admin\n  token_sha256: {digest}\n");
        write_private(&users_file, users.as_bytes())?;
        let p12_password = secret(&folder.join("p12-password"))?;
        Ok(Self { token, users_file, ingest_file, p12_password })
    }
}

fn secret(path: &Path) -> anyhow::Result<String> {
    match fs::read_to_string(path) {
        Ok(kept) if !kept.trim().is_empty() => return Ok(kept.trim().to_owned()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
        _ => {}
    }
    let new = random_token().context("no randomness for a token")?;
    write_private(path, format!("{new}\n").as_bytes())?;
    Ok(new)
}

#[cfg(test)]
mod tests {
    use crowsnest_rbac::{IngestTokens, StaticUsers};

    use super::*;

    #[test]
    fn the_second_run_has_the_same_token_and_both_files_are_good() {
        let dir = tempfile::tempdir().unwrap();
        let first = Credentials::keep(dir.path()).unwrap();
        let second = Credentials::keep(dir.path()).unwrap();
        assert_eq!(first.token, second.token);
        let users = StaticUsers::parse(&fs::read_to_string(&first.users_file).unwrap()).unwrap();
        assert_eq!(users.verify_token(&first.token).unwrap().identity.user, USER);
        assert_eq!(IngestTokens::parse(&fs::read_to_string(&first.ingest_file).unwrap()).unwrap().len(), 1);
    }
}
