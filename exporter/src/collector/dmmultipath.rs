//! `/sys/block/dm-*`: devices that are reached over several paths (device-mapper multipath).

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::{Row, Table, gauge, number, numbered, sectors};
use crate::host::Host;

const FOLDER: &str = "block";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    gauge("dm/suspended", "node_dmmultipath_device_active", "Whether the multipath device-mapper device is active (1) or suspended (0).").parsed(is_zero),
    gauge("size", "node_dmmultipath_device_size_bytes", "Size of the multipath device in bytes, read from /sys/block/<dm>/size.").parsed(sectors),
];

/// 1 for 0, else 0.
fn is_zero(text: &str) -> Option<f64> {
    number(text).map(|number| f64::from(number == 0.0))
}

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    host.list_sys(FOLDER)?;
    let mut table = Table::new(ROWS);
    let gauge = |name: &str, help: &str| Family::gauge(format!("node_dmmultipath_{name}"), help);
    let mut info = gauge("device_info", "Non-numeric information about a DM-multipath device.");
    let mut paths = gauge("device_paths", "Number of paths for a multipath device.");
    let mut active = gauge(
        "device_paths_active",
        "Number of paths in active state (SCSI running or NVMe live) for a multipath device.",
    );
    let mut failed =
        gauge("device_paths_failed", "Number of paths not in active state for a multipath device.");
    let mut states = gauge(
        "path_state",
        "Reports the underlying device state for a multipath path, as read from /sys/block/<dev>/device/state.",
    );
    for (folder, number) in numbered(host, FOLDER, "dm-") {
        let uuid = host.sys_text(&format!("{folder}/dm/uuid")).unwrap_or_default();
        if !uuid.starts_with("mpath-") {
            continue;
        }
        let device = host.sys_text(&format!("{folder}/dm/name")).unwrap_or_default();
        let labels = [("device", device.as_str()), ("sysfs_name", &*format!("dm-{number}"))];
        table.read(host, &folder, &labels);
        info.push(&[labels[0], labels[1], ("uuid", &uuid)], 1.0);
        let slaves = host.list_sys(&format!("{folder}/slaves")).unwrap_or_default();
        let mut alive = 0;
        for path in &slaves {
            let state = host.sys_text(&format!("{FOLDER}/{path}/device/state"));
            let state = state.unwrap_or_else(|| "unknown".to_owned());
            alive += usize::from(matches!(state.as_str(), "running" | "live"));
            states.push(&[labels[0], ("path", path), ("state", &state)], 1.0);
        }
        paths.push(&labels, slaves.len() as f64);
        active.push(&labels, alive as f64);
        failed.push(&labels, (slaves.len() - alive) as f64);
    }
    let mut families = table.into_families();
    families.extend([info, paths, active, failed, states]);
    Ok(families)
}
