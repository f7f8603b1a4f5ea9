//! Cutting the compiled module at the functions marked `#[wasm_split]`, so that what only they reach is fetched when it is needed.
//!
//! The module that stays imports a script that fetches the parts, and that imports the module's own script: the names of both are made
//! from the module before the cut, as neither can be made from a content that holds the other.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, ensure};
use wasm_split_cli_support::{Options, transform};

use crate::assets::{file_name, tag};

/// The pieces of the interface.
pub(crate) struct Split {
    /// What everybody needs; not yet bound.
    pub(crate) main: PathBuf,
    /// The script that fetches the parts.
    pub(crate) link: String,
    /// The others by name.
    pub(crate) parts: Vec<(String, Vec<u8>)>,
    tag: String,
}

impl Split {
    /// File name of the script of the module that stays.
    pub(crate) fn script_name(&self) -> String {
        format!("app-{}.js", self.tag)
    }

    /// Import path, and below `assets` the file name, of the script that fetches the parts.
    pub(crate) fn link_name(&self) -> String {
        format!("parts-{}.js", self.tag)
    }

    /// File name of a part.
    pub(crate) fn part_name(&self, part: &str) -> String {
        format!("{part}-{}.wasm", self.tag)
    }
}

/// Cuts a module that the linker wrote with its relocations.
pub(crate) fn split(compiled: &Path) -> Result<Split> {
    let wasm = fs::read(compiled).with_context(|| format!("cannot read {}", compiled.display()))?;
    let folder = compiled.with_extension("parts");
    let main = folder.join("main.wasm");
    let mut split = Split { main, link: String::new(), parts: Vec::new(), tag: tag(&wasm) };

    let (script, link) = (format!("./{}", split.script_name()), format!("./{}", split.link_name()));
    let mut options = Options::new(&wasm);
    options.output_dir = &folder;
    options.main_out_path = &split.main;
    options.main_module = &script;
    options.link_name = &link;
    let made = transform(options).map_err(|error| anyhow!("cannot cut {}: {error:#}", compiled.display()))?;

    let read = |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    split.link =
        String::from_utf8(read(&folder.join(&link))?).context("the script of the parts is not UTF-8")?;
    for path in made.split_modules {
        let name = file_name(&path)?.trim_end_matches(".wasm").to_owned();
        let (plain, tagged) = (format!("\"./{name}.wasm\""), format!("\"./{}\"", split.part_name(&name)));
        ensure!(
            split.link.contains(&plain),
            "the script of the parts does not fetch {plain}: adapt it to its new form"
        );
        split.link = split.link.replace(&plain, &tagged);
        split.parts.push((name, read(&path)?));
    }
    Ok(split)
}
