//! A bit flipped anywhere in any file of the store: what is answered then is right, or the damage is told. Never is an
//! answer wrong in silence.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::{Queryable as _, Resolution, Selection};

use super::support::*;
use crate::block::{Block, Stretch};
use crate::disk::Disk as _;
use crate::inspect::Inspection;
use crate::{Fault, Newest, Options, Recovery, Tier};

/// Bits per stretch of a file, its first and last byte among them.
const FLIPS: u64 = 12;

/// A kind of files: in which folder they are, and what they consist of.
struct Kind {
    folder: &'static str,
    stretches: fn(&[u8]) -> Vec<Stretch>,
}

const KINDS: &[Kind] =
    &[Kind { folder: "blocks", stretches: of_block }, Kind { folder: "wal", stretches: of_segment }];

fn of_block(content: &[u8]) -> Vec<Stretch> {
    Block::open(Arc::new(content.to_vec()), Arc::default()).unwrap().stretches()
}

fn of_segment(content: &[u8]) -> Vec<Stretch> {
    let mut stretches = vec![Stretch { name: "header", bytes: 0..28 }];
    let mut at = 28;
    while at < content.len() as u64 {
        let length = content[at as usize..][..4].try_into().map(u32::from_le_bytes).unwrap();
        let payload = at + 8..at + 8 + u64::from(length);
        stretches.push(Stretch { name: "length", bytes: at..at + 4 });
        stretches.push(Stretch { name: "checksum", bytes: at + 4..at + 8 });
        at = payload.end;
        stretches.push(Stretch { name: "payload", bytes: payload });
    }
    stretches
}

/// Positions in a stretch, spread over it.
fn sampled(bytes: &Range<u64>) -> impl Iterator<Item = usize> + use<> {
    let (start, length) = (bytes.start, bytes.end - bytes.start);
    let step = (length / FLIPS).max(1);
    let ends = [length.saturating_sub(1)];
    (0..length).step_by(step as usize).chain(ends).map(move |at| (start + at) as usize)
}

type Answer = BTreeMap<Labels, Vec<(i64, u64)>>;

/// Everything that the store answers, and what it says is wrong.
fn ask(rig: &Rig, recovery: &Recovery) -> (Answer, Vec<String>) {
    let mut told: Vec<String> = recovery.faults.iter().map(Fault::to_string).collect();
    if recovery.torn_bytes > 0 {
        told.push(format!("{} bytes of the log are left out", recovery.torn_bytes));
    }
    let everything = Selection::new(&[], Timestamp::MIN, Timestamp::MAX);
    let set = rig.store().select(&everything).unwrap();
    let bits = |sample: Sample| (sample.timestamp.millis(), sample.value.to_bits());
    let series = set.series.map(Result::unwrap);
    let answer = series.map(|s| (s.labels, s.samples.into_iter().map(bits).collect())).collect();
    told.extend(set.warnings);
    told.extend(rig.store().quarantined().into_iter().map(|block| block.reason));
    (answer, told)
}

fn count(answer: &Answer) -> usize {
    answer.values().map(Vec::len).sum()
}

fn content(rig: &Rig, file: &Path) -> Vec<u8> {
    rig.disk.map(file).unwrap().as_ref().as_ref().to_vec()
}

/// Flips bits of one file, one after the other, and looks at what comes of each.
fn flip_through(rig: &mut Rig, kind: &Kind, file: &Path) {
    let whole = content(rig, file);
    let recovery = rig.open();
    let (right, told) = ask(rig, &recovery);
    assert_eq!(told, Vec::<String>::new());
    for Stretch { name, bytes } in (kind.stretches)(&whole) {
        for at in sampled(&bytes) {
            let what = format!("byte {at} of {}, {name}", file.display());
            rig.disk.corrupt(file, |content| content[at] ^= 1 << (at % 8));
            let recovery = rig.open();
            let (answer, told) = ask(rig, &recovery);
            for (labels, samples) in &answer {
                let right = &right[labels];
                assert!(samples.iter().all(|sample| right.contains(sample)), "{what}: a wrong sample");
            }
            assert!(count(&answer) * 5 > count(&right), "{what}: {} left", count(&answer));
            assert!(answer == right || !told.is_empty(), "{what}: nothing is told of missing samples");
            rig.disk.corrupt(file, |content| content.clone_from(&whole));
        }
    }
}

