//! The files of a bundle, and how they get names that say what is in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use openssl::sha::{sha256, sha384};

/// Hex digits of the content hash in a file name: 40 bits, among a few dozen files.
const HASH_DIGITS: usize = 10;

/// One file under a name that changes with its content, so that browsers may keep it for ever.
pub(crate) struct Asset {
    /// Path below the bundle folder, `assets/<stem>-<hash>.<ext>`.
    pub(crate) path: String,
    pub(crate) content: Vec<u8>,
}

impl Asset {
    /// The value of an `integrity` attribute.
    pub(crate) fn integrity(&self) -> String {
        format!("sha384-{}", BASE64_STANDARD.encode(sha384(&self.content)))
    }
}

/// All hashed files, by the plain name under which templates and style sheets refer to them.
#[derive(Default)]
pub(crate) struct Assets {
    by_name: BTreeMap<String, Asset>,
}

impl Assets {
    /// Adds a file and returns its hashed file name, without the folder.
    ///
    /// The same name twice is an error unless the content is the same, too.
    pub(crate) fn add(&mut self, name: &str, content: Vec<u8>) -> Result<String> {
        let file_name = hashed_name(name, &content)?;
        self.add_as(name, &file_name, content)?;
        Ok(file_name)
    }

    /// Adds a file under a file name that changes with its content without being made from it.
    pub(crate) fn add_as(&mut self, name: &str, file_name: &str, content: Vec<u8>) -> Result<()> {
        let path = format!("assets/{file_name}");
        if let Some(known) = self.by_name.get(name) {
            ensure!(known.path == path, "two different files want to be the asset {name}");
        }
        self.by_name.insert(name.to_owned(), Asset { path, content });
        Ok(())
    }

    /// Adds every file directly in `folder`; a folder that does not exist holds none.
    pub(crate) fn add_folder(&mut self, folder: &Path) -> Result<()> {
        if !folder.is_dir() {
            return Ok(());
        }
        for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
            if !path.is_file() {
                continue;
            }
            let name = file_name(&path)?;
            self.add(name, fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?)?;
        }
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Asset> {
        self.by_name.get(name)
    }

    /// Every file of the bundle as path and content, the page first.
    pub(crate) fn into_files(self, page: String) -> Vec<Asset> {
        let mut files = vec![Asset { path: "index.html".to_owned(), content: page.into_bytes() }];
        files.extend(self.by_name.into_values());
        files
    }
}

/// The last part of a path, which must be UTF-8 since it becomes a URL.
pub(crate) fn file_name(path: &Path) -> Result<&str> {
    path.file_name()
        .and_then(|name| name.to_str())
        .with_context(|| format!("the file name of {} is not UTF-8", path.display()))
}

fn hashed_name(name: &str, content: &[u8]) -> Result<String> {
    let (stem, extension) =
        name.rsplit_once('.').with_context(|| format!("asset {name} has no extension"))?;
    ensure!(
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
        "asset {name} needs escaping in a URL: use ASCII letters, digits, `.`, `_` and `-` only"
    );
    Ok(format!("{stem}-{}.{extension}", tag(content)))
}

/// What tells this content from any other.
pub(crate) fn tag(content: &[u8]) -> String {
    let hash: String = sha256(content).iter().map(|byte| format!("{byte:02x}")).collect();
    hash.chars().take(HASH_DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_changes_with_the_content_and_only_with_it() {
        let name = |content: &[u8]| hashed_name("app.js", content).unwrap();
        assert_eq!(name(b"abc"), "app-ba7816bf8f.js");
        assert_eq!(name(b"abc"), name(b"abc"));
        assert_ne!(name(b"abc"), name(b"abd"));
    }

    #[test]
    fn a_name_that_would_need_escaping_in_a_url_is_refused() {
        assert!(hashed_name("a b.js", b"").is_err());
        assert!(hashed_name("../a.js", b"").is_err());
        assert!(hashed_name("noextension", b"").is_err());
    }

    #[test]
    fn the_same_name_with_other_content_is_refused() {
        let mut assets = Assets::default();
        assets.add("a.svg", b"1".to_vec()).unwrap();
        assets.add("a.svg", b"1".to_vec()).unwrap();
        assert!(assets.add("a.svg", b"2".to_vec()).is_err());
    }

    #[test]
    fn integrity_is_the_base64_of_sha_384() {
        let asset = Asset { path: String::new(), content: b"abc".to_vec() };
        assert_eq!(
            asset.integrity(),
            "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn"
        );
    }
}
