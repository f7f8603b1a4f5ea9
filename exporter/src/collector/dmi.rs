//! `/sys/class/dmi/id`: what the firmware says about the machine.

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::Info;
use crate::host::Host;

const FOLDER: &str = "class/dmi/id";

/// Serial numbers and the product's UUID can be read by root only.
const INFO: Info = Info {
    name: "node_dmi_info",
    help: "A metric with a constant '1' value labeled by bios_date, bios_release, bios_vendor, bios_version, board_asset_tag, board_name, board_serial, board_vendor, board_version, chassis_asset_tag, chassis_serial, chassis_vendor, chassis_version, product_family, product_name, product_serial, product_sku, product_uuid, product_version, system_vendor if provided by DMI.",
    labels: &[
        ("bios_date", "bios_date"),
        ("bios_release", "bios_release"),
        ("bios_vendor", "bios_vendor"),
        ("bios_version", "bios_version"),
        ("board_asset_tag", "board_asset_tag"),
        ("board_name", "board_name"),
        ("board_serial", "board_serial"),
        ("board_vendor", "board_vendor"),
        ("board_version", "board_version"),
        ("chassis_asset_tag", "chassis_asset_tag"),
        ("chassis_serial", "chassis_serial"),
        ("chassis_vendor", "chassis_vendor"),
        ("chassis_version", "chassis_version"),
        ("product_family", "product_family"),
        ("product_name", "product_name"),
        ("product_serial", "product_serial"),
        ("product_sku", "product_sku"),
        ("product_uuid", "product_uuid"),
        ("product_version", "product_version"),
        ("system_vendor", "sys_vendor"),
    ],
};

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    host.list_sys(FOLDER)?;
    let mut info = INFO.family();
    INFO.read(&mut info, host, FOLDER, &[]);
    Ok(vec![info])
}
