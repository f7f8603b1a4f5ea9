//! Where the corpus is.

use std::path::Path;

/// Name and text of every dashboard of the corpus, in the order of names; empty, after saying so, when it is not there.
pub(crate) fn dashboards() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = match std::env::var_os("CROWSNEST_CORPUS") {
        Some(folder) => root.join(folder),
        None => root.join("../shared/corpus"),
    };
    let Ok(entries) = std::fs::read_dir(folder.join("dashboards")) else {
        println!("corpus absent: set CROWSNEST_CORPUS to import real dashboards");
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    found
}
