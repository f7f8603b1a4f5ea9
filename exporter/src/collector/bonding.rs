//! `/sys/class/net/*/bonding`: how many of a bond's links are up.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

const FOLDER: &str = "class/net";

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let masters = host.read_sys("class/net/bonding_masters")?;
    let mut configured =
        Family::gauge("node_bonding_slaves", "Number of configured slaves per bonding interface.");
    let mut active = Family::gauge("node_bonding_active", "Number of active slaves per bonding interface.");
    for master in masters.text.split_ascii_whitespace() {
        let slaves = host.sys_text(&format!("{FOLDER}/{master}/bonding/slaves")).unwrap_or_default();
        let slaves: Vec<&str> = slaves.split_ascii_whitespace().collect();
        let up = slaves.iter().filter(|slave| is_up(host, master, slave)).count();
        configured.push(&[("master", master)], slaves.len() as f64);
        active.push(&[("master", master)], up as f64);
    }
    Ok(vec![configured, active])
}

/// Older kernels call the link to the device `slave_…`, newer ones `lower_…`.
fn is_up(host: &Host, master: &str, slave: &str) -> bool {
    ["lower", "slave"].iter().any(|link| {
        let status = host.sys_text(&format!("{FOLDER}/{master}/{link}_{slave}/bonding_slave/mii_status"));
        status.is_some_and(|status| status == "up")
    })
}
