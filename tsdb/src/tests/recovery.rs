//! Torn and damaged files, and lost manifests.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crowsnest_api::{Sample, Timestamp};
use crowsnest_promql::Matcher;

use super::support::*;
use crate::disk::Disk;
use crate::{OpenError, RejectReason, RetentionRule, Tsdb};

fn all() -> Vec<i64> {
    (1..=45).collect()
}

#[test]
fn a_log_torn_at_any_byte_of_its_last_record_gives_back_all_records_before_it() {
    let mut rig = Rig::new();
    rig.options.wal_segment_bytes = 1 << 20;
    rig.open();
    rig.push_minutes("a", 5);
    let path = rig.files("wal").pop().unwrap();
    let before = rig.disk.map(&path).unwrap().as_ref().as_ref().len();
    rig.push_minutes("a", 1);
    let whole: Vec<u8> = rig.disk.map(&path).unwrap().as_ref().as_ref().to_vec();
    for end in before..whole.len() {
        rig.disk.corrupt(&path, |content| *content = whole[..end].to_vec());
        let recovery = rig.open();
        assert_eq!(rig.minutes("a"), [1, 2, 3, 4, 5], "cut at {end}");
        assert_eq!((recovery.torn_bytes as usize, recovery.warnings), (end - before, Vec::new()));
    }
    // A file system that keeps the length and loses the content.
    rig.disk.corrupt(&path, |content| {
        *content = whole.clone();
        content[before..].fill(0);
    });
    assert_eq!(rig.open().warnings, Vec::<String>::new());
    assert_eq!(rig.minutes("a"), [1, 2, 3, 4, 5]);
    // The log goes on in a new segment, which knows that the torn bytes do not count.
    rig.disk.corrupt(&path, |content| *content = whole[..whole.len() - 1].to_vec());
    rig.open();
    rig.push_minutes("a", 1);
    rig.disk.corrupt(&path, |content| *content = whole.clone());
    assert_eq!(rig.open().torn_bytes, 0);
    assert_eq!(rig.minutes("a"), [1, 2, 3, 4, 5, 7]);
}

#[test]
fn a_damaged_record_in_the_middle_costs_the_rest_of_its_segment_and_is_reported() {
    let mut rig = Rig::new();
    rig.options.block_duration = std::time::Duration::from_secs(36_000);
    rig.open();
    rig.push_minutes("a", 240);
    let segments = rig.files("wal");
    assert!(segments.len() > 2, "{segments:?}");
    rig.disk.corrupt(&segments[0], |content| content[500] ^= 1);
    let recovery = rig.open();
    assert_eq!(recovery.warnings.len(), 1, "{recovery:?}");
    assert!(
        recovery.warnings[0].starts_with("log segment 1 is damaged at byte "),
        "{}",
        recovery.warnings[0]
    );
    let minutes = rig.minutes("a");
    let lost = (1..=240).filter(|minute| !minutes.contains(minute)).collect::<Vec<_>>();
    assert!(lost[0] > 3 && lost.windows(2).all(|pair| pair[1] == pair[0] + 1), "one gap: {lost:?}");
    assert_eq!(minutes.last(), Some(&240));
    rig.push_minutes("a", 1);
    assert_eq!(rig.open().warnings, recovery.warnings);
}

#[test]
fn a_lost_manifest_is_rebuilt_from_the_blocks() {
    let mut rig = filled();
    let blocks = rig.files("blocks").len();
    rig.manifest.clear().unwrap();
    let recovery = rig.open();
    assert_eq!((recovery.adopted.len(), recovery.blocks, recovery.warnings), (blocks, blocks, Vec::new()));
    assert_eq!((rig.minutes("a"), rig.minutes("b")), (all(), all()));
    assert_eq!(rig.manifest.len(), blocks);
    assert_eq!(rig.open().adopted, Vec::<String>::new());
}

