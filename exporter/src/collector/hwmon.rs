//! `/sys/class/hwmon`: temperatures, fans, voltages and whatever else sensors measure.
//!
//! The kernel's hwmon sysfs interface names files `<type><number>_<element>`; each becomes a series of
//! `node_hwmon_<type>_<element>`, in base units.

use std::collections::BTreeMap;
use std::path::Path;

use crowsnest_scrape::Family;

use super::table::number;
use super::{Collect, CollectError, NameFilter, Settings};
use crate::host::Host;

const FOLDER: &str = "class/hwmon";

/// Types of sensors that the kernel documents; other files in the folder are about something else.
const TYPES: &[&str] = &[
    "vrm",
    "beep_enable",
    "update_interval",
    "in",
    "cpu",
    "fan",
    "pwm",
    "temp",
    "curr",
    "power",
    "energy",
    "humidity",
    "intrusion",
    "freq",
];

pub(super) struct Hwmon {
    chips: NameFilter,
    /// Matched with `<chip>;<sensor>`.
    sensors: NameFilter,
}

impl Hwmon {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { chips: settings.hwmon_chips.clone(), sensors: settings.hwmon_sensors.clone() }
    }
}

impl Collect for Hwmon {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let mut families = BTreeMap::new();
        for chip in chips(host)? {
            if !self.chips.admits(&chip.label) {
                continue;
            }
            if let Some(name) = &chip.name {
                let labels = [("chip", &*chip.label), ("chip_name", name)];
                let help = "Annotation metric for human-readable chip names";
                push(&mut families, "node_hwmon_chip_names", Kind::Gauge, help, &labels, 1.0);
            }
            for (sensor, elements) in sensors(host, &chip.folder) {
                if self.sensors.admits(&format!("{};{sensor}", chip.label)) {
                    collect_sensor(&mut families, &chip.label, &sensor, &elements);
                }
            }
        }
        Ok(families.into_values().collect())
    }
}

struct Chip {
    folder: String,
    /// The label `chip`.
    label: String,
    /// What the driver calls it.
    name: Option<String>,
}

/// All chips. One that belongs to a device is called after the device's place (`platform_coretemp_0`), which outlives
/// reboots as `hwmon3` does not; where several belong to one device the driver's name is added.
fn chips(host: &Host) -> Result<Vec<Chip>, CollectError> {
    let mut found = Vec::new();
    let mut of_device: BTreeMap<String, u32> = BTreeMap::new();
    for entry in host.list_sys(FOLDER)? {
        let folder = format!("{FOLDER}/{entry}");
        let name =
            host.sys_text(&format!("{folder}/name")).map(|name| clean(&name)).filter(|n| !n.is_empty());
        let place = device_place(&host.sysfs.join(&folder).join("device"));
        if let Some(place) = &place {
            *of_device.entry(place.clone()).or_default() += 1;
        }
        found.push((entry, folder, name, place));
    }
    let chip = |(entry, folder, name, place): (String, String, Option<String>, Option<String>)| {
        let label = match (place, &name) {
            (Some(place), Some(name)) if of_device.get(&place).is_some_and(|count| *count > 1) => {
                format!("{place}_{name}")
            }
            (Some(place), _) => place,
            (None, Some(name)) => name.clone(),
            (None, None) => clean(&entry),
        };
        Chip { folder, label, name }
    };
    Ok(found.into_iter().map(chip).collect())
}

/// `platform_coretemp_0` for a link to `…/devices/platform/coretemp.0`.
fn device_place(link: &Path) -> Option<String> {
    let device = link.canonicalize().ok()?;
    let part = |path: &Path| path.file_name().map(|name| clean(&name.to_string_lossy())).unwrap_or_default();
    let (bus, name) = (device.parent().map(part).unwrap_or_default(), part(&device));
    match (bus.is_empty(), name.is_empty()) {
        (_, true) => None,
        (true, false) => Some(name),
        (false, false) => Some(format!("{bus}_{name}")),
    }
}

/// Lower case, other characters than letters, digits, `:` and `_` replaced by `_`, none of them at the ends.
fn clean(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, ':' | '_');
    let replaced: String = name.to_lowercase().chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    replaced.trim_matches('_').to_owned()
}

/// Texts of the sensors' files by sensor and element. Drivers of before Linux 3.15 have them one folder below.
fn sensors(host: &Host, folder: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut sensors: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for folder in [folder.to_owned(), format!("{folder}/device")] {
        for file in host.list_sys(&folder).unwrap_or_default() {
            let Some((sensor, element)) = split_name(&file) else { continue };
            if let Some(text) = host.sys_text(&format!("{folder}/{file}")) {
                sensors.entry(sensor.to_owned()).or_default().insert(element.to_owned(), text);
            }
        }
    }
    sensors
}

/// `("temp1", "crit_alarm")` of `temp1_crit_alarm`, `("pwm1", "")` of `pwm1`.
fn split_name(file: &str) -> Option<(&str, &str)> {
    let kind_end = file.find(|c: char| c.is_ascii_digit());
    let (sensor, element) = match kind_end {
        Some(at) => {
            let (_, rest) = file.split_at_checked(at)?;
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (sensor, rest) = file.split_at_checked(at + digits)?;
            let element = if rest.is_empty() { "" } else { rest.strip_prefix('_')? };
            (sensor, element)
        }
        None if TYPES.contains(&file) => (file, ""),
        None => file.split_once('_')?,
    };
    TYPES.contains(&kind_of(sensor)).then_some((sensor, element))
}

/// `temp` of `temp1`.
fn kind_of(sensor: &str) -> &str {
    sensor.trim_end_matches(|c: char| c.is_ascii_digit())
}

#[derive(Clone, Copy)]
enum Kind {
    Gauge,
    Counter,
}

