//! Programs of others that tests compare with.

use std::env;
use std::path::{Path, PathBuf};

/// Where `program` is: on the search path, or where `deploy/setup.sh test` unpacks it. The error says why a test that
/// wants it is skipped.
pub(crate) fn find(program: &str) -> Result<PathBuf, String> {
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path).chain([target.join("tools/bin")]);
    let found = folders.find(|folder| folder.join(program).is_file());
    found
        .map(|folder| folder.join(program))
        .ok_or_else(|| format!("{program} is not here (`deploy/setup.sh test` gets it)"))
}
