//! The same machine seen by Debian's node_exporter and by us: same names, labels and types, values that agree.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crowsnest_agent::collector::{COLLECTORS, NameFilter, Settings};
use crowsnest_agent::{Gatherer, Host};
use crowsnest_api::Labels;
use crowsnest_scrape::Family;
use crowsnest_scrape::text::{Limits, parse};
use regex_lite::Regex;

const PROGRAM: &str = "/usr/bin/prometheus-node-exporter";

/// One set of exclusions for both: Debian's defaults differ from upstream's, whose defaults are ours.
const DISKS: &str = r"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$";
const MOUNT_POINTS: &str =
    r"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
const TYPES: &str = r"^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$";
const NET_DEVICES: &str = "^veth";

/// Families that we have and 1.5 has not, each explained in docs/agent.md.
const OURS: &[&str] = &[
    "node_netstat_TcpExt_TCPOFOQueue",
    "node_netstat_TcpExt_TCPRcvQDrop",
    "node_pressure_irq_stalled_seconds_total",
];

struct Exporter {
    child: Child,
    address: SocketAddr,
}

impl Exporter {
    /// Starts the exporter with the collectors that we have too. An error says why there is nothing to compare with.
    fn start() -> Result<Self, String> {
        let version = Command::new(PROGRAM).arg("--version").output();
        let version =
            version.map_err(|_| format!("{PROGRAM} is not installed (deploy/setup.sh installs it)"))?;
        // Versions before 1.6 write it to standard error.
        let version = [version.stdout, version.stderr].concat();
        let version = String::from_utf8_lossy(&version);
        if !version.contains("version 1.5.") {
            return Err(format!("{PROGRAM} is not 1.5: {}", version.lines().next().unwrap_or_default()));
        }
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(PROGRAM);
        command.args([
            format!("--web.listen-address={address}"),
            "--collector.disable-defaults".to_owned(),
            "--web.disable-exporter-metrics".to_owned(),
            format!("--collector.diskstats.device-exclude={DISKS}"),
            format!("--collector.filesystem.mount-points-exclude={MOUNT_POINTS}"),
            format!("--collector.filesystem.fs-types-exclude={TYPES}"),
            format!("--collector.netdev.device-exclude={NET_DEVICES}"),
        ]);
        command.args(COLLECTORS.iter().map(|row| format!("--collector.{}", row.name)));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Ok(Self { child, address })
    }

    /// Its page; the exporter needs a moment to listen.
    fn scrape(&self) -> Vec<Family> {
        let page = (0..100).find_map(|_| {
            thread::sleep(Duration::from_millis(50));
            get(self.address).ok().filter(|page| page.contains("node_load1"))
        });
        let mut families = parse(page.expect("a page").as_bytes(), Limits::default()).unwrap();
        // The rest is about the exporter itself.
        families
            .retain(|family| family.name.starts_with("node_") && family.name != "node_exporter_build_info");
        families
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(address: SocketAddr) -> std::io::Result<String> {
    use std::io::Write;
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

fn ours() -> Vec<Family> {
    let excluding = |pattern| NameFilter::excluding(Regex::new(pattern).unwrap());
    let settings = Settings {
        disk_devices: excluding(DISKS),
        net_devices: excluding(NET_DEVICES),
        mount_points: excluding(MOUNT_POINTS),
        filesystem_types: excluding(TYPES),
        ..Settings::default()
    };
    Gatherer::new(Host::default(), settings, &[]).gather()
}

/// Series and their values.
fn series(families: &[Family]) -> BTreeMap<Labels, f64> {
    let about_node = families.iter().filter(|family| family.name != "node_exporter_build_info");
    about_node
        .flat_map(|family| &family.samples)
        .map(|sample| (sample.labels.clone(), sample.value))
        .collect()
}

/// Whether the value may change between two readings that are moments apart; the others must be equal.
fn moves(name: &str) -> bool {
    const STILL: &[&str] = &[
        "_info",
        "node_boot_time_seconds",
        "node_filesystem_size_bytes",
        "node_filesystem_files",
        "node_memory_MemTotal_bytes",
        "node_memory_VmallocTotal_bytes",
        "node_memory_SwapTotal_bytes",
        "node_filesystem_readonly",
        "node_filesystem_device_error",
        "node_filefd_maximum",
        "node_network_mtu_bytes",
        "node_network_up",
        "node_network_flags",
        "node_network_speed_bytes",
        "node_time_zone_offset_seconds",
        "node_scrape_collector_success",
    ];
    !STILL.iter().any(|still| name.ends_with(still))
}

/// Ours lies between two readings of theirs, give or take what happens besides: counters move in one direction only,
/// gauges may be a tenth beside.
fn agrees(name: &str, before: f64, ours: f64, after: f64) -> bool {
    if !moves(name) {
        return ours == before;
    }
    let (low, high) = (before.min(after), before.max(after));
    let counter = name.ends_with("_total") || name.starts_with("node_vmstat_");
    // Time in milliseconds is one division here and one multiplication there.
    let slack = match name {
        _ if counter => 1e-9 * high.abs(),
        _ if name.ends_with("_bytes") => 0.1 * high.abs() + 64.0 * 1024.0 * 1024.0,
        _ => 0.1 * high.abs() + 50.0,
    };
    (low - slack..=high + slack).contains(&ours)
}

/// Gauges of the moment, for which two readings say nothing about each other.
fn is_momentary(name: &str) -> bool {
    const MOMENTARY: &[&str] = &["node_scrape_collector_duration_seconds", "node_procs_", "node_disk_io_now"];
    MOMENTARY.iter().any(|prefix| name.starts_with(prefix))
}

#[track_caller]
fn assert_same(what: &str, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) {
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
    assert_eq!(
        (only(ours, theirs), only(theirs, ours)),
        (vec![], vec![]),
        "{what} that only we, only they have"
    );
}

#[test]
fn debians_node_exporter_sees_the_same_machine() {
    let exporter = match Exporter::start() {
        Ok(exporter) => exporter,
        Err(reason) => return println!("skipped: {reason}"),
    };
    let before = exporter.scrape();
    let ours = ours();
    let after = exporter.scrape();

    let types = |families: &[Family]| -> BTreeSet<String> {
        let present = families.iter().filter(|family| !family.samples.is_empty());
        present.map(|family| format!("{} {}", family.name, family.kind.as_str())).collect()
    };
    let mut our_types = types(&ours);
    our_types.retain(|line| !OURS.iter().any(|name| line.starts_with(name)));
    assert_same("families", &our_types, &types(&before));

    let (before, after) = (series(&before), series(&after));
    let ours: BTreeMap<Labels, f64> =
        series(&ours).into_iter().filter(|(labels, _)| !OURS.contains(&labels.metric_name())).collect();
    let names = |series: &BTreeMap<Labels, f64>| -> BTreeSet<String> {
        series.keys().map(Labels::to_string).collect()
    };
    assert_same("series", &names(&ours), &names(&before));

    let mut differ = Vec::new();
    for (labels, value) in &ours {
        let name = labels.metric_name();
        let (Some(before), Some(after)) = (before.get(labels), after.get(labels)) else { continue };
        if !is_momentary(name) && !agrees(name, *before, *value, *after) {
            differ.push(format!("{labels}: {before} then {value} (ours) then {after}"));
        }
    }
    assert!(differ.is_empty(), "values differ:\n{}", differ.join("\n"));
    println!("compared with {PROGRAM}: {} series in {} families", ours.len(), our_types.len());
}
