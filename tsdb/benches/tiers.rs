//! What down-sampled samples take on disk: the corpus' recording of some nodes, first raw, then in buckets of five minutes,
//! then of an hour. `-- 2 24` replays two nodes for a day.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should say where")]

#[path = "store/recording.rs"]
mod recording;

use std::path::Path;
use std::time::{Duration, Instant};

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::Resolution;
use crowsnest_tsdb::{
    Appender as _, Batch, Inspection, Maintenance, Options, Origin, SeriesBatch, Tier, Tsdb,
};

use recording::{Recording, labels};

const STEP: i64 = 15_000;
const TICKS_AN_HOUR: usize = 240;
/// When the data begins: a window boundary, so that runs can be compared.
const START: i64 = 1_700_006_400_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse().ok());
    let (nodes, hours) = (numbers.next().unwrap_or(2), numbers.next().unwrap_or(24));
    let corpus = std::env::var_os("CROWSNEST_CORPUS").unwrap_or_else(|| "../shared/corpus".into());
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(corpus);
    match Recording::load(&corpus.join("capture/node_exporter.capture.gz")) {
        Ok(recording) => run(&recording, nodes, hours),
        Err(error) => println!("recorded pages: skipped, {error}"),
    }
}

fn run(recording: &Recording, nodes: usize, hours: usize) {
    let dir = tempfile::tempdir().unwrap();
    let db = sled::Config::new().path(dir.path().join("catalog")).open().unwrap();
    let data = dir.path().join("tsdb");
    let end = Timestamp::from_millis(START + (hours * TICKS_AN_HOUR) as i64 * STEP);
    let open = |options| Tsdb::open(&data, db.open_tree("blocks").unwrap(), options, end).unwrap().0;
    let hours_long = |hours: u64| Duration::from_secs(hours * 3600);
    let tier = |resolution, keep| Tier { resolution, keep: hours_long(keep) };
    let (five, hour) = (Resolution::FiveMinutes, Resolution::OneHour);

    let store = open(Options::default());
    for tick in 0..hours * TICKS_AN_HOUR {
        push_all(&store, recording, nodes, tick);
        if tick % TICKS_AN_HOUR == 0 {
            settle(&store, end);
        }
    }
    settle(&store, end);
    drop(store);
    let raw = print(&data, 0, "as pushed", None);
    let retention = hours_long(1);
    for (what, tiers) in [
        ("in buckets of 5 minutes", vec![tier(five, 10_000)]),
        ("in buckets of an hour", vec![tier(five, 2), tier(hour, 10_000)]),
    ] {
        let resolution = tiers.last().map(|tier| tier.resolution);
        let store = open(Options { retention, tiers, ..Options::default() });
        let began = Instant::now();
        settle(&store, end);
        println!("{what}: made in {:.1} s", began.elapsed().as_secs_f64());
        drop(store);
        print(&data, raw, what, resolution);
    }
}

/// Maintains until there is nothing left to do.
fn settle(store: &Tsdb, now: Timestamp) {
    while store.maintain(now).unwrap() != Maintenance::default() {}
}

/// Prints what blocks of a tier take, for each of `raw` samples, or each that they have; gives back how many these are.
fn print(data: &Path, raw: u64, what: &str, resolution: Option<Resolution>) -> u64 {
    let blocks = Inspection::new(data).contents().unwrap().blocks;
    let hours = |from: Timestamp, to: Timestamp| (to.millis() - from.millis()) as f64 / 3_600_000.0;
    let of = || blocks.iter().filter(|block| block.resolution == resolution);
    let (samples, bytes) =
        (of().map(|block| block.samples).sum::<u64>(), of().map(|block| block.bytes).sum::<u64>());
    let all = if raw == 0 { samples } else { raw };
    let span: f64 = of().map(|block| hours(block.min_time, block.max_time)).sum();
    println!(
        "{what:<26} {span:>6.1} h {samples:>10} samples {bytes:>10} bytes, {:.4} a raw sample of all",
        bytes as f64 / all as f64
    );
    all
}

/// Pushes what all nodes have at a tick.
fn push_all(store: &Tsdb, recording: &Recording, nodes: usize, tick: usize) {
    let pages = recording.pages.len();
    for node in 0..nodes {
        // Agents push at moments of their own, and no two nodes see the same.
        let position = tick + node * pages / nodes;
        let at = START + (tick as i64 + 1) * STEP - STEP * node as i64 / nodes as i64;
        let round = (position / pages) as f64;
        let series = recording.pages[position % pages].iter().map(|&(series, value)| {
            let sample = Sample::new(at, value + round * recording.growth[series]);
            SeriesBatch::of_floats(names(recording, node, series), vec![sample])
        });
        let outcome = store.append(Batch {
            origin: Origin::Source(format!("node-{node}").into()),
            received: Timestamp::from_millis(at),
            series: series.collect(),
            metadata: Vec::new(),
        });
        assert!(outcome.unwrap().rejected.is_empty());
    }
}

fn names(recording: &Recording, node: usize, series: usize) -> Labels {
    labels(&recording.names[series], node)
}
