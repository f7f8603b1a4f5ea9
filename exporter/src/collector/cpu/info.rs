//! `/proc/cpuinfo`: what the processors are.

use std::collections::BTreeMap;

use crowsnest_scrape::Family;
use regex_lite::Regex;

use crate::collector::{CollectError, CpuSettings};
use crate::host::Host;

/// Labels and the keys of `/proc/cpuinfo` (x86) that they come from.
const LABELS: [(&str, &str); 10] = [
    ("package", "physical id"),
    ("core", "core id"),
    ("cpu", "processor"),
    ("vendor", "vendor_id"),
    ("family", "cpu family"),
    ("model", "model"),
    ("model_name", "model name"),
    ("microcode", "microcode"),
    ("stepping", "stepping"),
    ("cachesize", "cache size"),
];
/// How many of [`LABELS`] the frequency has.
const PLACE: usize = 3;

/// A paragraph a processor; flags and flaws are those of the first.
pub(super) fn collect(host: &Host, settings: &CpuSettings) -> Result<Vec<Family>, CollectError> {
    let file = host.read_proc("cpuinfo")?;
    let mut info = Family::gauge("node_cpu_info", "CPU information from /proc/cpuinfo.");
    let mut frequency =
        Family::gauge("node_cpu_frequency_hertz", "CPU frequency in hertz from /proc/cpuinfo.");
    let help = |field: &str| {
        format!("The `{field}` field of CPU information from /proc/cpuinfo taken from the first core.")
    };
    let mut flags = Family::gauge("node_cpu_flag_info", help("flags"));
    let mut bugs = Family::gauge("node_cpu_bug_info", help("bugs"));
    for (number, paragraph) in file.text.split("\n\n").enumerate() {
        let lines = paragraph.lines().filter_map(|line| line.split_once(':'));
        let values: BTreeMap<&str, &str> = lines.map(|(key, value)| (key.trim(), value.trim())).collect();
        if !values.contains_key("processor") {
            continue;
        }
        let value = |key: &str| values.get(key).copied().unwrap_or_default();
        let labels = LABELS.map(|(label, key)| (label, value(key)));
        info.push(&labels, 1.0);
        if let (Ok(megahertz), Some((place, _))) =
            (value("cpu MHz").parse::<f64>(), labels.split_first_chunk::<PLACE>())
        {
            frequency.push(place, megahertz * 1e6);
        }
        if number == 0 {
            push_words(&mut flags, "flag", value("flags"), settings.flags.as_ref());
            push_words(&mut bugs, "bug", value("bugs"), settings.bugs.as_ref());
        }
    }
    Ok(vec![info, frequency, flags, bugs])
}

fn push_words(family: &mut Family, label: &str, words: &str, wanted: Option<&Regex>) {
    let Some(wanted) = wanted else { return };
    for word in words.split_ascii_whitespace().filter(|word| wanted.is_match(word)) {
        family.push(&[(label, word)], 1.0);
    }
}
