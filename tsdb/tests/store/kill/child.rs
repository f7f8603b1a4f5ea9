//! The process that is killed: pushes, maintains and deletes, and says before and after each step what it does.

use std::env;
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use crowsnest_promql::Matcher;
use crowsnest_tsdb::{Appender as _, Batch, Deletion, Origin, Tsdb};

use super::load::{Aging, LATE, RETENTION, Random, SOURCES, STEP, batches, open, push, time};
use crate::support::ms;

/// Where the child is told what to do.
const ASSIGNMENT: &str = "CROWSNEST_KILL_ASSIGNMENT";
/// How many pushes a source may be ahead of another.
const AHEAD: i64 = 20;

/// What a child is to do.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    pub(super) aging: Aging,
    pub(super) seed: u64,
    /// The number of each source's next push.
    pub(super) next: [i64; SOURCES],
}

impl Assignment {
    /// Starts a child that does it in the store in `dir`.
    pub(super) fn start(&self, dir: &Path) -> Child {
        let Self { aging, seed, next } = self;
        let numbers = next.map(|number| number.to_string()).join(" ");
        super::own_command()
            .args(["kill::child::works_until_it_is_killed", "--exact", "--ignored", "--nocapture"])
            .env(ASSIGNMENT, format!("{}\n{aging:?} {seed} {numbers}", dir.display()))
            .spawn()
            .unwrap()
    }

    fn parse(words: &str) -> Self {
        let (aging, numbers) = words.split_once(' ').unwrap();
        let aging = [Aging::Expires, Aging::Downsamples].into_iter().find(|one| format!("{one:?}") == aging);
        let mut numbers = numbers.split(' ');
        let seed = numbers.next().unwrap().parse().unwrap();
        let numbers: Vec<i64> = numbers.map(|number| number.parse().unwrap()).collect();
        Self { aging: aging.unwrap(), seed, next: numbers.try_into().unwrap() }
    }
}

#[test]
#[ignore = "the child of another test"]
fn works_until_it_is_killed() {
    let Ok(assignment) = env::var(ASSIGNMENT) else { return };
    let (dir, words) = assignment.split_once('\n').unwrap();
    let Assignment { aging, seed, next } = Assignment::parse(words);
    die_by_any_panic();
    let progress = next.map(AtomicI64::new);
    let now = || (0..SOURCES).map(|s| time(s, progress[s].load(Ordering::Relaxed))).max().unwrap();
    let (store, _) = open(Path::new(dir), aging, now());
    println!("\nopened");
    thread::scope(|scope| {
        for source in 0..SOURCES {
            let (store, progress) = (&store, &progress);
            scope.spawn(move || pushes(store, source, progress));
        }
        look_after(&store, &mut Random::new(seed), now);
    });
}

/// One thread's panic must not hide behind the others, which go on.
fn die_by_any_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::abort();
    }));
}

fn pushes(store: &Tsdb, source: usize, progress: &[AtomicI64; SOURCES]) {
    for number in progress[source].load(Ordering::Relaxed).. {
        let slowest = || progress.iter().map(|number| number.load(Ordering::Relaxed)).min().unwrap();
        while number > slowest() + AHEAD {
            thread::sleep(Duration::from_micros(200));
        }
        println!("push {source} {number}");
        let origin = Origin::Source(format!("source-{source}").into());
        let series = batches(source, push(source, number));
        let sent: u64 = series.iter().map(|batch| batch.samples.len() as u64).sum();
        let received = ms(time(source, number));
        let outcome = store.append(Batch { origin, received, series, metadata: Vec::new() }).unwrap();
        assert_eq!((outcome.written, outcome.rejected), (sent, Vec::new()));
        println!("acknowledged {source} {number}");
        progress[source].store(number + 1, Ordering::Relaxed);
    }
}

fn look_after(store: &Tsdb, random: &mut Random, now: impl Fn() -> i64) {
    loop {
        store.maintain(ms(now())).unwrap();
        if random.below(30) == 0 {
            delete(store, random, now());
        }
        thread::sleep(random.duration(Duration::from_millis(4)));
    }
}

/// Deletes what one source pushed in some minutes, far enough back that nothing late is still coming.
fn delete(store: &Tsdb, random: &mut Random, now: i64) {
    let newest = now - LATE - 2 * AHEAD * STEP;
    let to = newest - random.below((RETENTION - LATE) as u64) as i64;
    let from = to - random.below(600_000) as i64;
    let source = random.below(SOURCES as u64);
    println!("delete {source} {from} {to}");
    let matcher_sets = [vec![Matcher::equal("source", source.to_string())]];
    store.delete(&Deletion { matcher_sets: &matcher_sets, start: ms(from), end: ms(to) }).unwrap();
    println!("deleted {source} {from} {to}");
}
