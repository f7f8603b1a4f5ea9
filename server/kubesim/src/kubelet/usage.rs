//! What a container uses: plausible, moving, and the same whenever the same moment is asked about.

use jiff::Timestamp;
use serde_json::Value;

use crate::{object, quantity::parse_milli};

/// Seconds of one wave of load.
const PERIOD: f64 = 600.0;

/// What one running container uses at a time.
pub(super) struct Usage<'p> {
    pub(super) container: &'p str,
    pub(super) image: &'p str,
    pub(super) id: &'p str,
    pub(super) started: &'p str,
    /// For how long it has run.
    pub(super) seconds: f64,
    /// Now.
    pub(super) cpu_cores: f64,
    /// Since the start.
    pub(super) cpu_seconds: f64,
    pub(super) memory_bytes: f64,
    /// 0 where there is no limit.
    pub(super) memory_limit_bytes: f64,
    /// Since the start, of the whole pod.
    pub(super) received_bytes: f64,
    pub(super) sent_bytes: f64,
}

impl<'p> Usage<'p> {
    /// The running containers of a pod.
    pub(super) fn of_pod(pod: &'p Value, now: Timestamp) -> impl Iterator<Item = Usage<'p>> {
        object::list(pod, &["status", "containerStatuses"]).iter().filter_map(move |status| {
            let started = object::text(status, &["state", "running", "startedAt"]);
            let since: Timestamp = started.parse().ok()?;
            let name = object::text(status, &["name"]);
            let container = object::list(pod, &["spec", "containers"])
                .iter()
                .find(|container| object::text(container, &["name"]) == name)?;
            Some(Usage::at(pod, container, status, since, now))
        })
    }

    fn at(
        pod: &'p Value,
        container: &'p Value,
        status: &'p Value,
        since: Timestamp,
        now: Timestamp,
    ) -> Usage<'p> {
        let asked = |which: &str, resource: &str| {
            parse_milli(object::text(container, &["resources", which, resource])).map_or(0.0, thousandths)
        };
        let uid = object::uid(pod);
        let share = 0.25 + 0.5 * fraction(uid, 1);
        let base = asked("requests", "cpu").max(0.01) * share;
        let phase = fraction(uid, 2) * PERIOD;
        let seconds = now.duration_since(since).as_secs_f64().max(0.0);
        let clock = now.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64() + phase;
        let angle = std::f64::consts::TAU / PERIOD;
        // The integral of base × (1 + 0.4 sin(angle × t)) from the start until now.
        let wave = |at: f64| -(0.4 / angle) * (angle * at).cos();
        let cpu_seconds = base * (seconds + wave(clock) - wave(clock - seconds));
        let memory = asked("requests", "memory").max(16e6);
        let grown = 1.0 - (-seconds / 120.0).exp();
        let rate = 2000.0 + 200_000.0 * fraction(uid, 3) * fraction(uid, 3);
        Usage {
            container: object::text(status, &["name"]),
            image: object::text(status, &["image"]),
            id: object::text(status, &["containerID"]).trim_start_matches("containerd://"),
            started: object::text(status, &["state", "running", "startedAt"]),
            seconds,
            cpu_cores: base * (1.0 + 0.4 * (angle * clock).sin()),
            cpu_seconds,
            memory_bytes: memory
                * (0.35 + 0.3 * fraction(uid, 4) + 0.2 * grown + 0.03 * (angle * clock).cos()),
            memory_limit_bytes: asked("limits", "memory"),
            received_bytes: rate * cpu_seconds / base,
            sent_bytes: rate * cpu_seconds / base * (0.5 + fraction(uid, 5)),
        }
    }
}

/// A number between 0 and 1 that belongs to a uid.
pub(super) fn fraction(uid: &str, salt: u64) -> f64 {
    let seed = uid.bytes().fold(salt, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let bits = u32::try_from(crate::clock::Random::new(seed).next() >> 32).unwrap_or(0);
    f64::from(bits) / f64::from(u32::MAX)
}

/// Thousandths as a plain number.
fn thousandths(milli: i128) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "quantities are far below the limit of exactness")]
    let value = milli as f64;
    value / 1000.0
}
