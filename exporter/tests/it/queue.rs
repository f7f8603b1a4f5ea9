//! The queue on a disk that fails: order, bounds, and what is left after the process dies at any byte.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use crowsnest_agent::queue::{Folder, Loss, OpenError, OsFolder, Queue, Record};
use crowsnest_api::Timestamp;
use proptest::prelude::*;

/// A folder in memory. What it holds outlives the queue, as a disk outlives a process.
#[derive(Clone, Default)]
struct MemoryFolder(Arc<Mutex<Disk>>);

#[derive(Default)]
struct Disk {
    segments: BTreeMap<u64, Vec<u8>>,
    cursor: Vec<u8>,
    /// Bytes that may still be written; `None` is no limit.
    budget: Option<u64>,
    /// Whether the process is dead once the budget is used up: then not even deleting works.
    dies: bool,
}

impl Disk {
    /// As many of `wanted` bytes as may be written.
    fn spend(&mut self, wanted: usize) -> usize {
        let Some(budget) = &mut self.budget else { return wanted };
        let granted = wanted.min(usize::try_from(*budget).unwrap());
        *budget -= granted as u64;
        granted
    }

    fn must_live(&self) -> io::Result<()> {
        if self.dies && self.budget == Some(0) { Err(io::Error::other("dead")) } else { Ok(()) }
    }
}

impl MemoryFolder {
    fn limit(&self, budget: Option<u64>, dies: bool) {
        let mut disk = self.0.lock().unwrap();
        (disk.budget, disk.dies) = (budget, dies);
    }

    fn bytes(&self) -> u64 {
        self.0.lock().unwrap().segments.values().map(|segment| segment.len() as u64).sum()
    }

    fn open(&self, max_bytes: u64) -> Queue {
        Queue::open(Box::new(self.clone()), max_bytes).unwrap()
    }
}

impl Folder for MemoryFolder {
    fn list(&self) -> io::Result<Vec<(u64, u64)>> {
        Ok(self
            .0
            .lock()
            .unwrap()
            .segments
            .iter()
            .map(|(number, bytes)| (*number, bytes.len() as u64))
            .collect())
    }

