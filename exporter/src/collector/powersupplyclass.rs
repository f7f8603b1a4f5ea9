//! `/sys/class/power_supply`: batteries and mains.

use crowsnest_scrape::Family;

use super::table::{Info, Row, Table, gauge, micro, number};
use super::{Collect, CollectError, NameFilter, Settings};
use crate::host::Host;

const FOLDER: &str = "class/power_supply";

/// A row of the table below: file, and the end of the metric's name, which the help text repeats.
macro_rules! row {
    ($file:literal, $name:literal) => {
        row!($file, $name, number)
    };
    ($file:literal, $name:literal, $parse:ident) => {
        gauge(
            $file,
            concat!("node_power_supply_", $name),
            concat!($name, " value of /sys/class/power_supply/<power_supply>."),
        )
        .parsed($parse)
    };
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row!("authentic", "authentic"),
    row!("calibrate", "calibrate"),
    row!("capacity", "capacity"),
    row!("capacity_alert_max", "capacity_alert_max"),
    row!("capacity_alert_min", "capacity_alert_min"),
    row!("charge_control_limit", "charge_control_limit"),
    row!("charge_control_limit_max", "charge_control_limit_max"),
    row!("charge_counter", "charge_counter", micro),
    row!("charge_empty", "charge_empty", micro),
    row!("charge_empty_design", "charge_empty_design", micro),
    row!("charge_full", "charge_full", micro),
    row!("charge_full_design", "charge_full_design", micro),
    row!("charge_now", "charge_ampere", micro),
    row!("charge_term_current", "charge_term_current", micro),
    row!("constant_charge_current", "constant_charge_current", micro),
    row!("constant_charge_current_max", "constant_charge_current_max", micro),
    row!("constant_charge_voltage", "constant_charge_voltage", micro),
    row!("constant_charge_voltage_max", "constant_charge_voltage_max", micro),
    row!("current_boot", "current_boot", micro),
    row!("current_max", "current_max", micro),
    row!("current_now", "current_ampere", micro),
    row!("cycle_count", "cyclecount"),
    row!("energy_empty", "energy_empty", micro),
    row!("energy_empty_design", "energy_empty_design", micro),
    row!("energy_full", "energy_full", micro),
    row!("energy_full_design", "energy_full_design", micro),
    row!("energy_now", "energy_watthour", micro),
    row!("input_current_limit", "input_current_limit", micro),
    row!("online", "online"),
    row!("power_now", "power_watt", micro),
    row!("precharge_current", "precharge_current", micro),
    row!("present", "present"),
    row!("temp", "temp_celsius", tenth),
    row!("temp_alert_max", "temp_alert_max_celsius", tenth),
    row!("temp_alert_min", "temp_alert_min_celsius", tenth),
    row!("temp_ambient", "temp_ambient_celsius", tenth),
    row!("temp_ambient_max", "temp_ambient_max_celsius", tenth),
    row!("temp_ambient_min", "temp_ambient_min_celsius", tenth),
    row!("temp_max", "temp_max_celsius", tenth),
    row!("temp_min", "temp_min_celsius", tenth),
    row!("time_to_empty_now", "time_to_empty_seconds"),
    row!("time_to_full_now", "time_to_full_seconds"),
    row!("voltage_boot", "voltage_boot", micro),
    row!("voltage_max", "voltage_max", micro),
    row!("voltage_max_design", "voltage_max_design", micro),
    row!("voltage_min", "voltage_min", micro),
    row!("voltage_min_design", "voltage_min_design", micro),
    row!("voltage_now", "voltage_volt", micro),
    row!("voltage_ocv", "voltage_ocv", micro),
];

const INFO: Info = Info {
    name: "node_power_supply_info",
    help: "info of /sys/class/power_supply/<power_supply>.",
    labels: &[
        ("type", "type"),
        ("capacity_level", "capacity_level"),
        ("charge_type", "charge_type"),
        ("health", "health"),
        ("manufacturer", "manufacturer"),
        ("model_name", "model_name"),
        ("scope", "scope"),
        ("serial_number", "serial_number"),
        ("status", "status"),
        ("technology", "technology"),
        ("usb_type", "usb_type"),
    ],
};

/// Tenths of °C.
fn tenth(text: &str) -> Option<f64> {
    number(text).map(|tenths| tenths / 10.0)
}

pub(super) struct PowerSupply {
    supplies: NameFilter,
}

impl PowerSupply {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { supplies: settings.power_supplies.clone() }
    }
}

impl Collect for PowerSupply {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let mut table = Table::new(ROWS);
        let mut info = INFO.family();
        for supply in host.list_sys(FOLDER)?.iter().filter(|supply| self.supplies.admits(supply)) {
            let folder = format!("{FOLDER}/{supply}");
            let labels = [("power_supply", supply.as_str())];
            table.read(host, &folder, &labels);
            INFO.read(&mut info, host, &folder, &labels);
        }
        let mut families = table.into_families();
        families.push(info);
        Ok(families)
    }
}
