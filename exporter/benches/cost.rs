//! What collecting and pushing a host's series costs: the agent beside Debian's node exporter with Prometheus in agent
//! mode, both reading one tree of files and pushing to one receiver, in one run.
//!
//! `cargo bench -p crowsnest-agent --bench cost`, or with `-- --seconds 60`. Peers are found on the search path or where
//! `deploy/setup.sh bench` unpacks them; without them the agent is measured alone.

#![expect(clippy::expect_used, reason = "a benchmark that fails should say where")]

#[path = "cost/machine.rs"]
mod machine;
#[path = "cost/process.rs"]
mod process;
#[path = "cost/receiver.rs"]
mod receiver;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use self::process::{Measured, Usage};
use self::receiver::Receiver;

/// Between two collections. Short, so that a run of half a minute has as many as a quarter of an hour in service.
const INTERVAL: Duration = Duration::from_millis(500);
/// What a process does at its start is not counted.
const WARM_UP: Duration = Duration::from_secs(5);
const SECONDS: u64 = 30;

fn main() {
    let seconds = argument("--seconds").unwrap_or(SECONDS);
    let tree = tempfile::tempdir().expect("a folder for the tree of files");
    machine::write(tree.path());
    println!("{} s of collections every {INTERVAL:?}, after {WARM_UP:?}", seconds);
    println!("{:<34} {:>8} {:>14} {:>10} {:>10}", "", "series", "ms/collection", "RSS MiB", "own MiB");
    let ours = measure("crowsnest-agent", seconds, |receiver| vec![agent(tree.path(), receiver)]);
    let (Some(exporter), Some(prometheus)) = (tool("prometheus-node-exporter"), tool("prometheus")) else {
        println!("no node exporter or Prometheus here: deploy/setup.sh test and bench unpack them");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder for Prometheus");
    let theirs = measure("node exporter + Prometheus agent", seconds, |receiver| {
        peers(&exporter, &prometheus, tree.path(), folder.path(), receiver)
    });
    let share = |ours: f64, theirs: f64| 100.0 * ours / theirs;
    println!(
        "ours is {:.0} % of their processor time, {:.0} % of their memory",
        share(ours.cpu_ms, theirs.cpu_ms),
        share(ours.resident_mib, theirs.resident_mib)
    );
}

/// The value of a flag of this benchmark.
fn argument(name: &str) -> Option<u64> {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1)?.parse().ok()
}

/// A program on the search path or in the folder of unpacked ones.
fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/bin");
    let folders = std::env::split_paths(&path).chain([unpacked]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Starts processes, waits until they push, and prints what they use from then on, together.
fn measure(name: &str, seconds: u64, start: impl FnOnce(&Receiver) -> Vec<Measured>) -> Usage {
    let receiver = Receiver::start();
    let processes = start(&receiver);
    thread::sleep(WARM_UP);
    let usage = |processes: &[Measured]| processes.iter().map(Measured::usage).sum::<Usage>();
    let before = usage(&processes);
    let (pushes_before, samples_before) = receiver.counts();
    thread::sleep(Duration::from_secs(seconds));
    let after = usage(&processes);
    let (pushes, samples) = receiver.counts();
    assert!(pushes > pushes_before, "{name} has pushed nothing");
    let collections = seconds as f64 / INTERVAL.as_secs_f64();
    let series = (samples - samples_before) as f64 / collections;
    let usage = Usage { cpu_ms: (after.cpu_ms - before.cpu_ms) / collections, ..after };
    println!(
        "{name:<34} {series:>8.0} {:>14.2} {:>10.1} {:>10.1}",
        usage.cpu_ms, usage.resident_mib, usage.own_mib
    );
    usage
}

fn paths(tree: &Path) -> Vec<String> {
    let below = |folder: &str| tree.join(folder).display().to_string();
    vec![
        format!("--path.procfs={}", below("proc")),
        format!("--path.sysfs={}", below("sys")),
        format!("--path.udev.data={}", below("udev")),
    ]
}

fn agent(tree: &Path, receiver: &Receiver) -> Measured {
    let queue = tree.join("queue");
    let mut command = Command::new(env!("CARGO_BIN_EXE_crowsnest-agent"));
    command
        .args(paths(tree))
        .args(["--server", &receiver.url(""), "--listen", "127.0.0.1:0", "--interval", "500ms"])
        .args(["--node-name", "bench", "--log-level", "warn", "--no-collector.udp_queues"])
        .arg("--queue-dir")
        .arg(queue);
    Measured::start(command)
}

fn peers(
    exporter: &Path,
    prometheus: &Path,
    tree: &Path,
    folder: &Path,
    receiver: &Receiver,
) -> Vec<Measured> {
    let port = receiver::free_port();
    let mut command = Command::new(exporter);
    command
        .args(paths(tree))
        .args(["--no-collector.netdev.netlink", "--web.disable-exporter-metrics"])
        .arg("--no-collector.systemd")
        .arg("--no-collector.udp_queues")
        .args(["--collector.diskstats.device-exclude", "^loop"])
        .arg(format!("--web.listen-address=127.0.0.1:{port}"));
    let exporter = Measured::start(command);
    let config = format!(
        "global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}\n\
         scrape_configs: [{{job_name: node-exporter, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n\
         remote_write: [{{url: '{}', queue_config: {{batch_send_deadline: 500ms}}}}]\n",
        receiver.url("api/v1/write")
    );
    let file = folder.join("prometheus.yml");
    std::fs::write(&file, config).expect("Prometheus's configuration is written");
    let mut command = Command::new(prometheus);
    command
        .args(["--enable-feature=agent", "--web.listen-address=127.0.0.1:0"])
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.agent.path={}", folder.join("wal").display()));
    vec![exporter, Measured::start(command)]
}
