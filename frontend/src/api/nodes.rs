//! The nodes and their present figures, put together from a few instant queries.

use std::collections::BTreeMap;

use crowsnest_api::Labels;
use futures_util::future::try_join_all;
use web_sys::AbortSignal;

use super::{ApiError, Client, Line, instant};
use crate::arrange::Arrange as _;
use crate::range::SECOND;

/// Gauges that are read as they are, by one selector on the metric's name.
const GAUGES: &str = r#"{__name__=~"up|node_load1|node_load5|node_load15|node_memory_MemTotal_bytes|node_memory_MemAvailable_bytes|node_boot_time_seconds|node_time_seconds|node_uname_info|node_filesystem_size_bytes|node_filesystem_avail_bytes",job="node-exporter"}"#;
const CPU: &str = r#"1 - avg by (node) (rate(node_cpu_seconds_total{job="node-exporter",mode="idle"}[1m]))"#;
const CORES: &str = r#"count by (node) (node_cpu_seconds_total{job="node-exporter",mode="idle"})"#;
const AGE: &str = r#"time() - max by (node) (timestamp(node_time_seconds{job="node-exporter"}))"#;
/// For nodes that are silent: the clock of each when it was last read, staleness or not.
const LAST_SEEN: &str =
    r#"time() - max by (node) (max_over_time(node_time_seconds{job="node-exporter"}[1d]))"#;

/// File systems that hold nothing worth watching.
const IGNORED_FILESYSTEMS: &[&str] = &["tmpfs", "ramfs", "devtmpfs", "squashfs", "iso9660", "overlay"];

/// One machine as its newest samples describe it. What it did not report is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Node {
    pub(crate) name: String,
    /// Whether `up` is 1.
    pub(crate) reporting: bool,
    /// Age of the newest sample in milliseconds, when the answer was made.
    pub(crate) sample_age: Option<i64>,
    /// Busy share of all cores, over the last minute.
    pub(crate) cpu: Option<f64>,
    pub(crate) cores: Option<f64>,
    /// Bytes.
    pub(crate) memory_total: Option<f64>,
    /// Bytes that programs can still get.
    pub(crate) memory_available: Option<f64>,
    /// Load averages over 1, 5 and 15 minutes.
    pub(crate) load: [Option<f64>; 3],
    /// The file systems, fullest first.
    pub(crate) filesystems: Vec<Filesystem>,
    /// Milliseconds since it was started.
    pub(crate) uptime: Option<i64>,
    /// Kernel release.
    pub(crate) kernel: Option<String>,
    /// Operating system and processor architecture.
    pub(crate) system: Option<String>,
}

/// A mounted file system.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filesystem {
    pub(crate) mount: String,
    /// Bytes.
    pub(crate) size: f64,
    /// Bytes that users can still write.
    pub(crate) available: f64,
}

impl Filesystem {
    /// Used share, 0 to 1.
    pub(crate) fn used(&self) -> f64 {
        1.0 - self.available / self.size
    }
}

impl Node {
    /// Used share of the memory, 0 to 1.
    pub(crate) fn memory(&self) -> Option<f64> {
        Some(1.0 - self.memory_available? / self.memory_total.filter(|total| *total > 0.0)?)
    }

    /// The fullest file system.
    pub(crate) fn disk(&self) -> Option<&Filesystem> {
        self.filesystems.first()
    }
}

/// Reads all nodes, sorted by name.
pub(crate) async fn fetch_nodes(client: Client, abort: AbortSignal) -> Result<Vec<Node>, ApiError> {
    let ask = async |expression: &str| {
        instant(client, expression, None, &abort).await.map(|answer| answer.result.into_lines())
    };
    let answers = try_join_all([GAUGES, CPU, CORES, AGE].map(ask)).await?;
    let mut nodes = assemble(&answers);
    if nodes.iter().any(|node| node.sample_age.is_none()) {
        // Rare and dearer; and where it fails, the table only lacks an age.
        let seen = ask(LAST_SEEN).await.unwrap_or_default();
        for line in &seen {
            let (name, age) = (node_name(&line.labels), value(line));
            if let Some(node) = nodes.iter_mut().find(|node| node.name == name && node.sample_age.is_none()) {
                node.sample_age = age.map(milliseconds);
            }
        }
    }
    Ok(nodes)
}

