//! Alerting rules of ours beside Prometheus's: the same file over the same series, and what evaluating it takes.
//!
//! Each server is given five minutes of samples, and is then left alone with its rules, each the rate of a hundred series. What it uses
//! meanwhile is the kernel's figure (`/proc/PID`). `make bench-rules` runs it; `docs/alerting.md` has results.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should say where")]

#[path = "store_peers/peer.rs"]
mod peer;
#[path = "store_peers/process.rs"]
#[expect(dead_code, reason = "used by the other benchmark")]
mod process;
#[path = "../../tsdb/benches/store/recording.rs"]
mod recording;
#[path = "store_peers/replay.rs"]
#[expect(dead_code, reason = "used by the other benchmark")]
mod replay;
#[path = "store_peers/sender.rs"]
mod sender;
#[path = "store_peers/syncs.rs"]
#[expect(dead_code, reason = "used by the other benchmark")]
mod syncs;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use clap::Parser;

use peer::Peer;
use process::Process;
use replay::Replay;

/// Series of one rule: one of each node.
const NODES: usize = 100;
/// Rules of one group.
const GROUP: usize = 100;
/// Ticks of fifteen seconds before the rules are left alone.
const TICKS: usize = 20;
/// Rounds of thirty seconds that are counted, after one that is not.
const ROUNDS: u32 = 3;
const INTERVAL: Duration = Duration::from_secs(30);

/// What to measure.
#[derive(Parser)]
struct Arguments {
    /// Series in all; a hundredth of it is the number of rules.
    #[arg(long, default_value_t = 1_000_000)]
    series: usize,
    /// Servers to run, `crowsnest` and `prometheus`.
    #[arg(long, value_delimiter = ',', default_value = "crowsnest,prometheus")]
    servers: Vec<String>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
    /// Given by `cargo test --benches`, which has nothing to prove here.
    #[arg(long, hide = true)]
    test: bool,
}

/// Arguments that make a server evaluate `DIR/provisioning/rules/rules.yml`.
const WITH_RULES: &[(&str, &[&str])] = &[
    (
        "crowsnest",
        &[
            "serve",
            "--listen=127.0.0.1:0",
            "--http-listen=127.0.0.1:PORT",
            "--auth=none",
            "--data-dir=DIR/data",
            "--provisioning=DIR/provisioning",
            "--max-series=1200000",
        ],
    ),
    (
        "prometheus",
        &[
            "--config.file=DIR/prometheus.yml",
            "--web.listen-address=127.0.0.1:PORT",
            "--web.enable-remote-write-receiver",
            "--storage.tsdb.path=DIR/data",
            "--log.level=error",
        ],
    ),
];

fn main() {
    let arguments = Arguments::parse();
    if arguments.test {
        return;
    }
    let rules = arguments.series / NODES;
    println!("\n## {rules} rules over {} series, every {} s\n", arguments.series, INTERVAL.as_secs());
    println!(
        "{:<12}{:>22}{:>22}{:>26}{:>12}",
        "", "CPU s a round, rules", "peak memory, MB", "evaluation s, all groups", "healthy"
    );
    for name in &arguments.servers {
        let with_rules = WITH_RULES.iter().find(|(known, _)| known == name);
        match peer::find(name).zip(with_rules) {
            Some((peer, (_, arguments))) => measure(name, &Peer { arguments, ..peer }, rules),
            None => println!("{name} is not here; `deploy/setup.sh bench` unpacks Debian's packages"),
        }
    }
}

fn measure(name: &str, peer: &Peer, rules: usize) {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), rules);
    let server = Process::start(peer, folder.path(), None);
    sender::push_all(&server, &Replay::named(NODES, rules, TICKS), 4);
    std::thread::sleep(INTERVAL);
    let before = server.usage();
    std::thread::sleep(INTERVAL * ROUNDS);
    let used = server.usage().since(&before);
    let (healthy, seconds) = evaluated(&server);
    println!(
        "{name:<12}{:>22.2}{:>22.0}{seconds:>26.2}{:>12}",
        used.cpu.as_secs_f64() / f64::from(ROUNDS),
        used.peak_own as f64 / 1e6,
        healthy
    );
}

/// Writes the rules, and a configuration for Prometheus that names them.
fn configure(folder: &Path, rules: usize) {
    let mut yaml = String::from("groups:\n");
    for rule in 0..rules {
        if rule.is_multiple_of(GROUP) {
            writeln!(yaml, "- name: group-{}\n  interval: {}s\n  rules:", rule / GROUP, INTERVAL.as_secs())
                .unwrap();
        }
        let expr = format!("sum by (job) (rate(requests_{rule:05}_total[5m])) > 1e9");
        writeln!(
            yaml,
            "  - {{alert: TooMany{rule}, expr: '{expr}', for: 5m, labels: {{severity: warning}}}}"
        )
        .unwrap();
    }
    let files = folder.join("provisioning/rules");
    std::fs::create_dir_all(&files).unwrap();
    std::fs::write(files.join("rules.yml"), yaml).unwrap();
    let config = format!("rule_files: ['{}']\n", files.join("rules.yml").display());
    std::fs::write(folder.join("prometheus.yml"), config).unwrap();
}

/// How many rules are healthy, and how long their last evaluation took, added up over groups.
fn evaluated(server: &Process<'_>) -> (usize, f64) {
    let body = server.client.get(server.url("/api/v1/rules")).send().unwrap().text().unwrap();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let groups = body["data"]["groups"].as_array().unwrap().iter();
    let groups = groups.filter(|group| group["name"].as_str().is_some_and(|name| name.starts_with("group-")));
    let each = groups.map(|group| {
        let healthy = group["rules"].as_array().unwrap().iter().filter(|rule| rule["health"] == "ok").count();
        (healthy, group["evaluationTime"].as_f64().unwrap())
    });
    each.fold((0, 0.0), |(a, b), (c, d)| (a + c, b + d))
}
