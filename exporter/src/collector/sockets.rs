//! `/proc/net/{tcp,udp}` and their counterparts for IPv6: sockets, one a line. A busy machine has many, so the files are
//! walked over, not kept.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

/// States by their number in the kernel.
const STATES: [&str; 12] = [
    "established",
    "syn_sent",
    "syn_recv",
    "fin_wait1",
    "fin_wait2",
    "time_wait",
    "close",
    "close_wait",
    "last_ack",
    "listen",
    "closing",
    "new_syn_recv",
];

/// Of one line.
struct Socket {
    state: usize,
    transmit_bytes: u64,
    receive_bytes: u64,
}

/// Bytes that wait in UDP sockets.
pub(super) fn collect_udp(host: &Host) -> Result<Vec<Family>, CollectError> {
    let mut family = Family::gauge(
        "node_udp_queues",
        "Number of allocated memory in the kernel for UDP datagrams in bytes.",
    );
    for (file, ip) in [("net/udp", "v4"), ("net/udp6", "v6")] {
        let (mut transmit, mut receive) = (0, 0);
        let walked = walk(host, file, |socket| {
            transmit += socket.transmit_bytes;
            receive += socket.receive_bytes;
        });
        match walked {
            // A kernel without IPv6.
            Err(error) if error.is_absent() && ip == "v6" => continue,
            walked => walked?,
        }
        family.push(&[("queue", "tx"), ("ip", ip)], transmit as f64);
        family.push(&[("queue", "rx"), ("ip", ip)], receive as f64);
    }
    Ok(vec![family])
}

/// TCP connections by state, and bytes that wait in them.
pub(super) fn collect_tcp(host: &Host) -> Result<Vec<Family>, CollectError> {
    let mut counts = [0u64; STATES.len()];
    let (mut transmit, mut receive) = (0, 0);
    for file in ["net/tcp", "net/tcp6"] {
        let walked = walk(host, file, |socket| {
            if let Some(count) = counts.get_mut(socket.state.wrapping_sub(1)) {
                *count += 1;
            }
            transmit += socket.transmit_bytes;
            receive += socket.receive_bytes;
        });
        match walked {
            Err(error) if error.is_absent() && file.ends_with('6') => {}
            walked => walked?,
        }
    }
    let mut family = Family::gauge("node_tcp_connection_states", "Number of connection states.");
    for (state, count) in STATES.iter().zip(counts).filter(|(_, count)| *count > 0) {
        family.push(&[("state", state)], count as f64);
    }
    for (state, bytes) in [("rx_queued_bytes", receive), ("tx_queued_bytes", transmit)] {
        family.push(&[("state", state)], bytes as f64);
    }
    Ok(vec![family])
}

/// Hands each socket of a file on. The first line is a heading; columns are separated by blanks, numbers hexadecimal.
fn walk(host: &Host, relative: &str, mut each: impl FnMut(Socket)) -> Result<(), CollectError> {
    host.walk_proc(relative, |line| {
        let mut words = line.split_ascii_whitespace().skip(3);
        let (Some(state), Some((transmit, receive))) =
            (words.next(), words.next().and_then(|queues| queues.split_once(':')))
        else {
            return;
        };
        let hex = |word: &str| u64::from_str_radix(word, 16);
        if let (Ok(state), Ok(transmit_bytes), Ok(receive_bytes)) =
            (usize::from_str_radix(state, 16), hex(transmit), hex(receive))
        {
            each(Socket { state, transmit_bytes, receive_bytes });
        }
    })
}
