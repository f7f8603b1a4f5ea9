//! One hash over everything that the bundle is made from.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use openssl::sha::Sha256;
use serde::Deserialize;

use crate::compile::{self, Route};
use crate::{Profile, style};

/// Inputs besides the crates themselves, relative to the workspace. Those that do not exist count as absent.
const FILES: &[&str] = &["Cargo.toml", "Cargo.lock", "frontend/index.html", "frontend/package-lock.json"];
const FOLDERS: &[&str] =
    &["style", "frontend/static", "frontend/scripts", "frontend/terminal", "frontend/bundle/src"];

/// Hex digest over the names and contents of all inputs, the profile and the compiler.
pub(crate) fn of_inputs(workspace: &Path, profile: Profile, route: &Route) -> Result<String> {
    let mut inputs: BTreeSet<PathBuf> = FILES.iter().map(|file| workspace.join(file)).collect();
    for folder in FOLDERS {
        collect(&workspace.join(folder), &mut inputs)?;
    }
    for manifest in manifests(workspace)? {
        if let Some(folder) = manifest.parent() {
            collect(&folder.join("src"), &mut inputs)?;
        }
        inputs.insert(manifest);
    }
    inputs.extend(style::sheets(&workspace.join("style"))?);

    let mut hash = Sha256::new();
    for part in [profile.cargo_profile(), &route.to_string()] {
        update(&mut hash, part.as_bytes());
    }
    for path in inputs.iter().filter(|path| path.is_file()) {
        update(&mut hash, path.strip_prefix(workspace).unwrap_or(path).as_os_str().as_encoded_bytes());
        update(&mut hash, &fs::read(path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    Ok(hash.finish().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Lengths keep `ab`+`c` apart from `a`+`bc`.
fn update(hash: &mut Sha256, part: &[u8]) {
    hash.update(&(part.len() as u64).to_le_bytes());
    hash.update(part);
}

/// All files below `folder`, which may not exist.
fn collect(folder: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.insert(path);
        }
    }
    Ok(())
}

/// The part of `cargo metadata` that is needed here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// Set for crates of this workspace.
    path: Option<PathBuf>,
}

/// Manifests of the interface and of every workspace crate that it depends on.
fn manifests(workspace: &Path) -> Result<Vec<PathBuf>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(workspace)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .output()
        .context("cannot run cargo metadata")?;
    ensure!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cannot read cargo metadata")?;
    Ok(reachable(&metadata.packages, compile::PACKAGE))
}

fn reachable(packages: &[Package], start: &str) -> Vec<PathBuf> {
    let mut manifests = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(name) = open.pop() {
        if !seen.insert(name) {
            continue;
        }
        let Some(package) = packages.iter().find(|package| package.name == name) else { continue };
        manifests.push(package.manifest_path.clone());
        open.extend(
            package.dependencies.iter().filter(|one| one.path.is_some()).map(|one| one.name.as_str()),
        );
    }
    manifests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, bool)]) -> Package {
        Package {
            name: name.to_owned(),
            manifest_path: PathBuf::from(name),
            dependencies: dependencies
                .iter()
                .map(|&(name, local)| Dependency { name: name.to_owned(), path: local.then(PathBuf::new) })
                .collect(),
        }
    }

    #[test]
    fn crates_count_when_the_interface_reaches_them_through_the_workspace() {
        let packages = [
            package("ui", &[("chart", true), ("serde", false)]),
            package("chart", &[("api", true), ("ui", true)]),
            package("api", &[]),
            package("server", &[("api", true)]),
            package("serde", &[]),
        ];
        let names: BTreeSet<_> = reachable(&packages, "ui").into_iter().collect();
        assert_eq!(names, BTreeSet::from(["ui", "chart", "api"].map(PathBuf::from)));
    }

    #[test]
    fn parts_cannot_run_into_each_other() {
        let digest = |parts: [&[u8]; 2]| {
            let mut hash = Sha256::new();
            parts.iter().for_each(|part| update(&mut hash, part));
            hash.finish()
        };
        assert_ne!(digest([b"ab", b"c"]), digest([b"a", b"bc"]));
    }
}
