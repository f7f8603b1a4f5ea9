//! Where the corpus is.

use std::path::{Path, PathBuf};

/// A file or folder of the corpus; `None`, after saying so, when it is not there.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = match std::env::var_os("CROWSNEST_CORPUS") {
        Some(folder) => root.join(folder),
        None => root.join("../shared/corpus"),
    };
    let found = Some(folder.join(name)).filter(|path| path.exists());
    if found.is_none() {
        println!("corpus absent: set CROWSNEST_CORPUS to compare with {name}");
    }
    found
}

/// The text of a file of the corpus.
pub(crate) fn read(name: &str) -> Option<String> {
    find(name).map(|path| std::fs::read_to_string(path).unwrap())
}
