//! `/sys/class/watchdog`: hardware and software watchdogs.

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::{Info, Row, Table, gauge};
use crate::host::Host;

const FOLDER: &str = "class/watchdog";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    gauge("access_cs0", "node_watchdog_access_cs0", "Value of /sys/class/watchdog/<watchdog>/access_cs0"),
    gauge("bootstatus", "node_watchdog_bootstatus", "Value of /sys/class/watchdog/<watchdog>/bootstatus"),
    gauge("fw_version", "node_watchdog_fw_version", "Value of /sys/class/watchdog/<watchdog>/fw_version"),
    gauge("nowayout", "node_watchdog_nowayout", "Value of /sys/class/watchdog/<watchdog>/nowayout"),
    gauge("pretimeout", "node_watchdog_pretimeout_seconds", "Value of /sys/class/watchdog/<watchdog>/pretimeout"),
    gauge("timeleft", "node_watchdog_timeleft_seconds", "Value of /sys/class/watchdog/<watchdog>/timeleft"),
    gauge("timeout", "node_watchdog_timeout_seconds", "Value of /sys/class/watchdog/<watchdog>/timeout"),
];

const INFO: Info = Info {
    name: "node_watchdog_info",
    help: "Info of /sys/class/watchdog/<watchdog>",
    labels: &[
        ("identity", "identity"),
        ("options", "options"),
        ("pretimeout_governor", "pretimeout_governor"),
        ("state", "state"),
        ("status", "status"),
    ],
};

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let mut table = Table::new(ROWS);
    let mut info = INFO.family();
    for name in host.list_sys(FOLDER)? {
        let folder = format!("{FOLDER}/{name}");
        let labels = [("name", name.as_str())];
        table.read(host, &folder, &labels);
        INFO.read(&mut info, host, &folder, &labels);
    }
    let mut families = table.into_families();
    families.push(info);
    Ok(families)
}
