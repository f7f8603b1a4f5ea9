//! Reading fields of an object: what is absent or of another type reads as nothing, never as an error.

use crate::json::Value;

use crate::range::{DAY, HOUR, MINUTE, SECOND};

/// The value at `path`.
pub(crate) fn at<'v>(object: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(object, |value, field| value.get(field))
}

/// The text at `path`; empty where there is none.
pub(crate) fn text<'v>(object: &'v Value, path: &[&str]) -> &'v str {
    at(object, path).and_then(Value::as_str).unwrap_or_default()
}

/// The whole number at `path`.
pub(crate) fn integer(object: &Value, path: &[&str]) -> Option<i64> {
    at(object, path).and_then(Value::as_i64)
}

/// Whether `true` stands at `path`.
pub(crate) fn is_true(object: &Value, path: &[&str]) -> bool {
    at(object, path) == Some(&Value::Bool(true))
}

/// The list at `path`; empty where there is none.
pub(crate) fn list<'v>(object: &'v Value, path: &[&str]) -> &'v [Value] {
    at(object, path).and_then(Value::as_array).unwrap_or_default()
}

/// The texts of the map at `path`, in the order of their keys.
pub(crate) fn pairs<'v>(object: &'v Value, path: &[&str]) -> impl Iterator<Item = (&'v str, &'v str)> {
    let map = at(object, path).and_then(Value::as_object);
    map.into_iter().flatten().filter_map(|(key, value)| Some((key, value.as_str()?)))
}

/// The object's name.
pub(crate) fn name(object: &Value) -> &str {
    text(object, &["metadata", "name"])
}

/// The object's namespace; empty for one that is in none.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, &["metadata", "namespace"])
}

/// When the object was made, in milliseconds since the epoch.
pub(crate) fn created(object: &Value) -> Option<i64> {
    moment(text(object, &["metadata", "creationTimestamp"]))
}

/// The condition of that type.
pub(crate) fn condition<'v>(object: &'v Value, kind: &str) -> Option<&'v Value> {
    list(object, &["status", "conditions"]).iter().find(|condition| text(condition, &["type"]) == kind)
}

/// Whether the condition of that type is `True`.
pub(crate) fn holds(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| text(condition, &["status"]) == "True")
}

/// Milliseconds since the epoch of an RFC 3339 time, as Kubernetes writes them; `None` where it is none.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let (date, clock) = text.split_once('T')?;
    let mut date = date.split('-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let at = clock.find(['Z', '+', '-'])?;
    let (clock, zone) = clock.split_at_checked(at)?;
    let mut parts = clock.split(':');
    let hour: i64 = parts.next()?.parse().ok()?;
    let minute: i64 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next()?.parse().ok()?;
    let fits = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0.0..61.0).contains(&seconds);
    let millis = (seconds * 1e3).round() as i64;
    let local = days_before(year, month, day) * DAY + hour * HOUR + minute * MINUTE + millis;
    fits.then_some(local - offset(zone)?)
}

/// Milliseconds that a zone is ahead of UTC: `Z`, `+09:00`.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, rest) = zone.strip_prefix('-').map_or((1, zone.trim_start_matches('+')), |rest| (-1, rest));
    let (hours, minutes) = rest.split_once(':')?;
    Some(sign * (hours.parse::<i64>().ok()? * HOUR + minutes.parse::<i64>().ok()? * MINUTE))
}

/// Days from the epoch to a date of the Gregorian calendar.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day is a year's last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// How long ago `moment` was, never negative.
pub(crate) fn age(now: i64, moment: i64) -> i64 {
    (now - moment).max(0) / SECOND * SECOND
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn what_is_not_there_reads_as_nothing() {
        let object = json!({"metadata": {"name": "a", "labels": {"x": "1", "y": 2}}, "status": null});
        assert_eq!(name(&object), "a");
        assert_eq!(namespace(&object), "");
        assert_eq!(text(&object, &["status", "phase"]), "");
        assert_eq!(integer(&object, &["metadata", "name"]), None);
        assert!(list(&object, &["status", "conditions"]).is_empty());
        assert_eq!(pairs(&object, &["metadata", "labels"]).collect::<Vec<_>>(), [("x", "1")]);
    }

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(moment(text), expected, "{text}");
    }

    #[test]
    fn moments_are_read_with_and_without_fractions_and_zones() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("2026-11-25T21:33:18Z", Some(1_795_642_398_000));
        check("2024-02-29T12:00:00.123456Z", Some(1_709_208_000_123));
        check("2026-11-26T06:33:18+09:00", Some(1_795_642_398_000));
        check("1969-12-31T23:59:59Z", Some(-1_000));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in ["", "2026-11-25", "2026-13-01T00:00:00Z", "2026-11-25T25:00:00Z", "T", "aTb:c:dZ"] {
            check(text, None);
        }
    }
}