    fn append(&mut self, segment: u64, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        disk.must_live()?;
        let granted = disk.spend(bytes.len());
        let file = disk.segments.entry(segment).or_default();
        file.truncate(usize::try_from(offset).unwrap());
        file.extend(&bytes[..granted]);
        if granted < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn read(&self, segment: u64, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let disk = self.0.lock().unwrap();
        let file = disk.segments.get(&segment).ok_or(io::ErrorKind::NotFound)?;
        let start = usize::try_from(offset).unwrap();
        let part = file.get(start..start + bytes.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        bytes.copy_from_slice(part);
        Ok(())
    }

    fn truncate(&mut self, segment: u64, length: u64) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        disk.must_live()?;
        disk.segments
            .get_mut(&segment)
            .ok_or(io::ErrorKind::NotFound)?
            .truncate(usize::try_from(length).unwrap());
        Ok(())
    }

    fn remove(&mut self, segment: u64) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        disk.must_live()?;
        disk.segments.remove(&segment).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn read_cursor(&self) -> io::Result<Vec<u8>> {
        Ok(self.0.lock().unwrap().cursor.clone())
    }

    fn write_cursor(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        disk.must_live()?;
        let granted = disk.spend(bytes.len());
        disk.cursor.resize(bytes.len(), 0);
        disk.cursor[..granted].copy_from_slice(&bytes[..granted]);
        if granted < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self, _: u64) -> io::Result<()> {
        self.0.lock().unwrap().must_live()
    }
}

/// The record number `n`, with a body of `bytes`.
fn record(n: i64, bytes: usize) -> Record {
    Record { at: Timestamp::from_millis(n), samples: 1, body: Bytes::from(vec![n as u8; bytes]) }
}

/// Takes everything out, as a server that accepts all would.
fn drain(queue: &mut Queue) -> Vec<i64> {
    let mut taken = Vec::new();
    while let Some((ticket, record)) = queue.front() {
        taken.push(record.at.millis());
        queue.acknowledge(ticket);
    }
    taken
}

const ROOMY: u64 = 1 << 20;

#[test]
fn records_come_out_in_order_and_only_once() {
    let folder = MemoryFolder::default();
    let mut queue = folder.open(ROOMY);
    (0..5).for_each(|n| queue.push(record(n, 10)));
    assert_eq!(queue.depth().records, 5);
    assert_eq!(drain(&mut queue), [0, 1, 2, 3, 4]);
    assert_eq!((queue.depth().records, queue.depth().samples), (0, 0));
    drop(queue);
    assert_eq!(drain(&mut folder.open(ROOMY)), [0; 0]);
}

#[test]
fn what_was_not_acknowledged_is_there_after_a_restart() {
    let folder = MemoryFolder::default();
    let mut queue = folder.open(ROOMY);
    (0..5).for_each(|n| queue.push(record(n, 10)));
    for _ in 0..2 {
        let (ticket, _) = queue.front().unwrap();
        queue.acknowledge(ticket);
    }
    drop(queue);
    let mut queue = folder.open(ROOMY);
    assert_eq!((queue.depth().records, queue.depth().samples), (3, 3));
    queue.push(record(5, 10));
    assert_eq!(drain(&mut queue), [2, 3, 4, 5]);
}

#[test]
fn past_its_bound_the_queue_drops_the_oldest_and_counts_them() {
    let folder = MemoryFolder::default();
    let mut queue = folder.open(1000);
    for n in 0..100 {
        queue.push(record(n, 30));
        assert!(folder.bytes() <= 1000 && queue.depth().disk_bytes == folder.bytes());
    }
    let dropped = queue.dropped(Loss::Full);
    let left = drain(&mut queue);
    assert_eq!(left, (i64::try_from(dropped).unwrap()..100).collect::<Vec<_>>());
    assert!(left.len() >= 10, "{}", left.len());
}

#[test]
fn a_record_that_was_dropped_while_it_was_sent_is_not_confused_with_the_next() {
    let folder = MemoryFolder::default();
    let mut queue = folder.open(1000);
    queue.push(record(0, 30));
    let (ticket, _) = queue.front().unwrap();
    (1..100).for_each(|n| queue.push(record(n, 30)));
    let first = queue.front().unwrap().1;
    queue.acknowledge(ticket);
    assert_eq!(queue.front().unwrap().1, first);
}

#[test]
fn a_full_disk_costs_the_oldest_in_memory_and_order_is_kept_when_it_has_room_again() {
    let folder = MemoryFolder::default();
    let mut queue = folder.open(ROOMY);
    (0..3).for_each(|n| queue.push(record(n, 10)));
    folder.limit(Some(25), false);
    (3..6).for_each(|n| queue.push(record(n, 10)));
    assert_eq!((queue.depth().records, queue.dropped(Loss::Full)), (6, 0));
    assert!(queue.depth().memory_bytes > 0);
    folder.limit(None, false);
    queue.push(record(6, 10));
    assert_eq!(queue.depth().memory_bytes, 0);
    drop(queue);
    assert_eq!(drain(&mut folder.open(ROOMY)), [0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn without_room_anywhere_the_newest_are_kept() {
    let folder = MemoryFolder::default();
    folder.limit(Some(0), false);
    let mut queue = folder.open(ROOMY);
    for n in 0..10 {
        queue.push(record(n, 1 << 20));
    }
    assert_eq!(queue.dropped(Loss::Full), 7);
    assert_eq!(drain(&mut queue), [7, 8, 9]);
}

#[test]
fn damage_in_the_middle_costs_the_rest_of_one_segment() {
    let folder = MemoryFolder::default();
    let mut queue = folder.open(2000);
    (0..30).for_each(|n| queue.push(record(n, 30)));
    let first_segment = |folder: &MemoryFolder| *folder.0.lock().unwrap().segments.keys().next().unwrap();
    let number = first_segment(&folder);
    // A flipped bit in the body of the second record.
    folder.0.lock().unwrap().segments.get_mut(&number).unwrap()[8 + 50 + 25] ^= 1;
    let left = drain(&mut queue);
    assert_eq!(left[0], 0);
    assert_eq!(left.last(), Some(&29));
    assert_eq!(queue.dropped(Loss::Damaged) as usize + left.len(), 30);
    assert_eq!(left.len(), 29, "{left:?}");
}

#[test]
fn a_bit_flipped_anywhere_in_segments_or_cursor_is_counted_as_a_loss_or_costs_nothing() {
    let whole = MemoryFolder::default();
    let mut queue = whole.open(8 << 10);
    (0..40).for_each(|n| queue.push(record(n, 60)));
    for _ in 0..5 {
        let (ticket, _) = queue.front().unwrap();
        queue.acknowledge(ticket);
    }
    drop(queue);
    let (segments, cursor) = {
        let disk = whole.0.lock().unwrap();
        (disk.segments.clone(), disk.cursor.clone())
    };
    let (&newest, newest_bytes) = segments.last_key_value().unwrap();
    let last_record = newest_bytes.len() - 80;
    let places = segments
        .iter()
        .flat_map(|(&number, bytes)| (0..bytes.len()).step_by(3).map(move |at| (Some(number), at)));
    for (segment, at) in places.chain((0..cursor.len()).map(|at| (None, at))) {
        let what = format!("byte {at} of {segment:?}");
        let folder = MemoryFolder::default();
        {
            let mut disk = folder.0.lock().unwrap();
            (disk.segments, disk.cursor) = (segments.clone(), cursor.clone());
            match segment {
                Some(number) => disk.segments.get_mut(&number).unwrap()[at] ^= 1 << (at % 8),
                None => disk.cursor[at] ^= 1 << (at % 8),
            }
        }
        let mut queue = folder.open(8 << 10);
        let left = drain(&mut queue);
        let missing: Vec<i64> = (5..40).filter(|n| !left.contains(n)).collect();
        assert!(missing.len() <= 1, "{what}: {missing:?}");
        // Of the very last record nobody knows whether it was finished.
        let unknown = segment == Some(newest) && at >= last_record;
        let told = queue.dropped(Loss::Damaged) as usize;
        assert!(told >= missing.len() || unknown, "{what}: {missing:?} are missing, {told} are counted");
    }
}

#[test]
fn a_folder_of_another_format_is_refused_and_left_alone() {
    let folder = MemoryFolder::default();
    folder.0.lock().unwrap().segments.insert(1, b"CNQUEUE\x02 and more".to_vec());
    let opened = Queue::open(Box::new(folder.clone()), ROOMY);
    assert!(matches!(opened, Err(OpenError::Format { segment: 1 })));
    assert_eq!(folder.bytes(), 17);
}

#[test]
fn a_lost_or_damaged_cursor_sends_twice_rather_than_not_at_all() {
    let folder = MemoryFolder::default();
    let mut queue = folder.open(ROOMY);
    (0..3).for_each(|n| queue.push(record(n, 10)));
    let (ticket, _) = queue.front().unwrap();
    queue.acknowledge(ticket);
    drop(queue);
    let saved = folder.0.lock().unwrap().cursor.clone();
    for cursor in [Vec::new(), b"x".repeat(20), saved[..19].to_vec()] {
        folder.0.lock().unwrap().cursor = cursor;
        let mut queue = folder.open(ROOMY);
        assert_eq!(queue.front().unwrap().1.at.millis(), 0);
    }
}

#[test]
fn two_processes_cannot_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = OsFolder::open(folder.path()).unwrap();
    assert_eq!(OsFolder::open(folder.path()).err().unwrap().kind(), io::ErrorKind::WouldBlock);
    drop(first);
    assert!(OsFolder::open(folder.path()).is_ok());
}

#[test]
fn a_real_folder_keeps_records_over_restarts_and_many_segments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/on/the/way");
    let open = || Queue::open(Box::new(OsFolder::open(&path).unwrap()), 64 << 10).unwrap();
    let mut queue = open();
    (0..50).for_each(|n| queue.push(record(n, 1000)));
    for _ in 0..20 {
        let (ticket, _) = queue.front().unwrap();
        queue.acknowledge(ticket);
    }
    drop(queue);
    let mut queue = open();
    assert_eq!(drain(&mut queue), (20..50).collect::<Vec<_>>());
    queue.sync();
    assert_eq!(queue.dropped(Loss::Full) + queue.dropped(Loss::Damaged), 0);
}

/// What a test does with a queue.
#[derive(Clone, Debug)]
enum Step {
    Push(usize),
    Acknowledge,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![3 => (0usize..60).prop_map(Step::Push), 2 => Just(Step::Acknowledge)];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    /// The process dies after any number of written bytes. Then the queue holds a gapless run of records that ends with
    /// the last one that was stored whole, and starts no later than the first unacknowledged and no earlier than the
    /// last acknowledged one.
    #[test]
    fn dying_at_any_byte_loses_nothing_that_was_stored(steps in steps(), budget in 0u64..3000) {
        let folder = MemoryFolder::default();
        // Open before the disk has its limit: the death comes later.
        let mut queue = folder.open(ROOMY);
        folder.limit(Some(budget), true);
        let (mut pushed, mut stored, mut acknowledged) = (0, 0, 0);
        for step in &steps {
            match step {
                Step::Push(bytes) => {
                    queue.push(record(pushed, *bytes));
                    pushed += 1;
                    if queue.depth().memory_bytes == 0 {
                        stored = pushed;
                    }
                }
                Step::Acknowledge => {
                    if let Some((ticket, _)) = queue.front().filter(|_| acknowledged < stored) {
                        queue.acknowledge(ticket);
                        acknowledged += 1;
                    }
                }
            }
            if folder.0.lock().unwrap().budget == Some(0) {
                break;
            }
        }
        drop(queue);
        folder.limit(None, false);
        let mut queue = folder.open(ROOMY);
        let left = drain(&mut queue);
        let first = left.first().copied().unwrap_or(stored);
        prop_assert_eq!(&left, &(first..first + left.len() as i64).collect::<Vec<_>>());
        prop_assert!(first + left.len() as i64 >= stored, "stored {}, left {:?}", stored, left);
        // A cursor torn by the death is worth nothing: then all that is still there comes again.
        prop_assert!(first <= acknowledged, "acknowledged {}, first {}", acknowledged, first);
        prop_assert_eq!(queue.dropped(Loss::Damaged), 0);
    }

    /// Whatever is done to it, the queue is first in, first out, within its bound, and loses only what it counts.
    #[test]
    fn nothing_is_lost_uncounted_and_the_bound_holds(steps in steps(), max_bytes in 300u64..2000) {
        let folder = MemoryFolder::default();
        let mut queue = folder.open(max_bytes);
        let (mut pushed, mut taken) = (0, Vec::new());
        for (n, step) in steps.iter().enumerate() {
            match step {
                Step::Push(bytes) => {
                    queue.push(record(pushed, *bytes));
                    pushed += 1;
                }
                Step::Acknowledge => {
                    if let Some((ticket, record)) = queue.front() {
                        taken.push(record.at.millis());
                        queue.acknowledge(ticket);
                    }
                }
            }
            prop_assert!(folder.bytes() <= max_bytes);
            if n % 7 == 6 {
                // A restart in between, with the counters noted.
                let lost = queue.dropped(Loss::Full);
                drop(queue);
                queue = folder.open(max_bytes);
                for _ in 0..lost {
                    taken.push(-1);
                }
            }
        }
        let lost = queue.dropped(Loss::Full) as usize;
        taken.extend(drain(&mut queue));
        let got: Vec<i64> = taken.iter().copied().filter(|&n| n >= 0).collect();
        prop_assert!(got.is_sorted_by(|a, b| a < b), "{:?}", got);
        prop_assert_eq!(taken.len() + lost, usize::try_from(pushed).unwrap());
    }
}

/// The folder that a release of the agent left: two of five records had been sent.
fn left_by(release: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(release).join("queue")
}

#[test]
fn what_each_release_left_in_its_queue_is_sent_by_this_one() {
    for release in ["0.1.0"] {
        let dir = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(left_by(release)).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
        }
        let mut queue = Queue::open(Box::new(OsFolder::open(dir.path()).unwrap()), ROOMY).unwrap();
        assert_eq!(queue.front().unwrap().1, record(2, 10), "{release}");
        queue.push(record(5, 10));
        assert_eq!(drain(&mut queue), [2, 3, 4, 5], "{release}");
    }
}

#[test]
#[ignore = "leaves the queue of this release among the fixtures; made once, by that release"]
fn make_the_queue_of_this_release() {
    let folder = left_by(env!("CARGO_PKG_VERSION"));
    let mut queue = Queue::open(Box::new(OsFolder::open(&folder).unwrap()), ROOMY).unwrap();
    (0..5).for_each(|n| queue.push(record(n, 10)));
    for _ in 0..2 {
        let (ticket, _) = queue.front().unwrap();
        queue.acknowledge(ticket);
    }
    queue.sync();
    drop(queue);
    std::fs::remove_file(folder.join("lock")).unwrap();
}
