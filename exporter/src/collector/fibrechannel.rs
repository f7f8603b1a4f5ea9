//! `/sys/class/fc_host`: Fibre Channel host bus adapters.

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::{Info, Row, Table, counter, hex};
use crate::host::Host;

const FOLDER: &str = "class/fc_host";

/// The kernel writes all of these in hexadecimal.
macro_rules! row {
    ($file:literal, $name:literal, $help:literal) => {
        counter(concat!("statistics/", $file), concat!("node_fibrechannel_", $name, "_total"), $help)
            .parsed(statistic)
    };
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row!("dumped_frames", "dumped_frames", "Number of dumped frames"),
    row!("error_frames", "error_frames", "Number of errors in frames"),
    row!("fcp_packet_aborts", "fcp_packet_aborts", "Number of aborted packets"),
    row!("invalid_crc_count", "invalid_crc", "Invalid Cyclic Redundancy Check count"),
    row!("invalid_tx_word_count", "invalid_tx_words", "Number of invalid words transmitted by host port"),
    row!("link_failure_count", "link_failure", "Number of times the host port link has failed"),
    row!("loss_of_signal_count", "loss_of_signal", "Number of times signal has been lost"),
    row!("loss_of_sync_count", "loss_of_sync", "Number of failures on either bit or transmission word boundaries"),
    row!("nos_count", "nos", "Number Not_Operational Primitive Sequence received by host port"),
    row!("rx_frames", "rx_frames", "Number of frames received"),
    row!("rx_words", "rx_words", "Number of words received by host port"),
    row!("seconds_since_last_reset", "seconds_since_last_reset", "Number of seconds since last host port reset"),
    row!("tx_frames", "tx_frames", "Number of frames transmitted by host port"),
    row!("tx_words", "tx_words", "Number of words transmitted by host port"),
];

/// Labels whose text is taken as it is; those below need a change.
const INFO: Info = Info {
    name: "node_fibrechannel_info",
    help: "Non-numeric data from /sys/class/fc_host/<host>, value is always 1.",
    labels: &[
        ("dev_loss_tmo", "dev_loss_tmo"),
        ("port_state", "port_state"),
        ("port_type", "port_type"),
        ("speed", "speed"),
        ("supported_classes", "supported_classes"),
        ("supported_speeds", "supported_speeds"),
        ("symbolic_name", "symbolic_name"),
    ],
};

/// Identifiers, shown without their `0x`.
const IDENTIFIERS: [&str; 3] = ["fabric_name", "port_id", "port_name"];

/// All ones is how drivers say that they do not count it.
fn statistic(text: &str) -> Option<f64> {
    hex(text).filter(|_| text != "0xffffffffffffffff")
}

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let mut table = Table::new(ROWS);
    let mut info = INFO.family();
    for adapter in host.list_sys(FOLDER)? {
        let folder = format!("{FOLDER}/{adapter}");
        table.read(host, &folder, &[("fc_host", &adapter)]);
        let identifiers =
            IDENTIFIERS.map(|file| host.sys_text(&format!("{folder}/{file}")).unwrap_or_default());
        let mut labels = vec![("fc_host", adapter.as_str())];
        let bare = identifiers.iter().map(|text| text.trim_start_matches("0x"));
        labels.extend(IDENTIFIERS.iter().copied().zip(bare));
        INFO.read(&mut info, host, &folder, &labels);
    }
    let mut families = table.into_families();
    families.push(info);
    Ok(families)
}
