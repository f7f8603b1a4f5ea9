//! Numbers for people, as Prometheus writes them.

use super::print::printf;
use super::time::Time;
use super::value::Value;

/// A number, or a string that holds one.
pub(super) fn number(value: &Value) -> Result<f64, String> {
    match value {
        Value::Float(value) => Ok(*value),
        #[expect(clippy::cast_precision_loss, reason = "as Go converts an int to a float64")]
        Value::Int(value) => Ok(*value as f64),
        #[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
        Value::Duration(nanos) => Ok(*nanos as f64 / 1e9),
        Value::Str(text) | Value::Html(text) => crowsnest_api::parse_value(text).ok_or_else(|| {
            format!("strconv.ParseFloat: parsing {}: invalid syntax", super::print::quoted(text))
        }),
        other => Err(format!("can't convert {} to float", other.type_name())),
    }
}

/// As `%.4g`.
fn four_digits(value: f64) -> String {
    printf("%.4g", &[Value::Float(value)]).unwrap_or_default()
}

/// `12.35k`
pub(super) fn humanize(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return four_digits(value);
    }
    let (mut value, mut prefix) = (value, "");
    if value.abs() >= 1.0 {
        for next in ["k", "M", "G", "T", "P", "E", "Z", "Y"] {
            if value.abs() < 1000.0 {
                break;
            }
            (value, prefix) = (value / 1000.0, next);
        }
    } else {
        for next in ["m", "u", "n", "p", "f", "a", "z", "y"] {
            if value.abs() >= 1.0 {
                break;
            }
            (value, prefix) = (value * 1000.0, next);
        }
    }
    four_digits(value) + prefix
}

/// `117.7Mi`
pub(super) fn humanize1024(value: f64) -> String {
    if value.abs() <= 1.0 || !value.is_finite() {
        return four_digits(value);
    }
    let (mut value, mut prefix) = (value, "");
    for next in ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"] {
        if value.abs() < 1024.0 {
            break;
        }
        (value, prefix) = (value / 1024.0, next);
    }
    four_digits(value) + prefix
}

/// `1d 2h 3m 4s`
pub(super) fn humanize_duration(value: f64) -> String {
    if !value.is_finite() {
        return four_digits(value);
    }
    if value == 0.0 {
        return four_digits(value) + "s";
    }
    if value.abs() < 1.0 {
        return humanize(value) + "s";
    }
    if value.abs() < 60.0 {
        return four_digits(value) + "s";
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let Some(total) = whole_seconds(value.abs()) else { return TOO_LONG.to_owned() };
    let (days, hours, minutes, seconds) = (total / 86400, total / 3600 % 24, total / 60 % 60, total % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{seconds}s"),
        (0, 0, _) => format!("{sign}{minutes}m {seconds}s"),
        (0, _, _) => format!("{sign}{hours}h {minutes}m {seconds}s"),
        _ => format!("{sign}{days}d {hours}h {minutes}m {seconds}s"),
    }
}

/// What Prometheus prints for durations of which the seconds do not fit 64 bits.
const TOO_LONG: &str = "-106751991167300d -15h -30m -8s";

/// The seconds, when they fit Go's `int64`.
#[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
fn whole_seconds(seconds: f64) -> Option<i64> {
    (seconds < 9_223_372_036_854_775_807.0).then_some(seconds as i64)
}

/// `12.35%`
pub(super) fn humanize_percentage(value: f64) -> String {
    four_digits(value * 100.0) + "%"
}

/// A point in time, from seconds since 1970; `None` for what is not finite.
pub(super) fn time(value: f64) -> Result<Option<Time>, String> {
    if !value.is_finite() {
        return Ok(None);
    }
    let nanos = value * 1e9;
    if nanos.abs() > 9_223_372_036_854_775_807.0 {
        let shown = super::print::general(value);
        return Err(format!(
            "{shown} cannot be represented as a nanoseconds timestamp since it overflows int64"
        ));
    }
    // Prometheus keeps milliseconds.
    let millis = (value * 1000.0).trunc();
    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range above")]
    let millis = millis as i64;
    let nanos = i32::try_from(millis.rem_euclid(1000) * 1_000_000).unwrap_or(0);
    Ok(Some(Time::utc(millis.div_euclid(1000), nanos)))
}

/// `2023-11-14 22:13:20.5 +0000 UTC`
pub(super) fn humanize_timestamp(value: f64) -> Result<String, String> {
    Ok(time(value)?.map_or_else(|| four_digits(value), |time| time.to_string()))
}
