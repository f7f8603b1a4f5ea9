//! `/proc/diskstats`: what block devices did; udev's database: what they are.

use crowsnest_api::remote_write::MetricType::{self, Counter, Gauge};
use crowsnest_scrape::Family;

use super::{Collect, CollectError, NameFilter, Settings};
use crate::host::{Host, SourceFile};

/// Columns before the counters: major, minor, name.
const HEAD_COLUMNS: usize = 3;

/// A counter column; the order is that of the file. Kernels before 4.18 end after the 11th, before 5.5 after the 15th.
struct Column {
    name: &'static str,
    kind: MetricType,
    unit: Unit,
    help: &'static str,
}

/// What a column counts.
#[derive(Clone, Copy)]
enum Unit {
    One,
    /// 512 bytes, whatever the device's own block size.
    Sector,
    Millisecond,
}

impl Unit {
    /// The count in the metric's unit: bytes, seconds, or as it is.
    fn convert(self, count: u64) -> f64 {
        match self {
            Self::One => count as f64,
            Self::Sector => count as f64 * 512.0,
            Self::Millisecond => count as f64 / 1000.0,
        }
    }
}

#[rustfmt::skip]
const COLUMNS: [Column; 17] = [
    Column { name: "node_disk_reads_completed_total", kind: Counter, unit: Unit::One, help: "Reads completed." },
    Column { name: "node_disk_reads_merged_total", kind: Counter, unit: Unit::One, help: "Reads merged with others." },
    Column { name: "node_disk_read_bytes_total", kind: Counter, unit: Unit::Sector, help: "Bytes read." },
    Column { name: "node_disk_read_time_seconds_total", kind: Counter, unit: Unit::Millisecond, help: "Seconds that all reads took together." },
    Column { name: "node_disk_writes_completed_total", kind: Counter, unit: Unit::One, help: "Writes completed." },
    Column { name: "node_disk_writes_merged_total", kind: Counter, unit: Unit::One, help: "Writes merged with others." },
    Column { name: "node_disk_written_bytes_total", kind: Counter, unit: Unit::Sector, help: "Bytes written." },
    Column { name: "node_disk_write_time_seconds_total", kind: Counter, unit: Unit::Millisecond, help: "Seconds that all writes took together." },
    Column { name: "node_disk_io_now", kind: Gauge, unit: Unit::One, help: "Requests in flight." },
    Column { name: "node_disk_io_time_seconds_total", kind: Counter, unit: Unit::Millisecond, help: "Seconds in which the device was busy." },
    Column { name: "node_disk_io_time_weighted_seconds_total", kind: Counter, unit: Unit::Millisecond, help: "Seconds in which the device was busy, times the requests in flight." },
    Column { name: "node_disk_discards_completed_total", kind: Counter, unit: Unit::One, help: "Discards completed." },
    Column { name: "node_disk_discards_merged_total", kind: Counter, unit: Unit::One, help: "Discards merged with others." },
    Column { name: "node_disk_discarded_sectors_total", kind: Counter, unit: Unit::One, help: "Sectors discarded." },
    Column { name: "node_disk_discard_time_seconds_total", kind: Counter, unit: Unit::Millisecond, help: "Seconds that all discards took together." },
    Column { name: "node_disk_flush_requests_total", kind: Counter, unit: Unit::One, help: "Flushes completed." },
    Column { name: "node_disk_flush_requests_time_seconds_total", kind: Counter, unit: Unit::Millisecond, help: "Seconds that all flushes took together." },
];

pub(super) struct Diskstats {
    devices: NameFilter,
}

impl Diskstats {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { devices: settings.disk_devices.clone() }
    }
}

impl Collect for Diskstats {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let file = host.read_proc("diskstats")?;
        let mut families: Vec<Family> =
            COLUMNS.iter().map(|column| Family::new(column.name, column.kind, column.help)).collect();
        let mut described = Descriptions::new();
        for line in file.lines() {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let Some(([major, minor, device], counters)) = words.split_first_chunk::<HEAD_COLUMNS>() else {
                return Err(file.unexpected(line));
            };
            if !self.devices.admits(device) {
                continue;
            }
            for ((column, family), counter) in COLUMNS.iter().zip(&mut families).zip(counters) {
                family.push(&[("device", device)], column.unit.convert(file.number(counter)?));
            }
            described.push(host, device, major, minor);
        }
        families.extend(described.into_families());
        Ok(families)
    }
}

/// The `…_info` families.
struct Descriptions {
    info: Family,
    filesystem: Family,
    mapper: Family,
}

impl Descriptions {
    fn new() -> Self {
        Self {
            info: Family::gauge("node_disk_info", "What is not a number about the block device; always 1."),
            filesystem: Family::gauge(
                "node_disk_filesystem_info",
                "The filesystem on the block device; always 1.",
            ),
            mapper: Family::gauge("node_disk_device_mapper_info", "The mapped device's names; always 1."),
        }
    }

    fn push(&mut self, host: &Host, device: &str, major: &str, minor: &str) {
        let udev = Udev::read(host, major, minor);
        let property = |key: &str| udev.get(key);
        let serial = match property("SCSI_IDENT_SERIAL") {
            "" => property("ID_SERIAL_SHORT"),
            serial => serial,
        };
        self.info.push(
            &[
                ("device", device),
                ("major", major),
                ("minor", minor),
                ("model", property("ID_MODEL")),
                ("path", property("ID_PATH")),
                ("revision", property("ID_REVISION")),
                ("serial", serial),
                ("wwn", property("ID_WWN")),
            ],
            1.0,
        );
        if !property("ID_FS_TYPE").is_empty() {
            let labels = [
                ("type", "ID_FS_TYPE"),
                ("usage", "ID_FS_USAGE"),
                ("uuid", "ID_FS_UUID"),
                ("version", "ID_FS_VERSION"),
            ];
            let mut labels = labels.map(|(label, key)| (label, property(key))).to_vec();
            labels.push(("device", device));
            self.filesystem.push(&labels, 1.0);
        }
        if !property("DM_NAME").is_empty() {
            let labels = [
                ("name", "DM_NAME"),
                ("uuid", "DM_UUID"),
                ("vg_name", "DM_VG_NAME"),
                ("lv_name", "DM_LV_NAME"),
                ("lv_layer", "DM_LV_LAYER"),
            ];
            let mut labels = labels.map(|(label, key)| (label, property(key))).to_vec();
            labels.push(("device", device));
            self.mapper.push(&labels, 1.0);
        }
    }

    fn into_families(self) -> [Family; 3] {
        [self.info, self.filesystem, self.mapper]
    }
}

/// The properties that udev's database has of a device; empty where udev does not run.
struct Udev(Option<SourceFile>);

impl Udev {
    fn read(host: &Host, major: &str, minor: &str) -> Self {
        Self(SourceFile::read(host.udev_data.join(format!("b{major}:{minor}"))).ok())
    }

    /// The value of a line `E:KEY=value`, or `""`.
    fn get(&self, key: &str) -> &str {
        let lines = self.0.iter().flat_map(|file| file.lines());
        let mut properties = lines.filter_map(|line| line.strip_prefix("E:")?.split_once('='));
        properties.find(|(name, _)| *name == key).map_or("", |(_, value)| value.trim())
    }
}
