//! `/sys/fs/bcachefs`: counters of bcachefs filesystems and their devices.

use std::collections::BTreeMap;

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::{Row, Table, gauge, number, numbered};
use crate::host::Host;

const FOLDER: &str = "fs/bcachefs";
/// Counters of one filesystem at most; there are about 110.
const MAX_COUNTERS: usize = 1000;

const SIZES: &[Row] = &[gauge(
    "btree_cache_size",
    "node_bcachefs_btree_cache_size_bytes",
    "Btree cache memory usage in bytes.",
)
.parsed(human)];

#[rustfmt::skip]
const DEVICE: &[Row] = &[
    gauge("bucket_size", "node_bcachefs_device_bucket_size_bytes", "Bucket size in bytes.").parsed(human),
    gauge("nbuckets", "node_bcachefs_device_buckets", "Total number of buckets."),
    gauge("durability", "node_bcachefs_device_durability", "Device durability setting."),
];

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let mut info = Family::gauge("node_bcachefs_info", "Filesystem information.");
    let (mut sizes, mut device) = (Table::new(SIZES), Table::new(DEVICE));
    let mut rest = Rest::new();
    let mut counters = BTreeMap::new();
    for uuid in host.list_sys(FOLDER)? {
        let folder = format!("{FOLDER}/{uuid}");
        let id = ("uuid", uuid.as_str());
        info.push(&[id], 1.0);
        sizes.read(host, &folder, &[id]);
        add_counters(&mut counters, host, &folder, id);
        rest.add_filesystem(host, &folder, id);
        for (path, number) in numbered(host, &folder, "dev-") {
            let labels = [id, ("device", number.as_str())];
            device.read(host, &path, &labels);
            rest.add_device(host, &path, labels);
        }
    }
    let tables = [sizes, device].into_iter().flat_map(Table::into_families);
    Ok([info].into_iter().chain(tables).chain(rest.all()).chain(counters.into_values()).collect())
}

/// A file a counter, with `since mount: …` and `since filesystem creation: …`; the latter never goes back.
fn add_counters(counters: &mut BTreeMap<String, Family>, host: &Host, folder: &str, id: (&str, &str)) {
    let names = host.list_sys(&format!("{folder}/counters")).unwrap_or_default();
    for name in names.iter().take(MAX_COUNTERS).filter(|name| is_plain(name)) {
        let text = host.sys_text(&format!("{folder}/counters/{name}")).unwrap_or_default();
        let total = text.lines().find_map(|line| line.trim().strip_prefix("since filesystem creation:"));
        if let Some(value) = total.and_then(|total| human(total.trim())) {
            let family = counters.entry(name.clone()).or_insert_with(|| {
                let help = format!("Bcachefs counter {name} since filesystem creation.");
                Family::counter(format!("node_bcachefs_{name}_total"), help)
            });
            family.push(&[id], value);
        }
    }
}

/// Whether the name can be part of a metric's.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Families of files with several values.
struct Rest {
    writes: Family,
    write_size: Family,
    compressed: Family,
    uncompressed: Family,
    errors: Family,
    device_info: Family,
    device_io: Family,
    device_errors: Family,
}

impl Rest {
    fn new() -> Self {
        Self {
            writes: Family::counter("node_bcachefs_btree_writes_total", "Number of btree writes by type."),
            write_size: Family::gauge(
                "node_bcachefs_btree_write_average_size_bytes",
                "Average btree write size by type.",
            ),
            compressed: Family::gauge(
                "node_bcachefs_compression_compressed_bytes",
                "Compressed size by algorithm.",
            ),
            uncompressed: Family::gauge(
                "node_bcachefs_compression_uncompressed_bytes",
                "Uncompressed size by algorithm.",
            ),
            errors: Family::counter("node_bcachefs_errors_total", "Error count by error type."),
            device_info: Family::gauge("node_bcachefs_device_info", "Device information."),
            device_io: Family::counter(
                "node_bcachefs_device_io_done_bytes_total",
                "IO bytes by operation type and data type.",
            ),
            device_errors: Family::counter(
                "node_bcachefs_device_io_errors_total",
                "IO errors by error type.",
            ),
        }
    }