#[test]
fn a_damaged_page_costs_its_samples_only_and_is_reported() {
    let mut rig = filled();
    let block = rig.files("blocks").remove(0);
    rig.disk.corrupt(&block, |content| content[30] ^= 0x10);
    let recovery = rig.open();
    assert_eq!(recovery.warnings, Vec::<String>::new());
    let (samples, warnings) = rig.read_with_warnings("a", i64::MIN, i64::MAX);
    assert!(samples.len() > 20 && samples.len() < 45, "{}", samples.len());
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("damaged chunks are missing from the answer"), "{}", warnings[0]);
    let quarantined = rig.store().quarantined();
    assert_eq!((quarantined.len(), quarantined[0].reason.as_str()), (1, "damaged page 0"));
    // Ingestion and maintenance go on around it.
    rig.push_minutes("a", 60);
    rig.settle();
    assert_eq!(rig.read_with_warnings("a", rig.now - 10 * MINUTE, rig.now).0.len(), 11);
}

#[test]
fn a_bit_flipped_anywhere_in_a_block_is_noticed_and_the_rest_is_served() {
    let mut rig = filled();
    let block = rig.files("blocks").remove(0);
    let whole: Vec<u8> = rig.disk.map(&block).unwrap().as_ref().as_ref().to_vec();
    let (a, b) = (rig.read("a", i64::MIN, i64::MAX), rig.read("b", i64::MIN, i64::MAX));
    for at in (0..whole.len()).step_by(5) {
        rig.disk.corrupt(&block, |content| {
            *content = whole.clone();
            content[at] ^= 1 << (at % 8);
        });
        rig.open();
        let (got_a, mut warnings) = rig.read_with_warnings("a", i64::MIN, i64::MAX);
        let (got_b, more) = rig.read_with_warnings("b", i64::MIN, i64::MAX);
        warnings.extend(more);
        assert!(
            got_a.iter().all(|sample| a.contains(sample)) && got_b.iter().all(|sample| b.contains(sample))
        );
        assert!(got_a.len() > 20 && got_b.len() > 20, "byte {at}");
        assert!(!warnings.is_empty(), "byte {at}");
        assert_eq!(rig.store().quarantined().len(), 1, "byte {at}");
    }
}

#[test]
fn a_block_that_is_damaged_while_the_log_still_has_its_samples_costs_nothing() {
    let mut rig = Rig::new();
    rig.options.wal_segment_bytes = 1 << 20;
    rig.open();
    rig.push_minutes("a", 25);
    assert_eq!(rig.maintain().unwrap().segments_removed, 0);
    let blocks = rig.files("blocks");
    assert!(!blocks.is_empty());
    for block in &blocks {
        rig.disk.corrupt(block, |content| content[20] ^= 1);
    }
    rig.open();
    let (samples, _) = rig.read_with_warnings("a", i64::MIN, i64::MAX);
    assert_eq!(samples.len(), 25);
}

#[test]
fn a_missing_block_is_reported_until_retention_passes_it() {
    let mut rig = filled();
    rig.disk.remove(&rig.files("blocks")[0]).unwrap();
    assert_eq!(rig.open().warnings, Vec::<String>::new());
    assert_eq!(rig.store().quarantined()[0].reason, "the file is missing");
    let (_, warnings) = rig.read_with_warnings("a", i64::MIN, i64::MAX);
    assert!(warnings[0].contains("the file is missing; samples may be missing"), "{warnings:?}");
    rig.options.retention = std::time::Duration::from_secs(1800);
    rig.open();
    rig.push_minutes("a", 60);
    rig.settle();
    assert_eq!(rig.store().quarantined(), Vec::new());
}

#[test]
fn half_written_and_replaced_blocks_are_removed_and_foreign_files_are_not() {
    let mut rig = filled();
    let sources: Vec<(PathBuf, Vec<u8>)> = rig
        .files("blocks")
        .into_iter()
        .map(|path| (path.clone(), rig.disk.map(&path).unwrap().as_ref().as_ref().to_vec()))
        .collect();
    rig.push_minutes("a", 60);
    rig.settle();
    let merged: Vec<&(PathBuf, Vec<u8>)> =
        sources.iter().filter(|(path, _)| !rig.files("blocks").contains(path)).collect();
    assert!(!merged.is_empty(), "something was merged");
    let put = |path: &Path, content: &[u8]| {
        rig.disk.create(path).unwrap().write_all(content).unwrap();
    };
    for (path, content) in &merged {
        put(path, content);
    }
    put(&Path::new(DIR).join("blocks/0000000099.tmp"), b"half");
    put(&Path::new(DIR).join("blocks/notes.txt"), b"mine");
    let before = rig.read("a", i64::MIN, i64::MAX);
    let recovery = rig.open();
    assert_eq!(recovery.debris.len(), merged.len() + 1, "{recovery:?}");
    assert_eq!(recovery.warnings, ["file notes.txt does not belong in the blocks' folder"]);
    assert_eq!(rig.read("a", i64::MIN, i64::MAX), before);
    assert_eq!(rig.files("blocks").len(), recovery.blocks + 1);
}

