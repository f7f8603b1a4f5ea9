//! Hosts made of files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crowsnest_agent::Host;
use crowsnest_agent::collector::{COLLECTORS, Collect, CollectError, NameFilter, Settings};
use crowsnest_scrape::text;
use regex_lite::Regex;
use tempfile::TempDir;

/// A host made of files.
pub(crate) struct Tree(TempDir);

impl Tree {
    /// `files` are paths below the tree's root, such as `proc/stat`.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (path, content) in files {
            tree.write(path, content);
        }
        tree
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A link at `path` to `target`, both below the tree's root.
    pub(crate) fn link(&self, path: &str, target: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(self.0.path().join(target), path).unwrap();
    }

    /// This tree as a host; its root is the folder `root`, if there is one, else this machine's.
    pub(crate) fn host(&self) -> Host {
        let below = |folder| self.0.path().join(folder);
        let root = below("root");
        Host {
            procfs: below("proc"),
            sysfs: below("sys"),
            rootfs: if root.is_dir() { root } else { "/".into() },
            udev_data: below("udev"),
        }
    }
}

fn excluding(pattern: &str) -> NameFilter {
    NameFilter::excluding(Regex::new(pattern).unwrap())
}

pub(crate) fn settings() -> Settings {
    Settings {
        disk_devices: excluding("^loop"),
        net_devices: excluding("^veth"),
        mount_points: excluding("^/(proc|sys)($|/)"),
        filesystem_types: excluding("^(proc|sysfs)$"),
        ..Settings::default()
    }
}

pub(crate) fn collector(name: &str) -> Box<dyn Collect> {
    let row = COLLECTORS.iter().find(|row| row.name == name).unwrap();
    (row.build)(&settings())
}

/// The page that a collector gives, without help texts.
pub(crate) fn page(collector: &mut dyn Collect, tree: &Tree) -> Result<String, CollectError> {
    let mut page = String::new();
    text::encode(&mut page, &collector.collect(&tree.host())?);
    Ok(page.lines().filter(|line| !line.starts_with("# HELP")).map(|line| format!("{line}\n")).collect())
}

/// The collector `name` must give `expected` for `files`.
#[track_caller]
pub(crate) fn check(name: &str, files: &[(&str, &str)], expected: &str) {
    let given = page(&mut *collector(name), &Tree::new(files)).unwrap();
    let expected: String = expected.lines().map(|line| format!("{}\n", line.trim())).collect();
    assert_eq!(given.trim(), expected.trim());
}

/// The collector `name` must fail with a message that holds `expected`.
#[track_caller]
pub(crate) fn check_error(name: &str, files: &[(&str, &str)], expected: &str) {
    let error = page(&mut *collector(name), &Tree::new(files)).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}