    fn add_filesystem(&mut self, host: &Host, folder: &str, id: (&str, &str)) {
        let text = |file: &str| host.sys_text(&format!("{folder}/{file}")).unwrap_or_default();
        // ` initial: 3298401 108 KiB` below a heading.
        for (kind, values) in text("btree_write_stats").lines().filter_map(|line| line.split_once(':')) {
            let values = quantities(values);
            if let [count, size, ..] = values[..] {
                self.writes.push(&[id, ("type", kind.trim())], count);
                self.write_size.push(&[id, ("type", kind.trim())], size);
            }
        }
        // `lz4 48.9 GiB 71.2 GiB 123 KiB` below a heading: algorithm, compressed, uncompressed, average extent.
        for line in text("compression_stats").lines().skip(1) {
            let Some((algorithm, values)) = line.trim().split_once(char::is_whitespace) else { continue };
            if let [compressed, uncompressed, ..] = quantities(values)[..] {
                let labels = [id, ("algorithm", algorithm.trim_end_matches(':'))];
                self.compressed.push(&labels, compressed);
                self.uncompressed.push(&labels, uncompressed);
            }
        }
        // `name count seconds-since-epoch`.
        for line in text("errors").lines() {
            let mut words = line.split_ascii_whitespace();
            if let (Some(kind), Some(count)) = (words.next(), words.next().and_then(number)) {
                self.errors.push(&[id, ("error_type", kind)], count);
            }
        }
    }

    fn add_device(&mut self, host: &Host, folder: &str, labels: [(&str, &str); 2]) {
        let text = |file: &str| host.sys_text(&format!("{folder}/{file}")).unwrap_or_default();
        let [id, device] = labels;
        self.device_info.push(&[id, device, ("label", &text("label")), ("state", &text("state"))], 1.0);
        let mut operation = String::new();
        // `read:` and `write:`, each with lines like ` btree : 4096`.
        for (key, value) in text("io_done").lines().filter_map(|line| line.split_once(':')) {
            match number(value.trim()) {
                Some(bytes) => {
                    let labels = [id, device, ("operation", &*operation), ("data_type", key.trim())];
                    self.device_io.push(&labels, bytes);
                }
                None => key.trim().clone_into(&mut operation),
            }
        }
        // Twice the same errors: `IO errors since filesystem creation`, then `… since 123 y ago`.
        let errors = text("io_errors");
        for (key, value) in errors.lines().skip(1).map_while(|line| line.split_once(':')) {
            if let Some(count) = number(value.trim()) {
                self.device_errors.push(&[id, device, ("type", key.trim())], count);
            }
        }
    }

    fn all(self) -> [Family; 8] {
        [
            self.writes,
            self.write_size,
            self.compressed,
            self.uncompressed,
            self.errors,
            self.device_info,
            self.device_io,
            self.device_errors,
        ]
    }
}

/// The numbers of a line, each with the unit that may follow it: `14401 720 B` and `3298401 100 KiB`.
fn quantities(text: &str) -> Vec<f64> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let mut values = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if let Some(value) = human(word) {
            let unit = words.get(at + 1).and_then(|unit| scale(unit));
            values.push((value * unit.unwrap_or(1.0)).trunc());
        }
    }
    values
}

/// A number with or without a unit, in one word or two: `512k`, `2.05 GiB`. Fractions of a byte are dropped.
fn human(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-')).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    let value = number(digits)?;
    let unit = unit.trim();
    let factor = if unit.is_empty() { 1.0 } else { scale(unit)? };
    Some((value * factor).trunc())
}

/// Bytes of a unit.
fn scale(unit: &str) -> Option<f64> {
    let prefix = unit.trim_end_matches('B').trim_end_matches('i');
    let power = match prefix {
        "" => 0,
        "k" | "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        "P" => 5,
        "E" => 6,
        _ => return None,
    };
    Some(1024f64.powi(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_units_or_none() {
        assert_eq!(human("2.05 GiB"), Some(2_201_170_739.0));
        assert_eq!(human("512k"), Some(524_288.0));
        assert_eq!(quantities("  14401  720 B"), [14_401.0, 720.0]);
        assert_eq!(quantities("3298401 100 KiB"), [3_298_401.0, 102_400.0]);
        assert_eq!(human("soon"), None);
    }
}
