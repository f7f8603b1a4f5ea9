//! The same machine seen by Debian's node_exporter and by us: same names, labels and types, values that agree.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crowsnest_agent::collector::{Collectors, NameFilter, Settings};
use crowsnest_agent::{Gatherer, Host};
use crowsnest_api::Labels;
use crowsnest_scrape::Family;
use crowsnest_scrape::text::{self, Limits, parse};
use regex_lite::Regex;

use crate::tools;

const PROGRAM: &str = "prometheus-node-exporter";

/// One set of exclusions for both: Debian's defaults differ from upstream's, whose defaults are ours.
const DISKS: &str = r"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$";
const MOUNT_POINTS: &str =
    r"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
const TYPES: &str = r"^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$";
const NET_DEVICES: &str = "^veth";

/// Families that we have and 1.5 has not, each explained in docs/agent.md.
const OURS: &[&str] = &[
    "node_cpu_online",
    "node_filesystem_mount_info",
    "node_ksmd_general_profit_bytes",
    "node_netstat_TcpExt_TCPOFOQueue",
    "node_netstat_TcpExt_TCPRcvQDrop",
    "node_pressure_irq_stalled_seconds_total",
    "node_softnet_backlog_len",
    "node_softnet_cpu_collision_total",
    "node_softnet_flow_limit_count_total",
    "node_softnet_received_rps_total",
];

/// Labels that later versions have and 1.5 has not; also in docs/agent.md.
const OUR_LABELS: [(&str, &str); 2] = [("node_disk_info", "rotational"), ("node_network_info", "adminstate")];

/// Collectors that 1.5 does not know.
const OUR_COLLECTORS: &[&str] = &[
    "bcachefs",
    "containers",
    "cpu_vulnerabilities",
    "dmmultipath",
    "kernel_hung",
    "nvmesubsystem",
    "softirqs",
    "watchdog",
];

/// All that both know, whether on by default or not. Without a device that they are for, and without systemd, both must
/// say the same: nothing, and that it failed.
fn collectors() -> Collectors {
    Collectors::choose(|row| !OUR_COLLECTORS.contains(&row.name))
}

struct Exporter {
    child: Child,
    address: SocketAddr,
}

