//! Mounted filesystems: the mount table of process 1, and `statfs(2)` for each, on a helper thread because it may hang.

mod mounts;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use crowsnest_scrape::Family;
use nix::sys::statfs::{Statfs, statfs};

use self::mounts::Mount;
use super::{Collect, CollectError, NameFilter, Settings};
use crate::deadline::{Helper, Outcome};
use crate::host::Host;

/// Mounts that may be stuck at a time, each holding a thread; further ones are reported as errors without a try.
const MAX_STUCK: usize = 16;

/// The label `device_error` of a mount that does not answer, in node_exporter's words.
const STUCK: &str = "mountpoint timeout";

/// The families, in the order in which they are given.
#[rustfmt::skip]
const FAMILIES: [(&str, &str); 7] = [
    ("node_filesystem_size_bytes", "Filesystem size in bytes."),
    ("node_filesystem_free_bytes", "Filesystem free space in bytes."),
    ("node_filesystem_avail_bytes", "Filesystem space available to non-root users in bytes."),
    ("node_filesystem_files", "Filesystem total file nodes."),
    ("node_filesystem_files_free", "Filesystem total free file nodes."),
    ("node_filesystem_readonly", "Filesystem read-only status."),
    ("node_filesystem_device_error", "Whether an error occurred while getting statistics for the given device."),
];

/// Remembers which mounts are stuck.
pub(super) struct Filesystem {
    mount_points: NameFilter,
    types: NameFilter,
    timeout: Duration,
    /// `statfs(2)`; another function in tests.
    statfs: fn(&Path) -> nix::Result<Statfs>,
    helper: Helper,
    stuck: BTreeMap<PathBuf, Receiver<nix::Result<Statfs>>>,
}

impl Filesystem {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            mount_points: settings.mount_points.clone(),
            types: settings.filesystem_types.clone(),
            timeout: settings.mount_timeout,
            statfs: statfs::<Path>,
            helper: Helper::new("statfs"),
            stuck: BTreeMap::new(),
        }
    }

    /// Asks for a mount's numbers. The inner error is the mount's: what `statfs` said, or that it is stuck.
    fn ask(&mut self, path: &Path) -> io::Result<Result<Statfs, String>> {
        if let Some(late) = self.stuck.get(path) {
            match late.try_recv() {
                Err(TryRecvError::Empty) => return Ok(Err(STUCK.to_owned())),
                Ok(_) | Err(TryRecvError::Disconnected) => self.stuck.remove(path),
            };
        }
        if self.stuck.len() >= MAX_STUCK {
            return Ok(Err(STUCK.to_owned()));
        }
        let (statfs, asked) = (self.statfs, path.to_owned());
        match self.helper.run(self.timeout, move || statfs(&asked))? {
            Outcome::Done(answer) => Ok(answer.map_err(|errno| errno.desc().to_lowercase())),
            Outcome::Overdue(late) => {
                tracing::warn!(mount = %path.display(), "statfs hangs; the mount is reported with device_error 1 until it returns");
                self.stuck.insert(path.to_owned(), late);
                Ok(Err(STUCK.to_owned()))
            }
            Outcome::Panicked => Ok(Err("statfs panicked".to_owned())),
        }
    }
}

impl Collect for Filesystem {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let mut families = FAMILIES.map(|(name, help)| Family::gauge(name, help));
        let mut info = Family::gauge("node_filesystem_mount_info", "Filesystem mount information.");
        let mounts = mounts::read(host)?;
        self.stuck.retain(|path, _| mounts.iter().any(|mount| on_host(host, mount) == *path));
        let mut seen = BTreeSet::new();
        for mount in &mounts {
            let identity = (mount.device.as_str(), mount.point.as_str(), mount.fstype.as_str());
            let wanted = self.mount_points.admits(&mount.point) && self.types.admits(&mount.fstype);
            if !wanted || !seen.insert(identity) {
                continue;
            }
            let answer = self
                .ask(&on_host(host, mount))
                .map_err(|source| CollectError::Call { call: "starting a thread for statfs", source })?;
            let (device, point) = (("device", &*mount.device), ("mountpoint", &*mount.point));
            info.push(&[device, point, ("major", &mount.major), ("minor", &mount.minor)], 1.0);
            let error = answer.as_ref().err().map_or("", String::as_str);
            let labels = [device, point, ("fstype", &*mount.fstype), ("device_error", error)];
            for (family, value) in families.iter_mut().zip(values(answer.as_ref().ok(), mount)) {
                if let Some(value) = value {
                    family.push(&labels, value);
                }
            }
        }
        Ok(families.into_iter().chain([info]).collect())
    }
}

/// In the order of [`FAMILIES`]; without an answer only the flags are known.
fn values(answer: Option<&Statfs>, mount: &Mount) -> [Option<f64>; FAMILIES.len()] {
    let block_bytes = answer.map_or(0.0, |answer| answer.block_size() as f64);
    let bytes = |blocks: u64| blocks as f64 * block_bytes;
    [
        answer.map(|answer| bytes(answer.blocks())),
        answer.map(|answer| bytes(answer.blocks_free())),
        answer.map(|answer| bytes(answer.blocks_available())),
        answer.map(|answer| answer.files() as f64),
        answer.map(|answer| answer.files_free() as f64),
        Some(if mount.read_only { 1.0 } else { 0.0 }),
        Some(if answer.is_some() { 0.0 } else { 1.0 }),
    ]
}

/// Where the mount is seen from here.
fn on_host(host: &Host, mount: &Mount) -> PathBuf {
    host.rootfs.join(mount.point.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::thread;
    use std::time::Instant;

    /// A kernel in which one mount is dead.
    fn statfs_or_hang(path: &Path) -> nix::Result<Statfs> {
        while path.ends_with("dead") {
            thread::park();
        }
        statfs(path)
    }

    #[test]
    fn a_mount_that_hangs_is_reported_and_delays_the_others_once_only() {
        let folder = tempfile::tempdir().unwrap();
        let table = "1 2 0:1 / /dead rw - nfs4 server:/x rw\n1 2 8:1 / /tmp rw - ext4 /dev/sda rw\n";
        fs::create_dir_all(folder.path().join("1")).unwrap();
        fs::write(folder.path().join("1/mountinfo"), table).unwrap();
        let host = Host { procfs: folder.path().to_owned(), ..Host::default() };
        let mut collector = Filesystem {
            mount_points: NameFilter::default(),
            types: NameFilter::default(),
            timeout: Duration::from_millis(300),
            statfs: statfs_or_hang,
            helper: Helper::new("test"),
            stuck: BTreeMap::new(),
        };
        let mut collect = || -> Vec<(String, f64)> {
            let families = collector.collect(&host).unwrap();
            let errors =
                families.iter().find(|family| family.name == "node_filesystem_device_error").unwrap();
            let point = |labels: &crowsnest_api::Labels| labels.get("mountpoint").unwrap().to_string();
            errors.samples.iter().map(|sample| (point(&sample.labels), sample.value)).collect()
        };
        let expected = [("/dead".to_owned(), 1.0), ("/tmp".to_owned(), 0.0)];
        assert_eq!(collect(), expected);
        let started = Instant::now();
        assert_eq!(collect(), expected);
        assert!(started.elapsed() < Duration::from_millis(300), "{:?}", started.elapsed());
    }
}
