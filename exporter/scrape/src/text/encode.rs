//! Writing families as text.

use std::fmt::{self, Display, Write};

use crowsnest_api::remote_write::MetricType;
use crowsnest_api::{METRIC_NAME, Timestamp};

use super::{is_plain_label_name, is_plain_metric_name};
use crate::Family;

/// Appends `families` to `page`, in the order given.
///
/// A family without samples is left out. The page is valid whatever the names and strings contain, provided that no
/// family appears twice.
pub fn encode<'a>(page: &mut String, families: impl IntoIterator<Item = &'a Family>) {
    for family in families {
        // Writing to a String cannot fail.
        let _ = write!(page, "{}", Page(family));
    }
}

struct Page<'a>(&'a Family);

impl Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = self.0;
        if family.samples.is_empty() {
            return Ok(());
        }
        let name = Name(&family.name);
        if !family.help.is_empty() {
            writeln!(f, "# HELP {name} {}", Escaped(&family.help, Quotes::Plain))?;
        }
        writeln!(f, "# TYPE {name} {}", type_word(family.kind))?;
        family.samples.iter().try_for_each(|sample| {
            let labels = sample.labels.iter().filter(|label| label.name != METRIC_NAME);
            let labels = labels.map(|label| (label.name.as_str(), label.value.as_str()));
            write_sample(f, sample.labels.metric_name(), labels, sample.value, sample.timestamp)
        })
    }
}

/// Appends the line that begins a family of no stated type, for those who write its samples one by one.
pub fn encode_untyped(page: &mut String, name: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(page, "# TYPE {} {}", Name(name), type_word(MetricType::Unknown));
}

/// Appends one sample of the metric `name`. Labels are written in the order given, empty values included.
pub fn encode_sample<'a>(
    page: &mut String,
    name: &str,
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    value: f64,
    timestamp: Option<Timestamp>,
) {
    // Writing to a String cannot fail.
    let _ = write_sample(page, name, labels, value, timestamp);
}

/// The 0.0.4 format knows five words; what it does not know is `untyped`.
fn type_word(kind: MetricType) -> &'static str {
    match kind {
        MetricType::Counter | MetricType::Gauge | MetricType::Histogram | MetricType::Summary => {
            kind.as_str()
        }
        MetricType::Info | MetricType::StateSet => MetricType::Gauge.as_str(),
        MetricType::Unknown | MetricType::GaugeHistogram => "untyped",
    }
}

fn write_sample<'a>(
    f: &mut impl Write,
    name: &str,
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    value: f64,
    timestamp: Option<Timestamp>,
) -> fmt::Result {
    write_name_and_labels(f, name, labels)?;
    f.write_char(' ')?;
    write_value(f, value)?;
    match timestamp {
        Some(timestamp) => writeln!(f, " {}", timestamp.millis()),
        None => f.write_str("\n"),
    }
}

/// Appends the series of a sample: its name and its labels, in the order given.
pub(crate) fn write_series<'a>(
    text: &mut String,
    name: &str,
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
) {
    // Writing to a String cannot fail.
    let _ = write_name_and_labels(text, name, labels);
}

fn write_name_and_labels<'a>(
    f: &mut impl Write,
    name: &str,
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> fmt::Result {
    let mut separator = "{";
    if is_plain_metric_name(name) {
        f.write_str(name)?;
    } else {
        write!(f, "{{{}", Name(name))?;
        separator = ",";
    }
    for (name, value) in labels {
        f.write_str(separator)?;
        separator = ",";
        if is_plain_label_name(name) {
            f.write_str(name)?;
        } else {
            write!(f, "\"{}\"", Escaped(name, Quotes::Escape))?;
        }
        write!(f, "=\"{}\"", Escaped(value, Quotes::Escape))?;
    }
    f.write_str(if separator == "," { "}" } else { "" })
}

/// The shortest digits that read back the same; an exponent where plain digits would be mostly zeros.
fn write_value(f: &mut impl Write, value: f64) -> fmt::Result {
    let magnitude = value.abs();
    if value.is_nan() {
        f.write_str("NaN")
    } else if value.is_infinite() {
        f.write_str(if value > 0.0 { "+Inf" } else { "-Inf" })
    } else if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        write!(f, "{value:e}")
    } else {
        write!(f, "{value}")
    }
}

/// A metric's name, in quotes where the classic character set does not hold it.
struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain_metric_name(self.0) {
            f.write_str(self.0)
        } else {
            write!(f, "\"{}\"", Escaped(self.0, Quotes::Escape))
        }
    }
}

enum Quotes {
    Escape,
    Plain,
}

struct Escaped<'a>(&'a str, Quotes);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match (c, &self.1) {
                ('\\', _) => f.write_str("\\\\")?,
                ('\n', _) => f.write_str("\\n")?,
                ('"', Quotes::Escape) => f.write_str("\\\"")?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(family: &Family, expected: &str) {
        let mut page = String::new();
        encode(&mut page, [family]);
        assert_eq!(page, expected);
    }

    #[test]
    fn help_and_type_stand_before_the_samples() {
        check(
            &Family::counter("a_total", "Counts.").with(&[("x", "1")], 2.0).with(&[], 0.5),
            "# HELP a_total Counts.\n# TYPE a_total counter\na_total{x=\"1\"} 2\na_total 0.5\n",
        );
    }

    #[test]
    fn a_family_without_samples_is_left_out() {
        check(&Family::gauge("a", "Help."), "");
    }

    #[test]
    fn backslash_newline_and_quote_are_escaped_where_they_must_be() {
        check(
            &Family::gauge("a", "one\ntwo \"q\" \\").with(&[("x", "\"\\\n")], 1.0),
            "# HELP a one\\ntwo \"q\" \\\\\n# TYPE a gauge\na{x=\"\\\"\\\\\\n\"} 1\n",
        );
    }

    #[test]
    fn names_outside_the_classic_set_are_quoted_in_the_braces() {
        check(
            &Family::unknown("a.b", "").with(&[("c.d", "e")], 1.0),
            "# TYPE \"a.b\" untyped\n{\"a.b\",\"c.d\"=\"e\"} 1\n",
        );
    }

    #[test]
    fn timestamps_are_milliseconds() {
        let mut family = Family::gauge("a", "").with(&[], f64::NEG_INFINITY);
        family.samples[0].timestamp = Some(Timestamp::from_millis(-5));
        check(&family, "# TYPE a gauge\na -Inf -5\n");
    }

    #[test]
    fn single_samples_keep_labels_without_a_value() {
        let mut page = String::new();
        encode_untyped(&mut page, "a");
        let labels = [("b", "c"), ("instance", "")];
        encode_sample(&mut page, "a", labels, 1.5, Some(Timestamp::from_millis(7)));
        assert_eq!(page, "# TYPE a untyped\na{b=\"c\",instance=\"\"} 1.5 7\n");
    }
}
