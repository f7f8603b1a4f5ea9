//! `/proc/loadavg`.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

const AVERAGES: [(&str, &str); 3] = [
    ("node_load1", "1m load average."),
    ("node_load5", "5m load average."),
    ("node_load15", "15m load average."),
];

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let file = host.read_proc("loadavg")?;
    let mut words = file.text.split_ascii_whitespace();
    AVERAGES
        .iter()
        .map(|(name, help)| {
            let load = file.number(words.next().unwrap_or_default())?;
            Ok(Family::gauge(*name, *help).with(&[], load))
        })
        .collect()
}
