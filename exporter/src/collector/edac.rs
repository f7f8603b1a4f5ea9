//! `/sys/devices/system/edac/mc`: memory errors that were corrected and that could not be.

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::{Row, Table, counter, number, numbered};
use crate::host::Host;

const FOLDER: &str = "devices/system/edac/mc";

#[rustfmt::skip]
const CONTROLLER: &[Row] = &[
    counter("ce_count", "node_edac_correctable_errors_total", "Total correctable memory errors."),
    counter("ue_count", "node_edac_uncorrectable_errors_total", "Total uncorrectable memory errors."),
];

const CSROW: [(&str, &str, &str); 2] = [
    ("ce", "node_edac_csrow_correctable_errors_total", "Total correctable memory errors for this csrow."),
    ("ue", "node_edac_csrow_uncorrectable_errors_total", "Total uncorrectable memory errors for this csrow."),
];

const CHANNEL: [(&str, &str, &str); 2] = [
    ("ce", "node_edac_channel_correctable_errors_total", "Total correctable memory errors for this channel."),
    (
        "ue",
        "node_edac_channel_uncorrectable_errors_total",
        "Total uncorrectable memory errors for this channel.",
    ),
];

/// Nothing, and no error, where memory errors are not watched.
pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let mut table = Table::new(CONTROLLER);
    let mut rows = CSROW.map(|(_, name, help)| Family::counter(name, help));
    let mut channels = CHANNEL.map(|(_, name, help)| Family::counter(name, help));
    for (folder, controller) in numbered(host, FOLDER, "mc") {
        if controller.parse::<u32>().is_err() {
            continue;
        }
        let value = |file: &str| host.sys_text(&format!("{folder}/{file}")).as_deref().and_then(number);
        let label = ("controller", controller.as_str());
        table.read(host, &folder, &[label]);
        for ((kind, ..), family) in CSROW.iter().zip(&mut rows) {
            // Errors of which the row is not known.
            if let Some(count) = value(&format!("{kind}_noinfo_count")) {
                family.push(&[label, ("csrow", "unknown")], count);
            }
        }
        for (path, row) in numbered(host, &folder, "csrow") {
            let labels = [label, ("csrow", row.as_str())];
            for ((kind, ..), family) in CSROW.iter().zip(&mut rows) {
                if let Some(count) = value(&format!("csrow{row}/{kind}_count")) {
                    family.push(&labels, count);
                }
            }
            for channel in channel_numbers(host, &path) {
                let dimm = host.sys_text(&format!("{path}/ch{channel}_dimm_label")).unwrap_or_default();
                for ((kind, ..), family) in CHANNEL.iter().zip(&mut channels) {
                    if let Some(count) = value(&format!("csrow{row}/ch{channel}_{kind}_count")) {
                        let labels = [labels[0], labels[1], ("channel", &*channel), ("dimm_label", &*dimm)];
                        family.push(&labels, count);
                    }
                }
            }
        }
    }
    let mut families = table.into_families();
    families.extend(rows.into_iter().chain(channels));
    Ok(families)
}

/// The `0` of each `ch0_ce_count`.
fn channel_numbers(host: &Host, row: &str) -> Vec<String> {
    let files = host.list_sys(row).unwrap_or_default();
    let number = |file: &String| Some(file.strip_prefix("ch")?.strip_suffix("_ce_count")?.to_owned());
    files.iter().filter_map(number).collect()
}