impl Exporter {
    /// Starts the exporter with the collectors that we have too. An error says why there is nothing to compare with.
    fn start() -> Result<Self, String> {
        let program = tools::find(PROGRAM)?;
        let version = Command::new(&program).arg("--version").output();
        let version = version.map_err(|error| format!("{PROGRAM} does not start: {error}"))?;
        // Versions before 1.6 write it to standard error.
        let version = [version.stdout, version.stderr].concat();
        let version = String::from_utf8_lossy(&version);
        if !version.contains("version 1.5.") {
            return Err(format!("{PROGRAM} is not 1.5: {}", version.lines().next().unwrap_or_default()));
        }
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(&program);
        command.args([
            format!("--web.listen-address={address}"),
            "--collector.disable-defaults".to_owned(),
            "--web.disable-exporter-metrics".to_owned(),
            format!("--collector.diskstats.device-exclude={DISKS}"),
            format!("--collector.filesystem.mount-points-exclude={MOUNT_POINTS}"),
            format!("--collector.filesystem.fs-types-exclude={TYPES}"),
            format!("--collector.netdev.device-exclude={NET_DEVICES}"),
        ]);
        command.args(collectors().names().map(|name| format!("--collector.{name}")));
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
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

fn ours(collectors: &Collectors) -> Vec<Family> {
    let excluding = |pattern| NameFilter::excluding(Regex::new(pattern).unwrap());
    let settings = Settings {
        disk_devices: excluding(DISKS),
        net_devices: excluding(NET_DEVICES),
        mount_points: excluding(MOUNT_POINTS),
        filesystem_types: excluding(TYPES),
        ..Settings::default()
    };
    Gatherer::new(Host::default(), settings, collectors).gather()
}

/// Series and their values.
fn series(families: &[Family]) -> BTreeMap<Labels, f64> {
    let about_node = families.iter().filter(|family| family.name != "node_exporter_build_info");
    about_node
        .flat_map(|family| &family.samples)
        .map(|sample| (sample.labels.clone(), sample.value))
        .collect()
}

/// The labels that 1.5 would have.
fn without_later_labels(labels: &Labels) -> Labels {
    let is_later =
        |label: &crowsnest_api::Label| OUR_LABELS.contains(&(labels.metric_name(), label.name.as_str()));
    labels.filtered(|label| !is_later(label))
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
        _ if name.ends_with("_bytes") || name.starts_with("node_memory_") => {
            0.1 * high.abs() + 64.0 * 1024.0 * 1024.0
        }
        _ => 0.1 * high.abs() + 50.0,
    };
    (low - slack..=high + slack).contains(&ours)
}

/// Gauges of the moment, for which two readings say nothing about each other.
fn is_momentary(name: &str) -> bool {
    const MOMENTARY: &[&str] = &[
        "node_scrape_collector_duration_seconds",
        "node_procs_",
        "node_processes_",
        "node_disk_io_now",
        "node_tcp_connection_states",
        "node_buddyinfo_blocks",
        "node_slabinfo_active_objects",
        "node_slabinfo_objects",
    ];
    MOMENTARY.iter().any(|prefix| name.starts_with(prefix))
}

/// States that come and go between two readings, by being asked (a process runs, a connection is open) or not.
fn comes_and_goes(labels: &Labels) -> bool {
    const FAMILIES: [&str; 3] =
        ["node_processes_state", "node_processes_threads_state", "node_tcp_connection_states"];
    FAMILIES.contains(&labels.metric_name())
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
    let ours = ours(&collectors());
    let after = exporter.scrape();

    let types = |families: &[Family]| -> BTreeSet<String> {
        let present = families.iter().filter(|family| !family.samples.is_empty());
        present.map(|family| format!("{} {}", family.name, family.kind.as_str())).collect()
    };
    let mut our_types = types(&ours);
    our_types.retain(|line| !OURS.iter().any(|name| line.starts_with(name)));
    assert_same("families", &our_types, &types(&before));

    let (before, after) = (series(&before), series(&after));
    let ours: BTreeMap<Labels, f64> = series(&ours)
        .into_iter()
        .filter(|(labels, _)| !OURS.contains(&labels.metric_name()))
        .map(|(labels, value)| (without_later_labels(&labels), value))
        .collect();
    let names = |series: &BTreeMap<Labels, f64>| -> BTreeSet<String> {
        series.keys().filter(|labels| !comes_and_goes(labels)).map(Labels::to_string).collect()
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

/// Names that promtool would have otherwise and that are fixed by whom they come from: cAdvisor, later node exporters.
const GIVEN_NAMES: &[&str] =
    &["container_memory_failcnt", "node_netstat_TcpExt_TCPOFOQueue", "node_netstat_TcpExt_TCPRcvQDrop"];

/// What promtool complains about, by metric. Fails on what is not an opinion about a name.
fn complaints(promtool: &Path, page: &str) -> BTreeSet<String> {
    let mut check = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    check.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = check.wait_with_output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    // 3 is how it says that there are opinions only; 1 is a page that cannot be read.
    const OPINIONS: i32 = 3;
    assert!(matches!(output.status.code(), Some(0 | OPINIONS)), "{said}");
    said.lines().map(str::to_owned).collect()
}

#[test]
fn promtool_has_no_complaint_about_our_page_that_it_has_not_about_the_exporters() {
    let (promtool, exporter) = match (tools::find("promtool"), Exporter::start()) {
        (Ok(promtool), Ok(exporter)) => (promtool, exporter),
        (Err(reason), _) | (_, Err(reason)) => return println!("skipped: {reason}"),
    };
    let page = |families: &[Family]| {
        let mut page = String::new();
        text::encode(&mut page, families);
        page
    };
    let theirs = complaints(&promtool, &page(&exporter.scrape()));
    let mut ours = complaints(&promtool, &page(&ours(&Collectors::choose(|_| true))));
    ours.retain(|line| !GIVEN_NAMES.iter().any(|name| line.starts_with(name)));
    assert_eq!(ours.difference(&theirs).collect::<Vec<_>>(), Vec::<&String>::new());
}
