//! `/sys/class/thermal`: temperatures of zones, and how far cooling devices are turned up.

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::{Row, Table, gauge, milli, numbered};
use crate::host::Host;

const FOLDER: &str = "class/thermal";

const ZONES: &[Row] = &[gauge("temp", "node_thermal_zone_temp", "Zone temperature in Celsius").parsed(milli)];

#[rustfmt::skip]
const DEVICES: &[Row] = &[
    gauge("cur_state", "node_cooling_device_cur_state", "Current throttle state of the cooling device"),
    gauge("max_state", "node_cooling_device_max_state", "Maximum throttle state of the cooling device"),
];

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    host.list_sys(FOLDER)?;
    let mut families = Vec::new();
    for (rows, prefix, label) in [(ZONES, "thermal_zone", "zone"), (DEVICES, "cooling_device", "name")] {
        let mut table = Table::new(rows);
        for (folder, number) in numbered(host, FOLDER, prefix) {
            let kind = host.sys_text(&format!("{folder}/type")).unwrap_or_default();
            table.read(host, &folder, &[(label, &number), ("type", &kind)]);
        }
        families.extend(table.into_families());
    }
    Ok(families)
}
