//! `/sys/fs/btrfs`: how btrfs filesystems use their space.

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::{Row, Table, gauge, number};
use crate::host::Host;

const FOLDER: &str = "fs/btrfs";
/// Kinds of data that space is set aside for.
const GROUPS: [&str; 3] = ["data", "metadata", "system"];

const SIZES: &[Row] =
    &[gauge("allocation/global_rsv_size", "node_btrfs_global_rsv_size_bytes", "Size of global reserve.")];

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let mut families = Families::new();
    let mut sizes = Table::new(SIZES);
    for uuid in host.list_sys(FOLDER)? {
        let folder = format!("{FOLDER}/{uuid}");
        // `features` and the like have no label.
        let Some(label) = host.sys_text(&format!("{folder}/label")) else { continue };
        let id = ("uuid", uuid.as_str());
        families.info.push(&[id, ("label", &label)], 1.0);
        sizes.read(host, &folder, &[id]);
        let devices = families.add_devices(host, &folder, id);
        for group in GROUPS {
            families.add_group(host, &folder, id, group, devices);
        }
        families.add_commits(host, &folder, id);
    }
    Ok(families.all().into_iter().chain(sizes.into_families()).collect())
}

struct Families {
    info: Family,
    device_size: Family,
    reserved: Family,
    used: Family,
    size: Family,
    ratio: Family,
    commits: [Family; 4],
}

/// Key in the file, divisor, name, help; the first and last are counters.
#[rustfmt::skip]
const COMMITS: [(&str, f64, &str, &str); 4] = [
    ("commits", 1.0, "node_btrfs_commits_total", "The total number of commits that have occurred."),
    ("last_commit_ms", 1e3, "node_btrfs_last_commit_seconds", "Duration of the most recent commit, in seconds."),
    ("max_commit_ms", 1e3, "node_btrfs_max_commit_seconds", "Duration of the slowest commit, in seconds."),
    ("total_commit_ms", 1e3, "node_btrfs_commit_seconds_total", "Sum of the duration of all commits, in seconds."),
];

impl Families {
    fn new() -> Self {
        Self {
            info: Family::gauge("node_btrfs_info", "Filesystem information"),
            device_size: Family::gauge(
                "node_btrfs_device_size_bytes",
                "Size of a device that is part of the filesystem.",
            ),
            reserved: Family::gauge("node_btrfs_reserved_bytes", "Amount of space reserved for a data type"),
            used: Family::gauge("node_btrfs_used_bytes", "Amount of used space by a layout/data type"),
            size: Family::gauge("node_btrfs_size_bytes", "Amount of space allocated for a layout/data type"),
            ratio: Family::gauge(
                "node_btrfs_allocation_ratio",
                "Data allocation ratio for a layout/data type",
            ),
            commits: COMMITS.map(|(_, _, name, help)| {
                if name.ends_with("_total") { Family::counter(name, help) } else { Family::gauge(name, help) }
            }),
        }
    }

    /// How many devices there are.
    fn add_devices(&mut self, host: &Host, folder: &str, id: (&str, &str)) -> usize {
        let devices = host.list_sys(&format!("{folder}/devices")).unwrap_or_default();
        for device in &devices {
            let sectors = host.sys_text(&format!("{folder}/devices/{device}/size"));
            if let Some(sectors) = sectors.as_deref().and_then(number) {
                self.device_size.push(&[id, ("device", device)], sectors * 512.0);
            }
        }
        devices.len()
    }

    fn add_group(&mut self, host: &Host, folder: &str, id: (&str, &str), group: &str, devices: usize) {
        let folder = format!("{folder}/allocation/{group}");
        let value = |file: &str| host.sys_text(&format!("{folder}/{file}")).as_deref().and_then(number);
        let group = ("block_group_type", group);
        if let Some(bytes) = value("bytes_reserved") {
            self.reserved.push(&[id, group], bytes);
        }
        for layout in host.list_sys(&folder).unwrap_or_default() {
            let (Some(used), Some(total)) =
                (value(&format!("{layout}/used_bytes")), value(&format!("{layout}/total_bytes")))
            else {
                continue;
            };
            let labels = [id, group, ("mode", layout.as_str())];
            self.used.push(&labels, used);
            self.size.push(&labels, total);
            self.ratio.push(&labels, ratio(&layout, devices as f64));
        }
    }

    /// Since Linux 6.0; lines like `commits 12`.
    fn add_commits(&mut self, host: &Host, folder: &str, id: (&str, &str)) {
        let Some(text) = host.sys_text(&format!("{folder}/commit_stats")) else { return };
        for (key, value) in text.lines().filter_map(|line| line.split_once(' ')) {
            let row = COMMITS.iter().zip(&mut self.commits).find(|((name, ..), _)| *name == key);
            if let (Some(((_, divisor, ..), family)), Some(value)) = (row, number(value)) {
                family.push(&[id], value / divisor);
            }
        }
    }

    fn all(self) -> Vec<Family> {
        let mut all = vec![self.info, self.device_size, self.reserved, self.used, self.size, self.ratio];
        all.extend(self.commits);
        all
    }
}

/// Bytes on disk a byte of data, by layout.
fn ratio(layout: &str, devices: f64) -> f64 {
    match layout {
        "dup" | "raid1" | "raid10" => 2.0,
        "raid1c3" => 3.0,
        "raid1c4" => 4.0,
        "raid5" if devices > 1.0 => devices / (devices - 1.0),
        "raid6" if devices > 2.0 => devices / (devices - 2.0),
        _ => 1.0,
    }
}
