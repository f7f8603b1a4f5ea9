//! What the command line says to collectors.

use std::path::PathBuf;
use std::time::Duration;

use regex_lite::Regex;

/// Settings of all collectors; each takes what it needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Network devices that arp reports.
    pub arp_devices: NameFilter,
    /// Whether bcache reads the statistics that make it walk over the whole cache.
    pub bcache_priority_stats: bool,
    /// What cpu says beyond times.
    pub cpu: CpuSettings,
    /// Block devices that diskstats reports.
    pub disk_devices: NameFilter,
    /// Network devices that ethtool reports.
    pub ethtool_devices: NameFilter,
    /// Statistics, as drivers call them, that ethtool reports.
    pub ethtool_metrics: NameFilter,
    /// Mount points that filesystem reports.
    pub mount_points: NameFilter,
    /// Filesystem types that filesystem reports.
    pub filesystem_types: NameFilter,
    /// How long `statfs` may take before a mount counts as stuck; on a healthy one it takes microseconds.
    pub mount_timeout: Duration,
    /// Chips that hwmon reports, by the label `chip`.
    pub hwmon_chips: NameFilter,
    /// Sensors that hwmon reports, as `<chip>;<sensor>`.
    pub hwmon_sensors: NameFilter,
    /// Adapters that infiniband reports.
    pub infiniband_devices: NameFilter,
    /// Interrupts that interrupts reports, as `<type>;<info>;<devices>`.
    pub interrupts: NameFilter,
    /// Whether interrupts reports those that never happened.
    pub interrupts_include_zeros: bool,
    /// Labels by which ipvs tells backends apart; none means all.
    pub ipvs_backend_labels: Vec<String>,
    /// Network devices that netclass reports.
    pub netclass_devices: NameFilter,
    /// Whether netclass leaves out a speed that the driver does not know, instead of reporting a negative one.
    pub ignore_invalid_speed: bool,
    /// Network devices that netdev reports.
    pub net_devices: NameFilter,
    /// Counters that netstat reports, as `<protocol>_<counter>`; `None` means node_exporter's choice.
    pub netstat_fields: Option<Regex>,
    /// Batteries and mains that powersupplyclass reports.
    pub power_supplies: NameFilter,
    /// Kernel caches that slabinfo reports.
    pub slabs: NameFilter,
    /// Whether stat counts software interrupts by kind.
    pub softirqs: bool,
    /// What systemd reports beyond states.
    pub systemd: SystemdSettings,
    /// Units that systemd reports.
    pub systemd_units: NameFilter,
    /// Drives that tapestats reports.
    pub tape_devices: NameFilter,
    /// Folders that textfile reads; the last part may hold `*`.
    pub textfile_folders: Vec<PathBuf>,
    /// Lines that vmstat reports; `None` means node_exporter's choice.
    pub vmstat_fields: Option<Regex>,
}

/// What cpu says beyond times.
#[derive(Clone, Debug)]
pub struct CpuSettings {
    /// Whether time spent running guests is reported.
    pub guest: bool,
    /// Whether `/proc/cpuinfo` is read.
    pub info: bool,
    /// Flags of the processor that are reported; none without an expression.
    pub flags: Option<Regex>,
    /// Flaws of the processor that are reported; none without an expression.
    pub bugs: Option<Regex>,
}

/// What systemd reports beyond states.
#[derive(Clone, Debug, Default)]
pub struct SystemdSettings {
    /// Whether systemd is asked by its own socket (root only) instead of the message bus.
    pub private: bool,
    /// Whether tasks of services are counted.
    pub tasks: bool,
    /// Whether restarts of services are counted.
    pub restarts: bool,
    /// Whether it is said when units became active.
    pub start_times: bool,
}

/// Nothing left out, two seconds for a mount.
impl Default for Settings {
    fn default() -> Self {
        Self {
            arp_devices: NameFilter::default(),
            bcache_priority_stats: false,
            cpu: CpuSettings { guest: true, info: false, flags: None, bugs: None },
            disk_devices: NameFilter::default(),
            ethtool_devices: NameFilter::default(),
            ethtool_metrics: NameFilter::default(),
            mount_points: NameFilter::default(),
            filesystem_types: NameFilter::default(),
            mount_timeout: Duration::from_secs(2),
            hwmon_chips: NameFilter::default(),
            hwmon_sensors: NameFilter::default(),
            infiniband_devices: NameFilter::default(),
            interrupts: NameFilter::default(),
            interrupts_include_zeros: true,
            ipvs_backend_labels: Vec::new(),
            netclass_devices: NameFilter::default(),
            ignore_invalid_speed: false,
            net_devices: NameFilter::default(),
            netstat_fields: None,
            power_supplies: NameFilter::default(),
            slabs: NameFilter::default(),
            softirqs: false,
            systemd: SystemdSettings::default(),
            systemd_units: NameFilter::default(),
            tape_devices: NameFilter::default(),
            textfile_folders: Vec::new(),
            vmstat_fields: None,
        }
    }
}

/// Which names are reported: those that `include` matches, if there is one, without those that `exclude` matches.
/// The expressions are not anchored.
#[derive(Clone, Debug, Default)]
pub struct NameFilter {
    /// Names must match this.
    pub include: Option<Regex>,
    /// Names must not match this.
    pub exclude: Option<Regex>,
}

impl NameFilter {
    /// The filter that leaves out what `exclude` matches.
    pub fn excluding(exclude: Regex) -> Self {
        Self { include: None, exclude: Some(exclude) }
    }

    /// Whether `name` is reported.
    pub fn admits(&self, name: &str) -> bool {
        self.include.as_ref().is_none_or(|include| include.is_match(name))
            && !self.exclude.as_ref().is_some_and(|exclude| exclude.is_match(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_be_included_and_not_excluded() {
        let filter = NameFilter {
            include: Some(Regex::new("^eth").unwrap()),
            exclude: Some(Regex::new("1$").unwrap()),
        };
        assert!(filter.admits("eth0"));
        assert!(!filter.admits("eth1"));
        assert!(!filter.admits("lo"));
        assert!(NameFilter::default().admits("lo"));
    }
}
