//! How full the volumes of a pod are.

use jiff::Timestamp;
use serde_json::Value;

use super::usage::fraction;
use crate::object;

const CAPACITY_BYTES: u64 = 10 << 30;
const INODES: u64 = 655_360;
/// Seconds in which what is used goes up and down once.
const PERIOD: i64 = 3600;

/// What a volume of a claim holds at one moment.
pub(super) struct VolumeUsage<'p> {
    pub(super) name: &'p str,
    pub(super) claim: &'p str,
    pub(super) capacity_bytes: u64,
    pub(super) used_bytes: u64,
    pub(super) inodes: u64,
    pub(super) inodes_used: u64,
}

impl VolumeUsage<'_> {
    /// The volumes of a pod that are of claims.
    pub(super) fn of_pod(pod: &Value, now: Timestamp) -> impl Iterator<Item = VolumeUsage<'_>> {
        let per_mille = per_mille_used(pod, now);
        object::list(pod, &["spec", "volumes"]).iter().filter_map(move |volume| {
            let claim = object::at(volume, &["persistentVolumeClaim"])?;
            Some(VolumeUsage {
                name: object::text(volume, &["name"]),
                claim: object::text(claim, &["claimName"]),
                capacity_bytes: CAPACITY_BYTES,
                used_bytes: CAPACITY_BYTES / 1000 * per_mille,
                inodes: INODES,
                inodes_used: INODES / 2000 * per_mille,
            })
        })
    }
}

/// Whether a pod has no room left to write to: the first kafka has not.
pub(super) fn is_full(pod: &Value) -> bool {
    object::name(pod) == "kafka-0"
}

/// Thousandths of the capacity.
fn per_mille_used(pod: &Value, now: Timestamp) -> u64 {
    if is_full(pod) {
        return 997;
    }
    let phase = now.as_second().rem_euclid(PERIOD).unsigned_abs();
    let wave = phase.min(PERIOD.unsigned_abs() - phase) / 60;
    200 + super::whole(fraction(object::uid(pod), 7) * 400.0) + wave
}
