//! Names of OpenTelemetry's metrics and attributes as Prometheus translates them by default (`otlptranslator`,
//! `UnderscoreEscapingWithSuffixes`): what no Prometheus name may have becomes `_`, units and types become suffixes.

/// What a metric is, as far as its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    Gauge,
    /// A monotonic sum.
    Counter,
    Other,
}

/// Units of UCUM, and the words for them.
const UNITS: &[(&str, &str)] = &[
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("1", ""),
    ("%", "percent"),
];

/// The same after `/`.
const PER_UNITS: &[(&str, &str)] = &[
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

/// The name of a metric with this name and unit.
pub(super) fn metric(name: &str, unit: &str, nature: Nature) -> String {
    let is_separator = |c: char| !c.is_ascii_alphanumeric() && c != ':';
    let mut tokens: Vec<String> =
        name.split(is_separator).filter(|token| !token.is_empty()).map(str::to_owned).collect();
    let (main, per) = unit_words(unit);
    let has = |tokens: &[String], word: &str| tokens.iter().any(|token| token == word);
    if !main.is_empty() && !has(&tokens, &main) {
        tokens.push(main);
    }
    if !per.is_empty() && !has(&tokens, &per) {
        tokens.extend(["per".to_owned(), per]);
    }
    let suffix = match nature {
        Nature::Counter => Some("total"),
        Nature::Gauge if unit == "1" => Some("ratio"),
        Nature::Gauge | Nature::Other => None,
    };
    if let Some(suffix) = suffix {
        tokens.retain(|token| token != suffix);
        tokens.push(suffix.to_owned());
    }
    let name = tokens.join("_");
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// The words for a unit and for what it is per; empty where there are none.
fn unit_words(unit: &str) -> (String, String) {
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    (unit_word(main, UNITS), unit_word(per, PER_UNITS))
}

fn unit_word(unit: &str, known: &[(&str, &str)]) -> String {
    let unit = unit.trim();
    // In braces stands what is counted: `{packets}`.
    if unit.contains(['{', '}']) {
        return String::new();
    }
    let word = known.iter().find(|(short, _)| *short == unit).map_or(unit, |(_, word)| word);
    let parts = word.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("_")
}

/// The name of a label for an attribute.
pub(super) fn label(attribute: &str) -> String {
    let name: String =
        attribute.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    match name.as_bytes() {
        [b'0'..=b'9', ..] => format!("key_{name}"),
        [b'_', second, ..] if *second != b'_' => format!("key{name}"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_get_the_words_of_their_units_and_types() {
        for (name, unit, nature, expected) in [
            ("system.cpu.time", "s", Nature::Counter, "system_cpu_time_seconds_total"),
            ("http.server.duration", "ms", Nature::Other, "http_server_duration_milliseconds"),
            ("request_seconds_total", "s", Nature::Counter, "request_seconds_total"),
            ("a.total.b", "", Nature::Counter, "a_b_total"),
            ("memory.utilization", "1", Nature::Gauge, "memory_utilization_ratio"),
            ("memory.ratio.used", "1", Nature::Gauge, "memory_used_ratio"),
            ("requests", "1", Nature::Counter, "requests_total"),
            ("packets", "{packets}", Nature::Counter, "packets_total"),
            ("network.io", "By/s", Nature::Gauge, "network_io_bytes_per_second"),
            ("speed", "m/s", Nature::Gauge, "speed_meters_per_second"),
            ("rate.per.second", "{call}/s", Nature::Gauge, "rate_per_second"),
            ("odd", "widgets.big", Nature::Gauge, "odd_widgets_big"),
            ("odd", "GiBy", Nature::Gauge, "odd_gibibytes"),
            ("__a--b__", "", Nature::Gauge, "a_b"),
            ("2xx", "", Nature::Gauge, "_2xx"),
            ("job:rate", "", Nature::Gauge, "job:rate"),
            ("temperature", "Cel", Nature::Gauge, "temperature_celsius"),
        ] {
            assert_eq!(metric(name, unit, nature), expected, "{name} {unit} {nature:?}");
        }
    }

    #[test]
    fn attributes_become_labels() {
        for (attribute, expected) in [
            ("http.status_code", "http_status_code"),
            ("0name", "key_0name"),
            ("_private", "key_private"),
            ("__reserved__", "__reserved__"),
            ("größe", "gr__e"),
        ] {
            assert_eq!(label(attribute), expected);
        }
    }
}
