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
    Column { name: "node_disk_reads_completed_total", kind: Counter, unit: Unit::One, help: "The total number of reads completed successfully." },
    Column { name: "node_disk_reads_merged_total", kind: Counter, unit: Unit::One, help: "The total number of reads merged." },
    Column { name: "node_disk_read_bytes_total", kind: Counter, unit: Unit::Sector, help: "The total number of bytes read successfully." },
    Column { name: "node_disk_read_time_seconds_total", kind: Counter, unit: Unit::Millisecond, help: "The total number of seconds spent by all reads." },
    Column { name: "node_disk_writes_completed_total", kind: Counter, unit: Unit::One, help: "The total number of writes completed successfully." },
    Column { name: "node_disk_writes_merged_total", kind: Counter, unit: Unit::One, help: "The number of writes merged." },
    Column { name: "node_disk_written_bytes_total", kind: Counter, unit: Unit::Sector, help: "The total number of bytes written successfully." },
    Column { name: "node_disk_write_time_seconds_total", kind: Counter, unit: Unit::Millisecond, help: "This is the total number of seconds spent by all writes." },
    Column { name: "node_disk_io_now", kind: Gauge, unit: Unit::One, help: "The number of I/Os currently in progress." },
    Column { name: "node_disk_io_time_seconds_total", kind: Counter, unit: Unit::Millisecond, help: "Total seconds spent doing I/Os." },
    Column { name: "node_disk_io_time_weighted_seconds_total", kind: Counter, unit: Unit::Millisecond, help: "The weighted # of seconds spent doing I/Os." },
    Column { name: "node_disk_discards_completed_total", kind: Counter, unit: Unit::One, help: "The total number of discards completed successfully." },
    Column { name: "node_disk_discards_merged_total", kind: Counter, unit: Unit::One, help: "The total number of discards merged." },
    Column { name: "node_disk_discarded_sectors_total", kind: Counter, unit: Unit::One, help: "The total number of sectors discarded successfully." },
    Column { name: "node_disk_discard_time_seconds_total", kind: Counter, unit: Unit::Millisecond, help: "This is the total number of seconds spent by all discards." },
    Column { name: "node_disk_flush_requests_total", kind: Counter, unit: Unit::One, help: "The total number of flush requests completed successfully" },
    Column { name: "node_disk_flush_requests_time_seconds_total", kind: Counter, unit: Unit::Millisecond, help: "This is the total number of seconds spent by all flush requests." },
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
    ata: [Family; ATA.len()],
}

/// What udev knows of ATA disks: the property that says whether it applies, the one with the number, name and help.
#[rustfmt::skip]
const ATA: [(&str, &str, &str, &str); 3] = [
    ("ID_ATA_ROTATION_RATE_RPM", "ID_ATA_ROTATION_RATE_RPM", "node_disk_ata_rotation_rate_rpm", "ATA disk rotation rate in RPMs (0 for SSDs)."),
    ("ID_ATA_WRITE_CACHE", "ID_ATA_WRITE_CACHE", "node_disk_ata_write_cache", "ATA disk has a write cache."),
    ("ID_ATA_WRITE_CACHE", "ID_ATA_WRITE_CACHE_ENABLED", "node_disk_ata_write_cache_enabled", "ATA disk has its write cache enabled."),
];

impl Descriptions {
    fn new() -> Self {
        Self {
            info: Family::gauge("node_disk_info", "Info of /sys/block/<block_device>."),
            filesystem: Family::gauge("node_disk_filesystem_info", "Info about disk filesystem."),
            mapper: Family::gauge("node_disk_device_mapper_info", "Info about disk device mapper."),
            ata: ATA.map(|(_, _, name, help)| Family::gauge(name, help)),
        }
    }

    fn push(&mut self, host: &Host, device: &str, major: &str, minor: &str) {
        let udev = Udev::read(host, major, minor);
        let property = |key: &str| udev.get(key);
        // Partitions do not say; node_exporter then takes them for disks that do not turn.
        let rotational = host.sys_text(&format!("block/{device}/queue/rotational"));
        let rotational = rotational.unwrap_or_else(|| "0".to_owned());
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
                ("rotational", &rotational),
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
        if property("ID_ATA").is_empty() {
            return;
        }
        for ((applies, key, ..), family) in ATA.iter().zip(&mut self.ata) {
            if let (false, Ok(number)) = (property(applies).is_empty(), property(key).parse()) {
                family.push(&[("device", device)], number);
            }
        }
    }

    fn into_families(self) -> impl Iterator<Item = Family> {
        [self.info, self.filesystem, self.mapper].into_iter().chain(self.ata)
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