/// Puts the answers to [`GAUGES`], [`CPU`], [`CORES`] and [`AGE`] together by node.
fn assemble(answers: &[Vec<Line>]) -> Vec<Node> {
    let [gauges, cpu, cores, age] = answers else { return Vec::new() };
    let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
    let mut available: BTreeMap<(String, String), f64> = BTreeMap::new();
    let mut started: BTreeMap<String, f64> = BTreeMap::new();
    for line in gauges.iter().filter(|line| line.labels.metric_name() == "node_filesystem_avail_bytes") {
        if let Some(value) = value(line) {
            available.insert((node_name(&line.labels), label(&line.labels, "mountpoint")), value);
        }
    }
    for line in gauges {
        let name = node_name(&line.labels);
        let node = nodes.entry(name.clone()).or_insert_with(|| Node { name, ..Node::default() });
        let value = value(line);
        let [load1, load5, load15] = &mut node.load;
        match line.labels.metric_name() {
            "up" => node.reporting = value == Some(1.0),
            "node_load1" => *load1 = value,
            "node_load5" => *load5 = value,
            "node_load15" => *load15 = value,
            "node_memory_MemTotal_bytes" => node.memory_total = value,
            "node_memory_MemAvailable_bytes" => node.memory_available = value,
            "node_boot_time_seconds" => started.extend(value.map(|value| (node.name.clone(), value))),
            "node_uname_info" => {
                node.kernel = Some(label(&line.labels, "release")).filter(|text| !text.is_empty());
                let system = [label(&line.labels, "sysname"), label(&line.labels, "machine")].join(" ");
                node.system = Some(system.trim().to_owned()).filter(|text| !text.is_empty());
            }
            "node_filesystem_size_bytes" => {
                let mount = label(&line.labels, "mountpoint");
                let ignored = IGNORED_FILESYSTEMS.contains(&label(&line.labels, "fstype").as_str());
                let left = available.get(&(node.name.clone(), mount.clone()));
                if let (Some(size), Some(left), false) = (value, left, ignored)
                    && size > 0.0
                {
                    node.filesystems.push(Filesystem { mount, size, available: *left });
                }
            }
            _ => {}
        }
    }
    let find = |lines: &[Line], name: &str| {
        lines.iter().find(|line| node_name(&line.labels) == name).and_then(value)
    };
    for node in nodes.values_mut() {
        node.cpu = find(cpu, &node.name).map(|share| share.clamp(0.0, 1.0));
        node.cores = find(cores, &node.name);
        node.sample_age = find(age, &node.name).map(milliseconds);
        let clock = gauges.iter().find(|line| {
            line.labels.metric_name() == "node_time_seconds" && node_name(&line.labels) == node.name
        });
        let clock = clock.and_then(value);
        node.uptime = clock.zip(started.get(&node.name)).map(|(clock, start)| milliseconds(clock - start));
        node.filesystems.arrange_by(|a, b| b.used().total_cmp(&a.used()).then_with(|| a.mount.cmp(&b.mount)));
    }
    nodes.into_values().collect()
}

/// The label `node`, or `instance` where an agent of another make sets none.
fn node_name(labels: &Labels) -> String {
    labels.get("node").or_else(|| labels.get("instance")).map(ToString::to_string).unwrap_or_default()
}

fn label(labels: &Labels, name: &str) -> String {
    labels.get(name).map(ToString::to_string).unwrap_or_default()
}

fn value(line: &Line) -> Option<f64> {
    line.points.last().map(|(_, value)| *value).filter(|value| value.is_finite())
}

fn milliseconds(seconds: f64) -> i64 {
    (seconds.max(0.0) * SECOND as f64) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(labels: &[(&str, &str)], value: f64) -> Line {
        Line { labels: Labels::from_pairs(labels.iter().copied()), points: vec![(0, value)] }
    }

    fn gauge(name: &str, node: &str, value: f64) -> Line {
        line(&[("__name__", name), ("node", node)], value)
    }

    fn space(name: &str, mount: &str, fstype: &str, value: f64) -> Line {
        line(&[("__name__", name), ("node", "a"), ("mountpoint", mount), ("fstype", fstype)], value)
    }

    #[test]
    fn figures_of_one_node_come_together() {
        let gauges = vec![
            gauge("up", "b", 0.0),
            gauge("up", "a", 1.0),
            gauge("node_load5", "a", 0.5),
            gauge("node_memory_MemTotal_bytes", "a", 100.0),
            gauge("node_memory_MemAvailable_bytes", "a", 25.0),
            gauge("node_boot_time_seconds", "a", 1_000.0),
            gauge("node_time_seconds", "a", 1_060.0),
        ];
        let by_node = |value| vec![line(&[("node", "a")], value)];
        let nodes = assemble(&[gauges, by_node(0.3), by_node(4.0), by_node(2.5)]);
        let [a, b] = nodes.as_slice() else { panic!("two nodes expected") };
        assert!(a.reporting && !b.reporting);
        assert_eq!(
            (a.cpu, a.cores, a.memory(), a.load),
            (Some(0.3), Some(4.0), Some(0.75), [None, Some(0.5), None])
        );
        assert_eq!((a.uptime, a.sample_age, b.sample_age), (Some(60_000), Some(2_500), None));
    }

    #[test]
    fn the_fullest_file_system_comes_first_and_memory_file_systems_do_not_count() {
        let gauges = vec![
            space("node_filesystem_size_bytes", "/", "ext4", 100.0),
            space("node_filesystem_avail_bytes", "/", "ext4", 60.0),
            space("node_filesystem_size_bytes", "/data", "xfs", 100.0),
            space("node_filesystem_avail_bytes", "/data", "xfs", 10.0),
            space("node_filesystem_size_bytes", "/run", "tmpfs", 100.0),
            space("node_filesystem_avail_bytes", "/run", "tmpfs", 0.0),
            space("node_filesystem_size_bytes", "/empty", "ext4", 0.0),
            space("node_filesystem_avail_bytes", "/empty", "ext4", 0.0),
        ];
        let nodes = assemble(&[gauges, vec![], vec![], vec![]]);
        let mounts: Vec<_> =
            nodes.iter().flat_map(|node| &node.filesystems).map(|fs| fs.mount.as_str()).collect();
        assert_eq!(mounts, ["/data", "/"]);
    }
}
