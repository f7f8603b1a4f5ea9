//! `/proc/cgroups`: `cpu 2 172 1`: controller, hierarchy, groups, enabled.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let file = host.read_proc("cgroups")?;
    let help = "Current cgroup number of the subsystem.";
    let mut groups = Family::gauge("node_cgroups_cgroups", help);
    let mut enabled = Family::gauge("node_cgroups_enabled", help);
    for line in file.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [name, _, count, is_enabled] = words[..] else { return Err(file.unexpected(line)) };
        groups.push(&[("subsys_name", name)], file.number(count)?);
        enabled.push(&[("subsys_name", name)], file.number(is_enabled)?);
    }
    Ok(vec![groups, enabled])
}
