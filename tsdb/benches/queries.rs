//! How long the corpus's dashboard queries take inside one process, and where the time goes.
//!
//! Twenty nodes replay a recorded node exporter for a day: the metrics that the queries read over hours for all of it, every
//! metric for the last minutes. Each query is asked of the engine and, beside it, of the plain evaluator; their answers
//! must agree. `-- NAME` runs the queries whose names contain it, again and again when `--spin SECONDS` follows, as a
//! profiler wants it. Needs the corpus (`CROWSNEST_CORPUS`, else `../shared/corpus`).
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should say where")]

#[path = "queries/answer.rs"]
mod answer;
#[path = "store/recording.rs"]
mod recording;
#[path = "queries/replay.rs"]
mod replay;
#[path = "queries/timed.rs"]
mod timed;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crowsnest_api::Timestamp;
use crowsnest_promql::{Control, Engine, EngineOptions, Evaluation, Expr, QueryResult, RangeParams, parse};
use crowsnest_tsdb::{Maintenance, Options, Tsdb};

use crate::timed::Timed;

/// When the data begins: a window boundary, so that runs can be compared.
const START: i64 = 1_700_006_400_000;
const STEP: i64 = 15_000;
const DAY: i64 = 86_400_000;
const NODES: usize = 20;
/// How often each query is asked.
const RUNS: usize = 21;

fn main() {
    // `cargo test --benches` runs this too; it has nothing to prove there.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let (wanted, spin) = (arguments.first(), arguments.get(2).and_then(|seconds| seconds.parse().ok()));
    let capture = capture();
    let queries = match std::fs::read_to_string(capture.join("queries.tsv")) {
        Ok(text) => Question::list(&text),
        Err(error) => return println!("skipped: {}: {error}", capture.display()),
    };
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path(), &capture);
    let mut sums = [0.0; 2];
    println!(
        "{:<28}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}  answer",
        "fastest run, ms", "engine", "selects", "prints", "plain", "series", "points"
    );
    let mut asked = 0;
    for question in queries.iter().filter(|question| wanted.is_none_or(|part| question.name.contains(part))) {
        if let Some(seconds) = spin {
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(seconds) {
                question.ask(&store, &fast());
            }
            continue;
        }
        let (of_engine, of_plain) = (question.run(&store, &fast()), question.run(&store, &plain()));
        answer::assert_same(&question.name, &of_engine.result.value, &of_plain.result.value);
        let (checksum, points) = answer::checksum(&of_engine.result.value);
        println!(
            "{:<28}{:>9.2}{:>9.2}{:>9.2}{:>9.2}{:>9}{points:>9}  {checksum:016x}",
            question.name,
            of_engine.total,
            of_engine.selecting,
            of_engine.printing,
            of_plain.total,
            of_engine.result.stats.series,
        );
        for (sum, outcome) in sums.iter_mut().zip([&of_engine, &of_plain]) {
            *sum += (outcome.total + outcome.printing).ln();
        }
        asked += 1;
    }
    if asked > 0 {
        let [engine, plain] = sums.map(|sum: f64| (sum / f64::from(asked)).exp());
        println!("geometric mean with printing: engine {engine:.2} ms, plain {plain:.2} ms");
    }
}

fn fast() -> Engine {
    Engine::default()
}

fn plain() -> Engine {
    Engine::new(EngineOptions { evaluation: Evaluation::Plain, ..EngineOptions::default() })
}

/// The folder of the recording.
fn capture() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let corpus = std::env::var_os("CROWSNEST_CORPUS").unwrap_or_else(|| "../shared/corpus".into());
    workspace.join(corpus).join("capture")
}

/// A store with a day of data, cut into blocks but for the newest hours.
fn store(dir: &Path, capture: &Path) -> Tsdb {
    let catalog = sled::Config::new().path(dir.join("catalog")).open().unwrap();
    let tree = catalog.open_tree("blocks").unwrap();
    let end = Timestamp::from_millis(START + DAY);
    let store = Tsdb::open(&dir.join("tsdb"), tree, Options::default(), end).unwrap().0;
    let began = Instant::now();
    let samples = replay::fill(&store, &capture.join("node_exporter.capture.gz")).unwrap();
    while store.maintain(end).unwrap() != Maintenance::default() {}
    println!("{samples} samples written in {:.1} s\n", began.elapsed().as_secs_f64());
    store
}

/// A row of `queries.tsv`.
struct Question {
    name: String,
    range_ms: i64,
    step: Duration,
    expr: Expr,
}

/// Milliseconds of the fastest run, which other work on the machine disturbs least, and the answer.
struct Outcome {
    total: f64,
    selecting: f64,
    printing: f64,
    result: QueryResult,
}

impl Question {
    fn list(text: &str) -> Vec<Self> {
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        let row = |line: &str| {
            let [name, range, step, expr] = line.splitn(4, '\t').collect::<Vec<_>>().try_into().unwrap();
            Self {
                name: str::to_owned(name),
                range_ms: 1000 * str::parse::<i64>(range).unwrap(),
                step: Duration::from_secs(str::parse(step).unwrap()),
                expr: parse(expr).unwrap(),
            }
        };
        rows.map(row).collect()
    }

    fn ask(&self, store: &Tsdb, engine: &Engine) -> (QueryResult, Duration) {
        let (timed, control, end) = (Timed::new(store), Control::unlimited(), START + DAY);
        let end_at = Timestamp::from_millis(end);
        let result = if self.range_ms == 0 {
            engine.instant(&timed, &self.expr, end_at, &control)
        } else {
            let start = Timestamp::from_millis(end - self.range_ms);
            let range = RangeParams::new(start, end_at, self.step).unwrap();
            engine.range(&timed, &self.expr, range, &control)
        };
        (result.unwrap(), timed.spent())
    }

    fn run(&self, store: &Tsdb, engine: &Engine) -> Outcome {
        let mut times = [Vec::new(), Vec::new(), Vec::new()];
        let mut last = None;
        for _ in 0..RUNS {
            let began = Instant::now();
            let (result, selecting) = self.ask(store, engine);
            let total = began.elapsed();
            let began = Instant::now();
            std::hint::black_box(answer::print(&result.value));
            for (times, time) in times.iter_mut().zip([total, selecting, began.elapsed()]) {
                times.push(time.as_secs_f64() * 1000.0);
            }
            last = Some(result);
        }
        let [total, selecting, printing] = times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            times.first().copied().unwrap_or_default()
        });
        Outcome { total, selecting, printing, result: last.unwrap() }
    }
}
