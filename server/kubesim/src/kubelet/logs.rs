//! Logs: a line every few seconds, since the container started.
//!
//! The lines follow from the pod and the time alone, as the metrics do: whoever asks again gets the same ones.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{usage::fraction, volumes::is_full};
use crate::object;

/// Seconds between two lines.
const INTERVAL: i64 = 2;
/// The most lines that are kept, as a kubelet rotates its files.
const KEPT: i64 = 2000;
/// Where a pod says how its lines look: `json`, `klog` or `nginx`; without it, `logfmt`.
const FORMAT: &str = "kubesim.crowsnest.dev/log-format";
/// Where a pod says how many lines it writes within its first second.
const BURST: &str = "kubesim.crowsnest.dev/log-burst";
/// The most of them.
const LARGEST_BURST: i64 = 200_000;

/// What a client wants of a log.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish {
    /// Only so many of the last lines.
    pub(crate) tail: Option<i64>,
    /// Only what was said at this time or later.
    pub(crate) since: Option<Timestamp>,
    /// No more than so many bytes.
    pub(crate) limit_bytes: Option<usize>,
    pub(crate) timestamps: bool,
    /// Of the container before the last restart.
    pub(crate) previous: bool,
}

/// The log of one run of a container.
pub(crate) struct Log<'p> {
    pod: &'p Value,
    container: &'p str,
    start: Timestamp,
    /// When and why the run ended; the time is when the last line is written.
    end: Option<(Timestamp, &'p str)>,
    /// Lines that are written at once, at the start.
    burst: i64,
}

impl<'p> Log<'p> {
    /// The log of a container as it runs, or of the run before; none if there was no such run.
    pub(crate) fn of(pod: &'p Value, container: &'p str, previous: bool) -> Option<Log<'p>> {
        let status = object::container_status(pod, container)?;
        let ended = if previous {
            object::at(status, &["lastState", "terminated"])
        } else {
            // While a container waits for its restart, its log is that of its last run.
            object::at(status, &["state", "terminated"]).or_else(|| {
                object::at(status, &["lastState", "terminated"])
                    .filter(|_| object::at(status, &["state", "running"]).is_none())
            })
        };
        let (start, end) = match ended {
            Some(ended) => {
                let at: Timestamp = object::text(ended, &["finishedAt"]).parse().ok()?;
                (object::text(ended, &["startedAt"]), Some((at, object::text(ended, &["reason"]))))
            }
            None if previous => return None,
            None => (object::text(status, &["state", "running", "startedAt"]), None),
        };
        let burst = object::text(pod, &["metadata", "annotations", BURST]).parse().unwrap_or(0);
        let burst = i64::clamp(burst, 0, LARGEST_BURST);
        Some(Log { pod, container, start: start.parse().ok()?, end, burst })
    }

    /// When this run began: two logs with the same start are of the same run.
    pub(crate) fn start(&self) -> Timestamp {
        self.start
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// How many lines there are now.
    pub(crate) fn count(&self, now: Timestamp) -> i64 {
        let until = self.end.map_or(now, |(end, _)| end).as_second();
        self.burst + (until - self.start.as_second()).max(0) / INTERVAL + 1 + i64::from(self.has_ended())
    }

    /// When the line with this number is written.
    pub(crate) fn due(&self, number: i64) -> Timestamp {
        match self.end {
            Some((end, _)) if number + 1 >= self.count(end) => end,
            // The first line after a burst is not before its last one.
            _ if number <= self.burst => self.start + SignedDuration::from_micros(number.saturating_mul(4)),
            _ => self.start + SignedDuration::from_secs((number - self.burst).saturating_mul(INTERVAL)),
        }
    }

    /// The number of the first line that is wanted.
    pub(crate) fn first(&self, wish: &Wish, now: Timestamp) -> i64 {
        let count = self.count(now);
        let kept = wish.tail.unwrap_or(i64::MAX).clamp(0, KEPT + self.burst);
        let first = (count - kept).max(0);
        let Some(since) = wish.since else { return first };
        // Lines are in the order of their times, but for the last, which no other follows.
        (first..count).find(|number| self.due(*number) >= since).unwrap_or(count)
    }

    /// Lines by their numbers, each with its line feed.
    pub(crate) fn lines(&self, numbers: std::ops::Range<i64>, timestamps: bool, now: Timestamp) -> String {
        let mut text = String::new();
        for number in numbers {
            if timestamps {
                text.push_str(&format!("{} ", self.due(number)));
            }
            match self.end {
                Some((_, reason)) if number + 1 == self.count(now) => text.push_str(&self.last_line(reason)),
                _ => text.push_str(&self.line(number)),
            }
            text.push('\n');
        }
        text
    }

    fn last_line(&self, reason: &str) -> String {
        let container = self.container;
        if reason == "Completed" {
            format!("level=info msg=\"done\" component={container}")
        } else {
            format!("level=error msg=\"cannot go on\" component={container} reason={reason}")
        }
    }

    fn line(&self, number: i64) -> String {
        let container = self.container;
        let salt = u64::try_from(number).unwrap_or(0) + 100;
        let chance = fraction(object::uid(self.pod), salt);
        let millis = 2.0 + 80.0 * chance;
        match object::text(self.pod, &["metadata", "annotations", FORMAT]) {
            "json" => return self.json(number, chance, millis),
            "klog" => return self.klog(number, chance, millis),
            "nginx" => return self.nginx(number, chance, millis),
            _ => {}
        }
        match number {
            0 => format!("level=info msg=\"starting\" component={container} version=1"),
            _ if is_full(self.pod) && number % 3 == 0 => format!(
                "level=error msg=\"cannot append to the log\" component={container} err=\"no space left on device\""
            ),
            _ if chance > 0.97 => format!(
                "level=warn msg=\"slow request\" component={container} duration={:.0}ms",
                millis * 20.0
            ),
            _ => format!(
                "level=info msg=\"request served\" component={container} status=200 duration={millis:.1}ms"
            ),
        }
    }
}

