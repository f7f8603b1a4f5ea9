//! What an inspection says of a store.

use std::path::Path;
use std::sync::Arc;

use crowsnest_api::Timestamp;
use crowsnest_promql::Matcher;

use super::support::*;
use crate::disk::Disk as _;
use crate::inspect::{Extract, Inspection};

fn inspection(rig: &Rig) -> Inspection {
    Inspection::on(Arc::new(rig.disk.clone()), Path::new(DIR))
}

#[test]
fn blocks_and_segments_are_counted_as_the_store_counts_them() {
    let rig = filled();
    let (contents, status) = (inspection(&rig).contents().unwrap(), rig.store().store_status());
    assert_eq!(contents.blocks.len() as u64, status.blocks);
    assert_eq!(contents.blocks.iter().map(|block| block.samples).sum::<u64>(), status.block_samples);
    assert_eq!(contents.blocks.iter().map(|block| block.bytes).sum::<u64>(), status.block_bytes);
    assert_eq!(contents.segments.len() as u64, status.wal_segments);
    assert_eq!(contents.segments.iter().map(|segment| segment.bytes).sum::<u64>(), status.wal_bytes);
    assert!(contents.segments.iter().map(|segment| segment.samples).sum::<u64>() > 0);
    assert_eq!((contents.faults, contents.torn_bytes, contents.others), (Vec::new(), 0, Vec::new()));
}

#[test]
fn a_dump_has_every_sample_of_the_series_and_the_time_asked_for() {
    let rig = filled();
    let (start, end) = (START + 5 * MINUTE, START + 44 * MINUTE);
    let matchers = [Matcher::equal("__name__", "a")];
    let extract = Extract {
        matchers: &matchers,
        start: Timestamp::from_millis(start),
        end: Timestamp::from_millis(end),
    };
    let mut found: Vec<(i64, u64)> = Vec::new();
    let faults = inspection(&rig).dump(&extract, &mut |dumped| {
        assert_eq!((dumped.labels, dumped.source), (&labels("a"), Some("s")));
        found.extend(dumped.samples.iter().map(|s| (s.timestamp.millis(), s.value.to_bits())));
        Ok(())
    });
    assert_eq!(faults.unwrap(), Vec::new());
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, rig.read("a", start, end));
}

#[test]
fn a_dump_that_cannot_be_written_says_so() {
    let rig = filled();
    let extract = Extract { matchers: &[], start: Timestamp::MIN, end: Timestamp::MAX };
    let error = inspection(&rig).dump(&extract, &mut |_| Err(std::io::ErrorKind::BrokenPipe.into()));
    assert_eq!(error.unwrap_err().to_string(), "cannot open the output");
}

#[test]
fn costs_are_those_of_series_and_of_what_their_labels_say() {
    let costs = inspection(&filled()).costs(2).unwrap();
    let metrics: Vec<_> = costs.metrics.iter().map(|metric| (metric.name.as_str(), metric.series)).collect();
    // Of "b" every sample has the same value.
    assert_eq!(metrics, [("a", 1), ("b", 1)]);
    assert!(costs.metrics[0].bytes > costs.metrics[1].bytes);
    let labels: Vec<_> =
        costs.labels.iter().map(|l| (l.name.as_str(), l.values, l.series, l.bytes)).collect();
    assert_eq!(labels, [("instance", 2, 2, 18), ("job", 1, 2, 8)]);
}

#[test]
fn a_footer_that_counts_wrong_is_found_though_its_checksum_is_right() {
    let rig = filled();
    let path = rig.files("blocks").remove(0);
    rig.disk.corrupt(&path, |content| {
        let trailer = content.len() - 16;
        let length = u32::from_le_bytes(content[trailer..][..4].try_into().unwrap()) as usize;
        let footer = String::from_utf8(content[trailer - length..trailer].to_vec()).unwrap();
        let (before, after) = footer.split_once("\"samples\":").unwrap();
        let (count, after) = after.split_once(',').unwrap();
        let width = count.len();
        let wrong = format!("{before}\"samples\":{:width$},{after}", "7");
        assert_eq!(wrong.len(), length, "{footer}");
        content.truncate(trailer - length);
        content.extend_from_slice(wrong.as_bytes());
        content.extend_from_slice(&(length as u32).to_le_bytes());
        content.extend_from_slice(&crc32fast::hash(wrong.as_bytes()).to_le_bytes());
        content.extend_from_slice(b"CNESTEND");
    });
    let faults = inspection(&rig).verify().unwrap();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].what.starts_with("the footer says samples 7,"), "{}", faults[0]);
}

#[test]
fn blocks_that_are_not_on_record_and_records_without_a_block_are_told_apart() {
    let mut rig = filled();
    let blocks = rig.files("blocks");
    let on_record = inspection(&rig).compare(&rig.manifest).unwrap();
    assert_eq!((on_record.blocks, on_record.missing, on_record.unknown), (blocks.len(), vec![], vec![]));
    rig.disk.remove(&blocks[0]).unwrap();
    let missing = inspection(&rig).compare(&rig.manifest).unwrap().missing;
    assert_eq!(missing[0].to_string(), "blocks/0000000001.block at byte 0: the file is missing");
    rig.manifest.clear().unwrap();
    assert_eq!(inspection(&rig).compare(&rig.manifest).unwrap().unknown.len(), blocks.len() - 1);
    rig.open();
}
