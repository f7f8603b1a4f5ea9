//! `/sys/class/net`: state and properties of network devices.

use crowsnest_api::remote_write::MetricType::{self, Counter, Gauge};
use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

/// A numeric file of a device's folder, decimal or `0x…`.
struct Property {
    file: &'static str,
    name: &'static str,
    kind: MetricType,
    /// What the number is multiplied by.
    scale: f64,
}

const fn gauge(file: &'static str, name: &'static str) -> Property {
    Property { file, name, kind: Gauge, scale: 1.0 }
}

const fn counter(file: &'static str, name: &'static str) -> Property {
    Property { file, name, kind: Counter, scale: 1.0 }
}

const PROPERTIES: &[Property] = &[
    gauge("addr_assign_type", "node_network_address_assign_type"),
    gauge("carrier", "node_network_carrier"),
    counter("carrier_changes", "node_network_carrier_changes_total"),
    counter("carrier_down_count", "node_network_carrier_down_changes_total"),
    counter("carrier_up_count", "node_network_carrier_up_changes_total"),
    gauge("dev_id", "node_network_device_id"),
    gauge("dormant", "node_network_dormant"),
    gauge("flags", "node_network_flags"),
    gauge("ifindex", "node_network_iface_id"),
    gauge("iflink", "node_network_iface_link"),
    gauge("link_mode", "node_network_iface_link_mode"),
    gauge("mtu", "node_network_mtu_bytes"),
    gauge("name_assign_type", "node_network_name_assign_type"),
    gauge("netdev_group", "node_network_net_dev_group"),
    // Megabits a second; -1 where the driver does not know.
    Property { file: "speed", name: "node_network_speed_bytes", kind: Gauge, scale: 1e6 / 8.0 },
    gauge("type", "node_network_protocol_type"),
    gauge("tx_queue_len", "node_network_transmit_queue_length"),
];

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let mut families: Vec<Family> = PROPERTIES
        .iter()
        .map(|property| {
            let help = format!("{} of the network device.", property.file);
            Family::new(property.name, property.kind, help)
        })
        .collect();
    let mut up = Family::gauge("node_network_up", "1 while the device's operational state is up, else 0.");
    let mut info =
        Family::gauge("node_network_info", "What is not a number about the network device; always 1.");
    for device in host.list_sys("class/net")? {
        // Many files cannot be read while a device is down, and a file such as bonding_masters is no device.
        let read = |file: &str| host.read_sys(&format!("class/net/{device}/{file}")).ok();
        let Some(state) = read("operstate") else { continue };
        let text = |file: &str| read(file).map(|file| file.value().to_owned()).unwrap_or_default();
        for (property, family) in PROPERTIES.iter().zip(&mut families) {
            if let Some(number) = read(property.file).and_then(|file| parse_number(file.value())) {
                family.push(&[("device", &device)], number as f64 * property.scale);
            }
        }
        let state = state.value();
        up.push(&[("device", &device)], if state == "up" { 1.0 } else { 0.0 });
        info.push(
            &[
                ("device", &device),
                ("address", &text("address")),
                ("broadcast", &text("broadcast")),
                ("duplex", &text("duplex")),
                ("ifalias", &text("ifalias")),
                ("operstate", state),
            ],
            1.0,
        );
    }
    families.extend([up, info]);
    Ok(families)
}

fn parse_number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}
