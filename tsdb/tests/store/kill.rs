//! `kill -9` at random moments, again and again: a child ingests, cuts, merges, deletes and expires until it is killed, and a
//! ledger of what it was told says what must be there afterwards; once with samples that expire, and once with such as are
//! down-sampled first. `make kill-test` does either a thousand times.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "kill/buckets.rs"]
mod buckets;
#[path = "kill/child.rs"]
mod child;
#[path = "kill/ledger.rs"]
mod ledger;
#[path = "kill/load.rs"]
mod load;

use std::env;
use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crowsnest_promql::{Queryable as _, Selection};
use crowsnest_tsdb::{Recovery, Tsdb};

use child::Assignment;
use ledger::Ledger;
use load::{Aging, Random, open};

/// How often, unless `CROWSNEST_KILLS` says otherwise.
const KILLS: u64 = 20;
/// A child lives so long at most.
const LONGEST: Duration = Duration::from_millis(400);
/// A child that has not opened the store by then never will.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn every_acknowledged_sample_and_no_other_is_there_once_after_each_kill() {
    kill_again_and_again(Aging::Expires);
}

#[test]
fn each_bucket_has_every_acknowledged_sample_and_no_other_after_each_kill() {
    kill_again_and_again(Aging::Downsamples);
}

fn kill_again_and_again(aging: Aging) {
    let kills = env::var("CROWSNEST_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let (mut random, mut ledger, mut tally) = (Random::new(7), Ledger::default(), Tally::default());
    for kill in 1..=kills {
        let assignment = Assignment { aging, seed: random.below(u64::MAX), next: ledger.next() };
        run_and_kill(dir.path(), &assignment, &mut random, &mut ledger, &mut tally);
        // Sometimes a recovery is what the next kill interrupts, and nobody has looked in between.
        if kill == kills || random.below(4) > 0 {
            look(dir.path(), aging, &mut ledger, &mut tally);
        }
        if kill % 100 == 0 {
            println!("{kill} kills: {tally}");
        }
    }
    println!("{kills} kills: {tally}");
    assert!(tally.acknowledged > 0 && tally.looked > 0, "{tally}");
    let has_aged = aging == Aging::Downsamples && ledger.newest() > load::START + 2 * load::RETENTION;
    assert!(tally.with_buckets > 0 || !has_aged, "{tally}");
}

/// What happened, for those who read the figures.
#[derive(Debug, Default)]
struct Tally {
    acknowledged: u64,
    deletions: u64,
    while_opening: u64,
    while_deleting: u64,
    looked: u64,
    checked: u64,
    with_buckets: u64,
    torn: u64,
    debris: usize,
    adopted: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} pushes acknowledged, {} deletions; killed {} times while opening, {} while deleting; looked {} times at {} \
             samples, {} times at buckets, too; found {} torn ends of the log, {} unfinished or replaced blocks, {} blocks off the record",
            self.acknowledged,
            self.deletions,
            self.while_opening,
            self.while_deleting,
            self.looked,
            self.checked,
            self.with_buckets,
            self.torn,
            self.debris,
            self.adopted
        )
    }
}

fn run_and_kill(
    dir: &Path,
    assignment: &Assignment,
    random: &mut Random,
    ledger: &mut Ledger,
    tally: &mut Tally,
) {
    let mut child = assignment.start(dir);
    let lines = lines(child.stdout.take().unwrap());
    // One in eight does not even get to open the store.
    let mut kill_at = (random.below(8) == 0).then(|| Instant::now() + random.duration(LONGEST / 8));
    let (started, mut opened, mut deleting) = (Instant::now(), false, false);
    loop {
        let left = kill_at.map_or(PATIENCE, |at| at.saturating_duration_since(Instant::now()));
        match lines.recv_timeout(left) {
            Ok(line) => {
                if line == "opened" {
                    opened = true;
                    kill_at = kill_at.or_else(|| Some(Instant::now() + random.duration(LONGEST)));
                }
                take_down(&line, ledger, tally, &mut deleting);
            }
            Err(mpsc::RecvTimeoutError::Timeout) => break,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                panic!("the child ended by itself: {:?}", child.wait())
            }
        }
        assert!(kill_at.is_some() || started.elapsed() < PATIENCE, "the child does not open the store");
    }
    kill(&mut child);
    // What it had said by then counts.
    for line in lines {
        take_down(&line, ledger, tally, &mut deleting);
    }
    tally.while_opening += u64::from(!opened);
    tally.while_deleting += u64::from(deleting);
}

fn take_down(line: &str, ledger: &mut Ledger, tally: &mut Tally, deleting: &mut bool) {
    ledger.take_down(line);
    tally.acknowledged += u64::from(line.starts_with("acknowledged "));
    tally.deletions += u64::from(line.starts_with("deleted "));
    match line.split(' ').next() {
        Some("delete") => *deleting = true,
        Some("deleted") => *deleting = false,
        _ => {}
    }
}

/// What the child says, line by line, until it is gone.
fn lines(stdout: ChildStdout) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    receive
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Opens the store and holds what it has against the ledger.
fn look(dir: &Path, aging: Aging, ledger: &mut Ledger, tally: &mut Tally) {
    let (store, recovery) = open(dir, aging, ledger.newest());
    let Recovery { faults, warnings, debris, adopted, torn_bytes, .. } = &recovery;
    assert_eq!((faults.as_slice(), warnings.as_slice()), (&[][..], &[][..]));
    assert_eq!(store.quarantined(), []);
    tally.looked += 1;
    tally.torn += u64::from(*torn_bytes > 0);
    tally.debris += debris.len();
    tally.adopted += adopted.len();
    match aging {
        Aging::Expires => {
            let found = samples(&store, i64::MIN);
            let stored = store.store_status().block_samples + recovery.samples;
            assert_eq!(stored, found.len() as u64, "each sample is in one place: a block, or the log");
            tally.checked += stored;
            ledger.check(&found, i64::MIN);
        }
        Aging::Downsamples => {
            let until = ledger.oldest_raw();
            let found = samples(&store, until);
            ledger.check(&found, until);
            let buckets = buckets::buckets(&store, until);
            ledger.check_buckets(&buckets, until);
            tally.with_buckets += u64::from(buckets::any(&store));
            tally.checked += found.len() as u64 + buckets.iter().map(|bucket| bucket.count).sum::<u64>();
        }
    }
    ledger.looked();
}

/// All samples after `from`: series, time, and the bits of the value.
fn samples(store: &Tsdb, from: i64) -> Vec<load::Written> {
    let selection =
        Selection::new(&[], crate::support::ms(from.saturating_add(1)), crate::support::ms(i64::MAX));
    let set = store.select(&selection).unwrap();
    assert_eq!(set.warnings, Vec::<String>::new());
    let mut found = Vec::new();
    for series in set.series.map(Result::unwrap) {
        let name = series.labels.metric_name().to_owned();
        found.extend(series.samples.iter().map(|sample| load::Written {
            series: name.clone(),
            at: sample.timestamp.millis(),
            bits: sample.value.to_bits(),
        }));
    }
    found
}

/// The command that runs this very binary as a child.
fn own_command() -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}
