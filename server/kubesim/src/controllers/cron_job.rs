//! CronJobs: a Job whenever the schedule says so.

use jiff::{civil, tz::TimeZone};
use serde_json::{Value, json};

use super::{Step, events, job};
use crate::object;

const TABLE: &str = "cronjobs.batch";

pub(super) fn run(step: &mut Step<'_>) {
    // Schedules are read in UTC: no time zone database is compiled in.
    let minute = step.now.as_second() - step.now.as_second().rem_euclid(60);
    let Ok(at) = jiff::Timestamp::from_second(minute) else { return };
    for (key, cron) in step.all(TABLE) {
        trim_history(step, &cron);
        let jobs = step.owned(job::TABLE, &cron);
        let running: Vec<&(String, std::sync::Arc<Value>)> =
            jobs.iter().filter(|(_, job)| !is_over(job)).collect();
        let active: Vec<Value> = running.iter().map(|(_, job)| reference(job)).collect();
        let mut object = cron.as_ref().clone();
        if active.is_empty() {
            object::remove(&mut object, &["status", "active"]);
        } else {
            object::set(&mut object, &["status", "active"], active);
        }
        let suspended = object::at(&cron, &["spec", "suspend"]) == Some(&Value::Bool(true));
        let stamp = crate::clock::seconds(at);
        let last = object::text(&cron, &["status", "lastScheduleTime"]).to_owned();
        let born = object::text(&cron, &["metadata", "creationTimestamp"]).to_owned();
        let is_due = !suspended
            && last < stamp
            && born <= stamp
            && matches(object::text(&cron, &["spec", "schedule"]), at);
        if is_due && (running.is_empty() || object::text(&cron, &["spec", "concurrencyPolicy"]) == "Allow") {
            let name = format!("{}-{}", object::name(&cron), minute / 60);
            let mut made = json!({
                "metadata": object::at(&cron, &["spec", "jobTemplate", "metadata"]).cloned().unwrap_or_else(|| json!({})),
                "spec": object::at(&cron, &["spec", "jobTemplate", "spec"]).cloned().unwrap_or_default(),
            });
            object::set(&mut made, &["metadata", "name"], name.as_str());
            object::set(&mut made, &["metadata", "namespace"], object::namespace(&cron));
            step.create(job::TABLE, Some(&cron), made);
            events::tell(
                step,
                &cron,
                "Normal",
                "SuccessfulCreate",
                &format!("Created job {name}"),
                "cronjob-controller",
            );
            object::set(&mut object, &["status", "lastScheduleTime"], stamp);
        }
        step.write(TABLE, &key, object);
    }
}

fn is_over(job: &Value) -> bool {
    ["Complete", "Failed"].iter().any(|kind| object::condition(job, kind) == "True")
}

fn reference(job: &Value) -> Value {
    json!({
        "kind": "Job", "apiVersion": "batch/v1", "name": object::name(job), "namespace": object::namespace(job),
        "uid": object::uid(job), "resourceVersion": object::text(job, &["metadata", "resourceVersion"]),
    })
}

/// Removes the oldest ended Jobs beyond the limits, with their pods.
fn trim_history(step: &mut Step<'_>, cron: &Value) {
    for (condition, field, default) in
        [("Complete", "successfulJobsHistoryLimit", 3), ("Failed", "failedJobsHistoryLimit", 1)]
    {
        let limit = usize::try_from(object::integer(cron, &["spec", field]).unwrap_or(default)).unwrap_or(0);
        let mut ended: Vec<_> = step
            .owned(job::TABLE, cron)
            .into_iter()
            .filter(|(_, job)| object::condition(job, condition) == "True")
            .collect();
        ended.sort_by_key(|(_, job)| object::text(job, &["metadata", "creationTimestamp"]).to_owned());
        let surplus = ended.len().saturating_sub(limit);
        for (key, job) in ended.into_iter().take(surplus) {
            for (pod, _) in step.owned(super::pods::TABLE, &job) {
                step.remove(super::pods::TABLE, &pod);
            }
            step.remove(job::TABLE, &key);
        }
    }
}

/// Whether a five-field schedule names this minute.
fn matches(schedule: &str, at: jiff::Timestamp) -> bool {
    let time: civil::DateTime = at.to_zoned(TimeZone::UTC).datetime();
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else { return false };
    let weekday_now = time.weekday().to_sunday_zero_offset();
    covers(minute, time.minute())
        && covers(hour, time.hour())
        && covers(day, time.day())
        && covers(month, time.month())
        && (covers(weekday, weekday_now) || (weekday_now == 0 && covers(weekday, 7)))
}

/// Whether one field covers a number: `*`, `5`, `1-5`, `*/15`, and lists of these.
fn covers(field: &str, number: i8) -> bool {
    field.split(',').any(|part| {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let Ok(step) = step.parse::<i8>() else { return false };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (from.parse().unwrap_or(i8::MAX), to.parse().unwrap_or(i8::MIN)),
            None if range == "*" => (0, i8::MAX),
            None => match range.parse::<i8>() {
                Ok(only) => (only, if part.contains('/') { i8::MAX } else { only }),
                Err(_) => return false,
            },
        };
        step > 0 && (from..=to).contains(&number) && (number - from) % step == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schedule: &str, at: &str, expected: bool) {
        assert_eq!(matches(schedule, at.parse().unwrap()), expected, "{schedule} at {at}");
    }

    #[test]
    fn a_schedule_names_minutes() {
        check("*/5 * * * *", "2026-11-21T08:10:00Z", true);
        check("*/5 * * * *", "2026-11-21T08:11:00Z", false);
        check("30 2 * * 1-5", "2026-11-20T02:30:00Z", true);
        check("30 2 * * 1-5", "2026-11-21T02:30:00Z", false);
        check("0 0 1,15 * *", "2026-11-15T00:00:00Z", true);
        check("nonsense", "2026-11-15T00:00:00Z", false);
    }
}
