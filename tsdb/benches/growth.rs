//! What becomes of the store as it grows: in series, in time, and under churn.
//!
//! Each cell runs in a process of its own: so many series, for so long, at such an interval, with such a share of the series replaced every
//! hour. A row of a table for each; `--rows FOLDER` writes what was measured on the way, one tab-separated file a cell, as
//! `cargo run --package crowsnest-chart --example curves` draws it. `-- NAME` runs the cells whose names contain it.
//! Two threads push; making labels and values counts as processor time of the store.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should say where")]

#[expect(dead_code, reason = "other benchmarks print with it")]
#[path = "store/clock.rs"]
mod clock;
#[path = "many/pushes.rs"]
mod pushes;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crowsnest_api::Timestamp;
use crowsnest_promql::{Control, Engine, RangeParams, parse};
use crowsnest_tsdb::{Maintenance, Options, Tsdb};

use clock::Clock;
use pushes::{Tick, memory, push};

/// When the data begins: a window boundary, so that runs can be compared.
const START: i64 = 1_700_006_400_000;
const HOUR: i64 = 3_600_000;
/// How often a cell is measured on its way.
const POINTS: usize = 48;
const THREADS: usize = 2;
/// Over the last hour of data, as a dashboard asks again and again.
const QUERIES: [&str; 3] = [
    "sum(rate(metric_007[5m]))",
    "topk(10, metric_003)",
    "max by (namespace) (max_over_time(metric_005[10m]))",
];

struct Cell {
    name: &'static str,
    series: usize,
    hours: i64,
    interval_s: i64,
    /// Whether a twentieth of the series is replaced every hour.
    churn: bool,
}

const fn cell(name: &'static str, series: usize, hours: i64, interval_s: i64) -> Cell {
    Cell { name, series, hours, interval_s, churn: false }
}

/// Up to six hundred million samples; what would be more has an interval of five minutes.
const CELLS: [Cell; 8] = [
    cell("10k-1h", 10_000, 1, 15),
    cell("10k-1d", 10_000, 24, 15),
    cell("10k-30d-5m", 10_000, 720, 300),
    Cell { churn: true, ..cell("10k-30d-5m-churn", 10_000, 720, 300) },
    cell("100k-1h", 100_000, 1, 15),
    cell("100k-1d", 100_000, 24, 15),
    cell("1m-1h", 1_000_000, 1, 15),
    cell("1m-1d-5m", 1_000_000, 24, 300),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    if let [flag, name] = arguments.as_slice()
        && flag == "--cell"
    {
        return CELLS.iter().filter(|cell| cell.name == name).for_each(Cell::run);
    }
    let rows = arguments.iter().position(|argument| argument == "--rows");
    let folder = rows.and_then(|flag| arguments.get(flag + 1));
    let wanted = arguments.first().filter(|first| !first.starts_with("--"));
    println!("{}", HEAD.join(" "));
    for cell in CELLS.iter().filter(|cell| wanted.is_none_or(|part| cell.name.contains(part))) {
        let output =
            Command::new(std::env::current_exe().unwrap()).args(["--cell", cell.name]).output().unwrap();
        assert!(output.status.success(), "{}: {}", cell.name, String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let (points, row) = text.trim_end().rsplit_once('\n').unwrap();
        println!("{row}");
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(Path::new(folder).join(format!("{}.tsv", cell.name)), points).unwrap();
        }
    }
}

const HEAD: [&str; 10] = [
    "cell              ",
    "  samples",
    "k samples/CPU s",
    "k samples/s",
    "peak MB",
    "B/sample",
    "restart ms",
    "rate ms",
    "topk ms",
    "max_over_time ms",
];

