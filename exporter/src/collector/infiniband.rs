//! `/sys/class/infiniband`: adapters, their ports and what went through them.

use crowsnest_scrape::Family;

use super::table::{Info, Row, Table, counter, gauge, number};
use super::{Collect, CollectError, NameFilter, Settings};
use crate::host::Host;

const FOLDER: &str = "class/infiniband";

const INFO: Info = Info {
    name: "node_infiniband_info",
    help: "Non-numeric data from /sys/class/infiniband/<device>, value is always 1.",
    labels: &[("board_id", "board_id"), ("firmware_version", "fw_ver"), ("hca_type", "hca_type")],
};

#[rustfmt::skip]
const ROWS: &[Row] = &[
    counter("counters_ext/port_multicast_rcv_packets", "node_infiniband_legacy_multicast_packets_received_total", "Number of multicast packets received"),
    counter("counters_ext/port_multicast_xmit_packets", "node_infiniband_legacy_multicast_packets_transmitted_total", "Number of multicast packets transmitted"),
    counter("counters_ext/port_rcv_data_64", "node_infiniband_legacy_data_received_bytes_total", "Number of data octets received on all links").parsed(words),
    counter("counters_ext/port_rcv_packets_64", "node_infiniband_legacy_packets_received_total", "Number of data packets received on all links"),
    counter("counters_ext/port_unicast_rcv_packets", "node_infiniband_legacy_unicast_packets_received_total", "Number of unicast packets received"),
    counter("counters_ext/port_unicast_xmit_packets", "node_infiniband_legacy_unicast_packets_transmitted_total", "Number of unicast packets transmitted"),
    counter("counters_ext/port_xmit_data_64", "node_infiniband_legacy_data_transmitted_bytes_total", "Number of data octets transmitted on all links").parsed(words),
    counter("counters_ext/port_xmit_packets_64", "node_infiniband_legacy_packets_transmitted_total", "Number of data packets received on all links"),
    counter("counters/excessive_buffer_overrun_errors", "node_infiniband_excessive_buffer_overrun_errors_total", "Number of times that OverrunErrors consecutive flow control update periods occurred, each having at least one overrun error."),
    counter("counters/link_downed", "node_infiniband_link_downed_total", "Number of times the link failed to recover from an error state and went down"),
    counter("counters/link_error_recovery", "node_infiniband_link_error_recovery_total", "Number of times the link successfully recovered from an error state"),
    counter("counters/local_link_integrity_errors", "node_infiniband_local_link_integrity_errors_total", "Number of times that the count of local physical errors exceeded the threshold specified by LocalPhyErrors."),
    counter("counters/multicast_rcv_packets", "node_infiniband_multicast_packets_received_total", "Number of multicast packets received (including errors)"),
    counter("counters/multicast_xmit_packets", "node_infiniband_multicast_packets_transmitted_total", "Number of multicast packets transmitted (including errors)"),
    counter("counters/port_rcv_constraint_errors", "node_infiniband_port_constraint_errors_received_total", "Number of packets received on the switch physical port that are discarded"),
    counter("counters/port_xmit_constraint_errors", "node_infiniband_port_constraint_errors_transmitted_total", "Number of packets not transmitted from the switch physical port"),
    counter("counters/port_rcv_data", "node_infiniband_port_data_received_bytes_total", "Number of data octets received on all links").parsed(words),
    counter("counters/port_xmit_data", "node_infiniband_port_data_transmitted_bytes_total", "Number of data octets transmitted on all links").parsed(words),
    counter("counters/port_rcv_discards", "node_infiniband_port_discards_received_total", "Number of inbound packets discarded by the port because the port is down or congested"),
    counter("counters/port_xmit_discards", "node_infiniband_port_discards_transmitted_total", "Number of outbound packets discarded by the port because the port is down or congested"),
    counter("counters/port_rcv_errors", "node_infiniband_port_errors_received_total", "Number of packets containing an error that were received on this port"),
    counter("counters/port_rcv_packets", "node_infiniband_port_packets_received_total", "Number of packets received on all VLs by this port (including errors)"),
    counter("counters/port_xmit_packets", "node_infiniband_port_packets_transmitted_total", "Number of packets transmitted on all VLs from this port (including errors)"),
    counter("counters/port_xmit_wait", "node_infiniband_port_transmit_wait_total", "Number of ticks during which the port had data to transmit but no data was sent during the entire tick"),
    counter("counters/port_rcv_remote_physical_errors", "node_infiniband_port_receive_remote_physical_errors_total", "Number of packets marked with the EBP (End of Bad Packet) delimiter received on the port."),
    counter("counters/port_rcv_switch_relay_errors", "node_infiniband_port_receive_switch_relay_errors_total", "Number of packets that could not be forwarded by the switch."),
    counter("counters/symbol_error", "node_infiniband_symbol_error_total", "Number of minor link errors detected on one or more physical lanes."),
    counter("counters/unicast_rcv_packets", "node_infiniband_unicast_packets_received_total", "Number of unicast packets received (including errors)"),
    counter("counters/unicast_xmit_packets", "node_infiniband_unicast_packets_transmitted_total", "Number of unicast packets transmitted (including errors)"),
    counter("counters/VL15_dropped", "node_infiniband_vl15_dropped_total", "Number of incoming VL15 packets dropped due to resource limitations."),
    gauge("phys_state", "node_infiniband_physical_state_id", "Physical state of the InfiniBand port (0: no change, 1: sleep, 2: polling, 3: disable, 4: shift, 5: link up, 6: link error recover, 7: phytest)").parsed(state),
    gauge("rate", "node_infiniband_rate_bytes_per_second", "Maximum signal transfer rate").parsed(rate),
    gauge("state", "node_infiniband_state_id", "State of the InfiniBand port (0: no change, 1: down, 2: init, 3: armed, 4: active, 5: act defer)").parsed(state),
];

/// Octets, counted in words of four.
fn words(text: &str) -> Option<f64> {
    number(text).map(|words| words * 4.0)
}

/// The number of `4: ACTIVE`.
fn state(text: &str) -> Option<f64> {
    number(text.split_once(':')?.0.trim())
}

/// Bytes a second of `40 Gb/sec (4X QDR)`.
fn rate(text: &str) -> Option<f64> {
    let (gigabits, unit) = text.split_once(' ')?;
    unit.starts_with("Gb/sec").then_some(())?;
    number(gigabits).map(|gigabits| gigabits * 1e9 / 8.0)
}

pub(super) struct Infiniband {
    devices: NameFilter,
}

impl Infiniband {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { devices: settings.infiniband_devices.clone() }
    }
}

impl Collect for Infiniband {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let mut info = INFO.family();
        let mut table = Table::new(ROWS);
        for device in host.list_sys(FOLDER)?.iter().filter(|device| self.devices.admits(device)) {
            let folder = format!("{FOLDER}/{device}");
            INFO.read(&mut info, host, &folder, &[("device", device)]);
            for port in host.list_sys(&format!("{folder}/ports")).unwrap_or_default() {
                table.read(host, &format!("{folder}/ports/{port}"), &[("device", device), ("port", &port)]);
            }
        }
        let mut families = table.into_families();
        families.push(info);
        Ok(families)
    }
}
