//! Units: how a number becomes text, and what counts as a round number on an axis.
//!
//! The ids are Grafana's, because dashboards name them. One table holds them all: a unit is a rule, the
//! size of its base, and a symbol. An id that is not in the table is a plain number with the id as its suffix, which
//! is what dashboards that invent units (`read/s`, `milicpu`) expect.

mod axis;
mod datetime;
mod duration;
mod number;
mod table;

use std::fmt;
use std::sync::Arc;

pub use axis::AxisScale;
pub use number::Decimals;
use table::{Entry, Rule};

/// The unit of a value: one from the registry, or a suffix or prefix that the dashboard made up.
#[derive(Clone, PartialEq)]
pub struct Unit(Kind);

#[derive(Clone)]
enum Kind {
    Known(&'static Entry),
    Suffix(Arc<str>),
    Prefix(Arc<str>),
}

/// Two units are equal when they print alike, whatever alias they were parsed from.
impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => a.id == b.id,
            (Self::Suffix(a), Self::Suffix(b)) | (Self::Prefix(a), Self::Prefix(b)) => a == b,
            _ => false,
        }
    }
}

/// A value as text, its unit apart so that it can be set in a smaller type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formatted {
    /// The number (or date, or word), with its sign and with a currency's symbol where that stands in front.
    pub text: String,
    /// What stands after the number: `GiB`, `%`, `ops/s`. Empty for plain numbers, dates and words.
    pub suffix: String,
}

impl Formatted {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), suffix: String::new() }
    }
}

/// `1.5 GiB`: the text, a space, and the suffix where there is one.
impl fmt::Display for Formatted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if self.suffix.is_empty() { Ok(()) } else { write!(f, " {}", self.suffix) }
    }
}

impl Unit {
    /// The unit with Grafana's id `id`. Every id is accepted: one that is not known becomes a suffix,
    /// `suffix:…`, `prefix:…` and `currency:…` say themselves what they are, and the empty id is a plain number.
    pub fn parse(id: &str) -> Self {
        let id = id.trim();
        if let Some(entry) = table::find(id) {
            return Self(Kind::Known(entry));
        }
        if let Some(symbol) = id.strip_prefix("prefix:").or_else(|| id.strip_prefix("currency:")) {
            return Self(Kind::Prefix(symbol.into()));
        }
        Self(Kind::Suffix(id.strip_prefix("suffix:").unwrap_or(id).into()))
    }

    /// A plain number without a unit.
    pub fn none() -> Self {
        Self(Kind::Known(&table::NONE))
    }

    /// The id that [`Unit::parse`] turns into this unit.
    pub fn id(&self) -> String {
        match &self.0 {
            Kind::Known(entry) => entry.id.to_owned(),
            Kind::Suffix(suffix) => format!("suffix:{suffix}"),
            Kind::Prefix(prefix) => format!("prefix:{prefix}"),
        }
    }

    /// Whether values are amounts, for which an axis must show zero. Temperatures and dates are not: their zero is
    /// a convention, not an absence.
    pub fn is_amount(&self) -> bool {
        match &self.0 {
            Kind::Known(entry) => entry.rule.is_amount(),
            Kind::Suffix(_) | Kind::Prefix(_) => true,
        }
    }

    /// `value` with as many decimals as make three significant digits.
    pub fn format(&self, value: f64) -> Formatted {
        self.format_with(value, Decimals::Auto)
    }

    /// `value` with the decimals that the dashboard asks for. NaN and the infinities are written as Prometheus
    /// writes them, without a unit.
    pub fn format_with(&self, value: f64, decimals: Decimals) -> Formatted {
        if let Some(text) = number::non_finite(value) {
            return Formatted::plain(text);
        }
        match &self.0 {
            Kind::Known(entry) => entry.format(value, decimals),
            Kind::Suffix(suffix) => {
                Formatted { text: number::to_text(value, decimals), suffix: suffix.as_ref().to_owned() }
            }
            Kind::Prefix(prefix) => prefixed(prefix, value, decimals),
        }
    }

