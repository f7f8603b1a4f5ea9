//! `/sys/class/powercap`: energy that processors took, where the agent may read it (root only on newer kernels).

use std::collections::BTreeMap;

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::micro;
use crate::host::Host;

const FOLDER: &str = "class/powercap";

/// A zone named `package-0` gives `node_rapl_package_joules_total{index="0"}`; of zones without a number the first has
/// index 0.
pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for zone in host.list_sys(FOLDER)?.iter().filter(|zone| zone.contains("rapl:")) {
        let folder = format!("{FOLDER}/{zone}");
        let (Some(full_name), Some(energy)) =
            (host.sys_text(&format!("{folder}/name")), host.read_sys(&format!("{folder}/energy_uj")).ok())
        else {
            continue;
        };
        let Some(joules) = micro(energy.value()) else { continue };
        let (name, index) = match full_name.rsplit_once('-') {
            Some((name, number)) if number.parse::<u32>().is_ok() => (name, Some(number)),
            _ => (full_name.as_str(), None),
        };
        let name = metric_part(name);
        let family = families.entry(name.clone()).or_insert_with(|| {
            Family::counter(
                format!("node_rapl_{name}_joules_total"),
                format!("Current RAPL {name} value in joules"),
            )
        });
        let index = index.map_or_else(|| family.samples.len().to_string(), str::to_owned);
        let path = host.sysfs.join(&folder);
        family.push(&[("index", &index), ("path", &path.to_string_lossy())], joules);
    }
    Ok(families.into_values().collect())
}

/// What is no letter, digit or underscore becomes an underscore.
fn metric_part(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
