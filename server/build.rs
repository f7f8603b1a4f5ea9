//! Makes the folder of the interface exist, and compiles a release anew when what it embeds changes.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    // Debug binaries read the interface from disk as they run, so that it can be built after them. They compare the
    // folder's canonical path with one found while they were compiled, and only a folder that exists has one.
    let bundle = Path::new("../frontend/dist");
    fs::create_dir_all(bundle)?;
    let release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let watched = if release { bundle } else { Path::new("build.rs") };
    println!("cargo:rerun-if-changed={}", watched.display());
    Ok(())
}