    /// `values` as one column: numbers with the same suffix get the same decimals, so that their digits stand below each
    /// other: none where all are whole, else those that give the largest three significant digits. A value that would
    /// become zero by that keeps one digit.
    pub fn format_column(&self, values: &[f64]) -> Vec<Formatted> {
        let alone: Vec<Formatted> = values.iter().map(|value| self.format(*value)).collect();
        if !self.is_scaled() {
            return alone;
        }
        let shared = |suffix: &str| {
            let same = alone.iter().filter(|text| text.suffix == suffix);
            number::column_decimals(same.map(|text| text.text.as_str()))
        };
        let aligned = values.iter().zip(&alone).map(|(value, text)| {
            if *value == 0.0 {
                return text.clone();
            }
            let decimals = shared(&text.suffix).max(number::least_decimals(&text.text));
            let again = self.format_with(*value, Decimals::Fixed(decimals));
            // Rounding may have lifted it to the next step, scientific notation has its own digits.
            if again.suffix == text.suffix && !text.text.contains('e') { again } else { text.clone() }
        });
        aligned.collect()
    }

    /// Whether values are numbers on a ladder, not dates or words.
    fn is_scaled(&self) -> bool {
        match &self.0 {
            Kind::Known(entry) => matches!(entry.rule, Rule::Scaled { .. }),
            Kind::Suffix(_) => true,
            Kind::Prefix(_) => false,
        }
    }

    /// The one scale for an axis whose values reach `largest` on either side of zero.
    pub fn axis(&self, largest: f64) -> AxisScale {
        AxisScale::new(self, largest)
    }
}

impl Default for Unit {
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unit({})", self.id())
    }
}

/// `-$1.5 K`: the sign before the symbol, thousands as words for counts.
fn prefixed(symbol: &str, value: f64, decimals: Decimals) -> Formatted {
    let amount = table::SHORT.format(value.abs(), decimals);
    let sign = if value < 0.0 { "-" } else { "" };
    Formatted { text: format!("{sign}{symbol}{}", amount.text), suffix: amount.suffix }
}

