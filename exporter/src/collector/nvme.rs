//! `/sys/class/nvme`: what NVMe controllers and their namespaces are.

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::{Info, number};
use crate::host::Host;

const FOLDER: &str = "class/nvme";

const DEVICE: Info = Info {
    name: "node_nvme_info",
    help: "Non-numeric data from /sys/class/nvme/<device>, value is always 1.",
    labels: &[
        ("cntlid", "cntlid"),
        ("firmware_revision", "firmware_rev"),
        ("model", "model"),
        ("serial", "serial"),
        ("state", "state"),
    ],
};

const NAMESPACE: Info = Info {
    name: "node_nvme_namespace_info",
    help: "Information about NVMe namespaces. Value is always 1",
    labels: &[("ana_state", "ana_state")],
};

#[rustfmt::skip]
const SIZES: [(&str, &str); 4] = [
    ("node_nvme_namespace_capacity_bytes", "Capacity of the NVMe namespace in bytes. Computed as namespace_size * namespace_logical_block_size"),
    ("node_nvme_namespace_size_bytes", "Size of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/size"),
    ("node_nvme_namespace_used_bytes", "Used space of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/nuse"),
    ("node_nvme_namespace_logical_block_size_bytes", "Logical block size of the NVMe namespace in bytes. Usually 4Kb. Available in /sys/class/nvme/<device>/<namespace>/queue/logical_block_size"),
];

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let (mut devices, mut namespaces) = (DEVICE.family(), NAMESPACE.family());
    let mut sizes = SIZES.map(|(name, help)| Family::gauge(name, help));
    for device in host.list_sys(FOLDER)? {
        let folder = format!("{FOLDER}/{device}");
        DEVICE.read(&mut devices, host, &folder, &[("device", &device)]);
        for name in host.list_sys(&folder).unwrap_or_default() {
            let Some(nsid) = namespace_id(&device, &name) else { continue };
            let folder = format!("{folder}/{name}");
            let labels = [("device", device.as_str()), ("nsid", nsid)];
            NAMESPACE.read(&mut namespaces, host, &folder, &labels);
            for (family, value) in sizes.iter_mut().zip(bytes(host, &folder)) {
                if let Some(value) = value {
                    family.push(&labels, value);
                }
            }
        }
    }
    Ok([devices, namespaces].into_iter().chain(sizes).collect())
}

/// In the order of [`SIZES`]. node_exporter multiplies the size, too, by the logical block size, and so do we.
fn bytes(host: &Host, folder: &str) -> [Option<f64>; SIZES.len()] {
    let value = |file: &str| host.sys_text(&format!("{folder}/{file}")).as_deref().and_then(number);
    let block = value("queue/logical_block_size");
    let blocks = |count: Option<f64>| Some(count? * block?);
    let size = blocks(value("size"));
    [size, size, blocks(value("nuse")), block]
}

/// `1` of `nvme0n1` and of `nvme0c0n1`, the namespace as one path of several sees it.
fn namespace_id<'a>(device: &str, name: &'a str) -> Option<&'a str> {
    let rest = name.strip_prefix(device)?;
    let (path, nsid) = rest.split_once('n')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_path = path.is_empty() || path.strip_prefix('c').is_some_and(digits);
    (is_path && digits(nsid)).then_some(nsid)
}
