//! Binaryen's optimiser over the bound module: about a quarter less, for seconds of work.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Where `npm ci` puts the optimiser. Debian's own is too old for the instructions that rustc emits.
const WASM_OPT: &str = "frontend/node_modules/.bin/wasm-opt";

/// What rustc's WASM target turns on by default and every browser since 2022 has.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Optimises for size (`-Oz`).
pub(crate) fn shrink(workspace: &Path, wasm: &[u8]) -> Result<Vec<u8>> {
    let optimiser = workspace.join(WASM_OPT);
    ensure!(
        optimiser.exists(),
        "the release bundle needs wasm-opt, which is not there: run `npm ci --prefix frontend` (or `make setup`)"
    );
    let folder = workspace.join("target/bundle");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let (input, output) = (folder.join("bound.wasm"), folder.join("optimised.wasm"));
    fs::write(&input, wasm).with_context(|| format!("cannot write {}", input.display()))?;

    let status = Command::new(&optimiser)
        // The bound module names what only newer tools know of; each is a line of noise.
        .arg("--quiet")
        .arg("-Oz")
        .args(FEATURES)
        .arg(&input)
        .arg("-o")
        .arg(&output)
        .status()
        .with_context(|| format!("cannot run {}", optimiser.display()))?;
    ensure!(status.success(), "wasm-opt failed ({status})");
    fs::read(&output).with_context(|| format!("cannot read {}", output.display()))
}
