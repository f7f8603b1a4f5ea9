//! Builds the web interface: Rust and CSS in, a folder that the server embeds out.
//!
//! The steps are compile (WASM), bind (JavaScript glue), shrink (wasm-opt), join the style sheets, name every
//! file by its content, fill the page template, compress, and swap the finished folder into place. Each step is
//! one file here. The tool knows nothing of the server; the folder's layout is the whole contract:
//! `index.html`, and `assets/<name>-<hash>.<ext>` that never change under their name, each with `.br` and `.gz` beside it.

mod assets;
mod bind;
mod compile;
mod compress;
mod fingerprint;
mod page;
mod publish;
mod report;
mod scripts;
mod shrink;
mod split;
mod style;
mod terminal;

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use crate::assets::Assets;
use crate::compress::Effort;

/// Compile, bind, optimise, hash and compress the interface.
#[derive(Parser)]
struct Options {
    /// How much work goes into size.
    #[arg(long, value_enum, default_value = "release")]
    profile: Profile,
    /// The folder to replace. The default is `frontend/dist` in the workspace.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Build even when no input has changed.
    #[arg(long)]
    force: bool,
}

/// What the bundle is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Profile {
    /// Quick to build, names kept for backtraces; not held to the size budget.
    Dev,
    /// What is shipped: smallest code, strongest compression, size budget enforced.
    Release,
}

impl Profile {
    /// The Cargo profile, also the name of the folder below `target/<triple>/`.
    fn cargo_profile(self) -> &'static str {
        match self {
            Self::Dev => "wasm-dev",
            Self::Release => "wasm",
        }
    }

    fn effort(self) -> Effort {
        match self {
            Self::Dev => Effort::Quick,
            Self::Release => Effort::Smallest,
        }
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    let workspace = workspace_root()?;
    let out = match options.out {
        Some(out) => {
            std::path::absolute(&out).with_context(|| format!("cannot resolve {}", out.display()))?
        }
        None => workspace.join("frontend/dist"),
    };

    let route = compile::Route::choose()?;
    let fingerprint = fingerprint::of_inputs(&workspace, options.profile, &route)?;
    if !options.force && publish::is_current(&out, &fingerprint) {
        println!("{} is up to date", out.display());
        return Ok(());
    }

    println!("building the interface ({}, {route})", options.profile.cargo_profile());
    let compiled = compile::compile(&workspace, options.profile, &route)?;
    let split = split::split(&compiled)?;
    let bound = bind::bind(&split.main, &split.link_name(), options.profile)?;
    let shrunk = |wasm: Vec<u8>| match options.profile {
        Profile::Dev => Ok(wasm),
        Profile::Release => shrink::shrink(&workspace, &wasm),
    };

    let mut assets = Assets::default();
    let wasm_name = assets.add("app.wasm", shrunk(bound.wasm)?)?;
    assets.add_as("app.js", &split.script_name(), bind::start_script(&bound.js, &wasm_name)?.into_bytes())?;
    assets.add_as("parts.js", &split.link_name(), split.link.clone().into_bytes())?;
    for (name, wasm) in &split.parts {
        assets.add_as(&format!("{name}.wasm"), &split.part_name(name), shrunk(wasm.clone())?)?;
    }
    let sheet = style::join(&workspace.join("style"), &mut assets)?;
    assets.add("style.css", sheet.into_bytes())?;
    assets.add("terminal.js", terminal::script(&workspace)?)?;
    assets.add("terminal.css", terminal::sheet(&workspace)?)?;
    assets.add_folder(&workspace.join("frontend/static"))?;
    scripts::add_all(&workspace, options.profile, &mut assets)?;
    let page = page::fill(&workspace.join("frontend/index.html"), &assets)?;

    let files = compress::compress_all(assets.into_files(page), options.profile.effort())?;
    print!("{}", report::table(&files));
    if options.profile == Profile::Release {
        report::enforce_budget(&files)?;
    }
    publish::replace(&out, &files, &fingerprint)?;
    println!("wrote {}", out.display());
    Ok(())
}

/// The folder that holds the workspace's `Cargo.toml`, two above this crate.
fn workspace_root() -> Result<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .context("cannot find the workspace folder that this tool was built in")?;
    ensure!(root.join("Cargo.toml").is_file(), "no Cargo.toml in {}", root.display());
    Ok(root)
}
