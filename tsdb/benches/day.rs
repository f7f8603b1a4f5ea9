//! A day of twenty nodes, straight into the store: what it costs in processor time and bytes, and where the bytes are.
//!
//! Replays the corpus' recording as `make bench-store` does, without HTTP: one push a node and tick, twenty at a time.
//! `-- 2` replays two hours instead of twenty-four.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should say where")]

#[path = "store/clock.rs"]
mod clock;
#[path = "store/folder.rs"]
mod folder;
#[path = "store/recording.rs"]
mod recording;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_tsdb::{Appender, Maintenance, Options, Origin, Push, PushedLabels, PushedSeries, Tsdb};

use clock::Clock;
use recording::{Recording, labels};

const NODES: usize = 20;
const STEP: i64 = 15_000;
const TICKS_AN_HOUR: usize = 240;
/// When the data begins: a window boundary, so that runs can be compared.
const START: i64 = 1_700_006_400_000;
/// How often the server looks after its blocks while a replay runs, in ticks.
const MAINTAIN_TICKS: usize = 240;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let hours: usize = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(24);
    let corpus = std::env::var_os("CROWSNEST_CORPUS").unwrap_or_else(|| "../shared/corpus".into());
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(corpus);
    match Recording::load(&corpus.join("capture/node_exporter.capture.gz")) {
        Ok(recording) => run(&recording, hours),
        Err(error) => println!("recorded pages: skipped, {error}"),
    }
}

fn run(recording: &Recording, hours: usize) {
    let dir = tempfile::tempdir().unwrap();
    let db = sled::Config::new().path(dir.path().join("catalog")).open().unwrap();
    let tree = db.open_tree("blocks").unwrap();
    let data = dir.path().join("tsdb");
    let ticks = hours * TICKS_AN_HOUR;
    let end = Timestamp::from_millis(START + ticks as i64 * STEP);
    let open = || Tsdb::open(&data, tree.clone(), Options::default(), end).unwrap();

    let store = open().0;
    let (clock, written) = (Clock::start(), written_bytes());
    let labels = (0..NODES).map(|node| recording.names.iter().map(|name| labels(name, node)).collect());
    let labels: Vec<Vec<Labels>> = labels.collect();
    let (mut samples, mut maintaining, mut cut, mut merged) = (0u64, 0.0, 0, 0);
    for tick in 0..ticks {
        samples += push_all(&store, recording, &labels, tick);
        if tick % MAINTAIN_TICKS == 0 || tick + 1 == ticks {
            let clock = Clock::start();
            loop {
                let done = store.maintain(end).unwrap();
                cut += done.cut.len();
                merged += done.merged.len();
                if done == Maintenance::default() {
                    break;
                }
            }
            maintaining += clock.seconds().1;
        }
    }
    let (_, cpu) = clock.seconds();
    let print = |what: &str, value: String| println!("{what:<44}{value:>14}");
    let per_sample = |bytes: u64| format!("{:.3}", bytes as f64 / samples as f64);
    print("samples", samples.to_string());
    print("samples a CPU second, generator included", format!("{:.0}", samples as f64 / cpu));
    print("of that, seconds of blocks", format!("{maintaining:.1} of {cpu:.1}"));
    print("blocks cut and merged", format!("{cut} {merged}"));
    print("bytes written a sample", per_sample(written_bytes() - written));
    let status = store.store_status();
    print("bytes a sample: log", per_sample(status.wal_bytes));
    print("bytes a sample: blocks", per_sample(status.block_bytes));
    print("bytes a sample: manifest's folder", per_sample(folder::bytes(&dir.path().join("catalog"))));
    print("peak memory, MB", peak_memory());
    for block in store.blocks() {
        let hours = block.max_time.millis().saturating_sub(block.min_time.millis()) as f64 / 3_600_000.0;
        let per_sample = |bytes: u64| format!("{:.4}", bytes as f64 / block.samples as f64);
        println!(
            "block {} {hours:>6.2} h {:>10} samples {}",
            block.id,
            block.samples,
            per_sample(block.bytes)
        );
        for (section, bytes) in sections(&data.join("blocks").join(format!("{}.block", block.id))) {
            println!("    {section:<40}{:>14}", per_sample(bytes));
        }
    }
    drop(store);
    let clock = Clock::start();
    let (_store, recovery) = open();
    clock.print("restart");
    print("samples replayed", recovery.samples.to_string());
}

/// Pushes what all nodes have at a tick, waits for the answers, and says how many samples that was.
fn push_all(store: &Tsdb, recording: &Recording, labels: &[Vec<Labels>], tick: usize) -> u64 {
    let (sender, receiver) = mpsc::channel();
    let pages = recording.pages.len();
    for (node, labels) in labels.iter().enumerate() {
        // Agents push at moments of their own, and no two nodes see the same.
        let position = tick + node * pages / NODES;
        let at = START + (tick as i64 + 1) * STEP - STEP * node as i64 / NODES as i64;
        let round = (position / pages) as f64;
        let page = &recording.pages[position % pages];
        let value = |&(series, value): &(usize, f64)| value + round * recording.growth[series];
        let samples: Vec<Sample> = page.iter().map(|line| Sample::new(at, value(line))).collect();
        let series = page.iter().zip(&samples).map(|(&(series, _), sample)| PushedSeries {
            labels: PushedLabels::Set(&labels[series]),
            samples: std::slice::from_ref(sample),
            extras: None,
        });
        let push = Push {
            origin: Origin::Source(format!("node-{node}").into()),
            received: Timestamp::from_millis(at),
            series: series.collect(),
            metadata: Vec::new(),
        };
        let sender = sender.clone();
        store.push(&push, Box::new(move |outcome| drop(sender.send(outcome))));
    }
    drop(sender);
    let outcomes = receiver.iter().map(Result::unwrap);
    outcomes
        .map(|outcome| {
            assert!(outcome.rejected.is_empty(), "{:?}", outcome.rejected);
            outcome.written
        })
        .sum()
}

/// What the footer and the directory of a block say about its parts, in bytes.
fn sections(path: &Path) -> BTreeMap<String, u64> {
    let content = std::fs::read(path).unwrap();
    let trailer = content.len() - 16;
    let number = |at: usize| u32::from_le_bytes(content[at..at + 4].try_into().unwrap());
    let footer = &content[trailer - number(trailer) as usize..trailer];
    let footer: serde_json::Value = serde_json::from_slice(footer).unwrap();
    let directory = footer["sections"]["directory"]["offset"].as_u64().unwrap() as usize;
    let mut sections = BTreeMap::new();
    for (name, section) in footer["sections"].as_object().unwrap() {
        let field = |name: &str| section[name].as_u64();
        let pages = field("page").unwrap_or(0)..field("page").unwrap_or(0) + field("pages").unwrap_or(0);
        let in_pages: u64 = pages.map(|page| u64::from(number(directory + page as usize * 20 + 8))).sum();
        sections.insert(name.clone(), field("bytes").unwrap_or(in_pages));
    }
    let rest = content.len() as u64 - sections.values().sum::<u64>();
    sections.insert("chunks, footer".to_owned(), rest);
    sections
}

/// Bytes that this process has had written to disks.
fn written_bytes() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    io.lines().find_map(|line| line.strip_prefix("write_bytes: ")?.parse().ok()).unwrap_or(0)
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<f64> = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok());
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{:.0}", kib / 1024.0))
}
