//! Nodes that are not there: this machine's own series, varied so that no two nodes look alike.
//!
//! What is varied stays true to itself: counters only grow, the seconds of a processor add up, and what is free is part of
//! what there is.

use std::collections::HashMap;

use crowsnest_api::{INSTANCE, Labels, METRIC_NAME, Sample};
use crowsnest_tsdb::SeriesBatch;

/// A node that follows this machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct FollowingNode {
    /// Its name.
    pub(super) name: &'static str,
    /// How busy it is and how much of it is used, as a share of this machine; at most 1.
    share: f64,
    /// How much longer it has been running, in seconds.
    older: f64,
}

/// All of them.
pub(super) const NODES: &[FollowingNode] = &[
    FollowingNode { name: "demo-2", share: 0.85, older: 86_400.0 * 11.0 },
    FollowingNode { name: "demo-3", share: 0.6, older: 86_400.0 * 11.2 },
    FollowingNode { name: "demo-4", share: 0.45, older: 86_400.0 * 3.0 },
    FollowingNode { name: "demo-5", share: 0.3, older: 86_400.0 * 40.0 },
];

const CPU: &str = "node_cpu_seconds_total";

/// What becomes of a value.
enum Rule {
    /// It stays.
    Same,
    /// There is less of it.
    Scaled,
    /// What is used of another family's value shrinks, and so this grows.
    FreeOf(&'static str),
    /// Seconds of a processor.
    Processor,
    /// It lies further back.
    Older,
}

/// Families that do not follow from their name's ending, which for `_total` is [`Rule::Scaled`].
const RULES: &[(&str, Rule)] = &[
    ("node_boot_time_seconds", Rule::Older),
    (CPU, Rule::Processor),
    ("node_filesystem_avail_bytes", Rule::FreeOf("node_filesystem_size_bytes")),
    ("node_filesystem_files_free", Rule::FreeOf("node_filesystem_files")),
    ("node_filesystem_free_bytes", Rule::FreeOf("node_filesystem_size_bytes")),
    ("node_load1", Rule::Scaled),
    ("node_load15", Rule::Scaled),
    ("node_load5", Rule::Scaled),
    ("node_memory_Active_bytes", Rule::Scaled),
    ("node_memory_Buffers_bytes", Rule::Scaled),
    ("node_memory_Cached_bytes", Rule::Scaled),
    ("node_memory_Inactive_bytes", Rule::Scaled),
    ("node_memory_MemAvailable_bytes", Rule::FreeOf("node_memory_MemTotal_bytes")),
    ("node_memory_MemFree_bytes", Rule::FreeOf("node_memory_MemTotal_bytes")),
    ("node_memory_SwapFree_bytes", Rule::FreeOf("node_memory_SwapTotal_bytes")),
];

impl FollowingNode {
    /// This node's series at the time of this machine's.
    pub(super) fn vary(&self, machine: &[(Labels, Sample)]) -> Vec<SeriesBatch> {
        let values: HashMap<&Labels, f64> =
            machine.iter().map(|(labels, sample)| (labels, sample.value)).collect();
        let busy = busy_seconds(machine);
        machine
            .iter()
            .map(|(labels, sample)| {
                let value = self.value(labels, sample.value, &values, &busy);
                let samples = vec![Sample { timestamp: sample.timestamp, value }];
                SeriesBatch::of_floats(self.labels(labels), samples)
            })
            .collect()
    }

    fn labels(&self, machine: &Labels) -> Labels {
        let mut labels = machine.to_builder();
        labels.set(INSTANCE, self.name).set("node", self.name);
        if machine.get("nodename").is_some() {
            labels.set("nodename", self.name);
        }
        labels.build()
    }

    fn value(
        &self,
        labels: &Labels,
        value: f64,
        values: &HashMap<&Labels, f64>,
        busy: &HashMap<&str, f64>,
    ) -> f64 {
        match rule(labels.metric_name()) {
            Rule::Same => value,
            Rule::Scaled => value * self.share,
            Rule::Older => value - self.older,
            Rule::FreeOf(whole) => {
                let mut of = labels.to_builder();
                of.set(METRIC_NAME, *whole);
                values.get(&of.build()).map_or(value, |whole| whole - (whole - value) * self.share)
            }
            Rule::Processor if labels.get("mode").is_some_and(|mode| mode == "idle") => {
                let busy = labels.get("cpu").and_then(|cpu| busy.get(cpu.as_str())).copied();
                value + busy.unwrap_or_default() * (1.0 - self.share)
            }
            Rule::Processor => value * self.share,
        }
    }
}

fn rule(family: &str) -> &'static Rule {
    let known = RULES.iter().find(|(name, _)| *name == family).map(|(_, rule)| rule);
    known.unwrap_or(if family.ends_with("_total") { &Rule::Scaled } else { &Rule::Same })
}

/// Seconds that each processor was not idle.
fn busy_seconds(machine: &[(Labels, Sample)]) -> HashMap<&str, f64> {
    let mut busy = HashMap::new();
    for (labels, sample) in machine {
        let idle = labels.get("mode").is_some_and(|mode| mode == "idle");
        if let Some(cpu) = labels.get("cpu").filter(|_| labels.metric_name() == CPU && !idle) {
            *busy.entry(cpu.as_str()).or_default() += sample.value;
        }
    }
    busy
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: FollowingNode = FollowingNode { name: "demo-9", share: 0.5, older: 100.0 };

    fn sample(name: &str, labels: &[(&str, &str)], value: f64) -> (Labels, Sample) {
        let mut all = vec![("__name__", name), ("instance", "demo-1"), ("node", "demo-1")];
        all.extend_from_slice(labels);
        (Labels::from_pairs(all), Sample::new(1, value))
    }

    #[track_caller]
    fn check(machine: &[(Labels, Sample)], expected: &[f64]) {
        let values: Vec<f64> = NODE.vary(machine).iter().map(|series| series.samples[0].value).collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn the_seconds_of_a_processor_still_add_up() {
        let cpu = |mode, value| sample(CPU, &[("cpu", "0"), ("mode", mode)], value);
        check(&[cpu("idle", 60.0), cpu("system", 10.0), cpu("user", 30.0)], &[80.0, 5.0, 15.0]);
    }

    #[test]
    fn what_is_free_is_part_of_what_there_is() {
        let size = sample("node_filesystem_size_bytes", &[("device", "a")], 100.0);
        let free = sample("node_filesystem_free_bytes", &[("device", "a")], 40.0);
        let lonely = sample("node_filesystem_free_bytes", &[("device", "b")], 40.0);
        check(&[size, free, lonely], &[100.0, 70.0, 40.0]);
    }

    #[test]
    fn names_and_ages_are_the_nodes_own() {
        let uname = sample("node_uname_info", &[("nodename", "host")], 1.0);
        let varied = NODE.vary(&[uname, sample("node_boot_time_seconds", &[], 500.0)]);
        let labels = &varied[0].labels;
        for name in ["instance", "node", "nodename"] {
            assert_eq!(labels.get(name).unwrap(), "demo-9");
        }
        assert_eq!(varied[1].samples[0].value, 400.0);
    }

    #[test]
    fn each_family_has_one_rule() {
        assert!(RULES.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(NODES.iter().all(|node| node.share <= 1.0), "or idle seconds could go backwards");
    }
}
