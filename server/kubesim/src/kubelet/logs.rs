//! Logs: a line every few seconds, since the container started.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{usage::fraction, volumes::is_full};
use crate::object;

/// Seconds between two lines.
const INTERVAL: i64 = 5;
/// The most lines that are kept, as a kubelet rotates its files.
const KEPT: i64 = 500;

/// What a client wants of a log.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) tail: Option<i64>,
    pub(crate) timestamps: bool,
    /// Of the container before the last restart.
    pub(crate) previous: bool,
}

/// The lines of a container's log up to now; none if the container has not started.
pub(crate) fn lines(pod: &Value, container: &str, wish: Wish, now: Timestamp) -> Option<String> {
    let status = object::list(pod, &["status", "containerStatuses"])
        .iter()
        .find(|status| object::text(status, &["name"]) == container)?;
    let state = if wish.previous { "lastState" } else { "state" };
    let ended = object::at(status, &[state, "terminated"]).or_else(|| {
        object::at(status, &["lastState", "terminated"])
            .filter(|_| object::at(status, &["state", "running"]).is_none())
    });
    let (start, end) = match ended {
        Some(ended) => (object::text(ended, &["startedAt"]), object::text(ended, &["finishedAt"])),
        None => (object::text(status, &["state", "running", "startedAt"]), ""),
    };
    let start: Timestamp = start.parse().ok()?;
    let end: Timestamp = end.parse().unwrap_or(now);
    let total = (end.as_second() - start.as_second()) / INTERVAL + 1;
    let wanted = wish.tail.unwrap_or(KEPT).clamp(0, KEPT).min(total);
    let mut text = String::new();
    for number in total - wanted..total {
        let at = start + SignedDuration::from_secs(number * INTERVAL);
        if wish.timestamps {
            text.push_str(&format!("{at} "));
        }
        text.push_str(&line(pod, container, number));
        text.push('\n');
    }
    if let Some(ended) = ended {
        let reason = object::text(ended, &["reason"]);
        text.push_str(&format!("level=error msg=\"cannot go on\" component={container} reason={reason}\n"));
    }
    Some(text)
}

fn line(pod: &Value, container: &str, number: i64) -> String {
    let salt = u64::try_from(number).unwrap_or(0) + 100;
    let chance = fraction(object::uid(pod), salt);
    let millis = 2.0 + 80.0 * chance;
    match number {
        0 => format!("level=info msg=\"starting\" component={container} version=1"),
        _ if is_full(pod) && number % 3 == 0 => {
            format!(
                "level=error msg=\"cannot append to the log\" component={container} err=\"no space left on device\""
            )
        }
        _ if chance > 0.97 => {
            format!("level=warn msg=\"slow request\" component={container} duration={:.0}ms", millis * 20.0)
        }
        _ => format!(
            "level=info msg=\"request served\" component={container} status=200 duration={millis:.1}ms"
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_log_has_a_line_for_every_interval_since_the_start() {
        let pod = json!({"metadata": {"uid": "u"}, "status": {"containerStatuses": [{"name": "c",
            "state": {"running": {"startedAt": "2026-11-21T08:00:00Z"}}}]}});
        let now = "2026-11-21T08:01:00Z".parse().unwrap();
        assert_eq!(lines(&pod, "c", Wish::default(), now).unwrap().lines().count(), 13);
        let tail = Wish { tail: Some(2), timestamps: true, previous: false };
        let text = lines(&pod, "c", tail, now).unwrap();
        assert_eq!(text.lines().count(), 2);
        assert!(text.starts_with("2026-11-21T08:00:55Z "));
        assert!(lines(&pod, "other", Wish::default(), now).is_none());
    }
}