#[test]
fn files_of_a_newer_release_are_refused_by_name() {
    let mut rig = filled();
    for folder in ["blocks", "wal"] {
        let path = rig.files(folder).remove(0);
        let whole: Vec<u8> = rig.disk.map(&path).unwrap().as_ref().as_ref().to_vec();
        rig.disk.corrupt(&path, |content| {
            let checksum = if folder == "wal" { 24 } else { 12 };
            content[8] = 99;
            let crc = crc32fast::hash(&content[..checksum]);
            content[checksum..checksum + 4].copy_from_slice(&crc.to_le_bytes());
        });
        rig.disk.cut_power(0);
        let opened = Tsdb::open_on(
            &(Arc::new(rig.disk.clone()) as Arc<dyn Disk>),
            Path::new(DIR),
            rig.manifest.clone(),
            rig.options.clone(),
            Timestamp::from_millis(rig.now),
        );
        match opened.map(|_| ()) {
            Err(OpenError::Version { path: named, found: 99, .. }) => assert_eq!(named, path),
            other => panic!("{other:?}"),
        }
        rig.disk.corrupt(&path, |content| *content = whole.clone());
    }
    rig.open();
}

#[test]
fn the_log_shrinks_when_blocks_have_its_samples() {
    let mut rig = Rig::new();
    rig.options.wal_segment_bytes = 400;
    rig.open();
    rig.push_minutes("a", 300);
    let before = rig.files("wal").len();
    rig.settle();
    assert!(rig.files("wal").len() < before / 2, "{} of {before} segments left", rig.files("wal").len());
    assert_eq!(rig.minutes("a").len(), 300);
    let recovery = rig.open();
    assert!(recovery.samples < 30, "{recovery:?}");
    assert_eq!(rig.minutes("a").len(), 300);
}

#[test]
fn retention_drops_whole_blocks_by_age_and_by_size() {
    let mut rig = Rig::new();
    rig.options.retention = std::time::Duration::from_secs(3 * 3600);
    rig.open();
    for _ in 0..60 {
        rig.push_minutes("a", 10);
        rig.maintain().unwrap();
    }
    let oldest = rig.minutes("a")[0];
    assert!((600 - 180 - 30..=600 - 180).contains(&oldest), "{oldest}");

    let used = |rig: &Rig| {
        let status = rig.store().store_status();
        status.wal_bytes + status.block_bytes
    };
    let limit = used(&rig) / 2;
    rig.options.retention_bytes = Some(limit);
    rig.open();
    let expired = rig.maintain().unwrap().expired;
    assert!(!expired.is_empty());
    assert!(used(&rig) <= limit);
    assert!(rig.minutes("a")[0] > oldest);
    assert_eq!(rig.minutes("a").last(), Some(&600));
}

#[test]
fn series_are_kept_as_long_as_the_first_rule_says_that_they_match() {
    let hours = |hours: u64| std::time::Duration::from_secs(hours * 3600);
    let rule = |name: &str, keep| RetentionRule { matchers: vec![Matcher::equal("__name__", name)], keep };
    let mut rig = Rig::new();
    rig.options.retention = hours(3);
    rig.options.retention_rules =
        vec![rule("short", hours(1)), rule("long", hours(8)), rule("short", hours(9))];
    rig.open();
    for _ in 0..60 {
        rig.push_minutes("short", 10);
        rig.now -= 10 * MINUTE;
        rig.push_minutes("other", 10);
        rig.now -= 10 * MINUTE;
        rig.push_minutes("long", 10);
        rig.maintain().unwrap();
    }
    rig.settle();
    for (name, kept) in [("short", 60), ("other", 180), ("long", 480)] {
        let oldest = rig.minutes(name)[0];
        assert!((600 - kept - 40..=600 - kept).contains(&oldest), "{name} {oldest}");
        assert_eq!(rig.minutes(name).last(), Some(&600), "{name}");
    }
    let before = rig.minutes("long");
    rig.open();
    rig.settle();
    assert_eq!(rig.minutes("long"), before);
    rig.options.retention_rules.clear();
    rig.open();
    rig.settle();
    assert!(rig.minutes("long")[0] >= 600 - 180 - 40, "what no rule keeps any longer goes");
}