/// Lines of other sorts of programs.
impl Log<'_> {
    fn json(&self, number: i64, chance: f64, millis: f64) -> String {
        let (level, msg) = match chance {
            c if c > 0.985 => ("error", "payment provider did not answer"),
            c if c > 0.95 => ("warn", "slow query"),
            c if c < 0.2 => ("debug", "cache looked up"),
            _ => ("info", "request served"),
        };
        let line = json!({
            "time": self.due(number).to_string(), "level": level, "msg": msg, "component": self.container,
            "request": {"id": format!("{number:08x}"), "method": "GET", "path": path(chance)},
            "duration_ms": (millis * 10.0).round() / 10.0,
        });
        line.to_string()
    }

    fn klog(&self, number: i64, chance: f64, millis: f64) -> String {
        let (level, place, text) = match chance {
            c if c > 0.985 => ('E', "reflector.go:158", "Unhandled Error"),
            c if c > 0.95 => ('W', "proxier.go:842", "Skipping stale endpoints"),
            _ => ('I', "proxier.go:796", "SyncProxyRules complete"),
        };
        let at = self.due(number).to_zoned(jiff::tz::TimeZone::UTC);
        let time = at.strftime("%m%d %H:%M:%S.%6f");
        format!("{level}{time}       1 {place}] \"{text}\" ipFamily=\"IPv4\" elapsed=\"{millis:.3}ms\"")
    }

    fn nginx(&self, number: i64, chance: f64, millis: f64) -> String {
        let status = match chance {
            c if c > 0.985 => 502,
            c if c > 0.95 => 404,
            c if c > 0.9 => 304,
            _ => 200,
        };
        let at = self.due(number).to_zoned(jiff::tz::TimeZone::UTC);
        let time = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
        let (host, bytes) = (1.0 + 250.0 * chance, 100.0 * millis);
        format!(
            "10.244.1.{host:.0} - - [{time}] \"GET {} HTTP/1.1\" {status} {bytes:.0} \"-\" \"Mozilla/5.0\" \"-\"",
            path(chance)
        )
    }
}

fn path(chance: f64) -> &'static str {
    match chance {
        c if c > 0.8 => "/api/orders",
        c if c > 0.5 => "/api/products?page=2",
        c if c > 0.2 => "/",
        _ => "/healthz",
    }
}