fn push(
    families: &mut BTreeMap<String, Family>,
    name: &str,
    kind: Kind,
    help: &str,
    labels: &[(&str, &str)],
    value: f64,
) {
    let family = families.entry(name.to_owned()).or_insert_with(|| match kind {
        Kind::Gauge => Family::gauge(name, help),
        Kind::Counter => Family::counter(name, help),
    });
    family.push(labels, value);
}

fn collect_sensor(
    families: &mut BTreeMap<String, Family>,
    chip: &str,
    sensor: &str,
    elements: &BTreeMap<String, String>,
) {
    let kind = kind_of(sensor);
    let label = elements.get("label");
    if let Some(label) = label {
        let labels = [("label", label.as_str()), ("chip", chip), ("sensor", sensor)];
        let help = "Label for given chip and sensor";
        push(families, "node_hwmon_sensor_label", Kind::Gauge, help, &labels, 1.0);
    }
    for (element, text) in elements.iter().filter(|(element, _)| *element != "label") {
        let Some(value) = number(text) else { continue };
        // Where there is also a file without an element, `…_input` keeps its name.
        let plain = element.is_empty() || element == "input" && !elements.contains_key("");
        let suffix = if plain { String::new() } else { format!("_{}", clean(element)) };
        let reading = Reading::of(kind, if element.is_empty() { "" } else { element });
        let Some(reading) = reading else { continue };
        let sensor = match (kind, label) {
            ("freq", Some(label)) => label.as_str(),
            ("freq", None) => continue,
            _ => sensor,
        };
        let name = match reading.name {
            Some(name) => name.to_owned(),
            None => format!("node_hwmon_{kind}{suffix}{}", reading.unit),
        };
        let help = reading.help(kind, element);
        let labels = [("chip", chip), ("sensor", sensor)];
        push(families, &name, reading.kind, &help, &labels, value / reading.divisor);
    }
}

/// What the number in a file means.
struct Reading {
    /// The metric's name where it does not follow from the file's.
    name: Option<&'static str>,
    /// The end of the metric's name.
    unit: &'static str,
    kind: Kind,
    divisor: f64,
    /// `{}` stands for the element.
    help: &'static str,
}

impl Reading {
    const fn gauge(unit: &'static str, divisor: f64, help: &'static str) -> Self {
        Self { name: None, unit, kind: Kind::Gauge, divisor, help }
    }

    const fn named(name: &'static str, divisor: f64, help: &'static str) -> Self {
        Self { name: Some(name), unit: "", kind: Kind::Gauge, divisor, help }
    }

    /// `None` for a file that is not reported.
    #[rustfmt::skip]
    fn of(kind: &str, element: &str) -> Option<Self> {
        Some(match (kind, element) {
            ("beep_enable", _) => Self::named("node_hwmon_beep_enabled", 1.0, "Hardware beep enabled"),
            ("vrm", _) => Self::named("node_hwmon_voltage_regulator_version", 1.0, "Hardware voltage regulator"),
            ("update_interval", _) => Self::named("node_hwmon_update_interval_seconds", 1e3, "Hardware monitor update interval"),
            (_, "fault") => Self::gauge("", 1.0, "Hardware sensor fault status ({kind})"),
            (_, "alarm") => Self::gauge("", 1.0, "Hardware sensor alarm status ({kind})"),
            (_, "beep") => Self::gauge("_enabled", 1.0, "Hardware monitor sensor has beeping enabled"),
            ("fan", "input" | "min" | "max" | "target") => Self::gauge("_rpm", 1.0, "Hardware monitor for fan revolutions per minute ({element})"),
            ("in" | "cpu", _) => Self::gauge("_volts", 1e3, "Hardware monitor for voltage ({element})"),
            ("temp", "type") => Self::gauge("", 1.0, "Hardware monitor {kind} element {element}"),
            ("temp", _) => Self::gauge("_celsius", 1e3, "Hardware monitor for temperature ({element})"),
            ("curr", _) => Self::gauge("_amps", 1e3, "Hardware monitor for current ({element})"),
            ("energy", _) => Self { kind: Kind::Counter, ..Self::gauge("_joule_total", 1e6, "Hardware monitor for joules used so far ({element})") },
            ("power", "accuracy") => Self::gauge("", 1e6, "Hardware monitor power meter accuracy, as a ratio"),
            ("power", "average_interval" | "average_interval_min" | "average_interval_max") => Self::gauge("_seconds", 1e3, "Hardware monitor power usage update interval ({element})"),
            ("power", _) => Self::gauge("_watt", 1e6, "Hardware monitor for power usage in watts ({element})"),
            ("humidity", _) => Self::gauge("", 1e6, "Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a percentage) ({element})"),
            ("freq", "input") => Self::named("node_hwmon_freq_freq_mhz", 1e6, "Hardware monitor for GPU frequency in MHz"),
            ("freq", _) => return None,
            _ => Self::gauge("", 1.0, "Hardware monitor {kind} element {element}"),
        })
    }

    fn help(&self, kind: &str, element: &str) -> String {
        self.help
            .replace("{kind}", kind)
            .replace("{element}", if element.is_empty() { "input" } else { element })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sensors_file_is_split_into_sensor_and_element() {
        assert_eq!(split_name("temp1_crit_alarm"), Some(("temp1", "crit_alarm")));
        assert_eq!(split_name("pwm12"), Some(("pwm12", "")));
        assert_eq!(split_name("update_interval"), Some(("update_interval", "")));
        assert_eq!(split_name("intrusion0_alarm"), Some(("intrusion0", "alarm")));
        for file in ["name", "uevent", "device", "temp1x", "of_node", "power"] {
            assert!(split_name(file).is_none_or(|(sensor, _)| sensor == "power"), "{file}");
        }
    }
}
