//! Durations: `15s`, `1h30m`, `2w`, as Grafana and Prometheus write them.

/// Units and their milliseconds, largest first. A month has 30 days here and a year 365, as Prometheus and Grafana count.
const UNITS: &[(&str, i64)] = &[
    ("y", 31_536_000_000),
    ("M", 2_592_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Milliseconds of a duration: `90s`, `1h30m`, `>10s` (the sign says that it is a least one), a number of seconds.
/// `None` for what is none, and for more than a thousand years.
pub fn parse_ms(text: &str) -> Option<i64> {
    let text = text.trim().trim_start_matches('>').trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return bounded(seconds * 1000.0);
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|at| *at > 0)?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let (_, ms) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total += number.parse::<f64>().ok()? * *ms as f64;
        rest = after.trim_start();
    }
    (!text.is_empty()).then(|| bounded(total)).flatten()
}

fn bounded(ms: f64) -> Option<i64> {
    (ms.is_finite() && (0.0..=31_536_000_000_000.0).contains(&ms)).then_some(ms.round() as i64)
}

/// As Go prints it, which PromQL reads: `1h0m0s`, `1m30s`, `500ms`.
pub fn to_go(ms: i64) -> String {
    let ms = ms.max(0);
    if ms < 1000 {
        return if ms == 0 { "0s".to_owned() } else { format!("{ms}ms") };
    }
    let (hours, minutes, seconds, rest) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
    // PromQL reads no fractions; the milliseconds are a unit of their own.
    let tail = if rest == 0 { String::new() } else { format!("{rest}ms") };
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s{tail}"),
        (0, minutes) => format!("{minutes}m{seconds}s{tail}"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s{tail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_all_their_units() {
        for (text, ms) in [
            ("15s", Some(15_000)),
            ("1h30m", Some(5_400_000)),
            (">10s", Some(10_000)),
            ("250ms", Some(250)),
            ("1.5h", Some(5_400_000)),
            ("2w", Some(1_209_600_000)),
            ("30", Some(30_000)),
            ("", None),
            ("s", None),
            ("1x", None),
            ("1e9y", None),
            ("$interval", None),
        ] {
            assert_eq!(parse_ms(text), ms, "{text}");
        }
    }

    #[test]
    fn what_is_printed_for_promql_is_read_again() {
        for (ms, text) in
            [(60_000, "1m0s"), (3_600_000, "1h0m0s"), (15_000, "15s"), (500, "500ms"), (61_500, "1m1s500ms")]
        {
            assert_eq!(to_go(ms), text);
            assert_eq!(parse_ms(text), Some(ms));
            let query = format!("rate(a[{text}])");
            assert!(crowsnest_promql::parse(&query).is_ok(), "{query}");
        }
    }
}
