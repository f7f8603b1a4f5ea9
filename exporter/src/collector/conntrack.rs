//! Connection tracking: `/proc/sys/net/netfilter` and `/proc/net/stat/nf_conntrack`.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

/// Columns of the statistics that are reported. They only grow, but node_exporter calls them gauges.
const COLUMNS: [(&str, &str); 8] = [
    ("found", "Number of searched entries which were successful."),
    ("invalid", "Number of packets seen which can not be tracked."),
    ("ignore", "Number of packets seen which are already connected to a conntrack entry."),
    ("insert", "Number of entries inserted into the list."),
    ("insert_failed", "Number of entries for which list insertion was attempted but failed."),
    ("drop", "Number of packets dropped due to conntrack failure."),
    (
        "early_drop",
        "Number of dropped conntrack entries to make room for new ones, if maximum table size was reached.",
    ),
    (
        "search_restart",
        "Number of conntrack table lookups which had to be restarted due to hashtable resizes.",
    ),
];

/// An error, without a warning, where the kernel does not track connections.
pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let count = host.read_proc("sys/net/netfilter/nf_conntrack_count")?;
    let limit = host.read_proc("sys/net/netfilter/nf_conntrack_max")?;
    let mut families = vec![
        Family::gauge(
            "node_nf_conntrack_entries",
            "Number of currently allocated flow entries for connection tracking.",
        )
        .with(&[], count.number(count.value())?),
        Family::gauge("node_nf_conntrack_entries_limit", "Maximum size of connection tracking table.")
            .with(&[], limit.number(limit.value())?),
    ];
    let file = match host.read_proc("net/stat/nf_conntrack") {
        Err(error) if error.is_absent() => return Ok(families),
        file => file?,
    };
    // A heading, then a line a processor, in hexadecimal.
    let mut lines = file.lines();
    let heading: Vec<&str> = lines.next().unwrap_or_default().split_ascii_whitespace().collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split_ascii_whitespace().collect()).collect();
    for (name, help) in COLUMNS {
        let Some(column) = heading.iter().position(|heading| *heading == name) else { continue };
        let mut sum = 0;
        for word in rows.iter().filter_map(|row| row.get(column)) {
            sum += u64::from_str_radix(word, 16).map_err(|_| file.unexpected(word))?;
        }
        families.push(Family::gauge(format!("node_nf_conntrack_stat_{name}"), help).with(&[], sum as f64));
    }
    Ok(families)
}
