//! `/proc/net/netstat`, `snmp` and `snmp6`: counters of the network protocols.

use crowsnest_scrape::Family;
use regex_lite::Regex;

use super::{Collect, CollectError, Settings};
use crate::host::Host;

/// What is reported of about 400 counters unless told otherwise; a trailing `*` stands for any ending.
const WANTED: &[(&str, &[&str])] = &[
    ("Icmp", &["InErrors", "InMsgs", "OutMsgs"]),
    ("Icmp6", &["InErrors", "InMsgs", "OutMsgs"]),
    ("Ip", &["Forwarding"]),
    ("Ip6", &["InOctets", "OutOctets"]),
    ("IpExt", &["InOctets", "OutOctets"]),
    (
        "Tcp",
        &[
            "ActiveOpens",
            "CurrEstab",
            "InErrs",
            "InSegs",
            "OutRsts",
            "OutSegs",
            "PassiveOpens",
            "RetransSegs",
        ],
    ),
    ("TcpExt", &["Listen*", "Syncookies*", "TCPOFOQueue", "TCPRcvQDrop", "TCPSynRetrans", "TCPTimeouts"]),
    ("Udp", &["InDatagrams", "InErrors", "NoPorts", "OutDatagrams", "RcvbufErrors", "SndbufErrors"]),
    ("Udp6", &["InDatagrams", "InErrors", "NoPorts", "OutDatagrams", "RcvbufErrors", "SndbufErrors"]),
    ("UdpLite", &["InErrors"]),
    ("UdpLite6", &["InErrors"]),
];

fn is_wanted(protocol: &str, counter: &str) -> bool {
    let row = WANTED.iter().find(|(name, _)| *name == protocol);
    row.is_some_and(|(_, counters)| {
        counters.iter().any(|wanted| match wanted.strip_suffix('*') {
            Some(prefix) => counter.starts_with(prefix),
            None => *wanted == counter,
        })
    })
}

pub(super) struct Netstat {
    fields: Option<Regex>,
}

impl Netstat {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { fields: settings.netstat_fields.clone() }
    }

    fn wants(&self, protocol: &str, counter: &str) -> bool {
        match &self.fields {
            Some(fields) => fields.is_match(&format!("{protocol}_{counter}")),
            None => is_wanted(protocol, counter),
        }
    }
}

impl Collect for Netstat {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let mut families = Vec::new();
        let mut push = |protocol: &str, counter: &str, value: f64| {
            if self.wants(protocol, counter) {
                let name = format!("node_netstat_{protocol}_{counter}");
                let help = format!("Statistic {protocol}{counter}.");
                families.push(Family::unknown(name, help).with(&[], value));
            }
        };
        // Pairs of lines: `Ip: Forwarding DefaultTTL …` and `Ip: 1 64 …`.
        for name in ["net/netstat", "net/snmp"] {
            let file = host.read_proc(name)?;
            let mut lines = file.lines();
            while let (Some(names), Some(values)) = (lines.next(), lines.next()) {
                let (protocol, names) = names.split_once(':').ok_or_else(|| file.unexpected(names))?;
                let (same, values) = values.split_once(':').ok_or_else(|| file.unexpected(values))?;
                if protocol != same {
                    return Err(
                        file.unexpected(&format!("values of {same:?} after the names of {protocol:?}"))
                    );
                }
                for (counter, value) in names.split_ascii_whitespace().zip(values.split_ascii_whitespace()) {
                    push(protocol, counter, file.number(value)?);
                }
            }
        }
        // Lines like `Ip6InReceives 0`; absent without IPv6.
        let file = match host.read_proc("net/snmp6") {
            Err(error) if error.is_absent() => return Ok(families),
            file => file?,
        };
        for line in file.lines() {
            let mut words = line.split_ascii_whitespace();
            let (Some(name), Some(value)) = (words.next(), words.next()) else { continue };
            if let Some((protocol, counter)) = name.split_once('6') {
                push(&format!("{protocol}6"), counter, file.number(value)?);
            }
        }
        Ok(families)
    }
}
