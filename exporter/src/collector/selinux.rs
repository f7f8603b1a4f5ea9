//! SELinux: whether it is on, and whether it enforces.

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::number;
use crate::host::Host;

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    // There while selinuxfs is mounted, which the system does only with SELinux on.
    let enforcing = host.sys_text("fs/selinux/enforce");
    let enabled = Family::gauge("node_selinux_enabled", "SELinux is enabled, 1 is true, 0 is false");
    let mut families = vec![enabled.with(&[], if enforcing.is_some() { 1.0 } else { 0.0 })];
    let Some(enforcing) = enforcing else { return Ok(families) };
    if let Some(mode) = number(&enforcing) {
        let help = "Current SELinux enforcement mode";
        families.push(Family::gauge("node_selinux_current_mode", help).with(&[], mode));
    }
    if let Some(mode) = configured(host) {
        let help = "Configured SELinux enforcement mode";
        families.push(Family::gauge("node_selinux_config_mode", help).with(&[], mode));
    }
    Ok(families)
}

/// 1 enforcing, 0 permissive, -1 disabled; what the next boot will do.
fn configured(host: &Host) -> Option<f64> {
    let file = host.read_root("etc/selinux/config").ok()?;
    let mode = file.lines().find_map(|line| line.trim().strip_prefix("SELINUX="))?;
    match mode.trim() {
        "enforcing" => Some(1.0),
        "permissive" => Some(0.0),
        "disabled" => Some(-1.0),
        _ => None,
    }
}
