//! Scripts that the interface loads when it needs them: each file of `frontend/scripts` with the npm packages that it imports, as one.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::Profile;
use crate::assets::{Assets, file_name};

/// Where `npm ci` puts the bundler.
const ESBUILD: &str = "frontend/node_modules/.bin/esbuild";

/// Adds every script of the folder under its own name.
pub(crate) fn add_all(workspace: &Path, profile: Profile, assets: &mut Assets) -> Result<()> {
    let folder = workspace.join("frontend/scripts");
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "js") {
            assets.add(file_name(&path)?, bundle(workspace, profile, &path)?)?;
        }
    }
    Ok(())
}

/// The script with all that it imports.
fn bundle(workspace: &Path, profile: Profile, script: &Path) -> Result<Vec<u8>> {
    let bundler = workspace.join(ESBUILD);
    ensure!(
        bundler.exists(),
        "the interface's scripts need esbuild, which is not there: run `npm ci --prefix frontend` (or `make setup`)"
    );
    let mut command = Command::new(&bundler);
    command.arg(script).args(["--bundle", "--format=esm", "--target=es2022", "--log-level=warning"]);
    if profile == Profile::Release {
        command.arg("--minify");
    }
    let output = command.output().with_context(|| format!("cannot run {}", bundler.display()))?;
    ensure!(
        output.status.success(),
        "esbuild cannot bundle {}:\n{}",
        script.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}
