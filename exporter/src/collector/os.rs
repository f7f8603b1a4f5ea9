//! `os-release`: which operating system runs here.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::{Host, SourceFile};

/// In the order in which os-release(5) has them looked for.
const FILES: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];

const LABELS: [&str; 12] = [
    "build_id",
    "id",
    "id_like",
    "image_id",
    "image_version",
    "name",
    "pretty_name",
    "variant",
    "variant_id",
    "version",
    "version_codename",
    "version_id",
];

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let [first, second] = FILES;
    let file = match host.read_root(first) {
        Err(error) if error.is_absent() => host.read_root(second)?,
        file => file?,
    };
    let value = |key: &str| get(&file, key);
    let info: Vec<(&str, String)> =
        LABELS.iter().map(|label| (*label, value(&label.to_ascii_uppercase()))).collect();
    let labels: Vec<(&str, &str)> = info.iter().map(|(label, value)| (*label, value.as_str())).collect();
    let help = "A metric with a constant '1' value labeled by build_id, id, id_like, image_id, image_version, name, \
                pretty_name, variant, variant_id, version, version_codename, version_id.";
    let mut families = vec![Family::gauge("node_os_info", help).with(&labels, 1.0)];
    if let Some(version) = major_minor(&value("VERSION_ID")) {
        let labels = [("id", &*value("ID")), ("id_like", &*value("ID_LIKE")), ("name", &*value("NAME"))];
        let help = "Metric containing the major.minor part of the OS version.";
        families.push(Family::gauge("node_os_version", help).with(&labels, version));
    }
    if let Some(end) = day_as_epoch(&value("SUPPORT_END")) {
        let help = "Metric containing the end-of-life date timestamp of the OS.";
        families.push(Family::gauge("node_os_support_end_timestamp_seconds", help).with(&[], end));
    }
    Ok(families)
}

/// The value of a line `KEY=value`, `KEY="value"` or `KEY='value'`.
fn get(file: &SourceFile, key: &str) -> String {
    let value = file.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
    let value = value.unwrap_or_default().trim();
    let quoted = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    match (quoted('"'), quoted('\'')) {
        // Within double quotes a backslash guards the character after it.
        (Some(text), _) => {
            let mut plain = String::new();
            let mut chars = text.chars();
            while let Some(c) = chars.next() {
                plain.extend(if c == '\\' { chars.next() } else { Some(c) });
            }
            plain
        }
        (None, Some(text)) => text.to_owned(),
        (None, None) => value.to_owned(),
    }
}

/// 20.04 of `20.04.2`.
fn major_minor(version: &str) -> Option<f64> {
    let mut parts = version.split('.');
    let major = parts.next()?;
    match parts.next() {
        Some(minor) => format!("{major}.{minor}").parse().ok(),
        None => major.parse().ok(),
    }
}

/// Seconds since the epoch of the start of a day, `2027-12-31`, in UTC.
fn day_as_epoch(day: &str) -> Option<f64> {
    let mut parts = day.splitn(3, '-').map(str::parse::<i32>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that start in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    const DAYS_TO_EPOCH: i32 = 719_468;
    Some(f64::from(days - DAYS_TO_EPOCH) * 86_400.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_across_leap_years() {
        assert_eq!(day_as_epoch("1970-01-01"), Some(0.0));
        assert_eq!(day_as_epoch("2000-03-01"), Some(951_868_800.0));
        assert_eq!(day_as_epoch("2028-02-29"), Some(1_835_395_200.0));
        assert_eq!(day_as_epoch("2028-13-01"), None);
        assert_eq!(day_as_epoch(""), None);
    }
}
