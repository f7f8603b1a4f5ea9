//! `/proc/net/rpc/nfs` and `nfsd`: NFS as client and as server.

mod procedures;

use std::collections::BTreeMap;

use crowsnest_api::remote_write::MetricType::{self, Counter, Gauge};
use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::{Host, SourceFile};

/// A number of a line: the line's keyword, the column behind it, name, type, label and help.
struct Number {
    line: &'static str,
    column: usize,
    name: &'static str,
    kind: MetricType,
    label: Option<(&'static str, &'static str)>,
    help: &'static str,
}

const fn number(line: &'static str, column: usize, name: &'static str, help: &'static str) -> Number {
    Number { line, column, name, kind: Counter, label: None, help }
}

impl Number {
    const fn labelled(self, label: &'static str, value: &'static str) -> Self {
        Self { label: Some((label, value)), ..self }
    }

    const fn gauge(self) -> Self {
        Self { kind: Gauge, ..self }
    }
}

#[rustfmt::skip]
const CLIENT: &[Number] = &[
    number("net", 1, "node_nfs_packets_total", "Total NFSd network packets (sent+received) by protocol type.").labelled("protocol", "udp"),
    number("net", 2, "node_nfs_packets_total", "Total NFSd network packets (sent+received) by protocol type.").labelled("protocol", "tcp"),
    number("net", 3, "node_nfs_connections_total", "Total number of NFSd TCP connections."),
    number("rpc", 0, "node_nfs_rpcs_total", "Total number of RPCs performed."),
    number("rpc", 1, "node_nfs_rpc_retransmissions_total", "Number of RPC transmissions performed."),
    number("rpc", 2, "node_nfs_rpc_authentication_refreshes_total", "Number of RPC authentication refreshes performed."),
];

#[rustfmt::skip]
const SERVER: &[Number] = &[
    number("rc", 0, "node_nfsd_reply_cache_hits_total", "Total number of NFSd Reply Cache hits (client lost server response)."),
    number("rc", 1, "node_nfsd_reply_cache_misses_total", "Total number of NFSd Reply Cache an operation that requires caching (idempotent)."),
    number("rc", 2, "node_nfsd_reply_cache_nocache_total", "Total number of NFSd Reply Cache non-idempotent operations (rename/delete/…)."),
    number("fh", 0, "node_nfsd_file_handles_stale_total", "Total number of NFSd stale file handles"),
    number("io", 0, "node_nfsd_disk_bytes_read_total", "Total NFSd bytes read."),
    number("io", 1, "node_nfsd_disk_bytes_written_total", "Total NFSd bytes written."),
    number("th", 0, "node_nfsd_server_threads", "Total number of NFSd kernel threads that are running.").gauge(),
    number("ra", 0, "node_nfsd_read_ahead_cache_size_blocks", "How large the read ahead cache is in blocks.").gauge(),
    number("ra", 11, "node_nfsd_read_ahead_cache_not_found_total", "Total number of NFSd read ahead cache not found."),
    number("net", 1, "node_nfsd_packets_total", "Total NFSd network packets (sent+received) by protocol type.").labelled("proto", "udp"),
    number("net", 2, "node_nfsd_packets_total", "Total NFSd network packets (sent+received) by protocol type.").labelled("proto", "tcp"),
    number("net", 3, "node_nfsd_connections_total", "Total number of NFSd TCP connections."),
    number("rpc", 2, "node_nfsd_rpc_errors_total", "Total number of NFSd RPC errors by error type.").labelled("error", "fmt"),
    number("rpc", 3, "node_nfsd_rpc_errors_total", "Total number of NFSd RPC errors by error type.").labelled("error", "auth"),
    number("rpc", 4, "node_nfsd_rpc_errors_total", "Total number of NFSd RPC errors by error type.").labelled("error", "cInt"),
    number("rpc", 0, "node_nfsd_server_rpcs_total", "Total number of NFSd RPCs."),
];

/// Procedure counts: the line's keyword, the label `proto`, the name of procedure 0, and those of the others. The first
/// number of such a line says how many follow; an empty name is not reported.
type Procedures = (&'static str, &'static str, &'static str, &'static [&'static str]);

pub(super) fn collect_client(host: &Host) -> Result<Vec<Family>, CollectError> {
    let requests = Family::counter("node_nfs_requests_total", "Number of NFS procedures invoked.");
    families(&host.read_proc("net/rpc/nfs")?, CLIENT, requests, procedures::CLIENT)
}

pub(super) fn collect_server(host: &Host) -> Result<Vec<Family>, CollectError> {
    let requests =
        Family::counter("node_nfsd_requests_total", "Total number NFSd Requests by method and protocol.");
    let file = host.read_proc("net/rpc/nfsd")?;
    let mut families = families(&file, SERVER, requests, procedures::SERVER)?;
    // Write delegations that were asked for attributes, a line of its own since Linux 6.8.
    let delegations = file.lines().find_map(|line| line.strip_prefix("wdeleg_getattr "));
    if let (Some(count), Some(requests)) = (delegations, families.last_mut()) {
        requests.push(&[("proto", "4"), ("method", "WdelegGetattr")], file.number(count.trim())?);
    }
    Ok(families)
}

/// The family of requests comes last.
fn families(
    file: &SourceFile,
    numbers: &[Number],
    mut requests: Family,
    procedures: &[Procedures],
) -> Result<Vec<Family>, CollectError> {
    let lines: BTreeMap<&str, Vec<&str>> = file
        .lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            Some((words.next()?, words.collect()))
        })
        .collect();
    let mut families: Vec<Family> = Vec::new();
    for row in numbers {
        let Some(word) = lines.get(row.line).and_then(|words| words.get(row.column)) else { continue };
        let labels: Vec<(&str, &str)> = row.label.into_iter().collect();
        let value = file.number(word)?;
        match families.last_mut() {
            Some(family) if family.name == row.name => family.push(&labels, value),
            _ => families.push(Family::new(row.name, row.kind, row.help).with(&labels, value)),
        }
    }
    for (line, proto, first, others) in procedures {
        let counts = lines.get(line).into_iter().flatten().skip(1);
        let names = [first].into_iter().chain(*others);
        for (method, count) in names.zip(counts).filter(|(method, _)| !method.is_empty()) {
            requests.push(&[("proto", proto), ("method", method)], file.number(count)?);
        }
    }
    families.push(requests);
    Ok(families)
}
