//! What the store takes in, what that costs on disk, and how fast it answers.
//!
//! Data is made here: nodes with counters, gauges, rarely changing and constant series. Where the corpus is at hand
//! (`CROWSNEST_CORPUS`, else `../shared/corpus`), recorded pages of a real node exporter are replayed as well. Every
//! timing stands beside a checksum of the answer, which must be the same from the head, from blocks and after a restart.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should say where")]

#[path = "store/clock.rs"]
mod clock;
#[path = "store/corpus.rs"]
mod corpus;
#[path = "store/folder.rs"]
mod folder;
#[path = "store/made_up.rs"]
mod made_up;
#[path = "store/recording.rs"]
mod recording;

use std::time::{Duration, Instant};

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::{MatchOp, Matcher, Queryable, Selection};
use crowsnest_tsdb::{Appender, Batch, Maintenance, Options, Origin, SeriesBatch, Tsdb};

use clock::Clock;

/// When the data begins: a window boundary, so that runs can be compared.
const START: i64 = 1_700_006_400_000;
const STEP: i64 = 15_000;
const SENDERS: usize = 8;

/// What is pushed: one batch a node and tick.
trait Load: Sync {
    fn nodes(&self) -> usize;
    fn ticks(&self) -> usize;
    /// The samples of one push, without their timestamp.
    fn push(&self, node: usize, tick: usize) -> Vec<(Labels, f64)>;
}

fn main() {
    // `cargo test --benches` runs this too; it has nothing to prove there.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let made_up = made_up::Nodes { nodes: 20, ticks: 960 };
    run("made up: 20 nodes, 200 series each, 4 h", &made_up);
    match corpus::Replay::load(20, 2) {
        Ok(replay) => run("recorded: 20 nodes of node_exporter pages, 4 h", &replay),
        Err(reason) => println!("\nrecorded pages: skipped, {reason}"),
    }
}

fn run(title: &str, load: &impl Load) {
    println!("\n## {title}");
    let dir = tempfile::tempdir().unwrap();
    let db = sled::Config::new().path(dir.path().join("catalog")).open().unwrap();
    let tree = db.open_tree("blocks").unwrap();
    let data = dir.path().join("tsdb");
    let end = START + load.ticks() as i64 * STEP;
    let open = || Tsdb::open(&data, tree.clone(), Options::default(), Timestamp::from_millis(end)).unwrap().0;

    let store = open();
    let clock = Clock::start();
    let samples = ingest(&store, load);
    let (wall, cpu) = clock.seconds();
    let status = store.store_status();
    println!("{:<44}{samples:>14}", "samples");
    println!("{:<44}{:>14.0}", "ingested a second", samples as f64 / wall);
    println!("{:<44}{:>14.0}", "ingested a CPU second, generator included", samples as f64 / cpu);
    println!(
        "{:<44}{:>14}",
        "pushes a sync",
        format!("{:.1}", status.wal_records as f64 / status.wal_syncs as f64)
    );
    println!("{:<44}{:>14.2}", "log bytes a sample", status.wal_bytes as f64 / samples as f64);

    let in_head = queries(&store, end, "head");
    drop(store);
    let clock = Clock::start();
    let store = open();
    clock.print("restart, everything from the log");

    let clock = Clock::start();
    while store.maintain(Timestamp::from_millis(end)).unwrap() != Maintenance::default() {}
    let status = store.store_status();
    clock.print("cut into blocks");
    let bytes = status.block_bytes as f64 / status.block_samples as f64;
    println!("{:<44}{:>14}", "blocks", format!("{} of {} samples", status.blocks, status.block_samples));
    println!("{:<44}{bytes:>14.3}", "block bytes a sample");
    let in_blocks = queries(&store, end, "blocks and head");
    assert_eq!(in_head, in_blocks, "blocks answer as the head did");
    drop(store);
    let clock = Clock::start();
    let store = open();
    clock.print("restart with blocks");
    assert_eq!(queries(&store, end, "after a restart"), in_blocks, "a restart changes no answer");
    println!("{:<44}{:>14}", "folder, bytes", folder::bytes(&data));
}

