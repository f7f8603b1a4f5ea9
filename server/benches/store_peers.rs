//! The server beside its peers: recorded node exporter pages replayed as many nodes by remote write, then fourteen queries.
//!
//! Every server runs as a process of its own in a folder of its own, takes one push a node and tick from twenty senders
//! over loopback, is left alone until it rests, asked, killed with SIGKILL and started again. Figures of processor,
//! memory and disk are the kernel's (`/proc/PID`). `make bench-store ARGS=…` runs it; `docs/store.md` has results.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should say where")]

#[path = "store_peers/peer.rs"]
mod peer;
#[path = "store_peers/process.rs"]
mod process;
#[path = "store_peers/queries.rs"]
mod queries;
// The same recording as the store's own benchmark.
#[path = "../../tsdb/benches/store/recording.rs"]
mod recording;
#[path = "store_peers/replay.rs"]
#[expect(dead_code, reason = "used by the other benchmark")]
mod replay;
#[path = "store_peers/sender.rs"]
mod sender;
#[path = "store_peers/syncs.rs"]
mod syncs;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Parser;

use peer::Peer;
use process::{Process, Usage};
use queries::Query;
use replay::Replay;
use syncs::Syncs;

/// What to measure, and how much of it.
#[derive(Parser)]
struct Arguments {
    /// Nodes that push.
    #[arg(long, default_value_t = 20)]
    nodes: usize,
    /// Hours that each node pushes, ending now; the fourteen queries look back 24.
    #[arg(long, default_value_t = 2)]
    hours: usize,
    /// Connections that push at once.
    #[arg(long, default_value_t = 20)]
    senders: usize,
    /// Let all nodes push the same values at the same moment, instead of each its own part of the recording.
    #[arg(long)]
    in_step: bool,
    /// Instead of a recording, 5,500 series a node that resemble each other, and questions for those.
    #[arg(long)]
    wide: bool,
    /// Peers to run, `crowsnest`, `prometheus`, `victoria-metrics`; those that are not installed are left out.
    #[arg(long, value_delimiter = ',', default_value = "crowsnest,prometheus,victoria-metrics")]
    servers: Vec<String>,
    /// Milliseconds that each sync takes longer. Crowsnest alone notices: programs in Go call the kernel by themselves.
    #[arg(long, default_value_t = 0)]
    sync_delay: u64,
    /// Where the servers keep their data meanwhile.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
    /// Given by `cargo test --benches`, which has nothing to prove here.
    #[arg(long, hide = true)]
    test: bool,
}

/// What was measured of one server.
struct Figures {
    samples: u64,
    wall: Duration,
    usage: Usage,
    folder_bytes: u64,
    /// While samples came.
    syncs: u64,
    ready: Duration,
    /// Median of each query, in the order of the file.
    medians: Vec<Duration>,
    checks: Vec<String>,
}

fn main() {
    let arguments = Arguments::parse();
    if arguments.test {
        return;
    }
    let Some((replay, queries)) = workload(&arguments) else { return };
    let mut columns = Vec::new();
    for name in &arguments.servers {
        match peer::find(name) {
            Some(peer) => {
                eprintln!("{name}: {} pushes …", replay.pushes());
                columns.push((name.as_str(), measure(&peer, &replay, &queries, &arguments)));
            }
            None => println!("{name} is not here; `deploy/setup.sh bench` unpacks Debian's packages"),
        }
    }
    print(&columns, &queries, &arguments);
}

/// What to push and what to ask; `None` without the corpus.
fn workload(arguments: &Arguments) -> Option<(Replay, Vec<Query>)> {
    if arguments.wide {
        return Some((Replay::wide(arguments.nodes, arguments.hours), queries::parse(queries::WIDE)));
    }
    let capture = corpus().join("capture");
    let pages = capture.join("node_exporter.capture.gz");
    match Replay::load(&pages, arguments.nodes, arguments.hours, arguments.in_step) {
        Ok(replay) => {
            let queries = std::fs::read_to_string(capture.join("queries.tsv")).unwrap();
            Some((replay, queries::parse(&queries)))
        }
        Err(reason) => {
            println!("skipped: {}: {reason}", pages.display());
            None
        }
    }
}