/// The lines that are wanted, up to now.
pub(crate) fn text(log: &Log<'_>, wish: &Wish, now: Timestamp) -> String {
    let mut text = log.lines(log.first(wish, now)..log.count(now), wish.timestamps, now);
    if let Some(limit) = wish.limit_bytes {
        text.truncate(text.floor_char_boundary(limit));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(state: &Value, last_state: &Value) -> Value {
        json!({"metadata": {"uid": "u"}, "status": {"containerStatuses": [
            {"name": "c", "state": state, "lastState": last_state}]}})
    }

    fn at(text: &str) -> Timestamp {
        format!("2026-11-21T{text}Z").parse().unwrap()
    }

    fn crashed() -> Value {
        json!({"terminated": {"startedAt": "2026-11-21T07:59:50Z", "finishedAt": "2026-11-21T07:59:54Z",
            "reason": "Error"}})
    }

    #[track_caller]
    fn check(pod: &Value, wish: Wish, lines: usize, first: &str) {
        let log = Log::of(pod, "c", wish.previous).unwrap();
        let text = text(&log, &wish, at("08:01:00"));
        assert_eq!(text.lines().count(), lines, "{text}");
        assert!(text.starts_with(first), "{text}");
    }

    #[test]
    fn a_log_has_a_line_for_every_interval_since_the_start() {
        let pod = pod(&json!({"running": {"startedAt": "2026-11-21T08:00:00Z"}}), &crashed());
        check(&pod, Wish::default(), 31, "level=info msg=\"starting\"");
        let tail = Wish { tail: Some(2), timestamps: true, ..Wish::default() };
        check(&pod, tail, 2, "2026-11-21T08:00:58Z ");
        let since = Wish { since: Some(at("08:00:51")), timestamps: true, ..Wish::default() };
        check(&pod, since, 5, "2026-11-21T08:00:52Z ");
        check(&pod, Wish { limit_bytes: Some(12), ..Wish::default() }, 1, "level=info m");
        check(&pod, Wish { tail: Some(0), ..Wish::default() }, 0, "");
        assert!(Log::of(&pod, "other", false).is_none());
    }

    #[test]
    fn a_pod_can_write_many_lines_at_its_start_in_the_form_of_its_program() {
        let mut pod = pod(&json!({"running": {"startedAt": "2026-11-21T08:00:00Z"}}), &crashed());
        pod["metadata"]["annotations"] = json!({BURST: "100000", FORMAT: "json"});
        check(&pod, Wish::default(), 100_031, "{\"component\":\"c\"");
        let log = Log::of(&pod, "c", false).unwrap();
        assert!((1..100_031).all(|number| log.due(number - 1) <= log.due(number)));
        pod["metadata"]["annotations"][FORMAT] = "klog".into();
        check(&pod, Wish { tail: Some(1), ..Wish::default() }, 1, "I1121 08:01:00.000000 ");
        pod["metadata"]["annotations"][FORMAT] = "nginx".into();
        check(&pod, Wish { tail: Some(1), ..Wish::default() }, 1, "10.244.1.");
    }

    #[test]
    fn the_run_before_the_restart_has_a_log_of_its_own_that_says_why_it_ended() {
        let running = pod(&json!({"running": {"startedAt": "2026-11-21T08:00:00Z"}}), &crashed());
        check(&running, Wish { previous: true, ..Wish::default() }, 4, "level=info msg=\"starting\"");
        let last = Wish { previous: true, tail: Some(1), ..Wish::default() };
        check(&running, last, 1, "level=error msg=\"cannot go on\" component=c reason=Error");
        // One that waits for its restart shows its last run.
        let waiting = pod(&json!({"waiting": {"reason": "CrashLoopBackOff"}}), &crashed());
        check(&waiting, Wish::default(), 4, "level=info msg=\"starting\"");
        let fresh = pod(&json!({"running": {"startedAt": "2026-11-21T08:00:00Z"}}), &json!({}));
        assert!(Log::of(&fresh, "c", true).is_none());
    }
}