#[test]
fn a_clock_that_jumps_ahead_removes_nothing() {
    let mut rig = filled();
    rig.now += 400 * 24 * 60 * MINUTE;
    let recovery = rig.open();
    assert!(recovery.warnings[0].contains("is the clock right?"), "{recovery:?}");
    rig.settle();
    assert_eq!(rig.minutes("a"), all());
    rig.now -= 401 * 24 * 60 * MINUTE;
    assert!(rig.open().warnings[0].contains("has the clock been set back?"));
}

#[test]
fn a_backlog_older_than_cut_blocks_is_taken_and_read_in_order() {
    let mut rig = filled();
    let backlog: Vec<_> = (1..=30).map(|minute| Sample::new(START + minute * MINUTE, 7.0)).collect();
    let outcome = rig.try_push(source("s"), "late", &backlog).unwrap();
    assert_eq!((outcome.written, outcome.rejected), (30, Vec::new()));
    rig.push_minutes("a", 30);
    rig.settle();
    assert_eq!(rig.minutes("late"), (1..=30).collect::<Vec<_>>());
    // In blocks by now, and long behind the series' newest: a retry is still a repeat, a contradiction still one.
    rig.try_push(source("s"), "late", &[Sample::new(rig.now, 7.0)]).unwrap();
    let outcome = rig.try_push(source("s"), "late", &backlog).unwrap();
    assert_eq!((outcome.written, outcome.rejected), (30, Vec::new()));
    let other = [Sample::new(START + 3 * MINUTE, 8.0), Sample::new(START + 3 * MINUTE + 1, 8.0)];
    let outcome = rig.try_push(source("s"), "late", &other).unwrap();
    let reasons: Vec<_> = outcome.rejected.iter().map(|rejection| rejection.reason).collect();
    assert_eq!((outcome.written, reasons), (0, vec![RejectReason::Conflict, RejectReason::TooOld]));
}

#[test]
fn the_window_of_a_series_counts_from_its_newest_sample_in_blocks_too() {
    let mut rig = Rig::new();
    rig.push_minutes("b", 10);
    rig.push_minutes("a", 45);
    rig.settle();
    assert!(
        !rig.store().status(9).head.series_by_metric.iter().any(|entry| entry.name == "b"),
        "b is in blocks only"
    );
    let late = |rig: &Rig, seconds: i64| {
        let outcome = rig.try_push(source("s"), "b", &[Sample::new(START + seconds * 1000, 1.0)]).unwrap();
        outcome.rejected.first().map(|rejection| rejection.reason)
    };
    assert_eq!(late(&rig, 299), Some(RejectReason::TooOld));
    assert_eq!(late(&rig, 510), None);
    // The log gives back the late sample only; the newest is still the one in the block.
    rig.crash(0);
    assert_eq!(late(&rig, 299), Some(RejectReason::TooOld));
    assert_eq!(late(&rig, 301), None);
}

#[test]
fn a_log_deleted_by_hand_costs_what_was_in_it_and_nothing_that_comes_later() {
    let mut rig = filled();
    let boundary = START + 30 * MINUTE;
    for segment in rig.files("wal") {
        rig.disk.remove(&segment).unwrap();
    }
    rig.disk.sync_dir(&std::path::Path::new(DIR).join("wal")).unwrap();
    rig.open();
    let known = rig.minutes("a");
    // A backlog for a time that blocks have been cut for, in the first segment of the new log.
    rig.try_push(source("s"), "late", &[Sample::new(boundary - MINUTE, 1.0)]).unwrap();
    rig.crash(0);
    assert_eq!(rig.minutes("late"), [29]);
    assert_eq!(rig.minutes("a"), known);
}