fn measure(peer: &Peer, replay: &Replay, queries: &[Query], arguments: &Arguments) -> Figures {
    let folder = match &arguments.folder {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.unwrap();
    let syncs = Syncs::new(Duration::from_millis(arguments.sync_delay));
    let mut server = Process::start(peer, folder.path(), syncs.as_ref());
    let count = || syncs.as_ref().map_or(0, Syncs::count);
    let (before, syncs_before) = (server.usage(), count());
    let started = Instant::now();
    let samples = sender::push_all(&server, replay, arguments.senders);
    let wall = started.elapsed();
    let syncs_done = count() - syncs_before;
    server.wait_until_idle();
    let usage = server.usage().since(&before);
    let folder_bytes = bytes_below(folder.path());
    let answers: Vec<_> = queries.iter().map(|query| query.ask(&server, replay.end())).collect();
    server.kill();
    let killed = Instant::now();
    server = Process::start(peer, folder.path(), syncs.as_ref());
    let ready = killed.elapsed();
    drop(server);
    let (medians, checks) = answers.into_iter().unzip();
    Figures { samples, wall, usage, folder_bytes, syncs: syncs_done, ready, medians, checks }
}

fn print(columns: &[(&str, Figures)], queries: &[Query], arguments: &Arguments) {
    println!("\n## {} nodes × {} h, {} senders\n", arguments.nodes, arguments.hours, arguments.senders);
    let heads: String = columns.iter().map(|(name, _)| format!("{name:>18}")).collect();
    println!("{:<44}{heads}", "");
    let row = |what: &str, value: &dyn Fn(&Figures) -> String| {
        let values: String = columns.iter().map(|(_, figures)| format!("{:>18}", value(figures))).collect();
        println!("{what:<44}{values}");
    };
    let per_sample = |bytes: u64, figures: &Figures| format!("{:.3}", bytes as f64 / figures.samples as f64);
    let ms = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1000.0);
    row("samples", &|figures| figures.samples.to_string());
    row("samples a CPU second of the server", &|figures| {
        format!("{:.0}", figures.samples as f64 / figures.usage.cpu.as_secs_f64())
    });
    row("samples a second", &|figures| format!("{:.0}", figures.samples as f64 / figures.wall.as_secs_f64()));
    row("bytes a sample in the data folder", &|figures| per_sample(figures.folder_bytes, figures));
    row("bytes written a sample", &|figures| per_sample(figures.usage.written, figures));
    row("syncs a second", &|figures| match figures.syncs {
        0 => "not counted".to_owned(),
        syncs => format!("{:.0}", syncs as f64 / figures.wall.as_secs_f64()),
    });
    row("bytes written a sync", &|figures| match figures.syncs {
        0 => "not counted".to_owned(),
        syncs => format!("{:.0}", figures.usage.written as f64 / syncs as f64),
    });
    row("peak memory, MB: anonymous and shared", &|figures| {
        format!("{:.0}", figures.usage.peak_own as f64 / 1e6)
    });
    row("peak memory, MB: with mapped files", &|figures| {
        format!("{:.0}", figures.usage.peak_all as f64 / 1e6)
    });
    row("ready after SIGKILL, ms", &|figures| ms(figures.ready));
    row("queries, geometric mean of medians, ms", &|figures| {
        let logs: f64 = figures.medians.iter().map(|median| median.as_secs_f64().ln()).sum();
        ms(Duration::from_secs_f64((logs / figures.medians.len() as f64).exp()))
    });
    for (at, query) in queries.iter().enumerate() {
        row(&format!("  {}", query.name), &|figures| {
            format!("{} ({})", ms(figures.medians[at]), figures.checks[at])
        });
    }
    println!("\nqueries: median in ms of five, and how many points the answer has");
}

/// The corpus beside the repository, or where `CROWSNEST_CORPUS` says.
fn corpus() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    workspace.join(std::env::var_os("CROWSNEST_CORPUS").unwrap_or_else(|| "../shared/corpus".into()))
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.metadata() {
            Ok(kind) if kind.is_dir() => bytes_below(&entry.path()),
            Ok(kind) => kind.len(),
            // A temporary file of the server's that has gone.
            Err(_) => 0,
        })
        .sum()
}
