//! `/proc/net/sockstat` and `sockstat6`: sockets in use.

use crowsnest_scrape::Family;
use nix::unistd::{SysconfVar, sysconf};

use super::CollectError;
use crate::host::Host;

/// `TCP: inuse 4 mem 2` gives `node_sockstat_TCP_inuse` and, in pages and bytes, `…_mem` and `…_mem_bytes`.
pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let page_bytes = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4096) as f64;
    let mut families = Vec::new();
    for name in ["net/sockstat", "net/sockstat6"] {
        let file = match host.read_proc(name) {
            // A kernel without IPv6.
            Err(error) if error.is_absent() && name.ends_with('6') => continue,
            file => file?,
        };
        for line in file.lines() {
            let (protocol, rest) = line.split_once(':').ok_or_else(|| file.unexpected(line))?;
            let mut words = rest.split_ascii_whitespace();
            while let (Some(state), Some(count)) = (words.next(), words.next()) {
                let count: f64 = file.number(count)?;
                let help = match protocol {
                    "sockets" => "Number of IPv4 sockets in use.".to_owned(),
                    _ => format!("Number of {protocol} sockets in state {state}."),
                };
                families
                    .push(Family::gauge(format!("node_sockstat_{protocol}_{state}"), help).with(&[], count));
                if state == "mem" {
                    let help = format!("Number of {protocol} sockets in state mem_bytes.");
                    let name = format!("node_sockstat_{protocol}_mem_bytes");
                    families.push(Family::gauge(name, help).with(&[], count * page_bytes));
                }
            }
        }
    }
    Ok(families)
}
