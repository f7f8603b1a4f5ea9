//! The collectors: each reads a few files of the host and gives metric families in node_exporter's names.
//!
//! One collector a file; [`COLLECTORS`] is the list that the gatherer, the command line and the documentation use.

mod arp;
mod conntrack;
mod cpu;
mod diskstats;
mod entropy;
mod error;
mod filefd;
mod filesystem;
mod loadavg;
mod meminfo;
mod netclass;
mod netdev;
mod netstat;
mod pressure;
mod settings;
mod sockstat;
mod softnet;
mod stat;
mod time;
mod uname;
mod vmstat;

use crowsnest_scrape::Family;

use crate::host::Host;

pub use error::CollectError;
pub use settings::{NameFilter, Settings};

/// Reads one part of the host. Called again and again; may keep what the next call needs.
pub trait Collect: Send {
    /// The families as they are now. Half an answer is an answer: an error means that there is none.
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError>;
}

/// A collector without memory.
impl Collect for fn(&Host) -> Result<Vec<Family>, CollectError> {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        self(host)
    }
}

/// A row of the table of collectors.
#[derive(Debug)]
pub struct Registration {
    /// The name, as in `node_scrape_collector_success{collector="…"}`.
    pub name: &'static str,
    /// What it reads and gives, in a few words.
    pub about: &'static str,
    /// Whether it runs unless told otherwise.
    pub default: DefaultState,
    /// Makes one, with the settings of the command line.
    pub build: fn(&Settings) -> Box<dyn Collect>,
}

/// Whether a collector runs when the command line does not name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultState {
    /// It runs.
    Enabled,
    /// It does not run.
    Disabled,
}

use DefaultState::Enabled;

/// All collectors, sorted by name.
#[rustfmt::skip]
pub const COLLECTORS: &[Registration] = &[
    Registration { name: "arp", about: "neighbours known on each network device", default: Enabled, build: |_| stateless(arp::collect) },
    Registration { name: "conntrack", about: "tracked connections", default: Enabled, build: |_| stateless(conntrack::collect) },
    Registration { name: "cpu", about: "time that each processor spent in each mode, throttling", default: Enabled, build: |_| Box::new(cpu::Cpu::default()) },
    Registration { name: "diskstats", about: "reads, writes, discards and flushes of block devices", default: Enabled, build: |settings| Box::new(diskstats::Diskstats::new(settings)) },
    Registration { name: "entropy", about: "the kernel's entropy pool", default: Enabled, build: |_| stateless(entropy::collect) },
    Registration { name: "filefd", about: "open file descriptors", default: Enabled, build: |_| stateless(filefd::collect) },
    Registration { name: "filesystem", about: "space and files of mounted filesystems", default: Enabled, build: |settings| Box::new(filesystem::Filesystem::new(settings)) },
    Registration { name: "loadavg", about: "load averages", default: Enabled, build: |_| stateless(loadavg::collect) },
    Registration { name: "meminfo", about: "every line of /proc/meminfo", default: Enabled, build: |_| stateless(meminfo::collect) },
    Registration { name: "netclass", about: "state and properties of network devices", default: Enabled, build: |_| stateless(netclass::collect) },
    Registration { name: "netdev", about: "traffic of network devices", default: Enabled, build: |settings| Box::new(netdev::Netdev::new(settings)) },
    Registration { name: "netstat", about: "protocol counters of /proc/net/{netstat,snmp,snmp6}", default: Enabled, build: |_| stateless(netstat::collect) },
    Registration { name: "pressure", about: "pressure stall information", default: Enabled, build: |_| stateless(pressure::collect) },
    Registration { name: "sockstat", about: "sockets in use", default: Enabled, build: |_| stateless(sockstat::collect) },
    Registration { name: "softnet", about: "how processors keep up with incoming packets", default: Enabled, build: |_| stateless(softnet::collect) },
    Registration { name: "stat", about: "boot time, forks, interrupts, context switches, runnable processes", default: Enabled, build: |_| stateless(stat::collect) },
    Registration { name: "time", about: "the clock, its zone and its source", default: Enabled, build: |_| stateless(time::collect) },
    Registration { name: "uname", about: "kernel and host name", default: Enabled, build: |_| stateless(uname::collect) },
    Registration { name: "vmstat", about: "paging, faults and kills by the out-of-memory killer", default: Enabled, build: |_| stateless(vmstat::collect) },
];

fn stateless(collect: fn(&Host) -> Result<Vec<Family>, CollectError>) -> Box<dyn Collect> {
    Box::new(collect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collectors_are_sorted_unique_and_described() {
        let names: Vec<&str> = COLLECTORS.iter().map(|row| row.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        assert!(COLLECTORS.iter().all(|row| !row.about.is_empty()));
    }
}
