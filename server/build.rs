//! Compiles a release anew when the interface that it embeds appears or changes.

use std::env;
use std::path::Path;

fn main() {
    // Debug binaries read the interface from disk as they run. A path that does not exist would make Cargo run this
    // script, and compile the crate, every time; the folder above always exists.
    let bundle = Path::new("../frontend/dist");
    let watched = match env::var("PROFILE").as_deref() {
        Ok("release") if bundle.is_dir() => bundle,
        Ok("release") => Path::new("../frontend"),
        _ => Path::new("build.rs"),
    };
    println!("cargo:rerun-if-changed={}", watched.display());
}
