//! Pods that are gone: their last state and, where that is switched on, the last lines of their logs.
//!
//! The watch of pods that makes the cluster's metrics sees them go ([`keeper`]). What is kept is bounded: in pods, in bytes, and in time. One
//! file a pod: a line of JSON that says whose it is, and behind it, compressed, the rest. Losing one loses no promise, so nothing is synced.

pub(crate) mod keeper;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use crowsnest_api::Timestamp;
use crowsnest_api::gone::{GonePod, LastLines};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

/// Pods that are kept, and the bytes that all of them have.
const MAX_PODS: usize = 1000;
const MAX_BYTES: u64 = 64 << 20;
/// How long one is kept.
pub(crate) const RETENTION: Duration = Duration::from_secs(3 * 24 * 3600);
/// Pods of one name that are told of.
const MOST_OF_A_NAME: usize = 5;
/// The longest head, and the most that a file is decompressed to.
const MAX_HEAD: u64 = 2 << 10;
const MAX_BODY: u64 = 8 << 20;
const LEVEL: i32 = 6;

/// Whose file it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    /// When its end was seen, in milliseconds since the epoch.
    pub(crate) at: i64,
}

/// The rest of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) pod: Value,
    #[serde(default)]
    pub(crate) logs: Vec<LastLines>,
}

/// The pods that are kept, the oldest first.
pub(crate) struct GonePods {
    folder: PathBuf,
    kept: Mutex<Vec<(Head, u64)>>,
}

impl GonePods {
    /// Reads which there are; what cannot be read is taken away.
    pub(crate) fn open(folder: PathBuf) -> Self {
        let mut kept = Vec::new();
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let head = head_of(&entry.path());
            match (head, entry.metadata()) {
                (Some(head), Ok(metadata)) if entry.file_name().to_str() == Some(&*file_name(&head.uid)) => {
                    kept.push((head, metadata.len()));
                }
                _ => drop(fs::remove_file(entry.path())),
            }
        }
        kept.sort_by_key(|(head, _)| head.at);
        Self { folder, kept: Mutex::new(kept) }
    }

    /// Keeps one more, and forgets those that are too many, too large or too old. Blocks the thread.
    pub(crate) fn keep(&self, head: Head, body: &Body) {
        match self.write(&head, body) {
            Ok(bytes) => {
                let mut kept = self.kept.lock();
                kept.retain(|(other, _)| other.uid != head.uid);
                let now = Timestamp::from_millis(head.at);
                kept.push((head, bytes));
                self.forget(&mut kept, now);
            }
            Err(error) => warn!(%error, "cannot keep the last state of a pod that is gone"),
        }
    }

    /// Those of a name, the last one first. Blocks the thread.
    pub(crate) fn of(&self, namespace: &str, name: &str, now: Timestamp) -> Vec<GonePod> {
        let found: Vec<Head> = {
            let mut kept = self.kept.lock();
            self.forget(&mut kept, now);
            let of = kept.iter().rev().filter(|(head, _)| head.namespace == namespace && head.name == name);
            of.take(MOST_OF_A_NAME).map(|(head, _)| head.clone()).collect()
        };
        let read = |head: Head| {
            let Body { pod, logs } = self.read(&head.uid)?;
            Some(GonePod { uid: head.uid, at: head.at as f64 / 1e3, pod, logs })
        };
        found.into_iter().filter_map(read).collect()
    }

    fn forget(&self, kept: &mut Vec<(Head, u64)>, now: Timestamp) {
        let retention = i64::try_from(RETENTION.as_millis()).unwrap_or(i64::MAX);
        loop {
            let bytes: u64 = kept.iter().map(|(_, bytes)| bytes).sum();
            let is_old =
                kept.first().is_some_and(|(head, _)| now.millis().saturating_sub(head.at) > retention);
            if kept.is_empty() || !(is_old || kept.len() > MAX_PODS || bytes > MAX_BYTES) {
                return;
            }
            let (head, _) = kept.remove(0);
            drop(fs::remove_file(self.folder.join(file_name(&head.uid))));
        }
    }

    fn write(&self, head: &Head, body: &Body) -> std::io::Result<u64> {
        let path = self.folder.join(file_name(&head.uid));
        let mut file =
            fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&path)?;
        let mut line = serde_json::to_vec(head)?;
        line.push(b'\n');
        file.write_all(&line)?;
        file.write_all(&zstd::bulk::compress(&serde_json::to_vec(body)?, LEVEL)?)?;
        Ok(file.metadata()?.len())
    }

    fn read(&self, uid: &str) -> Option<Body> {
        let mut reader = BufReader::new(File::open(self.folder.join(file_name(uid))).ok()?);
        reader.by_ref().take(MAX_HEAD).read_until(b'\n', &mut Vec::new()).ok()?;
        let mut json = Vec::new();
        zstd::Decoder::new(reader).ok()?.take(MAX_BODY).read_to_end(&mut json).ok()?;
        serde_json::from_slice(&json).ok()
    }
}

fn head_of(path: &std::path::Path) -> Option<Head> {
    let mut line = Vec::new();
    BufReader::new(File::open(path).ok()?).take(MAX_HEAD).read_until(b'\n', &mut line).ok()?;
    serde_json::from_slice(&line).ok()
}

/// The name of a file: uids have letters, digits and dashes; of others nothing is left that means something in a path.
fn file_name(uid: &str) -> String {
    uid.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn head(uid: &str, at: i64) -> Head {
        Head { namespace: "shop".into(), name: "web".into(), uid: uid.into(), at }
    }

    fn body(text: &str) -> Body {
        let lines = LastLines { container: "main".into(), text: text.into() };
        Body { pod: json!({"metadata": {"name": "web"}}), logs: vec![lines] }
    }

    #[test]
    fn what_is_kept_survives_a_restart_and_what_cannot_be_read_goes() {
        let dir = tempfile::tempdir().unwrap();
        let store = GonePods::open(dir.path().to_owned());
        store.keep(head("a", 1_000), &body("one"));
        store.keep(head("b", 2_000), &body("two"));
        fs::write(dir.path().join("damaged"), b"no head").unwrap();
        let store = GonePods::open(dir.path().to_owned());
        let gone = store.of("shop", "web", Timestamp::from_millis(3_000));
        let told: Vec<_> =
            gone.iter().map(|pod| (pod.uid.as_str(), pod.at, pod.logs[0].text.as_str())).collect();
        assert_eq!(told, [("b", 2.0, "two"), ("a", 1.0, "one")]);
        assert!(!dir.path().join("damaged").exists());
        assert!(store.of("shop", "other", Timestamp::from_millis(3_000)).is_empty());
    }

    #[test]
    fn a_pod_is_forgotten_after_its_time_and_when_there_are_too_many() {
        let dir = tempfile::tempdir().unwrap();
        let store = GonePods::open(dir.path().to_owned());
        store.keep(head("old", 0), &body(""));
        for n in 0..MAX_PODS {
            store.keep(head(&format!("uid-{n}"), 10), &body(""));
        }
        assert!(!dir.path().join("old").exists() && dir.path().join("uid-0").exists());
        let later = Timestamp::from_millis(11 + i64::try_from(RETENTION.as_millis()).unwrap());
        assert!(store.of("shop", "web", later).is_empty());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