/// Blocks, and a log of several segments.
fn rig() -> Rig {
    let mut rig = filled();
    for _ in 0..9 {
        rig.push_minutes("a", 1);
        rig.try_push(source("s"), "b", &[Sample::new(rig.now, 0.5)]).unwrap();
    }
    rig
}

#[test]
fn a_bit_flipped_in_any_section_of_any_file_never_makes_an_answer_wrong_in_silence() {
    let mut rig = rig();
    for kind in KINDS {
        let files = rig.files(kind.folder);
        assert!(files.len() > 1, "{files:?}");
        for file in files {
            flip_through(&mut rig, kind, &file);
        }
    }
}

#[test]
fn nor_in_a_snapshot() {
    let mut rig = rig();
    rig.store().snapshot("one", Newest::Included).unwrap();
    let mut snapshot = rig.open_snapshot("one");
    for kind in KINDS {
        for file in snapshot.files(kind.folder) {
            flip_through(&mut snapshot, kind, &file);
        }
    }
    rig.open();
}

#[test]
fn nor_in_blocks_of_tiers() {
    let mut rig = rig();
    for _ in 0..2 {
        rig.push_minutes("a", 60);
        rig.settle();
    }
    rig.options.retention = Duration::from_secs(6000);
    rig.options.tiers = vec![Tier { resolution: Resolution::FiveMinutes, keep: Duration::from_secs(86_400) }];
    rig.open();
    rig.settle();
    let mut tiers = 0;
    for file in rig.files("blocks") {
        let block = Block::open(Arc::new(content(&rig, &file)), Arc::default()).unwrap();
        let oldest = rig.store().committer.wal().oldest_segment();
        // Otherwise the log gives back more than the block had.
        let is_all = block.meta().cuts.iter().all(|cut| cut.segment <= oldest);
        if block.resolution().is_some() && is_all {
            tiers += 1;
            flip_through(&mut rig, &KINDS[0], &file);
        }
    }
    assert!(tiers > 0);
}

#[test]
fn nor_in_files_of_earlier_formats() {
    for format in ["format-1", "format-2"] {
        let mut rig = Rig::new();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store").join(format);
        for folder in ["blocks", "wal"] {
            for file in std::fs::read_dir(fixture.join(folder)).unwrap().map(Result::unwrap) {
                let path = Path::new(DIR).join(folder).join(file.file_name());
                let mut copy = rig.disk.create(&path).unwrap();
                copy.write_all(&std::fs::read(file.path()).unwrap()).unwrap();
            }
        }
        rig.options.block_duration = Options::default().block_duration;
        for kind in KINDS {
            for file in rig.files(kind.folder) {
                flip_through(&mut rig, kind, &file);
            }
        }
    }
}

#[test]
fn every_flipped_bit_is_found_by_an_inspection_that_says_where_it_is() {
    let rig = rig();
    let inspection = Inspection::on(Arc::new(rig.disk.clone()), Path::new(DIR));
    assert_eq!(inspection.verify().unwrap(), Vec::new());
    for kind in KINDS {
        let files = rig.files(kind.folder);
        for file in &files {
            let whole = content(&rig, file);
            let mut stretches = (kind.stretches)(&whole);
            if kind.folder == "wal" && Some(file) == files.last() {
                // Of the last frame of all nobody knows whether it was finished.
                stretches.truncate(stretches.len() - 3);
            }
            for Stretch { name, bytes } in stretches {
                for at in sampled(&bytes) {
                    let what = format!("byte {at} of {}, {name}", file.display());
                    rig.disk.corrupt(file, |content| content[at] ^= 1 << (at % 8));
                    let faults = inspection.verify().unwrap();
                    let name = file.strip_prefix(DIR).unwrap().to_str().unwrap();
                    let here = |fault: &&Fault| fault.file == name && fault.offset <= at as u64;
                    assert!(faults.iter().any(|fault| here(&fault)), "{what}: {faults:?}");
                    rig.disk.corrupt(file, |content| content.clone_from(&whole));
                }
            }
        }
    }
}
