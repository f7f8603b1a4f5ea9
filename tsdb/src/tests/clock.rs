//! Clocks that jump: ahead, back, while the store runs and between two runs. Nothing stored goes, and no restart is needed.

use crowsnest_api::Sample;

use super::support::*;
use crate::{Maintenance, RejectReason};

const DAY: i64 = 24 * 60 * MINUTE;

/// Pushes a sample at the rig's present; says why it was refused, if it was.
fn push(rig: &Rig, value: f64) -> Option<RejectReason> {
    let outcome = rig.try_push(source("s"), "a", &[Sample::new(rig.now, value)]).unwrap();
    outcome.rejected.first().map(|rejection| rejection.reason)
}

fn stored() -> Vec<i64> {
    (1..=45).collect()
}

#[test]
fn a_clock_that_jumps_ahead_and_back_while_the_store_runs_removes_nothing() {
    let mut rig = filled();
    for jump in [400 * DAY, -800 * DAY, 400 * DAY] {
        rig.now += jump;
        assert_eq!(rig.maintain().unwrap(), Maintenance::default());
        assert_eq!(rig.minutes("a"), stored());
    }
    rig.push_minutes("a", 40);
    rig.settle();
    assert_eq!(rig.minutes("a").len(), 85);
}

#[test]
fn samples_from_before_a_clock_was_set_back_stay_and_later_ones_are_taken_once_it_has_caught_up() {
    let mut rig = filled();
    rig.now -= DAY;
    // Within the window of late samples nothing lies: a day is longer.
    assert_eq!(push(&rig, 1.0), Some(RejectReason::TooOld));
    rig.open();
    assert_eq!(push(&rig, 1.0), Some(RejectReason::TooOld));
    rig.now += DAY + MINUTE;
    assert_eq!(push(&rig, 1.0), None);
    assert_eq!(rig.minutes("a"), (1..=46).collect::<Vec<_>>());
}

#[test]
fn what_a_clock_that_was_ahead_has_stamped_can_be_deleted_and_the_series_goes_on_at_once() {
    let mut rig = filled();
    let (now, ahead) = (rig.now, rig.now + DAY);
    rig.now = ahead;
    assert_eq!(push(&rig, 1.0), None);
    rig.settle();
    rig.now = now + MINUTE;
    // The newest of the series is in the future, and so everything else is too old for it.
    assert_eq!(push(&rig, 2.0), Some(RejectReason::TooOld));
    let recovery = rig.open();
    assert!(recovery.warnings[0].contains("has the clock been set back?"), "{recovery:?}");
    rig.delete("a", ahead, ahead).unwrap();
    for _ in 0..2 {
        assert_eq!(push(&rig, 2.0), None);
        rig.now += MINUTE;
        rig.crash(0);
    }
    assert_eq!(rig.minutes("a"), (1..=47).collect::<Vec<_>>());
}

#[test]
fn a_sample_from_too_far_ahead_of_our_clock_is_refused() {
    let rig = filled();
    let ahead = rig.now + rig.options.max_future.as_millis() as i64 + 1;
    let outcome = rig.try_push(source("s"), "a", &[Sample::new(ahead, 1.0)]).unwrap();
    assert_eq!(outcome.rejected.first().map(|rejection| rejection.reason), Some(RejectReason::TooNew));
}
