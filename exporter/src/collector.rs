//! The collectors: each reads a few files of the host and gives metric families in node_exporter's names.
//!
//! One collector a file; [`COLLECTORS`] is the list that the gatherer, the command line and the documentation use.

mod arp;
mod bcache;
mod bcachefs;
mod bonding;
mod btrfs;
mod buddyinfo;
mod cgroups;
mod conntrack;
mod containers;
mod cpu;
mod cpu_vulnerabilities;
mod cpufreq;
mod diskstats;
mod dmi;
mod dmmultipath;
mod edac;
mod entropy;
mod error;
mod ethtool;
mod fibrechannel;
mod filefd;
mod filesystem;
mod hwmon;
mod infiniband;
mod interrupts;
mod ipvs;
mod kernel_hung;
mod ksmd;
mod loadavg;
mod mdadm;
mod meminfo;
mod meminfo_numa;
mod netclass;
mod netdev;
mod netstat;
mod nfs;
mod nvme;
mod nvmesubsystem;
mod os;
mod powersupplyclass;
mod pressure;
mod processes;
mod rapl;
mod schedstat;
mod selinux;
mod settings;
mod slabinfo;
mod sockets;
mod sockstat;
mod softnet;
mod stat;
mod systemd;
mod table;
mod tapestats;
mod textfile;
mod thermal_zone;
mod time;
mod timex;
mod uname;
mod vmstat;
mod watchdog;
mod xfs;
mod zfs;

use crowsnest_scrape::Family;

use crate::host::Host;

pub use error::CollectError;
pub use settings::{CpuSettings, NameFilter, Settings, SystemdSettings};

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

use DefaultState::{Disabled, Enabled};

