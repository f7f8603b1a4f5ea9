//! `/sys/devices/system/node/node*/meminfo` and `numastat`: memory by NUMA node.

use std::collections::BTreeMap;

use crowsnest_api::remote_write::MetricType;
use crowsnest_scrape::Family;

use super::CollectError;
use super::table::{number, numbered};
use crate::host::Host;

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    const FOLDER: &str = "devices/system/node";
    host.list_sys(FOLDER)?;
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut push = |field: String, kind: MetricType, node: &str, value: f64| {
        let family = families.entry(field).or_insert_with_key(|field| {
            let help = format!("Memory information field {field}.");
            Family::new(format!("node_memory_numa_{field}"), kind, help)
        });
        family.push(&[("node", node)], value);
    };
    for (folder, node) in numbered(host, FOLDER, "node") {
        // `Node 0 MemTotal: 16 kB`.
        let meminfo = host.sys_text(&format!("{folder}/meminfo")).unwrap_or_default();
        for (key, rest) in meminfo.lines().filter_map(|line| line.split_once(':')) {
            let field = key.split_ascii_whitespace().nth(2).unwrap_or_default();
            let field = field.replace('(', "_").replace(')', "");
            let mut words = rest.split_ascii_whitespace();
            let Some(value) = words.next().and_then(number) else { continue };
            let unit = if words.next() == Some("kB") { 1024.0 } else { 1.0 };
            push(field, MetricType::Gauge, &node, value * unit);
        }
        let numastat = host.sys_text(&format!("{folder}/numastat")).unwrap_or_default();
        for (key, value) in numastat.lines().filter_map(|line| line.split_once(' ')) {
            if let Some(value) = number(value.trim()) {
                push(format!("{key}_total"), MetricType::Counter, &node, value);
            }
        }
    }
    Ok(families.into_values().collect())
}
