//! What the command line says to collectors.

use std::time::Duration;

use regex_lite::Regex;

/// Settings of all collectors; each takes what it needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Block devices that diskstats reports.
    pub disk_devices: NameFilter,
    /// Network devices that netdev reports.
    pub net_devices: NameFilter,
    /// Mount points that filesystem leaves out.
    pub mount_points: NameFilter,
    /// Filesystem types that filesystem leaves out.
    pub filesystem_types: NameFilter,
    /// How long `statfs` may take before a mount counts as stuck; on a healthy one it takes microseconds.
    pub mount_timeout: Duration,
}

/// Nothing left out, two seconds for a mount.
impl Default for Settings {
    fn default() -> Self {
        Self {
            disk_devices: NameFilter::default(),
            net_devices: NameFilter::default(),
            mount_points: NameFilter::default(),
            filesystem_types: NameFilter::default(),
            mount_timeout: Duration::from_secs(2),
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
