//! `/proc/spl/kstat/zfs`: what OpenZFS counts, as a whole, by pool and by dataset.

use std::collections::BTreeMap;

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::{Host, SourceFile};

const FOLDER: &str = "spl/kstat/zfs";

/// Files of the whole system, and what they are called in metrics.
const FILES: [(&str, &str); 11] = [
    ("abdstats", "abd"),
    ("arcstats", "arc"),
    ("dbufstats", "dbuf"),
    ("dmu_tx", "dmu_tx"),
    ("dnodestats", "dnode"),
    ("fm", "fm"),
    ("vdev_cache_stats", "vdev_cache"),
    ("vdev_mirror_stats", "vdev_mirror"),
    ("xuio_stats", "xuio"),
    ("zfetchstats", "zfetch"),
    ("zil", "zil"),
];

const STATES: [&str; 7] = ["online", "degraded", "faulted", "offline", "removed", "unavail", "suspended"];

/// Lines before the table of a kstat: its header, and the names of the columns.
const HEAD_LINES: usize = 2;

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let mut families = Families::default();
    for entry in host.list_proc(FOLDER)? {
        match FILES.iter().find(|(file, _)| *file == entry) {
            Some((file, name)) => {
                let kstat = host.read_proc(&format!("{FOLDER}/{file}"))?;
                for (counter, value) in counters(&kstat) {
                    let help = format!("kstat.zfs.misc.{file}.{counter}");
                    families.push(&format!("{name}_{counter}"), &help, &[], value);
                }
            }
            // A folder a pool; other files are no tables of counters.
            None => families.add_pool(host, &entry),
        }
    }
    Ok(families.0.into_values().collect())
}

#[derive(Default)]
struct Families(BTreeMap<String, Family>);

impl Families {
    fn push(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let family =
            self.0.entry(name).or_insert_with_key(|name| Family::unknown(format!("node_zfs_{name}"), help));
        family.push(labels, value);
    }

    /// A pool that goes away while it is read gives what was read.
    fn add_pool(&mut self, host: &Host, pool: &str) {
        let folder = format!("{FOLDER}/{pool}");
        let label = ("zpool", pool);
        for file in host.list_proc(&folder).unwrap_or_default() {
            let Ok(kstat) = host.read_proc(&format!("{folder}/{file}")) else { continue };
            if file == "state" {
                self.add_state(label, kstat.value());
            } else if file == "io" {
                // A row of names, a row of numbers.
                let mut rows = kstat.lines().skip(1).map(str::split_ascii_whitespace);
                let (names, values) = (rows.next().into_iter().flatten(), rows.next().into_iter().flatten());
                for (name, value) in names.zip(values) {
                    if let Ok(value) = value.parse() {
                        self.push(
                            &format!("zpool_{name}"),
                            &format!("kstat.zfs.misc.io.{name}"),
                            &[label],
                            value,
                        );
                    }
                }
            } else if file.starts_with("objset-") {
                self.add_dataset(label, &kstat);
            }
        }
    }

    fn add_state(&mut self, label: (&str, &str), current: &str) {
        let family = self
            .0
            .entry("zpool_state".to_owned())
            .or_insert_with(|| Family::gauge("node_zfs_zpool_state", "kstat.zfs.misc.state"));
        for state in STATES {
            let is_current = current.eq_ignore_ascii_case(state);
            family.push(&[label, ("state", state)], if is_current { 1.0 } else { 0.0 });
        }
    }

    fn add_dataset(&mut self, label: (&str, &str), kstat: &SourceFile) {
        // `dataset_name  7  pool/data set`: names may hold blanks.
        let name = kstat.lines().find_map(|line| line.strip_prefix("dataset_name"));
        let Some(dataset) = name.and_then(|rest| rest.trim_start().split_once(char::is_whitespace)) else {
            return;
        };
        let labels = [label, ("dataset", dataset.1.trim())];
        for (counter, value) in counters(kstat) {
            let help = format!("kstat.zfs.misc.objset.{counter}");
            self.push(&format!("zpool_dataset_{counter}"), &help, &labels, value);
        }
    }
}

/// Rows of name, type and number; those of other types (3 and 4 are 64-bit integers) are left out.
fn counters(kstat: &SourceFile) -> impl Iterator<Item = (&str, f64)> {
    kstat.lines().skip(HEAD_LINES).filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (name, kind, value) = (words.next()?, words.next()?, words.next()?);
        matches!(kind, "3" | "4").then_some(())?;
        Some((name, value.parse().ok()?))
    })
}
