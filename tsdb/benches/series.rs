//! Many active series: what each takes in memory, and whether a push every fifteen seconds can be kept up with.
//!
//! A million series of a hundred sources by default. `-- 100000 60` has as many series for as many minutes.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should say where")]

#[path = "store/clock.rs"]
mod clock;
#[path = "many/pushes.rs"]
mod pushes;

use crowsnest_api::Timestamp;
use crowsnest_promql::{Control, Engine, RangeParams, parse};
use crowsnest_tsdb::{Maintenance, Options, Tsdb};

use clock::Clock;
use pushes::{Tick, memory, push};

const STEP: i64 = 15_000;
const TICKS_A_MINUTE: usize = 4;
const OF_A_SOURCE: usize = 10_000;
/// When the data begins: a window boundary, so that runs can be compared.
const START: i64 = 1_700_006_400_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse().ok());
    let series: usize = numbers.next().unwrap_or(1_000_000);
    let ticks = numbers.next().unwrap_or(45) * TICKS_A_MINUTE;

    let dir = tempfile::tempdir().unwrap();
    let db = sled::Config::new().path(dir.path().join("catalog")).open().unwrap();
    let tree = db.open_tree("blocks").unwrap();
    let data = dir.path().join("tsdb");
    let options = Options { max_series: 2 * series, max_selected_series: 2 * series, ..Options::default() };
    let end = Timestamp::from_millis(START + ticks as i64 * STEP);
    let open = || Tsdb::open(&data, tree.clone(), options.clone(), end).unwrap();

    let store = open().0;
    let empty = memory("RssAnon");
    println!(
        "{:>6} {:>14} {:>16} {:>18} {:>14}",
        "minute", "bytes a series", "CPU s a tick", "slowest tick, s", "maintenance, s"
    );
    let (mut busy, mut slowest, mut maintaining) = (0.0f64, 0.0f64, 0.0f64);
    for tick in 0..ticks {
        let clock = Clock::start();
        for source in 0..series.div_ceil(OF_A_SOURCE) {
            let at = START + (tick as i64 + 1) * STEP - STEP * (source % 100) as i64 / 100;
            push(&store, &Tick { source, series: OF_A_SOURCE, number: tick, at, replaced: 0 });
        }
        let (wall, cpu) = clock.seconds();
        (busy, slowest) = (busy + cpu, slowest.max(wall));
        let clock = Clock::start();
        while store.maintain(end).unwrap() != Maintenance::default() {}
        maintaining += clock.seconds().0;
        if (tick + 1) % (5 * TICKS_A_MINUTE) == 0 {
            let own = memory("RssAnon").saturating_sub(empty) as f64 / series as f64;
            let of_one = busy / (5 * TICKS_A_MINUTE) as f64;
            println!(
                "{:>6} {own:>14.0} {of_one:>16.2} {slowest:>18.2} {maintaining:>14.1}",
                (tick + 1) / TICKS_A_MINUTE
            );
            (busy, slowest, maintaining) = (0.0, 0.0, 0.0);
        }
    }
    println!("peak memory, MB: {}", memory("VmHWM") / 1_000_000);
    for query in [
        "topk(10, metric_007)",
        "count({pod=~\".*77\"})",
        "count by (__name__) ({job=\"kubelet\"})",
        "sum(rate(metric_007[5m]))",
    ] {
        ask(&store, query, end);
    }
    drop(store);
    let clock = Clock::start();
    let (_store, recovery) = open();
    clock.print("restart");
    println!("samples replayed: {}", recovery.samples);
}

fn ask(store: &Tsdb, query: &str, end: Timestamp) {
    let (engine, expr) = (Engine::default(), parse(query).unwrap());
    let clock = Clock::start();
    let range = RangeParams::new(end, end, std::time::Duration::from_secs(15)).unwrap();
    engine.range(store, &expr, range, &Control::unlimited()).unwrap();
    clock.print(query);
}