/// All collectors, sorted by name.
#[rustfmt::skip]
pub const COLLECTORS: &[Registration] = &[
    Registration { name: "arp", about: "neighbours known on each network device", default: Enabled, build: |settings| Box::new(arp::Arp::new(settings)) },
    Registration { name: "bcache", about: "caches in front of block devices", default: Enabled, build: |settings| Box::new(bcache::Bcache::new(settings)) },
    Registration { name: "bcachefs", about: "bcachefs filesystems", default: Enabled, build: |_| stateless(bcachefs::collect) },
    Registration { name: "bonding", about: "links of bonded network devices", default: Enabled, build: |_| stateless(bonding::collect) },
    Registration { name: "btrfs", about: "space of btrfs filesystems", default: Enabled, build: |_| stateless(btrfs::collect) },
    Registration { name: "buddyinfo", about: "free memory by size of its pieces", default: Disabled, build: |_| stateless(buddyinfo::collect) },
    Registration { name: "cgroups", about: "control groups by controller", default: Disabled, build: |_| stateless(cgroups::collect) },
    Registration { name: "conntrack", about: "tracked connections", default: Enabled, build: |_| stateless(conntrack::collect) },
    Registration { name: "containers", about: "containers by their control groups, under cAdvisor's names; for nodes whose kubelet cannot be scraped", default: Disabled, build: |_| Box::new(containers::Containers::default()) },
    Registration { name: "cpu", about: "time that each processor spent in each mode, throttling", default: Enabled, build: |settings| Box::new(cpu::Cpu::new(settings)) },
    Registration { name: "cpu_vulnerabilities", about: "flaws of the processor and what the kernel does about them", default: Disabled, build: |_| stateless(cpu_vulnerabilities::collect) },
    Registration { name: "cpufreq", about: "frequencies of processors", default: Enabled, build: |_| stateless(cpufreq::collect) },
    Registration { name: "diskstats", about: "reads, writes, discards and flushes of block devices", default: Enabled, build: |settings| Box::new(diskstats::Diskstats::new(settings)) },
    Registration { name: "dmi", about: "what the firmware says about the machine", default: Enabled, build: |_| stateless(dmi::collect) },
    Registration { name: "dmmultipath", about: "devices reached over several paths", default: Enabled, build: |_| stateless(dmmultipath::collect) },
    Registration { name: "edac", about: "memory errors", default: Enabled, build: |_| stateless(edac::collect) },
    Registration { name: "entropy", about: "the kernel's entropy pool", default: Enabled, build: |_| stateless(entropy::collect) },
    Registration { name: "ethtool", about: "what drivers of network devices count", default: Disabled, build: |settings| Box::new(ethtool::EthtoolCollector::new(settings)) },
    Registration { name: "fibrechannel", about: "Fibre Channel adapters", default: Enabled, build: |_| stateless(fibrechannel::collect) },
    Registration { name: "filefd", about: "open file descriptors", default: Enabled, build: |_| stateless(filefd::collect) },
    Registration { name: "filesystem", about: "space and files of mounted filesystems", default: Enabled, build: |settings| Box::new(filesystem::Filesystem::new(settings)) },
    Registration { name: "hwmon", about: "temperatures, fans, voltages and other sensors", default: Enabled, build: |settings| Box::new(hwmon::Hwmon::new(settings)) },
    Registration { name: "infiniband", about: "InfiniBand adapters and their ports", default: Enabled, build: |settings| Box::new(infiniband::Infiniband::new(settings)) },
    Registration { name: "interrupts", about: "interrupts by processor", default: Disabled, build: |settings| Box::new(interrupts::Interrupts::new(settings)) },
    Registration { name: "ipvs", about: "the kernel's load balancer", default: Enabled, build: |settings| Box::new(ipvs::Ipvs::new(settings)) },
    Registration { name: "kernel_hung", about: "tasks that the kernel found stuck", default: Enabled, build: |_| stateless(kernel_hung::collect) },
    Registration { name: "ksmd", about: "merging of equal pages", default: Disabled, build: |_| stateless(ksmd::collect) },
    Registration { name: "loadavg", about: "load averages", default: Enabled, build: |_| stateless(loadavg::collect) },
    Registration { name: "mdadm", about: "software RAID", default: Enabled, build: |_| stateless(mdadm::collect) },
    Registration { name: "meminfo", about: "every line of /proc/meminfo", default: Enabled, build: |_| stateless(meminfo::collect) },
    Registration { name: "meminfo_numa", about: "memory by NUMA node", default: Disabled, build: |_| stateless(meminfo_numa::collect) },
    Registration { name: "netclass", about: "state and properties of network devices", default: Enabled, build: |settings| Box::new(netclass::Netclass::new(settings)) },
    Registration { name: "netdev", about: "traffic of network devices", default: Enabled, build: |settings| Box::new(netdev::Netdev::new(settings)) },
    Registration { name: "netstat", about: "protocol counters of /proc/net/{netstat,snmp,snmp6}", default: Enabled, build: |settings| Box::new(netstat::Netstat::new(settings)) },
    Registration { name: "nfs", about: "calls of the NFS client", default: Enabled, build: |_| stateless(nfs::collect_client) },
    Registration { name: "nfsd", about: "calls to the NFS server", default: Enabled, build: |_| stateless(nfs::collect_server) },
    Registration { name: "nvme", about: "NVMe controllers and namespaces", default: Enabled, build: |_| stateless(nvme::collect) },
    Registration { name: "nvmesubsystem", about: "paths to NVMe subsystems", default: Enabled, build: |_| stateless(nvmesubsystem::collect) },
    Registration { name: "os", about: "which operating system runs here", default: Enabled, build: |_| stateless(os::collect) },
    Registration { name: "powersupplyclass", about: "batteries and mains", default: Enabled, build: |settings| Box::new(powersupplyclass::PowerSupply::new(settings)) },
    Registration { name: "pressure", about: "pressure stall information", default: Enabled, build: |_| stateless(pressure::collect) },
    Registration { name: "processes", about: "processes and threads by state", default: Disabled, build: |_| stateless(processes::collect) },
    Registration { name: "rapl", about: "energy that processors took", default: Enabled, build: |_| stateless(rapl::collect) },
    Registration { name: "schedstat", about: "what the scheduler did on each processor", default: Enabled, build: |_| stateless(schedstat::collect) },
    Registration { name: "selinux", about: "whether SELinux is on and enforces", default: Enabled, build: |_| stateless(selinux::collect) },
    Registration { name: "slabinfo", about: "the kernel's caches of objects", default: Disabled, build: |settings| Box::new(slabinfo::Slabs::new(settings)) },
    Registration { name: "sockstat", about: "sockets in use", default: Enabled, build: |_| stateless(sockstat::collect) },
    Registration { name: "softirqs", about: "software interrupts by processor", default: Disabled, build: |_| stateless(interrupts::collect_soft) },
    Registration { name: "softnet", about: "how processors keep up with incoming packets", default: Enabled, build: |_| stateless(softnet::collect) },
    Registration { name: "stat", about: "boot time, forks, interrupts, context switches, runnable processes", default: Enabled, build: |settings| Box::new(stat::Stat::new(settings)) },
    Registration { name: "systemd", about: "units of systemd", default: Disabled, build: |settings| Box::new(systemd::Systemd::new(settings)) },
    Registration { name: "tapestats", about: "tape drives", default: Enabled, build: |settings| Box::new(tapestats::Tapes::new(settings)) },
    Registration { name: "tcpstat", about: "TCP connections by state", default: Disabled, build: |_| stateless(sockets::collect_tcp) },
    Registration { name: "textfile", about: "metrics that other programs write to files", default: Enabled, build: |settings| Box::new(textfile::Textfile::new(settings)) },
    Registration { name: "thermal_zone", about: "temperatures of zones, and cooling", default: Enabled, build: |_| stateless(thermal_zone::collect) },
    Registration { name: "time", about: "the clock, its zone and its source", default: Enabled, build: |_| stateless(time::collect) },
    Registration { name: "timex", about: "how well the kernel keeps time", default: Enabled, build: |_| stateless(timex::collect) },
    Registration { name: "udp_queues", about: "bytes that wait in UDP sockets", default: Enabled, build: |_| stateless(sockets::collect_udp) },
    Registration { name: "uname", about: "kernel and host name", default: Enabled, build: |_| stateless(uname::collect) },
    Registration { name: "vmstat", about: "paging, faults and kills by the out-of-memory killer", default: Enabled, build: |settings| Box::new(vmstat::Vmstat::new(settings)) },
    Registration { name: "watchdog", about: "watchdogs", default: Enabled, build: |_| stateless(watchdog::collect) },
    Registration { name: "xfs", about: "what XFS filesystems did", default: Enabled, build: |_| stateless(xfs::collect) },
    Registration { name: "zfs", about: "what OpenZFS counts", default: Enabled, build: |_| stateless(zfs::collect) },
];

/// Which collectors run.
#[derive(Clone, Debug)]
pub struct Collectors(Vec<&'static Registration>);

impl Collectors {
    /// Those for which `wanted` holds.
    pub fn choose(wanted: impl Fn(&Registration) -> bool) -> Self {
        Self(COLLECTORS.iter().filter(|row| wanted(row)).collect())
    }

    /// These, but for `names`.
    #[must_use]
    pub fn without(mut self, names: &[String]) -> Self {
        self.0.retain(|row| !names.iter().any(|name| name == row.name));
        self
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|row| row.name)
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &'static Registration> {
        self.0.iter().copied()
    }
}

/// Those that run unless told otherwise.
impl Default for Collectors {
    fn default() -> Self {
        Self::choose(|row| row.default == Enabled)
    }
}

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
