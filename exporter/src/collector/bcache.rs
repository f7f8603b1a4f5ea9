//! `/sys/fs/bcache`: caches in front of block devices.

use crowsnest_scrape::Family;

use super::table::{Row, Table, counter, gauge, micro, number, numbered};
use super::{Collect, CollectError, Settings};
use crate::host::Host;

const FOLDER: &str = "fs/bcache";

#[rustfmt::skip]
const SET: &[Row] = &[
    gauge("average_key_size", "node_bcache_average_key_size_sectors", "Average data per key in the btree (sectors)."),
    gauge("btree_cache_size", "node_bcache_btree_cache_size_bytes", "Amount of memory currently used by the btree cache.").parsed(human),
    gauge("cache_available_percent", "node_bcache_cache_available_percent", "Percentage of cache device without dirty data, usable for writeback (may contain clean cached data)."),
    gauge("congested", "node_bcache_congested", "Congestion."),
    gauge("root_usage_percent", "node_bcache_root_usage_percent", "Percentage of the root btree node in use (tree depth increases if too high)."),
    gauge("tree_depth", "node_bcache_tree_depth", "Depth of the btree."),
    gauge("internal/active_journal_entries", "node_bcache_active_journal_entries", "Number of journal entries that are newer than the index."),
    gauge("internal/btree_nodes", "node_bcache_btree_nodes", "Total nodes in the btree."),
    gauge("internal/btree_read_average_duration_us", "node_bcache_btree_read_average_duration_seconds", "Average btree read duration.").parsed(micro),
    counter("internal/cache_read_races", "node_bcache_cache_read_races_total", "Counts instances where while data was being read from the cache, the bucket was reused and invalidated - i.e. where the pointer was stale after the read completed."),
];

#[rustfmt::skip]
const BACKING: &[Row] = &[
    gauge("dirty_data", "node_bcache_dirty_data_bytes", "Amount of dirty data for this backing device in the cache.").parsed(human),
    counter("stats_total/bypassed", "node_bcache_bypassed_bytes_total", "Amount of IO (both reads and writes) that has bypassed the cache.").parsed(human),
    counter("stats_total/cache_bypass_hits", "node_bcache_cache_bypass_hits_total", "Hits for IO intended to skip the cache."),
    counter("stats_total/cache_bypass_misses", "node_bcache_cache_bypass_misses_total", "Misses for IO intended to skip the cache."),
    counter("stats_total/cache_hits", "node_bcache_cache_hits_total", "Hits counted per individual IO as bcache sees them."),
    counter("stats_total/cache_miss_collisions", "node_bcache_cache_miss_collisions_total", "Instances where data insertion from cache miss raced with write (data already present)."),
    counter("stats_total/cache_misses", "node_bcache_cache_misses_total", "Misses counted per individual IO as bcache sees them."),
    counter("stats_total/cache_readaheads", "node_bcache_cache_readaheads_total", "Count of times readahead occurred."),
];

#[rustfmt::skip]
const CACHE: &[Row] = &[
    gauge("io_errors", "node_bcache_io_errors", "Number of errors that have occurred, decayed by io_error_halflife."),
    counter("metadata_written", "node_bcache_metadata_written_bytes_total", "Sum of all non data writes (btree writes and all other metadata).").parsed(human),
    counter("written", "node_bcache_written_bytes_total", "Sum of all data that has been written to the cache.").parsed(human),
];

/// Keys of `writeback_rate_debug`.
#[rustfmt::skip]
const WRITEBACK: [(&str, &str, &str); 5] = [
    ("rate", "node_bcache_writeback_rate", "Current writeback rate for this backing device in bytes."),
    ("target", "node_bcache_dirty_target_bytes", "Current dirty data target threshold for this backing device in bytes."),
    ("proportional", "node_bcache_writeback_rate_proportional_term", "Current result of proportional controller, part of writeback rate"),
    ("integral", "node_bcache_writeback_rate_integral_term", "Current result of integral controller, part of writeback rate"),
    ("change", "node_bcache_writeback_change", "Last writeback rate change step for this backing device."),
];