impl Cell {
    fn run(&self) {
        let dir = tempfile::tempdir().unwrap();
        let catalog = sled::Config::new().path(dir.path().join("catalog")).open().unwrap();
        let tree = catalog.open_tree("blocks").unwrap();
        let data = dir.path().join("tsdb");
        let options = Options {
            retention: Duration::from_secs(90 * 86_400),
            max_series: 4 * self.series,
            max_selected_series: 4 * self.series,
            ..Options::default()
        };
        let open = |at| Tsdb::open(&data, tree.clone(), options.clone(), at).unwrap().0;
        let store = open(Timestamp::from_millis(START));
        let ticks = (self.hours * 3600 / self.interval_s) as usize;
        println!("hours\tcpu_us_per_sample\tanonymous_mb\tfolder_mb\tquery_ms");
        let (mut cpu, mut wall) = (0.0, 0.0);
        for point in 0..POINTS {
            let range = ticks * point / POINTS..ticks * (point + 1) / POINTS;
            let samples = range.len() * self.series;
            let clock = Clock::start();
            range.for_each(|tick| self.tick(&store, tick));
            let (seconds, busy) = clock.seconds();
            (cpu, wall) = (cpu + busy, wall + seconds);
            let at = START + self.hours * HOUR * (point as i64 + 1) / POINTS as i64;
            let query = QUERIES.map(|query| ask(&store, query, at)).iter().sum::<f64>();
            println!(
                "{:.2}\t{:.3}\t{:.1}\t{:.1}\t{query:.2}",
                (at - START) as f64 / HOUR as f64,
                busy * 1e6 / samples.max(1) as f64,
                memory("RssAnon") as f64 / 1e6,
                size(&data) as f64 / 1e6,
            );
        }
        let end = START + self.hours * HOUR;
        let peak = memory("VmHWM");
        let samples = (ticks * self.series) as f64;
        let queries = QUERIES.map(|query| ask(&store, query, end));
        let bytes = size(&data) as f64 / samples;
        // As when the process is killed: nothing is written at the end.
        drop(store);
        let began = Instant::now();
        let _store = open(Timestamp::from_millis(end));
        let restart = began.elapsed().as_secs_f64() * 1e3;
        let [rate, topk, max] = queries;
        let cells = [
            format!("{:<18}", self.name),
            format!("{samples:>9}"),
            format!("{:>15.0}", samples / cpu / 1e3),
            format!("{:>11.0}", samples / wall / 1e3),
            format!("{:>7}", peak / 1_000_000),
            format!("{bytes:>8.3}"),
            format!("{restart:>10.0}"),
            format!("{rate:>7.2}"),
            format!("{topk:>7.2}"),
            format!("{max:>16.2}"),
        ];
        println!("{}", cells.join(" "));
    }

    /// All sources push, then the store is looked after.
    fn tick(&self, store: &Tsdb, number: usize) {
        let sources = self.series.div_ceil(10_000).max(10);
        let at = START + (number as i64 + 1) * self.interval_s * 1000;
        let replaced = if self.churn { ((at - START) / HOUR) as usize } else { 0 };
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                scope.spawn(move || {
                    for source in (thread..sources).step_by(THREADS) {
                        push(store, &Tick { source, series: self.series / sources, number, at, replaced });
                    }
                });
            }
        });
        while store.maintain(Timestamp::from_millis(at)).unwrap() != Maintenance::default() {}
    }
}

/// The milliseconds of the fastest of three.
fn ask(store: &Tsdb, query: &str, end: i64) -> f64 {
    let (engine, expr) = (Engine::default(), parse(query).unwrap());
    let at = |millis| Timestamp::from_millis(millis);
    let range = RangeParams::new(at(end - HOUR), at(end), Duration::from_secs(60)).unwrap();
    let once = || {
        let began = Instant::now();
        engine.range(store, &expr, range, &Control::unlimited()).unwrap();
        began.elapsed().as_secs_f64() * 1e3
    };
    (0..3).map(|_| once()).fold(f64::MAX, f64::min)
}

/// Bytes of all files in a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            if entry.path().is_dir() {
                size(&entry.path())
            } else {
                entry.metadata().map_or(0, |of| of.len())
            }
        })
        .sum()
}