/// Pushes everything from several threads, each with nodes of its own, and says how many samples that was.
fn ingest(store: &Tsdb, load: &impl Load) -> u64 {
    std::thread::scope(|scope| {
        let senders = (0..SENDERS).map(|sender| {
            scope.spawn(move || {
                let mut written = 0;
                for tick in 0..load.ticks() {
                    for node in (sender..load.nodes()).step_by(SENDERS) {
                        let timestamp = START + tick as i64 * STEP + node as i64 * 37;
                        let series = load.push(node, tick).into_iter().map(|(labels, value)| {
                            SeriesBatch::of_floats(labels, vec![Sample::new(timestamp, value)])
                        });
                        let batch = Batch {
                            origin: Origin::Source(format!("node-{node}").into()),
                            received: Timestamp::from_millis(timestamp),
                            series: series.collect(),
                            metadata: Vec::new(),
                        };
                        let outcome = store.append(batch).unwrap();
                        assert!(outcome.rejected.is_empty(), "{:?}", outcome.rejected);
                        written += outcome.written;
                    }
                }
                written
            })
        });
        let senders: Vec<_> = senders.collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).sum()
    })
}

/// Times a few selections, prints a table, and gives back the checksums of the answers.
fn queries(store: &Tsdb, end: i64, place: &str) -> Vec<u64> {
    let equal = |name: &str, value: &str| Matcher::equal(name, value);
    let regex = |name: &str, value: &str| Matcher::new(name, MatchOp::Regex, value).unwrap();
    let cases: [(&str, Vec<Matcher>, i64); 5] = [
        (
            "one node's CPUs, 4 h",
            vec![equal("__name__", "node_cpu_seconds_total"), regex("instance", "node-0003:9100")],
            4 * 3600,
        ),
        ("all CPUs, 4 h", vec![equal("__name__", "node_cpu_seconds_total")], 4 * 3600),
        ("all CPUs, 5 min", vec![equal("__name__", "node_cpu_seconds_total")], 300),
        ("everything, 5 min", vec![equal("job", "node-exporter")], 300),
        ("a regex over names, 1 h", vec![regex("__name__", "node_(load|memory_Mem).*")], 3600),
    ];
    println!("\n{place:<32}{:>12}{:>10}{:>12}  checksum", "median ms", "series", "samples");
    let checksums = cases.map(|(what, matchers, seconds)| {
        let (start, end) = (Timestamp::from_millis(end - seconds * 1000), Timestamp::from_millis(end));
        let selection = Selection::new(&matchers, start, end);
        let mut times = Vec::new();
        let mut answer = (0, 0, 0);
        for _ in 0..5 {
            let started = Instant::now();
            answer = checksum(store, &selection);
            times.push(started.elapsed());
        }
        times.sort_unstable();
        let median = times.get(2).map_or(0.0, Duration::as_secs_f64) * 1000.0;
        println!("{what:<32}{median:>12.2}{:>10}{:>12}  {:016x}", answer.0, answer.1, answer.2);
        answer.2
    });
    println!();
    checksums.to_vec()
}

/// Series, samples, and a number that depends on every label and every bit.
fn checksum(store: &Tsdb, selection: &Selection<'_>) -> (usize, usize, u64) {
    let set = store.select(selection).unwrap();
    assert_eq!(set.warnings, Vec::<String>::new());
    let (mut series_count, mut sample_count, mut sum) = (0, 0, 0xcbf2_9ce4_8422_2325u64);
    let mut mix = |value: u64| sum = (sum ^ value).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17);
    for series in set.series {
        let series = series.unwrap();
        series_count += 1;
        sample_count += series.samples.len();
        for label in &series.labels {
            label.name.bytes().chain(label.value.bytes()).for_each(|byte| mix(u64::from(byte)));
        }
        for sample in series.samples {
            mix(sample.timestamp.millis() as u64);
            mix(sample.value.to_bits());
        }
    }
    (series_count, sample_count, sum)
}
