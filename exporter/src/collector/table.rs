//! Folders with one value a file, as sysfs has them, become families by a table: a row a file.

use crowsnest_api::remote_write::MetricType;
use crowsnest_scrape::Family;

use crate::host::Host;

/// A file that holds one number, and the metric that it gives.
pub(super) struct Row {
    /// The file, below the folder that is read.
    pub(super) file: &'static str,
    /// The metric's name.
    pub(super) name: &'static str,
    /// The metric's type.
    pub(super) kind: MetricType,
    /// Its help text.
    pub(super) help: &'static str,
    /// The value of the file's text in the metric's unit; `None` leaves the series out.
    pub(super) parse: fn(&str) -> Option<f64>,
}

/// A gauge from a file that holds a number as it is.
pub(super) const fn gauge(file: &'static str, name: &'static str, help: &'static str) -> Row {
    Row { file, name, kind: MetricType::Gauge, help, parse: number }
}

/// A counter from a file that holds a number as it is.
pub(super) const fn counter(file: &'static str, name: &'static str, help: &'static str) -> Row {
    Row { file, name, kind: MetricType::Counter, help, parse: number }
}

impl Row {
    /// This row with another way to read the text.
    pub(super) const fn parsed(self, parse: fn(&str) -> Option<f64>) -> Self {
        Self { parse, ..self }
    }
}

/// A decimal number, or a hexadecimal one after `0x`.
pub(super) fn number(text: &str) -> Option<f64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok().map(|number| number as f64),
        None => text.parse::<f64>().ok().filter(|number| number.is_finite()),
    }
}

/// A hexadecimal number, with or without `0x`.
pub(super) fn hex(text: &str) -> Option<f64> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).ok().map(|number| number as f64)
}

/// Thousands of the metric's unit: kHz.
pub(super) fn kilo(text: &str) -> Option<f64> {
    number(text).map(|number| number * 1e3)
}

/// Thousandths: milliseconds, m°C, mV.
pub(super) fn milli(text: &str) -> Option<f64> {
    number(text).map(|number| number / 1e3)
}

/// Millionths: µJ, µW, µs.
pub(super) fn micro(text: &str) -> Option<f64> {
    number(text).map(|number| number / 1e6)
}

/// Billionths: nanoseconds.
pub(super) fn nano(text: &str) -> Option<f64> {
    number(text).map(|number| number / 1e9)
}

/// Sectors of 512 bytes, whatever the device's own block size.
pub(super) fn sectors(text: &str) -> Option<f64> {
    number(text).map(|number| number * 512.0)
}

/// The families of a table, filled folder by folder.
pub(super) struct Table {
    rows: &'static [Row],
    families: Vec<Family>,
}

impl Table {
    pub(super) fn new(rows: &'static [Row]) -> Self {
        let families = rows.iter().map(|row| Family::new(row.name, row.kind, row.help)).collect();
        Self { rows, families }
    }

    /// Adds what the files below `folder` of sysfs say. A file that is missing, cannot be read (many cannot while a device
    /// sleeps) or holds something else adds nothing.
    pub(super) fn read(&mut self, host: &Host, folder: &str, labels: &[(&str, &str)]) {
        for (row, family) in self.rows.iter().zip(&mut self.families) {
            let text = host.sys_text(&format!("{folder}/{}", row.file));
            if let Some(value) = text.and_then(|text| (row.parse)(&text)) {
                family.push(labels, value);
            }
        }
    }

    pub(super) fn into_families(self) -> Vec<Family> {
        self.families
    }
}

/// A family whose samples are 1 and whose labels are files.
pub(super) struct Info {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    /// Label and file.
    pub(super) labels: &'static [(&'static str, &'static str)],
}

impl Info {
    pub(super) fn family(&self) -> Family {
        Family::gauge(self.name, self.help)
    }

    /// Adds a sample with what the files below `folder` say, and with `labels`; a file that is not there adds no label.
    pub(super) fn read(&self, family: &mut Family, host: &Host, folder: &str, labels: &[(&str, &str)]) {
        let texts: Vec<(&str, String)> = self
            .labels
            .iter()
            .filter_map(|(label, file)| Some((*label, host.sys_text(&format!("{folder}/{file}"))?)))
            .collect();
        let mut all = labels.to_vec();
        all.extend(texts.iter().map(|(label, text)| (*label, text.as_str())));
        family.push(&all, 1.0);
    }
}

/// Folders below `folder` of sysfs whose names start with `prefix`, as (path, name without the prefix), in order.
pub(super) fn numbered(host: &Host, folder: &str, prefix: &str) -> Vec<(String, String)> {
    let names = host.list_sys(folder).unwrap_or_default();
    let named = names.into_iter().filter_map(|name| {
        let rest = name.strip_prefix(prefix)?.to_owned();
        Some((format!("{folder}/{name}"), rest))
    });
    named.collect()
}