impl Entry {
    fn format(&self, value: f64, decimals: Decimals) -> Formatted {
        match self.rule {
            Rule::Scaled { ladder, base, symbol } => {
                let base_value = value * base;
                let step = number::pick_step(ladder, base_value, decimals);
                Formatted {
                    text: number::to_text(base_value / step.size, decimals),
                    suffix: table::suffix(step, symbol),
                }
            }
            Rule::Words { base } => Formatted::plain(duration::in_words(value * base, decimals)),
            Rule::Clock { base, style } => Formatted::plain(duration::as_clock(value * base, style)),
            Rule::DateTime(style) => Formatted::plain(datetime::format(value, style)),
            Rule::Truth { yes, no } => Formatted::plain(if value == 0.0 { no } else { yes }),
            Rule::Hex => Formatted::plain(number::to_hex(value)),
            Rule::Currency(symbol) => prefixed(symbol, value, decimals),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(id: &str, value: f64, expected: &str) {
        assert_eq!(Unit::parse(id).format(value).to_string(), expected, "{value} as {id}");
    }

    #[test]
    fn bytes_go_by_1024_and_decimal_bytes_by_1000() {
        check("bytes", 0.0, "0 B");
        check("bytes", 512.0, "512 B");
        check("bytes", 1536.0, "1.5 KiB");
        check("bytes", 8.2e9, "7.64 GiB");
        check("bytes", -1_048_576.0, "-1 MiB");
        check("kbytes", 1024.0, "1 MiB");
        check("decbytes", 1540.0, "1.54 kB");
        check("decmbytes", 1500.0, "1.5 GB");
    }

    #[test]
    fn rates_carry_their_prefix_and_go_below_one() {
        check("Bps", 0.5, "500 mB/s");
        check("Bps", 1540.0, "1.54 kB/s");
        check("bps", 1.5e9, "1.5 Gb/s");
        check("binBps", 1536.0, "1.5 KiB/s");
        check("pps", 1234.0, "1.23 kp/s");
        check("Bps", 0.0, "0 B/s");
    }

    #[test]
    fn counts_and_counts_per_second_use_words_for_thousands() {
        check("short", 0.123, "0.123");
        check("short", 999.0, "999");
        check("short", 1230.0, "1.23 K");
        check("short", 1.234e6, "1.23 Mil");
        check("ops", 1230.0, "1.23 K ops/s");
        check("reqps", 12.34, "12.3 req/s");
        check("iops", 4.0, "4 io/s");
    }

    #[test]
    fn shares_are_percentages_either_way() {
        check("percent", 12.3, "12.3 %");
        check("percentunit", 0.005, "0.5 %");
        check("percentunit", 1.0, "100 %");
        check("percentunit", 0.123456, "12.3 %");
    }

    #[test]
    fn seconds_climb_from_nanoseconds_to_years() {
        check("s", 2.5e-7, "250 ns");
        check("s", 0.0421, "42.1 ms");
        check("s", 42.5, "42.5 s");
        check("s", 90.0, "1.5 min");
        check("s", 5400.0, "1.5 h");
        check("s", 100_000.0, "1.16 d");
        check("s", 0.0, "0 s");
        check("ms", 1500.0, "1.5 s");
        check("µs", 32.0, "32 µs");
        check("m", 90.0, "1.5 h");
    }

    #[test]
    fn durations_in_words_show_as_many_parts_as_asked() {
        check("dtdurations", 1_209_600.0, "2 weeks");
        check("dtdurations", 86_400.0, "1 day");
        let days_and_hours = Unit::parse("dtdurations").format_with(97_200.0, Decimals::Fixed(1));
        assert_eq!(days_and_hours.to_string(), "1 day, 3 hours");
        check("dthms", 3723.0, "01:02:03");
        check("dtdhms", 90_061.0, "1 d 01:01:01");
        check("clocks", 3723.0, "01h:02m:03s");
    }

    #[test]
    fn dates_take_milliseconds_since_the_epoch() {
        check("dateTimeAsIso", 1_795_247_100_000.0, "2026-11-21 07:45:00");
        check("dateTimeAsIso", -1000.0, "1969-12-31 23:59:59");
        check("dateTimeAsUS", 1_795_247_100_000.0, "11/21/2026 7:45:00 am");
    }

    #[test]
    fn an_unknown_id_is_a_suffix_and_a_prefix_may_be_asked_for() {
        check("read/s", 3.2, "3.2 read/s");
        check("suffix:widgets", 2.0, "2 widgets");
        check("currencyUSD", -1234.0, "-$1.23 K");
        check("currency:₩", 5.0, "₩5");
        check("", 1.5, "1.5");
    }

    #[test]
    fn rounding_up_to_the_next_step_takes_its_suffix() {
        check("bytes", 1_048_575.0, "1 MiB");
        check("short", 999_960.0, "1 Mil");
        check("s", 59.99, "1 min");
    }

    #[test]
    fn what_is_not_a_number_has_no_unit() {
        check("bytes", f64::NAN, "NaN");
        check("bytes", f64::INFINITY, "+Inf");
        check("dateTimeAsIso", f64::NEG_INFINITY, "-Inf");
    }

    #[test]
    fn absurd_magnitudes_stay_short() {
        check("none", 1.0e-12, "1.00e-12");
        check("short", 1.0e30, "1.00e18 Tri");
        check("dateTimeAsIso", 1.0e300, "1.00e300");
        for id in table::ENTRIES.iter().map(|entry| entry.id) {
            for value in [f64::MAX, f64::MIN, f64::MIN_POSITIVE, 1e19, -1e19] {
                let text = Unit::parse(id).format(value).to_string();
                assert!(text.chars().count() <= 24, "{id} prints {value} as {text}");
            }
        }
    }

    #[test]
    fn a_column_has_the_same_decimals_for_the_same_suffix() {
        let column = |id: &str, values: &[f64]| -> Vec<String> {
            Unit::parse(id).format_column(values).iter().map(ToString::to_string).collect()
        };
        assert_eq!(column("percent", &[19.43, 9.061, 12.0]), ["19.4 %", "9.1 %", "12.0 %"]);
        assert_eq!(column("percent", &[19.43, 0.0123, 0.0]), ["19.4 %", "0.01 %", "0 %"]);
        assert_eq!(column("bytes", &[1536.0, 2048.0, 10.0]), ["1.50 KiB", "2.00 KiB", "10 B"]);
        assert_eq!(column("none", &[3.0, f64::NAN]), ["3", "NaN"]);
        assert_eq!(column("dtdurations", &[60.0, 3600.0]), ["1 minute", "1 hour"]);
        assert!(column("none", &[]).is_empty());
    }

    #[test]
    fn every_unit_survives_printing_and_parsing_its_id() {
        for unit in ["bytes", "widgets", "currency:₩", "", "bool_yes_no"].map(Unit::parse) {
            assert_eq!(Unit::parse(&unit.id()), unit);
        }
    }
}
