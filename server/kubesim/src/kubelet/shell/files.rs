//! The files of a container: few, and made from its pod.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::object;

/// Text files by their whole paths.
#[derive(Debug)]
pub(super) struct Files(BTreeMap<String, String>);

/// What a path is.
pub(super) enum Listing {
    /// The names in it, and whether each is a folder itself.
    Folder(Vec<(String, bool)>),
    File,
    Absent,
}

/// Folders without a file.
const EMPTY: &[&str] = &["/root", "/tmp", "/usr/bin", "/var/log"];

impl Files {
    pub(super) fn of(pod: &Value) -> Files {
        let (name, namespace) = (object::name(pod), object::namespace(pod));
        let address = object::text(pod, &["status", "podIP"]);
        let secrets = "/var/run/secrets/kubernetes.io/serviceaccount";
        let files = [
            ("/etc/hostname".to_owned(), format!("{name}\n")),
            ("/etc/hosts".to_owned(), format!("127.0.0.1\tlocalhost\n{address}\t{name}\n")),
            (
                "/etc/os-release".to_owned(),
                "NAME=\"Simulated Linux\"\nID=simulated\nVERSION_ID=1\n".to_owned(),
            ),
            (
                "/etc/resolv.conf".to_owned(),
                format!(
                    "search {namespace}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\n\
                     options ndots:5\n"
                ),
            ),
            (format!("{secrets}/namespace"), namespace.to_owned()),
        ];
        Files(files.into())
    }

    pub(super) fn read(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    pub(super) fn list(&self, path: &str) -> Listing {
        if self.0.contains_key(path) {
            return Listing::File;
        }
        let prefix = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        let below: BTreeSet<(String, bool)> = self
            .0
            .keys()
            .map(|file| (file.as_str(), false))
            .chain(EMPTY.iter().map(|folder| (*folder, true)))
            .filter_map(|(whole, is_folder)| {
                let rest = whole.strip_prefix(&prefix)?;
                let (name, deeper) = match rest.split_once('/') {
                    Some((name, _)) => (name, true),
                    None => (rest, is_folder),
                };
                Some((name.to_owned(), deeper))
            })
            .collect();
        if below.is_empty() && !EMPTY.contains(&path) {
            return Listing::Absent;
        }
        Listing::Folder(below.into_iter().collect())
    }
}
