//! `/sys/kernel/mm/ksm`: merging of equal pages.

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::{Row, Table, counter, gauge, milli};
use crate::host::Host;

const FOLDER: &str = "kernel/mm/ksm";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    counter("full_scans", "node_ksmd_full_scans_total", "How many times all mergeable areas have been scanned."),
    gauge("general_profit", "node_ksmd_general_profit_bytes", "How effective is KSM. ksm_saved_pages * sizeof(page) - (all_rmap_items) * sizeof(rmap_item)"),
    gauge("merge_across_nodes", "node_ksmd_merge_across_nodes", "Specifies if pages from different NUMA nodes can be merged."),
    gauge("pages_shared", "node_ksmd_pages_shared", "How many shared pages are being used."),
    gauge("pages_sharing", "node_ksmd_pages_sharing", "How many more sites are sharing them i.e. how much saved."),
    gauge("pages_to_scan", "node_ksmd_pages_to_scan", "How many pages to scan before ksmd goes to sleep."),
    gauge("pages_unshared", "node_ksmd_pages_unshared", "How many pages unique but repeatedly checked for merging."),
    gauge("pages_volatile", "node_ksmd_pages_volatile", "How many pages changing too fast to be placed in a tree."),
    gauge("run", "node_ksmd_run", "The status of ksmd. stopped = 0, running = 1"),
    gauge("sleep_millisecs", "node_ksmd_sleep_seconds", "How many seconds ksmd should sleep before next scan.").parsed(milli),
];

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    host.list_sys(FOLDER)?;
    let mut table = Table::new(ROWS);
    table.read(host, FOLDER, &[]);
    Ok(table.into_families())
}
