//! What deleting does, and what it leaves alone.

use crowsnest_api::Sample;

use super::support::*;

#[test]
fn deleted_samples_are_gone_from_blocks_and_head_and_stay_gone() {
    let mut rig = filled();
    let (from, to) = (START + 3 * MINUTE, START + 44 * MINUTE);
    rig.delete("a", from, to).unwrap();
    for _ in 0..2 {
        assert_eq!(rig.minutes("a"), [1, 2, 45]);
        assert_eq!(rig.minutes("b"), (1..=45).collect::<Vec<_>>());
        rig.crash(255);
    }
    rig.manifest.clear().unwrap();
    rig.open();
    assert_eq!(rig.minutes("a"), [1, 2, 45]);
}

#[test]
fn a_series_of_which_all_is_deleted_leaves_the_index_too() {
    let mut rig = filled();
    rig.delete("a", i64::MIN, i64::MAX).unwrap();
    rig.delete("b", i64::MIN, i64::MAX).unwrap();
    assert_eq!(rig.files("blocks"), Vec::<std::path::PathBuf>::new());
    rig.crash(0);
    assert_eq!((rig.minutes("a"), rig.minutes("b")), (Vec::<i64>::new(), Vec::<i64>::new()));
    // Nothing is known of it any more, not even how far it had come.
    let at = START - 90 * MINUTE;
    assert_eq!(rig.try_push(source("s"), "a", &[Sample::new(at, 1.0)]).unwrap().written, 1);
}

#[test]
fn what_comes_after_a_deletion_is_kept_whatever_its_time() {
    let mut rig = filled();
    rig.delete("a", i64::MIN, i64::MAX).unwrap();
    rig.push_minutes("a", 1);
    let again = START + 44 * MINUTE;
    rig.try_push(source("s"), "a", &[Sample::new(again, 7.0)]).unwrap();
    rig.settle();
    rig.crash(0);
    assert_eq!(rig.minutes("a"), [44, 46]);
}

#[test]
fn a_deletion_that_concerns_nothing_writes_nothing() {
    let rig = filled();
    let before = rig.disk.used();
    assert_eq!(rig.delete("c", i64::MIN, i64::MAX).unwrap(), crate::Maintenance::default());
    assert_eq!(rig.delete("a", START - 2 * MINUTE, START).unwrap(), crate::Maintenance::default());
    assert_eq!(rig.disk.used(), before);
}

#[test]
fn a_damaged_block_is_named_and_the_others_are_dealt_with() {
    let rig = filled();
    let path = rig.files("blocks").remove(0);
    rig.disk.corrupt(&path, |content| content[30] ^= 1);
    let mut rig = rig;
    rig.open();
    let error = rig.delete("a", i64::MIN, i64::MAX).unwrap_err().to_string();
    assert!(error.contains("block 0000"), "{error}");
    let (left, _) = rig.read_with_warnings("a", START + 20 * MINUTE, i64::MAX);
    assert_eq!(left, Vec::<(i64, u64)>::new());
}