/// Keys of `priority_stats`.
#[rustfmt::skip]
const PRIORITY: [(&str, &str, &str); 2] = [
    ("Unused", "node_bcache_priority_stats_unused_percent", "The percentage of the cache that doesn't contain any data."),
    ("Metadata", "node_bcache_priority_stats_metadata_percent", "Bcache's metadata overhead."),
];

pub(super) struct Bcache {
    /// Reading them walks over the whole cache.
    priority_stats: bool,
}

impl Bcache {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { priority_stats: settings.bcache_priority_stats }
    }
}

impl Collect for Bcache {
    /// Nothing, and no error, where there is no bcache.
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let (mut set, mut backing, mut cache) = (Table::new(SET), Table::new(BACKING), Table::new(CACHE));
        let mut writeback = WRITEBACK.map(|(_, name, help)| Family::gauge(name, help));
        let mut priority = PRIORITY.map(|(_, name, help)| Family::gauge(name, help));
        for uuid in host.list_sys(FOLDER).unwrap_or_default() {
            let folder = format!("{FOLDER}/{uuid}");
            let id = ("uuid", uuid.as_str());
            set.read(host, &folder, &[id]);
            for (path, number) in numbered(host, &folder, "bdev") {
                let labels = [id, ("backing_device", &*format!("bdev{number}"))];
                backing.read(host, &path, &labels);
                let text = host.sys_text(&format!("{path}/writeback_rate_debug")).unwrap_or_default();
                push_keys(&text, &WRITEBACK, &mut writeback, &labels);
            }
            for (path, number) in numbered(host, &folder, "cache").into_iter().filter(|(_, n)| is_number(n)) {
                let labels = [id, ("cache_device", &*format!("cache{number}"))];
                cache.read(host, &path, &labels);
                if self.priority_stats {
                    let text = host.sys_text(&format!("{path}/priority_stats")).unwrap_or_default();
                    push_keys(&text, &PRIORITY, &mut priority, &labels);
                }
            }
        }
        let tables = [set, backing, cache].into_iter().flat_map(Table::into_families);
        Ok(tables.chain(writeback).chain(priority).collect())
    }
}

/// `cache0`, not `cache_available_percent`.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Lines like `rate: 1.1M/sec` and `Unused: 99%`.
fn push_keys(text: &str, rows: &[(&str, &str, &str)], families: &mut [Family], labels: &[(&str, &str)]) {
    for (key, value) in text.lines().filter_map(|line| line.split_once(':')) {
        let row = rows.iter().zip(families.iter_mut()).find(|((name, ..), _)| *name == key.trim());
        let value = value.trim().trim_end_matches("/sec").trim_end_matches('%');
        if let (Some((_, family)), Some(value)) = (row, human(value)) {
            family.push(labels, value);
        }
    }
}

/// A number as bcache prints it: `1.5k`, `20.4G`. The digit behind the point is hundreds of 1/1024, not tenths.
fn human(text: &str) -> Option<f64> {
    let Some(unit) = "kMGTPEZY".find(text.chars().next_back()?) else { return number(text) };
    let digits = text.get(..text.len() - 1)?;
    let (whole, hundreds) = digits.split_once('.').unwrap_or((digits, "0"));
    let sign = if whole.starts_with('-') { -1.0 } else { 1.0 };
    let (whole, hundreds) = (number(whole)?, number(hundreds)?);
    let scale = 1024f64.powi(i32::try_from(unit).ok()?);
    Some((whole * 1024.0 + sign * hundreds * 100.0) * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people_become_numbers_again() {
        assert_eq!(human("0"), Some(0.0));
        assert_eq!(human("427.5k"), Some(437_748.0));
        assert_eq!(human("1.1M"), Some(1_150_976.0));
        assert_eq!(human("20.4G"), Some(21_894_266_880.0));
        assert_eq!(human("-1.5k"), Some(-1524.0));
        assert_eq!(human("k"), None);
    }
}
