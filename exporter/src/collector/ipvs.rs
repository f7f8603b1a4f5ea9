//! `/proc/net/ip_vs` and `ip_vs_stats`: the kernel's load balancer.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use crowsnest_scrape::Family;

use super::{Collect, CollectError, Settings};
use crate::host::{Host, SourceFile};

/// In the order of the columns, which are hexadecimal.
#[rustfmt::skip]
const TOTALS: [(&str, &str); 5] = [
    ("node_ipvs_connections_total", "The total number of connections made."),
    ("node_ipvs_incoming_packets_total", "The total number of incoming packets."),
    ("node_ipvs_outgoing_packets_total", "The total number of outgoing packets."),
    ("node_ipvs_incoming_bytes_total", "The total amount of incoming data."),
    ("node_ipvs_outgoing_bytes_total", "The total amount of outgoing data."),
];

/// In the order of the columns: weight, active and inactive connections.
#[rustfmt::skip]
const BACKENDS: [(&str, &str); 3] = [
    ("node_ipvs_backend_weight", "The current backend weight by local and remote address."),
    ("node_ipvs_backend_connections_active", "The current active connections by local and remote address."),
    ("node_ipvs_backend_connections_inactive", "The current inactive connections by local and remote address."),
];

/// The labels of a backend, in the order of [`Backend`].
const LABELS: [&str; 6] =
    ["local_address", "local_port", "remote_address", "remote_port", "proto", "local_mark"];

type Backend = [String; LABELS.len()];

pub(super) struct Ipvs {
    /// Those of the labels that are kept; backends that then are the same are added up.
    labels: Vec<String>,
}

impl Ipvs {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { labels: settings.ipvs_backend_labels.clone() }
    }

    /// The table of services and, indented with an arrow, their backends.
    fn backends(&self, file: &SourceFile) -> Result<Vec<Family>, CollectError> {
        let mut sums: BTreeMap<Backend, [f64; BACKENDS.len()]> = BTreeMap::new();
        let mut service: Option<Service> = None;
        // Version, and two lines with the names of the columns.
        for line in file.lines().skip(3) {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words[..] {
                ["->", remote, _, weight, active, inactive] => {
                    let Some(service) = &service else { return Err(file.unexpected(line)) };
                    let (address, port) = address(remote).ok_or_else(|| file.unexpected(line))?;
                    let backend = service.backend(address, port);
                    let sum = sums.entry(self.reduced(backend)).or_default();
                    for (sum, word) in sum.iter_mut().zip([weight, active, inactive]) {
                        *sum += file.number::<f64>(word)?;
                    }
                }
                [proto, local, ..] => {
                    service = Some(Service::parse(proto, local).ok_or_else(|| file.unexpected(line))?);
                }
                _ => return Err(file.unexpected(line)),
            }
        }
        let mut families = BACKENDS.map(|(name, help)| Family::gauge(name, help));
        for (backend, sum) in &sums {
            let labels: Vec<(&str, &str)> =
                LABELS.iter().copied().zip(backend.iter().map(String::as_str)).collect();
            for (family, value) in families.iter_mut().zip(sum) {
                family.push(&labels, *value);
            }
        }
        Ok(families.into())
    }

    /// The backend without the labels that are not wanted.
    fn reduced(&self, mut backend: Backend) -> Backend {
        for (label, value) in LABELS.iter().zip(&mut backend) {
            if !self.labels.is_empty() && !self.labels.iter().any(|wanted| wanted == label) {
                value.clear();
            }
        }
        backend
    }
}

impl Collect for Ipvs {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let stats = host.read_proc("net/ip_vs_stats")?;
        // Two lines with the names of the columns, one with sums, then rates.
        let line = stats.lines().nth(2).unwrap_or_default();
        let sums: Vec<u64> = line
            .split_ascii_whitespace()
            .map(|word| u64::from_str_radix(word, 16).map_err(|_| stats.unexpected(line)))
            .collect::<Result<_, _>>()?;
        if sums.len() != TOTALS.len() {
            return Err(stats.unexpected(line));
        }
        let mut families = self.backends(&host.read_proc("net/ip_vs")?)?;
        let totals = TOTALS.iter().zip(sums);
        families
            .extend(totals.map(|((name, help), sum)| Family::counter(*name, *help).with(&[], sum as f64)));
        Ok(families)
    }
}

/// What a line without an arrow says.
struct Service {
    proto: String,
    address: String,
    port: String,
    mark: String,
}

impl Service {
    fn parse(proto: &str, local: &str) -> Option<Self> {
        let proto = proto.to_owned();
        if proto == "FWM" {
            // Packets with a mark of the firewall, whatever their address.
            return Some(Self {
                proto,
                address: String::new(),
                port: "0".to_owned(),
                mark: local.to_owned(),
            });
        }
        let (address, port) = address(local)?;
        Some(Self { proto, address, port, mark: String::new() })
    }

    fn backend(&self, remote_address: String, remote_port: String) -> Backend {
        [
            self.address.clone(),
            self.port.clone(),
            remote_address,
            remote_port,
            self.proto.clone(),
            self.mark.clone(),
        ]
    }
}

/// Address and port of `C0A80016:0CEA` and `[2620:0000:…]:0050`.
fn address(text: &str) -> Option<(String, String)> {
    let (address, port) = text.rsplit_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let address = match address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => v6.parse::<Ipv6Addr>().ok()?.to_string(),
        None => Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?).to_string(),
    };
    Some((address, port.to_string()))
}
